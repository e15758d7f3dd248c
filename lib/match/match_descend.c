#include <math.h>

#include "match/match_work.h"

#define MAX_SWEEPS 200

unsigned
match_flags(const struct match_problem *p, size_t group)
{
	unsigned kinds = p->shape->table->groups[group].kinds, flags = 0;

	if (kinds & SYMMETRY_SIGN)
		flags |= MATCH_SIGN;
	if ((kinds & SYMMETRY_SCALE) && p->scale == MATCH_SCALE_POW2)
		flags |= MATCH_POW2;
	return (flags);
}

double
match_score(const struct match_problem *p, const double *w, bool with_norm)
{
	double products = 0, squares = 0;
	size_t i;

	for (i = 0; i < p->shape->total; i++)
		products += p->ref[i] * w[i];
	if (!with_norm)
		return (products);
	for (i = 0; i < p->shape->total; i++)
		squares += w[i] * w[i];
	return (products - squares / 2);
}

/* The inverse of the touched part of delta, in place. */
static void
invert_delta(struct match_work *k)
{
	struct match_map *d = &k->delta;
	size_t g;
	uint32_t u;

	for (g = 0; g < d->n_groups; g++) {
		if (!k->touched[g])
			continue;
		memcpy(d->spare, d->units[g],
		    d->n_units[g] * sizeof(*d->spare));
		for (u = 0; u < d->n_units[g]; u++) {
			d->units[g][d->spare[u].source].source = u;
			d->units[g][d->spare[u].source].factor =
			    1 / d->spare[u].factor;
		}
	}
}

/* Every group that shares a tensor with a touched one may gain again. */
static void
unsettle(struct match_work *k, size_t root)
{
	const struct match_shape *s = k->problem->shape;
	const struct sym_tensor *t;
	size_t i, row, col;

	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		row = t->row.group == SIZE_MAX ? SIZE_MAX :
		    s->root[t->row.group];
		col = t->col.group == SIZE_MAX ? SIZE_MAX :
		    s->root[t->col.group];
		if (row == root && col != SIZE_MAX)
			k->is_settled[col] = false;
		if (col == root && row != SIZE_MAX)
			k->is_settled[row] = false;
	}
}

/* Takes the step that lies in delta if it is a gain; powers of two and
 * permutations are undone exactly. */
static bool
take_step(struct match_work *k, double *score)
{
	const struct match_problem *p = k->problem;
	const struct match_shape *s = p->shape;
	double after;
	size_t g;
	uint32_t u;
	bool is_identity = true;

	for (g = 0; g < s->n_groups; g++)
		for (u = 0; k->touched[g] && u < k->delta.n_units[g]; u++)
			is_identity &= k->delta.units[g][u].source == u &&
			    fabs(k->delta.units[g][u].factor - 1) <= 0;
	if (is_identity)
		return (false);
	match_apply(s, &k->delta, k->touched, k->w, k->temp);
	after = match_score(p, k->w, p->scale == MATCH_SCALE_POW2);
	if (!(after - *score > MATCH_GAIN * (fabs(after) + fabs(*score)))) {
		invert_delta(k);
		match_apply(s, &k->delta, k->touched, k->w, k->temp);
		return (false);
	}
	for (g = 0; g < s->n_groups; g++)
		for (u = 0; !k->touched[g] && u < k->delta.n_units[g]; u++)
			k->delta.units[g][u] = (struct match_unit){ u, 1 };
	match_map_append(&k->total, &k->delta);
	*score = after;
	return (true);
}

/* All kinds of steps on one root group and what it holds. */
static enum ckpt_status
improve(struct match_work *k, size_t root, double *score, bool *gained,
    struct ckpt_error *err)
{
	const struct match_shape *s = k->problem->shape;
	enum ckpt_status st;
	size_t g;

	st = match_family(k, root, err);
	if (st != CKPT_OK)
		return (st);
	*gained = take_step(k, score);
	for (g = 0; g < s->n_groups; g++) {
		if (s->root[g] != root)
			continue;
		if (g != root && match_has_sliced(s, g)) {
			st = match_blocks(k, g, err);
			if (st != CKPT_OK)
				return (st);
			*gained |= take_step(k, score);
		}
		if (match_flags(k->problem, g) == 0)
			continue;
		st = match_signs(k, g, err);
		if (st != CKPT_OK)
			return (st);
		*gained |= take_step(k, score);
	}
	return (CKPT_OK);
}

enum ckpt_status
match_descend(struct match_work *k, double *score, unsigned *n_sweeps,
    struct ckpt_error *err)
{
	const struct match_shape *s = k->problem->shape;
	enum ckpt_status st;
	size_t i, root;
	unsigned sweep;
	bool gained, any = true;

	memset(k->is_settled, 0, s->n_groups * sizeof(*k->is_settled));
	for (sweep = 0; any && sweep < MAX_SWEEPS; sweep++) {
		any = false;
		for (i = 0; i < s->n_groups; i++) {
			root = s->order[i];
			if (s->root[root] != root || k->is_settled[root])
				continue;
			st = improve(k, root, score, &gained, err);
			if (st != CKPT_OK)
				return (st);
			if (gained)
				unsettle(k, root);
			k->is_settled[root] = !gained;
			any |= gained;
		}
	}
	*n_sweeps = sweep;
	return (CKPT_OK);
}

