/*
 * Newton's method: L x = (out - in) / 2, where 4 L is the second derivative
 * of the mass in the logarithms of the scales: the Laplacian of the graph of
 * units with the cells as weights (of filters, without what is fixed). Solved
 * by conjugate gradients with the diagonal as preconditioner, deflated by one
 * scale a group (Tang, Nabben, Vuik, Erlangga, Comparison of two-level
 * preconditioners, 2009, A-DEF2).
 */
#include <math.h>

#include "match/mass.h"

#define MAX_ITERATIONS 100 /* of conjugate gradients, a step */
#define MAX_HALVINGS 10

struct mass_newton {
	size_t n;
	double *b, *x, *r, *w, *d, *q, *old; /* [unit] each */
	double *sums;                        /* before the step */
};

void
mass_newton_free(struct mass_newton *n)
{
	if (n == NULL)
		return;
	free(n->b);
	free(n->sums);
	free(n);
}

enum ckpt_status
mass_newton_new(const struct mass_state *s, struct mass_newton **out,
    struct ckpt_error *err)
{
	struct mass_newton *n = calloc(1, sizeof(*n));
	const size_t size = s->p->n_units + 1;

	if (n == NULL)
		return (error_nomem(err, sizeof(*n)));
	n->n = s->p->n_units;
	n->b = calloc(7 * size, sizeof(*n->b));
	n->sums = malloc((s->p->n_ends + 1) * sizeof(*n->sums));
	if (n->b == NULL || n->sums == NULL) {
		mass_newton_free(n);
		return (error_nomem(err, 7 * size * sizeof(*n->b)));
	}
	n->x = n->b + size;
	n->r = n->x + size;
	n->w = n->r + size;
	n->d = n->w + size;
	n->q = n->d + size;
	n->old = n->q + size;
	*out = n;
	return (CKPT_OK);
}

static double
dot(const double *a, const double *b, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += a[i] * b[i];
	return (sum);
}

/* q = L v, in the live units. */
static void
multiply(struct mass_state *s, const double *v, double *q)
{
	size_t u;

	mass_multiply(s, v, q);
	for (u = 0; u < s->p->n_units; u++)
		q[u] = s->is_live[u] ? s->diagonal[u] * v[u] - q[u] : 0;
}

/* w = the residual, preconditioned. */
static void
precondition(struct mass_newton *n, struct mass_coarse *c,
    const struct mass_state *s)
{
	size_t u;

	for (u = 0; u < n->n; u++)
		n->w[u] = s->is_live[u] ? n->r[u] / s->diagonal[u] : 0;
	mass_deflate(c, s, NULL, n->w);
}

/* The squared size of the residual, in the norm of the diagonal. */
static double
size_of(const struct mass_newton *n, const struct mass_state *s)
{
	double sum = 0;
	size_t u;

	for (u = 0; u < n->n; u++)
		if (s->is_live[u])
			sum += n->r[u] * n->r[u] / s->diagonal[u];
	return (sum);
}

/* x with L x = b, to `precision` of the residual's size. */
static void
solve(struct mass_newton *n, struct mass_coarse *c, struct mass_state *s,
    double precision)
{
	double rho, next, alpha, size;
	unsigned i;
	size_t u;

	mass_deflate_factor(c, s);
	memset(n->x, 0, n->n * sizeof(*n->x));
	memcpy(n->r, n->b, n->n * sizeof(*n->r));
	size = size_of(n, s);
	mass_deflate(c, s, n->b, n->x);
	multiply(s, n->x, n->q);
	for (u = 0; u < n->n; u++)
		n->r[u] -= n->q[u];
	precondition(n, c, s);
	memcpy(n->d, n->w, n->n * sizeof(*n->d));
	rho = dot(n->r, n->w, n->n);
	for (i = 0; i < MAX_ITERATIONS && rho > 0; i++) {
		multiply(s, n->d, n->q);
		alpha = dot(n->d, n->q, n->n);
		if (!(alpha > 0))
			return;
		alpha = rho / alpha;
		for (u = 0; u < n->n; u++) {
			n->x[u] += alpha * n->d[u];
			n->r[u] -= alpha * n->q[u];
		}
		if (!(size_of(n, s) > precision * precision * size))
			return;
		precondition(n, c, s);
		next = dot(n->r, n->w, n->n);
		for (u = 0; u < n->n; u++)
			n->d[u] = n->w[u] + next / rho * n->d[u];
		rho = next;
	}
}

static void
place(struct mass_newton *n, struct mass_state *s, double scale)
{
	size_t u;

	for (u = 0; u < n->n; u++)
		if (s->is_live[u])
			s->z[u] = n->old[u] + scale * n->x[u];
	mass_exponentials(s, 0, n->n);
	mass_multiply(s, NULL, n->q);
	mass_collect(s);
}

/* To what part of the residual a step is worked out: such that the error of
 * the step's own quadratic kind prevails, and no further than wanted. */
static double
precision_of(double certificate)
{
	double enough = 0.1 * MASS_WANTED / certificate;
	double precision = certificate > enough ? certificate : enough;

	return (precision < 0.05 ? precision : 0.05);
}

bool
mass_newton_step(struct mass_newton *n, struct mass_coarse *c,
    struct mass_state *s)
{
	const double objective = s->objective, certificate = s->certificate;
	const double rounding = 1e-13 * s->mass;
	double max = 0, scale;
	unsigned i;
	size_t u;

	for (u = 0; u < n->n; u++)
		n->b[u] = s->is_live[u] ? (s->out[u] - s->in[u]) / 2 : 0;
	solve(n, c, s, precision_of(certificate));
	for (u = 0; u < n->n; u++)
		max = fabs(n->x[u]) > max ? fabs(n->x[u]) : max;
	if (!isfinite(max) || !(max > 0))
		return (false);
	memcpy(n->old, s->z, n->n * sizeof(*n->old));
	scale = max > 1 ? 1 / max : 1;
	for (i = 0; i < MAX_HALVINGS; i++, scale /= 2) {
		place(n, s, scale);
		if (s->objective < objective || (s->objective <= objective +
		    rounding && s->certificate < certificate))
			return (true);
	}
	place(n, s, 0);
	return (false);
}
