#include "foreign/foreign.h"
#include "foreign/header.h"
#include "foreign/scan.h"

/*
 * The last schema met and its header, so that files of one collection share
 * one schema and their headers are parsed once. A header is the cached one
 * if it is equal outside its metadata object.
 */
struct safetensors_cache {
	struct buf header; /* the one being read */
	struct schema *schema;
	struct header_meta meta; /* in `header`, of the last file read */
};

struct safetensors_source {
	struct model_source source;
	struct bytes *in;
	struct safetensors_cache *cache;
	bool owns_cache;
	bool is_begun, is_ended;
	uint64_t memory;
	uint64_t data_offset; /* of the data in the file */
	uint64_t n_left;      /* bytes of data not read yet */
	char *label;
};

enum ckpt_status
safetensors_cache_new(struct safetensors_cache **out, struct ckpt_error *err)
{
	struct safetensors_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	buf_init(&c->header, HEADER_MAX);
	*out = c;
	return (CKPT_OK);
}

void
safetensors_cache_free(struct safetensors_cache *c)
{
	if (c == NULL)
		return;
	schema_unref(c->schema);
	buf_release(&c->header);
	free(c);
}

/* Reads the length and the text of the header into the cache's buffer. */
static enum ckpt_status
read_header(struct safetensors_source *f, struct ckpt_error *err)
{
	unsigned char prefix[HEADER_PREFIX];
	struct buf *b = &f->cache->header;
	uint64_t n;
	size_t part;
	enum ckpt_status st;

	st = bytes_read_all(f->in, prefix, sizeof(prefix), err);
	if (st != CKPT_OK)
		return (st);
	n = le64_load(prefix);
	if (n > HEADER_MAX)
		return (error_at(err, CKPT_INVALID, 0, NULL,
		    "the header's length is %llu, expected at most %d",
		    (unsigned long long)n, HEADER_MAX));
	if (n > f->memory)
		return (error_at(err, CKPT_LIMIT, 0, NULL,
		    "the header has %llu bytes, more than the memory allowed "
		    "(%llu bytes)", (unsigned long long)n,
		    (unsigned long long)f->memory));
	b->len = 0;
	f->data_offset = sizeof(prefix) + n;
	/* in parts: a false length costs no more memory than the file has */
	while (n > 0) {
		part = n < 65536 ? (size_t)n : 65536;
		st = buf_reserve(b, part, err);
		if (st == CKPT_OK)
			st = bytes_read_all(f->in, b->data + b->len, part,
			    err);
		if (st != CKPT_OK)
			return (st);
		b->len += part;
		n -= part;
	}
	return (CKPT_OK);
}

/* Whether the header in the buffer is the cached schema's, with whatever
 * valid metadata; then c->meta is set. */
static bool
is_cached(struct safetensors_cache *c)
{
	const struct schema_layout *l;
	const unsigned char *text = c->header.data;
	size_t n = c->header.len;

	if (c->schema == NULL)
		return (false);
	l = &c->schema->layout;
	if (n < l->n_before + l->n_after ||
	    memcmp(text, l->before, l->n_before) != 0 ||
	    memcmp(text + n - l->n_after, l->after, l->n_after) != 0)
		return (false);
	c->meta.start = l->n_before;
	c->meta.n = n - l->n_before - l->n_after;
	if (l->n_after == 0)
		return (c->meta.n == 0);
	return (header_meta_check(text + c->meta.start, c->meta.n, 0, NULL) ==
	    CKPT_OK);
}

static enum ckpt_status
parse_header(struct safetensors_source *f, struct ckpt_error *err)
{
	struct safetensors_cache *c = f->cache;
	struct schema *schema;
	enum ckpt_status st;

	if (is_cached(c))
		return (CKPT_OK);
	st = header_parse(c->header.data, c->header.len, &schema, &c->meta,
	    err);
	if (st != CKPT_OK)
		return (st);
	schema_unref(c->schema);
	c->schema = schema;
	return (CKPT_OK);
}

/* Where the size is known, the data must end where the file does. */
static enum ckpt_status
check_size(const struct safetensors_source *f, struct ckpt_error *err)
{
	uint64_t size, expected = f->data_offset + f->cache->schema->n_bytes;

	if (!bytes_is_random(f->in, &size) || size == expected)
		return (CKPT_OK);
	if (size < expected)
		return (error_at(err, CKPT_TRUNCATED, size, NULL,
		    "the file ends here, %llu bytes too early",
		    (unsigned long long)(expected - size)));
	return (error_at(err, CKPT_INVALID, expected, NULL,
	    "%llu bytes follow the last tensor's data",
	    (unsigned long long)(size - expected)));
}

