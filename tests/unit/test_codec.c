/*
 * The codecs of pages: what they encode they decode, with every kernel to
 * and from the same bytes; and they refuse what is not theirs.
 */
#include "unit.h"

#include "codec/codec_private.h"

static const enum ckpt_dtype dtypes[] = {
	0, CKPT_BOOL, CKPT_U8, CKPT_I16, CKPT_I32, CKPT_I64, CKPT_F16,
	CKPT_BF16, CKPT_F32, CKPT_F64, CKPT_C64, CKPT_F8_E5M2, CKPT_F8_E4M3,
	CKPT_F8_E8M0, CKPT_F4
};
#define N_DTYPES (sizeof(dtypes) / sizeof(dtypes[0]))

static uint64_t state = 88172645463325252;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545F4914F6CDD1D);
}

/* About normal, in units of 2^-`scale`. */
static double
normal(int scale)
{
	double sum = -6;
	unsigned i;

	for (i = 0; i < 12; i++)
		sum += (double)(next() >> 11) / 9007199254740992.0;
	for (; scale > 0; scale--)
		sum /= 2;
	return (sum);
}

/* What pages may hold. */
enum content {
	NOISE,        /* random bits: NaN, infinities and all */
	WEIGHTS,
	CONSTANT,
	ZEROS,
	SPARSE,       /* weights, most of them 0 or -0 */
	ROUNDED,      /* weights of few bits */
	WILD,         /* weights, now and then random bits */
	SUBNORMAL,
	COUNTING,
	ROWS,         /* weights of rows that differ in scale */
	N_CONTENTS
};

static void
put_weight(enum ckpt_dtype dtype, unsigned char *p, int scale)
{
	double x = normal(scale);

	if (dtype_is_weight(dtype))
		(void)dtype_from_f64(dtype, &x, p, 1);
	else
		*p = (unsigned char)(100 + 20 * normal(0));
}

static void
fill_one(enum content what, enum ckpt_dtype dtype, size_t i,
    unsigned char *p, unsigned width)
{
	uint64_t noise = next(), x = 0;
	unsigned k;

	switch (what) {
	case WILD:
		if (noise % 64 != 0) {
			put_weight(dtype, p, 5);
			return;
		}
		x = next();
		break;
	case NOISE:
		x = noise;
		break;
	case WEIGHTS:
		put_weight(dtype, p, 5);
		return;
	case ROWS:
		if (noise % 3000 != 0) {
			put_weight(dtype, p, (int)(i / 300 * 5 % 9));
			return;
		}
		x = noise >> 32 & 1 ? next() : 0;
		break;
	case SPARSE:
		if (noise % 5 == 0) {
			put_weight(dtype, p, 3);
			return;
		}
		x = noise % 11 == 0 ? (uint64_t)128 << (8 * width - 8) : 0;
		break;
	case ROUNDED:
		put_weight(dtype, p, 1);
		for (k = 0; k + 1 < width; k++)
			p[k] = 0;
		return;
	case SUBNORMAL:
		x = noise & 1023;
		break;
	case COUNTING:
		x = i;
		break;
	default:
		x = what == ZEROS ? 0 : 0x3F813F813F813F81;
		break;
	}
	for (k = 0; k < width; k++)
		p[k] = (unsigned char)(x >> (8 * k));
}

static void
fill(enum content what, enum ckpt_dtype dtype, unsigned char *raw, size_t n)
{
	unsigned width = 1u << planes_width_log2(dtype);
	size_t i;

	for (i = 0; i + width <= n; i += width)
		fill_one(what, dtype, i / width, raw + i, width);
	for (; i < n; i++)
		raw[i] = (unsigned char)next();
}

static struct codec *
new_codec(unsigned kernel)
{
	struct ckpt_error err;
	struct codec *c;

	must(codec_new(&c, &err), &err);
	c->planes = planes_work_new();
	assert_non_null(c->planes);
	c->planes->stream.kernel = plane_kernel_at(kernel);
	return (c);
}

