/* The relations of a plan, and whether its blocks and slices fit. */
#include "sym/sym_plan.h"

/* The group whose units are the `n` blocks that hold the units of `group`;
 * SIZE_MAX if they do not move (the group, or what holds it, is fixed);
 * SIZE_MAX - 1 if there is none. */
static size_t
block_group(const struct symmetry *s, size_t group, uint64_t n)
{
	const struct symmetry_group *g;
	size_t found = SIZE_MAX - 1;

	for (; group != SIZE_MAX; group = g->parent) {
		g = &s->groups[group];
		if (g->n_units == n)
			found = group;
		if (g->is_fixed)
			return (g->n_units % n == 0 ? SIZE_MAX : found);
	}
	return (found);
}

/* Slices of columns must move as the slices of rows do. */
static enum ckpt_status
check_slices(const struct sym_plan *p, const struct sym_tensor *t,
    struct ckpt_error *err)
{
	const struct symmetry *s = p->table;
	size_t in, out = SIZE_MAX;

	if (t->slices == 1)
		return (CKPT_OK);
	in = block_group(s, t->col.group, t->slices);
	if (t->row.group != SIZE_MAX)
		out = block_group(s, t->row.group, t->slices);
	if (in == out && in != SIZE_MAX - 1 &&
	    t->rows / t->slices % t->row.block == 0)
		return (CKPT_OK);
	return (error_set(err, CKPT_INVALID,
	    "the slices of the tensor \"%.200s\" do not move with its rows",
	    p->schema->tensors[t->index].name));
}

static void
add(struct sym_plan *p, enum sym_relation_kind kind, size_t group,
    size_t index, bool is_col)
{
	if (group != SIZE_MAX)
		p->relations[p->n_relations++] = (struct sym_relation){ kind,
		    group, index, is_col };
}

static void
list_relations(struct sym_plan *p)
{
	const struct symmetry_group *groups = p->table->groups;
	size_t i;

	for (i = 0; i < p->n_tensors; i++) {
		add(p, SYM_RELATION_TENSOR, p->tensors[i].row.group, i,
		    false);
		add(p, SYM_RELATION_TENSOR, p->tensors[i].col.group, i, true);
	}
	for (i = 0; i < sym_n_groups(p); i++)
		if (groups[i].parent != SIZE_MAX) {
			add(p, SYM_RELATION_CHILD, i, 0, false);
			add(p, SYM_RELATION_PARENT, groups[i].parent, i,
			    false);
		}
	for (i = 0; i < sym_n_groups(p); i++)
		if ((groups[i].kinds & SYMMETRY_SIGN) != 0)
			add(p, SYM_RELATION_NEGATION, i, 0, false);
}

/* Chains of parents are short (symmetry_check). */
static void
list_parents_first(struct sym_plan *p)
{
	const struct symmetry_group *groups = p->table->groups;
	size_t n = sym_n_groups(p), i, k = 0, depth, up;

	for (depth = 0; k < n; depth++)
		for (i = 0; i < n; i++) {
			size_t d = 0;

			for (up = groups[i].parent; up != SIZE_MAX;
			    up = groups[up].parent)
				d++;
			if (d == depth)
				p->parents_first[k++] = i;
		}
}

static void
list_families(struct sym_plan *p)
{
	const struct symmetry_group *groups = p->table->groups, *g;
	size_t i, up;

	for (i = 0; i < sym_n_groups(p); i++) {
		up = i;
		while (groups[up].parent != SIZE_MAX &&
		    groups[groups[up].parent].n_units == groups[up].n_units)
			up = groups[up].parent;
		p->family[i] = up;
	}
	for (i = 0; i < sym_n_groups(p); i++) {
		g = &groups[i];
		if (g->parent != SIZE_MAX &&
		    groups[g->parent].n_units != g->n_units)
			p->has_blocks[p->family[g->parent]] = true;
	}
}

/* The first use that writes the group's units. */
static size_t
first_writer(const struct sym_plan *p, size_t group)
{
	const struct sym_use *use;
	size_t i;

	for (i = p->first_use[group]; i < p->first_use[group + 1]; i++) {
		use = &p->uses[i];
		if ((use->is_col ? p->tensors[use->tensor].col :
		    p->tensors[use->tensor].row).action == SYMMETRY_OUT)
			return (use->tensor);
	}
	return (SIZE_MAX);
}

static int
signed_cmp(const void *a, const void *b, void *arg)
{
	size_t x, y, m, n;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	m = first_writer(arg, x);
	n = first_writer(arg, y);
	if (m != n)
		return (m < n ? -1 : 1);
	return (x < y ? -1 : x > y);
}

enum ckpt_status
sym_plan_relate(struct sym_plan *p, struct ckpt_error *err)
{
	const struct symmetry_group *g;
	size_t n = sym_n_groups(p), i, n_points;
	enum ckpt_status st;

	p->first_point = calloc(n + 1, sizeof(*p->first_point));
	p->relations = calloc(2 * p->n_tensors + 3 * n + 1,
	    sizeof(*p->relations));
	p->family = calloc(n + 1, sizeof(*p->family));
	p->has_blocks = calloc(n + 1, sizeof(*p->has_blocks));
	p->parents_first = calloc(n + 1, sizeof(*p->parents_first));
	p->signed_groups = calloc(n + 1, sizeof(*p->signed_groups));
	if (p->first_point == NULL || p->relations == NULL ||
	    p->family == NULL || p->has_blocks == NULL ||
	    p->parents_first == NULL || p->signed_groups == NULL)
		return (error_nomem(err, n * sizeof(*p->relations)));
	for (i = 0; i < p->n_tensors; i++) {
		st = check_slices(p, &p->tensors[i], err);
		if (st != CKPT_OK)
			return (st);
	}
	for (i = 0; i < n; i++) {
		g = &p->table->groups[i];
		n_points = g->n_units;
		if ((g->kinds & SYMMETRY_SIGN) != 0)
			n_points *= 2;
		if (n_points > p->max_points)
			p->max_points = n_points;
		p->first_point[i + 1] = p->first_point[i] + n_points;
	}
	list_families(p);
	list_relations(p);
	list_parents_first(p);
	for (i = 0; i < n; i++)
		if ((p->table->groups[i].kinds & SYMMETRY_SIGN) != 0)
			p->signed_groups[p->n_signed++] = i;
	if (p->n_signed > 1)
		qsort_r(p->signed_groups, p->n_signed,
		    sizeof(*p->signed_groups), signed_cmp, p);
	return (CKPT_OK);
}
