/*
 * codec_time: sizes and speeds of pages of floats, for bench_codec.sh.
 *
 * usage: codec_time DTYPE FILE [BASE]
 *
 * FILE holds elements of one tensor after another: a text line "LENGTH\n" in
 * FILE.lengths for each, in elements. Prints, separated by tabs: stored
 * bytes, bytes of the bound, encoding and decoding in bytes of the original
 * a second (median of five, one core, checksums of pages included); stored
 * bytes, encoding and decoding of zstd -1, and of zstd -3, on the same pages
 * without a checksum; and the raw bytes. With a base, zstd is given the bytes
 * of each page XOR the base's, all first ones, all second ones, and so on.
 *
 * The bound is the order-0 entropy of the exponent and the top 6 bits of the
 * mantissa (3 of f16), corrected as by Miller and Madow, and the other bits
 * as they are, for each tensor; tensors below 2^17 elements are pooled. For
 * differences: the entropy of the bit length of the difference given the
 * base's exponent, and the lower bits as they are.
 */
#include <math.h>

#include <zstd.h>

#include "codec/codec.h"
#include "id/id.h"

#include "cpu_time.h"

#define RUNS 5
#define POOLED 131072

struct job {
	enum ckpt_dtype dtype;
	unsigned n_bytes;      /* of an element */
	unsigned symbol_bits;  /* of the bound: exponent and mantissa */
	unsigned exponent_bits;
	unsigned char *raw, *base, *stored, *back;
	size_t n, n_pages;
	size_t *page_size, *page_stored, *page_at, *page_stored_at;
	enum codec_kind *kind;
	uint64_t *check;
	struct codec *codec;
};

static unsigned char *
load(const char *path, size_t *n)
{
	FILE *f = fopen(path, "re");
	unsigned char *data;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
		exit(2);
	rewind(f);
	*n = (size_t)size;
	data = malloc(*n + 8);
	if (data == NULL || fread(data, 1, *n, f) != *n)
		exit(2);
	(void)fclose(f);
	return (data);
}

static uint64_t
element(const struct job *j, const unsigned char *data, size_t i)
{
	uint64_t x = 0;
	unsigned k;

	for (k = 0; k < j->n_bytes; k++)
		x |= (uint64_t)data[i * j->n_bytes + k] << (8 * k);
	return (x);
}

/* Bits of `n` counts, corrected. */
static double
entropy(const uint32_t *count, size_t n)
{
	double total = 0, bits = 0, used = 0;
	size_t i;

	for (i = 0; i < n; i++)
		total += count[i];
	for (i = 0; i < n; i++)
		if (count[i] > 0) {
			bits += count[i] * log2(total / count[i]);
			used++;
		}
	return (used > 0 ? bits + (used - 1) / 2 / log(2.0) : 0);
}

static void
count_symbols(const struct job *j, size_t first, size_t n, uint32_t *count)
{
	unsigned bits = 8 * j->n_bytes - 1;
	uint64_t x;
	size_t i;

	for (i = first; i < first + n; i++) {
		x = element(j, j->raw, i) & (((uint64_t)1 << bits) - 1);
		count[x >> (bits - j->symbol_bits)]++;
	}
}

static double
bound(const struct job *j, const size_t *length, size_t n_tensors)
{
	size_t n_symbols = (size_t)1 << j->symbol_bits, i, first = 0;
	uint32_t *pool = calloc(n_symbols, sizeof(*pool));
	uint32_t *one = malloc(n_symbols * sizeof(*one));
	double bits = 0;

	if (pool == NULL || one == NULL)
		exit(2);
	for (i = 0; i < n_tensors; first += length[i++]) {
		if (length[i] < POOLED) {
			count_symbols(j, first, length[i], pool);
			continue;
		}
		memset(one, 0, n_symbols * sizeof(*one));
		count_symbols(j, first, length[i], one);
		bits += entropy(one, n_symbols);
	}
	bits += entropy(pool, n_symbols);
	free(pool);
	free(one);
	return (bits + (double)first *
	    (8 * j->n_bytes - j->symbol_bits));
}

