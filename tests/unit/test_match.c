/* Matching finds what was hidden: random members of the orbit of random
 * models, with and without noise; and the paper's form is one for all. */
#include <math.h>

#include "unit.h"

#include "nets.h"

static const char *const all_nets[] = {
	nets_mlp, nets_tanh, nets_optunet, nets_grouped, nets_signed,
	nets_residual
};
#define N_NETS (sizeof(all_nets) / sizeof(*all_nets))

/* A member of the model's orbit, with noise added to it. */
static void
plant(const struct nets *n, const struct model *m, uint64_t seed,
    bool scales, double noise, struct model *out)
{
	size_t i, total = n->shape->total;
	double *w = malloc((total + n->shape->max_tensor) * sizeof(*w));
	struct match_map map;

	assert_non_null(w);
	nets_map(n, &seed, true, scales, &map);
	assert_int_equal(match_load(n->shape, n->plan, m, w), 0);
	for (i = 0; i < total; i++)
		w[i] += noise * nets_normal(&seed);
	match_apply(n->shape, &map, NULL, w, w + total);
	nets_from_weights(n, m, w, out);
	match_map_release(&map);
	free(w);
}

/* What is left of the difference to `ref` after the map: relative L2. */
static double
distance(const struct nets *n, const struct model *m,
    const struct match_map *map, const struct model *ref)
{
	size_t i, total = n->shape->total;
	double *w = malloc((2 * total + n->shape->max_tensor) * sizeof(*w));
	double d = 0, squares = 0;

	assert_non_null(w);
	(void)match_load(n->shape, n->plan, m, w);
	(void)match_load(n->shape, n->plan, ref, w + total);
	match_apply(n->shape, map, NULL, w, w + 2 * total);
	for (i = 0; i < total; i++) {
		d += (w[i] - w[total + i]) * (w[i] - w[total + i]);
		squares += w[total + i] * w[total + i];
	}
	free(w);
	return (sqrt(d / squares));
}

static void
find_planted(const char *text, enum match_scale scale, double noise,
    uint64_t seed, unsigned n_restarts)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct nets n;
	struct model ref, m;
	struct match_problem *problem;
	struct match_result r;

	nets_open(&n, text, CKPT_F64);
	nets_model(&n, seed, &ref);
	plant(&n, &ref, seed + 1000, scale == MATCH_SCALE_POW2, noise, &m);
	must(match_problem_new(n.shape, &ref, scale, &problem, &err), &err);
	must(match_solve(problem, n.plan, &m, n_restarts, seed, &r, &err),
	    &err);
	assert_true(r.after >= r.before);
	if (distance(&n, &m, &r.map, &ref) > noise * 1.5)
		fail_msg("%s\nseed %d, noise %g, scale %d: %g is left", text,
		    (int)seed, noise, (int)scale,
		    distance(&n, &m, &r.map, &ref));
	match_map_release(&r.map);
	match_problem_free(problem);
	model_release(&m);
	model_release(&ref);
	nets_close(&n);
}

static void
test_planted(void **unused)
{
	uint64_t seed;
	size_t i;

	(void)unused;
	for (i = 0; i < N_NETS; i++)
		for (seed = 0; seed < 20; seed++)
			find_planted(all_nets[i], MATCH_SCALE_NONE,
			    seed % 2 == 0 ? 0 : 0.1, seed, 4);
}

static void
test_planted_scales(void **unused)
{
	uint64_t seed;
	size_t i;

	(void)unused;
	for (i = 0; i < N_NETS; i++)
		for (seed = 0; seed < 20; seed++)
			find_planted(all_nets[i], MATCH_SCALE_POW2,
			    seed % 2 == 0 ? 0 : 0.02, seed, 4);
}

/* Two models that have nothing in common: the objective rises all the same,
 * the same way every time; more starts are never worse. */
