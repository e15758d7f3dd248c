/*
 * The problem of one scale a group: what cyclic updates alone solve slowly,
 * since they carry mass from layer to layer one layer at a time.
 */
#include <math.h>

#include "match/mass.h"
#include "match/mass_envelope.h"

#define MAX_STEPS 50
#define PRECISION 1e-13

/* The mass of the cells, or the ends, of a part: exp(log + 2 (y_p - y_q)),
 * up to signs; SIZE_MAX: no unknown. */
struct term {
	size_t p, q;
	double sign_p, sign_q;
	double log;
	double mass;
};

struct mass_coarse {
	size_t n;              /* unknowns */
	size_t *unknown;       /* [group], or SIZE_MAX */
	struct mass_envelope matrix;
	double *y, *b, *trial; /* [unknown] */
	size_t n_terms;
	struct term *terms;
};

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
	free(c->terms);
	free(c);
}

static bool
has_live(const struct mass_state *s, size_t group)
{
	size_t u;

	for (u = s->p->first_unit[group]; u < s->p->first_unit[group + 1];
	    u++)
		if (s->is_live[u])
			return (true);
	return (false);
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
	size_t *groups = last + p->shape->n_groups, g, i;

	for (g = 0; g < p->shape->n_groups; g++)
		c->unknown[g] = SIZE_MAX;
	for (i = 0; i < p->n_order; i++) {
		g = p->order[i];
		last[g] = p->uses[p->first_use[i + 1] - 1].part;
		if (has_live(s, g))
			groups[c->n++] = g;
	}
	if (c->n > 0)
		qsort_r(groups, c->n, sizeof(*groups), compare, last);
	for (i = 0; i < c->n; i++)
		c->unknown[groups[i]] = i;
}

static size_t
unknown_of(const struct mass_coarse *c, const struct mass_side *side)
{
	return (side->sign == 0 ? SIZE_MAX : c->unknown[side->group]);
}

static enum ckpt_status
make_matrix(struct mass_coarse *c, const struct mass_state *s,
    struct ckpt_error *err)
{
	const struct mass_part *t;
	enum ckpt_status st;
	size_t i;

	st = mass_envelope_new(&c->matrix, c->n, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->p->n_parts; i++) {
		t = &s->p->parts[i];
		if (t->is_matrix && unknown_of(c, &t->row) != SIZE_MAX &&
		    unknown_of(c, &t->col) != SIZE_MAX)
			mass_envelope_join(&c->matrix, unknown_of(c, &t->row),
			    unknown_of(c, &t->col));
	}
	return (mass_envelope_finish(&c->matrix, err));
}

enum ckpt_status
mass_coarse_new(const struct mass_state *s, struct mass_coarse **out,
    struct ckpt_error *err)
{
	const size_t n = s->p->shape->n_groups + 1;
	struct mass_coarse *c = calloc(1, sizeof(*c));
	size_t *last = calloc(2 * n, sizeof(*last));
	enum ckpt_status st;

	if (c == NULL || last == NULL)
		goto err0;
	c->unknown = calloc(n, sizeof(*c->unknown));
	c->y = calloc(n, sizeof(*c->y));
	c->b = calloc(n, sizeof(*c->b));
	c->trial = calloc(n, sizeof(*c->trial));
	c->terms = calloc(3 * s->p->n_parts + 1, sizeof(*c->terms));
	if (c->unknown == NULL || c->y == NULL || c->b == NULL ||
	    c->trial == NULL || c->terms == NULL)
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

/* Adds weight times d d', with d the signs of a term. */
static void
add_term(struct mass_coarse *c, const struct term *t, double weight)
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
	c->terms[c->n_terms++] = (struct term){ p, q, sign_p, sign_q,
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
		push(c, unknown_of(c, side), side->sign, SIZE_MAX, 0,
		    log_sum(s->ends + t->end + (is_col ? t->row.n : 0), f,
		    side->n) + mass_log_ends(s, t, is_col));
}

static void
make_terms(struct mass_coarse *c, const struct mass_state *s)
{
	const struct mass_part *t;
	size_t i;

	c->n_terms = 0;
	for (i = 0; i < s->p->n_parts; i++) {
		t = &s->p->parts[i];
		if (t->is_matrix)
			push(c, unknown_of(c, &t->row), t->row.sign,
			    unknown_of(c, &t->col), t->col.sign,
			    log_sum(s->sums + t->end, NULL, t->row.n));
		push_ends(c, s, t, false);
		push_ends(c, s, t, true);
	}
}

static double
exponent(const struct term *t, const double *y)
{
	return ((t->p != SIZE_MAX ? t->sign_p * y[t->p] : 0) +
	    (t->q != SIZE_MAX ? t->sign_q * y[t->q] : 0));
}

/* The scales that make all terms as equal as can be in the logarithm; in a
 * chain these are the best ones. */
static void
level(struct mass_coarse *c)
{
	const struct term *t;
	size_t i;

	mass_envelope_clear(&c->matrix);
	memset(c->y, 0, c->n * sizeof(*c->y));
	for (i = 0; i < c->n_terms; i++) {
		t = &c->terms[i];
		add_term(c, t, 1);
		if (t->p != SIZE_MAX)
			c->y[t->p] -= t->sign_p * t->log / 2;
		if (t->q != SIZE_MAX)
			c->y[t->q] -= t->sign_q * t->log / 2;
	}
	mass_envelope_factor(&c->matrix);
	mass_envelope_solve(&c->matrix, c->y);
}

/* The terms at y, divided by exp(shift); their sum. */
static double
evaluate(struct mass_coarse *c, const double *y, double shift)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < c->n_terms; i++) {
		c->terms[i].mass = exp(c->terms[i].log +
		    2 * exponent(&c->terms[i], y) - shift);
		sum += c->terms[i].mass;
	}
	return (sum);
}

