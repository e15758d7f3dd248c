/*
 * net: graphs, random models, and the naive forward pass.
 */
#include "net.h"

#include <assert.h>
#include <math.h>

uint32_t
net_below(struct net_random *r, uint32_t n)
{
	r->state = r->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((uint32_t)((r->state >> 33) % n));
}

double
net_normal(struct net_random *r)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += net_below(r, 1000000) / 1e6;
	return (sum - 6);
}

static char *
print_name(const char *what, size_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%zu", what, i);
	return (strdup(name));
}

static size_t
append(struct graph *g, enum graph_op op, size_t n_inputs, size_t a,
    size_t b)
{
	struct graph_node *n = &g->nodes[g->n_nodes];

	assert(g->n_nodes < NET_MAX_NODES);
	*n = (struct graph_node){
		.op = op, .name = print_name("n", g->n_nodes),
		.n_inputs = n_inputs, .inputs = { a, b },
		.weight = GRAPH_NONE, .bias = GRAPH_NONE, .mean = GRAPH_NONE,
		.var = GRAPH_NONE, .tau = GRAPH_NONE, .groups = 1
	};
	if (n_inputs > 0) {
		n->c = g->nodes[a].c;
		n->h = g->nodes[a].h;
		n->w = g->nodes[a].w;
		n->is_vector = g->nodes[a].is_vector;
	}
	for (int i = 0; i < 2; i++)
		n->kernel[i] = n->stride[i] = n->dilation[i] = 1;
	return (g->n_nodes++);
}

static size_t
param(struct graph *g, size_t node, const char *name, unsigned n_dims,
    uint64_t d0, uint64_t d1, uint64_t d2, uint64_t d3)
{
	g->params[g->n_params] = (struct graph_param){
		.name = print_name(name, node),
		.n_dims = n_dims, .dims = { d0, d1, d2, d3 }, .node = node
	};
	return (g->n_params++);
}

struct graph *
net_new(uint32_t c, uint32_t h, uint32_t w)
{
	struct graph *g = calloc(1, sizeof(*g));
	size_t i;

	assert(g != NULL);
	g->name = strdup("net");
	g->nodes = calloc(NET_MAX_NODES, sizeof(*g->nodes));
	g->params = calloc(4 * NET_MAX_NODES, sizeof(*g->params));
	assert(g->nodes != NULL && g->params != NULL);
	g->input_scale = 1;
	g->n_mean = 1;
	g->std[0] = 1;
	i = append(g, GRAPH_INPUT, 0, 0, 0);
	g->nodes[i].c = c;
	g->nodes[i].h = h;
	g->nodes[i].w = w;
	return (g);
}

static void
set_window(struct graph_node *n, const struct net_window *w)
{
	const uint32_t size[2] = { n->h, n->w };
	uint32_t out[2];

	for (int i = 0; i < 2; i++) {
		n->kernel[i] = w->kernel[i];
		n->stride[i] = w->stride[i];
		n->padding[i] = w->padding[i];
		n->dilation[i] = w->dilation[i];
		out[i] = (size[i] + 2 * w->padding[i] -
		    w->dilation[i] * (w->kernel[i] - 1) - 1) / w->stride[i] +
		    1;
	}
	n->h = out[0];
	n->w = out[1];
}

size_t
net_conv(struct graph *g, size_t in, uint32_t n_out, uint32_t groups,
    bool bias, const struct net_window *w)
{
	const size_t i = append(g, GRAPH_CONV, 1, in, 0);
	struct graph_node *n = &g->nodes[i];

	set_window(n, w);
	n->groups = groups;
	n->weight = param(g, i, "weight", 4, n_out, n->c / groups, w->kernel[0],
	    w->kernel[1]);
	if (bias)
		n->bias = param(g, i, "bias", 1, n_out, 0, 0, 0);
	n->c = n_out;
	return (i);
}

size_t
net_pool(struct graph *g, size_t in, enum graph_op op,
    const struct net_window *w)
{
	const size_t i = append(g, op, 1, in, 0);

	if (op == GRAPH_GLOBAL_AVG)
		g->nodes[i].h = g->nodes[i].w = 1;
	else
		set_window(&g->nodes[i], w);
	return (i);
}

size_t
net_linear(struct graph *g, size_t in, uint32_t n_out, bool bias)
{
	const size_t i = append(g, GRAPH_LINEAR, 1, in, 0);
	struct graph_node *n = &g->nodes[i];

	n->weight = param(g, i, "weight", 2, n_out, (uint64_t)n->c * n->h *
	    n->w, 0, 0);
	if (bias)
		n->bias = param(g, i, "bias", 1, n_out, 0, 0, 0);
	n->c = n_out;
	n->h = n->w = 1;
	n->is_vector = true;
	return (i);
}

