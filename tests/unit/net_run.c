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

/* Of the inputs, those that reach this output. */
static double
transposed(const struct graph_node *n, const struct graph_node *in,
    const struct model *m, const double *x, size_t o, size_t y, size_t z)
{
	const size_t per = in->c / n->groups, per_out = n->c / n->groups;
	const size_t first = o / per_out * per;
	double sum = n->bias == GRAPH_NONE ? 0 : weight(m, n->bias, o);

	for (size_t c = first; c < first + per; c++)
	for (size_t a = 0; a < in->h; a++)
	for (size_t b = 0; b < in->w; b++) {
		const int64_t i = (int64_t)(y + n->padding[0]) -
		    (int64_t)(a * n->stride[0]);
		const int64_t j = (int64_t)(z + n->padding[1]) -
		    (int64_t)(b * n->stride[1]);

		if (i < 0 || j < 0 || i % n->dilation[0] != 0 ||
		    j % n->dilation[1] != 0 ||
		    i / n->dilation[0] >= n->kernel[0] ||
		    j / n->dilation[1] >= n->kernel[1])
			continue;
		sum += element(in, x, c, (int64_t)a, (int64_t)b, 0) *
		    weight(m, n->weight, ((c * per_out + o % per_out) *
		    n->kernel[0] + (size_t)i / n->dilation[0]) *
		    n->kernel[1] + (size_t)j / n->dilation[1]);
	}
	return (sum);
}

/* Element i of n; the mean and the mean square of those that it is
 * normalised with. */
static void
moments(const struct graph_node *n, const double *x, size_t i, double *mean,
    double *square)
{
	const size_t plane = (size_t)n->h * n->w;
	size_t first = 0, step = 1, count = plane;

	if (n->op == GRAPH_LAYER_NORM) {
		first = i % plane;
		step = plane;
		count = n->c;
	} else {
		if (n->op == GRAPH_GROUP_NORM)
			count *= n->c / n->groups;
		first = i / count * count;
	}
	*mean = *square = 0;
	for (size_t k = 0; k < count; k++) {
		const double v = x[first + k * step];

		*mean += v / (double)count;
		*square += v * v / (double)count;
	}
}

static double
optional(const struct model *m, size_t tensor, size_t i, double otherwise)
{
	return (tensor == GRAPH_NONE ? otherwise : weight(m, tensor, i));
}

static double
normalise(const struct graph_node *n, const struct model *m,
    const double *x, size_t i)
{
	const size_t c = i / ((size_t)n->h * n->w);
	double mean, square, y, tau;

	if (n->op == GRAPH_BATCH_NORM) {
		mean = weight(m, n->mean, c);
		square = weight(m, n->var, c) + mean * mean;
	} else {
		moments(n, x, i, &mean, &square);
	}
	if (n->op == GRAPH_FRN)
		mean = 0;
	y = (x[i] - mean) / sqrt(square - mean * mean + n->eps);
	y = optional(m, n->weight, c, 1) * y + optional(m, n->bias, c, 0);
	tau = optional(m, n->tau, c, -INFINITY);
	return (y < tau ? tau : y);
}

static double
concatenate(const struct graph *g, const struct graph_node *n,
    double **values, size_t i)
{
	for (size_t k = 0; k < n->n_inputs; k++) {
		const struct graph_node *in = &g->nodes[n->inputs[k]];
		const size_t size = (size_t)in->c * in->h * in->w;

		if (i < size)
			return (values[n->inputs[k]][i]);
		i -= size;
	}
	assert(false);
	return (0);
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
	case GRAPH_CONV_TRANSPOSE:
		return (transposed(n, in, m, x, c, y, z));
	case GRAPH_SILU:
		return (x[i] / (1 + exp(-x[i])));
	case GRAPH_GELU:
		return (x[i] * 0.5 * erfc(-x[i] / sqrt(2)));
	case GRAPH_CONCAT:
		return (concatenate(g, n, values, i));
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
	case GRAPH_LAYER_NORM:
	case GRAPH_GROUP_NORM:
		return (normalise(n, m, x, i));
	case GRAPH_ADD:
		for (size_t k = 0; k < n->n_inputs; k++)
			sum += values[n->inputs[k]][i];
		return (sum);
	default:
		return (x[i]);
	}
}

void
net_run_to(const struct graph *g, const struct model *m, const double *image,
    size_t last, double *out)
{
	double *values[NET_MAX_NODES];
	size_t n = 0;

	for (size_t i = 0; i <= last; i++) {
		const struct graph_node *node = &g->nodes[i];

		n = (size_t)node->c * node->h * node->w;
		values[i] = calloc(n + 1, sizeof(double));
		assert(values[i] != NULL);
		for (size_t k = 0; k < n; k++)
			values[i][k] = i == 0 ? image[k] :
			    compute(g, node, m, values, k);
	}
	memcpy(out, values[last], n * sizeof(*out));
	for (size_t i = 0; i <= last; i++)
		free(values[i]);
}

void
net_run(const struct graph *g, const struct model *m, const double *image,
    double *out)
{
	net_run_to(g, m, image, g->n_nodes - 1, out);
}
