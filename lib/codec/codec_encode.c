/*
 * codec_encode: raw bytes to stored bytes.
 */
#include "codec/codec_private.h"

#define DEFAULT_LEVEL 1

enum ckpt_status
codec_new(struct codec **out, struct ckpt_error *err)
{
	struct codec *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	*out = c;
	return (CKPT_OK);
}

void
codec_free(struct codec *c)
{
	if (c == NULL)
		return;
	ZSTD_freeCCtx(c->zstd_encoder);
	ZSTD_freeDCtx(c->zstd_decoder);
	free(c);
}

size_t
codec_bound(size_t n)
{
	return (ZSTD_compressBound(n));
}

/* One frame with its content size, without checksum or dictionary: the page
 * has a checksum of its own, and 4 bytes a page would be spent twice. */
static enum ckpt_status
encode_zstd(struct codec *c, int level, const void *raw, size_t n, void *out,
    size_t *n_out, struct ckpt_error *err)
{
	size_t got;

	if (c->zstd_encoder == NULL)
		c->zstd_encoder = ZSTD_createCCtx();
	if (c->zstd_encoder == NULL)
		return (error_nomem(err, 1 << 20));
	got = ZSTD_compressCCtx(c->zstd_encoder, out, codec_bound(n), raw, n,
	    level == 0 ? DEFAULT_LEVEL : level);
	if (ZSTD_isError(got))
		return (error_set(err, CKPT_NO_MEMORY, "zstd: %s",
		    ZSTD_getErrorName(got)));
	*n_out = got;
	return (CKPT_OK);
}

enum ckpt_status
codec_encode(struct codec *c, enum codec_kind wanted, enum ckpt_dtype dtype,
    int level, const void *raw, size_t n, void *out, size_t *n_out,
    enum codec_kind *kind, struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t n_zstd = 0;

	(void)dtype;
	if (wanted == CODEC_ZSTD && n > 0) {
		status = encode_zstd(c, level, raw, n, out, &n_zstd, err);
		if (status != CKPT_OK)
			return (status);
		if (n_zstd < n) {
			*n_out = n_zstd;
			*kind = CODEC_ZSTD;
			return (CKPT_OK);
		}
	}
	*n_out = n;
	*kind = CODEC_NONE;
	return (CKPT_OK);
}
