/*
 * batch_encode: batches of pages, and their encoding.
 */
#include "id/id.h"
#include "pack/batch.h"
#include "pack/page_cache.h"

/* What encoding a page may need, with the head of differences. */
static size_t
need_of(uint32_t raw)
{
	return (codec_bound(raw) + sizeof(struct wire_disk_difference));
}

enum ckpt_status
batch_new(unsigned n_threads, struct batch **out, struct ckpt_error *err)
{
	struct batch *b;
	enum ckpt_status status;
	unsigned i;

	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return (error_nomem(err, sizeof(*b)));
	if (n_threads == 0)
		n_threads = 1;
	b->n_threads = n_threads < BATCH_MAX_THREADS ? n_threads :
	    BATCH_MAX_THREADS;
	b->raw_size = (size_t)b->n_threads * WIRE_MAX_PAGE;
	b->stored_size = b->n_threads * need_of(WIRE_MAX_PAGE);
	b->raw = malloc(b->raw_size);
	b->stored = malloc(b->stored_size);
	if (b->raw == NULL || b->stored == NULL) {
		status = error_nomem(err, b->raw_size + b->stored_size);
		goto err0;
	}
	for (i = 0; i < b->n_threads; i++) {
		status = codec_new(&b->codecs[i], err);
		if (status != CKPT_OK)
			goto err0;
	}
	*out = b;
	return (CKPT_OK);

err0:
	batch_free(b);
	return (status);
}

void
batch_free(struct batch *b)
{
	unsigned i;

	if (b == NULL)
		return;
	for (i = 0; i < b->n_threads; i++)
		codec_free(b->codecs[i]);
	for (i = 0; i < b->n_refs; i++)
		refs_free(b->refs[i]);
	page_cache_free(b->cache);
	free(b->near);
	free(b->base);
	free(b->stored);
	free(b->raw);
	free(b);
}

struct batch_page *
batch_add(struct batch *b, uint32_t raw, uint32_t stored)
{
	struct batch_page *p;
	size_t need = stored != 0 ? stored : need_of(raw);

	if (b->n_pages == BATCH_MAX_PAGES ||
	    raw > b->raw_size - b->raw_used ||
	    need > b->stored_size - b->stored_used)
		return (NULL);
	p = &b->pages[b->n_pages++];
	memset(p, 0, sizeof(*p));
	p->frame.kind = WIRE_PAGE;
	p->frame.raw = raw;
	p->frame.stored = stored;
	p->raw = b->raw + b->raw_used;
	p->stored = b->stored + b->stored_used;
	b->raw_used += raw;
	b->stored_used += need;
	return (p);
}

enum ckpt_status
batch_add_base(struct batch *b, struct batch_page *p, struct ckpt_error *err)
{
	if (b->base == NULL)
		b->base = malloc(b->raw_size);
	if (b->near == NULL)
		b->near = malloc(b->stored_size);
	if (b->base == NULL || b->near == NULL)
		return (error_nomem(err, b->raw_size + b->stored_size));
	p->base = b->base + (p->raw - b->raw);
	return (CKPT_OK);
}

struct batch_page *
batch_add_done(struct batch *b, unsigned codec, uint32_t raw,
    const void *payload, uint32_t stored)
{
	struct batch_page *p;

	if (b->n_pages == BATCH_MAX_PAGES ||
	    stored > b->stored_size - b->stored_used)
		return (NULL);
	p = &b->pages[b->n_pages++];
	memset(p, 0, sizeof(*p));
	p->frame.kind = WIRE_PAGE;
	p->frame.codec = codec;
	p->frame.raw = raw;
	p->frame.stored = stored;
	p->frame.check = xxh3_64(payload, stored);
	p->stored = b->stored + b->stored_used;
	memcpy(p->stored, payload, stored);
	b->stored_used += stored;
	p->is_done = true;
	return (p);
}

bool
batch_has_room(const struct batch *b, uint32_t raw)
{
	return (b->n_pages < BATCH_MAX_PAGES &&
	    raw <= b->raw_size - b->raw_used &&
	    raw <= b->stored_size - b->stored_used);
}

void
batch_clear(struct batch *b)
{
	b->n_pages = 0;
	b->raw_used = 0;
	b->stored_used = 0;
}

/* The payload of differences into the arena for it; SIZE_MAX: none. */
static enum ckpt_status
encode_near(struct batch *b, struct batch_page *p, struct codec *codec,
    size_t *n, struct ckpt_error *err)
{
	unsigned char *out;
	enum codec_kind kind = CODEC_DELTA;
	enum ckpt_status status = CKPT_OK;

	*n = SIZE_MAX;
	if (p->base == NULL)
		return (CKPT_OK);
	out = b->near + (p->stored - b->stored);
	le64_store(p->head.check, xxh3_64(p->raw, p->frame.raw));
	memcpy(out, &p->head, sizeof(p->head));
	*n = 0;
	if (memcmp(p->raw, p->base, p->frame.raw) != 0)
		status = codec_encode_delta(codec, p->dtype, p->raw, p->base,
		    p->frame.raw, out + sizeof(p->head), n, &kind, err);
	*n = kind == CODEC_DELTA ? *n + sizeof(p->head) : SIZE_MAX;
	return (status);
}

static enum ckpt_status
encode_one(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct batch *b = arg;
	struct batch_page *p = &b->pages[i];
	enum ckpt_status status;
	enum codec_kind kind = CODEC_NONE;
	size_t n, n_near;

	if (p->is_done)
		return (CKPT_OK);
	status = encode_near(b, p, b->codecs[thread], &n_near, err);
	n = p->frame.raw;
	if (status == CKPT_OK && (n_near == SIZE_MAX || codec_may_beat(
	    b->codecs[thread], b->kind, p->dtype, b->level, p->raw, n,
	    n_near, p->stored)))
		status = codec_encode(b->codecs[thread], b->kind, p->dtype,
		    b->level, p->raw, p->frame.raw, p->stored, &n, &kind,
		    err);
	if (status != CKPT_OK)
		return (status);
	p->frame.codec = batch_wire_codec(kind);
	if (n_near < n) {
		n = n_near;
		p->stored = b->near + (p->stored - b->stored);
		p->frame.codec = WIRE_CODEC_DIFFERENCE;
	} else if (kind == CODEC_NONE) {
		p->stored = p->raw;
	}
	p->frame.stored = (uint32_t)n;
	p->frame.check = xxh3_64(p->stored, n);
	return (CKPT_OK);
}

enum ckpt_status
batch_encode(struct batch *b, enum codec_kind kind, int level,
    struct ckpt_error *err)
{
	b->kind = kind;
	b->level = level;
	return (threads_for(b->n_threads, b->n_pages, encode_one, b, err));
}
