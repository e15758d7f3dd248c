/* Products of matrices against a sum in double, on every path. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "unit.h"

#include "match/gemm.h"

static uint64_t state = 1;

static float
next(void)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return ((float)(state >> 40) * 0x1p-23F - 1);
}

/* [n][k] or, transposed, [k][n], in memory of its own. */
static struct gemm_matrix
matrix(size_t n, size_t k, bool is_transposed)
{
	float *p = malloc((n * k + 1) * sizeof(*p));
	size_t i;

	assert_non_null(p);
	for (i = 0; i < n * k; i++)
		p[i] = next();
	return (is_transposed ? (struct gemm_matrix){ p, 1, n } :
	    (struct gemm_matrix){ p, k, 1 });
}

static void
check(gemm_add *add, size_t m, size_t n, size_t k, bool ta, bool tb)
{
	struct gemm_matrix a = matrix(m, k, ta), b = matrix(n, k, tb);
	size_t stride = n + 3, i, j, x;
	float *c = calloc(m * stride + 1, sizeof(*c));
	double sum;

	assert_non_null(c);
	for (i = 0; i < m * stride; i++)
		c[i] = 1;
	add(m, n, k, &a, &b, c, stride);
	for (i = 0; i < m; i++)
		for (j = 0; j < stride; j++) {
			for (sum = 1, x = 0; j < n && x < k; x++)
				sum += (double)a.p[i * a.down + x * a.right] *
				    (double)b.p[j * b.down + x * b.right];
			assert_true(fabs((double)c[i * stride + j] - sum) <=
			    1e-6 * sqrt((double)k + 1));
		}
	free((float *)a.p);
	free((float *)b.p);
	free(c);
}

static void
test_paths(void **unused)
{
	static const size_t sizes[] = { 1, 2, 5, 12, 13, 31, 32, 33, 70 };
	const size_t n = sizeof(sizes) / sizeof(*sizes);
	unsigned path;
	size_t i;

	(void)unused;
	for (path = 0; path < GEMM_PATHS; path++)
		for (i = 0; i < n * n * 4; i++) {
			if (gemm_path(path) == NULL)
				continue;
			check(gemm_path(path), sizes[i / 4 % n],
			    sizes[i / 4 / n], i % 3 == 0 ? 600 :
			    sizes[i % n], i % 2 == 1, i / 2 % 2 == 1);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
