#include <math.h>

#include "match/match_work.h"

struct match_mean {
	const struct match_shape *shape;
	enum match_scale scale; /* of the models */
	bool *is_compared;      /* [tensor] */
	uint64_t n, n_pass;     /* n_pass: of the pass before */
	double squares;
	/* [total]; now: the sum as it is in the midst of a pass, of models
	 * of this pass and of the pass before */
	double *sum, *mean, *now;
	struct match_problem *problem;
};

/* What has been scaled to unit norm is compared as it is. */
static enum match_scale
scale_between(const struct match_mean *m)
{
	return (m->scale == MATCH_SCALE_UNIT ? MATCH_SCALE_NONE : m->scale);
}

enum ckpt_status
match_mean_new(const struct match_shape *s, unsigned scale,
    struct match_mean **out, struct ckpt_error *err)
{
	struct match_mean *m = calloc(1, sizeof(*m));
	size_t i;

	if (m == NULL)
		return (error_nomem(err, sizeof(*m)));
	m->shape = s;
	m->scale = (enum match_scale)scale;
	m->is_compared = calloc(s->n_tensors + 1, sizeof(*m->is_compared));
	m->sum = calloc(s->total + 1, sizeof(*m->sum));
	if (m->is_compared == NULL || m->sum == NULL) {
		match_mean_free(m);
		return (error_nomem(err, s->total * sizeof(*m->sum)));
	}
	for (i = 0; i < s->n_tensors; i++)
		m->is_compared[i] = !match_is_left_out(&s->tensors[i]);
	*out = m;
	return (CKPT_OK);
}

void
match_mean_free(struct match_mean *m)
{
	if (m == NULL)
		return;
	match_problem_free(m->problem);
	free(m->is_compared);
	free(m->sum);
	free(m->mean);
	free(m->now);
	free(m);
}

enum ckpt_status
match_mean_load(const struct match_mean *m, const struct sym_plan *p,
    const struct model *model, double *w, struct match_map *first,
    struct ckpt_error *err)
{
	(void)match_load(m->shape, p, model, w);
	if (m->scale != MATCH_SCALE_UNIT)
		return (CKPT_OK);
	return (match_paper(m->shape, m->scale, false, w, first, err));
}

/* ---- maps ---- */

enum ckpt_status
match_mean_first(const struct match_mean *m, const double *w,
    unsigned n_restarts, uint64_t seed, struct match_map *out,
    struct ckpt_error *err)
{
	struct match_result r;
	enum ckpt_status st;

	st = match_solve_weights(m->problem, w, n_restarts, seed, &r, err);
	if (st != CKPT_OK)
		return (st);
	match_map_copy(&r.map, out);
	match_map_release(&r.map);
	return (CKPT_OK);
}

enum ckpt_status
match_mean_apply(const struct match_mean *m, const double *w,
    const struct match_map *map, double *x, struct ckpt_error *err)
{
	double *temp = malloc((m->shape->max_tensor + 1) * sizeof(*temp));

	if (temp == NULL)
		return (error_nomem(err, m->shape->max_tensor *
		    sizeof(*temp)));
	memcpy(x, w, m->shape->total * sizeof(*x));
	match_apply(m->shape, map, NULL, x, temp);
	free(temp);
	return (CKPT_OK);
}

double
match_mean_value(const struct match_mean *m, const double *x)
{
	const size_t *at = m->shape->offset;
	double products = 0, squares = 0;
	size_t t, i;

	for (t = 0; t < m->shape->n_tensors; t++)
		for (i = at[t]; m->is_compared[t] && i < at[t + 1]; i++) {
			products += x[i] * m->mean[i];
			squares += x[i] * x[i];
		}
	return (m->scale == MATCH_SCALE_POW2 ? products - squares / 2 :
	    products);
}

static bool
is_same(const struct match_map *a, const struct match_map *b)
{
	const struct match_unit *p, *q;
	size_t g;
	uint32_t u;

	for (g = 0; g < a->n_groups; g++)
		for (u = 0; u < a->n_units[g]; u++) {
			p = &a->units[g][u];
			q = &b->units[g][u];
			if (p->source != q->source ||
			    p->factor < q->factor || p->factor > q->factor)
				return (false);
		}
	return (true);
}

/* A model becomes the mean of the others. */
static void
make_others(const struct match_mean *m, double *x)
{
	size_t i;

	for (i = 0; i < m->shape->total; i++)
		x[i] = m->mean[i] + (m->mean[i] - x[i]) /
		    (double)(m->n_pass - 1);
}

