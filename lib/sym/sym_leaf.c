#include "sym/sym_key.h"
#include "sym/sym_leaf.h"

enum ckpt_status
sym_leaf_new(const struct sym_plan *p, struct sym_leaf *out,
    struct ckpt_error *err)
{
	size_t n = p->first_unit[sym_n_groups(p)];

	out->values = NULL;
	out->source = calloc(n + 1, 3 * sizeof(*out->source) + 1);
	if (out->source == NULL)
		return (error_nomem(err, n * 3 * sizeof(*out->source)));
	out->where = out->source + n;
	out->rank = out->where + n;
	out->sign = (signed char *)(out->rank + n);
	return (CKPT_OK);
}

void
sym_leaf_release(struct sym_leaf *l)
{
	free(l->source);
}

/* Units in the order of their first points; blocks in that of their
 * parents' units. `rank` doubles as a mark of what has been seen. */
static void
read_group(struct sym_leaf *l, const struct sym_cells *c, size_t group)
{
	const struct sym_plan *p = c->p;
	const struct symmetry_group *g = &p->table->groups[group];
	const uint32_t *order = c->order + p->first_point[group];
	size_t first = p->first_unit[group], parent = g->parent, at, i;
	unsigned doubled = sym_cells_doubled(p, group);
	uint32_t n = sym_cells_n_points(p, group), size = g->n_units, u;
	uint32_t *fill = l->where + first; /* units in a block so far */

	if (parent != SIZE_MAX)
		size /= p->table->groups[parent].n_units;
	for (u = 0; u < g->n_units; u++) {
		l->rank[first + u] = UINT32_MAX;
		fill[u] = 0;
	}
	for (i = 0; i < n; i++) {
		u = order[i] >> doubled;
		if (l->rank[first + u] != UINT32_MAX)
			continue;
		at = 0;
		if (parent != SIZE_MAX)
			at = l->rank[p->first_unit[parent] + u / size];
		at = at * size + fill[at]++;
		l->rank[first + u] = (uint32_t)at;
		l->source[first + at] = u;
		l->sign[first + at] = doubled && (order[i] & 1) ? -1 : 1;
	}
	for (i = 0; i < g->n_units; i++)
		l->where[first + i] = c->place[p->first_point[group] +
		    (l->source[first + i] << doubled |
		    (l->sign[first + i] < 0))];
}

/* A unit of one side of the form: where it comes from, and its sign. */
static uint64_t
trace(const struct sym_leaf *l, const struct sym_side *side, uint64_t index,
    bool *is_negated)
{
	const struct sym_plan *p = l->values->p;
	size_t unit;

	if (side->group == SIZE_MAX)
		return (index);
	unit = p->first_unit[side->group] + index / side->block;
	*is_negated ^= sym_is_signed(p, side) && l->sign[unit] < 0;
	return (l->source[unit] * side->block + index % side->block);
}

/* Cell (r, c) of the form: its values, and whether their signs turn. */
static const double *
form_cell(const struct sym_leaf *l, size_t tensor, uint64_t r, uint64_t c,
    unsigned slot, bool *is_negated)
{
	const struct sym_tensor *t = &l->values->p->tensors[tensor];
	uint64_t slice_rows = t->rows / t->slices, row, col;

	*is_negated = false;
	row = trace(l, &t->row, r, is_negated);
	col = trace(l, &t->col, c + r / slice_rows * t->cols, is_negated) -
	    row / slice_rows * t->cols;
	if (t->col.group == SIZE_MAX)
		col = c;
	return (sym_values_cell(l->values, tensor, row, col, slot));
}

/* Sign of the first value of a form's cell that has one, else 0. */
static int
cell_sign(const struct sym_leaf *l, size_t tensor, uint64_t r, uint64_t c)
{
	const struct sym_tensor *t = &l->values->p->tensors[tensor];
	bool is_negated;
	const double *x = form_cell(l, tensor, r, c, 0, &is_negated);
	uint64_t k;

	for (k = 0; k < t->inner; k++)
		if (x[k] > 0 || x[k] < 0)
			return ((x[k] > 0) != is_negated ? 1 : -1);
	return (0);
}

