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
	size_t m = k->problem->layout.block[g], a, b, c;
	struct match_unit *units, swap;

	units = k->map.units[g] + i * m;
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
	for (g = 0; g < s->n_groups; g++)
		if (s->root[g] == g)
			shuffle_block(k, g, 0, 0, &state);
}

/* Where a descent starts. */
enum start {
	PLACED, /* from the places that match_place finds */
	PLAIN,  /* from the model as it is */
	RANDOM
};

/* A model, and the way to it from the one that was asked about. */
struct form {
	struct match_weights weights;
	double squares;
	struct match_map first;
};

struct search {
	struct match_work *k;
	const struct match_problem *problem;
	struct form plain;
	/* Where units take powers of two: they are first matched with both
	 * sides scaled to unit norm, so that no scale misleads, and then take
	 * the powers of two by which the two norms differ. */
	struct form unit;
	bool has_unit;
	uint64_t seed;
	unsigned n_sweeps;
	struct match_map total; /* of the run: from the model */
};

static enum ckpt_status
descend(struct search *s, double *score, struct ckpt_error *err)
{
	unsigned n_sweeps = 0;
	enum ckpt_status st;

	st = match_descend(s->k, score, &n_sweeps, err);
	s->n_sweeps += n_sweeps;
	return (st);
}

static enum ckpt_status
begin(struct search *s, const struct match_problem *p, const struct form *f,
    enum start start, unsigned restart, double *score,
    struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	match_work_reset(s->k, p, &f->weights);
	if (start == PLACED)
		st = match_place(s->k, err);
	else if (start == RANDOM)
		shuffle(s->k, s->seed, restart);
	if (st == CKPT_OK)
		st = descend(s, score, err);
	if (st != CKPT_OK)
		return (st);
	match_map_copy(&f->first, &s->total);
	match_map_append(&s->total, &s->k->map);
	return (CKPT_OK);
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
			if (!(p->layout.flags[g] & MATCH_POW2))
				k = 1;
			m->units[g][u].factor = factor < 0 ? -k : k;
		}
}

static enum ckpt_status
run(struct search *s, bool by_unit, enum start start, unsigned restart,
    double *score, struct ckpt_error *err)
{
	const struct match_problem *p = s->problem;
	enum ckpt_status st;

	if (!by_unit)
		return (begin(s, p, &s->plain, start, restart, score, err));
	st = begin(s, p->unit, &s->unit, start, restart, score, err);
	if (st != CKPT_OK)
		return (st);
	round_factors(p, &s->total);
	match_work_reset(s->k, p, &s->plain.weights);
	match_map_copy(&s->total, &s->k->map);
	st = descend(s, score, err);
	match_map_copy(&s->k->map, &s->total);
	return (st);
}

/* The score as part of what equal models would have. */
static double
share(const struct search *s, double score)
{
	const struct match_problem *p = s->problem;

	if (p->scale == MATCH_SCALE_POW2)
		score += ldexp(s->plain.squares, s->plain.weights.exponent -
		    p->ref.exponent) / 2;
	return (score / sqrt(s->plain.squares * p->ref_squares));
}

/* Two models of the same origin but for the places of their units: these are
 * found, and no other start can be better. */
#define SAME 0.75
#define OTHER 0.25

/* The best map so far goes into r. */
static enum ckpt_status
try(struct search *s, bool by_unit, enum start start, unsigned restart,
    struct match_result *r, double *best, struct ckpt_error *err)
{
	double score;
	enum ckpt_status st;

	st = run(s, by_unit, start, restart, &score, err);
	if (st != CKPT_OK || !(isinf(*best) ||
	    score - *best > MATCH_GAIN * fabs(*best)))
		return (st);
	*best = score;
	match_map_copy(&s->total, &r->map);
	return (CKPT_OK);
}

static enum ckpt_status
search(struct search *s, unsigned n_restarts, double before,
    struct match_result *r, struct ckpt_error *err)
{
	double best = -INFINITY;
	enum ckpt_status st;
	unsigned i;

	st = try(s, s->has_unit, PLACED, 0, r, &best, err);
	if (st == CKPT_OK && (share(s, best) < SAME ||
	    share(s, before) > OTHER)) {
		st = try(s, false, PLAIN, 0, r, &best, err);
		if (st == CKPT_OK && s->has_unit)
			st = try(s, true, PLAIN, 0, r, &best, err);
	}
	for (i = 1; i <= n_restarts && st == CKPT_OK; i++)
		st = try(s, s->has_unit, RANDOM, i, r, &best, err);
	r->after = best;
	r->n_sweeps = s->n_sweeps;
	return (st);
}

