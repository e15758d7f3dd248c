/*
 * lap: the linear assignment problem, by shortest augmenting paths (Jonker
 * and Volgenant, Computing 38, 1987): of n rows and n columns, each row gets
 * a column of its own so that the sum of the costs is least.
 */
#ifndef CKPT_MATCH_LAP_H
#define CKPT_MATCH_LAP_H

#include "base/base.h"

#define LAP_MAX 65536 /* rows */

/* Work space for problems of up to a stated size. */
struct lap;

CKPT_CHECKED enum ckpt_status lap_new(size_t max_n, struct lap **out,
    struct ckpt_error *err);
void lap_free(struct lap *l); /* NULL does nothing */

/*
 * Solves for `n` <= max_n rows; `cost` is row-major with n columns and is
 * used up: its content is lost. column[i] is the column of row i.
 * CKPT_INVALID where a cost is not finite, with its row and column.
 *
 * Costs are rounded to 2^27 steps of their range (largest less least) and
 * the rounded problem is solved exactly, in integers: the sum exceeds the
 * least one by at most n * range * 2^-27. Among equal sums the choice is the
 * same on every run and every CPU.
 *
 * `duals`, unless NULL, are the n column duals of the solution, in units of
 * the costs. With `warm` they are the start, too: the result is a minimum all
 * the same, sooner where the costs have changed little since.
 */
CKPT_CHECKED enum ckpt_status lap_solve(struct lap *l, size_t n, float *cost,
    double *duals, bool warm, uint32_t *column, struct ckpt_error *err);

#endif
