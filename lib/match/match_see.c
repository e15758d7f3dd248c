#include <math.h>

#include "match/match_work.h"

/* What the other axis's unit multiplies a weight by. */
static float
factor_along(const struct match_use *u, bool with_joint, double factor)
{
	if (u->other_action == SYMMETRY_NONE)
		return (1);
	if (u->is_joint && !with_joint)
		factor = fabs(factor);
	return ((float)(u->other_action == SYMMETRY_IN ? 1 / factor :
	    factor));
}

void
match_see(const struct match_work *k, const struct match_use *u,
    bool with_joint, struct match_term *t)
{
	const struct match_unit *units;
	size_t i, j, s, n = u->n_other;

	if (u->other == SIZE_MAX) {
		for (i = 0; i < n * u->slices; i++)
			t[i] = (struct match_term){ (uint32_t)(i % n), 1 };
		return;
	}
	/* slice i of the result is slice s of the model */
	units = k->map.units[u->other];
	for (i = 0; i < u->slices; i++) {
		s = units[i * n].source / n;
		for (j = 0; j < n; j++)
			t[s * n + j] = (struct match_term){
			    (uint32_t)(units[i * n + j].source % n),
			    factor_along(u, with_joint,
			    units[i * n + j].factor) };
	}
}

/* Where the product of unit x of this axis with unit j of the other begins:
 * row_block runs, cols * run apart. */
static size_t
piece(const struct match_use *u, size_t x, size_t j)
{
	if (!u->is_col)
		return ((x * u->row_block * u->cols + j) * u->run);
	return (((x / u->cols * u->n_other + j) * u->row_block * u->cols +
	    x % u->cols) * u->run);
}

static double
dot(const float *a, const float *b, size_t n)
{
	double sum[4] = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		sum[0] += (double)a[i] * (double)b[i];
		sum[1] += (double)a[i + 1] * (double)b[i + 1];
		sum[2] += (double)a[i + 2] * (double)b[i + 2];
		sum[3] += (double)a[i + 3] * (double)b[i + 3];
	}
	for (; i < n; i++)
		sum[0] += (double)a[i] * (double)b[i];
	return ((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

static double
squares_of(const float *w, size_t n)
{
	return (dot(w, w, n));
}

static size_t
slice_of(const struct match_use *u, size_t x)
{
	return (u->is_col ? x / u->cols : x / (u->rows / u->slices));
}

double
match_see_pair(const struct match_work *k, const struct match_use *u,
    const struct match_term *t, size_t a, size_t b)
{
	size_t at = k->problem->shape->offset[u->tensor], j, r, p, q;
	const float *ref = k->problem->ref.w + at, *w = k->model.w + at;
	double sum = 0, part;

	t += slice_of(u, b) * u->n_other;
	for (j = 0; j < u->n_other; j++) {
		p = piece(u, a, j);
		q = piece(u, b, t[j].source);
		part = 0;
		for (r = 0; r < u->row_block; r++)
			part += dot(ref + p + r * u->cols * u->run,
			    w + q + r * u->cols * u->run, u->run);
		sum += part * (double)t[j].factor;
	}
	return (sum);
}

double
match_see_squares(const struct match_work *k, const struct match_use *u,
    const struct match_term *t, size_t b)
{
	const float *w = k->model.w +
	    k->problem->shape->offset[u->tensor], *x;
	double sum = 0, part, f;
	size_t j, r;

	t += slice_of(u, b) * u->n_other;
	for (j = 0; j < u->n_other; j++) {
		x = w + piece(u, b, t[j].source);
		f = (double)t[j].factor;
		part = 0;
		for (r = 0; r < u->row_block; r++)
			part += squares_of(x + r * u->cols * u->run, u->run);
		sum += f * f * part;
	}
	return (ldexp(sum, k->model.exponent - k->problem->ref.exponent));
}

/* ---- a whole tensor ---- */

static double
factor_of(const struct match_work *k, const struct sym_side *s, size_t unit)
{
	double f;

	if (s->group == SIZE_MAX || s->action == SYMMETRY_NONE)
		return (1);
	f = k->map.units[s->group][unit].factor;
	return (s->action == SYMMETRY_IN ? 1 / f : f);
}

static size_t
source_of(const struct match_work *k, const struct sym_side *s, size_t unit)
{
	if (s->group == SIZE_MAX)
		return (unit);
	return (k->map.units[s->group][unit].source);
}

/* Whether columns [first, first + n) are those of the model, as they are. */
static bool
stay_in_place(const struct match_work *k, const struct sym_tensor *t,
    size_t first, size_t n)
{
	const struct match_unit *units;
	size_t i;

	if (t->col.group == SIZE_MAX)
		return (true);
	units = k->map.units[t->col.group] + first;
	for (i = 0; i < n; i++)
		if (units[i].source % n != i || units[i].factor < 1 ||
		    units[i].factor > 1)
			return (false);
	return (true);
}

/* One row of the result, of the model's row `w`: its columns are units
 * `first` and up. Returns the products, adds the squares. */
static double
see_row(const struct match_work *k, const struct sym_tensor *t, size_t first,
    const float *ref, const float *w, double *squares)
{
	size_t run = (size_t)(t->col.block * t->inner), c;
	size_t cols = (size_t)(t->cols / t->col.block), q;
	bool has_squares = k->problem->scale == MATCH_SCALE_POW2;
	double sum = 0, f;

	if (stay_in_place(k, t, first, cols)) {
		if (has_squares)
			*squares += squares_of(w, cols * run);
		return (dot(ref, w, cols * run));
	}
	for (c = 0; c < cols; c++) {
		q = source_of(k, &t->col, first + c) % cols * run;
		f = factor_of(k, &t->col, first + c);
		sum += f * dot(ref + c * run, w + q, run);
		if (has_squares)
			*squares += f * f * squares_of(w + q, run);
	}
	return (sum);
}

double
match_see_tensor(const struct match_work *k, size_t tensor)
{
	const struct match_problem *p = k->problem;
	const struct sym_tensor *t = &p->shape->tensors[tensor];
	size_t width = (size_t)(t->cols * t->inner), r, u, first, from;
	size_t block = (size_t)t->row.block, at = p->shape->offset[tensor];
	double sum = 0, squares = 0, row_squares, f;

	for (r = 0; r < t->rows; r++) {
		u = r / block;
		from = source_of(k, &t->row, u) * block + r % block;
		f = factor_of(k, &t->row, u);
		first = t->slices > 1 ? r / (size_t)(t->rows / t->slices) *
		    (size_t)(t->cols / t->col.block) : 0;
		row_squares = 0;
		sum += f * see_row(k, t, first, p->ref.w + at + r * width,
		    k->model.w + at + from * width, &row_squares);
		squares += f * f * row_squares;
	}
	if (p->scale == MATCH_SCALE_POW2) /* see match_score */
		sum -= ldexp(squares, k->model.exponent - p->ref.exponent) / 2;
	return (sum);
}

double
match_score(const struct match_work *k)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < k->problem->shape->n_tensors; i++)
		sum += k->score[i];
	return (sum);
}