enum ckpt_status
match_mean_again(const struct match_mean *m, const double *w,
    struct match_map *map, bool *is_moved, double *old,
    struct ckpt_error *err)
{
	struct match_problem *others = NULL;
	struct match_result r;
	enum ckpt_status st;

	*is_moved = false;
	st = match_mean_apply(m, w, map, old, err);
	if (st != CKPT_OK || m->n_pass < 2)
		return (st);
	make_others(m, old);
	st = match_problem_near(m->problem, old, &others, err);
	if (st == CKPT_OK)
		st = match_mean_apply(m, w, map, old, err);
	if (st == CKPT_OK)
		st = match_improve(others, w, map, &r, err);
	match_problem_free(others);
	if (st != CKPT_OK)
		return (st);
	*is_moved = !is_same(&r.map, map);
	if (*is_moved)
		match_map_copy(&r.map, map);
	match_map_release(&r.map);
	return (CKPT_OK);
}

/* ---- sums ---- */

/* The sum of the squares of what is compared. */
static double
squares_of(const struct match_mean *m, const double *x)
{
	const size_t *at = m->shape->offset;
	double sum = 0;
	size_t t, i;

	for (t = 0; t < m->shape->n_tensors; t++)
		for (i = at[t]; m->is_compared[t] && i < at[t + 1]; i++)
			sum += x[i] * x[i];
	return (sum);
}

void
match_mean_add(struct match_mean *m, const double *x)
{
	size_t i;

	for (i = 0; i < m->shape->total; i++)
		m->sum[i] += x[i];
	m->squares += squares_of(m, x);
	m->n++;
}

enum ckpt_status
match_mean_begin(struct match_mean *m, struct ckpt_error *err)
{
	const size_t n = m->shape->total + 1;

	if (m->now == NULL)
		m->now = malloc(n * sizeof(*m->now));
	if (m->now == NULL)
		return (error_nomem(err, n * sizeof(*m->now)));
	memcpy(m->now, m->sum, m->shape->total * sizeof(*m->now));
	memset(m->sum, 0, m->shape->total * sizeof(*m->sum));
	m->n_pass = m->n;
	m->squares = 0;
	m->n = 0;
	return (CKPT_OK);
}

/* What x gives with the sum of all but `old`: the product, and with POW2 less
 * half its square for each of the others. */
static double
value_with(const struct match_mean *m, const double *old, const double *x)
{
	const double half = m->scale == MATCH_SCALE_POW2 ?
	    (double)(m->n_pass - 1) / 2 : 0;
	const size_t *at = m->shape->offset;
	double sum = 0;
	size_t t, i;

	for (t = 0; t < m->shape->n_tensors; t++)
		for (i = at[t]; m->is_compared[t] && i < at[t + 1]; i++)
			sum += x[i] * ((m->now[i] - old[i]) - half * x[i]);
	return (sum);
}

bool
match_mean_replace(struct match_mean *m, const double *old, const double *x)
{
	size_t i;

	if (value_with(m, old, x) <= value_with(m, old, old)) {
		match_mean_add(m, old);
		return (false);
	}
	for (i = 0; i < m->shape->total; i++)
		m->now[i] += x[i] - old[i];
	match_mean_add(m, x);
	return (true);
}

enum ckpt_status
match_mean_update(struct match_mean *m, struct ckpt_error *err)
{
	const size_t n = m->shape->total + 1;
	size_t i;

	if (m->mean == NULL) /* which sums alone can do without */
		m->mean = calloc(n, sizeof(*m->mean));
	if (m->mean == NULL)
		return (error_nomem(err, n * sizeof(*m->mean)));
	for (i = 0; i < m->shape->total && m->n > 0; i++) {
		m->mean[i] = m->sum[i] / (double)m->n;
		if (!isfinite(m->mean[i]))
			return (error_set(err, CKPT_LIMIT, "the sum of the "
			    "models' weights is larger than any f64"));
	}
	match_problem_free(m->problem);
	m->problem = NULL;
	return (match_problem_of(m->shape, m->mean, scale_between(m),
	    &m->problem, err));
}

uint64_t
match_mean_count(const struct match_mean *m)
{
	return (m->n);
}

double
match_mean_objective(const struct match_mean *m)
{
	double f;

	if (m->n == 0)
		return (0);
	f = squares_of(m, m->sum) / (double)m->n;
	return (m->scale == MATCH_SCALE_POW2 ? f - m->squares : f);
}

double
match_mean_squares(const struct match_mean *m)
{
	return (m->squares);
}

const double *
match_mean_weights(const struct match_mean *m)
{
	return (m->mean);
}
