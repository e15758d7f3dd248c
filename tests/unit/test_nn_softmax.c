/*
 * The functions of the kernels against libm in double, for every path: the
 * softmax's parts, tanh and sigmoid over their whole ranges.
 */
#include "unit.h"

#include "net.h"
#include "nn/nn.h"

#include <math.h>

#define N_CLASSES 7
#define N_IMAGES 160

/* Runs a graph of one map over numbers given as images of one element a
 * class; returns the softmax in *s if that is not NULL. */
struct run {
	struct graph *graph;
	struct model model;
	struct nn_images images;
	struct nn_plan *plan;
	struct nn_work *work;
};

static const float *
run_start(struct run *r, enum graph_op op, enum nn_path path,
    const float *x)
{
	const struct nn_options options = { .path = path, .block = N_IMAGES };
	struct net_random random = { 1 };
	struct ckpt_error err = { 0 };
	size_t i;

	r->graph = net_new(N_CLASSES, 1, 1);
	i = op == GRAPH_OUTPUT ? 0 : net_map(r->graph, 0, op, 0);
	net_map(r->graph, i, GRAPH_OUTPUT, 0);
	net_model(r->graph, CKPT_F32, &random, &r->model);
	must(nn_images_make(r->graph, CKPT_F32, x, N_IMAGES, &r->images,
	    &err), &err);
	must(nn_plan_new(r->graph, r->model.head.schema, &options, &r->plan,
	    &err), &err);
	must(nn_work_new(r->plan, &r->work, &err), &err);
	return (nn_run(r->plan, NULL, r->work, &r->images, 0));
}

static void
run_end(struct run *r)
{
	nn_work_free(r->work);
	nn_plan_free(r->plan);
	nn_images_release(&r->images);
	model_release(&r->model);
	graph_free(r->graph);
}

static double
map(enum graph_op op, double x)
{
	switch (op) {
	case GRAPH_TANH:
		return (tanh(x));
	case GRAPH_SIGMOID:
		return (1 / (1 + exp(-x)));
	case GRAPH_SILU:
		return (x / (1 + exp(-x)));
	default:
		return (x * 0.5 * erfc(-x * sqrt(0.5)));
	}
}

/* Errors are relative to the result; of GELU to its argument, because
 * 1 + erf(x) cancels. */
static void
check_map(enum graph_op op, enum nn_path path, double range)
{
	static float x[N_IMAGES * N_CLASSES];
	struct run r;
	const float *y;
	double worst = 0;

	for (size_t i = 0; i < N_IMAGES * N_CLASSES; i++) {
		x[i] = (float)(range * (2.0 * (double)i / (N_IMAGES *
		    N_CLASSES) - 1));
		if (i % 3 == 0)
			x[i] *= 1e-3f;
	}
	y = run_start(&r, op, path, x);
	for (size_t i = 0; i < N_IMAGES; i++)
		for (size_t c = 0; c < N_CLASSES; c++) {
			const double a = (double)x[i * N_CLASSES + c];
			const double want = map(op, a);
			const double got = y[c * N_IMAGES + i];

			if (want != 0)
				worst = fmax(worst, fabs(got - want) /
				    fabs(op == GRAPH_GELU ? a : want));
		}
	if (worst > 4e-7)
		fail_msg("%s: relative error %g", nn_path_name(path), worst);
	run_end(&r);
}

static void
maps(void **state)
{
	(void)state;
	for (int path = NN_PATH_GENERIC; path <= NN_PATH_AVX512; path++) {
		if (!nn_path_available(path))
			continue;
		check_map(GRAPH_TANH, path, 12);
		check_map(GRAPH_TANH, path, 1);
		check_map(GRAPH_SIGMOID, path, 80);
		check_map(GRAPH_SIGMOID, path, 5);
		check_map(GRAPH_SILU, path, 80);
		check_map(GRAPH_SILU, path, 5);
		check_map(GRAPH_GELU, path, 40);
		check_map(GRAPH_GELU, path, 4);
	}
}

static void
close_to(double got, double want, double absolute, const char *what)
{
	if (!(fabs(got - want) <= 1e-6 * fabs(want) + absolute))
		fail_msg("%s: %.9g instead of %.9g", what, got, want);
}

/* One image's softmax in double. */
static void
check_image(const struct nn_softmax *s, size_t i, const float *z)
{
	double rest = 0, rest2 = 0, spread = 0;
	size_t top = 0;

	for (size_t c = 1; c < N_CLASSES; c++)
		if (z[c] > z[top])
			top = c;
	for (size_t c = 0; c < N_CLASSES; c++) {
		const double d = (double)(z[c] - z[top]); /* rounded */

		close_to(s->exps[c * N_IMAGES + i], exp(d), 2e-38, "exp");
		if (c == top)
			continue;
		rest += exp(d);
		rest2 += exp(2 * d);
		spread -= d * exp(d);
	}
	assert_int_equal((size_t)s->top[i], top);
	close_to(s->max[i], z[top], 0, "max");
	close_to(s->rest[i], rest, 2e-37, "rest");
	close_to(s->rest2[i], rest2, 2e-37, "rest2");
	close_to(s->log1p[i], log1p(rest), 2e-37, "log1p");
	close_to(s->entropy[i], log1p(rest) + spread / (1 + rest), 2e-36,
	    "entropy");
}

static void
softmax(void **state)
{
	static float z[N_IMAGES * N_CLASSES];
	struct net_random random = { 7 };

	(void)state;
	/* From images where all is equal to those where one class is all. */
	for (size_t i = 0; i < N_IMAGES; i++)
		for (size_t c = 0; c < N_CLASSES; c++)
			z[i * N_CLASSES + c] = (float)(net_normal(&random) *
			    pow(1.06, (double)i) / 50);
	for (size_t c = 0; c < N_CLASSES; c++)
		z[c] = 3;
	for (int path = NN_PATH_GENERIC; path <= NN_PATH_AVX512; path++) {
		struct nn_softmax s;
		struct run r;

		if (!nn_path_available(path))
			continue;
		run_start(&r, GRAPH_OUTPUT, path, z);
		nn_softmax(r.plan, r.work, &s);
		for (size_t i = 0; i < N_IMAGES; i++)
			check_image(&s, i, z + i * N_CLASSES);
		run_end(&r);
	}
}

/* NaN anywhere, or an infinite maximum, is not scored silently. */
static void
not_finite(void **state)
{
	static float z[N_IMAGES * N_CLASSES];

	(void)state;
	for (size_t i = 0; i < N_IMAGES; i++)
		if (i % 2)
			z[i * N_CLASSES + i % N_CLASSES] = i % 4 == 1 ? NAN :
			    INFINITY;
	z[0] = -INFINITY;
	for (int path = NN_PATH_GENERIC; path <= NN_PATH_AVX512; path++) {
		struct nn_softmax s;
		struct run r;

		if (!nn_path_available(path))
			continue;
		run_start(&r, GRAPH_OUTPUT, path, z);
		nn_softmax(r.plan, r.work, &s);
		for (size_t i = 0; i < N_IMAGES; i++)
			assert_int_equal(isnan(s.rest[i]) != 0, i % 2);
		close_to(s.rest[0], N_CLASSES - 2, 0, "rest");
		close_to(s.entropy[0], log(N_CLASSES - 1), 0, "entropy");
		run_end(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(softmax),
		cmocka_unit_test(not_finite),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
