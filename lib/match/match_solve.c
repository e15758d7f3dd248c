#include <math.h>

#include "match/match_work.h"

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
	return (z ^ (z >> 31));
}

/* Block i of a group takes block j of the model in a random order, and so
 * on inwards. */
static void
shuffle_block(struct match_work *k, size_t g, size_t i, size_t j,
    uint64_t *state)
{
	const struct symmetry *table = k->problem->shape->table;
	const struct symmetry_group *group = &table->groups[g];
	struct match_unit *units, swap;
	size_t m = group->n_units, a, b, c;

	if (group->parent != SIZE_MAX)
		m /= table->groups[group->parent].n_units;
	units = k->delta.units[g] + i * m;
	for (a = 0; a < m; a++)
		units[a] = (struct match_unit){ (uint32_t)(j * m + a), 1 };
	for (a = m; a > 1 && !group->is_fixed; a--) {
		b = (size_t)(random_next(state) % a);
		swap = units[a - 1];
		units[a - 1] = units[b];
		units[b] = swap;
	}
	for (c = 0; c < table->n_groups; c++)
		for (a = 0; table->groups[c].parent == g && a < m; a++)
			shuffle_block(k, c, i * m + a, units[a].source,
			    state);
}

/* Moves the model to a random place of its orbit. */
static void
shuffle(struct match_work *k, uint64_t seed, unsigned restart)
{
	const struct match_shape *s = k->problem->shape;
	uint64_t state = seed;
	size_t g;

	state = random_next(&state) + restart;
	match_map_reset(&k->delta);
	for (g = 0; g < s->n_groups; g++)
		if (s->root[g] == g)
			shuffle_block(k, g, 0, 0, &state);
	match_apply(s, &k->delta, NULL, k->w, k->temp);
	match_map_append(&k->total, &k->delta);
}

/*
 * Where a descent starts. PLAIN: from the model as it is. UNIT, where units
 * take powers of two: units are first matched with both sides scaled to unit
 * norm, so that no scale misleads, and then take the powers of two by which
 * the two norms differ.
 */
enum start { PLAIN, UNIT };

struct search {
	struct match_work *k;
	const struct match_problem *problem;
	const double *w;             /* the model */
	struct match_map first;      /* the way to w */
	double *unit_w;              /* the model scaled to unit norm */
	struct match_map unit_first; /* and the way there */
	uint64_t seed;
	unsigned n_sweeps;
};

static enum ckpt_status
begin(struct search *s, const struct match_problem *p, const double *w,
    const struct match_map *first, unsigned restart, double *score,
    struct ckpt_error *err)
{
	struct match_work *k = s->k;
	unsigned n_sweeps = 0;
	enum ckpt_status st;

	k->problem = p;
	memcpy(k->w, w, p->shape->total * sizeof(*k->w));
	match_map_copy(first, &k->total);
	if (restart > 0)
		shuffle(k, s->seed, restart);
	*score = match_score(p, k->w, p->scale == MATCH_SCALE_POW2);
	st = match_descend(k, score, &n_sweeps, err);
	s->n_sweeps += n_sweeps;
	return (st);
}

/* The map of a descent between models of unit norm as one between the models
 * themselves: each factor becomes a power of two. */
static void
round_factors(const struct match_problem *p, struct match_map *m)
{
	const struct match_map *ref = &p->unit->map;
	size_t g;
	uint32_t u;
	double factor, k;
	int e;

	for (g = 0; g < m->n_groups; g++)
		for (u = 0; u < m->n_units[g]; u++) {
			factor = m->units[g][u].factor;
			k = frexp(fabs(factor / ref->units[g][u].factor), &e);
			k = ldexp(1, k * k >= 0.5 ? e : e - 1);
			if (!(match_flags(p, g) & MATCH_POW2))
				k = 1;
			m->units[g][u].factor = factor < 0 ? -k : k;
		}
}

static enum ckpt_status
run(struct search *s, enum start start, unsigned restart, double *score,
    struct ckpt_error *err)
{
	const struct match_problem *p = s->problem;
	struct match_work *k = s->k;
	unsigned n_sweeps = 0;
	enum ckpt_status st;