/* A copy as long as it says, so that a read beyond is seen by sanitizers. */
static unsigned char *
exactly(const void *data, size_t n)
{
	unsigned char *p = malloc(n > 0 ? n : 1);

	assert_non_null(p);
	if (n > 0)
		memcpy(p, data, n);
	return (p);
}

static void
same_again(struct codec *c, enum codec_kind kind, const void *stored,
    size_t n_stored, const unsigned char *base, const unsigned char *raw,
    size_t n)
{
	unsigned char *in = exactly(stored, n_stored);
	unsigned char *back = malloc(n > 0 ? n : 1);
	struct ckpt_error err;

	assert_non_null(back);
	memset(back, 0xA5, n);
	if (kind == CODEC_DELTA)
		must(codec_decode_delta(c, in, n_stored, base, back, n,
		    &err), &err);
	else
		must(codec_decode(c, kind, in, n_stored, back, n, &err),
		    &err);
	assert_memory_equal(back, raw, n);
	free(back);
	free(in);
}

/* Every kernel encodes to the same bytes and decodes them. Returns how many
 * they are. */
static size_t
there_and_back(struct codec *const *codecs, enum ckpt_dtype dtype,
    const unsigned char *base, const unsigned char *raw, size_t n)
{
	unsigned char *out[PLANE_KERNELS] = { NULL }, *first = NULL;
	size_t n_out, n_first = 0;
	enum codec_kind kind, kind_first = CODEC_NONE;
	struct ckpt_error err;
	unsigned k;

	for (k = 0; k < PLANE_KERNELS; k++) {
		if (codecs[k] == NULL)
			continue;
		out[k] = malloc(codec_bound(n));
		assert_non_null(out[k]);
		if (base != NULL)
			must(codec_encode_delta(codecs[k], dtype, raw, base,
			    n, out[k], &n_out, &kind, &err), &err);
		else
			must(codec_encode(codecs[k], CODEC_PLANES, dtype, 0,
			    raw, n, out[k], &n_out, &kind, &err), &err);
		assert_true(kind == CODEC_NONE ? n_out == n : n_out < n);
		if (first == NULL) {
			first = out[k];
			n_first = n_out;
			kind_first = kind;
		}
		assert_int_equal(kind, kind_first);
		assert_int_equal(n_out, n_first);
		if (kind != CODEC_NONE)
			assert_memory_equal(out[k], first, n_out);
		same_again(codecs[k], kind, kind == CODEC_NONE ? raw :
		    first, n_out, base, raw, n);
	}
	for (k = 0; k < PLANE_KERNELS; k++)
		free(out[k]);
	return (n_first);
}

static void
open_all(struct codec **codecs)
{
	unsigned k;

	for (k = 0; k < PLANE_KERNELS; k++)
		codecs[k] = plane_kernel_at(k) == NULL ? NULL :
		    new_codec(k);
}

static void
close_all(struct codec **codecs)
{
	unsigned k;

	for (k = 0; k < PLANE_KERNELS; k++)
		codec_free(codecs[k]);
}

/* The base: some bytes of `raw` changed by a little. */
static void
step_back(enum ckpt_dtype dtype, const unsigned char *raw,
    unsigned char *base, size_t n)
{
	unsigned width = 1u << planes_width_log2(dtype);
	size_t i;

	memcpy(base, raw, n);
	for (i = 0; i + width <= n; i += width)
		if (next() % 3 == 0)
			base[i] = (unsigned char)(base[i] + next() % 5);
	if (n > 100 && next() % 2 == 0)
		base[next() % n] = (unsigned char)next();
}

