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

/* Sizes at which rounding could make the solver go round in circles: the
 * same least sum from three starts. */
static void
test_starts(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const size_t n = 200;
	static double c[200 * 200], other[200 * 200];
	uint32_t column[200];
	struct lap *l;
	double cold, warm;
	size_t i;
	unsigned kind;

	(void)unused;
	must(lap_new(n, &l, &err), &err);
	for (kind = 0; kind < 6; kind++) {
		for (i = 0; i < n * n; i++) {
			c[i] = kind < 4 ? next(kind) : kind == 4 ?
			    0.1 * (double)(i / n % 7 * (i % n % 5)) :
			    1.0 / 3 * (double)(i / n) * (double)(i % n);
			other[i] = c[i] + next(0) * 1e-3;
		}
		lap_solve(l, n, c, false, column);
		cold = sum_of(n, c, column);
		lap_solve(l, n, other, true, column);
		(void)sum_of(n, other, column);
		lap_solve(l, n, c, true, column);
		warm = sum_of(n, c, column);
		assert_true(fabs(cold - warm) <= 1e-9 * (1 + fabs(cold)));
	}
	lap_free(l);
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
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_limits),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
