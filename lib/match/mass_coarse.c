/*
 * The problem of one scale a group: what cyclic updates alone solve slowly,
 * since they carry mass from layer to layer one layer at a time.
 */
#include <math.h>

#include "match/mass_coarse.h"

#define MAX_STEPS 50
#define PRECISION 1e-13

void
mass_coarse_free(struct mass_coarse *c)
{
	if (c == NULL)
		return;
	free(c->unknown);
	mass_envelope_release(&c->matrix);
	free(c->y);
	free(c->b);
	free(c->trial);
	free(c->norms);
	free(c->terms);
	free(c);
}

static size_t
count_live(const struct mass_state *s, size_t group)
{
	size_t u, n = 0;

	for (u = s->p->first_unit[group]; u < s->p->first_unit[group + 1];
	    u++)
		n += s->is_live[u];
	return (n);
}

static int
compare(const void *a, const void *b, void *arg)
{
	const size_t *last = arg, g = *(const size_t *)a;
	const size_t h = *(const size_t *)b;

	if (last[g] != last[h])
		return (last[g] < last[h] ? -1 : 1);
	return (g < h ? -1 : g > h);
}

/* Groups with live units, in the order of their last parts: a stream comes
 * after the layers between those that write it. */
static void
number_groups(struct mass_coarse *c, const struct mass_state *s,
    size_t *last)
{
	const struct match_mass *p = s->p;
	size_t *groups = last + p->n_groups, g, i;

	for (g = 0; g < p->n_groups; g++)
		c->unknown[g] = SIZE_MAX;
	for (i = 0; i < p->n_order; i++) {
		g = p->order[i];
		last[g] = p->uses[p->first_use[i + 1] - 1].part;
		if (count_live(s, g) > 0)
			groups[c->n++] = g;
	}
	if (c->n > 0)
		qsort_r(groups, c->n, sizeof(*groups), compare, last);
	for (i = 0; i < c->n; i++) {
		c->unknown[groups[i]] = i;
		c->norms[i] = p->norms[groups[i]] *
		    (double)count_live(s, groups[i]);
	}
}

static enum ckpt_status
make_matrix(struct mass_coarse *c, const struct mass_state *s,
    struct ckpt_error *err)
{
	const struct mass_part *t;
	enum ckpt_status st;
	size_t i, row, col;

	st = mass_envelope_new(&c->matrix, c->n, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->p->n_parts; i++) {
		t = &s->p->parts[i];
		row = mass_coarse_unknown(c, &t->row);
		col = mass_coarse_unknown(c, &t->col);
		if (t->is_matrix && row != SIZE_MAX && col != SIZE_MAX)
			mass_envelope_join(&c->matrix, row, col);
	}
	return (mass_envelope_finish(&c->matrix, err));
}

enum ckpt_status
mass_coarse_new(const struct mass_state *s, struct mass_coarse **out,
    struct ckpt_error *err)
{
	const size_t n = s->p->n_groups + 1;
	struct mass_coarse *c = calloc(1, sizeof(*c));
	size_t *last = calloc(2 * n, sizeof(*last));
	enum ckpt_status st;

	if (c == NULL || last == NULL)
		goto err0;
	c->unknown = calloc(n, sizeof(*c->unknown));
	c->y = calloc(n, sizeof(*c->y));
	c->b = calloc(n, sizeof(*c->b));
	c->trial = calloc(n, sizeof(*c->trial));
	c->norms = calloc(n, sizeof(*c->norms));
	c->terms = calloc(3 * s->p->n_parts + 1, sizeof(*c->terms));
	if (c->unknown == NULL || c->y == NULL || c->b == NULL ||
	    c->trial == NULL || c->norms == NULL || c->terms == NULL)
		goto err0;
	number_groups(c, s, last);
	free(last);
	st = make_matrix(c, s, err);
	if (st != CKPT_OK) {
		mass_coarse_free(c);
		return (st);
	}
	*out = c;
	return (CKPT_OK);

err0:
	free(last);
	mass_coarse_free(c);
	return (error_nomem(err, n * sizeof(*c->terms)));
}

