/*
 * The way down: cyclic updates and the best scale of each group, which bring
 * any model near its minimum, then Newton's method.
 */
#include <math.h>

#include "match/mass.h"

#define MAX_ROUNDS 500

static void
state_release(struct mass_state *s)
{
	free(s->cells);
	free(s->ends);
	free(s->constants);
	free(s->is_live);
	free(s->ref);
	free(s->z);
	free(s->x);
}

static enum ckpt_status
state_new(struct mass_state *s, struct ckpt_error *err)
{
	const struct match_mass *p = s->p;
	const size_t n = p->n_units + 1, m = p->max_units + 1;
	const size_t parts = p->n_parts + 1;

	s->cells = calloc(p->n_cells + 1, sizeof(*s->cells));
	s->ends = calloc(2 * (p->n_ends + 1), sizeof(*s->ends));
	s->constants = calloc(4 * parts, sizeof(*s->constants));
	s->is_live = calloc(n, sizeof(*s->is_live));
	s->ref = calloc(p->n_groups + 1, sizeof(*s->ref));
	s->z = calloc(6 * n, sizeof(*s->z));
	s->x = calloc(4 * m, sizeof(*s->x));
	if (s->cells == NULL || s->ends == NULL || s->constants == NULL ||
	    s->is_live == NULL || s->ref == NULL || s->z == NULL ||
	    s->x == NULL) {
		state_release(s);
		return (error_nomem(err, p->n_cells * sizeof(*s->cells)));
	}
	s->sums = s->ends + p->n_ends + 1;
	s->units = s->constants + parts;
	s->before = s->units + parts;
	s->masses = s->before + parts;
	s->up = s->z + n;
	s->down = s->up + n;
	s->in = s->down + n;
	s->out = s->in + n;
	s->diagonal = s->out + n;
	s->y = s->x + m;
	s->room = s->y + m;
	return (CKPT_OK);
}

/* One update of every group, forward and back, then of all groups' scales. */
static void
cycle(struct mass_state *s, struct mass_coarse *c, double *product)
{
	size_t i;

	for (i = 0; i < s->p->n_order; i++)
		mass_update(s, i);
	s->n_passes += 2;
	mass_multiply(s, NULL, product);
	mass_collect(s);
	mass_coarse_solve(c, s, false);
}

static enum ckpt_status
descend(struct mass_state *s, struct ckpt_error *err)
{
	struct mass_coarse *c = NULL;
	struct mass_newton *n = NULL;
	double *product = malloc((s->p->n_units + 1) * sizeof(*product));
	double last;
	unsigned i, n_stalls = 0;
	enum ckpt_status st;

	st = product == NULL ? error_nomem(err, s->p->n_units) :
	    mass_coarse_new(s, &c, err);
	if (st == CKPT_OK)
		st = mass_newton_new(s, &n, err);
	if (st != CKPT_OK)
		goto err0;
	mass_exponentials(s, 0, s->p->n_units);
	mass_multiply(s, NULL, product);
	mass_collect(s);
	mass_coarse_solve(c, s, true);
	for (i = 0; i < MAX_ROUNDS && s->certificate > MASS_WANTED &&
	    n_stalls < 3; i++) {
		last = s->certificate;
		if (last < 0.5 || i >= 3)
			(void)mass_newton_step(n, c, s);
		if (!(s->certificate < 0.25 * last))
			cycle(s, c, product);
		if (last <= MATCH_MASS_PRECISION && !(s->certificate < last))
			n_stalls++;
	}
err0:
	mass_newton_free(n);
	mass_coarse_free(c);
	free(product);
	return (st);
}

/* ---- the result ---- */

void
match_mass_result_release(struct match_mass_result *r)
{
	size_t g;

	for (g = 0; r->factors != NULL && g < r->n_groups; g++)
		free(r->factors[g]);
	free(r->factors);
	free(r->tensors);
	free(r->dead);
	memset(r, 0, sizeof(*r));
}

static enum ckpt_status
result_new(const struct match_mass *p, struct match_mass_result *r,
    struct ckpt_error *err)
{
	size_t g, n;

