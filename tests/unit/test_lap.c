/* The assignment solver against all permutations, on costs with and without
 * ties, cold and warm. */
#include <float.h>
#include <math.h>

#include "unit.h"

#include "match/lap.h"
#include "match/lap_dense.h"

static uint64_t state = 1;

static float
next(unsigned kind)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	if (kind == 0)
		return ((float)(state >> 40) * 0x1p-24F);
	return ((float)((state >> 40) % (kind + 1)));
}

/* The least sum over all ways to give rows [i, n) the columns not used. */
static double
brute(size_t n, const float *c, size_t i, unsigned used)
{
	double best = 1e300, sum;
	size_t j;

	if (i == n)
		return (0);
	for (j = 0; j < n; j++) {
		if (used >> j & 1)
			continue;
		sum = (double)c[i * n + j] + brute(n, c, i + 1, used | 1U << j);
		if (sum < best)
			best = sum;
	}
	return (best);
}

static double
sum_of(size_t n, const float *c, const uint32_t *column)
{
	bool seen[512] = { false };
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_true(column[i] < n && !seen[column[i]]);
		seen[column[i]] = true;
		sum += (double)c[i * n + column[i]];
	}
	return (sum);
}

/* By how much a sum may exceed the least one (lap.h). */
static double
bound(size_t n, const float *c)
{
	double least = INFINITY, most = -INFINITY;
	size_t i;

	for (i = 0; i < n * n; i++) {
		least = fmin(least, (double)c[i]);
		most = fmax(most, (double)c[i]);
	}
	return ((double)n * (most - least) * 0x1p-27);
}

/* Leaves the costs as they are. */
static double duals[512]; /* of the last problem */

static void
solve(struct lap *l, size_t n, const float *c, bool warm, uint32_t *column)
{
	struct ckpt_error err = { .status = CKPT_OK };
	float *copy = malloc(n * n * sizeof(*copy));

	assert_non_null(copy);
	memcpy(copy, c, n * n * sizeof(*copy));
	must(lap_solve(l, n, copy, duals, warm, column, &err), &err);
	free(copy);
}

static void
test_brute(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct lap *l;
	float c[49];
	uint32_t column[7];
	size_t n, i, round;

	(void)unused;
	must(lap_new(7, &l, &err), &err);
	for (round = 0; round < 3000; round++) {
		n = 1 + round % 7;
		for (i = 0; i < n * n; i++)
			c[i] = next((unsigned)(round / 7 % 4));
		solve(l, n, c, round % 3 == 0, column);
		assert_true(fabs(sum_of(n, c, column) -
		    brute(n, c, 0, 0)) <= bound(n, c));
	}
	lap_free(l);
}

/* An assignment is a minimum if no cyclic exchange of columns gains: no
 * cycle of negative length among the rows (Floyd and Warshall). */
static bool
is_minimal(size_t n, const float *c, const uint32_t *column)
{
	static double d[64][64];
	size_t i, j, k;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			d[i][j] = (double)c[i * n + column[j]] -
			    (double)c[i * n + column[i]];
	for (k = 0; k < n; k++)
		for (i = 0; i < n; i++)
			for (j = 0; j < n; j++)
				if (d[i][k] + d[k][j] < d[i][j])
					d[i][j] = d[i][k] + d[k][j];
	for (i = 0; i < n; i++)
		if (d[i][i] < -bound(n, c))
			return (false);
	return (true);
}

/* Costs of several kinds; the product of indices is the hardest. */
static float
cost_of(unsigned kind, size_t i, size_t j)
{
	switch (kind) {
	case 0:
	case 1:
	case 2:
	case 3:
		return (next(kind));
	case 4:
		return (0.1F * (float)(i % 7 * (j % 5)));
	case 5:
		return (1.0F / 3 * (float)i * (float)j);
	case 6:
		return (1.0F / 3 * (float)i * (float)j + 3 * next(0));
	case 7:
		return (1);
	case 8: /* one column is all that rows want */
		return (j == 3 ? 0 : 1 + next(0) * 0x1p-10F);
	case 9:
		return ((next(1) - 0.5F) * 2 * FLT_MAX);
	case 10:
		return (1e-40F * next(0));
	default: /* the list of a row is full of ties */
		return (j < 40 ? 0 : next(0));
	}
}