/* Sign of the first value in the slab of unit `at` of one side. */
static int
slab_sign(const struct sym_leaf *l, const struct sym_use *use, uint64_t at)
{
	const struct sym_tensor *t = &l->values->p->tensors[use->tensor];
	uint64_t r = 0, end = t->rows, c;
	int sign;

	if (!use->is_col) {
		r = at * t->row.block;
		end = r + t->row.block;
	}
	for (; r < end; r++)
		for (c = 0; c < t->cols; c++) {
			if (use->is_col && sym_col_unit(t, r, c) != at)
				continue;
			sign = cell_sign(l, use->tensor, r, c);
			if (sign != 0)
				return (sign);
		}
	return (0);
}

/* The same over all uses of the group that write (or read) its units. */
static int
unit_sign(const struct sym_leaf *l, size_t group, uint64_t at,
    enum symmetry_action action)
{
	const struct sym_plan *p = l->values->p;
	const struct sym_tensor *t;
	size_t i;
	int sign;

	for (i = p->first_use[group]; i < p->first_use[group + 1]; i++) {
		t = &p->tensors[p->uses[i].tensor];
		if ((p->uses[i].is_col ? &t->col : &t->row)->action != action)
			continue;
		sign = slab_sign(l, &p->uses[i], at);
		if (sign != 0)
			return (sign);
	}
	return (0);
}

/* Makes the first incoming value of each unit positive, or (`dead`) the
 * first outgoing one of those that have no incoming one. */
static void
set_signs(struct sym_leaf *l, const struct sym_cells *cells, bool dead)
{
	const struct sym_plan *p = cells->p;
	size_t i, g, unit;
	uint32_t u;
	int sign;

	for (i = 0; i < p->n_signed; i++) {
		g = p->signed_groups[i];
		for (u = 0; u < p->table->groups[g].n_units; u++) {
			sign = unit_sign(l, g, u, SYMMETRY_OUT);
			if (dead)
				sign = sign != 0 ? 0 :
				    unit_sign(l, g, u, SYMMETRY_IN);
			if (sign >= 0)
				continue;
			unit = p->first_unit[g] + u;
			l->sign[unit] = (signed char)-l->sign[unit];
			l->where[unit] = cells->place[p->first_point[g] +
			    (l->source[unit] << 1 | (l->sign[unit] < 0))];
		}
	}
}

void
sym_leaf_read(struct sym_leaf *l, const struct sym_values *v,
    const struct sym_cells *cells)
{
	size_t i;

	l->values = v;
	for (i = 0; i < sym_n_groups(v->p); i++)
		read_group(l, cells, v->p->parents_first[i]);
	if (v->p->n_signed == 0)
		return;
	set_signs(l, cells, false);
	set_signs(l, cells, true);
	set_signs(l, cells, false);
}

int
sym_leaf_cmp(const struct sym_leaf *a, const struct sym_leaf *b)
{
	const struct sym_plan *p = a->values->p;
	const struct sym_tensor *t;
	const double *x, *y;
	bool flip_x, flip_y;
	uint64_t r, c, k;
	size_t i;
	int d;

	for (i = 0; i < p->n_tensors; i++) {
		t = &p->tensors[i];
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++) {
				x = form_cell(a, i, r, c, 0, &flip_x);
				y = form_cell(b, i, r, c, 1, &flip_y);
				if (x == y && flip_x == flip_y &&
				    a->values->data != NULL)
					continue;
				for (k = 0; k < t->inner; k++) {
					d = sym_key_value_cmp(
					    flip_x ? -x[k] : x[k],
					    flip_y ? -y[k] : y[k]);
					if (d != 0)
						return (d);
				}
			}
	}
	return (0);
}

bool
sym_leaf_is_parallel(const struct sym_leaf *a, const struct sym_leaf *b)
{
	const struct sym_plan *p = a->values->p;
	size_t n = p->first_unit[sym_n_groups(p)];

	return (memcmp(a->where, b->where, n * sizeof(*a->where)) == 0);
}