void
mass_coarse_add(struct mass_coarse *c, const struct mass_term *t,
    double weight)
{
	if (t->p != SIZE_MAX)
		mass_envelope_add(&c->matrix, t->p, t->p, weight);
	if (t->q != SIZE_MAX)
		mass_envelope_add(&c->matrix, t->q, t->q, weight);
	if (t->p != SIZE_MAX && t->q != SIZE_MAX)
		mass_envelope_add(&c->matrix, t->p, t->q,
		    weight * t->sign_p * t->sign_q);
}

/* ---- the nonlinear problem ---- */

static void
push(struct mass_coarse *c, size_t p, double sign_p, size_t q, double sign_q,
    double log_mass)
{
	if (!isfinite(log_mass) || (p == SIZE_MAX && q == SIZE_MAX) || p == q)
		return; /* none, or none that changes */
	c->terms[c->n_terms++] = (struct mass_term){ p, q, sign_p, sign_q,
	    log_mass, 0 };
}

static double
log_sum(const double *v, const double *f, size_t n)
{
	double sum = 0;
	size_t u;

	for (u = 0; u < n; u++)
		if (v[u] > 0)
			sum += f != NULL ? v[u] * f[u] : v[u];
	return (log(sum));
}

static void
push_ends(struct mass_coarse *c, const struct mass_state *s,
    const struct mass_part *t, bool is_col)
{
	const struct mass_side *side = is_col ? &t->col : &t->row;
	const double *f = (side->sign > 0 ? s->up : s->down) + side->first;

	if (side->sign != 0)
		push(c, mass_coarse_unknown(c, side), side->sign, SIZE_MAX, 0,
		    log_sum(s->ends + t->end + (is_col ? t->row.n : 0), f,
		    side->n) + mass_log_ends(s, t, is_col));
}

void
mass_coarse_terms(struct mass_coarse *c, const struct mass_state *s)
{
	const struct mass_part *t;
	size_t i;

	c->n_terms = 0;
	for (i = 0; i < s->p->n_parts; i++) {
		t = &s->p->parts[i];
		if (t->is_matrix)
			push(c, mass_coarse_unknown(c, &t->row), t->row.sign,
			    mass_coarse_unknown(c, &t->col), t->col.sign,
			    log_sum(s->sums + t->end, NULL, t->row.n));
		push_ends(c, s, t, false);
		push_ends(c, s, t, true);
	}
}

static double
exponent(const struct mass_term *t, const double *y)
{
	return ((t->p != SIZE_MAX ? t->sign_p * y[t->p] : 0) +
	    (t->q != SIZE_MAX ? t->sign_q * y[t->q] : 0));
}

/* What a term should be: the norms of the filters that it writes, if any. */
static double
target(const struct mass_coarse *c, const struct mass_term *t)
{
	if (t->p != SIZE_MAX && c->norms[t->p] > 0)
		return (log(c->norms[t->p]));
	if (t->q != SIZE_MAX && c->norms[t->q] > 0)
		return (log(c->norms[t->q]));
	return (0);
}

/* The scales that make all terms as equal as can be in the logarithm; in a
 * chain these are the best ones. */
static void
level(struct mass_coarse *c)
{
	const struct mass_term *t;
	double x;
	size_t i;

	mass_envelope_clear(&c->matrix);
	memset(c->y, 0, c->n * sizeof(*c->y));
	for (i = 0; i < c->n_terms; i++) {
		t = &c->terms[i];
		mass_coarse_add(c, t, 1);
		x = (t->log - target(c, t)) / 2;
		if (t->p != SIZE_MAX)
			c->y[t->p] -= t->sign_p * x;
		if (t->q != SIZE_MAX)
			c->y[t->q] -= t->sign_q * x;
	}
	mass_envelope_factor(&c->matrix);
	mass_envelope_solve(&c->matrix, c->y);
}

/* The terms at y, divided by exp(shift). Returns the objective: their sum
 * less the filters' logarithms. */