static enum ckpt_status
make_head(const struct safetensors_source *f, struct model_head *head,
    struct ckpt_error *err)
{
	const struct safetensors_cache *c = f->cache;
	struct model_head h = { .schema = c->schema };

	h.label = strdup(f->label);
	if (h.label == NULL)
		return (error_nomem(err, strlen(f->label)));
	if (c->meta.n > 0) {
		h.source_meta = malloc(c->meta.n);
		if (h.source_meta == NULL) {
			free(h.label);
			return (error_nomem(err, c->meta.n));
		}
		memcpy(h.source_meta, c->header.data + c->meta.start,
		    c->meta.n);
		h.n_source_meta = c->meta.n;
	}
	(void)schema_ref(h.schema);
	*head = h;
	return (CKPT_OK);
}

/* All data are read: nothing may follow. */
static enum ckpt_status
check_end(struct safetensors_source *f, struct ckpt_error *err)
{
	const unsigned char *byte;
	size_t got;
	enum ckpt_status st;

	if (f->is_ended)
		return (CKPT_OK);
	st = bytes_peek(f->in, 1, &byte, &got, err);
	if (st != CKPT_OK)
		return (st);
	if (got > 0)
		return (error_at(err, CKPT_INVALID, bytes_offset(f->in), NULL,
		    "bytes follow the last tensor's data"));
	f->is_ended = true;
	return (CKPT_OK);
}

static enum ckpt_status
next(struct model_source *source, struct model_head *head,
    struct ckpt_error *err)
{
	struct safetensors_source *f = (struct safetensors_source *)source;
	enum ckpt_status st;

	if (f->is_begun) {
		/* a file of known size has been checked at the beginning */
		if (bytes_is_random(f->in, NULL))
			return (CKPT_END);
		st = bytes_skip(f->in, f->n_left, err);
		f->n_left = 0;
		if (st == CKPT_OK)
			st = check_end(f, err);
		return (st == CKPT_OK ? CKPT_END : st);
	}
	f->is_begun = true;
	st = read_header(f, err);
	if (st == CKPT_OK)
		st = parse_header(f, err);
	if (st == CKPT_OK)
		st = check_size(f, err);
	if (st != CKPT_OK)
		return (st);
	f->n_left = f->cache->schema->n_bytes;
	return (make_head(f, head, err));
}

static enum ckpt_status
read_data(struct model_source *source, void *out, size_t n,
    struct ckpt_error *err)
{
	struct safetensors_source *f = (struct safetensors_source *)source;
	enum ckpt_status st;

	if (n > f->n_left)
		return (error_set(err, CKPT_USAGE,
		    "%zu bytes asked for where the model has %llu left", n,
		    (unsigned long long)f->n_left));
	st = bytes_read_all(f->in, out, n, err);
	if (st != CKPT_OK)
		return (st);
	f->n_left -= n;
	if (f->n_left == 0 && n > 0)
		return (check_end(f, err));
	return (CKPT_OK);
}

static enum ckpt_status
pread_data(struct model_source *source, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct safetensors_source *f = (struct safetensors_source *)source;

	if (!bytes_is_random(f->in, NULL))
		return (CKPT_USAGE);
	return (bytes_pread(f->in, out, n, f->data_offset + offset, err));
}

static void
close_source(struct model_source *source)
{
	struct safetensors_source *f = (struct safetensors_source *)source;

	bytes_close(f->in);
	if (f->owns_cache)
		safetensors_cache_free(f->cache);
	free(f->label);
	free(f);
}

static const struct model_source_ops safetensors_ops = {
	.next = next,
	.read = read_data,
	.pread = pread_data,
	.close = close_source
};

enum ckpt_status
safetensors_open_cached(struct bytes *in, const char *label, uint64_t memory,
    struct safetensors_cache *cache, struct model_source **out,
    struct ckpt_error *err)
{
	struct safetensors_source *f = calloc(1, sizeof(*f));
	enum ckpt_status st = CKPT_OK;

	if (f == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*f)));
	}
	f->source.ops = &safetensors_ops;
	f->in = in;
	f->memory = memory;
	f->cache = cache;
	f->label = strdup(label);
	if (f->label == NULL)
		st = error_nomem(err, strlen(label));
	else if (cache == NULL)
		st = safetensors_cache_new(&f->cache, err);
	if (st != CKPT_OK) {
		close_source(&f->source);
		return (st);
	}
	f->owns_cache = cache == NULL;
	*out = &f->source;
	return (CKPT_OK);
}

enum ckpt_status
safetensors_open(struct bytes *in, const char *label, uint64_t memory,
    struct model_source **out, struct ckpt_error *err)
{
	return (safetensors_open_cached(in, label, memory, NULL, out, err));
}
