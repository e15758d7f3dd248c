/*
 * codec_decode: stored bytes back to raw bytes.
 */
#include "codec/codec_private.h"

/* Exactly one frame that says its size: what follows it, a skippable frame
 * before it or an unstated size would be a second encoding of the same
 * bytes. */
static enum ckpt_status
decode_zstd(struct codec *c, const void *stored, size_t n_stored, void *raw,
    size_t n_raw, struct ckpt_error *err)
{
	size_t got;

	if (c->zstd_decoder == NULL)
		c->zstd_decoder = ZSTD_createDCtx();
	if (c->zstd_decoder == NULL)
		return (error_nomem(err, 1 << 18));
	if (ZSTD_getFrameContentSize(stored, n_stored) != n_raw)
		return (error_set(err, CKPT_CORRUPT,
		    "zstd frame does not state the raw size of %zu bytes",
		    n_raw));
	if (ZSTD_findFrameCompressedSize(stored, n_stored) != n_stored)
		return (error_set(err, CKPT_CORRUPT,
		    "stored bytes are not exactly one zstd frame"));
	got = ZSTD_decompressDCtx(c->zstd_decoder, raw, n_raw, stored,
	    n_stored);
	if (ZSTD_isError(got))
		return (error_set(err, CKPT_CORRUPT, "zstd: %s",
		    ZSTD_getErrorName(got)));
	if (got != n_raw)
		return (error_set(err, CKPT_CORRUPT,
		    "zstd gives %zu bytes, expected %zu", got, n_raw));
	return (CKPT_OK);
}

enum ckpt_status
codec_decode(struct codec *c, enum codec_kind kind, const void *stored,
    size_t n_stored, void *raw, size_t n_raw, struct ckpt_error *err)
{
	switch (kind) {
	case CODEC_NONE:
		if (n_stored != n_raw)
			return (error_set(err, CKPT_CORRUPT, "%zu bytes stored "
			    "without a codec, expected %zu", n_stored, n_raw));
		if (n_raw > 0)
			memcpy(raw, stored, n_raw);
		return (CKPT_OK);
	case CODEC_ZSTD:
		return (decode_zstd(c, stored, n_stored, raw, n_raw, err));
	case CODEC_PLANES:
	case CODEC_DELTA:
		break;
	}
	return (error_set(err, CKPT_NEWER, "unknown codec %d", (int)kind));
}
