/*
 * batch_decode: stored payloads back to raw bytes, each after its check.
 */
#include "id/id.h"
#include "pack/batch.h"
#include "pack/page_cache.h"

/* A codec's complaint with the place of the payload. */
static enum ckpt_status
at_payload(struct ckpt_error *err, enum ckpt_status status,
    const struct wire_frame *f)
{
	char text[sizeof(err->text)] = "";

	if (status != CKPT_CORRUPT || err == NULL)
		return (status);
	memcpy(text, err->text, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	return (error_at(err, status, f->offset + WIRE_FRAME_SIZE,
	    f->codec == WIRE_CODEC_PLANES ? "11.3" : "11.2",
	    "%s frame: %s", wire_kind_name(f->kind), text));
}

enum codec_kind
batch_codec(unsigned wire_codec)
{
	switch (wire_codec) {
	case WIRE_CODEC_NONE:
		return (CODEC_NONE);
	case WIRE_CODEC_ZSTD:
		return (CODEC_ZSTD);
	default:
		return (CODEC_PLANES);
	}
}

unsigned
batch_wire_codec(enum codec_kind kind)
{
	switch (kind) {
	case CODEC_NONE:
		return (WIRE_CODEC_NONE);
	case CODEC_ZSTD:
		return (WIRE_CODEC_ZSTD);
	default:
		return (WIRE_CODEC_PLANES);
	}
}

enum ckpt_status
batch_decode_one(struct codec *c, const struct wire_frame *f,
    const void *stored, void *raw, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = wire_check(f, stored, err);
	if (status != CKPT_OK)
		return (status);
	return (at_payload(err, codec_decode(c, batch_codec(f->codec), stored,
	    f->stored, raw, f->raw, err), f));
}

static enum ckpt_status
decode_page(struct batch *b, struct batch_page *p, unsigned thread,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (!wire_is_reference(p->frame.codec)) {
		status = batch_decode_one(b->codecs[thread], &p->frame,
		    p->stored, p->raw, err);
	} else {
		status = wire_check(&p->frame, p->stored, err);
		if (status == CKPT_OK)
			status = refs_decode(b->refs[thread], &p->frame,
			    p->stored, p->raw, err);
	}
	if (status == CKPT_OK && b->keeps)
		refs_keep(b->refs[thread % b->n_refs], &p->frame, p->raw);
	return (status);
}

enum ckpt_status
batch_decode_page(struct batch *b, struct batch_page *p,
    struct ckpt_error *err)
{
	return (decode_page(b, p, 0, err));
}

static enum ckpt_status
decode_one(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct batch *b = arg;

	return (decode_page(b, &b->pages[i], thread, err));
}

enum ckpt_status
batch_decode(struct batch *b, struct ckpt_error *err)
{
	unsigned n_threads = b->n_threads;
	size_t i;

	for (i = 0; i < b->n_pages && n_threads > b->n_refs; i++)
		if (wire_is_reference(b->pages[i].frame.codec))
			n_threads = b->n_refs;
	return (threads_for(n_threads, b->n_pages, decode_one, b, err));
}

/* ---- references ---- */

enum ckpt_status
batch_follow(struct batch *b, refs_read_fn *read, void *arg,
    const struct pack_bases *bases, size_t budget, struct ckpt_error *err)
{
	unsigned n = bases != NULL ? 1 : b->n_threads < BATCH_MAX_REFS ?
	    b->n_threads : BATCH_MAX_REFS;
	enum ckpt_status status = page_cache_new(budget, &b->cache, err);

	b->budget = budget;
	while (b->n_refs < n && status == CKPT_OK) {
		status = refs_new(read, arg, bases, b->cache,
		    &b->refs[b->n_refs], err);
		b->n_refs += status == CKPT_OK;
	}
	return (status);
}

void
batch_model(struct batch *b, uint64_t n_bytes)
{
	b->keeps = b->cache != NULL && n_bytes <= b->budget / 2;
}

void
batch_part(struct batch *b, uint64_t part_start, bool may_be_thin)
{
	unsigned i;

	for (i = 0; i < b->n_refs; i++)
		refs_part(b->refs[i], part_start, may_be_thin);
}

void
batch_limit(struct batch *b, unsigned limit)
{
	unsigned i;

	for (i = 0; i < b->n_refs; i++)
		refs_limit(b->refs[i], limit);
}

unsigned
batch_height(const struct batch *b)
{
	unsigned height = 0, i;

	for (i = 0; i < b->n_refs; i++)
		if (refs_height(b->refs[i]) > height)
			height = refs_height(b->refs[i]);
	return (height);
}
