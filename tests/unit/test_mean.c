/* The mean of models that differ by what their symmetries allow: copies find
 * one another, the objective never falls, nothing hangs on the order. */
#include <math.h>

#include "unit.h"

#include "nets.h"

static const char *const all_nets[] = {
	nets_mlp, nets_tanh, nets_optunet, nets_grouped, nets_signed,
	nets_residual
};
#define N_NETS (sizeof(all_nets) / sizeof(*all_nets))
#define N_MODELS 12

/* Models, their maps, and the objective after each pass. */
struct group {
	struct nets n;
	double *w[N_MODELS];
	struct match_map planted[N_MODELS], maps[N_MODELS];
	struct match_mean *mean;
	double *x, *old;
	enum match_scale scale;
};

/* The models as they came, which is after what is planted. */
static void
open_group(struct group *g, const char *text, enum match_scale scale,
    double noise, uint64_t seed)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_map first;
	struct model m, moved;
	size_t i, j, total;

	g->scale = scale;
	nets_open(&g->n, text, CKPT_F64);
	nets_model(&g->n, seed, &m);
	total = g->n.shape->total;
	must(match_mean_new(g->n.shape, scale, &g->mean, &err), &err);
	must(match_map_new(g->n.shape, &first, &err), &err);
	g->x = malloc((total + g->n.shape->max_tensor + 1) * sizeof(*g->x));
	g->old = malloc((total + 1) * sizeof(*g->old));
	assert_non_null(g->x);
	assert_non_null(g->old);
	for (i = 0; i < N_MODELS; i++) {
		g->w[i] = malloc((total + 1) * sizeof(**g->w));
		assert_non_null(g->w[i]);
		(void)match_load(g->n.shape, g->n.plan, &m, g->x);
		for (j = 0; j < total; j++)
			g->x[j] += noise * nets_normal(&seed);
		nets_map(&g->n, &seed, true, scale == MATCH_SCALE_POW2,
		    &g->planted[i]);
		match_apply(g->n.shape, &g->planted[i], NULL, g->x,
		    g->x + total);
		nets_from_weights(&g->n, &m, g->x, &moved);
		must(match_mean_load(g->mean, g->n.plan, &moved, g->w[i],
		    &first, &err), &err);
		must(match_map_new(g->n.shape, &g->maps[i], &err), &err);
		model_release(&moved);
	}
	match_map_release(&first);
	model_release(&m);
}

static void
close_group(struct group *g)
{
	size_t i;

	for (i = 0; i < N_MODELS; i++) {
		free(g->w[i]);
		match_map_release(&g->planted[i]);
		match_map_release(&g->maps[i]);
	}
	free(g->x);
	free(g->old);
	match_mean_free(g->mean);
	nets_close(&g->n);
}

static void
add(struct group *g, size_t i)
{
	struct ckpt_error err = { .status = CKPT_OK };

	must(match_mean_apply(g->mean, g->w[i], &g->maps[i], g->x, &err),
	    &err);
	match_mean_add(g->mean, g->x);
}

/* The sum of all models as they are but one into g->x. */
static void
sum_others(struct group *g, size_t i)
{
	struct ckpt_error err = { .status = CKPT_OK };
	size_t total = g->n.shape->total, j, k;

	memset(g->x, 0, total * sizeof(*g->x));
	for (j = 0; j < N_MODELS; j++) {
		must(match_mean_apply(g->mean, g->w[j], &g->maps[j], g->old,
		    &err), &err);
		for (k = 0; k < total && j != i; k++)
			g->x[k] += g->old[k];
	}
}

