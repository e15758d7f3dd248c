#include <math.h>

#include "match/match_work.h"

/* Moments of an order up to this one are taken. */
#define MAX_ORDER 6

/* Kernels of up to so many positions are told apart by the products of their
 * positions, too. */
#define MAX_CROSS 16

/* ---- what is known without the order of the other units ---- */

struct moments {
	const struct match_use *u;
	size_t len;         /* numbers of a unit at one unit of the other */
	size_t n;           /* moments of a unit */
	bool has_odd;       /* the other units' signs are known */
	bool is_signed;     /* the unit's own sign is not */
	double *of[2];      /* [unit][n], of the reference and of the model */
};

/* Hermite polynomials of orders 1, 2, ...: sums of them over many normal
 * numbers hang together little, and noise weakens those of order k by its
 * k-th power. */
static void
hermite(double x, double *out)
{
	double before = 1, now = x, next;
	unsigned k;

	for (k = 1; k <= MAX_ORDER; k++) {
		*out++ = now;
		next = x * now - k * before;
		before = now;
		now = next;
	}
}

static void
add_cell(const struct moments *m, const double *x, double *out)
{
	double h[MAX_ORDER];
	size_t i, j;
	unsigned k;

	for (i = 0; i < m->len; i++) {
		hermite(x[i], h);
		for (k = m->has_odd ? 0 : 1; k < MAX_ORDER;
		    k += m->has_odd ? 1 : 2)
			*out++ += h[k];
	}
	for (i = 0; m->len <= MAX_CROSS && i < m->len; i++)
		for (j = 0; j < i; j++)
			*out++ += x[i] * x[j];
}

/* The moments of a unit; `scale` makes the numbers' mean square 1. */
static void
add_unit(const struct moments *m, const float *w, double scale, size_t unit,
    double *x, double *out)
{
	const struct match_use *u = m->u;
	size_t j, r, i, at, row, n;

	for (j = 0; j < u->n_other; j++) {
		for (r = 0, n = 0; r < u->row_block; r++) {
			row = u->is_col ? (unit / u->cols * u->n_other + j) *
			    u->row_block + r : unit * u->row_block + r;
			at = (row * u->cols + (u->is_col ? unit % u->cols :
			    j)) * u->run;
			for (i = 0; i < u->run; i++)
				x[n++] = (double)w[at + i] * scale;
		}
		add_cell(m, x, out);
	}
	for (i = 0; m->is_signed && i < m->n; i++)
		out[i] = fabs(out[i]);
}

/* Each moment becomes one of mean 0 and variance 1 over the units. */
static void
standardise(const struct moments *m, double *p)
{
	size_t n = m->u->n_units, i, a;
	double sum, squares, mean, factor;

	for (i = 0; i < m->n; i++) {
		sum = squares = 0;
		for (a = 0; a < n; a++)
			sum += p[a * m->n + i];
		mean = sum / (double)n;
		for (a = 0; a < n; a++)
			squares += (p[a * m->n + i] - mean) *
			    (p[a * m->n + i] - mean);
		factor = squares > 0 ? sqrt((double)n / squares) : 0;
		for (a = 0; a < n; a++)
			p[a * m->n + i] = isfinite(factor) ?
			    (p[a * m->n + i] - mean) * factor : 0;
	}
}

static void
measure(const struct moments *m, const float *w, size_t size, double *x,
    double *out)
{
	double squares = 0;
	size_t i;

	for (i = 0; i < size; i++)
		squares += (double)w[i] * (double)w[i];
	squares = squares > 0 ? sqrt((double)size / squares) : 0;
	memset(out, 0, m->u->n_units * m->n * sizeof(*out));
	for (i = 0; i < m->u->n_units; i++)
		add_unit(m, w, squares, i, x, out + i * m->n);
	standardise(m, out);
}

