#include <math.h>

#include "match/match_work.h"

/* The variance of each of the reference's tensors. */
static void
measure_spread(struct match_problem *p)
{
	const struct match_shape *s = p->shape;
	double sum, squares, x, n;
	size_t t, i;

	for (t = 0; t < s->n_tensors; t++) {
		sum = squares = 0;
		for (i = s->offset[t]; i < s->offset[t + 1]; i++) {
			x = (double)p->ref.w[i];
			sum += x;
			squares += x * x;
		}
		n = (double)(s->offset[t + 1] - s->offset[t]);
		p->ref_squares += squares;
		p->spread[t] = n > 0 ? squares / n - sum / n * (sum / n) : 0;
	}
}

/* The reference's weights; scaled first, with UNIT. */
static enum ckpt_status
load_reference(struct match_problem *p, const struct match_given *reference,
    struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	size_t n_bad;
	enum ckpt_status st;

	if (p->scale == MATCH_SCALE_UNIT)
		st = match_weights_unit(s, reference, &p->ref, &p->map, err);
	else
		st = match_weights_load(s, reference, &p->ref, &n_bad, err);
	if (st == CKPT_OK)
		measure_spread(p);
	return (st);
}

static enum ckpt_status
problem_new(const struct match_shape *s, const struct match_given *reference,
    enum match_scale scale, struct match_problem **out,
    struct ckpt_error *err)
{
	struct match_problem *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->shape = s;
	p->scale = scale;
	p->spread = calloc(s->n_tensors + 1, sizeof(*p->spread));
	st = CKPT_NO_MEMORY;
	if (p->spread == NULL) {
		(void)error_nomem(err, s->n_tensors * sizeof(*p->spread));
		goto err0;
	}
	st = match_layout_new(s, scale, &p->layout, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_map_new(s, &p->map, err);
	if (st != CKPT_OK)
		goto err0;
	st = load_reference(p, reference, err);
	if (st == CKPT_OK && scale == MATCH_SCALE_POW2)
		st = problem_new(s, reference, MATCH_SCALE_UNIT, &p->unit,
		    err);
	if (st != CKPT_OK)
		goto err0;
	*out = p;
	return (CKPT_OK);

err0:
	match_problem_free(p);
	return (st);
}

enum ckpt_status
match_problem_new(const struct match_shape *s, const struct model *reference,
    enum match_scale scale, struct match_problem **out,
    struct ckpt_error *err)
{
	const struct match_given given = { s->plan, reference, NULL };

	return (problem_new(s, &given, scale, out, err));
}

enum ckpt_status
match_problem_of(const struct match_shape *s, const double *reference,
    enum match_scale scale, struct match_problem **out,
    struct ckpt_error *err)
{
	const struct match_given given = { .w = reference };

	return (problem_new(s, &given, scale, out, err));
}

enum ckpt_status
match_problem_near(const struct match_problem *p, const double *reference,
    struct match_problem **out, struct ckpt_error *err)
{
	const struct match_given given = { .w = reference };
	struct match_problem *near = malloc(sizeof(*near));
	enum ckpt_status st;
	size_t n_bad;

	if (near == NULL)
		return (error_nomem(err, sizeof(*near)));
	*near = *p;
	near->unit = NULL;
	near->is_near = true;
	st = match_weights_load(p->shape, &given, &near->ref, &n_bad, err);
	if (st == CKPT_OK)
		*out = near;
	else
		free(near);
	return (st);
}

void
match_problem_free(struct match_problem *p)
{
	if (p == NULL)
		return;
	if (p->is_near) {
		free(p->ref.w);
		free(p);
		return;
	}
	match_problem_free(p->unit);
	match_map_release(&p->map);
	match_layout_release(&p->layout);
	free(p->spread);
	free(p->ref.w);
	free(p);
}

static double
objective(const struct match_problem *p, const struct match_weights *m)
{
	double products = 0, squares = 0;
	size_t i;

	for (i = 0; i < p->shape->total; i++) {
		products += (double)p->ref.w[i] * (double)m->w[i];
		squares += (double)m->w[i] * (double)m->w[i];
	}
	products = ldexp(products, p->ref.exponent + m->exponent);
	if (p->scale != MATCH_SCALE_POW2)
		return (products);
	return (products - ldexp(squares, 2 * m->exponent) / 2);
}

enum ckpt_status
match_objective(const struct match_problem *p, const struct sym_plan *plan,
    const struct model *m, double *out, struct ckpt_error *err)
{
	const struct match_given given = { plan, m, NULL };
	struct match_weights weights;
	enum ckpt_status st;
	size_t n_bad;

	st = match_weights_load(p->shape, &given, &weights, &n_bad, err);
	if (st != CKPT_OK)
		return (st);
	*out = objective(p, &weights);
	free(weights.w);
	return (CKPT_OK);
}