/* A Newton step of the sum of the terms into b; its largest part. */
static double
find_step(struct mass_coarse *c)
{
	const struct term *t;
	double max = 0;
	size_t i;

	mass_envelope_clear(&c->matrix);
	memset(c->b, 0, c->n * sizeof(*c->b));
	for (i = 0; i < c->n_terms; i++) {
		t = &c->terms[i];
		add_term(c, t, 2 * t->mass);
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

static void
descend(struct mass_coarse *c)
{
	double shift = -HUGE_VAL, now, next, max, scale;
	double *y = c->trial;
	unsigned i, k;
	size_t j;

	for (j = 0; j < c->n_terms; j++) {
		now = c->terms[j].log + 2 * exponent(&c->terms[j], c->y);
		shift = now > shift ? now : shift;
	}
	now = evaluate(c, c->y, shift);
	for (i = 0; i < MAX_STEPS; i++) {
		max = find_step(c);
		if (!(max > PRECISION) || !isfinite(max))
			return;
		scale = max > 2 ? 2 / max : 1;
		for (k = 0; k < 20; k++, scale /= 2) {
			for (j = 0; j < c->n; j++)
				y[j] = c->y[j] + scale * c->b[j];
			next = evaluate(c, y, shift);
			if (next <= now * (1 + 1e-15))
				break;
		}
		if (k == 20)
			return;
		now = next;
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
	size_t i, u, g;

	for (i = 0; i < p->n_parts; i++) {
		t = &p->parts[i];
		if (!t->is_matrix)
			continue;
		f = 0;
		if (unknown_of(c, &t->row) != SIZE_MAX)
			f += t->row.sign * c->y[unknown_of(c, &t->row)];
		if (unknown_of(c, &t->col) != SIZE_MAX)
			f += t->col.sign * c->y[unknown_of(c, &t->col)];
		f = exp(2 * f);
		for (u = 0; u < t->row.n + t->col.n; u++)
			s->sums[t->end + u] *= f;
	}
	for (g = 0; g < p->shape->n_groups; g++)
		if (c->unknown[g] != SIZE_MAX)
			s->ref[g] += c->y[c->unknown[g]];
	mass_collect(s);
}

void
mass_coarse_solve(struct mass_coarse *c, struct mass_state *s, bool is_first)
{
	size_t i;

	make_terms(c, s);
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

/* ---- the linear one ---- */

void
mass_coarse_factor(struct mass_coarse *c, const struct mass_state *s)
{
	size_t i;

	make_terms(c, s);
	mass_envelope_clear(&c->matrix);
	for (i = 0; i < c->n_terms; i++)
		add_term(c, &c->terms[i], exp(c->terms[i].log));
	mass_envelope_factor(&c->matrix);
}

/* b -= (L P)' v, of one part's cells: each couples the sums of its rows with
 * those of its columns. */
static void
subtract(struct mass_coarse *c, const struct mass_state *s,
    const struct mass_part *t, const double *v)
{
	const size_t p = unknown_of(c, &t->row), q = unknown_of(c, &t->col);
	const double *rows = s->sums + t->end, *cols = rows + t->row.n;
	double a = 0;
	size_t u;

	if (p == q || p == SIZE_MAX || q == SIZE_MAX)
		return;
	for (u = 0; u < t->row.n; u++)
		a += rows[u] * v[t->row.first + u];
	for (u = 0; u < t->col.n; u++)
		a -= cols[u] * v[t->col.first + u];
	c->b[p] -= a;
	c->b[q] += a;
}

static void
subtract_ends(struct mass_coarse *c, const struct mass_state *s,
    const struct mass_part *t, bool is_col, const double *v)
{
	const struct mass_side *side = is_col ? &t->col : &t->row;
	const double *ends = s->ends + t->end + (is_col ? t->row.n : 0), *f;
	double scale, a = 0;
	size_t u;

	if (side->sign == 0 || unknown_of(c, side) == SIZE_MAX)
		return;
	f = (side->sign > 0 ? s->up : s->down) + side->first;
	scale = exp(mass_log_ends(s, t, is_col));
	for (u = 0; u < side->n; u++)
		if (ends[u] > 0)
			a += ends[u] * f[u] * scale * v[side->first + u];
	c->b[unknown_of(c, side)] -= a;
}

void
mass_coarse_correct(struct mass_coarse *c, const struct mass_state *s,
    const double *r, double *v)
{
	const struct match_mass *p = s->p;
	size_t i, g, u;

	memset(c->b, 0, c->n * sizeof(*c->b));
	for (g = 0; r != NULL && g < p->shape->n_groups; g++)
		for (u = p->first_unit[g]; c->unknown[g] != SIZE_MAX &&
		    u < p->first_unit[g + 1]; u++)
			c->b[c->unknown[g]] += r[u];
	for (i = 0; i < p->n_parts; i++) {
		if (p->parts[i].is_matrix)
			subtract(c, s, &p->parts[i], v);
		subtract_ends(c, s, &p->parts[i], false, v);
		subtract_ends(c, s, &p->parts[i], true, v);
	}
	mass_envelope_solve(&c->matrix, c->b);
	for (g = 0; g < p->shape->n_groups; g++)
		for (u = p->first_unit[g]; c->unknown[g] != SIZE_MAX &&
		    u < p->first_unit[g + 1]; u++)
			if (s->is_live[u])
				v[u] += c->b[c->unknown[g]];
}
