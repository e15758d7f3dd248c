/*
 * batch_encode: batches of pages, and their encoding.
 */
#include "id/id.h"
#include "pack/batch.h"

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
	b->stored_size = b->n_threads * codec_bound(WIRE_MAX_PAGE);
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
	refs_free(b->refs);
	free(b->stored);
	free(b->raw);
	free(b);
}

struct batch_page *
batch_add(struct batch *b, uint32_t raw, uint32_t stored)
{
	struct batch_page *p;
	size_t need = stored != 0 ? stored : codec_bound(raw);

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

static enum ckpt_status
encode_one(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct batch *b = arg;
	struct batch_page *p = &b->pages[i];
	enum ckpt_status status;
	enum codec_kind kind;
	size_t n;

	if (p->is_done)
		return (CKPT_OK);
	status = codec_encode(b->codecs[thread], b->kind, p->dtype, b->level,
	    p->raw, p->frame.raw, p->stored, &n, &kind, err);
	if (status != CKPT_OK)
		return (status);
	if (kind == CODEC_NONE)
		p->stored = p->raw;
	p->frame.codec = kind == CODEC_NONE ? WIRE_CODEC_NONE :
	    kind == CODEC_ZSTD ? WIRE_CODEC_ZSTD : WIRE_CODEC_PLANES;
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