static int64_t
order(const struct job *j, uint64_t x)
{
	uint64_t sign = (uint64_t)1 << (8 * j->n_bytes - 1);

	return (x & sign ? -(int64_t)(x ^ sign) - 1 : (int64_t)x);
}

static double
delta_bound(const struct job *j)
{
	static uint32_t count[2048][64];
	unsigned bits = 8 * j->n_bytes - 1, class;
	double sum = 0;
	uint64_t b, d;
	int64_t x;
	size_t i;

	for (i = 0; i < j->n / j->n_bytes; i++) {
		b = element(j, j->base, i);
		x = order(j, element(j, j->raw, i)) - order(j, b);
		d = (uint64_t)(x < 0 ? -x : x);
		class = d == 0 ? 0 : 64 - (unsigned)__builtin_clzll(d);
		b &= ((uint64_t)1 << bits) - 1;
		count[b >> (bits - j->exponent_bits)][class]++;
		sum += class;
	}
	for (i = 0; i < 2048; i++)
		sum += entropy(count[i], 64);
	return (sum);
}

static void
encode(struct job *j)
{
	struct ckpt_error err = { .status = CKPT_OK };
	unsigned char *out = j->stored;
	enum ckpt_status status;
	size_t i;

	for (i = 0; i < j->n_pages; i++) {
		const unsigned char *raw = j->raw + j->page_at[i];

		status = j->base != NULL ? codec_encode_delta(j->codec,
		    j->dtype, raw, j->base + j->page_at[i], j->page_size[i],
		    out, &j->page_stored[i], &j->kind[i], &err) :
		    codec_encode(j->codec, CODEC_PLANES, j->dtype, 0, raw,
		    j->page_size[i], out, &j->page_stored[i], &j->kind[i],
		    &err);
		if (status != CKPT_OK)
			exit(2);
		if (j->kind[i] == CODEC_NONE)
			memcpy(out, raw, j->page_size[i]);
		j->check[i] = xxh3_64(out, j->page_stored[i]);
		j->page_stored_at[i] = (size_t)(out - j->stored);
		out += j->page_stored[i];
	}
}

static void
decode(struct job *j)
{
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status status;
	size_t i;

	for (i = 0; i < j->n_pages; i++) {
		const unsigned char *in = j->stored + j->page_stored_at[i];
		unsigned char *raw = j->back + j->page_at[i];

		if (xxh3_64(in, j->page_stored[i]) != j->check[i])
			exit(2);
		status = j->kind[i] == CODEC_DELTA ? codec_decode_delta(
		    j->codec, in, j->page_stored[i], j->base +
		    j->page_at[i], raw, j->page_size[i], &err) :
		    codec_decode(j->codec, j->kind[i], in,
		    j->page_stored[i], raw, j->page_size[i], &err);
		if (status != CKPT_OK)
			exit(2);
	}
}

/* What zstd is given instead of a page. */
static const unsigned char *
peer_page(const struct job *j, size_t i, unsigned char *to)
{
	const unsigned char *raw = j->raw + j->page_at[i];
	const unsigned char *base = j->base + j->page_at[i];
	size_t n = j->page_size[i] / j->n_bytes, k;

	if (j->base == NULL)
		return (raw);
	for (k = 0; k < n * j->n_bytes; k++)
		to[k % j->n_bytes * n + k / j->n_bytes] =
		    (unsigned char)(raw[k] ^ base[k]);
	return (to);
}

/* Prints stored bytes and speeds of zstd at `level`. */
static void
zstd(const struct job *j, int level)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(CODEC_MAX_PAGE), total = 0, i, got;
	unsigned char *out = malloc(room), *to = malloc(CODEC_MAX_PAGE);
	unsigned char *back = malloc(CODEC_MAX_PAGE);
	double encode_time = 0, decode_time = 0, began;
	const unsigned char *in;

	if (c == NULL || out == NULL || to == NULL || back == NULL)
		exit(2);
	for (i = 0; i < j->n_pages; i++) {
		in = peer_page(j, i, to);
		began = seconds();
		got = ZSTD_compressCCtx(c, out, room, in, j->page_size[i],
		    level);
		encode_time += seconds() - began;
		began = seconds();
		if (ZSTD_decompress(back, CODEC_MAX_PAGE, out, got) !=
		    j->page_size[i])
			exit(2);
		decode_time += seconds() - began;
		total += got < j->page_size[i] ? got : j->page_size[i];
	}
	(void)printf("\t%zu\t%.4g\t%.4g", total, (double)j->n / encode_time,
	    (double)j->n / decode_time);
	free(back);
	free(to);
	free(out);
	ZSTD_freeCCtx(c);
}

