#include <math.h>

#include <cblas.h>

#include "match/match_work.h"

/* Below so many multiplications BLAS is not worth its call. */
#define SMALL_PRODUCT 32768

/* The units of a group along one axis of a tensor, as rows of numbers: unit
 * u has `n_runs` runs of `run` elements, `stride` apart, from `first(u)` on. */
struct axis {
	const struct sym_tensor *t;
	bool is_col;
	size_t n_runs, run, stride;
};

static struct axis
axis_of(const struct match_shape *s, const struct sym_use *use)
{
	const struct sym_tensor *t = &s->tensors[use->tensor];
	struct axis a = { .t = t, .is_col = use->is_col };

	if (!use->is_col) {
		a.n_runs = 1;
		a.run = (size_t)(t->row.block * t->cols * t->inner);
		return (a);
	}
	a.n_runs = (size_t)(t->rows / t->slices);
	a.run = (size_t)(t->col.block * t->inner);
	a.stride = (size_t)(t->cols * t->inner);
	return (a);
}

/* Offset of a unit's first element in its tensor. */
static size_t
first_of(const struct axis *a, size_t u)
{
	size_t x;

	if (!a->is_col)
		return (u * a->run);
	x = u * (size_t)a->t->col.block;
	return ((x / (size_t)a->t->cols * a->n_runs * (size_t)a->t->cols +
	    x % (size_t)a->t->cols) * (size_t)a->t->inner);
}

/* Whether the axis is sliced and its rows move in the same step. */
static bool
is_sliced(const struct match_shape *s, const struct axis *a, size_t g)
{
	size_t row = a->t->row.group;

	return (a->is_col && a->t->slices > 1 && row != SIZE_MAX &&
	    s->root[row] == s->root[g]);
}

