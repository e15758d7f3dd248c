#include <float.h>
#include <math.h>

#include "match/match_work.h"

/*
 * The step of a family: a root group and the groups whose blocks move with
 * its units. The best way of taking block j of the model for block i of the
 * reference is an assignment of the units within; its value is the gain of
 * the pair (i, j) in the parent's assignment. So the step is an assignment
 * of assignments, from the innermost blocks outwards.
 */

struct family {
	struct match_work *k;
	const struct symmetry *table;
	unsigned *flags;    /* [group] */
};

static size_t
block_units(const struct family *f, size_t g)
{
	const struct symmetry_group *group = &f->table->groups[g];

	if (group->parent == SIZE_MAX)
		return (group->n_units);
	return (group->n_units / f->table->groups[group->parent].n_units);
}

static double take_block(struct family *f, size_t g, size_t i, size_t j,
    double sign, bool is_final);

/* The gains of what units a and b hold, if a takes b with this sign. */
static double
take_children(struct family *f, size_t g, size_t a, size_t b, double sign,
    bool is_final)
{
	size_t c;
	double sum = 0;

	for (c = 0; c < f->table->n_groups; c++)
		if (f->table->groups[c].parent == g)
			sum += take_block(f, c, a, b, sign, is_final);
	return (sum);
}

static bool
has_children(const struct family *f, size_t g)
{
	size_t c;

	for (c = 0; c < f->table->n_groups; c++)
		if (f->table->groups[c].parent == g)
			return (true);
	return (false);
}

/* The gain of unit b of the model for unit a of the reference. */
static double
take_unit(struct family *f, size_t g, size_t a, size_t b, double parent,
    double *factor)
{
	const struct match_cost *c = &f->k->costs[g];
	size_t i = a * c->n + b;
	double plus, minus, n;

	if (!has_children(f, g))
		return (match_cost_pair(c, a, b, f->flags[g], parent, factor));
	/* the sign acts on the blocks too; the scale stays */
	*factor = 1;
	n = c->none != NULL ? c->none[i] : 0;
	plus = (c->out != NULL ? c->out[i] : 0) +
	    (c->in != NULL ? c->in[i] : 0);
	if (c->dep != NULL)
		plus += parent * c->dep[i];
	if (!(f->flags[g] & MATCH_SIGN))
		return (n + plus + take_children(f, g, a, b, 1, false));
	minus = -plus + take_children(f, g, a, b, -1, false);
	plus += take_children(f, g, a, b, 1, false);
	if (minus > plus)
		*factor = -1;
	return (n + (minus > plus ? minus : plus));
}

/* What overflows is as good as any other. */
static float
as_cost(double gain)
{
	if (!isfinite(gain))
		return (0);
	return ((float)fmin(fmax(-gain, -FLT_MAX), FLT_MAX));
}

/* The value of the best assignment of block j of group g in the model to
 * block i of the reference; if final, it goes into delta, and so on
 * inwards. */
static double
take_block(struct family *f, size_t g, size_t i, size_t j, double sign,
    bool is_final)
{
	size_t m = block_units(f, g), a, b;
	double sum = 0, factor;
	float *gains = f->k->gains[g];
	uint32_t *column = f->k->columns[g];
	struct ckpt_error err;
	struct match_unit *units = f->k->delta.units[g];

	if (f->table->groups[g].is_fixed)
		for (a = 0; a < m; a++)
			column[a] = (uint32_t)a;
	else {
		for (a = 0; a < m * m; a++) {
			gains[a] = as_cost(take_unit(f, g, i * m + a / m,
			    j * m + a % m, sign, &factor));
		}
		if (lap_solve(f->k->lap, m, gains, false, column, &err) !=
		    CKPT_OK) /* as_cost is finite */
			return (0);
	}
	for (a = 0; a < m; a++) {
		b = j * m + column[a];
		sum += take_unit(f, g, i * m + a, b, sign, &factor);
		if (!is_final)
			continue;
		units[i * m + a] = (struct match_unit){ (uint32_t)b, factor };
		(void)take_children(f, g, i * m + a, b,
		    factor < 0 ? -1 : 1, true);
	}
	return (sum);
}

