/*
 * The passes over the cells. All sums are added up in one order, in two
 * lanes that any CPU has.
 */
#include <math.h>

#include "match/mass.h"

typedef double lanes __attribute__((vector_size(16)));

static lanes
load(const double *p)
{
	lanes x;

	memcpy(&x, p, sizeof(x));
	return (x);
}

/* Four rows at a time: sums[r] = the row times `right`; left += each row
 * times of[r]. Either pair may be NULL. */
static inline __attribute__((always_inline)) void
rows_of_four(const double *a, size_t width, const double *right,
    double *sums, const double *of, double *left)
{
	const double *b = a + width, *d = b + width, *e = d + width;
	lanes s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 }, x, y;
	size_t c;

	for (c = 0; c + 2 <= width; c += 2) {
		if (right != NULL) {
			x = load(right + c);
			s0 += load(a + c) * x;
			s1 += load(b + c) * x;
			s2 += load(d + c) * x;
			s3 += load(e + c) * x;
		}
		if (of != NULL) {
			y = load(left + c) + (load(a + c) * of[0] +
			    load(b + c) * of[1]) + (load(d + c) * of[2] +
			    load(e + c) * of[3]);
			memcpy(left + c, &y, sizeof(y));
		}
	}
	for (; c < width; c++) {
		if (right != NULL) {
			s0[0] += a[c] * right[c];
			s1[0] += b[c] * right[c];
			s2[0] += d[c] * right[c];
			s3[0] += e[c] * right[c];
		}
		if (of != NULL)
			left[c] = left[c] + (a[c] * of[0] + b[c] * of[1]) +
			    (d[c] * of[2] + e[c] * of[3]);
	}
	if (right != NULL) {
		sums[0] = s0[0] + s0[1];
		sums[1] = s1[0] + s1[1];
		sums[2] = s2[0] + s2[1];
		sums[3] = s3[0] + s3[1];
	}
}

static inline __attribute__((always_inline)) void
row_of_one(const double *a, size_t width, const double *right, double *sum,
    double of, double *left)
{
	lanes s = { 0 }, y;
	size_t c;

	for (c = 0; c + 2 <= width; c += 2) {
		if (right != NULL)
			s += load(a + c) * load(right + c);
		if (left != NULL) {
			y = load(left + c) + load(a + c) * of;
			memcpy(left + c, &y, sizeof(y));
		}
	}
	for (; c < width; c++) {
		if (right != NULL)
			s[0] += a[c] * right[c];
		if (left != NULL)
			left[c] += a[c] * of;
	}
	if (right != NULL)
		*sum = s[0] + s[1];
}

static inline __attribute__((always_inline)) void
block(const double *a, size_t height, size_t width, const double *right,
    double *sums, const double *of, double *left)
{
	size_t r;

	for (r = 0; r + 4 <= height; r += 4, a += 4 * width)
		rows_of_four(a, width, right, right != NULL ? sums + r : NULL,
		    of != NULL ? of + r : NULL, left);
	for (; r < height; r++, a += width)
		row_of_one(a, width, right, right != NULL ? sums + r : NULL,
		    of != NULL ? of[r] : 0, left);
}

/* Both directions, or one, through all slices: sums of rows times `right`,
 * of columns times `of`. The NULL pairs are known where this is inlined. */
static inline __attribute__((always_inline)) void
matrix(const struct mass_state *s, const struct mass_part *t,
    const double *right, double *sums, const double *of, double *left)
{
	const double *a = s->cells + t->cell;
	size_t r, c = 0;

	for (r = 0; r < t->row.n; r += t->height, c += t->width) {
		block(a, t->height, t->width,
		    right != NULL ? right + c : NULL,
		    right != NULL ? sums + r : NULL,
		    of != NULL ? of + r : NULL,
		    of != NULL ? left + c : NULL);
		a += t->height * t->width;
	}
}

/* ---- factors ---- */

static const double *
factors(const struct mass_state *s, const struct mass_side *side)
{
	return ((side->sign > 0 ? s->up : s->down) + side->first);
}

double
mass_log_cells(const struct mass_state *s, const struct mass_part *t)
{
	return (s->units[t - s->p->parts] +
	    2 * (t->row.sign * s->ref[t->row.group] +
	    t->col.sign * s->ref[t->col.group]));
}

double
mass_log_ends(const struct mass_state *s, const struct mass_part *t,
    bool is_col)
{
	const struct mass_side *side = is_col ? &t->col : &t->row;

	return (s->units[t - s->p->parts] +
	    2 * side->sign * s->ref[side->group]);
}

void
mass_exponentials(struct mass_state *s, size_t first, size_t n)
{
	size_t u;

	for (u = first; u < first + n; u++) {
		s->up[u] = exp(2 * s->z[u]);
		s->down[u] = exp(-2 * s->z[u]);
	}
}

/* ---- passes ---- */

/* to[u] = factors times v, of one side. */
static const double *
weigh(const struct mass_state *s, const struct mass_side *side,
    const double *v, double *to)
{
	const double *f = factors(s, side);
	size_t u;

	if (v == NULL)
		return (f);
	for (u = 0; u < side->n; u++)
		to[u] = f[u] * v[side->first + u];
	return (to);
}

