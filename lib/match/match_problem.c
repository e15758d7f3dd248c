#include "match/match_work.h"

enum ckpt_status
match_problem_new(const struct match_shape *s, const struct model *reference,
    enum match_scale scale, struct match_problem **out,
    struct ckpt_error *err)
{
	struct match_problem *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->shape = s;
	p->scale = scale;
	p->ref = malloc((s->total + 1) * sizeof(*p->ref));
	st = CKPT_NO_MEMORY;
	if (p->ref == NULL) {
		(void)error_nomem(err, s->total * sizeof(*p->ref));
		goto err0;
	}
	st = match_map_new(s, &p->map, err);
	if (st != CKPT_OK)
		goto err0;
	(void)match_load(s, s->plan, reference, p->ref);
	if (scale == MATCH_SCALE_UNIT)
		st = match_paper(s, scale, false, p->ref, &p->map, err);
	else if (scale == MATCH_SCALE_POW2)
		st = match_problem_new(s, reference, MATCH_SCALE_UNIT,
		    &p->unit, err);
	if (st != CKPT_OK)
		goto err0;
	*out = p;
	return (CKPT_OK);

err0:
	match_problem_free(p);
	return (st);
}

void
match_problem_free(struct match_problem *p)
{
	if (p == NULL)
		return;
	match_problem_free(p->unit);
	match_map_release(&p->map);
	free(p->ref);
	free(p);
}

enum ckpt_status
match_objective(const struct match_problem *p, const struct sym_plan *plan,
    const struct model *m, double *out, struct ckpt_error *err)
{
	double *w = malloc((p->shape->total + 1) * sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, p->shape->total * sizeof(*w)));
	(void)match_load(p->shape, plan, m, w);
	*out = match_score(p, w, p->scale == MATCH_SCALE_POW2);
	free(w);
	return (CKPT_OK);
}

void
match_work_release(struct match_work *k)
{
	free(k->w);
	free(k->temp);
	free(k->panel);
	lap_free(k->lap);
	free(k->costs);
	free(k->gains);
	free(k->columns);
	free(k->touched);
	free(k->is_settled);
	match_map_release(&k->delta);
	match_map_release(&k->total);
}

enum ckpt_status
match_work_new(const struct match_problem *p, struct match_work *k,
    struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	size_t n = s->n_groups + 1;
	enum ckpt_status st;

	memset(k, 0, sizeof(*k));
	k->problem = p;
	k->w = malloc((s->total + 1) * sizeof(*k->w));
	k->temp = malloc((s->max_tensor + 1) * sizeof(*k->temp));
	k->panel = malloc((s->max_units + 1) * 2 * MATCH_PANEL *
	    sizeof(*k->panel));
	k->costs = calloc(n, sizeof(*k->costs));
	k->gains = calloc(n, sizeof(*k->gains));
	k->columns = calloc(n, sizeof(*k->columns));
	k->touched = calloc(n, sizeof(*k->touched));
	k->is_settled = calloc(n, sizeof(*k->is_settled));
	st = CKPT_NO_MEMORY;
	if (k->w == NULL || k->temp == NULL || k->panel == NULL ||
	    k->costs == NULL || k->gains == NULL || k->columns == NULL ||
	    k->touched == NULL || k->is_settled == NULL) {
		(void)error_nomem(err, s->total * sizeof(*k->w));
		goto err0;
	}
	st = lap_new(s->max_units, &k->lap, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_map_new(s, &k->delta, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_map_new(s, &k->total, err);
	if (st != CKPT_OK)
		goto err0;
	return (CKPT_OK);

err0:
	match_work_release(k);
	return (st);
}

