/*
 * stats_sort: sorting doubles by their bits, eleven at a time.
 */
#include "stats/stats.h"

#define DIGIT_BITS 11
#define N_DIGITS 6 /* of 11 bits: 66 >= 64 */
#define N_VALUES (1 << DIGIT_BITS)

/* An integer that is ordered as the double is. */
static uint64_t
to_key(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (bits >> 63 ? ~bits : bits | UINT64_C(1) << 63);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = to_key(*(const double *)a);
	const uint64_t y = to_key(*(const double *)b);

	return ((x > y) - (x < y));
}

static unsigned
digit(double x, unsigned i)
{
	return ((unsigned)(to_key(x) >> (i * DIGIT_BITS)) & (N_VALUES - 1));
}

void
stats_sort(double *x, size_t n, double *scratch)
{
	uint32_t counts[N_VALUES];
	double *from = x, *to = scratch;

	if (n < 256 || n > UINT32_MAX) {
		if (n > 1)
			qsort(x, n, sizeof(*x), compare);
		return;
	}
	for (unsigned i = 0; i < N_DIGITS; i++) {
		double *swap;
		uint32_t sum = 0;

		memset(counts, 0, sizeof(counts));
		for (size_t k = 0; k < n; k++)
			counts[digit(from[k], i)]++;
		/* Scores that were floats end in zeros: nothing to do. */
		if (counts[digit(from[0], i)] == n)
			continue;
		for (size_t v = 0; v < N_VALUES; v++) {
			const uint32_t c = counts[v];

			counts[v] = sum;
			sum += c;
		}
		for (size_t k = 0; k < n; k++)
			to[counts[digit(from[k], i)]++] = from[k];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != x)
		memcpy(x, from, n * sizeof(*x));
}
