/*
 * The forward pass against plain loops in double, on graphs drawn at
 * random, for every path of the kernels and several sizes of blocks.
 */
#include "unit.h"

#include "net.h"
#include "nn/nn.h"

#include <math.h>

#define N_IMAGES 37 /* neither full blocks nor one */
#define N_GRAPHS 250

struct data {
	struct graph *graph;
	struct model model;
	float *pixels;
	double *expected; /* [image][class] */
	size_t n_elements, n_classes;
};

static void
data_make(struct data *d, struct net_random *r, enum ckpt_dtype dtype)
{
	const struct graph_node *in, *last;
	double *image;

	in = &d->graph->nodes[0];
	last = &d->graph->nodes[d->graph->n_nodes - 1];
	d->n_elements = (size_t)in->c * in->h * in->w;
	d->n_classes = (size_t)last->c * last->h * last->w;
	net_model(d->graph, dtype, r, &d->model);
	d->pixels = calloc(N_IMAGES * d->n_elements, sizeof(float));
	d->expected = calloc(N_IMAGES * d->n_classes, sizeof(double));
	image = calloc(d->n_elements, sizeof(double));
	for (size_t i = 0; i < N_IMAGES; i++) {
		for (size_t k = 0; k < d->n_elements; k++) {
			d->pixels[i * d->n_elements + k] =
			    (float)net_normal(r);
			image[k] = d->pixels[i * d->n_elements + k];
		}
		net_run(d->graph, &d->model, image,
		    d->expected + i * d->n_classes);
	}
	free(image);
}

static void
data_free(struct data *d)
{
	graph_free(d->graph);
	model_release(&d->model);
	free(d->pixels);
	free(d->expected);
}

/* A window of padding alone is -infinity: the same on both sides. */
static double
difference(double a, double b)
{
	if (isfinite(b))
		return (fabs(a - b));
	return (isnan(a) == isnan(b) && (isnan(a) || a == b) ? 0 : INFINITY);
}

/* The largest error relative to the largest output. */
static double
compare(const struct data *d, const struct nn_plan *p,
    const float *weights, const struct nn_images *images, struct nn_work *w)
{
	const size_t block = nn_plan_block(p);
	double worst = 0, largest = 1e-3;

	for (size_t i = 0; i < N_IMAGES * d->n_classes; i++)
		if (isfinite(d->expected[i]))
			largest = fmax(largest, fabs(d->expected[i]));
	for (size_t i = 0; i < N_IMAGES; i += block) {
		const float *out = nn_run(p, weights, w, images,
		    i / NN_BLOCK);

		for (size_t k = 0; k < block && i + k < N_IMAGES; k++)
			for (size_t c = 0; c < d->n_classes; c++) {
				const double e = difference(
				    out[c * block + k],
				    d->expected[(i + k) * d->n_classes + c]);

				if (!(e <= worst))
					worst = e;
			}
	}
	return (worst / largest);
}

/* A statistic of few numbers multiplies what was rounded before it. */
static bool
is_normalised(const struct graph *g)
{
	for (size_t i = 0; i < g->n_nodes; i++)
		if (graph_op_is_norm(g->nodes[i].op))
			return (true);
	return (false);
}

static void
check(const struct data *d, enum nn_path path, unsigned block, size_t graph)
{
	const struct nn_options options = { .path = path, .block = block };
	const double allowed = is_normalised(d->graph) ? 1e-5 : 3e-6;
	struct ckpt_error err = { 0 };
	struct nn_images images;
	struct nn_plan *p;
	struct nn_work *w;
	float *weights;
	size_t n_bad;
	double error;

	must(nn_images_make(d->graph, CKPT_F32, d->pixels, N_IMAGES, &images,
	    &err), &err);
	must(nn_plan_new(d->graph, d->model.head.schema, &options, &p, &err),
	    &err);
	must(nn_work_new(p, &w, &err), &err);
	assert_int_equal(nn_plan_classes(p), d->n_classes);
	weights = aligned_alloc(64, (nn_plan_weights(p) * sizeof(float) +
	    64) / 64 * 64);
	nn_weights_pack(p, d->model.data, weights, &n_bad);
	assert_int_equal(n_bad, 0);
	for (int pass = 0; pass < 2; pass++) {
		error = compare(d, p, weights, &images, w);
		if (!(error < allowed))
			fail_msg("graph %zu, %s, blocks of %zu: error %g",
			    graph, nn_path_name(nn_plan_path(p)),
			    nn_plan_block(p), error);
	}
	free(weights);
	nn_work_free(w);
	nn_plan_free(p);
	nn_images_release(&images);
}

static const enum ckpt_dtype dtypes[] = {
	CKPT_F16, CKPT_BF16, CKPT_F32, CKPT_F64
};

static void
check_paths(const struct data *d, size_t graph)
{
	for (int path = NN_PATH_BEST; path <= NN_PATH_AVX512; path++) {
		if (!nn_path_available(path))
			continue;
		check(d, path, 0, graph);
		check(d, path, 16, graph);
		check(d, path, 48, graph);
	}
}

/* Convolutions of 3x3 and stride 1 that have enough channels are computed
 * in a way of their own: odd and even sides, all that may follow. */
