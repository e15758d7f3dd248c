#include "match/match_work.h"

/* Numbers of a panel, or more where one term needs more. */
#define PANEL ((size_t)1 << 18)

static size_t
parent_of(const struct match_shape *s, size_t g)
{
	return (s->table->groups[g].parent);
}

static size_t
block_of(const struct match_shape *s, size_t g)
{
	const struct symmetry_group *groups = s->table->groups;

	if (groups[g].parent == SIZE_MAX)
		return (groups[g].n_units);
	return (groups[g].n_units / groups[groups[g].parent].n_units);
}

static unsigned
flags_of(const struct match_shape *s, enum match_scale scale, size_t g)
{
	unsigned kinds = s->table->groups[g].kinds, flags = 0;

	if (kinds & SYMMETRY_SIGN)
		flags |= MATCH_SIGN;
	if ((kinds & SYMMETRY_SCALE) && scale == MATCH_SCALE_POW2)
		flags |= MATCH_POW2;
	return (flags);
}

/* ---- families ---- */

static bool
is_alike(const struct match_layout *l, const struct match_family *f)
{
	const struct symmetry_group *groups = l->shape->table->groups;
	size_t i, g;

	for (i = 0; i < f->n_members; i++) {
		g = f->members[i];
		if (l->flags[g] & MATCH_POW2 ||
		    groups[g].is_fixed != groups[f->root].is_fixed ||
		    groups[g].n_units != groups[f->root].n_units)
			return (false);
	}
	return (true);
}

/* Members by depth, so that parents come first. */
static void
gather_members(struct match_layout *l, struct match_family *f)
{
	const struct match_shape *s = l->shape;
	size_t i, g, n;

	f->members[0] = f->root;
	f->n_members = 1;
	for (i = 0; i < f->n_members; i++)
		for (g = 0; g < s->n_groups; g++)
			if (parent_of(s, g) == f->members[i])
				f->members[f->n_members++] = g;
	n = (size_t)(f - l->families);
	for (i = 0; i < f->n_members; i++)
		l->family_of[f->members[i]] = n;
	f->is_alike = is_alike(l, f);
}

/* Families that meet in a tensor, each pair once. */
static size_t
gather_neighbours(const struct match_layout *l, size_t f, size_t *out)
{
	const struct match_shape *s = l->shape;
	const struct sym_tensor *t;
	size_t i, j, a, b, other, n = 0;

	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		if (t->row.group == SIZE_MAX || t->col.group == SIZE_MAX)
			continue;
		a = l->family_of[t->row.group];
		b = l->family_of[t->col.group];
		if (a != f && b != f)
			continue;
		other = a == f ? b : a;
		l->families[f].is_coupled |= a == b && t->slices == 1;
		for (j = 0; j < n && out[j] != other;)
			j++;
		if (j == n)
			out[n++] = other;
	}
	return (n);
}

static enum ckpt_status
make_families(struct match_layout *l, struct ckpt_error *err)
{
	const struct match_shape *s = l->shape;
	size_t i, g, *at, n = 2 * s->n_groups + 2 * s->n_tensors + 1;

	l->families = calloc(s->n_groups + 1, sizeof(*l->families));
	l->numbers = calloc(n, sizeof(*l->numbers));
	if (l->families == NULL || l->numbers == NULL)
		return (error_nomem(err, n * sizeof(*l->numbers)));
	at = l->numbers;
	for (i = 0; i < s->n_groups; i++) {
		g = s->order[i];
		if (s->root[g] != g)
			continue;
		l->families[l->n_families].root = g;
		l->families[l->n_families].members = at;
		gather_members(l, &l->families[l->n_families]);
		at += l->families[l->n_families].n_members;
		l->families[l->n_families].with_sign = at;
		at += l->families[l->n_families++].n_members;
	}
	for (i = 0; i < l->n_families; i++) {
		l->families[i].neighbours = at;
		l->families[i].n_neighbours = gather_neighbours(l, i, at);
		at += l->families[i].n_neighbours;
	}
	return (CKPT_OK);
}

/* Members with signs in an order in which those that hang on a partner come
 * before it; of a circle of partners, which no network has, some take no
 * sign. */
static void
order_signs(const struct match_layout *l, struct match_family *f)
{
	size_t i, j, g, n_waiting;
	bool again = true, is_listed;

	while (again) {
		again = false;
		for (i = 0; i < f->n_members; i++) {
			g = f->members[i];
			is_listed = l->flags[g] == 0;
			n_waiting = 0;
			for (j = 0; j < f->n_members; j++)
				n_waiting += l->partner[f->members[j]] == g;
			for (j = 0; j < f->n_with_sign; j++) {
				is_listed |= f->with_sign[j] == g;
				n_waiting -=
				    l->partner[f->with_sign[j]] == g;
			}
			if (is_listed || n_waiting > 0)
				continue;
			f->with_sign[f->n_with_sign++] = g;
			again = true;
		}
	}
}

/* ---- uses ---- */

static void
set_geometry(const struct sym_tensor *t, bool is_col, struct match_use *u)
{
	const struct sym_side *other = is_col ? &t->row : &t->col;

	u->is_col = is_col;
	u->row_block = (size_t)t->row.block;
	u->rows = (size_t)(t->rows / t->row.block);
	u->cols = (size_t)(t->cols / t->col.block);
	u->run = (size_t)(t->col.block * t->inner);
	u->slices = (size_t)t->slices;
	u->n_units = is_col ? u->cols * u->slices : u->rows;
	u->n_other = is_col ? u->rows / u->slices : u->cols;
	u->other = other->group;
	u->other_action = other->action;
}

