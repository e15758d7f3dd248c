#include "sym/sym_key.h"

/* One side of a tensor: a point of the acting group, and how it is met. */
struct label {
	const struct sym_values *v;
	const struct sym_tensor *t;
	size_t tensor;
	bool is_col;
	uint64_t own_block, other_block;
	bool own_signed, other_signed;  /* whether signs show */
	unsigned own_doubled, other_doubled;
};

static void
set_label(struct label *l, const struct sym_key *k)
{
	const struct sym_plan *p = k->values->p;
	const struct sym_tensor *t = &p->tensors[k->relation->index];
	const struct sym_side *own = k->relation->is_col ? &t->col : &t->row;
	const struct sym_side *other = k->relation->is_col ? &t->row : &t->col;

	l->v = k->values;
	l->t = t;
	l->tensor = k->relation->index;
	l->is_col = k->relation->is_col;
	l->own_block = own->block;
	l->other_block = other->block;
	l->own_signed = sym_is_signed(p, own);
	l->other_signed = sym_is_signed(p, other);
	l->own_doubled = sym_cells_doubled(p, own->group);
	l->other_doubled = other->group != SIZE_MAX &&
	    sym_cells_doubled(p, other->group);
}

/* Whether unit `u` of this side meets unit `w` of the other: always, but
 * where the columns are sliced. *slice is what to take off a column. */
static bool
meets(const struct label *l, uint64_t u, uint64_t w, uint64_t *slice)
{
	const struct sym_tensor *t = l->t;
	uint64_t rows = (l->is_col ? w * l->other_block : u * l->own_block);
	uint64_t col = l->is_col ? u : w;

	*slice = 0;
	if (t->slices == 1)
		return (true);
	*slice = rows / (t->rows / t->slices) * t->cols;
	return (col >= *slice && col - *slice < t->cols);
}

/* Compares two label vectors: own unit a with other unit x, own b with y;
 * `flip` bits say whose sign is turned. */
static int
vector_cmp(const struct label *l, uint64_t a, uint64_t x, bool flip_ax,
    uint64_t b, uint64_t y, bool flip_by)
{
	uint64_t slice_a, slice_b, i, j, k, n = l->t->inner;
	const double *va, *vb;
	double da, db;
	int c;

	(void)meets(l, a, x, &slice_a);
	(void)meets(l, b, y, &slice_b);
	for (i = 0; i < l->own_block; i++)
		for (j = 0; j < l->other_block; j++) {
			uint64_t ia = a * l->own_block + i;
			uint64_t ib = b * l->own_block + i;
			uint64_t jx = x * l->other_block + j;
			uint64_t jy = y * l->other_block + j;

			va = l->is_col ? sym_values_cell(l->v, l->tensor, jx,
			    ia - slice_a, 0) : sym_values_cell(l->v,
			    l->tensor, ia, jx - slice_a, 0);
			vb = l->is_col ? sym_values_cell(l->v, l->tensor, jy,
			    ib - slice_b, 1) : sym_values_cell(l->v,
			    l->tensor, ib, jy - slice_b, 1);
			for (k = 0; k < n; k++) {
				da = flip_ax ? -va[k] : va[k];
				db = flip_by ? -vb[k] : vb[k];
				c = sym_key_value_cmp(da, db);
				if (c != 0)
					return (c);
			}
		}
	return (0);
}

/* The points of the other side in one cell, as one point sees them. */
struct list {
	const struct label *l;
	uint64_t u;     /* own unit */
	bool flip;      /* own sign */
};

static int
pair_cmp(const struct list *a, uint32_t x, const struct list *b, uint32_t y)
{
	const struct label *l = a->l;

	return (vector_cmp(l, a->u, x >> l->other_doubled,
	    a->flip ^ (l->other_signed && (x & l->other_doubled)),
	    b->u, y >> l->other_doubled,
	    b->flip ^ (l->other_signed && (y & l->other_doubled))));
}

static int
list_cmp(void *arg, uint32_t x, uint32_t y)
{
	const struct list *s = arg;

	return (pair_cmp(s, x, s, y));
}

/* Fills a list with what a point meets in the cell from `start` to `end`;
 * sorted by their labels. */
static size_t
make_list(struct sym_key *k, struct list *s, const uint32_t *order,
    uint32_t start, uint32_t end, unsigned which)
{
	uint32_t *list = k->lists[which], i;
	uint64_t slice;
	size_t n = 0;

	for (i = start; i < end; i++)
		if (meets(s->l, s->u, order[i] >> s->l->other_doubled,
		    &slice))
			list[n++] = order[i];
	if (n > 1)
		sym_key_sort(list, n, k->lists[2], list_cmp, s);
	return (n);
}

static int
cell_cmp(struct sym_key *k, struct list *a, struct list *b,
    const uint32_t *order, uint32_t start, uint32_t end)
{
	size_t n = make_list(k, a, order, start, end, 0), i;
	size_t m = make_list(k, b, order, start, end, 1);
	int c;

	for (i = 0; i < n && i < m; i++) {
		c = pair_cmp(a, k->lists[0][i], b, k->lists[1][i]);
		if (c != 0)
			return (c);
	}
	return (n > m ? 1 : n < m ? -1 : 0);
}

