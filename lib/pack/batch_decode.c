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
	return (error_at(err, status, f->offset + WIRE_FRAME_SIZE, "11.2",
	    "%s frame: %s", wire_kind_name(f->kind), text));
}

enum ckpt_status
batch_decode_one(struct codec *c, const struct wire_frame *f,
    const void *stored, void *raw, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = wire_check(f, stored, err);
	if (status != CKPT_OK)
		return (status);
	return (at_payload(err, codec_decode(c, f->codec == WIRE_CODEC_NONE ?
	    CODEC_NONE : CODEC_ZSTD, stored, f->stored, raw, f->raw, err),
	    f));
}

static enum ckpt_status
decode_one(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct batch *b = arg;
	struct batch_page *p = &b->pages[i];

	return (batch_decode_one(b->codecs[thread], &p->frame, p->stored,
	    p->raw, err));
}

enum ckpt_status
batch_decode(struct batch *b, struct ckpt_error *err)
{
	return (threads_for(b->n_threads, b->n_pages, decode_one, b, err));
}
