/*
 * nn_exact: the forward pass in double, image by image, node by node.
 */
#include "nn/nn_exact.h"

#include <math.h>

struct run {
	const struct graph *graph;
	const struct schema *schema;
	const unsigned char *data;
	size_t *map;     /* of params to tensors */
	double **values; /* of nodes; freed after their last reader */
	size_t *last;    /* that reader */
};

/* A tensor widened; *out is NULL if there is none. */
static enum ckpt_status
load(const struct run *r, size_t param, double **out, struct ckpt_error *err)
{
	const struct tensor_desc *t;

	*out = NULL;
	if (param == GRAPH_NONE)
		return (CKPT_OK);
	t = &r->schema->tensors[r->map[param]];
	if (!dtype_is_weight(t->dtype))
		return (error_set(err, CKPT_INVALID, "tensor %s is %s;"
		    " weights are f16, bf16, f32 or f64", t->name,
		    dtype_name(t->dtype)));
	*out = calloc(t->n_elements + 1, sizeof(**out));
	if (*out == NULL)
		return (error_nomem(err, t->n_elements * sizeof(**out)));
	dtype_to_f64(t->dtype, r->data + t->offset, *out, t->n_elements);
	return (CKPT_OK);
}

static double
map(enum graph_op op, double slope, double x)
{
	switch (op) {
	case GRAPH_RELU:
		return (x < 0 ? 0 : x);
	case GRAPH_LEAKY_RELU:
		return (x < 0 ? x * slope : x);
	case GRAPH_TANH:
		return (tanh(x));
	case GRAPH_SIGMOID:
		return (1 / (1 + exp(-x)));
	case GRAPH_SILU:
		return (x / (1 + exp(-x)));
	case GRAPH_GELU:
		return (x * 0.5 * erfc(-x * M_SQRT1_2));
	default: /* dropout, flatten, output */
		return (x);
	}
}

/* Of several inputs: their sum, or one after another. */
static void
join(const struct run *r, const struct graph_node *n, double *out)
{
	const bool is_sum = n->op == GRAPH_ADD;

	for (size_t k = 0; k < n->n_inputs; k++) {
		const struct graph_node *in = &r->graph->nodes[n->inputs[k]];
		const double *x = r->values[n->inputs[k]];
		const size_t size = (size_t)in->c * in->h * in->w;

		for (size_t i = 0; i < size; i++)
			out[i] = is_sum && k > 0 ? out[i] + x[i] : x[i];
		if (!is_sum)
			out += size;
	}
}

static void
compute(const struct run *r, const struct nn_exact *e)
{
	const struct graph_node *n = e->node;
	const size_t size = (size_t)n->c * n->h * n->w;

	switch (n->op) {
	case GRAPH_CONV:
		nn_exact_conv(e);
		return;
	case GRAPH_CONV_TRANSPOSE:
		nn_exact_transposed(e);
		return;
	case GRAPH_LINEAR:
		nn_exact_linear(e);
		return;
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
	case GRAPH_GLOBAL_AVG:
		nn_exact_pool(e);
		return;
	case GRAPH_ADD:
	case GRAPH_CONCAT:
		join(r, n, e->out);
		return;
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
	case GRAPH_LAYER_NORM:
	case GRAPH_GROUP_NORM:
		nn_exact_norm(e);
		return;
	default:
		for (size_t i = 0; i < size; i++)
			e->out[i] = map(n->op, n->slope, e->in[i]);
		return;
	}
}

static enum ckpt_status
run_node(const struct run *r, size_t node, struct ckpt_error *err)
{
	const struct graph_node *n = &r->graph->nodes[node];
	const size_t params[] = { n->weight, n->bias, n->mean, n->var,
		n->tau };
	double *tensors[5] = { 0 };
	struct nn_exact e = {
		.node = n, .before = &r->graph->nodes[n->inputs[0]],
		.in = r->values[n->inputs[0]], .out = r->values[node]
	};
	enum ckpt_status st = CKPT_OK;

	for (size_t i = 0; i < 5 && st == CKPT_OK; i++)
		st = load(r, params[i], &tensors[i], err);
	e.weight = tensors[0];
	e.bias = tensors[1];
	e.mean = tensors[2];
	e.var = tensors[3];
	e.tau = tensors[4];
	if (st == CKPT_OK)
		compute(r, &e);
	for (size_t i = 0; i < 5; i++)
		free(tensors[i]);
	return (st);
}

static void
load_image(const struct nn_images *images, size_t i, double *out)
{
	const float *x = images->data + i / NN_BLOCK * images->n_elements *
	    NN_BLOCK + i % NN_BLOCK;

	for (size_t k = 0; k < images->n_elements; k++)
		out[k] = x[k * NN_BLOCK];
}

static enum ckpt_status
run_image(const struct run *r, const struct nn_images *images, size_t i,
    double *logits, struct ckpt_error *err)
{
	const struct graph *g = r->graph;
	enum ckpt_status st = CKPT_OK;
	size_t size = 0;

	for (size_t node = 0; node < g->n_nodes && st == CKPT_OK; node++) {
		const struct graph_node *n = &g->nodes[node];

		size = (size_t)n->c * n->h * n->w;
		r->values[node] = calloc(size + 1, sizeof(double));
		if (r->values[node] == NULL)
			st = error_nomem(err, size * sizeof(double));
		else if (node == 0)
			load_image(images, i, r->values[node]);
		else
			st = run_node(r, node, err);
		for (size_t k = 0; k < n->n_inputs; k++)
			if (r->last[n->inputs[k]] == node) {
				free(r->values[n->inputs[k]]);
				r->values[n->inputs[k]] = NULL;
			}
	}
	if (st == CKPT_OK)
		memcpy(logits, r->values[g->n_nodes - 1], size *
		    sizeof(double));
	for (size_t node = 0; node < g->n_nodes; node++) {
		free(r->values[node]);
		r->values[node] = NULL;
	}
	return (st);
}

enum ckpt_status
nn_exact_run(const struct graph *g, const struct schema *schema,
    const unsigned char *data, const struct nn_images *images, size_t first,
    size_t n, double *logits, struct ckpt_error *err)
{
	const struct graph_node *end = &g->nodes[g->n_nodes - 1];
	const size_t n_classes = (size_t)end->c * end->h * end->w;
	struct run r = { .graph = g, .schema = schema, .data = data };
	enum ckpt_status st;

	r.map = calloc(g->n_params + 1, sizeof(*r.map));
	r.values = calloc(g->n_nodes, sizeof(*r.values));
	r.last = calloc(g->n_nodes, sizeof(*r.last));
	if (r.map == NULL || r.values == NULL || r.last == NULL) {
		st = error_nomem(err, g->n_nodes * sizeof(*r.values));
		goto out;
	}
	st = graph_bind(g, schema, r.map, err);
	for (size_t i = 0; i < g->n_nodes; i++)
		for (size_t k = 0; k < g->nodes[i].n_inputs; k++)
			r.last[g->nodes[i].inputs[k]] = i;
	for (size_t i = 0; i < n && st == CKPT_OK; i++)
		st = run_image(&r, images, first + i, logits + i * n_classes,
		    err);
out:
	free(r.map);
	free(r.values);
	free(r.last);
	return (st);
}
