/*
 * Values of nodes seen during a run, and batch norm's statistics, against
 * plain loops in double, on graphs drawn at random.
 */
#include "unit.h"

#include "net.h"
#include "nn/nn.h"

#include <math.h>

#define N_IMAGES 37
#define N_GRAPHS 100

struct data {
	struct graph *graph;
	struct model model;
	double *pixels; /* [image][element] */
	struct nn_images images;
	size_t n_elements;
};

static void
data_make(struct data *d, struct net_random *r, enum ckpt_dtype dtype)
{
	struct ckpt_error err = { 0 };

	d->graph = net_draw(r);
	net_model(d->graph, dtype, r, &d->model);
	d->n_elements = (size_t)d->graph->nodes[0].c * d->graph->nodes[0].h *
	    d->graph->nodes[0].w;
	d->pixels = calloc(N_IMAGES * d->n_elements, sizeof(double));
	for (size_t i = 0; i < N_IMAGES * d->n_elements; i++)
		d->pixels[i] = (float)net_normal(r);
	must(nn_images_make(d->graph, CKPT_F64, d->pixels, N_IMAGES,
	    &d->images, &err), &err);
}

static void
data_free(struct data *d)
{
	graph_free(d->graph);
	model_release(&d->model);
	free(d->pixels);
	nn_images_release(&d->images);
}

static size_t
size_of(const struct graph_node *n)
{
	return ((size_t)n->c * n->h * n->w);
}

/* ---- watching ---- */

struct watched {
	const struct data *data;
	const size_t *nodes;
	size_t n, n_seen;
	double worst;
};

static void
see(void *arg, const struct nn_seen *s)
{
	struct watched *w = arg;
	const struct graph_node *n = &w->data->graph->nodes[s->node];
	double *want = calloc(size_of(n), sizeof(double)), largest = 1e-3;

	assert_true(w->n_seen < w->n);
	assert_int_equal(s->node, w->nodes[w->n_seen++]);
	assert_int_equal(s->c * s->h * s->w, size_of(n));
	assert_int_equal(s->n_images, N_IMAGES - s->first < s->block ?
	    N_IMAGES - s->first : s->block);
	for (size_t i = 0; i < s->n_images; i += 5) {
		net_run_to(w->data->graph, &w->data->model, w->data->pixels +
		    (s->first + i) * w->data->n_elements, s->node, want);
		for (size_t k = 0; k < size_of(n); k++)
			if (isfinite(want[k]))
				largest = fmax(largest, fabs(want[k]));
		for (size_t k = 0; k < size_of(n); k++) {
			const size_t plane = (size_t)s->h * s->w;
			const float got = s->data[k / plane * s->channel +
			    k % plane / s->w * s->row + k % s->w * s->block +
			    i];

			if (isfinite(want[k]))
				w->worst = fmax(w->worst, fabs(got - want[k]) /
				    largest);
			else
				assert_true(isnan(want[k]) ? isnan(got) :
				    got == want[k]);
		}
	}
	free(want);
}

static void
watch(const struct data *d, struct net_random *r, unsigned block)
{
	struct nn_options options = { .block = block };
	struct ckpt_error err = { 0 };
	size_t nodes[NET_MAX_NODES], n_bad;
	struct watched w = { .data = d, .nodes = nodes };
	struct nn_plan *p;
	struct nn_work *work;
	float *weights;

	for (size_t i = 0; i < d->graph->n_nodes; i++)
		if (net_below(r, 2))
			nodes[w.n++] = i;
	options.watch = nodes;
	options.n_watch = w.n;
	must(nn_plan_new(d->graph, d->model.head.schema, &options, &p, &err),
	    &err);
	must(nn_work_new(p, &work, &err), &err);
	weights = aligned_alloc(64, (nn_plan_weights(p) / 16 + 1) * 64);
	nn_weights_pack(p, d->model.data, weights, &n_bad);
	for (size_t i = 0; i < N_IMAGES; i += nn_plan_block(p)) {
		w.n_seen = 0;
		nn_run_watched(p, weights, work, &d->images, i / NN_BLOCK,
		    see, &w);
		assert_int_equal(w.n_seen, w.n);
	}
	if (!(w.worst < 1e-4))
		fail_msg("error %g", w.worst);
	free(weights);
	nn_work_free(work);
	nn_plan_free(p);
}

static void
watched_nodes(void **state)
{
	struct net_random r = { 3 };

	(void)state;
	for (size_t i = 0; i < N_GRAPHS; i++) {
		struct data d;

		data_make(&d, &r, CKPT_F32);
		watch(&d, &r, 0);
		watch(&d, &r, 32);
		data_free(&d);
	}
}

/* ---- statistics ---- */

static double
number(const struct model *m, size_t tensor, size_t c)
{
	const struct tensor_desc *t = &m->head.schema->tensors[tensor];
	double x;

	dtype_to_f64(t->dtype, m->data + t->offset + c *
	    (dtype_bits(t->dtype) / 8), &x, 1);
	return (x);
}

