/*
 * lap_time: CPU seconds of one assignment for bench_match.py, which writes n
 * as u64 and n * n costs as f32 to standard input: the median of five, and
 * the sum of the costs.
 */
#include "match/lap.h"

#include "cpu_time.h"

static int
solve(struct lap *l, size_t n, const float *cost, float *copy,
    uint32_t *column)
{
	struct ckpt_error err = { .status = CKPT_OK };
	double time[5], sum = 0;
	size_t i;

	for (i = 0; i < 5; i++) {
		memcpy(copy, cost, n * n * sizeof(*copy));
		time[i] = seconds();
		if (lap_solve(l, n, copy, NULL, false, column, &err) !=
		    CKPT_OK)
			return (2);
		time[i] = seconds() - time[i];
	}
	for (i = 0; i < n; i++)
		sum += (double)cost[i * n + column[i]];
	(void)printf("%.6f %.9g\n", median(time, 5), sum);
	return (0);
}

int
main(void)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct lap *l;
	uint64_t n;
	float *cost;
	uint32_t *column;

	if (fread(&n, sizeof(n), 1, stdin) != 1 || n > LAP_MAX ||
	    lap_new((size_t)n, &l, &err) != CKPT_OK)
		return (2);
	cost = malloc(2 * (size_t)(n * n) * sizeof(*cost) + 1);
	column = malloc((size_t)n * sizeof(*column) + 1);
	if (cost == NULL || column == NULL ||
	    fread(cost, sizeof(*cost), (size_t)(n * n), stdin) != n * n)
		return (2);
	return (solve(l, (size_t)n, cost, cost + n * n, column));
}
