/*
 * batch_decode: stored payloads back to raw bytes, each after its check.
 */
#include "id/id.h"
#include "pack/batch.h"

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

enum ckpt_status
batch_decode_page(struct batch *b, struct batch_page *p,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (!wire_is_reference(p->frame.codec))
		return (batch_decode_one(b->codecs[0], &p->frame, p->stored,
		    p->raw, err));
	status = wire_check(&p->frame, p->stored, err);
	return (status == CKPT_OK ? refs_decode(b->refs, &p->frame,
	    p->stored, p->raw, err) : status);
}

static enum ckpt_status
decode_one(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct batch *b = arg;
	struct batch_page *p = &b->pages[i];

	if (wire_is_reference(p->frame.codec))
		return (CKPT_OK);
	return (batch_decode_one(b->codecs[thread], &p->frame, p->stored,
	    p->raw, err));
}

enum ckpt_status
batch_decode(struct batch *b, struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t i;

	status = threads_for(b->n_threads, b->n_pages, decode_one, b, err);
	for (i = 0; i < b->n_pages && status == CKPT_OK; i++)
		if (wire_is_reference(b->pages[i].frame.codec))
			status = batch_decode_page(b, &b->pages[i], err);
	return (status);
}
