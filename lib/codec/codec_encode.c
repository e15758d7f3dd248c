/*
 * codec_encode: raw bytes to stored bytes.
 */
#include "codec/codec_private.h"

#define DEFAULT_LEVEL 1
#define SMALL_PAGE 32768       /* both codecs are tried */
#define ZSTD_SAMPLE 16384      /* bytes of a larger page that zstd shows */

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
	planes_work_free(c->planes);
	free(c);
}

size_t
codec_bound(size_t n)
{
	return (ZSTD_compressBound(n) + PLANE_SLACK);
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

/* Whether zstd may do better than `bits` on the page: tried on a part of
 * it. */
static bool
zstd_may_win(struct codec *c, int level, const unsigned char *raw, size_t n,
    double bits, void *out)
{
	struct ckpt_error err;
	size_t got;

	if (n <= SMALL_PAGE)
		return (true);
	if (encode_zstd(c, level, raw + (n - ZSTD_SAMPLE) / 2, ZSTD_SAMPLE,
	    out, &got, &err) != CKPT_OK)
		return (true);
	return (8.0 * (double)got / ZSTD_SAMPLE * 0.95 < bits / (double)n);
}

static enum ckpt_status
need_planes(struct codec *c, struct ckpt_error *err)
{
	if (c->planes == NULL)
		c->planes = planes_work_new();
	return (c->planes == NULL ? error_nomem(err, 4 * CODEC_MAX_PAGE) :
	    CKPT_OK);
}

/* Planes, zstd, or the smaller of both if it is not clear. */
static enum ckpt_status
encode_smaller(struct codec *c, enum ckpt_dtype dtype, int level,
    const void *raw, size_t n, void *out, size_t *n_out,
    enum codec_kind *kind, struct ckpt_error *err)
{
	struct planes_plan plan;
	enum ckpt_status status;
	size_t n_planes = 0, n_zstd = SIZE_MAX;

	status = need_planes(c, err);
	if (status != CKPT_OK)
		return (status);
	planes_choose(c->planes, dtype, raw, n, &plan);
	if (zstd_may_win(c, level, raw, n, plan.bits, out)) {
		status = encode_zstd(c, level, raw, n, out, &n_zstd, err);
		if (status != CKPT_OK)
			return (status);
	}
	*kind = CODEC_NONE;
	*n_out = n;
	if (n_zstd < n) {
		*kind = CODEC_ZSTD;
		*n_out = n_zstd;
		/* a clear case, and `out` already holds it */
		if (8.0 * (double)n_zstd < 0.5 * plan.bits)
			return (CKPT_OK);
	}
	if (plan.bits < 8.0 * (double)n)
		n_planes = planes_encode(c->planes, &plan, raw, n, out);
	if (n_planes > 0 && n_planes < *n_out) {
		*kind = CODEC_PLANES;
		*n_out = n_planes;
	} else if (*kind == CODEC_ZSTD) {
		return (encode_zstd(c, level, raw, n, out, n_out, err));
	}
	return (CKPT_OK);
}

bool
codec_may_beat(struct codec *c, enum codec_kind wanted,
    enum ckpt_dtype dtype, int level, const void *raw, size_t n,
    size_t limit, void *scratch)
{
	struct planes_plan plan;
	struct ckpt_error err;

	if (wanted == CODEC_NONE || n == 0 || n > CODEC_MAX_PAGE)
		return (n < limit);
	if (wanted == CODEC_PLANES) {
		if (need_planes(c, &err) != CKPT_OK)
			return (true);
		planes_choose(c->planes, dtype, raw, n, &plan);
		if (plan.bits * 0.97 < 8.0 * (double)limit)
			return (true);
	}
	return (zstd_may_win(c, level, raw, n, 8.0 * (double)limit,
	    scratch));
}

enum ckpt_status
codec_encode(struct codec *c, enum codec_kind wanted, enum ckpt_dtype dtype,
    int level, const void *raw, size_t n, void *out, size_t *n_out,
    enum codec_kind *kind, struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t n_zstd = 0;

	if (wanted == CODEC_PLANES && n > 0 && n <= CODEC_MAX_PAGE)
		return (encode_smaller(c, dtype, level, raw, n, out, n_out,
		    kind, err));
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

enum ckpt_status
codec_encode_delta(struct codec *c, enum ckpt_dtype dtype, const void *raw,
    const void *base, size_t n, void *out, size_t *n_out,
    enum codec_kind *kind, struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t n_delta;

	*kind = CODEC_NONE;
	*n_out = n;
	if (n == 0 || n > CODEC_MAX_PAGE)
		return (CKPT_OK);
	status = need_planes(c, err);
	if (status != CKPT_OK)
		return (status);
	n_delta = delta_encode(c->planes, dtype, raw, base, n, out);
	if (n_delta > 0) {
		*kind = CODEC_DELTA;
		*n_out = n_delta;
	}
	return (CKPT_OK);
}