static void
close_to(double got, double want, double allowed, const char *what,
    size_t node)
{
	if (!(fabs(got - want) <= allowed))
		fail_msg("node %zu: %s %.9g instead of %.9g", node, what, got,
		    want);
}

/* The input of a batch norm over all images, by the new statistics of those
 * before it. */
static void
check_norm(const struct data *d, const struct model *got, size_t node)
{
	const struct graph_node *n = &d->graph->nodes[node];
	const size_t plane = (size_t)n->h * n->w;
	const double count = (double)(plane * N_IMAGES);
	double *x = calloc(size_of(n) * N_IMAGES, sizeof(double));

	for (size_t i = 0; i < N_IMAGES; i++)
		net_run_to(d->graph, got, d->pixels + i * d->n_elements,
		    n->inputs[0], x + i * size_of(n));
	for (size_t c = 0; c < n->c; c++) {
		double mean = 0, var = 0;

		for (int pass = 0; pass < 2; pass++)
			for (size_t i = 0; i < N_IMAGES; i++)
				for (size_t k = 0; k < plane; k++) {
					const double v = x[i * size_of(n) +
					    c * plane + k];

					if (pass == 0)
						mean += v / count;
					else
						var += (v - mean) *
						    (v - mean) / (count - 1);
				}
		close_to(number(got, n->mean, c), mean, 1e-4 * (fabs(mean) +
		    sqrt(var) + 0.01), "mean", node);
		close_to(number(got, n->var, c), var, 1e-4 * (mean * mean +
		    var + 0.01), "variance", node);
	}
	free(x);
}

/* Pools of padding alone have no numbers to take statistics of. */
static bool
is_finite(const struct data *d)
{
	bool is = true;

	for (size_t i = 0; i < d->graph->n_nodes; i++) {
		const struct graph_node *n = &d->graph->nodes[i];
		double *x = calloc(size_of(n), sizeof(double));

		net_run_to(d->graph, &d->model, d->pixels, i, x);
		for (size_t k = 0; k < size_of(n); k++)
			is = is && isfinite(x[k]);
		free(x);
	}
	return (is);
}

static void
statistics(void **state)
{
	struct net_random r = { 4 };
	size_t n_norms = 0;

	(void)state;
	for (size_t i = 0; i < N_GRAPHS; i++) {
		const struct nn_options options = { .block = i % 2 ? 16 : 0 };
		struct ckpt_error err = { 0 };
		struct model a, b;
		struct data d;

		data_make(&d, &r, i % 3 ? CKPT_F64 : CKPT_F32);
		if (!is_finite(&d)) {
			data_free(&d);
			continue;
		}
		must(nn_batch_statistics(d.graph, &d.model, &d.images,
		    &options, 0, 1, &a, &err), &err);
		must(nn_batch_statistics(d.graph, &d.model, &d.images,
		    &options, N_IMAGES + 100, 3, &b, &err), &err);
		assert_memory_equal(a.data, b.data,
		    a.head.schema->n_bytes);
		for (size_t k = 0; k < d.graph->n_nodes; k++)
			if (d.graph->nodes[k].op == GRAPH_BATCH_NORM) {
				check_norm(&d, &a, k);
				n_norms++;
			}
		model_release(&a);
		model_release(&b);
		data_free(&d);
	}
	assert_true(n_norms > N_GRAPHS / 4);
}

/* In several batches, the moments of a first batch norm are those of all. */
static void
batches(void **state)
{
	struct net_random r = { 5 };
	struct ckpt_error err = { 0 };
	const struct net_window w = {
		{ 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 }
	};
	struct data d;
	struct model got;
	size_t i, first;

	(void)state;
	d.graph = net_new(2, 5, 6);
	i = net_conv(d.graph, 0, 7, 1, true, &w);
	first = i = net_norm(d.graph, i, GRAPH_BATCH_NORM, 1, true);
	i = net_map(d.graph, i, GRAPH_RELU, 0);
	i = net_conv(d.graph, i, 3, 1, true, &w);
	i = net_norm(d.graph, i, GRAPH_BATCH_NORM, 1, false);
	net_map(d.graph, i, GRAPH_OUTPUT, 0);
	net_model(d.graph, CKPT_F32, &r, &d.model);
	d.n_elements = 60;
	d.pixels = calloc(N_IMAGES * d.n_elements, sizeof(double));
	for (size_t k = 0; k < N_IMAGES * d.n_elements; k++)
		d.pixels[k] = (float)net_normal(&r);
	must(nn_images_make(d.graph, CKPT_F64, d.pixels, N_IMAGES, &d.images,
	    &err), &err);
	must(nn_batch_statistics(d.graph, &d.model, &d.images,
	    &(struct nn_options){ .block = 16 }, 16, 2, &got, &err), &err);
	check_norm(&d, &got, first);
	model_release(&got);
	data_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watched_nodes),
		cmocka_unit_test(statistics),
		cmocka_unit_test(batches),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
