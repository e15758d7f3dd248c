#include "match/match_work.h"

static void
forget(struct match_work *k)
{
	const struct match_layout *l = &k->problem->layout;
	size_t g, i, n_groups = k->problem->shape->n_groups;

	for (g = 0; k->parts != NULL && g < n_groups; g++)
		match_parts_clear(&k->parts[g]);
	for (g = 0; k->hints != NULL && g < n_groups; g++)
		match_parts_clear(&k->hints[g]);
	for (i = 0; k->seen != NULL && i < l->first_use[n_groups]; i++) {
		free(k->seen[i]);
		k->seen[i] = NULL;
	}
	for (i = 0; k->duals != NULL && i < l->n_families; i++) {
		free(k->duals[i]);
		k->duals[i] = NULL;
	}
}

void
match_work_release(struct match_work *k)
{
	size_t g;

	forget(k);
	for (g = 0; k->block_gains != NULL &&
	    g < k->problem->shape->n_groups; g++) {
		free(k->block_gains[g]);
		free(k->block_columns[g]);
	}
	free(k->score);
	free(k->new_score);
	free(k->parts);
	free(k->hints);
	free(k->seen);
	free(k->terms);
	free(k->changed);
	free(k->panel[0]);
	free(k->product);
	free(k->gains);
	free(k->duals);
	free(k->column);
	free(k->block_gains);
	free(k->block_columns);
	free(k->is_touched);
	free(k->is_placed);
	free(k->is_settled);
	lap_free(k->lap);
	match_map_release(&k->map);
	match_map_release(&k->next);
}

static bool
alloc_by_group(struct match_work *k, size_t n_groups)
{
	size_t n = n_groups + 1;

	k->parts = calloc(n, sizeof(*k->parts));
	k->hints = calloc(n, sizeof(*k->hints));
	k->duals = calloc(n, sizeof(*k->duals));
	k->block_gains = calloc(n, sizeof(*k->block_gains));
	k->block_columns = calloc(n, sizeof(*k->block_columns));
	k->is_touched = calloc(n, sizeof(*k->is_touched));
	k->is_placed = calloc(n, sizeof(*k->is_placed));
	k->is_settled = calloc(n, sizeof(*k->is_settled));
	return (k->parts != NULL && k->hints != NULL && k->duals != NULL &&
	    k->block_gains != NULL && k->block_columns != NULL &&
	    k->is_touched != NULL && k->is_placed != NULL &&
	    k->is_settled != NULL);
}

static bool
alloc_by_size(struct match_work *k, const struct match_shape *s,
    const struct match_layout *l)
{
	size_t n2 = s->max_units * s->max_units + 1;

	k->score = calloc(s->n_tensors + 1, sizeof(*k->score));
	k->new_score = calloc(s->n_tensors + 1, sizeof(*k->new_score));
	k->seen = calloc(l->first_use[s->n_groups] + 1, sizeof(*k->seen));
	k->terms = calloc(l->max_other + 1, sizeof(*k->terms));
	k->changed = calloc(l->max_other + 1, sizeof(*k->changed));
	k->panel[0] = malloc(2 * l->panel * sizeof(**k->panel));
	k->product = malloc(n2 * sizeof(*k->product));
	k->gains = malloc(n2 * sizeof(*k->gains));
	k->column = calloc(s->max_units + 1, sizeof(*k->column));
	if (k->panel[0] != NULL)
		k->panel[1] = k->panel[0] + l->panel;
	return (k->score != NULL && k->new_score != NULL && k->seen != NULL &&
	    k->terms != NULL && k->changed != NULL && k->panel[0] != NULL &&
	    k->product != NULL && k->gains != NULL && k->column != NULL);
}

enum ckpt_status
match_work_new(const struct match_problem *p, struct match_work *k,
    struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	enum ckpt_status st = CKPT_NO_MEMORY;

	memset(k, 0, sizeof(*k));
	k->problem = p;
	k->gemm = gemm_best();
	if (!alloc_by_group(k, s->n_groups) ||
	    !alloc_by_size(k, s, &p->layout)) {
		(void)error_nomem(err, s->max_units * s->max_units * 8);
		goto err0;
	}
	st = lap_new(s->max_units, &k->lap, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_map_new(s, &k->map, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_map_new(s, &k->next, err);
	if (st != CKPT_OK)
		goto err0;
	return (CKPT_OK);

err0:
	match_work_release(k);
	return (st);
}

void
match_work_reset(struct match_work *k, const struct match_problem *p,
    const struct match_weights *model)
{
	forget(k);
	k->problem = p;
	k->model = *model;
	memset(k->is_placed, 0, p->layout.n_families *
	    sizeof(*k->is_placed));
	match_map_reset(&k->map);
}