/* F of the header, from scratch, with x in place of model i. */
static double
objective_with(struct group *g, size_t i, const struct match_map *map)
{
	struct ckpt_error err = { .status = CKPT_OK };
	size_t total = g->n.shape->total, j, k;
	double f = 0, squares = 0;

	memset(g->x, 0, total * sizeof(*g->x));
	for (j = 0; j < N_MODELS; j++) {
		must(match_mean_apply(g->mean, g->w[j], j == i ? map :
		    &g->maps[j], g->old, &err), &err);
		for (k = 0; k < total; k++) {
			g->x[k] += g->old[k];
			squares += g->old[k] * g->old[k];
		}
	}
	for (k = 0; k < total; k++)
		f += g->x[k] * g->x[k] / N_MODELS;
	return (g->scale == MATCH_SCALE_POW2 ? f - squares : f);
}

/* At rest no model gains by steps towards the mean of the others. */
static void
check_rest(struct group *g)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_problem *p;
	struct match_result r;
	size_t i, k;

	for (i = 0; i < N_MODELS; i++) {
		sum_others(g, i);
		for (k = 0; k < g->n.shape->total; k++)
			g->x[k] /= N_MODELS - 1;
		must(match_problem_of(g->n.shape, g->x, g->scale ==
		    MATCH_SCALE_POW2 ? MATCH_SCALE_POW2 : MATCH_SCALE_NONE,
		    &p, &err), &err);
		must(match_improve(p, g->w[i], &g->maps[i], &r, &err), &err);
		if (r.after > r.before + 1e-6 * fabs(r.before))
			fail_msg("model %zu gains, from %.9g to %.9g", i,
			    r.before, r.after);
		match_map_release(&r.map);
		match_problem_free(p);
	}
}

/* A model of a later pass. */
static bool
again(struct group *g, size_t i)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_map new;
	double before, after;
	bool is_moved;

	must(match_map_new(g->n.shape, &new, &err), &err);
	match_map_copy(&g->maps[i], &new);
	must(match_mean_again(g->mean, g->w[i], &new, &is_moved, g->old,
	    &err), &err);
	if (!is_moved) {
		match_mean_add(g->mean, g->old);
	} else {
		must(match_mean_apply(g->mean, g->w[i], &new, g->x, &err),
		    &err);
		is_moved = match_mean_replace(g->mean, g->old, g->x);
		before = objective_with(g, i, &g->maps[i]);
		after = objective_with(g, i, &new);
		if (fabs(after - before) > 1e-9 * match_mean_squares(g->mean))
			assert_int_equal(is_moved, after > before);
	}
	if (is_moved)
		match_map_copy(&new, &g->maps[i]);
	match_map_release(&new);
	return (is_moved);
}

/* The running mean, then passes until nothing moves; the objective grows by
 * each, and is what its definition says. Returns the number of passes. */
static size_t
run(struct group *g)
{
	struct ckpt_error err = { .status = CKPT_OK };
	size_t i, pass, n_moved = 1;
	double before, after = 0, sum;

	for (i = 0; i < N_MODELS; i++) {
		if (i > 0)
			must(match_mean_first(g->mean, g->w[i], 0, 0,
			    &g->maps[i], &err), &err);
		add(g, i);
		must(match_mean_update(g->mean, &err), &err);
	}
	for (pass = 1; n_moved > 0 && pass < 50; pass++) {
		before = match_mean_objective(g->mean);
		must(match_mean_begin(g->mean, &err), &err);
		for (i = 0, n_moved = 0; i < N_MODELS; i++) {
			n_moved += again(g, i);
		}
		must(match_mean_update(g->mean, &err), &err);
		after = match_mean_objective(g->mean);
		if (after < before - 1e-12 * (fabs(before) +
		    match_mean_squares(g->mean)))
			fail_msg("pass %zu: from %.17g to %.17g", pass,
			    before, after);
		assert_int_equal(match_mean_count(g->mean), N_MODELS);
	}
	for (i = 0, sum = 0; i < N_MODELS; i++) {
		must(match_mean_apply(g->mean, g->w[i], &g->maps[i], g->x,
		    &err), &err);
		sum += match_mean_value(g->mean, g->x);
	}
	if (g->scale == MATCH_SCALE_POW2)
		sum -= match_mean_squares(g->mean) / 2;
	assert_true(fabs(sum - after) <=
	    1e-9 * match_mean_squares(g->mean));
	return (pass);
}