/* Pages as a pack has them: whole rows of one tensor. */
static void
cut(struct job *j, const size_t *length, size_t n_tensors)
{
	size_t room = j->n / CODEC_MAX_PAGE + n_tensors + 1, at = 0, i, left;

	j->page_size = calloc(room, sizeof(size_t));
	j->page_stored = calloc(room, sizeof(size_t));
	j->page_at = calloc(room, sizeof(size_t));
	j->page_stored_at = calloc(room, sizeof(size_t));
	j->kind = calloc(room, sizeof(*j->kind));
	j->check = calloc(room, sizeof(*j->check));
	j->stored = malloc(j->n + codec_bound(CODEC_MAX_PAGE));
	j->back = malloc(j->n + 1);
	for (i = 0; i < n_tensors; i++)
		for (left = length[i] * j->n_bytes; left > 0; ) {
			j->page_at[j->n_pages] = at;
			j->page_size[j->n_pages] = left < CODEC_MAX_PAGE ?
			    left : CODEC_MAX_PAGE;
			at += j->page_size[j->n_pages];
			left -= j->page_size[j->n_pages++];
		}
	if (at != j->n)
		exit(2);
}

static size_t
read_lengths(const char *path, size_t **out)
{
	char name[4096];
	FILE *f;
	size_t n = 0;
	unsigned long one;

	(void)snprintf(name, sizeof(name), "%s.lengths", path);
	f = fopen(name, "re");
	*out = calloc(100000, sizeof(**out));
	if (f == NULL || *out == NULL)
		exit(2);
	while (n < 100000 && fscanf(f, "%lu", &one) == 1)
		(*out)[n++] = one;
	(void)fclose(f);
	return (n);
}

static void
describe(struct job *j, const char *name)
{
	j->dtype = dtype_find(name, strlen(name));
	j->n_bytes = dtype_bits(j->dtype) / 8;
	j->exponent_bits = j->dtype == CKPT_F16 ? 5 :
	    j->dtype == CKPT_F64 ? 11 : 8;
	j->symbol_bits = j->exponent_bits + (j->dtype == CKPT_F16 ? 3 : 6);
}

int
main(int argc, char **argv)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct job j = { .n = 0 };
	double enc[RUNS], dec[RUNS];
	size_t *length, n_tensors, n_base, total = 0, i;

	if (argc < 3 || codec_new(&j.codec, &err) != CKPT_OK)
		return (2);
	describe(&j, argv[1]);
	j.raw = load(argv[2], &j.n);
	if (argc > 3)
		j.base = load(argv[3], &n_base);
	if (j.base != NULL && n_base != j.n)
		return (2);
	n_tensors = read_lengths(argv[2], &length);
	cut(&j, length, n_tensors);
	for (i = 0; i < RUNS; i++) {
		enc[i] = seconds();
		encode(&j);
		enc[i] = seconds() - enc[i];
		memset(j.back, 0, j.n);
		dec[i] = seconds();
		decode(&j);
		dec[i] = seconds() - dec[i];
		if (memcmp(j.back, j.raw, j.n) != 0) {
			(void)fprintf(stderr, "codec_time: wrong bytes\n");
			return (2);
		}
	}
	for (i = 0; i < j.n_pages; i++)
		total += j.page_stored[i];
	(void)printf("%zu\t%.0f\t%.4g\t%.4g", total, (j.base != NULL ?
	    delta_bound(&j) : bound(&j, length, n_tensors)) / 8,
	    (double)j.n / median(enc, RUNS), (double)j.n / median(dec, RUNS));
	zstd(&j, 1);
	zstd(&j, 3);
	(void)printf("\t%zu\n", j.n);
	codec_free(j.codec);
	return (0);
}