static void
search_release(struct search *s)
{
	match_map_release(&s->plain.first);
	match_map_release(&s->unit.first);
	match_map_release(&s->total);
	free(s->plain.weights.w);
	free(s->unit.weights.w);
}

static void
measure(const struct match_shape *shape, struct form *f)
{
	size_t i;

	for (i = 0; i < shape->total; i++)
		f->squares += (double)f->weights.w[i] *
		    (double)f->weights.w[i];
}

/* The model as it is matched; `has_start`: from one map alone. */
static enum ckpt_status
search_new(const struct match_problem *p, const struct match_given *m,
    bool has_start, struct search *s, size_t *n_bad, struct ckpt_error *err)
{
	const struct match_shape *shape = p->shape;
	bool is_unit = p->scale == MATCH_SCALE_UNIT;
	enum ckpt_status st;

	memset(s, 0, sizeof(*s));
	s->problem = p;
	s->has_unit = p->unit != NULL && !has_start;
	*n_bad = 0;
	st = match_map_new(shape, &s->plain.first, err);
	if (st == CKPT_OK)
		st = match_map_new(shape, &s->unit.first, err);
	if (st == CKPT_OK)
		st = match_map_new(shape, &s->total, err);
	if (st == CKPT_OK && is_unit)
		st = match_weights_unit(shape, m, &s->plain.weights,
		    &s->plain.first, err);
	else if (st == CKPT_OK)
		st = match_weights_load(shape, m, &s->plain.weights, n_bad,
		    err);
	if (st == CKPT_OK && s->has_unit)
		st = match_weights_unit(shape, m, &s->unit.weights,
		    &s->unit.first, err);
	if (st != CKPT_OK) {
		search_release(s);
		return (st);
	}
	measure(shape, &s->plain);
	return (CKPT_OK);
}

/* The best map of the search, or the end of a descent from `start` alone. */
static enum ckpt_status
solve(struct search *s, unsigned n_restarts, const struct match_map *start,
    struct match_result *r, struct ckpt_error *err)
{
	const struct match_problem *p = s->problem;
	struct match_work k;
	enum ckpt_status st;
	double before;
	int exponent = p->ref.exponent + s->plain.weights.exponent;
	size_t i;

	st = match_work_new(p, &k, err);
	if (st != CKPT_OK)
		return (st);
	s->k = &k;
	match_work_reset(&k, p, &s->plain.weights);
	if (start != NULL)
		match_map_copy(start, &k.map);
	for (i = 0; i < p->shape->n_tensors; i++)
		k.score[i] = match_see_tensor(&k, i);
	before = match_score(&k);
	if (start == NULL)
		st = search(s, n_restarts, before, r, err);
	else {
		st = match_descend(&k, &r->after, &r->n_sweeps, err);
		match_map_copy(&k.map, &r->map);
	}
	r->before = ldexp(before, exponent);
	r->after = ldexp(r->after, exponent);
	match_work_release(&k);
	return (st);
}

static enum ckpt_status
solve_given(const struct match_problem *p, const struct match_given *m,
    unsigned n_restarts, uint64_t seed, const struct match_map *start,
    struct match_result *out, struct ckpt_error *err)
{
	struct match_result r = { .before = 0 };
	struct search s;
	enum ckpt_status st;

	st = search_new(p, m, start != NULL, &s, &r.n_not_finite, err);
	if (st != CKPT_OK)
		return (st);
	s.seed = seed;
	st = match_map_new(p->shape, &r.map, err);
	if (st == CKPT_OK) {
		st = solve(&s, n_restarts, start, &r, err);
		if (st == CKPT_OK)
			*out = r;
		else
			match_map_release(&r.map);
	}
	search_release(&s);
	return (st);
}

enum ckpt_status
match_solve(const struct match_problem *p, const struct sym_plan *plan,
    const struct model *m, unsigned n_restarts, uint64_t seed,
    struct match_result *out, struct ckpt_error *err)
{
	const struct match_given given = { plan, m, NULL };

	return (solve_given(p, &given, n_restarts, seed, NULL, out, err));
}

enum ckpt_status
match_solve_weights(const struct match_problem *p, const double *w,
    unsigned n_restarts, uint64_t seed, struct match_result *out,
    struct ckpt_error *err)
{
	const struct match_given given = { .w = w };

	return (solve_given(p, &given, n_restarts, seed, NULL, out, err));
}

enum ckpt_status
match_improve(const struct match_problem *p, const double *w,
    const struct match_map *start, struct match_result *out,
    struct ckpt_error *err)
{
	const struct match_given given = { .w = w };

	if (p->scale == MATCH_SCALE_UNIT)
		return (error_set(err, CKPT_USAGE, "a start is a map of the "
		    "weights that are compared: scale them before"));
	return (solve_given(p, &given, 0, 0, start, out, err));
}