void
mass_multiply(struct mass_state *s, const double *v, double *out)
{
	const struct match_mass *p = s->p;
	const struct mass_part *t;
	const double *right, *of, *fr, *fc;
	double *rows, *cols, scale;
	size_t i, u;

	memset(out, 0, p->n_units * sizeof(*out));
	for (i = 0; i < p->n_parts; i++) {
		t = &p->parts[i];
		if (!t->is_matrix)
			continue;
		rows = v == NULL ? s->sums + t->end : s->room;
		cols = rows + t->row.n;
		of = weigh(s, &t->row, v, s->x);
		right = weigh(s, &t->col, v, s->y);
		memset(cols, 0, t->col.n * sizeof(*cols));
		matrix(s, t, right, rows, of, cols);
		scale = exp(mass_log_cells(s, t));
		fr = factors(s, &t->row);
		fc = factors(s, &t->col);
		for (u = 0; u < t->row.n; u++) {
			rows[u] *= fr[u] * scale;
			out[t->row.first + u] += rows[u];
		}
		for (u = 0; u < t->col.n; u++) {
			cols[u] *= fc[u] * scale;
			out[t->col.first + u] += cols[u];
		}
	}
	s->n_passes++;
}

/* Adds the sums and ends of one side to in or out; returns the ends'. */
static double
collect(struct mass_state *s, const struct mass_part *t, bool is_col)
{
	const struct mass_side *side = is_col ? &t->col : &t->row;
	const size_t at = t->end + (is_col ? t->row.n : 0);
	const double *f = factors(s, side), *sums = s->sums + at;
	const double *ends = s->ends + at;
	double *to = (side->sign > 0 ? s->in : s->out) + side->first;
	double scale = exp(mass_log_ends(s, t, is_col)), end, all = 0;
	size_t u;

	for (u = 0; u < side->n; u++) {
		end = ends[u] > 0 ? ends[u] * f[u] * scale : 0;
		to[u] += end + (t->is_matrix ? sums[u] : 0);
		all += end;
	}
	return (all);
}

static double
part_mass(struct mass_state *s, const struct mass_part *t)
{
	const double constant = s->constants[t - s->p->parts];
	double all = 0;
	size_t u;

	if (constant > 0)
		all = constant * exp(s->units[t - s->p->parts]);
	if (t->row.sign != 0)
		all += collect(s, t, false);
	if (t->col.sign != 0)
		all += collect(s, t, true);
	for (u = 0; t->is_matrix && u < t->row.n; u++)
		all += s->sums[t->end + u];
	return (all);
}

/* The other side of the balance of a group of filters. */
static void
collect_filters(struct mass_state *s, size_t g)
{
	const struct match_mass *p = s->p;
	size_t u;

	for (u = p->first_unit[g]; u < p->first_unit[g + 1]; u++) {
		if (!s->is_live[u])
			continue;
		s->out[u] = p->norms[g];
		s->diagonal[u] = s->in[u];
		s->objective -= 2 * p->norms[g] * (s->ref[g] + s->z[u]);
	}
}

void
mass_collect(struct mass_state *s)
{
	const struct match_mass *p = s->p;
	double log_ratio;
	size_t i, u;

	memset(s->in, 0, p->n_units * sizeof(*s->in));
	memset(s->out, 0, p->n_units * sizeof(*s->out));
	s->mass = 0;
	for (i = 0; i < p->n_parts; i++) {
		s->masses[i] = part_mass(s, &p->parts[i]);
		s->mass += s->masses[i];
	}
	s->objective = s->mass;
	for (u = 0; u < p->n_units; u++)
		s->diagonal[u] = s->in[u] + s->out[u];
	for (i = 0; i < p->n_groups; i++)
		if (p->norms[i] > 0)
			collect_filters(s, i);
	s->certificate = 0;
	for (u = 0; u < p->n_units; u++) {
		if (!s->is_live[u])
			continue;
		log_ratio = fabs(log(s->in[u]) - log(s->out[u]));
		if (!(log_ratio <= s->certificate)) /* also of a NaN */
			s->certificate = log_ratio;
	}
}

/* in or out of the units of one use. */
static void
add_use(struct mass_state *s, const struct mass_use *use)
{
	const struct mass_part *t = &s->p->parts[use->part];
	const struct mass_side *side = use->is_col ? &t->col : &t->row;
	const double *f = factors(s, side);
	const double *ends = s->ends + t->end + (use->is_col ? t->row.n : 0);
	double *to = (side->sign > 0 ? s->in : s->out) + side->first;
	double scale = exp(mass_log_ends(s, t, use->is_col));
	size_t u;

	for (u = 0; u < side->n; u++)
		if (ends[u] > 0)
			to[u] += ends[u] * f[u] * scale;
	if (!t->is_matrix)
		return;
	if (use->is_col) {
		memset(s->y, 0, side->n * sizeof(*s->y));
		matrix(s, t, NULL, NULL, factors(s, &t->row), s->y);
	} else
		matrix(s, t, factors(s, &t->col), s->y, NULL, NULL);
	scale = exp(mass_log_cells(s, t));
	for (u = 0; u < side->n; u++)
		to[u] += s->y[u] * f[u] * scale;
}

void
mass_update(struct mass_state *s, size_t i)
{
	const struct match_mass *p = s->p;
	const size_t g = p->order[i], first = p->first_unit[g];
	const size_t n = p->first_unit[g + 1] - first;
	const double step = p->norms[g] > 0 ? 0.5 : p->is_joined[i] ? 0.125 :
	    0.25;
	size_t k, u;

	memset(s->in + first, 0, n * sizeof(*s->in));
	for (u = first; u < first + n; u++)
		s->out[u] = p->norms[g];
	for (k = p->first_use[i]; k < p->first_use[i + 1]; k++)
		add_use(s, &p->uses[k]);
	for (u = first; u < first + n; u++)
		if (s->is_live[u])
			s->z[u] += step * (log(s->out[u]) -
			    log(s->in[u]));
	mass_exponentials(s, first, n);
}
