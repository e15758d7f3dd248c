#include <math.h>

#include "base/banned.h"
#include "compare.h"

#define CHUNK 1024 /* elements; a multiple of LANES */

void
compare_begin(struct compare *c, enum ckpt_dtype a, enum ckpt_dtype b)
{
	*c = (struct compare){ .a = a, .b = b };
}

bool
compare_is_equal(const struct compare *c)
{
	return (c->n_differ == 0);
}

bool
compare_has_ulps(const struct compare *c)
{
	return (c->a == c->b && dtype_is_weight(c->a));
}

bool
compare_has_numbers(const struct compare *c)
{
	return (dtype_is_float(c->a) && dtype_is_float(c->b));
}

/* Sign and magnitude to a number of the same order; both zeros are 0. Signs
 * are random, so that a branch would be guessed wrong half of the time. */
static inline int64_t
ordered(uint64_t bits, unsigned width)
{
	int64_t sign = -(int64_t)(bits >> (width - 1)); /* 0 or -1 */
	uint64_t mask = ((uint64_t)1 << (width - 1)) - 1;

	return (((int64_t)(bits & mask) ^ sign) - sign);
}

static inline uint64_t
load(const unsigned char *p, size_t i, unsigned width)
{
	switch (width) {
	case 16:
		return (le16_load(p + 2 * i));
	case 32:
		return (le32_load(p + 4 * i));
	default:
		return (le64_load(p + 8 * i));
	}
}

/* Elements whose bits differ, and the largest distance of two numbers. NaN
 * is what lies beyond `infinity` in magnitude. Inlined with a constant
 * width. */
static inline __attribute__((always_inline)) void
add_bits(struct compare *c, const unsigned char *a, const unsigned char *b,
    size_t n, unsigned width, uint64_t infinity)
{
	uint64_t p, q, d, mask = ((uint64_t)1 << (width - 1)) - 1;
	uint64_t max = c->max_ulps;
	int64_t x, y;
	size_t i;

	for (i = 0; i < n; i++) {
		p = load(a, i, width);
		q = load(b, i, width);
		if (p == q)
			continue;
		c->n_differ++;
		if ((p & mask) > infinity || (q & mask) > infinity)
			continue;
		x = ordered(p, width);
		y = ordered(q, width);
		d = (uint64_t)(x > y ? x : y) - (uint64_t)(x > y ? y : x);
		if (d > max)
			max = d;
	}
	c->max_ulps = max;
}

static void
add_weight_bits(struct compare *c, const unsigned char *a,
    const unsigned char *b, size_t n)
{
	switch (c->a) {
	case CKPT_F16:
		add_bits(c, a, b, n, 16, 0x7C00);
		break;
	case CKPT_BF16:
		add_bits(c, a, b, n, 16, 0x7F80);
		break;
	case CKPT_F32:
		add_bits(c, a, b, n, 32, 0x7F800000);
		break;
	default:
		add_bits(c, a, b, n, 64, 0x7FF0000000000000);
	}
}

/* Sums of a chunk, in lanes, which compilers turn into vectors; the lanes
 * are added up in their order. */
#define LANES 8

struct sums {
	double aa[LANES], bb[LANES], ab[LANES], dd[LANES], max[LANES];
};

static void
add_lanes(struct sums *s, const double *x, const double *y)
{
	double d;
	size_t l;

	for (l = 0; l < LANES; l++) {
		d = x[l] - y[l];
		s->aa[l] += x[l] * x[l];
		s->bb[l] += y[l] * y[l];
		s->ab[l] += x[l] * y[l];
		s->dd[l] += d * d;
		d = fabs(d);
		s->max[l] = d > s->max[l] ? d : s->max[l];
	}
}

/* A chunk with elements that are not finite, one by one. */
static void
add_special(struct compare *c, const double *x, const double *y, size_t n)
{
	size_t i;
	double d;

	for (i = 0; i < n; i++) {
		d = x[i] - y[i];
		if (isfinite(x[i]) && isfinite(y[i])) {
			c->squares_a += x[i] * x[i];
			c->squares_b += y[i] * y[i];
			c->products += x[i] * y[i];
			c->squares_diff += d * d;
		} else if (isnan(x[i]) != isnan(y[i]))
			c->n_nan++;
		if (fabs(d) > c->max_abs)
			c->max_abs = fabs(d);
	}
}

