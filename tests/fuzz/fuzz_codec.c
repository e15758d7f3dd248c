/*
 * Pages by the codecs, without checksums before them: the first byte says
 * which codec, dtype and kernel, the next two how many raw bytes; what
 * follows is stored. What is decoded is encoded and decoded again.
 */
#include "fuzz.h"
#include "codec/codec_private.h"

static const enum ckpt_dtype dtypes[] = {
	CKPT_F32, CKPT_BF16, CKPT_F16, CKPT_F64, CKPT_F8_E5M2, CKPT_I32,
	CKPT_U8, CKPT_I64
};

static void
again(struct codec *c, enum ckpt_dtype dtype, const unsigned char *raw,
    const unsigned char *base, size_t n)
{
	unsigned char *out = malloc(codec_bound(n)), *back = malloc(n + 1);
	struct ckpt_error err;
	enum codec_kind kind;
	size_t n_out;

	if (out == NULL || back == NULL)
		abort();
	if (codec_encode(c, CODEC_PLANES, dtype, 0, raw, n, out, &n_out,
	    &kind, &err) != CKPT_OK || n_out > n)
		abort();
	if (codec_decode(c, kind, kind == CODEC_NONE ? raw : out, n_out, back,
	    n, &err) != CKPT_OK || memcmp(raw, back, n) != 0)
		abort();
	if (codec_encode_delta(c, dtype, raw, base, n, out, &n_out, &kind,
	    &err) != CKPT_OK)
		abort();
	if (kind == CODEC_DELTA && (codec_decode_delta(c, out, n_out, base,
	    back, n, &err) != CKPT_OK || memcmp(raw, back, n) != 0))
		abort();
	free(out);
	free(back);
}

/* The kernel that is asked for, if this CPU has it. */
static void
choose_kernel(struct codec *c, unsigned i)
{
	const struct plane_kernel *k = plane_kernel_at(i % PLANE_KERNELS);

	if (c->planes == NULL)
		c->planes = planes_work_new();
	if (c->planes == NULL)
		abort();
	c->planes->stream.kernel = k != NULL ? k : plane_kernel_best();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct codec *c;
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status status;
	unsigned char *raw, *base;
	size_t n_raw, i;

	if (n < 3 || (c == NULL && codec_new(&c, &err) != CKPT_OK))
		return (0);
	choose_kernel(c, data[0] >> 4 & 3);
	n_raw = 1 + (data[1] | (size_t)data[2] << 8);
	raw = malloc(n_raw);
	base = malloc(n_raw);
	if (raw == NULL || base == NULL)
		abort();
	for (i = 0; i < n_raw; i++)
		base[i] = (unsigned char)(i * 7 + i / 256);
	if (data[0] & 1)
		status = codec_decode_delta(c, data + 3, n - 3, base, raw,
		    n_raw, &err);
	else
		status = codec_decode(c, CODEC_PLANES, data + 3, n - 3, raw,
		    n_raw, &err);
	if (status == CKPT_OK)
		again(c, dtypes[data[0] >> 1 & 7], raw, base, n_raw);
	else if (status != CKPT_CORRUPT || err.text[0] == '\0')
		abort();
	free(raw);
	free(base);
	return (0);
}
