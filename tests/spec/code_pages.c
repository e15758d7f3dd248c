/*
 * code_pages: pages of differences by the library, for decode.py to read.
 *
 * usage: code_pages SEED PREFIX
 *
 * Writes PREFIX.raw, PREFIX.base and PREFIX.stored (nothing if the
 * differences do not shrink the page, and says so).
 */
#include <stdlib.h>

#include "codec/codec.h"

#define MOST 6000

static uint64_t state;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545F4914F6CDD1D);
}

static int
save(const char *prefix, const char *what, const void *data, size_t n)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s.%s", prefix, what);
	f = fopen(path, "we");
	return (f == NULL || fwrite(data, 1, n, f) != n || fclose(f) != 0);
}

int
main(int argc, char **argv)
{
	static const enum ckpt_dtype dtypes[] = {
		CKPT_F32, CKPT_BF16, CKPT_F16, CKPT_F64, CKPT_F8_E4M3,
		CKPT_I32, CKPT_U8, CKPT_I64
	};
	static unsigned char raw[MOST], base[MOST], out[2 * MOST];
	struct ckpt_error err = { .status = CKPT_OK };
	enum codec_kind kind;
	enum ckpt_dtype dtype;
	struct codec *c;
	size_t n, n_out, i, every;

	if (argc != 3 || codec_new(&c, &err) != CKPT_OK)
		return (2);
	state = strtoull(argv[1], NULL, 10) * 2654435761u + 1;
	dtype = dtypes[next() % (sizeof(dtypes) / sizeof(dtypes[0]))];
	n = 1 + next() % MOST;
	every = 1 + next() % 20;
	for (i = 0; i < n; i++)
		raw[i] = base[i] = (unsigned char)(next() % 3 == 0 ? next() :
		    60 + next() % 5);
	for (i = 0; i < n; i++)
		if (next() % every == 0)
			raw[i] = (unsigned char)(raw[i] + next() % 9);
	if (codec_encode_delta(c, dtype, raw, base, n, out, &n_out, &kind,
	    &err) != CKPT_OK)
		return (2);
	codec_free(c);
	(void)puts(kind == CODEC_DELTA ? "differences" : "none");
	return (kind == CODEC_DELTA && (save(argv[2], "raw", raw, n) ||
	    save(argv[2], "base", base, n) ||
	    save(argv[2], "stored", out, n_out)) ? 2 : 0);
}