/* A sliced axis whose units move along with those of the other, place by
 * place, in a family that shares one assignment: its sign is found together
 * with the other's. */
static void
set_joint(struct match_layout *l, size_t g, bool has_sign, struct match_use *u)
{
	size_t h = u->other;

	if (u->other_action == SYMMETRY_NONE || l->flags[h] == 0)
		return;
	if (h == g) {
		u->is_joint = true;
	} else if (!has_sign) {
		u->is_joint = true;
		u->part = MATCH_OUT;
		u->owner = h;
	} else if (l->partner[h] == SIZE_MAX || l->partner[h] == g) {
		u->is_joint = true;
		u->part = MATCH_DEP;
		u->owner = h;
		l->partner[h] = g;
	}
}

/* How products along an axis depend on signs and scales; which group's costs
 * they are. */
static void
set_part(struct match_layout *l, const struct sym_tensor *t, size_t g,
    struct match_use *u)
{
	const struct match_family *f = &l->families[l->family_of[g]];
	const struct sym_side *own = u->is_col ? &t->col : &t->row;
	bool has_sign;

	u->owner = g;
	has_sign = l->flags[g] != 0 && own->action != SYMMETRY_NONE;
	u->own = !has_sign ? MATCH_NONE :
	    own->action == SYMMETRY_OUT ? MATCH_OUT : MATCH_IN;
	u->part = u->own == MATCH_IN && f->is_alike ? MATCH_OUT : u->own;
	if (u->slices > 1 && u->other != SIZE_MAX &&
	    l->family_of[u->other] == l->family_of[g]) {
		u->is_covered = u->is_col;
		if (u->other == g) /* s s = 1 */
			u->own = u->part = MATCH_NONE;
		if (f->is_alike && !u->is_col)
			set_joint(l, g, has_sign, u);
		else if (!u->is_col && u->other == parent_of(l->shape, g) &&
		    u->other_action != SYMMETRY_NONE) {
			u->is_joint = true;
			u->part = MATCH_DEP;
		}
	}
	if (u->part == MATCH_NONE && f->is_alike)
		u->owner = f->root;
}

static void
set_sizes(struct match_layout *l, const struct match_use *u)
{
	size_t terms = u->n_other * u->slices;
	size_t term = u->n_units * u->row_block * u->run;

	l->max_other = terms > l->max_other ? terms : l->max_other;
	l->panel = term > l->panel ? term : l->panel;
}

static enum ckpt_status
make_uses(struct match_layout *l, struct ckpt_error *err)
{
	const struct match_shape *s = l->shape;
	const struct sym_use *uses;
	const struct sym_tensor *t;
	struct match_use *u;
	size_t g, i, n, total = 0;

	for (g = 0; g < s->n_groups; g++) {
		(void)sym_plan_uses(s->plan, g, &n);
		total += n;
	}
	l->uses = calloc(total + 1, sizeof(*l->uses));
	if (l->uses == NULL)
		return (error_nomem(err, total * sizeof(*l->uses)));
	u = l->uses;
	for (g = 0; g < s->n_groups; g++) {
		l->first_use[g] = (size_t)(u - l->uses);
		uses = sym_plan_uses(s->plan, g, &n);
		for (i = 0; i < n; i++, u++) {
			t = &s->tensors[uses[i].tensor];
			u->tensor = uses[i].tensor;
			set_geometry(t, uses[i].is_col, u);
			set_part(l, t, g, u);
			set_sizes(l, u);
		}
	}
	l->first_use[g] = total;
	return (CKPT_OK);
}

enum ckpt_status
match_layout_new(const struct match_shape *s, enum match_scale scale,
    struct match_layout *out, struct ckpt_error *err)
{
	struct match_layout l = { .shape = s, .panel = PANEL };
	size_t g, n = s->n_groups + 1;
	enum ckpt_status st;

	l.family_of = calloc(n, sizeof(*l.family_of));
	l.flags = calloc(n, sizeof(*l.flags));
	l.block = calloc(n, sizeof(*l.block));
	l.partner = calloc(n, sizeof(*l.partner));
	l.first_use = calloc(n, sizeof(*l.first_use));
	st = CKPT_NO_MEMORY;
	if (l.family_of == NULL || l.flags == NULL || l.block == NULL ||
	    l.partner == NULL || l.first_use == NULL) {
		(void)error_nomem(err, n * sizeof(*l.block));
		goto err0;
	}
	for (g = 0; g < s->n_groups; g++) {
		l.flags[g] = flags_of(s, scale, g);
		l.block[g] = block_of(s, g);
		l.partner[g] = SIZE_MAX;
	}
	st = make_families(&l, err);
	if (st == CKPT_OK)
		st = make_uses(&l, err);
	if (st != CKPT_OK)
		goto err0;
	for (g = 0; g < l.n_families; g++)
		if (l.families[g].is_alike)
			order_signs(&l, &l.families[g]);
	*out = l;
	return (CKPT_OK);

err0:
	match_layout_release(&l);
	return (st);
}

void
match_layout_release(struct match_layout *l)
{
	free(l->families);
	free(l->numbers);
	free(l->family_of);
	free(l->flags);
	free(l->block);
	free(l->partner);
	free(l->first_use);
	free(l->uses);
	memset(l, 0, sizeof(*l));
}

bool
match_has_covered(const struct match_layout *l, size_t group)
{
	size_t i;

	for (i = l->first_use[group]; i < l->first_use[group + 1]; i++)
		if (l->uses[i].is_covered)
			return (true);
	return (false);
}
