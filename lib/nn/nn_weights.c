/*
 * nn_weights: the weights of a model as the kernels read them: for each
 * step its tiles, in a tile tap after tap, for each tap the tile's outputs;
 * then the biases.
 */
#include "nn/nn_plan.h"

#include <math.h>

#define CHUNK 1024 /* weights widened at a time */

/* Bytes of a weight. */
static size_t
width(enum ckpt_dtype dtype)
{
	return (dtype_bits(dtype) / 8);
}

static size_t
count_bad(const float *x, size_t n)
{
	size_t n_bad = 0;

	for (size_t i = 0; i < n; i++)
		n_bad += !isfinite(x[i]);
	return (n_bad);
}

/* `n_taps` weights of output o of a tile, `n_out` apart. */
static size_t
pack_output(enum ckpt_dtype dtype, const unsigned char *src, float *dst,
    size_t n_taps, size_t n_out)
{
	float chunk[CHUNK];
	size_t n_bad = 0;

	for (size_t k = 0; k < n_taps;) {
		const size_t n = n_taps - k < CHUNK ? n_taps - k : CHUNK;

		dtype_to_f32(dtype, src + k * width(dtype), chunk, n);
		n_bad += count_bad(chunk, n);
		for (size_t i = 0; i < n; i++)
			dst[(k + i) * n_out] = chunk[i];
		k += n;
	}
	return (n_bad);
}

static size_t
pack_step(const struct nn_step *s, const unsigned char *data, float *weights)
{
	const size_t row = s->n_taps * width(s->weight_dtype);
	const unsigned char *src = data + s->weight_tensor;
	float *dst = weights + s->weights;
	size_t n_bad = 0;

	for (size_t g = 0; g < s->n_groups; g++) {
		for (size_t i = 0; i < s->n_tiles; i++) {
			const size_t n = nn_tile_width(s->n_out, s->n_tiles,
			    i);

			for (size_t o = 0; o < n; o++, src += row)
				n_bad += pack_output(s->weight_dtype, src,
				    dst + o, s->n_taps, n);
			dst += n * s->n_taps;
		}
	}
	return (n_bad);
}

void
nn_weights_pack(const struct nn_plan *p, const unsigned char *data,
    float *weights, size_t *n_not_finite)
{
	size_t n_bad = 0;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct nn_step *s = &p->steps[i];
		const size_t n = s->n_groups * s->n_out;

		if (s->kind != NN_STEP_TAPS)
			continue;
		n_bad += pack_step(s, data, weights);
		if (s->bias_tensor == GRAPH_NONE) {
			memset(weights + s->bias, 0, n * sizeof(*weights));
			continue;
		}
		dtype_to_f32(s->bias_dtype, data + s->bias_tensor,
		    weights + s->bias, n);
		n_bad += count_bad(weights + s->bias, n);
	}
	*n_not_finite = n_bad;
}