/* Where the other axis is fixed, each of its indices is a cell. */
static int
fixed_cmp(const struct list *a, const struct list *b)
{
	const struct label *l = a->l;
	uint64_t n = l->is_col ? l->t->rows : l->t->cols * l->t->slices;
	uint64_t x = 0, y = 0, slice;
	int c;

	for (;; x++, y++) {
		while (x < n && !meets(l, a->u, x, &slice))
			x++;
		while (y < n && !meets(l, b->u, y, &slice))
			y++;
		if (x == n || y == n)
			return (x < n ? 1 : y < n ? -1 : 0);
		c = vector_cmp(l, a->u, x, a->flip, b->u, y, b->flip);
		if (c != 0)
			return (c);
	}
}

static int
tensor_cmp(struct sym_key *k, uint32_t a, uint32_t b)
{
	const struct sym_plan *p = k->values->p;
	const struct sym_tensor *t = &p->tensors[k->relation->index];
	size_t group = k->relation->is_col ? t->row.group : t->col.group;
	const uint32_t *order, *ends;
	struct label l;
	struct list la, lb;
	uint32_t start, end, n;
	int c;

	set_label(&l, k);
	la.l = lb.l = &l;
	la.u = a >> l.own_doubled;
	lb.u = b >> l.own_doubled;
	la.flip = l.own_signed && (a & l.own_doubled);
	lb.flip = l.own_signed && (b & l.own_doubled);
	if (group == SIZE_MAX)
		return (fixed_cmp(&la, &lb));
	order = k->cells->order + p->first_point[group];
	ends = k->cells->end + p->first_point[group];
	n = sym_cells_n_points(p, group);
	for (start = 0; start < n; start = end) {
		end = ends[start];
		if (end - start == 1 && t->slices == 1)
			c = pair_cmp(&la, order[start], &lb, order[start]);
		else
			c = cell_cmp(k, &la, &lb, order, start, end);
		if (c != 0)
			return (c);
	}
	return (0);
}

/* The first cell that a unit has a point in. */
static uint32_t
unit_cell(const struct sym_cells *c, size_t group, uint32_t u)
{
	const uint32_t *cell = c->cell + c->p->first_point[group];

	if (!sym_cells_doubled(c->p, group))
		return (cell[u]);
	return (cell[2 * u] < cell[2 * u + 1] ? cell[2 * u] :
	    cell[2 * u + 1]);
}

static int
child_cmp(const struct sym_key *k, uint32_t a, uint32_t b)
{
	const struct sym_plan *p = k->values->p;
	const struct symmetry_group *g = &p->table->groups[k->relation->group];
	unsigned doubled = sym_cells_doubled(p, k->relation->group);
	uint32_t size = g->n_units / p->table->groups[g->parent].n_units;
	uint32_t x = unit_cell(k->cells, g->parent, (a >> doubled) / size);
	uint32_t y = unit_cell(k->cells, g->parent, (b >> doubled) / size);

	return (x < y ? 1 : x > y ? -1 : 0);
}

/* Which of two units has more points of its block in the first cell where
 * they differ. */
static int
parent_cmp(const struct sym_key *k, uint32_t a, uint32_t b)
{
	const struct sym_plan *p = k->values->p;
	size_t child = k->relation->index;
	const uint32_t *order = k->cells->order + p->first_point[child];
	const uint32_t *ends = k->cells->end + p->first_point[child];
	unsigned doubled = sym_cells_doubled(p, k->relation->group);
	unsigned child_doubled = sym_cells_doubled(p, child);
	uint32_t size = p->table->groups[child].n_units /
	    p->table->groups[k->relation->group].n_units;
	uint32_t i, end = 0, u, n = sym_cells_n_points(p, child);
	int64_t more = 0;

	a >>= doubled;
	b >>= doubled;
	for (i = 0; i < n; i++) {
		if (i == end && more != 0)
			break;
		if (i == end || i == 0)
			end = ends[i];
		u = (order[i] >> child_doubled) / size;
		more += (u == a) - (u == b);
	}
	return (more > 0 ? 1 : more < 0 ? -1 : 0);
}

int
sym_key_cmp(struct sym_key *k, uint32_t a, uint32_t b)
{
	const uint32_t *cell;

	switch (k->relation->kind) {
	case SYM_RELATION_TENSOR:
		return (tensor_cmp(k, a, b));
	case SYM_RELATION_CHILD:
		return (child_cmp(k, a, b));
	case SYM_RELATION_PARENT:
		return (parent_cmp(k, a, b));
	case SYM_RELATION_NEGATION:
		break;
	}
	cell = k->cells->cell + k->values->p->first_point[k->relation->group];
	a = cell[a ^ 1];
	b = cell[b ^ 1];
	return (a > b ? 1 : a < b ? -1 : 0);
}

void
sym_key_sort(uint32_t *points, size_t n, uint32_t *room,
    int (*cmp)(void *arg, uint32_t a, uint32_t b), void *arg)
{
	size_t half = n / 2, i, j, k;
	uint32_t x;

	if (n <= 8) {
		for (i = 1; i < n; i++) {
			x = points[i];
			for (j = i; j > 0 && cmp(arg, points[j - 1], x) < 0;
			    j--)
				points[j] = points[j - 1];
			points[j] = x;
		}
		return;
	}
	sym_key_sort(points, half, room, cmp, arg);
	sym_key_sort(points + half, n - half, room, cmp, arg);
	memcpy(room, points, half * sizeof(*room));
	for (i = k = 0, j = half; i < half; k++)
		if (j < n && cmp(arg, room[i], points[j]) < 0)
			points[k] = points[j++];
		else
			points[k] = room[i++];
}
