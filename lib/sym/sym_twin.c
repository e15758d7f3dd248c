/*
 * Twins (ckpt-orbits 4.6): units that may be exchanged without changing a
 * value, as dead and duplicated units are. A cell of twins needs no search.
 *
 * Groups that are permuted alike, as those before and behind a normalisation
 * are, exchange their units together.
 */
#include "sym/sym_refine.h"

/* Units a and b of a family of groups change places, and in some groups
 * their signs. */
struct swap {
	const struct sym_values *v;
	const struct sym_cells *cells;
	size_t family;
	uint64_t a, b;
};

/* One tensor in an exchange. */
struct twin {
	const struct sym_values *v;
	size_t tensor;
	const struct sym_tensor *t;
	bool row_negated, col_negated; /* what takes the place is turned */
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

/* Cell (r, c) against cell (s, d). */
static bool
cell_equal(const struct twin *w, uint64_t r, uint64_t c, uint64_t s,
    uint64_t d, bool is_negated)
{
	return (cells_equal(sym_values_cell(w->v, w->tensor, r, c, 0),
	    sym_values_cell(w->v, w->tensor, s, d, 1), w->t->inner,
	    is_negated));
}

/* Rows change places, columns stay. */
static bool
rows_equal(const struct twin *w, uint64_t a, uint64_t b)
{
	const struct sym_tensor *t = w->t;
	uint64_t i, c, r = a * t->row.block, s = b * t->row.block;
	uint64_t slice_rows = t->rows / t->slices;

	if (r / slice_rows != s / slice_rows)
		return (false);
	for (i = 0; i < t->row.block; i++)
		for (c = 0; c < t->cols; c++)
			if (!cell_equal(w, r + i, c, s + i, c,
			    w->row_negated))
				return (false);
	return (true);
}

/* Columns change places, rows stay. */
static bool
cols_equal(const struct twin *w, uint64_t a, uint64_t b)
{
	const struct sym_tensor *t = w->t;
	uint64_t i, r = 0, end = t->rows, c = a * t->col.block;
	uint64_t d = b * t->col.block, slice_rows = t->rows / t->slices;

	if (t->slices > 1) {
		if (c / t->cols != d / t->cols)
			return (false);
		r = c / t->cols * slice_rows;
		end = r + slice_rows;
		c %= t->cols;
		d %= t->cols;
	}
	for (; r < end; r++)
		for (i = 0; i < t->col.block; i++)
			if (!cell_equal(w, r, c + i, r, d + i,
			    w->col_negated))
				return (false);
	return (true);
}

/* Both change places, so that rows are seen with their columns changed. */
static bool
both_equal(const struct twin *w, uint64_t a, uint64_t b)
{
	const struct sym_tensor *t = w->t;
	uint64_t n = t->row.block, k = t->col.block, i, x, unit, to;

	if (t->slices == t->rows && t->cols == 1 && n == 1)
		return (cell_equal(w, a, 0, b, 0,
		    w->row_negated ^ w->col_negated));
	if (t->slices > 1)
		return (false);
	/* row a against row b */
	for (i = 0; i < n; i++)
		for (x = 0; x < t->cols; x++) {
			unit = x / k;
			to = unit == a ? b : unit == b ? a : unit;
			if (!cell_equal(w, a * n + i, x, b * n + i,
			    to * k + x % k, w->row_negated ^
			    (w->col_negated && to != unit)))
				return (false);
		}
	/* the columns a and b of the other rows */
	for (i = 0; i < t->rows; i++)
		for (x = 0; x < k; x++) {
			unit = i / n;
			if (unit != a && unit != b && !cell_equal(w, i,
			    a * k + x, i, b * k + x, w->col_negated))
				return (false);
		}
	return (true);
}

static bool
is_in(const struct swap *s, size_t group)
{
	return (group != SIZE_MAX && s->v->p->family[group] == s->family);
}

/* Whether the tensor is the same after the exchange; `negated` by group. */
static bool
tensor_equal(const struct swap *s, size_t tensor,
    const unsigned char *negated)
{
	const struct sym_plan *p = s->v->p;
	struct twin w = { s->v, tensor, &p->tensors[tensor], false, false };
	bool row = is_in(s, w.t->row.group), col = is_in(s, w.t->col.group);

	w.row_negated = row && sym_is_signed(p, &w.t->row) &&
	    negated[w.t->row.group];
	w.col_negated = col && sym_is_signed(p, &w.t->col) &&
	    negated[w.t->col.group];
	return (row && col ? both_equal(&w, s->a, s->b) :
	    row ? rows_equal(&w, s->a, s->b) : cols_equal(&w, s->a, s->b));
}

/* Whether b may take a's place in a group's partition, and with which sign:
 * the points must be in one cell. */
static bool
choose_sign(const struct swap *s, size_t group, unsigned char *negated)
{
	const uint32_t *cell = s->cells->cell + s->v->p->first_point[group];

	*negated = 0;
	if (!sym_cells_doubled(s->v->p, group))
		return (cell[s->a] == cell[s->b]);
	if (cell[2 * s->a] == cell[2 * s->b])
		return (true);
	*negated = 1;
	return (cell[2 * s->a] == cell[2 * s->b + 1]);
}

/* Whether units a and b may be exchanged; in `group` so that b, negated or
 * not, takes a's place. `negated` is room for a byte a group. */
static bool
exchangeable(const struct swap *s, size_t group, bool is_negated,
    unsigned char *negated)
{
	const struct sym_plan *p = s->v->p;
	const struct sym_use *use;
	size_t g, i;

	for (g = 0; g < sym_n_groups(p); g++)
		if (is_in(s, g) && !choose_sign(s, g, &negated[g]))
			return (false);
	negated[group] = is_negated;
	for (g = 0; g < sym_n_groups(p); g++) {
		if (!is_in(s, g))
			continue;
		for (i = p->first_use[g]; i < p->first_use[g + 1]; i++) {
			use = &p->uses[i];
			if (use->is_col &&
			    is_in(s, p->tensors[use->tensor].row.group))
				continue; /* seen from its rows */
			if (!tensor_equal(s, use->tensor, negated))
				return (false);
		}
	}
	return (true);
}

/* Whether a cell of a tensor is its own negative. */
static bool
is_zero(const struct sym_values *v, size_t tensor, uint64_t r, uint64_t c)
{
	const double *x = sym_values_cell(v, tensor, r, c, 0);
	uint64_t k;

	for (k = 0; k < v->p->tensors[tensor].inner; k++)
		if (sym_key_value_cmp(x[k], -x[k]) != 0)
			return (false);
	return (true);
}

/* Whether -u may take the place of u. */
static bool
is_own_negative(const struct sym_values *v, size_t group, uint64_t u)
{
	const struct sym_plan *p = v->p;
	const struct sym_tensor *t;
	uint64_t r, end, c;
	bool row, col;
	size_t i;

	for (i = p->first_use[group]; i < p->first_use[group + 1]; i++) {
		t = &p->tensors[p->uses[i].tensor];
		r = 0;
		end = t->rows;
		if (!p->uses[i].is_col) {
			r = u * t->row.block;
			end = r + t->row.block;
		}
		for (; r < end; r++)
			for (c = 0; c < t->cols; c++) {
				row = t->row.group == group &&
				    sym_is_signed(p, &t->row) &&
				    sym_row_unit(t, r) == u;
				col = t->col.group == group &&
				    sym_is_signed(p, &t->col) &&
				    sym_col_unit(t, r, c) == u;
				if (row != col &&
				    !is_zero(v, p->uses[i].tensor, r, c))
					return (false);
			}
	}
	return (true);
}

/* Whether the blocks of a family's parent that hold two units are one. */
static bool
is_same_block(const struct swap *s)
{
	const struct symmetry_group *groups = s->v->p->table->groups;
	const struct symmetry_group *g = &groups[s->family];
	uint32_t size = g->n_units;

	if (g->parent != SIZE_MAX)
		size /= groups[g->parent].n_units;
	return (s->a / size == s->b / size);
}

bool
sym_twin_cell(const struct sym_values *v, const struct sym_cells *c,
    size_t group, uint32_t start, unsigned char *room)
{
	const struct sym_plan *p = v->p;
	const uint32_t *order = c->order + p->first_point[group];
	unsigned doubled = sym_cells_doubled(p, group);
	struct swap s = { v, c, p->family[group], order[start] >> doubled, 0 };
	uint32_t end = c->end[p->first_point[group] + start], i;
	bool is_good;

	for (i = start + 1; i < end; i++) {
		s.b = order[i] >> doubled;
		if (s.b == s.a)
			is_good = is_own_negative(v, group, s.a);
		else /* blocks would have to move, too */
			is_good = !p->has_blocks[s.family] &&
			    is_same_block(&s) && exchangeable(&s, group,
			    doubled && ((order[start] ^ order[i]) & 1), room);
		if (!is_good)
			return (false);
	}
	return (true);
}
