/*
 * stats_uniform: Pearson's chi-square test.
 */
#include "stats/stats.h"

#include <math.h>

void
stats_uniform_test(const uint64_t *counts, size_t n,
    struct stats_uniform *out)
{
	double total = 0;

	for (size_t i = 0; i < n; i++)
		total += (double)counts[i];
	*out = (struct stats_uniform){ NAN, NAN, n - 1, NAN };
	if (!(total > 0))
		return;
	out->expected = total / (double)n;
	out->statistic = 0;
	for (size_t i = 0; i < n; i++) {
		const double d = (double)counts[i] - out->expected;

		out->statistic += d * d / out->expected;
	}
	out->p = n == 1 ? 1 : stats_gamma_q((double)(n - 1) / 2,
	    out->statistic / 2);
}
