/*
 * match_blocks: steps of one group among units that stay: its signs and
 * scales, and its places within blocks that do not move. Products of single
 * pairs, in double.
 */
#include <float.h>
#include <math.h>

#include "match/match_work.h"

/* Adds the products of a pair along a use; k->terms are the use's. */
static void
add_terms(const struct match_work *k, const struct match_use *u, size_t a,
    size_t b, struct match_terms *t)
{
	double x = match_see_pair(k, u, k->terms, a, b);

	if (u->own == MATCH_OUT)
		t->out += x;
	else if (u->own == MATCH_IN)
		t->in += x;
	else
		t->none += x;
	if (u->own == MATCH_NONE || k->problem->scale != MATCH_SCALE_POW2)
		return;
	x = match_see_squares(k, u, k->terms, b);
	if (u->own == MATCH_OUT)
		t->norm_out += x;
	else
		t->norm_in += x;
}

enum ckpt_status
match_signs(struct match_work *k, size_t group, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	const struct match_unit *units = k->map.units[group];
	uint32_t a, n = k->map.n_units[group];
	struct match_unit *next = k->next.units[group];
	struct match_terms *t = calloc(n + 1, sizeof(*t));
	size_t i;

	if (t == NULL)
		return (error_nomem(err, n * sizeof(*t)));
	for (i = l->first_use[group]; i < l->first_use[group + 1]; i++) {
		match_see(k, &l->uses[i], true, k->terms);
		for (a = 0; a < n; a++)
			add_terms(k, &l->uses[i], a, units[a].source, &t[a]);
	}
	for (a = 0; a < n; a++) {
		next[a] = units[a];
		(void)match_terms_best(&t[a], l->flags[group], 1,
		    &next[a].factor);
	}
	free(t);
	return (CKPT_OK);
}

/* The assignment of a block: places from a on, units from b on. */
static enum ckpt_status
assign_block(struct match_work *k, size_t group, size_t a, size_t b,
    struct match_terms *t, float *gains, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	size_t m = l->block[group], i, x;
	double gain, factor;
	enum ckpt_status st;

	memset(t, 0, m * m * sizeof(*t));
	for (i = l->first_use[group]; i < l->first_use[group + 1]; i++) {
		match_see(k, &l->uses[i], true, k->terms);
		for (x = 0; x < m * m; x++)
			add_terms(k, &l->uses[i], a + x / m, b + x % m,
			    &t[x]);
	}
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
