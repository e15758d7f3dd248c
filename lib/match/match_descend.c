#include <math.h>

#include "match/match_work.h"

#define MAX_SWEEPS 200

/* Whether the touched groups would move at all. */
static bool
moves(const struct match_work *k, const size_t *groups, size_t n)
{
	const struct match_unit *a, *b;
	uint32_t u;
	size_t i;

	for (i = 0; i < n; i++) {
		a = k->map.units[groups[i]];
		b = k->next.units[groups[i]];
		for (u = 0; u < k->map.n_units[groups[i]]; u++)
			if (a[u].source != b[u].source ||
			    a[u].factor < b[u].factor ||
			    a[u].factor > b[u].factor)
				return (true);
	}
	return (false);
}

static void
exchange(struct match_work *k, const size_t *groups, size_t n)
{
	struct match_unit *swap;
	size_t i;

	for (i = 0; i < n; i++) {
		swap = k->map.units[groups[i]];
		k->map.units[groups[i]] = k->next.units[groups[i]];
		k->next.units[groups[i]] = swap;
		k->is_touched[groups[i]] = !k->is_touched[groups[i]];
	}
}

static bool
is_touched(const struct match_work *k, const struct sym_tensor *t)
{
	return ((t->row.group != SIZE_MAX && k->is_touched[t->row.group]) ||
	    (t->col.group != SIZE_MAX && k->is_touched[t->col.group]));
}

/* Takes the step of these groups that lies in k->next if it is a gain. */
static bool
take_step(struct match_work *k, const size_t *groups, size_t n, double *score)
{
	const struct match_shape *s = k->problem->shape;
	double gain = 0, after = 0;
	bool is_gain;
	size_t i;

	if (!moves(k, groups, n))
		return (false);
	exchange(k, groups, n);
	for (i = 0; i < s->n_tensors; i++)
		if (is_touched(k, &s->tensors[i])) {
			k->new_score[i] = match_see_tensor(k, i);
			gain += k->new_score[i] - k->score[i];
			after += k->new_score[i];
		} else
			after += k->score[i];
	is_gain = gain > MATCH_GAIN * (fabs(after) + fabs(*score));
	for (i = 0; i < s->n_tensors && is_gain; i++)
		if (is_touched(k, &s->tensors[i]))
			k->score[i] = k->new_score[i];
	if (is_gain)
		*score = after;
	else
		exchange(k, groups, n);
	for (i = 0; i < n; i++)
		k->is_touched[groups[i]] = false;
	return (is_gain);
}

/* Steps of one member among units that stay. */
static enum ckpt_status
improve_member(struct match_work *k, size_t g, double *score, bool *gained,
    struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	bool is_leaf = true;
	enum ckpt_status st;
	size_t i;

	for (i = 0; i < k->problem->shape->n_groups; i++)
		is_leaf &= k->problem->shape->table->groups[i].parent != g;
	if (is_leaf && l->block[g] > 1 &&
	    !k->problem->shape->table->groups[g].is_fixed &&
	    k->problem->shape->table->groups[g].parent != SIZE_MAX &&
	    match_has_covered(l, g)) {
		st = match_blocks(k, g, err);
		if (st != CKPT_OK)
			return (st);
		*gained |= take_step(k, &g, 1, score);
	}
	if (l->flags[g] != 0) {
		st = match_signs(k, g, err);
		if (st != CKPT_OK)
			return (st);
		*gained |= take_step(k, &g, 1, score);
	}
	return (CKPT_OK);
}

/* All kinds of steps on one family. */
static enum ckpt_status
improve(struct match_work *k, size_t family, double *score, bool *gained,
    struct ckpt_error *err)
{
	const struct match_family *f = &k->problem->layout.families[family];
	enum ckpt_status st;
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		st = match_cost_update(k, f->members[i], err);
		if (st != CKPT_OK)
			return (st);
	}
	st = match_family_assign(k, f, k->parts, &k->duals[family], err);
	if (st != CKPT_OK)
		return (st);
	*gained = take_step(k, f->members, f->n_members, score);
	if (f->is_alike && !f->is_coupled)
		return (CKPT_OK); /* signs were chosen with the places */
	for (i = 0; i < f->n_members; i++) {
		st = improve_member(k, f->members[i], score, gained, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (CKPT_OK);
}

enum ckpt_status
match_descend(struct match_work *k, double *score, unsigned *n_sweeps,
    struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	enum ckpt_status st;
	size_t i, j;
	unsigned sweep;
	bool gained, any = true;

	for (i = 0; i < k->problem->shape->n_tensors; i++)
		k->score[i] = match_see_tensor(k, i);
	*score = match_score(k);
	memset(k->is_settled, 0, l->n_families * sizeof(*k->is_settled));
	for (sweep = 0; any && sweep < MAX_SWEEPS; sweep++) {
		any = false;
		for (i = 0; i < l->n_families; i++) {
			if (k->is_settled[i])
				continue;
			st = improve(k, i, score, &gained, err);
			if (st != CKPT_OK)
				return (st);
			/* who shares a tensor with it may gain again */
			for (j = 0; gained &&
			    j < l->families[i].n_neighbours; j++)
				k->is_settled[l->families[i].neighbours[j]] =
				    false;
			k->is_settled[i] = !gained;
			any |= gained;
		}
	}
	*n_sweeps = sweep;
	return (CKPT_OK);
}
