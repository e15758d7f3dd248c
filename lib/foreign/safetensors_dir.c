#include <unistd.h>

#include "foreign/foreign.h"
#include "foreign/header.h"
#include "foreign/placed.h"
#include "foreign/tree.h"

#define SUFFIX ".safetensors"

struct dir_sink {
	struct model_sink sink;
	struct tree *tree;
	/* the file that is being written, or -1 */
	int fd;
	char *path;
	uint64_t pos;     /* bytes of the model taken so far */
	size_t tensor;    /* that pos lies in */
	struct placed out;
	/* What is the same for many models: */
	struct schema *schema;
	bool keeps_layout;      /* of the source; else a canonical header */
	struct buf header;      /* of the last model, with its length */
	size_t n_before;        /* bytes of it in front of the metadata */
	size_t n_meta;
	size_t *order;          /* tensors in the order of the file */
	uint64_t *places;       /* of tensor i in the file's data */
};

/* ---- the header ---- */

/* The source's header, if there is one for a model with (or without)
 * metadata, as this one. */
static bool
has_layout(const struct model_head *head)
{
	const struct schema *s = head->schema;

	return (s->has_layout &&
	    (s->layout.n_after > 0) == (head->source_meta != NULL));
}

/* What was read from a pack need not be what a safetensors file said: the
 * header must describe the schema's very tensors. */
static enum ckpt_status
check_header(const struct dir_sink *d, const struct schema *s,
    struct ckpt_error *err)
{
	struct schema *parsed;
	struct header_meta meta;
	const struct tensor_desc *a, *b;
	size_t i;
	bool same;
	enum ckpt_status st;

	st = header_parse(d->header.data + HEADER_PREFIX,
	    d->header.len - HEADER_PREFIX, &parsed, &meta, err);
	if (st != CKPT_OK)
		return (st);
	same = parsed->n_tensors == s->n_tensors;
	for (i = 0; i < s->n_tensors && same; i++) {
		a = &s->tensors[i];
		b = &parsed->tensors[i];
		same = a->dtype == b->dtype && a->n_dims == b->n_dims &&
		    strcmp(a->name, b->name) == 0 && memcmp(a->dims, b->dims,
		    a->n_dims * sizeof(*a->dims)) == 0;
	}
	schema_unref(parsed);
	if (!same)
		return (error_set(err, CKPT_CORRUPT, "the file header kept "
		    "with the schema does not describe its tensors"));
	return (CKPT_OK);
}

/* Assembles before, metadata and after. */
static enum ckpt_status
put_layout(struct dir_sink *d, const struct model_head *head,
    struct ckpt_error *err)
{
	const struct schema_layout *l = &head->schema->layout;
	struct buf *b = &d->header;
	enum ckpt_status st;

	st = buf_append(b, l->before, l->n_before, err);
	d->n_before = b->len;
	if (st == CKPT_OK)
		st = buf_append(b, head->source_meta, head->n_source_meta,
		    err);
	if (st == CKPT_OK)
		st = buf_append(b, l->after, l->n_after, err);
	return (st);
}

/* A header of our own, and the places of the tensors that follow. */
static enum ckpt_status
put_canonical(struct dir_sink *d, const struct model_head *head,
    struct ckpt_error *err)
{
	const struct schema *s = head->schema;
	uint64_t place = 0;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	if (head->source_meta != NULL)
		st = header_meta_check(head->source_meta, head->n_source_meta,
		    0, err);
	if (st == CKPT_OK)
		st = header_print(s, head->source_meta, head->n_source_meta,
		    d->order, &d->header, err);
	d->n_before = d->header.len;
	for (i = 0; i < s->n_tensors; i++) {
		d->places[d->order[i]] = place;
		place += s->tensors[d->order[i]].n_bytes;
	}
	return (st);
}

/* Whether the header of the last model serves this one too. */
static bool
same_header(const struct dir_sink *d, const struct model_head *head)
{
	if (head->schema != d->schema || has_layout(head) != d->keeps_layout)
		return (false);
	if (head->n_source_meta != d->n_meta)
		return (false);
	if (!d->keeps_layout)
		return (d->n_meta == 0);
	return (d->n_meta == 0 || memcmp(d->header.data + d->n_before,
	    head->source_meta, d->n_meta) == 0);
}

static enum ckpt_status
enter_schema(struct dir_sink *d, struct schema *s, struct ckpt_error *err)
{
	uint64_t *places = calloc(s->n_tensors + 1, sizeof(*places));
	size_t i, *order = calloc(s->n_tensors + 1, sizeof(*order));

	if (places == NULL || order == NULL) {
		free(places);
		free(order);
		return (error_nomem(err, s->n_tensors * sizeof(*places)));
	}
	for (i = 0; i < s->n_tensors; i++)
		places[i] = s->tensors[i].offset;
	free(d->places);
	free(d->order);
	d->places = places;
	d->order = order;
	(void)schema_ref(s);
	schema_unref(d->schema);
	d->schema = s;
	return (CKPT_OK);
}

static enum ckpt_status
make_header(struct dir_sink *d, const struct model_head *head,
    struct ckpt_error *err)
{
	unsigned char prefix[HEADER_PREFIX] = { 0 };
	bool is_new = head->schema != d->schema ||
	    has_layout(head) != d->keeps_layout;
	enum ckpt_status st = CKPT_OK;