	if (start == PLAIN)
		return (begin(s, p, s->w, &s->first, restart, score, err));
	st = begin(s, p->unit, s->unit_w, &s->unit_first, restart, score,
	    err);
	if (st != CKPT_OK)
		return (st);
	round_factors(p, &k->total);
	k->problem = p;
	memcpy(k->w, s->w, p->shape->total * sizeof(*k->w));
	match_apply(p->shape, &k->total, NULL, k->w, k->temp);
	*score = match_score(p, k->w, true);
	st = match_descend(k, score, &n_sweeps, err);
	s->n_sweeps += n_sweeps;
	return (st);
}

/* All runs; the best map goes into r. */
static enum ckpt_status
search(struct search *s, unsigned n_restarts, struct match_result *r,
    struct ckpt_error *err)
{
	bool has_unit = s->problem->unit != NULL;
	unsigned i, n_runs = n_restarts + (has_unit ? 2 : 1);
	double score, best = -INFINITY;
	enum ckpt_status st;

	for (i = 0; i < n_runs; i++) {
		st = run(s, has_unit && i > 0 ? UNIT : PLAIN,
		    has_unit && i > 0 ? i - 1 : i, &score, err);
		if (st != CKPT_OK)
			return (st);
		if (i > 0 && !(score - best > MATCH_GAIN * fabs(best)))
			continue;
		best = score;
		r->after = score;
		match_map_copy(&s->k->total, &r->map);
	}
	r->n_sweeps = s->n_sweeps;
	return (CKPT_OK);
}

static void
search_release(struct search *s)
{
	match_map_release(&s->first);
	match_map_release(&s->unit_first);
	free(s->unit_w);
}

/* The model as it is matched first, and scaled to unit norm. */
static enum ckpt_status
search_new(const struct match_problem *p, double *w, struct search *s,
    struct ckpt_error *err)
{
	const struct match_shape *shape = p->shape;
	enum ckpt_status st;

	memset(s, 0, sizeof(*s));
	s->problem = p;
	s->w = w;
	st = match_map_new(shape, &s->first, err);
	if (st == CKPT_OK)
		st = match_map_new(shape, &s->unit_first, err);
	if (st != CKPT_OK)
		goto err0;
	if (p->scale == MATCH_SCALE_UNIT)
		st = match_paper(shape, p->scale, false, w, &s->first, err);
	if (st == CKPT_OK && p->unit != NULL) {
		s->unit_w = malloc((shape->total + 1) * sizeof(*s->unit_w));
		if (s->unit_w == NULL) {
			st = error_nomem(err, shape->total * sizeof(double));
			goto err0;
		}
		memcpy(s->unit_w, w, shape->total * sizeof(*w));
		st = match_paper(shape, MATCH_SCALE_UNIT, false, s->unit_w,
		    &s->unit_first, err);
	}
	if (st != CKPT_OK)
		goto err0;
	return (CKPT_OK);

err0:
	search_release(s);
	return (st);
}

static enum ckpt_status
solve(const struct match_problem *p, double *w, unsigned n_restarts,
    uint64_t seed, struct match_result *r, struct ckpt_error *err)
{
	struct match_work k;
	struct search s;
	enum ckpt_status st;

	st = match_work_new(p, &k, err);
	if (st != CKPT_OK)
		return (st);
	st = search_new(p, w, &s, err);
	if (st != CKPT_OK)
		goto err0;
	s.k = &k;
	s.seed = seed;
	r->before = match_score(p, w, p->scale == MATCH_SCALE_POW2);
	st = search(&s, n_restarts, r, err);
	search_release(&s);
err0:
	match_work_release(&k);
	return (st);
}

enum ckpt_status
match_solve(const struct match_problem *p, const struct sym_plan *plan,
    const struct model *m, unsigned n_restarts, uint64_t seed,
    struct match_result *out, struct ckpt_error *err)
{
	struct match_result r = { .before = 0 };
	enum ckpt_status st;
	double *w;

	w = malloc((p->shape->total + 1) * sizeof(*w));
	if (w == NULL)
		return (error_nomem(err, p->shape->total * sizeof(*w)));
	st = match_map_new(p->shape, &r.map, err);
	if (st != CKPT_OK)
		goto err0;
	r.n_not_finite = match_load(p->shape, plan, m, w);
	st = solve(p, w, n_restarts, seed, &r, err);
	if (st != CKPT_OK)
		goto err1;
	free(w);
	*out = r;
	return (CKPT_OK);

err1:
	match_map_release(&r.map);
err0:
	free(w);
	return (st);
}
