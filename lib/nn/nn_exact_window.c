/*
 * nn_exact_window: sums over windows in double. An output's products are
 * added to its bias channel by channel, in a channel row by row: the loops
 * go over outputs inside, so that the sums of a row run side by side.
 */
#include "nn/nn_exact.h"

#include <math.h>

/* Of n places i * stride + shift, those in [0, size): [*first, *end). */
static void
inside(int64_t shift, int64_t stride, int64_t size, int64_t n,
    int64_t *first, int64_t *end)
{
	*first = shift < 0 ? (-shift + stride - 1) / stride : 0;
	*end = shift >= size ? 0 : (size - 1 - shift) / stride + 1;
	if (*end > n)
		*end = n;
	if (*first > *end)
		*first = *end;
}

static void
set_bias(const struct nn_exact *e)
{
	const size_t plane = (size_t)e->node->h * e->node->w;

	for (size_t i = 0; i < plane * e->node->c; i++)
		e->out[i] = e->bias == NULL ? 0 : e->bias[i / plane];
}

/* One tap of a convolution: element (y, x) of the window. */
static void
add_tap(const struct nn_exact *e, double weight, size_t y, size_t x,
    const double *in, double *out)
{
	const struct graph_node *n = e->node, *b = e->before;
	const int64_t sy = n->stride[0], sx = n->stride[1];
	const int64_t dy = (int64_t)y * n->dilation[0] - n->padding[0];
	const int64_t dx = (int64_t)x * n->dilation[1] - n->padding[1];
	int64_t y0, y1, x0, x1;

	inside(dy, sy, b->h, n->h, &y0, &y1);
	inside(dx, sx, b->w, n->w, &x0, &x1);
	for (int64_t i = y0; i < y1; i++) {
		const double *src = in + (i * sy + dy) * b->w + dx;
		double *dst = out + i * n->w;

		for (int64_t j = x0; j < x1; j++)
			dst[j] += weight * src[j * sx];
	}
}

void
nn_exact_conv(const struct nn_exact *e)
{
	const struct graph_node *n = e->node, *b = e->before;
	const size_t n_c = b->c / n->groups, n_o = n->c / n->groups;
	const double *w = e->weight;

	set_bias(e);
	for (size_t o = 0; o < n->c; o++)
		for (size_t c = 0; c < n_c; c++)
			for (size_t y = 0; y < n->kernel[0]; y++)
				for (size_t x = 0; x < n->kernel[1]; x++)
					add_tap(e, *w++, y, x, e->in +
					    (o / n_o * n_c + c) * b->h * b->w,
					    e->out + o * n->h * n->w);
}

/* What an input channel gives to an output channel by one weight. */
static void
spread_tap(const struct nn_exact *e, double weight, size_t y, size_t x,
    const double *in, double *out)
{
	const struct graph_node *n = e->node, *b = e->before;
	const int64_t sy = n->stride[0], sx = n->stride[1];
	const int64_t dy = (int64_t)y * n->dilation[0] - n->padding[0];
	const int64_t dx = (int64_t)x * n->dilation[1] - n->padding[1];
	int64_t y0, y1, x0, x1;

	inside(dy, sy, n->h, b->h, &y0, &y1);
	inside(dx, sx, n->w, b->w, &x0, &x1);
	for (int64_t i = y0; i < y1; i++) {
		const double *src = in + i * b->w;
		double *dst = out + (i * sy + dy) * n->w + dx;

		for (int64_t j = x0; j < x1; j++)
			dst[j * sx] += weight * src[j];
	}
}

void
nn_exact_transposed(const struct nn_exact *e)
{
	const struct graph_node *n = e->node, *b = e->before;
	const size_t n_c = b->c / n->groups, n_o = n->c / n->groups;
	const double *w = e->weight;

	set_bias(e);
	for (size_t c = 0; c < b->c; c++)
		for (size_t o = 0; o < n_o; o++)
			for (size_t y = 0; y < n->kernel[0]; y++)
				for (size_t x = 0; x < n->kernel[1]; x++)
					spread_tap(e, *w++, y, x, e->in +
					    c * b->h * b->w, e->out +
					    (c / n_c * n_o + o) * n->h * n->w);
}

void
nn_exact_linear(const struct nn_exact *e)
{
	const size_t n = (size_t)e->before->c * e->before->h * e->before->w;
	const double *w = e->weight;

	for (size_t o = 0; o < e->node->c; o++, w += n) {
		double sum = e->bias == NULL ? 0 : e->bias[o];

		for (size_t i = 0; i < n; i++)
			sum += w[i] * e->in[i];
		e->out[o] = sum;
	}
}

/* Padding counts as zeros in averages, not at all in maxima. */
static double
pool_window(const struct nn_exact *e, const double *in, size_t y, size_t x)
{
	const struct graph_node *n = e->node, *b = e->before;
	const bool is_max = n->op == GRAPH_MAX_POOL;
	double r = is_max ? -INFINITY : 0;
	int64_t y0, y1, x0, x1;
	const int64_t dy = (int64_t)y * n->stride[0] - n->padding[0];
	const int64_t dx = (int64_t)x * n->stride[1] - n->padding[1];

	inside(dy, n->dilation[0], b->h, n->kernel[0], &y0, &y1);
	inside(dx, n->dilation[1], b->w, n->kernel[1], &x0, &x1);
	for (int64_t i = y0; i < y1; i++)
		for (int64_t j = x0; j < x1; j++) {
			const double v = in[(i * n->dilation[0] + dy) * b->w +
			    j * n->dilation[1] + dx];

			if (!is_max)
				r += v;
			else if (v > r || isnan(v))
				r = v;
		}
	return (is_max ? r : r / ((double)n->kernel[0] * n->kernel[1]));
}

void
nn_exact_pool(const struct nn_exact *e)
{
	const struct graph_node *n = e->node, *b = e->before;
	const size_t plane = (size_t)b->h * b->w;
	double *out = e->out;

	for (size_t c = 0; c < n->c; c++) {
		const double *in = e->in + c * plane;
		double sum = 0;

		if (n->op == GRAPH_GLOBAL_AVG) {
			for (size_t i = 0; i < plane; i++)
				sum += in[i];
			*out++ = sum / (double)plane;
			continue;
		}
		for (size_t y = 0; y < n->h; y++)
			for (size_t x = 0; x < n->w; x++)
				*out++ = pool_window(e, in, y, x);
	}
}
