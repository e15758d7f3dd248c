/*
 * Twins (ckpt-orbits 4.6): units that may be exchanged without changing a
 * value, as dead and duplicated units are. A cell of twins needs no search.
 */
#include "sym/sym_refine.h"

struct twin {
	const struct sym_values *v;
	size_t tensor;
	bool is_col;
	uint64_t block;
	uint64_t slice;   /* to take off a column */
	bool is_negated;  /* unit a is compared with the negative of b */
};

static bool
cells_equal(const double *x, const double *y, uint64_t n, bool is_negated)
{
	uint64_t k;

	for (k = 0; k < n; k++)
		if (sym_key_value_cmp(x[k], is_negated ? -y[k] : y[k]) != 0)
			return (false);
	return (true);
}

/* Index `i` along the own axis against index `j`, at `x` and `y` of the
 * other. */
static bool
lines_equal(const struct twin *w, uint64_t i, uint64_t x, uint64_t j,
    uint64_t y, bool is_negated)
{
	const struct sym_tensor *t = &w->v->p->tensors[w->tensor];
	const double *p, *q;

	if (w->is_col) {
		p = sym_values_cell(w->v, w->tensor, x, i - w->slice, 0);
		q = sym_values_cell(w->v, w->tensor, y, j - w->slice, 1);
	} else {
		p = sym_values_cell(w->v, w->tensor, i, x, 0);
		q = sym_values_cell(w->v, w->tensor, j, y, 1);
	}
	return (cells_equal(p, q, t->inner, is_negated));
}

/* A tensor whose other axis is of another group or fixed. */
static bool
apart(const struct twin *w, uint64_t a, uint64_t b)
{
	const struct sym_tensor *t = &w->v->p->tensors[w->tensor];
	uint64_t from = 0, to = w->is_col ? t->rows : t->cols, i, x;
	uint64_t slice_rows = t->rows / t->slices;

	if (w->is_col && t->slices > 1) {
		if (a / t->cols != b / t->cols)
			return (false);
		from = a / t->cols * slice_rows;
		to = from + slice_rows;
	}
	for (i = 0; i < w->block; i++)
		for (x = from; x < to; x++)
			if (!lines_equal(w, a * w->block + i, x,
			    b * w->block + i, x, w->is_negated))
				return (false);
	return (true);
}

/* A tensor with both axes in the group, so that both change places: seen
 * from its rows. */
static bool
both(const struct twin *w, uint64_t a, uint64_t b)
{
	const struct sym_plan *p = w->v->p;
	const struct sym_tensor *t = &p->tensors[w->tensor];
	uint64_t i, x, unit, to, k = t->col.block;
	bool row = w->is_negated && sym_is_signed(p, &t->row);
	bool col = w->is_negated && sym_is_signed(p, &t->col);

	if (t->slices > 1)
		return (false);
	/* row a against row b, columns exchanged */
	for (i = 0; i < w->block; i++)
		for (x = 0; x < t->cols; x++) {
			unit = x / k;
			to = unit == a ? b : unit == b ? a : unit;
			if (!lines_equal(w, a * w->block + i, x,
			    b * w->block + i, to * k + x % k,
			    row ^ (col && to != unit)))
				return (false);
		}
	/* the columns a and b of the other rows */
	for (i = 0; i < t->rows; i++)
		for (x = 0; x < k; x++) {
			unit = i / w->block;
			if (unit != a && unit != b && !lines_equal(w, i,
			    a * k + x, i, b * k + x, col))
				return (false);
		}
	return (true);
}

static bool
exchangeable(const struct sym_values *v, size_t group, uint64_t a,
    uint64_t b, bool is_negated)
{
	const struct sym_plan *p = v->p;
	const struct sym_tensor *t;
	const struct sym_side *own;
	struct twin w = { .v = v };
	bool is_good;
	size_t i;

	for (i = p->first_use[group]; i < p->first_use[group + 1]; i++) {
		w.tensor = p->uses[i].tensor;
		w.is_col = p->uses[i].is_col;
		t = &p->tensors[w.tensor];
		own = w.is_col ? &t->col : &t->row;
		w.block = own->block;
		w.is_negated = is_negated && sym_is_signed(p, own);
		w.slice = w.is_col ? a / t->cols * t->cols : 0;
		if (t->slices == 1)
			w.slice = 0;
		if (t->row.group != t->col.group)
			is_good = apart(&w, a, b);
		else if (w.is_col)
			continue; /* seen from its rows */
		else {
			w.is_negated = is_negated;
			is_good = both(&w, a, b);
		}
		if (!is_good)
			return (false);
	}
	return (true);
}

/* Whether -u may take the place of u. */
static bool
is_own_negative(const struct sym_values *v, size_t group, uint64_t u)
{
	const struct sym_plan *p = v->p;
	const struct sym_tensor *t;
	size_t i, k;
	uint64_t r, c;
	const double *x;
	bool row, col;

	for (i = p->first_use[group]; i < p->first_use[group + 1]; i++) {
		t = &p->tensors[p->uses[i].tensor];
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++) {
				row = t->row.group == group &&
				    sym_is_signed(p, &t->row) &&
				    sym_row_unit(t, r) == u;
				col = t->col.group == group &&
				    sym_is_signed(p, &t->col) &&
				    sym_col_unit(t, r, c) == u;
				if (row == col)
					continue;
				x = sym_values_cell(v, p->uses[i].tensor, r,
				    c, 0);
				for (k = 0; k < t->inner; k++)
					if (sym_key_value_cmp(x[k],
					    -x[k]) != 0)
						return (false);
			}
	}
	return (true);
}

bool
sym_twin_cell(const struct sym_values *v, const struct sym_cells *c,
    size_t group, uint32_t start)
{
	const struct sym_plan *p = v->p;
	const struct symmetry_group *g = &p->table->groups[group];
	const uint32_t *order = c->order + p->first_point[group];
	unsigned doubled = sym_cells_doubled(p, group);
	uint32_t a = order[start], b, size, i;
	uint32_t end = c->end[p->first_point[group] + start];
	bool is_good;

	if (end - start == 2 && (a >> doubled) == order[start + 1] >> doubled)
		return (is_own_negative(v, group, a >> doubled));
	if (p->is_parent[group])
		return (false); /* its blocks would have to move, too */
	size = g->parent == SIZE_MAX ? g->n_units :
	    g->n_units / p->table->groups[g->parent].n_units;
	for (i = start + 1; i < end; i++) {
		b = order[i];
		if ((a >> doubled) == (b >> doubled))
			is_good = is_own_negative(v, group, a >> doubled);
		else
			is_good = (a >> doubled) / size ==
			    (b >> doubled) / size && exchangeable(v, group,
			    a >> doubled, b >> doubled, doubled &&
			    ((a ^ b) & 1));
		if (!is_good)
			return (false);
	}
	return (true);
}
