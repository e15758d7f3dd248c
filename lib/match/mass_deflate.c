/*
 * The problem of one scale a group, to second order: what conjugate gradients
 * are deflated by.
 */
#include <math.h>

#include "match/mass_coarse.h"

void
mass_deflate_factor(struct mass_coarse *c, const struct mass_state *s)
{
	size_t i;

	mass_coarse_terms(c, s);
	mass_envelope_clear(&c->matrix);
	for (i = 0; i < c->n_terms; i++)
		mass_coarse_add(c, &c->terms[i], exp(c->terms[i].log));
	mass_envelope_factor(&c->matrix);
}

/* b -= (L P)' v, of one part's cells: each couples the sums of its rows with
 * those of its columns. */
static void
subtract(struct mass_coarse *c, const struct mass_state *s,
    const struct mass_part *t, const double *v)
{
	const size_t p = mass_coarse_unknown(c, &t->row);
	const size_t q = mass_coarse_unknown(c, &t->col);
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

	if (side->sign == 0 || mass_coarse_unknown(c, side) == SIZE_MAX)
		return;
	f = (side->sign > 0 ? s->up : s->down) + side->first;
	scale = exp(mass_log_ends(s, t, is_col));
	for (u = 0; u < side->n; u++)
		if (ends[u] > 0)
			a += ends[u] * f[u] * scale * v[side->first + u];
	c->b[mass_coarse_unknown(c, side)] -= a;
}

void
mass_deflate(struct mass_coarse *c, const struct mass_state *s,
    const double *r, double *v)
{
	const struct match_mass *p = s->p;
	size_t i, g, u;

	memset(c->b, 0, c->n * sizeof(*c->b));
	for (g = 0; r != NULL && g < p->n_groups; g++)
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
	for (g = 0; g < p->n_groups; g++)
		for (u = p->first_unit[g]; c->unknown[g] != SIZE_MAX &&
		    u < p->first_unit[g + 1]; u++)
			if (s->is_live[u])
				v[u] += c->b[c->unknown[g]];
}
