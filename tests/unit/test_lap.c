/* The assignment solver against all permutations, on costs with and without
 * ties, cold and warm. */
#include <math.h>

#include "unit.h"

#include "match/lap.h"

static uint64_t state = 1;

static double
next(unsigned kind)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	if (kind == 0)
		return ((double)(state >> 40) * 0x1p-24);
	return ((double)((state >> 40) % (kind + 1)));
}

/* The least sum over all ways to give rows [i, n) the columns not used. */
static double
brute(size_t n, const double *c, size_t i, unsigned used)
{
	double best = 1e300, sum;
	size_t j;

	if (i == n)
		return (0);
	for (j = 0; j < n; j++) {
		if (used >> j & 1)
			continue;
		sum = c[i * n + j] + brute(n, c, i + 1, used | 1U << j);
		if (sum < best)
			best = sum;
	}
	return (best);
}

static double
sum_of(size_t n, const double *c, const uint32_t *column)
{
	bool seen[512] = { false };
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_true(column[i] < n && !seen[column[i]]);
		seen[column[i]] = true;
		sum += c[i * n + column[i]];
	}
	return (sum);
}

static void
test_brute(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct lap *l;
	double c[49];
	uint32_t column[7];
	size_t n, i, round;

	(void)unused;
	must(lap_new(7, &l, &err), &err);
	for (round = 0; round < 3000; round++) {
		n = 1 + round % 7;
		for (i = 0; i < n * n; i++)
			c[i] = next((unsigned)(round / 7 % 4));
		lap_solve(l, n, c, round % 3 == 0, column);
		assert_true(fabs(sum_of(n, c, column) -
		    brute(n, c, 0, 0)) < 1e-12);
	}
	lap_free(l);
}

/* An assignment is a minimum if no cyclic exchange of columns gains: no
 * cycle of negative length among the rows (Floyd and Warshall). */
static bool
is_minimal(size_t n, const double *c, const uint32_t *column)
{
	static double d[64][64];
	size_t i, j, k;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			d[i][j] = c[i * n + column[j]] - c[i * n + column[i]];
	for (k = 0; k < n; k++)
		for (i = 0; i < n; i++)
			for (j = 0; j < n; j++)
				if (d[i][k] + d[k][j] < d[i][j])
					d[i][j] = d[i][k] + d[k][j];
	for (i = 0; i < n; i++)
		if (d[i][i] < -1e-9)
			return (false);
	return (true);
}

/* Costs of several kinds; the product of indices is the hardest. */
static double
cost_of(unsigned kind, size_t i, size_t j)
{
	switch (kind) {
	case 0:
	case 1:
	case 2:
	case 3:
		return (next(kind));
	case 4:
		return (0.1 * (double)(i % 7 * (j % 5)));
	case 5:
		return (1.0 / 3 * (double)i * (double)j);
	default:
		return (1.0 / 3 * (double)i * (double)j + 3 * next(0));
	}
}

/* Cold, and warm from the duals of other costs. */
static void
test_minimal(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const size_t n = 60;
	static double c[60 * 60], other[60 * 60];
	uint32_t column[60];
	struct lap *l;
	size_t i;
	unsigned round;

	(void)unused;
	must(lap_new(n, &l, &err), &err);
	for (round = 0; round < 70; round++) {
		for (i = 0; i < n * n; i++) {
			c[i] = cost_of(round % 7, i / n, i % n);
			other[i] = c[i] + next(0) * 1e-3;
		}
		lap_solve(l, n, c, false, column);
		(void)sum_of(n, c, column);
		assert_true(is_minimal(n, c, column));
		lap_solve(l, n, other, true, column);
		(void)sum_of(n, other, column);
		assert_true(is_minimal(n, other, column));
	}
	lap_free(l);
}

/* Larger ones end, with ties and rounding everywhere. */
static void
test_ends(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const size_t n = 400;
	double *c = malloc(n * n * sizeof(*c));
	uint32_t column[400];
	struct lap *l;
	size_t i;
	unsigned kind;

	(void)unused;
	assert_non_null(c);
	must(lap_new(n, &l, &err), &err);
	for (kind = 0; kind < 7; kind++) {
		for (i = 0; i < n * n; i++)
			c[i] = cost_of(kind, i / n, i % n);
		lap_solve(l, n, c, kind % 2 == 1, column);
		(void)sum_of(n, c, column);
	}
	lap_free(l);
	free(c);
}

static void
test_limits(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct lap *l;

	(void)unused;
	assert_int_equal(lap_new(LAP_MAX + 1, &l, &err), CKPT_LIMIT);
	must(lap_new(0, &l, &err), &err);
	lap_solve(l, 0, NULL, false, NULL);
	lap_free(l);
	lap_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brute),
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_limits),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