static void
test_strangers(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct nets n;
	struct model ref, m;
	struct match_problem *problem;
	struct match_result r, s, t;
	size_t i;

	(void)unused;
	for (i = 0; i < N_NETS; i++) {
		nets_open(&n, all_nets[i], CKPT_F32);
		nets_model(&n, 1, &ref);
		nets_model(&n, 2, &m);
		must(match_problem_new(n.shape, &ref, MATCH_SCALE_NONE,
		    &problem, &err), &err);
		must(match_solve(problem, n.plan, &m, 0, 7, &r, &err), &err);
		must(match_solve(problem, n.plan, &m, 3, 7, &s, &err), &err);
		must(match_solve(problem, n.plan, &m, 3, 7, &t, &err), &err);
		assert_true(r.after > r.before);
		assert_true(s.after >= r.after);
		assert_true(fabs(s.after - t.after) <= 0);
		match_map_release(&r.map);
		match_map_release(&s.map);
		match_map_release(&t.map);
		match_problem_free(problem);
		model_release(&m);
		model_release(&ref);
		nets_close(&n);
	}
}

/* Two units of each group that nothing comes into; what they are multiplied
 * with is not 0. */
static void
kill_units(const struct nets *n, struct model *m)
{
	const struct sym_tensor *t;
	double *w = malloc(n->shape->total * sizeof(*w));
	struct model dead;
	size_t i, k;

	assert_non_null(w);
	(void)match_load(n->shape, n->plan, m, w);
	for (i = 0; i < n->shape->n_tensors; i++) {
		t = &n->shape->tensors[i];
		if (t->row.group == SIZE_MAX ||
		    t->row.action != SYMMETRY_OUT)
			continue;
		for (k = 0; k < 2 * t->cols * t->inner; k++)
			w[n->shape->offset[i] + k] = 0;
	}
	nets_from_weights(n, m, w, &dead);
	model_release(m);
	*m = dead;
	free(w);
}

/* The paper's form of a model into w[total]. */
static void
form(const struct nets *n, const struct model *m, double *w)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_map map;

	must(match_map_new(n->shape, &map, &err), &err);
	(void)match_load(n->shape, n->plan, m, w);
	must(match_paper(n->shape, MATCH_SCALE_UNIT, true, w, &map, &err),
	    &err);
	match_map_release(&map);
}

/* The paper's form of a model and of a member of its orbit: the same up to
 * rounding; doing it twice changes nothing. */
static void
check_paper(const char *text, uint64_t seed, bool has_dead)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct nets n;
	struct model ref, m;
	struct match_map again;
	double *w, *x;
	size_t j, k;

	nets_open(&n, text, CKPT_F64);
	nets_model(&n, seed, &ref);
	if (has_dead)
		kill_units(&n, &ref);
	plant(&n, &ref, seed + 50, true, 0, &m);
	w = malloc(2 * n.shape->total * sizeof(*w));
	assert_non_null(w);
	x = w + n.shape->total;
	form(&n, &ref, w);
	form(&n, &m, x);
	for (j = 0; j < n.shape->total; j++)
		if (fabs(w[j] - x[j]) > 1e-12)
			fail_msg("%s\nseed %d: %g %g", text, (int)seed, w[j],
			    x[j]);
	must(match_map_new(n.shape, &again, &err), &err);
	must(match_paper(n.shape, MATCH_SCALE_UNIT, true, w, &again, &err),
	    &err);
	for (j = 0; j < again.n_groups; j++)
		for (k = 0; k < again.n_units[j]; k++)
			assert_true(again.units[j][k].source == k &&
			    fabs(again.units[j][k].factor - 1) < 1e-12);
	match_map_release(&again);
	free(w);
	model_release(&m);
	model_release(&ref);
	nets_close(&n);
}

static void
test_paper(void **unused)
{
	uint64_t seed;
	size_t i;

	(void)unused;
	for (i = 0; i < N_NETS; i++)
		for (seed = 0; seed < 10; seed++)
			check_paper(all_nets[i], seed, false);
}

static void
test_paper_dead(void **unused)
{
	uint64_t seed;

	(void)unused;
	for (seed = 0; seed < 20; seed++)
		check_paper(nets_mlp, seed, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_planted_scales),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_paper),
		cmocka_unit_test(test_paper_dead),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