	if (is_new)
		st = enter_schema(d, head->schema, err);
	if (st != CKPT_OK)
		return (st);
	d->keeps_layout = has_layout(head);
	d->n_meta = head->n_source_meta;
	d->header.len = 0;
	st = buf_append(&d->header, prefix, sizeof(prefix), err);
	if (st == CKPT_OK)
		st = d->keeps_layout ? put_layout(d, head, err) :
		    put_canonical(d, head, err);
	if (st == CKPT_OK && d->keeps_layout && is_new)
		st = check_header(d, head->schema, err);
	else if (st == CKPT_OK && d->keeps_layout && d->n_meta > 0)
		st = header_meta_check(head->source_meta, d->n_meta, 0, err);
	if (st != CKPT_OK) {
		schema_unref(d->schema);
		d->schema = NULL;
		return (st);
	}
	le64_store(d->header.data, d->header.len - HEADER_PREFIX);
	return (CKPT_OK);
}

/* ---- the file ---- */

/* The label with the suffix, unless it is there. */
static enum ckpt_status
name_file(struct dir_sink *d, const char *label, struct ckpt_error *err)
{
	size_t n = strlen(label), len = strlen(SUFFIX);
	bool has = n >= len && strcmp(label + n - len, SUFFIX) == 0;
	enum ckpt_status st = tree_check(label, err);

	if (st != CKPT_OK)
		return (st);
	free(d->path);
	d->path = malloc(n + len + 1);
	if (d->path == NULL)
		return (error_nomem(err, n + len + 1));
	(void)snprintf(d->path, n + len + 1, "%s%s", label,
	    has ? "" : SUFFIX);
	return (CKPT_OK);
}

static enum ckpt_status
dir_begin(struct model_sink *sink, const struct model_head *head,
    struct ckpt_error *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	enum ckpt_status st;

	if (d->fd >= 0)
		return (error_set(err, CKPT_USAGE, "a model is open"));
	st = name_file(d, head->label, err);
	if (st == CKPT_OK && !same_header(d, head))
		st = make_header(d, head, err);
	if (st == CKPT_OK)
		st = tree_create(d->tree, d->path, &d->fd, err);
	if (st != CKPT_OK)
		return (st);
	d->pos = 0;
	d->tensor = 0;
	placed_begin(&d->out, d->fd);
	return (placed_put(&d->out, d->header.data, d->header.len, 0, err));
}

static enum ckpt_status
dir_write(struct model_sink *sink, const void *data, size_t n,
    struct ckpt_error *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const unsigned char *p = data;
	const struct tensor_desc *t;
	uint64_t within;
	size_t part;
	enum ckpt_status st = CKPT_OK;

	if (d->fd < 0 || n > d->schema->n_bytes - d->pos)
		return (error_set(err, CKPT_USAGE,
		    "more bytes than the model has"));
	while (n > 0 && st == CKPT_OK) {
		t = &d->schema->tensors[d->tensor];
		within = d->pos - t->offset;
		if (within == t->n_bytes) {
			d->tensor++;
			continue;
		}
		part = n < t->n_bytes - within ? n :
		    (size_t)(t->n_bytes - within);
		st = placed_put(&d->out, p, part, d->header.len +
		    d->places[d->tensor] + within, err);
		p += part;
		n -= part;
		d->pos += part;
	}
	if (st != CKPT_OK)
		(void)error_where(err, d->path);
	return (st);
}

static enum ckpt_status
dir_end(struct model_sink *sink, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	enum ckpt_status st;
	int fd = d->fd;

	(void)tensor_ids;
	if (fd < 0 || d->pos != d->schema->n_bytes)
		return (error_set(err, CKPT_USAGE,
		    "the model's bytes are not complete"));
	st = placed_flush(&d->out, err);
	d->fd = -1;
	if (close(fd) != 0 && st == CKPT_OK)
		st = error_sys(err, "cannot close the file");
	if (st != CKPT_OK)
		(void)error_where(err, d->path);
	return (st);
}

static void
free_sink(struct dir_sink *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	schema_unref(d->schema);
	placed_release(&d->out);
	buf_release(&d->header);
	free(d->order);
	free(d->places);
	free(d->path);
	free(d);
}

static enum ckpt_status
dir_close(struct model_sink *sink, struct ckpt_error *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	enum ckpt_status st;

	if (d->fd >= 0) {
		st = error_set(err, CKPT_USAGE, "a model is open");
		tree_abort(d->tree);
	} else {
		st = tree_commit(d->tree, err);
	}
	free_sink(d);
	return (st);
}

static void
dir_abort(struct model_sink *sink)
{
	struct dir_sink *d = (struct dir_sink *)sink;

	tree_abort(d->tree);
	free_sink(d);
}

static const struct model_sink_ops dir_ops = {
	.begin = dir_begin,
	.write = dir_write,
	.end = dir_end,
	.close = dir_close,
	.abort = dir_abort
};

enum ckpt_status
safetensors_dir_open(const char *dir, struct model_sink **out,
    struct ckpt_error *err)
{
	struct dir_sink *d = calloc(1, sizeof(*d));
	enum ckpt_status st;

	if (d == NULL)
		return (error_nomem(err, sizeof(*d)));
	d->sink.ops = &dir_ops;
	d->fd = -1;
	placed_init(&d->out);
	buf_init(&d->header, HEADER_PREFIX + HEADER_MAX);
	st = tree_open(dir, &d->tree, err);
	if (st != CKPT_OK) {
		free_sink(d);
		return (st);
	}
	*out = &d->sink;
	return (CKPT_OK);
}
