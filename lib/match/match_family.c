/*
 * match_family: the step of a family whose members share one assignment: a
 * group, or the groups of a residual stream, whose units move alike and take
 * signs each of their own.
 *
 * A member's own products L change with its sign s, those of an axis that it
 * shares with its partner, D, with the signs of both. Whatever s' the partner
 * takes, the member adds |L + s' D|, which is
 *
 *	(|L + D| + |L - D|) / 2 + s' (|L + D| - |L - D|) / 2
 *
 * so that it can be taken out of the sum, leaving to its partner the second
 * part; and so on, up the tree that the partners form.
 */
#include <math.h>

#include "match/match_work.h"

struct step {
	struct match_work *k;
	const struct match_family *f;
	const struct match_parts *parts;
	size_t n;       /* units */
	float **left;   /* [member with a sign]: what was left to it, or NULL */
	float *rest;    /* the memory of these */
};

static float
at(const float *part, size_t i)
{
	return (part != NULL ? part[i] : 0);
}

/* What the i-th member with a sign adds for pair x if its partner's sign is
 * +1 and -1. */
static void
two_ways(const struct step *s, size_t i, size_t x, float *plus, float *minus)
{
	const struct match_parts *p = &s->parts[s->f->with_sign[i]];
	float l = at(p->of[MATCH_OUT], x) + at(s->left[i], x);
	float d = at(p->of[MATCH_DEP], x);

	*plus = l + d;
	*minus = l - d;
}

static size_t
rank_of(const struct step *s, size_t group)
{
	size_t i;

	for (i = 0; i < s->f->n_with_sign && s->f->with_sign[i] != group;)
		i++;
	return (i);
}

/* Adds the best signs of a member to the gains, and the rest to what is left
 * to its partner. */
static void
take_out(struct step *s, size_t i)
{
	const size_t g = s->f->with_sign[i], n2 = s->n * s->n;
	size_t partner = s->k->problem->layout.partner[g], x;
	float *gains = s->k->gains, *left = NULL, plus, minus;

	if (s->parts[g].of[MATCH_DEP] == NULL) {
		for (x = 0; x < n2; x++)
			gains[x] += fabsf(at(s->parts[g].of[MATCH_OUT], x) +
			    at(s->left[i], x));
		return;
	}
	left = s->left[rank_of(s, partner)];
	for (x = 0; x < n2; x++) {
		two_ways(s, i, x, &plus, &minus);
		gains[x] += (fabsf(plus) + fabsf(minus)) / 2;
		left[x] += (fabsf(plus) - fabsf(minus)) / 2;
	}
}

/* Members whose partner leaves them something, and the room for it. */
static enum ckpt_status
make_room(struct step *s, struct ckpt_error *err)
{
	const struct match_layout *l = &s->k->problem->layout;
	size_t i, j, n = 0, n2 = s->n * s->n;

	s->left = calloc(s->f->n_with_sign + 1, sizeof(*s->left));
	if (s->left == NULL)
		return (error_nomem(err, s->f->n_with_sign * sizeof(float *)));
	for (i = 0; i < s->f->n_with_sign; i++)
		n += s->parts[s->f->with_sign[i]].of[MATCH_DEP] != NULL;
	if (n == 0)
		return (CKPT_OK);
	s->rest = calloc(n * n2, sizeof(*s->rest));
	if (s->rest == NULL)
		return (error_nomem(err, n * n2 * sizeof(float)));
	for (i = 0, n = 0; i < s->f->n_with_sign; i++) {
		if (s->parts[s->f->with_sign[i]].of[MATCH_DEP] == NULL)
			continue;
		j = rank_of(s, l->partner[s->f->with_sign[i]]);
		if (s->left[j] == NULL)
			s->left[j] = s->rest + n++ * n2;
	}
	return (CKPT_OK);
}

/* Signs of the members at place a, partners first. */
static void
choose_signs(struct step *s, size_t a, uint32_t b)
{
	const struct match_layout *l = &s->k->problem->layout;
	struct match_unit *unit;
	float plus, minus, value;
	size_t i, g, p;

	for (i = s->f->n_with_sign; i-- > 0;) {
		g = s->f->with_sign[i];
		p = l->partner[g];
		two_ways(s, i, a * s->n + b, &plus, &minus);
		value = p != SIZE_MAX &&
		    s->k->next.units[p][a].factor < 0 ? minus : plus;
		unit = &s->k->next.units[g][a];
		unit->factor = value < 0 ? -1 : 1;
	}
}

static enum ckpt_status
solve(struct step *s, double **duals, struct ckpt_error *err)
{
	const struct match_shape *shape = s->k->problem->shape;
	size_t a, i, n2 = s->n * s->n;
	float *cost = s->k->gains;
	bool warm = duals != NULL && *duals != NULL;

	if (shape->table->groups[s->f->root].is_fixed) {
		for (a = 0; a < s->n; a++)
			s->k->column[a] = (uint32_t)a;
		return (CKPT_OK);
	}
	for (i = 0; i < n2; i++) /* what overflows is like any other */
		cost[i] = isfinite(cost[i]) ? -cost[i] : 0;
	if (duals != NULL && *duals == NULL) {
		*duals = calloc(s->n + 1, sizeof(**duals));
		if (*duals == NULL)
			return (error_nomem(err, s->n * sizeof(**duals)));
	}
	return (lap_solve(s->k->lap, s->n, cost,
	    duals != NULL ? *duals : NULL, warm, s->k->column, err));
}

enum ckpt_status
match_family_assign(struct match_work *k, const struct match_family *f,
    const struct match_parts *parts, double **duals, struct ckpt_error *err)
{
	struct step s = { .k = k, .f = f, .parts = parts };
	const float *none = parts[f->root].of[MATCH_NONE];
	enum ckpt_status st;
	size_t a, i;

	if (!f->is_alike)
		return (match_nested_assign(k, f, parts, err));
	s.n = k->problem->shape->table->groups[f->root].n_units;
	st = make_room(&s, err);
	if (st != CKPT_OK)
		goto out;
	if (none != NULL)
		memcpy(k->gains, none, s.n * s.n * sizeof(*none));
	else
		memset(k->gains, 0, s.n * s.n * sizeof(*none));
	for (i = 0; i < f->n_with_sign; i++)
		take_out(&s, i);
	st = solve(&s, duals, err);
	if (st != CKPT_OK)
		goto out;
	for (a = 0; a < s.n; a++) {
		for (i = 0; i < f->n_members; i++)
			k->next.units[f->members[i]][a] =
			    (struct match_unit){ k->column[a], 1 };
		choose_signs(&s, a, k->column[a]);
	}
out:
	free(s.left);
	free(s.rest);
	return (st);
}