bool
match_has_sliced(const struct match_shape *s, size_t group)
{
	const struct sym_use *uses;
	struct axis a;
	size_t i, n;

	uses = sym_plan_uses(s->plan, group, &n);
	for (i = 0; i < n; i++) {
		a = axis_of(s, &uses[i]);
		if (is_sliced(s, &a, group))
			return (true);
	}
	return (false);
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

/* c[n][n] += a[n][len] * b[n][len]^T */
static void
multiply(size_t n, size_t len, const double *a, const double *b, double *c)
{
	size_t i, j;

	if (n * n * len >= SMALL_PRODUCT) {
		cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n,
		    (int)n, (int)len, 1, a, (int)len, b, (int)len, 1, c,
		    (int)n);
		return;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			c[i * n + j] += dot(a + i * len, b + j * len, len);
}

/* Runs [from, to) of all units next to one another. */
static void
gather(const struct axis *a, size_t n, size_t from, size_t to,
    const double *w, double *out)
{
	size_t u, r, first;

	for (u = 0; u < n; u++) {
		first = first_of(a, u);
		for (r = from; r < to; r++) {
			memcpy(out, w + first + r * a->stride,
			    a->run * sizeof(*out));
			out += a->run;
		}
	}
}

static void
add_products(const struct axis *a, size_t n, const double *ref,
    const double *w, double *panel, double *c)
{
	size_t step, r, to;

	if (!a->is_col) {
		multiply(n, a->run, ref, w, c);
		return;
	}
	if (a->run > MATCH_PANEL) { /* long runs: one at a time, in place */
		for (r = 0; r < n * n * a->n_runs; r++)
			c[r / a->n_runs] += dot(ref +
			    first_of(a, r / a->n_runs / n) +
			    r % a->n_runs * a->stride, w +
			    first_of(a, r / a->n_runs % n) +
			    r % a->n_runs * a->stride, a->run);
		return;
	}
	step = MATCH_PANEL / a->run;
	for (r = 0; r < a->n_runs; r = to) {
		to = r + step < a->n_runs ? r + step : a->n_runs;
		gather(a, n, r, to, ref, panel);
		gather(a, n, r, to, w, panel + n * MATCH_PANEL);
		multiply(n, (to - r) * a->run, panel,
		    panel + n * MATCH_PANEL, c);
	}
}

/* sum[u] += the product of unit u in a and in b */
static void
add_diagonal(const struct axis *a, size_t n, const double *p,
    const double *q, double *sum)
{
	size_t u, r, first;

	for (u = 0; u < n; u++) {
		first = first_of(a, u);
		for (r = 0; r < a->n_runs; r++)
			sum[u] += dot(p + first + r * a->stride,
			    q + first + r * a->stride, a->run);
	}
}

static double **
part_of(struct match_cost *c, const struct match_shape *s,
    const struct axis *a, size_t g, unsigned flags)
{
	enum symmetry_action action =
	    a->is_col ? a->t->col.action : a->t->row.action;
	size_t parent = s->table->groups[g].parent;

	if (!a->is_col && a->t->slices > 1 && !(flags & MATCH_SLICED) &&
	    parent != SIZE_MAX && a->t->col.group == parent &&
	    a->t->col.action != SYMMETRY_NONE)
		return (&c->dep);
	if (!(flags & (MATCH_SIGN | MATCH_POW2)) || action == SYMMETRY_NONE)
		return (&c->none);
	return (action == SYMMETRY_OUT ? &c->out : &c->in);
}

/* Space for a part at its first use; a dependent part is signed by the unit
 * too, so that `dep` stands beside out, not instead of it. */
static double *
claim(double **part, size_t n)
{
	if (*part == NULL)
		*part = calloc(n, sizeof(**part));
	return (*part);
}

static void
add_norms(struct match_cost *c, const struct axis *a, const double *w)
{
	enum symmetry_action action =
	    a->is_col ? a->t->col.action : a->t->row.action;

	if (action != SYMMETRY_NONE)
		add_diagonal(a, c->n, w, w, action == SYMMETRY_OUT ?
		    c->norm_out : c->norm_in);
}

enum ckpt_status
match_cost_new(const struct match_shape *s, size_t g, unsigned flags,
    const double *ref, const double *w, double *panel,
    struct match_cost *out, struct ckpt_error *err)
{
	struct match_cost c = { .n = s->table->groups[g].n_units,
	    .is_diagonal = (flags & MATCH_DIAGONAL) != 0 };
	const struct sym_use *uses;
	size_t i, n_uses, n = c.is_diagonal ? c.n : c.n * c.n, at;
	struct axis a;
	double *part;

	if (flags & MATCH_POW2) {
		c.norm_out = calloc(2 * c.n + 1, sizeof(*c.norm_out));
		if (c.norm_out == NULL)
			return (error_nomem(err, 2 * c.n * sizeof(double)));
		c.norm_in = c.norm_out + c.n;
	}
	uses = sym_plan_uses(s->plan, g, &n_uses);
	for (i = 0; i < n_uses; i++) {
		a = axis_of(s, &uses[i]);
		if (!(flags & MATCH_SLICED) && is_sliced(s, &a, g))
			continue;
		part = claim(part_of(&c, s, &a, g, flags), n);
		if (part == NULL)
			goto err0;
		at = s->offset[uses[i].tensor];
		if (c.is_diagonal)
			add_diagonal(&a, c.n, ref + at, w + at, part);
		else
			add_products(&a, c.n, ref + at, w + at, panel, part);
		if (flags & MATCH_POW2)
			add_norms(&c, &a, w + at);
	}
	*out = c;
	return (CKPT_OK);

err0:
	match_cost_release(&c);
	return (error_nomem(err, n * sizeof(double)));
}

void
match_cost_release(struct match_cost *c)
{
	free(c->out);
	free(c->in);
	free(c->none);
	free(c->dep);
	free(c->norm_out);
	memset(c, 0, sizeof(*c));
}

void
match_single_thread(void)
{
	openblas_set_num_threads(1);
}

static double
at(const double *part, size_t i)
{
	return (part != NULL ? part[i] : 0);
}

struct pair {
	double out, in, norm_out, norm_in;
};

static double
gain_at(const struct pair *p, double k)
{
	return (k * p->out + p->in / k - (k * k * p->norm_out +
	    p->norm_in / (k * k)) / 2);
}

/* The power of two with the largest gain: between the scale that the
 * incoming weights would take alone and the one of the outgoing ones. */
static double
best_scale(const struct pair *p, double *gain)
{
	double by_out = 1, by_in = 1, k, g, best = 1;
	int e, low, high;

	if (p->out > 0 && p->norm_out > 0)
		by_out = by_in = p->out / p->norm_out;
	if (p->in > 0 && p->norm_in > 0) {
		by_in = p->norm_in / p->in;
		by_out = p->out > 0 && p->norm_out > 0 ? by_out : by_in;
	}
	by_out = fmin(fmax(by_out, 0x1p-32), 0x1p32);
	by_in = fmin(fmax(by_in, 0x1p-32), 0x1p32);
	low = ilogb(fmin(by_out, by_in));
	high = ilogb(fmax(by_out, by_in)) + 1;
	*gain = gain_at(p, 1);
	for (e = low; e <= high; e++) {
		k = ldexp(1, e);
		g = gain_at(p, k);
		if (g > *gain) {
			*gain = g;
			best = k;
		}
	}
	return (best);
}

double
match_cost_pair(const struct match_cost *c, size_t a, size_t b,
    unsigned flags, double parent, double *factor)
{
	size_t i = c->is_diagonal ? a : a * c->n + b;
	struct pair p = { .out = at(c->out, i), .in = at(c->in, i) };
	double none = at(c->none, i), gain, turned, k;

	*factor = 1;
	if (!(flags & (MATCH_SIGN | MATCH_POW2)))
		return (none + parent * at(c->dep, i));
	p.out += parent * at(c->dep, i);
	if (!(flags & MATCH_POW2)) {
		if (p.out + p.in < 0)
			*factor = -1;
		return (none + fabs(p.out + p.in));
	}
	p.norm_out = at(c->norm_out, b);
	p.norm_in = at(c->norm_in, b);
	*factor = best_scale(&p, &gain);
	if (flags & MATCH_SIGN) {
		p.out = -p.out;
		p.in = -p.in;
		k = best_scale(&p, &turned);
		if (turned > gain) {
			gain = turned;
			*factor = -k;
		}
	}
	return (none + gain);
}