#define N_KINDS 12

/* Cold, and warm from the duals of other costs. */
static void
test_minimal(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const size_t n = 60;
	static float c[60 * 60], other[60 * 60];
	uint32_t column[60];
	struct lap *l;
	size_t i;
	unsigned round;

	(void)unused;
	must(lap_new(n, &l, &err), &err);
	for (round = 0; round < 10 * N_KINDS; round++) {
		for (i = 0; i < n * n; i++) {
			c[i] = cost_of(round % N_KINDS, i / n, i % n);
			other[i] = c[i] / 2 + next(0) * 1e-3F;
		}
		solve(l, n, c, false, column);
		(void)sum_of(n, c, column);
		assert_true(is_minimal(n, c, column));
		solve(l, n, other, true, column);
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
	float *c = malloc(n * n * sizeof(*c));
	uint32_t column[400];
	struct lap *l;
	size_t i;
	unsigned kind;

	(void)unused;
	assert_non_null(c);
	must(lap_new(n, &l, &err), &err);
	for (kind = 0; kind < N_KINDS; kind++) {
		for (i = 0; i < n * n; i++)
			c[i] = cost_of(kind, i / n, i % n);
		solve(l, n, c, kind % 2 == 1, column);
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
	must(lap_solve(l, 0, NULL, NULL, false, NULL, &err), &err);
	lap_free(l);
	lap_free(NULL);
}

static void
test_not_finite(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const float bad[] = { NAN, INFINITY, -INFINITY };
	float c[40 * 40];
	uint32_t column[40];
	struct lap *l;
	size_t i, k;

	(void)unused;
	must(lap_new(40, &l, &err), &err);
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 40 * 40; i++)
			c[i] = next(0);
		c[17 * 40 + 39] = bad[k];
		assert_int_equal(lap_solve(l, 40, c, NULL, false, column,
		    &err),
		    CKPT_INVALID);
		assert_non_null(strstr(err.text, "row 17, column 39"));
	}
	c[0] = NAN;
	assert_int_equal(lap_solve(l, 1, c, NULL, false, column, &err),
	    CKPT_INVALID);
	lap_free(l);
}

/* Every instruction set does what plain C does. */
static void
test_paths(void **unused)
{
	const struct lap_dense *a = lap_dense_path(LAP_DENSE_PATHS - 1), *b;
	float c[2][200], low[2], high[2];
	int32_t v[2][200];
	uint32_t row[2][200], at[2][64];
	size_t n, j, from[2], got[2];
	unsigned path;

	(void)unused;
	for (path = 0; path < LAP_DENSE_PATHS; path++)
		for (n = 1; n <= 200; n++) {
			b = lap_dense_path(path);
			if (b == NULL)
				continue;
			for (j = 0; j < n; j++) {
				c[0][j] = c[1][j] = 2 * next(0) - 1;
				v[0][j] = v[1][j] = (int32_t)next(1000) - 500;
				row[0][j] = row[1][j] = 7;
			}
			a->range(c[0], n, &low[0], &high[0]);
			b->range(c[1], n, &low[1], &high[1]);
			assert_memory_equal(low, low + 1, sizeof(*low));
			assert_memory_equal(high, high + 1, sizeof(*high));
			a->quantize(c[0], n, -1, 700);
			b->quantize(c[1], n, -1, 700);
			assert_memory_equal(c[0], c[1], n * sizeof(**c));
			for (from[0] = from[1] = 0; from[0] < n;) {
				got[0] = a->below((int32_t *)c[0], v[0], n,
				    500, &from[0], at[0], 64);
				got[1] = b->below((int32_t *)c[1], v[1], n,
				    500, &from[1], at[1], 64);
				assert_int_equal(got[0], got[1]);
				assert_int_equal(from[0], from[1]);
				assert_memory_equal(at[0], at[1],
				    got[0] * sizeof(**at));
			}
			a->lower((int32_t *)c[0], n, 9, v[0], row[0]);
			b->lower((int32_t *)c[1], n, 9, v[1], row[1]);
			assert_memory_equal(v[0], v[1], n * sizeof(**v));
			assert_memory_equal(row[0], row[1],
			    n * sizeof(**row));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brute),
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_paths),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
