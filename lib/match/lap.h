/*
 * lap: the linear assignment problem, by shortest augmenting paths (Jonker
 * and Volgenant, Computing 38, 1987): of n rows and n columns, each row gets
 * a column of its own so that the sum of the costs is least.
 */
#ifndef CKPT_MATCH_LAP_H
#define CKPT_MATCH_LAP_H

#include "base/base.h"

#define LAP_MAX 65536 /* rows */

/* Work space for problems of up to a stated size, and the column duals of
 * the last one solved. */
struct lap;

CKPT_CHECKED enum ckpt_status lap_new(size_t max_n, struct lap **out,
    struct ckpt_error *err);
void lap_free(struct lap *l); /* NULL does nothing */

/*
 * Solves for `n` <= max_n rows; `cost` is row-major with n columns, all
 * finite. column[i] is the column of row i. Among equal sums the choice is
 * the same on every run.
 *
 * With `warm` the column duals of the last solution of the same n are the
 * start: the result is a minimum all the same, sooner where the costs have
 * changed little.
 */
void lap_solve(struct lap *l, size_t n, const double *cost, bool warm,
    uint32_t *column);

#endif
