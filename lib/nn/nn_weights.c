/*
 * nn_weights: the weights of a model as the kernels read them.
 *
 * Products: the tiles of each group; in a tile tap after tap, for each tap
 * the tile's outputs; then the biases. A batch norm that follows is
 * multiplied into them, in double. Normalisations: factors, then what is
 * added, then FRN's thresholds.
 */
#include "nn/nn_plan.h"

#include <float.h>
#include <math.h>

#define CHUNK 512 /* weights widened at a time */

/* Element i of a tensor; `otherwise` if there is none. */
static double
load(const struct nn_source *s, const unsigned char *data, size_t i,
    double otherwise)
{
	double x;

	if (!s->is_present)
		return (otherwise);
	dtype_to_f64(s->dtype, data + s->offset + i * (dtype_bits(s->dtype) /
	    8), &x, 1);
	return (x);
}

/* Not finite as float: rounds to an infinity, or is NaN. */
static bool
is_bad(double x)
{
	return (!isfinite((float)x));
}

/* Of a channel: y = x * *factor + *shift, for FRN before the threshold.
 * Returns the number of numbers that are not finite. */
static size_t
load_norm(const struct nn_norm *n, const unsigned char *data, size_t c,
    double *factor, double *shift)
{
	const double weight = load(&n->weight, data, c, 1);
	const double bias = load(&n->bias, data, c, 0);
	double mean, var;

	*factor = weight;
	*shift = bias;
	if (n->op != GRAPH_BATCH_NORM)
		return ((size_t)is_bad(weight) + is_bad(bias));
	mean = load(&n->mean, data, c, 0);
	var = load(&n->var, data, c, 1);
	*factor = weight / sqrt(var + n->eps);
	*shift = bias - mean * *factor;
	/* A variance below -eps is as little a number as NaN. */
	return ((size_t)is_bad(weight) + is_bad(bias) + is_bad(mean) +
	    (is_bad(var) || !(var + n->eps > 0)));
}

/* n weights from element `at` on, times a factor, `step` apart. */
static size_t
pack_run(const struct nn_source *s, const unsigned char *data, size_t at,
    size_t n, double factor, float *dst, size_t step)
{
	const unsigned char *src = data + s->offset + at *
	    (dtype_bits(s->dtype) / 8);
	double x[CHUNK];
	size_t n_bad = 0;

	for (size_t k = 0; k < n; k += CHUNK) {
		const size_t m = n - k < CHUNK ? n - k : CHUNK;

		dtype_to_f64(s->dtype, src + k * (dtype_bits(s->dtype) / 8),
		    x, m);
		for (size_t i = 0; i < m; i++) {
			n_bad += is_bad(x[i]);
			dst[(k + i) * step] = (float)(x[i] * factor);
		}
	}
	return (n_bad);
}

/* The weights of output o of group g, `step` apart. */
static size_t
pack_output(const struct nn_step *s, const unsigned char *data, size_t g,
    size_t o, double factor, float *dst, size_t step)
{
	const size_t first = g * s->weight_group + o * s->weight_out;
	size_t n_bad = 0;

	if (s->tap_at == NULL)
		return (pack_run(&s->weight, data, first, s->n_taps, factor,
		    dst, step));
	for (size_t k = 0; k < s->n_taps; k++)
		n_bad += pack_run(&s->weight, data, first + s->tap_at[k], 1,
		    factor, dst + k * step, 1);
	return (n_bad);
}

/* The same for a step that multiplies sums of weights. */
static size_t
pack_sums(const struct nn_step *s, const unsigned char *data, size_t o,
    double factor, float *dst, size_t step)
{
	const size_t width = dtype_bits(s->weight.dtype) / 8;
	const unsigned char *src = data + s->weight.offset + o * s->n_taps *
	    width;
	double x[9];
	size_t n_bad = 0;

	for (size_t c = 0; c < s->n_taps / 9; c++, src += 9 * width) {
		dtype_to_f64(s->weight.dtype, src, x, 9);
		for (size_t i = 0; i < 9; i++) {
			n_bad += is_bad(x[i]);
			x[i] *= factor;
		}
		nn_winograd_pack(x, s->n_taps / 9, c, dst, step);
	}
	return (n_bad);
}

static size_t
pack_taps(const struct nn_step *s, const unsigned char *data, float *weights)
{
	float *dst = weights + s->packed, *bias = weights + s->packed_bias;
	size_t n_bad = 0, o = 0;

	for (size_t t = 0; t < s->n_groups * s->n_tiles; t++) {
		const size_t n = kernel_tile_width(s->n_out, s->n_tiles,
		    t % s->n_tiles);

		for (size_t i = 0; i < n; i++, o++) {
			double b = load(&s->bias, data, o, 0);
			double factor = 1, shift = 0;

			if (s->norm.op != 0)
				n_bad += load_norm(&s->norm, data, o, &factor,
				    &shift);
			n_bad += is_bad(b);
			bias[o] = (float)(b * factor + shift);
			if (s->kind == NN_STEP_WINOGRAD)
				n_bad += pack_sums(s, data, o, factor,
				    dst + i, n);
			else
				n_bad += pack_output(s, data, o / s->n_out,
				    o % s->n_out, factor, dst + i, n);
		}
		dst += n * s->n_packed;
	}
	return (n_bad);
}

static size_t
pack_norm(const struct nn_step *s, const unsigned char *data, float *weights)
{
	const size_t n = s->out.c;
	float *factor = weights + s->packed, *shift = weights +
	    s->packed_bias;
	size_t n_bad = 0;
	double a, b;

	for (size_t c = 0; c < n; c++) {
		n_bad += load_norm(&s->norm, data, c, &a, &b);
		factor[c] = (float)a;
		shift[c] = (float)b;
		if (s->norm.op != GRAPH_FRN)
			continue;
		a = load(&s->norm.tau, data, c, -INFINITY);
		n_bad += s->norm.tau.is_present && is_bad(a);
		shift[n + c] = (float)a;
	}
	return (n_bad);
}

size_t
nn_weights_pack_step(const struct nn_step *s, const unsigned char *data,
    float *weights)
{
	if (s->kind == NN_STEP_TAPS || s->kind == NN_STEP_WINOGRAD)
		return (pack_taps(s, data, weights));
	return (s->norm.op == 0 ? 0 : pack_norm(s, data, weights));
}

void
nn_weights_pack(const struct nn_plan *p, const unsigned char *data,
    float *weights, size_t *n_not_finite)
{
	*n_not_finite = 0;
	for (size_t i = 0; i < p->n_steps; i++)
		*n_not_finite += nn_weights_pack_step(&p->steps[i], data,
		    weights);
}
