/*
 * match_blocks: steps of one group among units that stay: its signs and
 * scales, and its places within blocks that do not move. Products of single
 * pairs, in double.
 */
#include <float.h>
#include <math.h>

#include "match/match_work.h"

/* Adds the products of a use for the pairs of places [a, a + n) with units
 * [b, b + n), all with all, or each with its own. */
static void
add_terms(struct match_work *k, const struct match_use *u, size_t a, size_t b,
    size_t n, struct match_terms *t)
{
	size_t i, j;
	double x;

	match_see(k, u, true, k->terms);
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++, t++) {
			x = match_see_pair(k, u, k->terms, a + i, b + j);
			if (u->own == MATCH_OUT)
				t->out += x;
			else if (u->own == MATCH_IN)
				t->in += x;
			else
				t->none += x;
			if (u->own == MATCH_NONE ||
			    !(k->problem->scale == MATCH_SCALE_POW2))
				continue;
			x = match_see_squares(k, u, k->terms, b + j);
			if (u->own == MATCH_OUT)
				t->norm_out += x;
			else
				t->norm_in += x;
		}
}

void
match_signs(struct match_work *k, size_t group)
{
	const struct match_layout *l = &k->problem->layout;
	struct match_unit *next = k->next.units[group];
	struct match_terms t;
	uint32_t a;
	size_t i;

	for (a = 0; a < k->map.n_units[group]; a++) {
		next[a] = k->map.units[group][a];
		t = (struct match_terms){ .out = 0 };
		for (i = l->first_use[group]; i < l->first_use[group + 1];
		    i++)
			add_terms(k, &l->uses[i], a, next[a].source, 1, &t);
		(void)match_terms_best(&t, l->flags[group], 1,
		    &next[a].factor);
	}
}

/* The assignment of a block: places from a on, units from b on. */
static enum ckpt_status
assign_block(struct match_work *k, size_t group, size_t a, size_t b,
    struct match_terms *t, float *gains, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	size_t m = l->block[group], i;
	double gain, factor;
	enum ckpt_status st;

	memset(t, 0, m * m * sizeof(*t));
	for (i = l->first_use[group]; i < l->first_use[group + 1]; i++)
		add_terms(k, &l->uses[i], a, b, m, t);
	for (i = 0; i < m * m; i++) {
		gain = match_terms_best(&t[i], l->flags[group], 1, &factor);
		gains[i] = isfinite(gain) ?
		    (float)fmin(fmax(-gain, -FLT_MAX), FLT_MAX) : 0;
	}
	st = lap_solve(k->lap, m, gains, NULL, false, k->column, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < m; i++) {
		(void)match_terms_best(&t[i * m + k->column[i]],
		    l->flags[group], 1, &factor);
		k->next.units[group][a + i] = (struct match_unit){
		    (uint32_t)b + k->column[i], factor };
	}
	return (CKPT_OK);
}

enum ckpt_status
match_blocks(struct match_work *k, size_t group, struct ckpt_error *err)
{
	const struct match_unit *units = k->map.units[group];
	size_t m = k->problem->layout.block[group], i;
	uint32_t n = k->map.n_units[group];
	enum ckpt_status st = CKPT_OK;
	struct match_terms *t;
	float *gains;

	t = malloc(m * m * sizeof(*t));
	gains = malloc(m * m * sizeof(*gains));
	if (t == NULL || gains == NULL)
		st = error_nomem(err, m * m * sizeof(*t));
	for (i = 0; i < n && st == CKPT_OK; i += m)
		st = assign_block(k, group, i, units[i].source / m * m, t,
		    gains, err);
	free(gains);
	free(t);
	return (st);
}
