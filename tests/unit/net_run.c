/*
 * net_run: the forward pass in double, one output after another.
 */
#include "net.h"

#include <assert.h>
#include <math.h>

/* The element of a (c, h, w) value; `outside` in the padding. */
static double
element(const struct graph_node *n, const double *x, size_t c, int64_t y,
    int64_t z, double outside)
{
	if (y < 0 || z < 0 || y >= (int64_t)n->h || z >= (int64_t)n->w)
		return (outside);
	return (x[(c * n->h + (size_t)y) * n->w + (size_t)z]);
}

static double
weight(const struct model *m, size_t tensor, size_t i)
{
	const struct tensor_desc *t = &m->head.schema->tensors[tensor];
	double x;

	dtype_to_f64(t->dtype, m->data + t->offset +
	    i * dtype_bits(t->dtype) / 8, &x, 1);
	return (x);
}

static double
convolve(const struct graph_node *n, const struct graph_node *in,
    const struct model *m, const double *x, size_t o, size_t y, size_t z)
{
	const size_t per = in->c / n->groups;
	const size_t first = o / (n->c / n->groups) * per;
	double sum = n->bias == GRAPH_NONE ? 0 : weight(m, n->bias, o);
	size_t k = o * per * n->kernel[0] * n->kernel[1];

	for (size_t c = 0; c < per; c++)
		for (size_t i = 0; i < n->kernel[0]; i++)
			for (size_t j = 0; j < n->kernel[1]; j++, k++)
				sum += weight(m, n->weight, k) * element(in,
				    x, first + c, (int64_t)(y * n->stride[0] +
				    i * n->dilation[0]) - n->padding[0],
				    (int64_t)(z * n->stride[1] +
				    j * n->dilation[1]) - n->padding[1], 0);
	return (sum);
}

static double
pool(const struct graph_node *n, const struct graph_node *in,
    const double *x, size_t c, size_t y, size_t z)
{
	const bool is_max = n->op == GRAPH_MAX_POOL;
	double r = is_max ? -INFINITY : 0;

	for (size_t i = 0; i < n->kernel[0]; i++)
		for (size_t j = 0; j < n->kernel[1]; j++) {
			const double a = element(in, x, c,
			    (int64_t)(y * n->stride[0] + i * n->dilation[0]) -
			    n->padding[0],
			    (int64_t)(z * n->stride[1] + j * n->dilation[1]) -
			    n->padding[1], is_max ? -INFINITY : 0);

			if (!is_max)
				r += a;
			else if (a > r)
				r = a;
		}
	return (is_max ? r : r / n->kernel[0] / n->kernel[1]);
}

static double
linear(const struct graph_node *n, const struct model *m, const double *x,
    size_t n_in, size_t o)
{
	double sum = n->bias == GRAPH_NONE ? 0 : weight(m, n->bias, o);

	for (size_t i = 0; i < n_in; i++)
		sum += weight(m, n->weight, o * n_in + i) * x[i];
	return (sum);
}

static double
mean(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return (sum / (double)n);
}

static double
compute(const struct graph *g, const struct graph_node *n,
    const struct model *m, double **values, size_t i)
{
	const struct graph_node *in = &g->nodes[n->inputs[0]];
	const double *x = values[n->inputs[0]];
	const size_t plane = (size_t)n->h * n->w;
	const size_t c = i / plane, y = i % plane / n->w, z = i % n->w;
	double sum = 0;

	switch (n->op) {
	case GRAPH_CONV:
		return (convolve(n, in, m, x, c, y, z));
	case GRAPH_LINEAR:
		return (linear(n, m, x, (size_t)in->c * in->h * in->w, i));
	case GRAPH_RELU:
		return (x[i] > 0 ? x[i] : 0);
	case GRAPH_LEAKY_RELU:
		return (x[i] > 0 ? x[i] : x[i] * n->slope);
	case GRAPH_TANH:
		return (tanh(x[i]));
	case GRAPH_SIGMOID:
		return (1 / (1 + exp(-x[i])));
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
		return (pool(n, in, x, c, y, z));
	case GRAPH_GLOBAL_AVG:
		return (mean(x + c * in->h * in->w, (size_t)in->h * in->w));
	case GRAPH_ADD:
		for (size_t k = 0; k < n->n_inputs; k++)
			sum += values[n->inputs[k]][i];
		return (sum);
	default:
		return (x[i]);
	}
}

void
net_run(const struct graph *g, const struct model *m, const double *image,
    double *out)
{
	double *values[NET_MAX_NODES];
	size_t n = 0;

	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct graph_node *node = &g->nodes[i];

		n = (size_t)node->c * node->h * node->w;
		values[i] = calloc(n + 1, sizeof(double));
		assert(values[i] != NULL);
		for (size_t k = 0; k < n; k++)
			values[i][k] = i == 0 ? image[k] :
			    compute(g, node, m, values, k);
	}
	memcpy(out, values[g->n_nodes - 1], n * sizeof(*out));
	for (size_t i = 0; i < g->n_nodes; i++)
		free(values[i]);
}