	r->n_groups = p->n_groups;
	r->factors = calloc(r->n_groups + 1, sizeof(*r->factors));
	r->tensors = calloc(p->n_parts + 1, sizeof(*r->tensors));
	r->dead = calloc(p->n_units + 1, sizeof(*r->dead));
	if (r->factors == NULL || r->tensors == NULL || r->dead == NULL)
		goto err0;
	for (g = 0; g < r->n_groups; g++) {
		n = p->first_unit[g + 1] - p->first_unit[g];
		r->factors[g] = malloc((n + 1) * sizeof(**r->factors));
		if (r->factors[g] == NULL)
			goto err0;
		while (n-- > 0)
			r->factors[g][n] = 1;
	}
	return (CKPT_OK);

err0:
	match_mass_result_release(r);
	return (error_nomem(err, p->n_units * sizeof(*r->dead)));
}

static double
certificate_of(const struct mass_state *s, const struct mass_side *side)
{
	double max = 0, x;
	size_t u;

	for (u = side->first; u < side->first + side->n; u++) {
		if (!s->is_live[u])
			continue;
		x = fabs(log(s->in[u]) - log(s->out[u]));
		max = x > max ? x : max;
	}
	return (max);
}

static int
compare(const void *a, const void *b)
{
	const struct match_mass_tensor *s = a, *t = b;

	return (s->index < t->index ? -1 : s->index > t->index);
}

/* A tensor may lie in several parts. */
static void
fill_tensors(const struct mass_state *s, struct match_mass_result *r)
{
	struct match_mass_tensor *all = r->tensors;
	const struct mass_part *t;
	double row, col;
	size_t i, n = 0;

	for (i = 0; i < s->p->n_parts; i++) {
		t = &s->p->parts[i];
		row = certificate_of(s, &t->row);
		col = certificate_of(s, &t->col);
		all[i] = (struct match_mass_tensor){ t->index, s->before[i],
		    s->masses[i], row > col ? row : col };
		r->mass += s->before[i];
	}
	qsort(all, i, sizeof(*all), compare);
	for (i = 0; i < s->p->n_parts; i++)
		if (n > 0 && all[n - 1].index == all[i].index) {
			all[n - 1].mass += all[i].mass;
			all[n - 1].least += all[i].least;
			if (all[i].certificate > all[n - 1].certificate)
				all[n - 1].certificate = all[i].certificate;
		} else
			all[n++] = all[i];
	r->n_tensors = n;
}

static void
fill(const struct mass_state *s, struct match_mass_result *r)
{
	const struct match_mass *p = s->p;
	size_t i, g, u;

	fill_tensors(s, r);
	for (i = 0; i < p->n_order; i++) {
		g = p->order[i];
		for (u = 0; u < p->first_unit[g + 1] - p->first_unit[g]; u++)
			if (s->is_live[p->first_unit[g] + u]) {
				r->factors[g][u] = exp(s->ref[g] +
				    s->z[p->first_unit[g] + u]);
				r->n_live++;
			} else
				r->dead[r->n_dead++] =
				    (struct match_mass_unit){ g, (uint32_t)u };
	}
	r->least = s->mass;
	for (i = 0; i < r->n_tensors && r->n_live == 0; i++)
		r->tensors[i].least = r->tensors[i].mass;
	/* the model itself is a candidate, and the sums are rounded */
	if (r->n_live == 0 || (match_mass_n_filters(p) == 0 &&
	    r->least > r->mass))
		r->least = r->mass;
	r->certificate = s->certificate;
	r->n_passes = s->n_passes;
}

enum ckpt_status
match_mass_solve(const struct match_mass *p, const struct sym_plan *plan,
    const struct model *m, struct match_mass_result *out,
    struct ckpt_error *err)
{
	struct mass_state s = { .p = p };
	struct match_mass_result r = { .factors = NULL };
	enum ckpt_status st;

	st = state_new(&s, err);
	if (st != CKPT_OK)
		return (st);
	st = mass_load(&s, plan, m, err);
	if (st == CKPT_OK)
		st = mass_live(&s, err);
	if (st == CKPT_OK)
		st = descend(&s, err);
	if (st == CKPT_OK)
		st = result_new(p, &r, err);
	if (st != CKPT_OK)
		goto err0;
	fill(&s, &r);
	if (!isfinite(r.mass) || !isfinite(r.least))
		st = error_set(err, CKPT_LIMIT, "the sum of the squares of "
		    "the weights exceeds the range of f64");
	else if (!(r.certificate <= MATCH_MASS_PRECISION))
		st = error_set(err, CKPT_LIMIT, "the minimum mass was not "
		    "reached: max |log(in / out)| is %.3g", r.certificate);
	if (st == CKPT_OK)
		*out = r;
	else
		match_mass_result_release(&r);
err0:
	state_release(&s);
	return (st);
}
