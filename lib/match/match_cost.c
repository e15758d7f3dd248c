#include "match/match_work.h"

void
match_parts_clear(struct match_parts *p)
{
	size_t i;

	for (i = 0; i < 4; i++)
		free(p->of[i]);
	free(p->norm_out);
	memset(p, 0, sizeof(*p));
}

enum ckpt_status
match_parts_claim(const struct match_work *k, struct match_parts *p,
    size_t group, enum match_part part, float **out, struct ckpt_error *err)
{
	size_t n = k->problem->shape->table->groups[group].n_units;

	if (p->of[part] == NULL)
		p->of[part] = calloc(n * n + 1, sizeof(**p->of));
	if (p->of[part] == NULL)
		return (error_nomem(err, n * n * sizeof(**p->of)));
	*out = p->of[part];
	return (CKPT_OK);
}

/* The units' squared norms, for those that take scales: of the weights that
 * they multiply, and of those that they divide. */
static enum ckpt_status
update_norms(struct match_work *k, size_t g, struct ckpt_error *err)
{
	const struct match_problem *p = k->problem;
	const struct match_layout *l = &p->layout;
	size_t n = p->shape->table->groups[g].n_units, i, b;
	struct match_parts *parts = &k->parts[g];
	const struct match_use *u;
	double *norm;

	if (parts->norm_out == NULL)
		parts->norm_out = malloc((2 * n + 1) * sizeof(double));
	if (parts->norm_out == NULL)
		return (error_nomem(err, 2 * n * sizeof(double)));
	parts->norm_in = parts->norm_out + n;
	memset(parts->norm_out, 0, 2 * n * sizeof(double));
	for (i = l->first_use[g]; i < l->first_use[g + 1]; i++) {
		u = &l->uses[i];
		norm = u->own == MATCH_IN ? parts->norm_in : parts->norm_out;
		if (u->is_covered || u->own == MATCH_NONE)
			continue;
		match_see(k, u, false, k->terms);
		for (b = 0; b < n; b++)
			norm[b] += match_see_squares(k, u, k->terms, b);
	}
	return (CKPT_OK);
}

enum ckpt_status
match_cost_use(struct match_work *k, size_t use, float *c,
    struct ckpt_error *err)
{
	const struct match_use *u = &k->problem->layout.uses[use];
	size_t n = u->n_other * u->slices * sizeof(**k->seen);
	struct match_term **seen = &k->seen[use];

	match_see(k, u, false, k->terms);
	match_product_add(k, u, *seen, k->terms, c);
	if (*seen == NULL)
		*seen = malloc(n + 1);
	if (*seen == NULL)
		return (error_nomem(err, n));
	memcpy(*seen, k->terms, n);
	return (CKPT_OK);
}

enum ckpt_status
match_cost_update(struct match_work *k, size_t group, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	enum ckpt_status st;
	const struct match_use *u;
	float *c;
	size_t i;

	for (i = l->first_use[group]; i < l->first_use[group + 1]; i++) {
		u = &l->uses[i];
		if (u->is_covered)
			continue;
		st = match_parts_claim(k, &k->parts[u->owner], u->owner,
		    u->part, &c, err);
		if (st == CKPT_OK)
			st = match_cost_use(k, i, c, err);
		if (st != CKPT_OK)
			return (st);
	}
	if (!(l->flags[group] & MATCH_POW2))
		return (CKPT_OK);
	return (update_norms(k, group, err));
}