static void
test_contents(void **unused)
{
	static const size_t sizes[] = { 1, 800, 5003, 40000, 262144, 1048576 };
	struct codec *codecs[PLANE_KERNELS];
	unsigned char *raw = malloc(CODEC_MAX_PAGE);
	unsigned char *base = malloc(CODEC_MAX_PAGE);
	size_t i, d, n;
	unsigned what;

	(void)unused;
	assert_true(raw != NULL && base != NULL);
	open_all(codecs);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (d = 0; d < N_DTYPES; d++)
			for (what = 0; what < N_CONTENTS; what++) {
				n = sizes[i];
				if (n > 100000 && (d + what) % 4 != 0)
					continue;
				fill((enum content)what, dtypes[d], raw, n);
				(void)there_and_back(codecs, dtypes[d], NULL,
				    raw, n);
				step_back(dtypes[d], raw, base, n);
				(void)there_and_back(codecs, dtypes[d], base,
				    raw, n);
			}
	close_all(codecs);
	free(base);
	free(raw);
}

static void
test_lengths(void **unused)
{
	struct codec *codecs[PLANE_KERNELS];
	unsigned char raw[5000], base[5000];
	enum ckpt_dtype dtype;
	size_t n;

	(void)unused;
	open_all(codecs);
	for (n = 0; n <= sizeof(raw); n++) {
		dtype = dtypes[next() % N_DTYPES];
		fill((enum content)(next() % N_CONTENTS), dtype, raw, n);
		(void)there_and_back(codecs, dtype, NULL, raw, n);
		step_back(dtype, raw, base, n);
		(void)there_and_back(codecs, dtype, base, raw, n);
	}
	close_all(codecs);
}

/* Runs of the largest difference there is, which has the longest class,
 * among small ones. */
static void
test_extremes(void **unused)
{
	static const enum ckpt_dtype integers[] = {
		CKPT_U8, CKPT_I16, CKPT_I32, CKPT_I64
	};
	struct codec *codecs[PLANE_KERNELS];
	static unsigned char raw[65536], base[65536];
	unsigned d, width;
	bool is_long = false;
	size_t i, run;

	(void)unused;
	open_all(codecs);
	for (d = 0; d < 4; d++) {
		width = 1u << d;
		fill(NOISE, integers[d], base, sizeof(base));
		memcpy(raw, base, sizeof(raw));
		for (i = run = 0; i < sizeof(raw); i += width, run--) {
			if (run == 0) {
				run = 16 + next() % 50;
				is_long = !is_long;
			}
			if (is_long)
				raw[i + width - 1] ^= 128;
			else
				raw[i] ^= next() & 1;
		}
		assert_true(there_and_back(codecs, integers[d], base, raw,
		    sizeof(raw)) < sizeof(raw));
	}
	close_all(codecs);
}

/* Sizes: normal weights near their entropy, constants near nothing. */
static void
test_sizes(void **unused)
{
	static const struct {
		enum ckpt_dtype dtype;
		enum content what;
		double most; /* of raw */
	} cases[] = {
		{ CKPT_F32, WEIGHTS, 0.829 }, { CKPT_BF16, WEIGHTS, 0.658 },
		{ CKPT_F16, WEIGHTS, 0.844 }, { CKPT_F32, CONSTANT, 0.0001 },
		{ CKPT_F64, ZEROS, 0.0001 }, { CKPT_F32, ROUNDED, 0.21 },
		{ CKPT_F32, SPARSE, 0.26 }, { CKPT_I64, SUBNORMAL, 0.16 },
		{ CKPT_F32, WILD, 0.86 }, { CKPT_F32, ROWS, 0.845 },
		{ CKPT_F64, ROWS, 0.92 }, { CKPT_BF16, ROWS, 0.706 }
	};
	struct codec *codecs[PLANE_KERNELS];
	unsigned char *raw = malloc(CODEC_MAX_PAGE);
	size_t i, n;

	(void)unused;
	assert_non_null(raw);
	open_all(codecs);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(cases[i].what, cases[i].dtype, raw, CODEC_MAX_PAGE);
		n = there_and_back(codecs, cases[i].dtype, NULL, raw,
		    CODEC_MAX_PAGE);
		if ((double)n > cases[i].most * CODEC_MAX_PAGE)
			fail_msg("case %zu: %zu bytes", i, n);
	}
	close_all(codecs);
	free(raw);
}

