#include <math.h>

#include "match/match.h"

/* The sum of squares of each unit along one axis of a tensor, added up in
 * the order of the elements. */
static void
add_squares(const struct sym_tensor *t, bool is_col, const double *w,
    double *sums)
{
	uint64_t r, c, k, u;

	for (r = 0; r < t->rows; r++)
		for (c = 0; c < t->cols; c++) {
			u = is_col ? sym_col_unit(t, r, c) :
			    sym_row_unit(t, r);
			for (k = 0; k < t->inner; k++, w++)
				sums[u] += *w * *w;
		}
}

static enum symmetry_action
action_of(const struct match_shape *s, const struct sym_use *use)
{
	const struct sym_tensor *t = &s->tensors[use->tensor];

	return (use->is_col ? t->col.action : t->row.action);
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

/* A tensor of one number a unit. */
static bool
is_bias(const struct sym_tensor *t)
{
	return (t->cols * t->inner == 1 && t->col.group == SIZE_MAX);
}

/* The factors from the uses with this action; units that have one stay. A
 * pass over weights, then one over biases. */
static void
factors_from(const struct match_shape *s, const double *w, size_t group,
    enum match_scale scale, enum symmetry_action action, double *factor)
{
	uint32_t u, n = s->table->groups[group].n_units;
	const struct sym_use *uses;
	const struct sym_tensor *t;
	size_t i, n_uses;
	int pass;
	double *sums = factor + n;

	uses = sym_plan_uses(s->plan, group, &n_uses);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < n_uses; i++) {
			t = &s->tensors[uses[i].tensor];
			if (action_of(s, &uses[i]) != action ||
			    is_bias(t) != (pass == 1))
				continue;
			memset(sums, 0, n * sizeof(*sums));
			add_squares(t, uses[i].is_col,
			    w + s->offset[uses[i].tensor], sums);
			for (u = 0; u < n; u++)
				if (!(factor[u] > 0) && sums[u] > 0 &&
				    isfinite(sums[u]))
					factor[u] = factor_of(sums[u], scale);
		}
}

void
match_unit_factors(const struct match_shape *s, const double *w, size_t group,
    enum match_scale scale, double *factor)
{
	uint32_t u, n = s->table->groups[group].n_units;

	for (u = 0; u < n; u++)
		factor[u] = 0;
	if (scale != MATCH_SCALE_NONE &&
	    (s->table->groups[group].kinds & SYMMETRY_SCALE))
		factors_from(s, w, group, scale, SYMMETRY_OUT, factor);
}

/* What comes in is multiplied by the factor, what goes out divided. */
void
match_outgoing_factors(const struct match_shape *s, const double *w,
    size_t group, enum match_scale scale, double *factor)
{
	uint32_t u, n = s->table->groups[group].n_units;

	for (u = 0; u < n; u++)
		factor[u] = 0;
	if (scale != MATCH_SCALE_NONE &&
	    (s->table->groups[group].kinds & SYMMETRY_SCALE))
		factors_from(s, w, group, scale, SYMMETRY_IN, factor);
	for (u = 0; u < n; u++)
		factor[u] = factor[u] > 0 ? 1 / factor[u] : 1;
}