/* Costs of a group, and room for the assignments of its blocks. */
static enum ckpt_status
prepare(struct family *f, size_t g, unsigned extra, struct ckpt_error *err)
{
	struct match_work *k = f->k;
	size_t m = block_units(f, g);

	k->gains[g] = malloc((m * m + 1) * sizeof(**k->gains));
	k->columns[g] = malloc((m + 1) * sizeof(**k->columns));
	if (k->gains[g] == NULL || k->columns[g] == NULL)
		return (error_nomem(err, m * m * sizeof(**k->gains)));
	return (match_cost_new(k->problem->shape, g, f->flags[g] | extra,
	    k->problem->ref, k->w, k->panel, &k->costs[g], err));
}

static void
clear(struct match_work *k, size_t g)
{
	free(k->gains[g]);
	free(k->columns[g]);
	k->gains[g] = NULL;
	k->columns[g] = NULL;
	match_cost_release(&k->costs[g]);
}

static void
identity(struct match_work *k, size_t g)
{
	uint32_t u;

	for (u = 0; u < k->delta.n_units[g]; u++)
		k->delta.units[g][u] = (struct match_unit){ u, 1 };
}

static bool
is_member(const struct match_shape *s, size_t g, size_t root)
{
	return (s->root[g] == root);
}

static enum ckpt_status
family_new(struct match_work *k, struct family *f, struct ckpt_error *err)
{
	const struct match_shape *s = k->problem->shape;
	size_t g;

	f->k = k;
	f->table = s->table;
	f->flags = calloc(s->n_groups + 1, sizeof(*f->flags));
	if (f->flags == NULL)
		return (error_nomem(err, s->n_groups * sizeof(*f->flags)));
	for (g = 0; g < s->n_groups; g++) {
		f->flags[g] = match_flags(k->problem, g);
		k->touched[g] = false;
	}
	return (CKPT_OK);
}

enum ckpt_status
match_family(struct match_work *k, size_t root, struct ckpt_error *err)
{
	const struct match_shape *s = k->problem->shape;
	struct family f;
	enum ckpt_status st;
	size_t g;

	st = family_new(k, &f, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < s->n_groups && st == CKPT_OK; g++)
		if (is_member(s, g, root)) {
			k->touched[g] = true;
			identity(k, g);
			st = prepare(&f, g, 0, err);
		}
	if (st == CKPT_OK)
		(void)take_block(&f, root, 0, 0, 1, true);
	for (g = 0; g < s->n_groups; g++)
		clear(k, g);
	free(f.flags);
	return (st);
}

enum ckpt_status
match_blocks(struct match_work *k, size_t group, struct ckpt_error *err)
{
	const struct symmetry *table = k->problem->shape->table;
	size_t parent = table->groups[group].parent, i;
	struct family f;
	enum ckpt_status st;

	st = family_new(k, &f, err);
	if (st != CKPT_OK)
		return (st);
	k->touched[group] = true;
	identity(k, group);
	if (has_children(&f, group))
		goto out; /* these would have to move along */
	st = prepare(&f, group, MATCH_SLICED, err);
	for (i = 0; st == CKPT_OK && i < table->groups[parent].n_units; i++)
		(void)take_block(&f, group, i, i, 1, true);
	clear(k, group);
out:
	free(f.flags);
	return (st);
}

enum ckpt_status
match_signs(struct match_work *k, size_t group, struct ckpt_error *err)
{
	unsigned flags = match_flags(k->problem, group);
	struct match_cost c;
	enum ckpt_status st;
	size_t g;
	uint32_t u;

	for (g = 0; g < k->problem->shape->n_groups; g++)
		k->touched[g] = g == group;
	identity(k, group);
	st = match_cost_new(k->problem->shape, group,
	    flags | MATCH_DIAGONAL | MATCH_SLICED, k->problem->ref, k->w,
	    k->panel, &c, err);
	if (st != CKPT_OK)
		return (st);
	for (u = 0; u < c.n; u++)
		(void)match_cost_pair(&c, u, u, flags, 1,
		    &k->delta.units[group][u].factor);
	match_cost_release(&c);
	return (CKPT_OK);
}