static void
squares(void **state)
{
	struct net_random r = { 6 };

	(void)state;
	for (size_t i = 0; i < N_GRAPHS / 2; i++) {
		struct net_window w = {
			{ 3, 3 }, { 1, 1 }, { 0, 0 }, { 1, 1 }
		};
		struct data d;
		size_t node;

		w.padding[0] = net_below(&r, 3);
		w.padding[1] = net_below(&r, 3);
		d.graph = net_new(8 + net_below(&r, 12), 3 + net_below(&r, 9),
		    3 + net_below(&r, 9));
		node = net_conv(d.graph, 0, 8 + net_below(&r, 20), 1,
		    net_below(&r, 2), &w);
		if (net_below(&r, 2))
			node = net_norm(d.graph, node, GRAPH_BATCH_NORM, 1,
			    true);
		if (net_below(&r, 3))
			node = net_map(d.graph, node, net_below(&r, 2) ?
			    GRAPH_RELU : GRAPH_LEAKY_RELU, 0.125);
		if (net_below(&r, 2))
			node = net_pool(d.graph, node, GRAPH_GLOBAL_AVG,
			    NULL);
		net_map(d.graph, node, GRAPH_OUTPUT, 0);
		data_make(&d, &r, dtypes[i % 4]);
		check_paths(&d, i);
		data_free(&d);
	}
}

static void
random_graphs(void **state)
{
	struct net_random r = { 1 };

	(void)state;
	for (size_t i = 0; i < N_GRAPHS; i++) {
		struct data d;

		d.graph = net_draw(&r);
		data_make(&d, &r, dtypes[i % 4]);
		check_paths(&d, i);
		data_free(&d);
	}
}

/* The forward pass in double: another order of sums, nothing else. */
static void
exact(void **state)
{
	struct net_random r = { 2 };

	(void)state;
	for (size_t i = 0; i < N_GRAPHS / 2; i++) {
		struct ckpt_error err = { 0 };
		struct nn_images images;
		double *out, largest = 1e-3;
		struct data d;
		size_t n;

		d.graph = net_draw(&r);
		data_make(&d, &r, i % 2 ? CKPT_F64 : CKPT_BF16);
		n = d.n_classes;
		must(nn_images_make(d.graph, CKPT_F32, d.pixels, N_IMAGES,
		    &images, &err), &err);
		out = calloc(20 * n, sizeof(*out));
		must(nn_exact_run(d.graph, d.model.head.schema, d.model.data,
		    &images, 3, 20, out, &err), &err);
		for (size_t k = 0; k < 20 * n; k++)
			if (isfinite(d.expected[3 * n + k]))
				largest = fmax(largest,
				    fabs(d.expected[3 * n + k]));
		for (size_t k = 0; k < 20 * n; k++)
			if (!(difference(out[k], d.expected[3 * n + k]) <
			    1e-13 * largest))
				fail_msg("graph %zu: %.17g for %.17g", i,
				    out[k], d.expected[3 * n + k]);
		free(out);
		nn_images_release(&images);
		data_free(&d);
	}
}

/* What batch norm cannot be computed from is counted, and its outputs are
 * no numbers: alone and multiplied into a convolution. */
static void
bad_variance(void **state)
{
	static const double vars[] = { -1, NAN, INFINITY };
	const struct net_window w = {
		{ 1, 1 }, { 1, 1 }, { 0, 0 }, { 1, 1 }
	};
	struct net_random r = { 3 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct ckpt_error err = { 0 };
		struct graph *g = net_new(2, 1, 1);
		size_t n_bad, node = i % 2 ? net_conv(g, 0, 2, 1, true, &w) :
		    0;
		const struct tensor_desc *t;
		float pixels[2] = { 1, 2 }, *weights;
		struct nn_images images;
		struct model m;
		struct nn_plan *p;
		struct nn_work *work;
		const float *z;

		node = net_norm(g, node, GRAPH_BATCH_NORM, 1, true);
		net_map(g, node, GRAPH_OUTPUT, 0);
		net_model(g, CKPT_F32, &r, &m);
		t = &m.head.schema->tensors[g->nodes[node].var];
		dtype_from_f64(t->dtype, &vars[i / 2], m.data + t->offset, 1);
		must(nn_images_make(g, CKPT_F32, pixels, 1, &images, &err),
		    &err);
		must(nn_plan_new(g, m.head.schema, NULL, &p, &err), &err);
		must(nn_work_new(p, &work, &err), &err);
		weights = aligned_alloc(64, (nn_plan_weights(p) / 16 + 1) *
		    64);
		nn_weights_pack(p, m.data, weights, &n_bad);
		assert_int_equal(n_bad, 1);
		z = nn_run(p, weights, work, &images, 0);
		/* By an infinite variance all is divided to nothing. */
		assert_true(i / 2 == 2 || isnan(z[0]));
		assert_true(isfinite(z[nn_plan_block(p)]));
		free(weights);
		nn_work_free(work);
		nn_plan_free(p);
		nn_images_release(&images);
		model_release(&m);
		graph_free(g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(squares),
		cmocka_unit_test(exact),
		cmocka_unit_test(bad_variance),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
