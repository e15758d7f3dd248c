/*
 * Assignments for lap_scipy.py: reads problems from standard input, each an
 * n as u64 and n * n costs as f32 in the host's order of bytes, and prints the
 * columns of each on a line.
 */
#include "match/lap.h"

int
main(void)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct lap *l;
	uint64_t n;
	float *cost = NULL;
	uint32_t *column = NULL;
	size_t i;

	if (lap_new(2048, &l, &err) != CKPT_OK)
		return (2);
	while (fread(&n, sizeof(n), 1, stdin) == 1 && n <= 2048) {
		cost = malloc((size_t)(n * n + 1) * sizeof(*cost));
		column = malloc((size_t)(n + 1) * sizeof(*column));
		if (cost == NULL || column == NULL || fread(cost,
		    sizeof(*cost), (size_t)(n * n), stdin) != n * n)
			return (2);
		if (lap_solve(l, (size_t)n, cost, NULL, false, column,
		    &err) != CKPT_OK)
			return (2);
		for (i = 0; i < n; i++)
			(void)printf("%u%c", column[i],
			    i + 1 < n ? ' ' : '\n');
		free(cost);
		free(column);
	}
	lap_free(l);
	return (0);
}