static size_t
count_moments(const struct moments *m)
{
	size_t n = m->len * (m->has_odd ? MAX_ORDER : MAX_ORDER / 2);

	if (m->len <= MAX_CROSS)
		n += m->len * (m->len - 1) / 2;
	return (n);
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

/* Adds what the moments say of each pair to the hints. */
static enum ckpt_status
add_moments(struct match_work *k, const struct match_use *u, size_t group,
    struct ckpt_error *err)
{
	const struct match_problem *p = k->problem;
	size_t at = p->shape->offset[u->tensor], n = u->n_units, i, j;
	size_t size = p->shape->offset[u->tensor + 1] - at;
	struct moments m = { .u = u, .len = u->row_block * u->run };
	enum ckpt_status st;
	double *x;
	float *c;

	m.has_odd = u->other == SIZE_MAX || p->layout.flags[u->other] == 0 ||
	    u->other_action == SYMMETRY_NONE;
	m.is_signed = u->own != MATCH_NONE;
	m.n = count_moments(&m);
	st = match_parts_claim(k, &k->hints[group], group, MATCH_NONE, &c,
	    err);
	if (st != CKPT_OK)
		return (st);
	x = malloc((2 * n * m.n + m.len + 1) * sizeof(*x));
	if (x == NULL)
		return (error_nomem(err, 2 * n * m.n * sizeof(*x)));
	m.of[0] = x + m.len;
	m.of[1] = m.of[0] + n * m.n;
	measure(&m, p->ref.w + at, size, x, m.of[0]);
	measure(&m, k->model.w + at, size, x, m.of[1]);
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			c[i * n + j] += (float)dot(m.of[0] + i * m.n,
			    m.of[1] + j * m.n, m.n);
	free(x);
	return (CKPT_OK);
}

/* ---- what is known from units that have their places ---- */

static bool
is_known(const struct match_work *k, const struct match_use *u)
{
	const struct match_layout *l = &k->problem->layout;

	return (u->other == SIZE_MAX || u->is_joint ||
	    k->is_placed[l->family_of[u->other]]);
}

/* The products go to the costs, too, where a descent finds them. */
static enum ckpt_status
add_products(struct match_work *k, size_t use, struct ckpt_error *err)
{
	const struct match_use *u = &k->problem->layout.uses[use];
	size_t n2 = u->n_units * u->n_units, i;
	double spread = k->problem->spread[u->tensor];
	float scale = spread > 0 ? (float)(1 / spread) : 0;
	float *cost, *hint;
	enum ckpt_status st;

	st = match_parts_claim(k, &k->hints[u->owner], u->owner, u->part,
	    &hint, err);
	if (st != CKPT_OK)
		return (st);
	memset(k->product, 0, n2 * sizeof(*k->product));
	st = match_cost_use(k, use, k->product, err);
	if (st != CKPT_OK)
		return (st);
	st = match_parts_claim(k, &k->parts[u->owner], u->owner, u->part,
	    &cost, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < n2; i++) {
		cost[i] += k->product[i];
		hint[i] += scale * k->product[i];
	}
	return (CKPT_OK);
}

/* ---- families in turn ---- */

/* Products of so many numbers tell n units apart without the moments, even
 * with noise of half their size. */
static size_t
enough(size_t n)
{
	return (16 * (size_t)(1 + ilogb((double)n)) + 16);
}

static enum ckpt_status
gather(struct match_work *k, const struct match_family *f,
    struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	const struct match_use *u;
	size_t i, j, g, n_known = 0;
	enum ckpt_status st;

	for (i = 0; i < f->n_members; i++) {
		g = f->members[i];
		for (j = l->first_use[g]; j < l->first_use[g + 1]; j++) {
			u = &l->uses[j];
			if (u->is_covered || !is_known(k, u))
				continue;
			n_known += u->n_other * u->row_block * u->run;
			st = add_products(k, j, err);
			if (st != CKPT_OK)
				return (st);
		}
	}
	if (n_known >= enough(k->map.n_units[f->root]))
		return (CKPT_OK);
	for (i = 0; i < f->n_members; i++) {
		g = f->members[i];
		for (j = l->first_use[g]; j < l->first_use[g + 1]; j++) {
			u = &l->uses[j];
			if (u->is_covered || is_known(k, u))
				continue;
			st = add_moments(k, u, f->is_alike ? f->root : g,
			    err);
			if (st != CKPT_OK)
				return (st);
		}
	}
	return (CKPT_OK);
}

static void
take(struct match_work *k, size_t group)
{
	memcpy(k->map.units[group], k->next.units[group],
	    k->map.n_units[group] * sizeof(**k->map.units));
}

enum ckpt_status
match_place(struct match_work *k, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	const struct match_family *f;
	enum ckpt_status st;
	size_t i, j, g;

	for (i = 0; i < l->n_families; i++) {
		f = &l->families[i];
		st = gather(k, f, err);
		if (st == CKPT_OK)
			st = match_family_assign(k, f, k->hints, NULL, err);
		if (st != CKPT_OK)
			return (st);
		for (j = 0; j < f->n_members; j++) {
			g = f->members[j];
			take(k, g);
			match_parts_clear(&k->hints[g]);
		}
		k->is_placed[i] = true;
	}
	/* some signs were chosen before their neighbours had a place */
	for (g = 0; g < k->problem->shape->n_groups; g++) {
		if (l->flags[g] == 0)
			continue;
		st = match_signs(k, g, err);
		if (st != CKPT_OK)
			return (st);
		take(k, g);
	}
	return (CKPT_OK);
}
