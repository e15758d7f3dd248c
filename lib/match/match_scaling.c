#include <math.h>

#include "match/match.h"

/* The sum of squares of each unit along one axis of a tensor, added up in
 * the order of the elements. Where the other axis belongs to the same group,
 * only what joins the unit to those of `counts` is taken. */
static void
add_squares(const struct sym_tensor *t, bool is_col, const double *w,
    const bool *counts, double *sums)
{
	uint64_t r, c, k, row, col;
	bool is_joined = t->row.group == t->col.group;

	for (r = 0; r < t->rows; r++)
		for (c = 0; c < t->cols; c++) {
			row = sym_row_unit(t, r);
			col = sym_col_unit(t, r, c);
			if (is_joined && !counts[is_col ? row : col]) {
				w += t->inner;
				continue;
			}
			for (k = 0; k < t->inner; k++, w++)
				sums[is_col ? col : row] += *w * *w;
		}
}

/* 1 / norm, or the power of two nearest to it on a logarithmic scale. */
static double
factor_of(double squares, enum match_scale scale)
{
	double norm = sqrt(squares), m;
	int e;

	if (scale == MATCH_SCALE_UNIT)
		return (1 / norm);
	m = frexp(norm, &e); /* in [1/2, 1) */
	return (ldexp(1, -(m * m >= 0.5 ? e : e - 1)));
}

size_t
match_unit_factors(const struct match_shape *s, const double *w, size_t group,
    const struct sym_use *use, enum match_scale scale, const bool *counts,
    bool *is_done, double *factor)
{
	const struct sym_tensor *t = &s->tensors[use->tensor];
	uint32_t u, n = s->table->groups[group].n_units;
	enum symmetry_action action = use->is_col ? t->col.action :
	    t->row.action;
	double *sums = factor + n, f;
	size_t n_new = 0;

	memset(sums, 0, n * sizeof(*sums));
	add_squares(t, use->is_col, w + s->offset[use->tensor], counts, sums);
	for (u = 0; u < n; u++) {
		factor[u] = 1;
		f = sums[u] > 0 && isfinite(sums[u]) ?
		    factor_of(sums[u], scale) : 0;
		if (is_done[u] || !(f > 0) || !isfinite(f))
			continue;
		/* what comes in is multiplied, what goes out divided */
		factor[u] = action == SYMMETRY_IN ? 1 / f : f;
		is_done[u] = true;
		n_new++;
	}
	return (n_new);
}

size_t
match_unit_signs(const struct match_shape *s, const double *w, size_t group,
    const struct sym_use *use, const bool *counts, bool *is_done,
    double *factor)
{
	const struct sym_tensor *t = &s->tensors[use->tensor];
	uint32_t u, n = s->table->groups[group].n_units;
	bool is_joined = t->row.group == t->col.group;
	uint64_t r, c, k, unit, other;
	size_t n_new = 0;

	for (u = 0; u < n; u++)
		factor[u] = 0;
	w += s->offset[use->tensor];
	for (r = 0; r < t->rows; r++)
		for (c = 0; c < t->cols; c++, w += t->inner) {
			unit = use->is_col ? sym_col_unit(t, r, c) :
			    sym_row_unit(t, r);
			other = use->is_col ? sym_row_unit(t, r) :
			    sym_col_unit(t, r, c);
			if (is_done[unit] || fabs(factor[unit]) > 0 ||
			    (is_joined && !counts[other]))
				continue;
			for (k = 0; k < t->inner; k++)
				if (fabs(w[k]) > 0) {
					factor[unit] = w[k] < 0 ? -1 : 1;
					break;
				}
		}
	for (u = 0; u < n; u++) {
		if (fabs(factor[u]) > 0) {
			is_done[u] = true;
			n_new++;
		} else
			factor[u] = 1;
	}
	return (n_new);
}
