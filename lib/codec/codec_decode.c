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

static enum ckpt_status
need_planes(struct codec *c, size_t n, struct ckpt_error *err)
{
	if (n > CODEC_MAX_PAGE)
		return (error_set(err, CKPT_CORRUPT,
		    "a page of %zu bytes, at most %d are allowed", n,
		    CODEC_MAX_PAGE));
	if (c->planes == NULL)
		c->planes = planes_work_new();
	return (c->planes == NULL ? error_nomem(err, 4 * CODEC_MAX_PAGE) :
	    CKPT_OK);
}

static enum ckpt_status
decode_planes(struct codec *c, const void *stored, size_t n_stored,
    void *raw, size_t n_raw, struct ckpt_error *err)
{
	enum ckpt_status status;
	const char *why;

	status = need_planes(c, n_raw, err);
	if (status != CKPT_OK)
		return (status);
	why = planes_decode(c->planes, stored, n_stored, raw, n_raw);
	return (why == NULL ? CKPT_OK : error_set(err, CKPT_CORRUPT, "%s",
	    why));
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
		return (decode_planes(c, stored, n_stored, raw, n_raw, err));
	case CODEC_DELTA:
		return (error_set(err, CKPT_CORRUPT,
		    "differences without a base"));
	}
	return (error_set(err, CKPT_NEWER, "unknown codec %d", (int)kind));
}

enum ckpt_status
codec_decode_delta(struct codec *c, const void *stored, size_t n_stored,
    const void *base, void *raw, size_t n_raw, struct ckpt_error *err)
{
	enum ckpt_status status;
	const char *why;

	status = need_planes(c, n_raw, err);
	if (status != CKPT_OK)
		return (status);
	why = delta_decode(c->planes, stored, n_stored, base, raw, n_raw);
	return (why == NULL ? CKPT_OK : error_set(err, CKPT_CORRUPT, "%s",
	    why));
}
