#include <math.h>

#include "base/banned.h"
#include "compare.h"

#define CHUNK 1024

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

/* Sign and magnitude to a number of the same order; both zeros are 0. */
static int64_t
ordered(uint64_t bits, unsigned width)
{
	uint64_t sign = (uint64_t)1 << (width - 1);

	return (bits & sign ? -(int64_t)(bits & (sign - 1)) : (int64_t)bits);
}

static uint64_t
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

static void
add_ulps(struct compare *c, const unsigned char *a, const unsigned char *b,
    const double *x, const double *y, size_t n)
{
	unsigned width = dtype_bits(c->a);
	int64_t p, q;
	uint64_t d;
	size_t i;

	for (i = 0; i < n; i++) {
		if (isnan(x[i]) || isnan(y[i]))
			continue;
		p = ordered(load(a, i, width), width);
		q = ordered(load(b, i, width), width);
		d = p > q ? (uint64_t)p - (uint64_t)q :
		    (uint64_t)q - (uint64_t)p;
		if (d > c->max_ulps)
			c->max_ulps = d;
	}
}

static void
add_numbers(struct compare *c, const double *x, const double *y, size_t n)
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
	bool has_numbers = compare_has_numbers(c), is_same = false;

	if (c->a == c->b) {
		is_same = memcmp(a, b, (n * dtype_bits(c->a) + 7) / 8) == 0;
		if (!is_same)
			c->n_differ += count_bits(a, b, n, dtype_bits(c->a));
	} else if (!has_numbers)
		c->n_differ += n;
	if (!has_numbers)
		return;
	dtype_to_f64(c->a, a, x, n);
	dtype_to_f64(c->b, b, y, n);
	if (c->a != c->b)
		c->n_differ += count_numbers(x, y, n);
	else if (!is_same && compare_has_ulps(c))
		add_ulps(c, a, b, x, y, n);
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