/* Units that a model and the first have in one place and did not before. */
static size_t
misplaced(const struct group *g, size_t i)
{
	const struct match_unit *a, *b, *c, *d;
	size_t group, n = 0;
	uint32_t u;

	for (group = 0; group < g->maps[i].n_groups; group++)
		for (u = 0; u < g->maps[i].n_units[group]; u++) {
			a = &g->maps[i].units[group][u];
			b = &g->planted[i].units[group][a->source];
			c = &g->maps[0].units[group][u];
			d = &g->planted[0].units[group][c->source];
			n += b->source != d->source ||
			    a->factor * b->factor * c->factor * d->factor < 0;
		}
	return (n);
}

static void
find_one_another(const char *text, enum match_scale scale, double noise,
    uint64_t seed)
{
	struct group g;
	size_t i, wrong = 0;

	open_group(&g, text, scale, noise, seed);
	(void)run(&g);
	for (i = 0; i < N_MODELS; i++)
		wrong += misplaced(&g, i);
	if (wrong > 0)
		fail_msg("%s\nseed %d, scale %d, noise %g: %zu units are "
		    "misplaced", text, (int)seed, (int)scale, noise, wrong);
	if (noise <= 0 && scale != MATCH_SCALE_POW2)
		assert_true(fabs(match_mean_objective(g.mean) /
		    match_mean_squares(g.mean) - 1) < 1e-12);
	close_group(&g);
}

static void
test_copies(void **unused)
{
	static const enum match_scale scales[] = {
		MATCH_SCALE_NONE, MATCH_SCALE_POW2, MATCH_SCALE_UNIT
	};
	uint64_t seed;
	size_t i, k;

	(void)unused;
	for (i = 0; i < N_NETS; i++)
		for (k = 0; k < 3; k++)
			for (seed = 1; seed <= 5; seed++) {
				find_one_another(all_nets[i], scales[k], 0,
				    seed);
				find_one_another(all_nets[i], scales[k],
				    0.02, seed);
			}
}

/* Strangers: no right answer, but the objective grows and comes to rest. */
static void
test_strangers(void **unused)
{
	struct group g;
	uint64_t seed;
	size_t i, k, n;

	(void)unused;
	for (i = 0; i < N_NETS; i++)
		for (k = 0; k < 3; k++)
			for (seed = 1; seed <= 3; seed++) {
				open_group(&g, all_nets[i],
				    (enum match_scale)k, 100, seed);
				n = run(&g);
				assert_true(n > 1 && n < 50);
				check_rest(&g);
				close_group(&g);
			}
}

static void
test_codes(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_map map, back;
	unsigned char *code;
	struct nets n;
	uint64_t seed = 1;
	size_t i, g, size;
	uint32_t u;

	(void)unused;
	for (i = 0; i < N_NETS; i++) {
		nets_open(&n, all_nets[i], CKPT_F32);
		nets_map(&n, &seed, true, true, &map);
		must(match_map_new(n.shape, &back, &err), &err);
		size = match_code_size(n.shape, MATCH_SCALE_POW2);
		code = malloc(size + 1);
		assert_non_null(code);
		code[size] = 0xA5;
		match_code_put(n.shape, MATCH_SCALE_POW2, &map, code);
		assert_int_equal(code[size], 0xA5);
		match_code_get(n.shape, MATCH_SCALE_POW2, code, &back);
		for (g = 0; g < map.n_groups; g++)
			for (u = 0; u < map.n_units[g]; u++) {
				assert_int_equal(map.units[g][u].source,
				    back.units[g][u].source);
				assert_true(fabs(map.units[g][u].factor -
				    back.units[g][u].factor) <= 0);
			}
		free(code);
		match_map_release(&map);
		match_map_release(&back);
		nets_close(&n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_strangers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