static double
evaluate(struct mass_coarse *c, const double *y, double shift, double *sum)
{
	double logs = 0;
	size_t i;

	*sum = 0;
	for (i = 0; i < c->n_terms; i++) {
		c->terms[i].mass = exp(c->terms[i].log +
		    2 * exponent(&c->terms[i], y) - shift);
		*sum += c->terms[i].mass;
	}
	for (i = 0; i < c->n; i++)
		if (c->norms[i] > 0)
			logs += 2 * c->norms[i] * exp(-shift) * y[i];
	return (*sum - logs);
}

/* A Newton step of the objective into b; its largest part. */
static double
find_step(struct mass_coarse *c, double shift)
{
	const struct mass_term *t;
	double max = 0;
	size_t i;

	mass_envelope_clear(&c->matrix);
	for (i = 0; i < c->n; i++)
		c->b[i] = c->norms[i] > 0 ? c->norms[i] * exp(-shift) : 0;
	for (i = 0; i < c->n_terms; i++) {
		t = &c->terms[i];
		mass_coarse_add(c, t, 2 * t->mass);
		if (t->p != SIZE_MAX)
			c->b[t->p] -= t->sign_p * t->mass;
		if (t->q != SIZE_MAX)
			c->b[t->q] -= t->sign_q * t->mass;
	}
	mass_envelope_factor(&c->matrix);
	mass_envelope_solve(&c->matrix, c->b);
	for (i = 0; i < c->n; i++)
		max = fabs(c->b[i]) > max ? fabs(c->b[i]) : max;
	return (max);
}

static double
largest_term(const struct mass_coarse *c)
{
	double max = -HUGE_VAL, x;
	size_t i;

	for (i = 0; i < c->n_terms; i++) {
		x = c->terms[i].log + 2 * exponent(&c->terms[i], c->y);
		max = x > max ? x : max;
	}
	return (max);
}

static void
descend(struct mass_coarse *c)
{
	double shift, now, next, max, scale, sum, *y = c->trial;
	unsigned i, k;
	size_t j;

	for (i = 0; i < MAX_STEPS; i++) {
		shift = largest_term(c);
		now = evaluate(c, c->y, shift, &sum);
		max = find_step(c, shift);
		if (!(max > PRECISION) || !isfinite(max))
			return;
		scale = max > 2 ? 2 / max : 1;
		for (k = 0; k < 20; k++, scale /= 2) {
			for (j = 0; j < c->n; j++)
				y[j] = c->y[j] + scale * c->b[j];
			next = evaluate(c, y, shift, &sum);
			if (next <= now + 1e-15 * sum)
				break;
		}
		if (k == 20)
			return;
		memcpy(c->y, y, c->n * sizeof(*y));
	}
}

/* Groups move by y: what is summed up moves with them. */
static void
move(struct mass_coarse *c, struct mass_state *s)
{
	const struct match_mass *p = s->p;
	const struct mass_part *t;
	double f;
	size_t i, u, g, row, col;

	for (i = 0; i < p->n_parts; i++) {
		t = &p->parts[i];
		if (!t->is_matrix)
			continue;
		row = mass_coarse_unknown(c, &t->row);
		col = mass_coarse_unknown(c, &t->col);
		f = exp(2 * ((row != SIZE_MAX ? t->row.sign * c->y[row] : 0) +
		    (col != SIZE_MAX ? t->col.sign * c->y[col] : 0)));
		for (u = 0; u < t->row.n + t->col.n; u++)
			s->sums[t->end + u] *= f;
	}
	for (g = 0; g < p->n_groups; g++)
		if (c->unknown[g] != SIZE_MAX)
			s->ref[g] += c->y[c->unknown[g]];
	mass_collect(s);
}

void
mass_coarse_solve(struct mass_coarse *c, struct mass_state *s, bool is_first)
{
	size_t i;

	mass_coarse_terms(c, s);
	if (is_first)
		level(c);
	else
		memset(c->y, 0, c->n * sizeof(*c->y));
	descend(c);
	for (i = 0; i < c->n; i++)
		if (!isfinite(c->y[i]))
			return;
	move(c, s);
}