static bool
all_finite(const double *x, size_t n)
{
	double zero = 0;
	size_t i;

	for (i = 0; i < n; i++)
		zero += x[i] * 0;
	return (!isnan(zero));
}

/* n <= CHUNK; the arrays have room for zeros up to whole lanes. */
static void
add_numbers(struct compare *c, double *x, double *y, size_t n)
{
	struct sums s = { .aa = { 0 } };
	size_t i;

	if (!all_finite(x, n) || !all_finite(y, n)) {
		add_special(c, x, y, n);
		return;
	}
	for (i = n; i % LANES != 0; i++)
		x[i] = y[i] = 0;
	for (i = 0; i < n; i += LANES)
		add_lanes(&s, x + i, y + i);
	for (i = 0; i < LANES; i++) {
		c->squares_a += s.aa[i];
		c->squares_b += s.bb[i];
		c->products += s.ab[i];
		c->squares_diff += s.dd[i];
		if (s.max[i] > c->max_abs)
			c->max_abs = s.max[i];
	}
}

/* Elements whose bits differ; of any width. */
static uint64_t
count_bits(const unsigned char *a, const unsigned char *b, size_t n,
    unsigned width)
{
	size_t i, at, k, bytes = width / 8;
	uint64_t differ = 0;
	unsigned d;

	if (width % 8 == 0) {
		for (i = 0; i < n; i++)
			differ += memcmp(a + i * bytes, b + i * bytes,
			    bytes) != 0;
		return (differ);
	}
	for (i = 0; i < n; i++) {
		d = 0;
		for (k = 0; k < width; k++) {
			at = i * width + k;
			d |= (a[at / 8] ^ b[at / 8]) >> (at % 8) & 1;
		}
		differ += d;
	}
	return (differ);
}

/* Elements that differ as numbers; a NaN is a NaN. */
static uint64_t
count_numbers(const double *x, const double *y, size_t n)
{
	uint64_t differ = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (isnan(x[i]) || isnan(y[i]))
			differ += isnan(x[i]) != isnan(y[i]);
		else
			differ += x[i] < y[i] || x[i] > y[i];
	return (differ);
}

/* Up to CHUNK elements. */
static void
add_chunk(struct compare *c, const unsigned char *a, const unsigned char *b,
    size_t n)
{
	double x[CHUNK], y[CHUNK];
	bool has_numbers = compare_has_numbers(c);

	if (c->a != c->b)
		c->n_differ += has_numbers ? 0 : n;
	else if (memcmp(a, b, (n * dtype_bits(c->a) + 7) / 8) != 0) {
		if (compare_has_ulps(c))
			add_weight_bits(c, a, b, n);
		else
			c->n_differ += count_bits(a, b, n,
			    dtype_bits(c->a));
	}
	if (!has_numbers)
		return;
	dtype_to_f64(c->a, a, x, n);
	dtype_to_f64(c->b, b, y, n);
	if (c->a != c->b)
		c->n_differ += count_numbers(x, y, n);
	add_numbers(c, x, y, n);
}

void
compare_add(struct compare *c, const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;
	size_t m;

	c->n_elements += n;
	for (; n > 0; n -= m) {
		m = n < CHUNK ? n : CHUNK;
		add_chunk(c, p, q, m);
		p += m * dtype_bits(c->a) / 8;
		q += m * dtype_bits(c->b) / 8;
	}
}

double
compare_relative(const struct compare *c)
{
	if (!(c->squares_diff > 0))
		return (0);
	return (sqrt(c->squares_diff) / sqrt(c->squares_a));
}

double
compare_cosine(const struct compare *c)
{
	if (!(c->squares_a > 0) && !(c->squares_b > 0))
		return (1);
	return (c->products / (sqrt(c->squares_a) * sqrt(c->squares_b)));
}