size_t
net_map(struct graph *g, size_t in, enum graph_op op, double slope)
{
	const size_t i = append(g, op, 1, in, 0);
	struct graph_node *n = &g->nodes[i];

	n->slope = slope;
	if (op == GRAPH_FLATTEN) {
		n->c *= n->h * n->w;
		n->h = n->w = 1;
		n->is_vector = true;
	}
	return (i);
}

size_t
net_add(struct graph *g, size_t a, size_t b)
{
	return (append(g, GRAPH_ADD, 2, a, b));
}

size_t
net_concat(struct graph *g, size_t a, size_t b)
{
	const size_t i = append(g, GRAPH_CONCAT, 2, a, b);

	g->nodes[i].c += g->nodes[b].c;
	return (i);
}

size_t
net_transposed(struct graph *g, size_t in, uint32_t n_out, uint32_t groups,
    bool bias, const struct net_window *w, const uint32_t output_padding[2])
{
	const size_t i = append(g, GRAPH_CONV_TRANSPOSE, 1, in, 0);
	struct graph_node *n = &g->nodes[i];
	uint32_t *size[2] = { &n->h, &n->w };

	for (int k = 0; k < 2; k++) {
		n->kernel[k] = w->kernel[k];
		n->stride[k] = w->stride[k];
		n->padding[k] = w->padding[k];
		n->dilation[k] = w->dilation[k];
		n->output_padding[k] = output_padding[k];
		*size[k] = (*size[k] - 1) * w->stride[k] +
		    w->dilation[k] * (w->kernel[k] - 1) + output_padding[k] +
		    1 - 2 * w->padding[k];
	}
	n->groups = groups;
	n->weight = param(g, i, "weight", 4, n->c, n_out / groups,
	    w->kernel[0], w->kernel[1]);
	if (bias)
		n->bias = param(g, i, "bias", 1, n_out, 0, 0, 0);
	n->c = n_out;
	return (i);
}

size_t
net_norm(struct graph *g, size_t in, enum graph_op op, uint32_t groups,
    bool affine)
{
	const size_t i = append(g, op, 1, in, 0);
	struct graph_node *n = &g->nodes[i];
	const unsigned n_dims = op == GRAPH_FRN ? 4 : 1;
	const uint64_t d0 = op == GRAPH_FRN ? 1 : n->c;

	n->eps = 0.03; /* bounds how much rounding is multiplied */
	if (op == GRAPH_GROUP_NORM)
		n->groups = groups;
	if (affine) {
		n->weight = param(g, i, "weight", n_dims, d0, n->c, 1, 1);
		n->bias = param(g, i, "bias", n_dims, d0, n->c, 1, 1);
	}
	if (op == GRAPH_FRN && affine)
		n->tau = param(g, i, "tau", n_dims, d0, n->c, 1, 1);
	if (op == GRAPH_BATCH_NORM) {
		n->mean = param(g, i, "mean", 1, n->c, 0, 0, 0);
		n->var = param(g, i, "var", 1, n->c, 0, 0, 0);
	}
	return (i);
}

static bool
is_variance(const struct graph *g, size_t param)
{
	const struct graph_node *n = &g->nodes[g->params[param].node];

	return (n->var == param);
}

void
net_model(const struct graph *g, enum ckpt_dtype dtype,
    struct net_random *r, struct model *out)
{
	struct schema *s;
	struct ckpt_error err = { 0 };
	enum ckpt_status st;

	st = schema_new(&s, &err);
	assert(st == CKPT_OK);
	for (size_t i = 0; i < g->n_params; i++) {
		const struct graph_param *p = &g->params[i];

		st = schema_add(s, p->name, strlen(p->name), dtype,
		    p->n_dims, p->dims, &err);
		assert(st == CKPT_OK);
	}
	st = schema_finish(s, &err);
	assert(st == CKPT_OK);
	*out = (struct model){ .head = { .schema = s,
	    .label = strdup("random") } };
	st = model_alloc(out, &err);
	assert(st == CKPT_OK);
	for (size_t i = 0; i < g->n_params; i++) {
		const struct graph_param *p = &g->params[i];
		const struct tensor_desc *t = &s->tensors[i];
		double x, scale = 1;

		for (unsigned d = 1; d < p->n_dims; d++)
			scale *= (double)p->dims[d];
		for (uint64_t k = 0; k < t->n_elements; k++) {
			x = net_normal(r) / sqrt(scale);
			if (is_variance(g, i))
				x = 0.25 + x * x;
			dtype_from_f64(dtype, &x, out->data + t->offset +
			    k * dtype_bits(dtype) / 8, 1);
		}
	}
	(void)st;
}