/* Nothing is read or written out of bounds, whatever is stored. */
static void
try_decode(struct codec *c, enum codec_kind kind, const unsigned char *stored,
    size_t n_stored, const unsigned char *base, size_t n)
{
	unsigned char *in = exactly(stored, n_stored);
	unsigned char *back = malloc(n);
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status status;

	assert_non_null(back);
	status = kind == CODEC_DELTA ? codec_decode_delta(c, in, n_stored,
	    base, back, n, &err) : codec_decode(c, kind, in, n_stored, back,
	    n, &err);
	assert_true(status == CKPT_OK || (status == CKPT_CORRUPT &&
	    err.text[0] != '\0'));
	free(back);
	free(in);
}

static void
damage(struct codec *c, enum codec_kind kind, unsigned char *stored,
    size_t n_stored, const unsigned char *base, size_t n)
{
	struct ckpt_error err;
	unsigned char back[4096];
	size_t i;

	for (i = 0; i < n_stored; i++) {
		unsigned char was = stored[i];

		if (kind == CODEC_DELTA)
			assert_int_equal(codec_decode_delta(c, stored, i,
			    base, back, n, &err), CKPT_CORRUPT);
		else
			assert_int_equal(codec_decode(c, kind, stored, i,
			    back, n, &err), CKPT_CORRUPT);
		stored[i] ^= (unsigned char)(1u << next() % 8);
		try_decode(c, kind, stored, n_stored, base, n);
		stored[i] = (unsigned char)next();
		try_decode(c, kind, stored, n_stored, base, n);
		stored[i] = was;
	}
}

static void
test_damage(void **unused)
{
	unsigned char raw[2400], base[2400], *out;
	struct codec *c = new_codec(PLANE_KERNELS - 1);
	struct planes_plan plan;
	struct ckpt_error err;
	enum codec_kind kind;
	unsigned what;
	size_t d, n;

	(void)unused;
	out = malloc(codec_bound(sizeof(raw)));
	assert_non_null(out);
	for (d = 0; d < N_DTYPES; d++)
		for (what = WEIGHTS; what < N_CONTENTS; what++) {
			fill((enum content)what, dtypes[d], raw, sizeof(raw));
			planes_choose(c->planes, dtypes[d], raw, sizeof(raw),
			    &plan);
			n = planes_encode(c->planes, &plan, raw, sizeof(raw),
			    out);
			damage(c, CODEC_PLANES, out, n, NULL, sizeof(raw));
			step_back(dtypes[d], raw, base, sizeof(raw));
			must(codec_encode_delta(c, dtypes[d], raw, base,
			    sizeof(raw), out, &n, &kind, &err), &err);
			if (kind == CODEC_DELTA)
				damage(c, kind, out, n, base, sizeof(raw));
		}
	free(out);
	codec_free(c);
}

/* Frequencies keep their sum, and every symbol has a place. */
static void
test_normalise(void **unused)
{
	uint32_t count[ANS_SYMBOLS];
	uint16_t freq[ANS_SYMBOLS], again[ANS_SYMBOLS];
	unsigned char disk[ANS_MAX_TABLE];
	unsigned round, n, i, sum;
	size_t size;
	bool is_empty;

	(void)unused;
	for (round = 0; round < 2000; round++) {
		n = 1 + (unsigned)(next() % ANS_SYMBOLS);
		for (i = 0; i < n; i++)
			count[i] = (uint32_t)(next() % 3 == 0 ? 0 :
			    next() >> (44 + next() % 20));
		count[n - 1]++;
		ans_normalise(count, n, freq);
		for (i = sum = 0; i < n; i++) {
			assert_true((count[i] == 0) == (freq[i] == 0));
			sum += freq[i];
		}
		assert_int_equal(sum, ANS_SLOTS);
		size = ans_table_write(freq, n, disk);
		assert_int_equal(ans_table_read(disk, size, n, again,
		    &is_empty), size);
		assert_memory_equal(freq, again, n * sizeof(*freq));
		assert_int_equal(ans_table_read(disk, size - 1, n, again,
		    &is_empty), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_damage)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
