/*
 * kernel: the inner loops of the forward pass, one table of them for each
 * instruction set. Private to nn.
 *
 * Activations lie as [channel][row][column][image], with the images of a
 * block side by side, so that one vector holds one position of several
 * images: a convolution of any shape is then a sum of weight (one number)
 * times vector, without shuffles and without remainders. All pointers to
 * activations are 64-byte aligned, all distances between them multiples of
 * 16 floats.
 */
#ifndef CKPT_NN_KERNEL_H
#define CKPT_NN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KERNEL_MAX_OUT 8  /* output channels of a tile, at most */
#define KERNEL_MAX_VECS 12 /* vectors of a tile and channel, at most */

/* What is done to a sum before it is stored. */
enum kernel_end {
	KERNEL_END_NONE = 0,
	KERNEL_END_RELU,
	KERNEL_END_LEAKY
};

/* For each output channel o < n_out, row y and vector v:
 * out[o][y][v] = end(bias[o] + sum over taps k of
 *     weights(o, k) * in[y][off[k] + x(v)])
 * where x(v) = v * lanes, or x[v] if x is not NULL. The outputs fall into
 * n_tiles tiles (kernel_tile_width); the weights are one tile's after
 * another's, in a tile [tap][output]. Distances in floats. */
struct kernel_taps {
	const float *in;
	size_t in_row;         /* from one output row's input to the next's */
	const uint32_t *off;
	size_t n_taps;
	const uint32_t *x;
	const float *weights;
	const float *bias;
	size_t n_out, n_tiles; /* tiles of at most KERNEL_MAX_OUT */
	float *out;
	size_t out_channel, out_row;
	size_t n_rows, n_vecs;
	enum kernel_end end;
	float slope;           /* of KERNEL_END_LEAKY */
};

/* Outputs of tile i of n_tiles that n_out outputs fall into; the first is
 * the widest. */
static inline size_t
kernel_tile_width(size_t n_out, size_t n_tiles, size_t i)
{
	return (n_out / n_tiles + (i < n_out % n_tiles));
}

/* A 3x3 convolution of stride 1: out[o][y][x] = end(bias[o] + sum over c, i,
 * j of g(o, c, i, j) * in[c][y + i][x + j]), n_lanes floats a position. The
 * weights are those sums of g that Winograd's F(2x2, 3x3) multiplies: one
 * tile's after another's, in a tile [place][c][output]. */
struct kernel_winograd {
	const float *in;
	size_t in_channel, in_row;
	size_t n_in;
	const float *weights, *bias;
	size_t n_out, n_tiles; /* as struct kernel_taps */
	float *out;
	size_t out_channel, out_row;
	size_t h, w;           /* of the output */
	size_t n_lanes;
	enum kernel_end end;
	float slope;
	/* 16 * lanes * (n_in * KERNEL_MAX_VECS + accumulators) floats: what
	 * a few squares multiply and give; n_in numbers. */
	float *scratch;
	uint32_t *off;
};

/* One row of pooled positions: window of n_y rows and n_x columns. */
struct kernel_pool {
	const float *in;
	size_t in_row, in_column; /* between the window's elements */
	size_t in_step;           /* between windows */
	size_t n_y, n_x;
	float *out;
	size_t n_positions;
	size_t n_lanes;           /* floats a position: images of a block */
	float factor;             /* average: the sum is multiplied by it */
};

/* Channels of one group, or parts of them: n_channels of n_rows rows of
 * n_positions, n_lanes floats each. Every lane has numbers of its own. */
struct kernel_norm {
	const float *in;
	size_t channel, row;      /* distances of the input */
	size_t n_channels, n_rows, n_positions, n_lanes;
	float *mean;              /* [n_lanes] */
	float *scale;             /* [n_lanes] */
	/* norm_apply: out = max((in - mean) * scale * factor[c] + shift[c],
	 * floor[c]) */
	float *out;
	size_t out_channel, out_row;
	const float *factor, *shift;
	const float *floor;       /* NULL: none */
};

/* Normalisation over n_channels of n floats each, every float by itself. */
struct kernel_layer_norm {
	const float *in;
	float *out;
	size_t channel, out_channel, n_channels, n;
	const float *factor, *shift;
	float eps;
};

/* Softmax of n_lanes images; logits as [class][image]. Every result is an
 * array of n_lanes floats, exps one of [class][image]. */
struct kernel_softmax {
	const float *logits;
	size_t n_classes, n_lanes;
	float *top;      /* the first class of the largest logit */
	float *max;      /* that logit */
	float *rest;     /* sum of exp(z - max) over the other classes */
	float *rest2;    /* sum of their squares */
	float *log1p;    /* log(1 + rest) */
	float *entropy;  /* nats */
	float *exps;     /* exp(z - max) */
};

struct kernel {
	const char *name;
	unsigned lanes;           /* floats in a vector */
	unsigned accumulators;    /* n_out * vectors of a tile, at most */
	void (*taps)(const struct kernel_taps *t);
	void (*winograd)(const struct kernel_winograd *k);
	void (*pool_max)(const struct kernel_pool *p);
	void (*pool_sum)(const struct kernel_pool *p);
	void (*add)(float *out, const float *a, const float *b, size_t n,
	    enum kernel_end end, float slope);
	void (*affine)(float *out, const float *in, size_t n, float factor,
	    float shift, enum kernel_end end, float slope);
	/* The means of lanes; and 1 / sqrt(mean square distance from the
	 * mean + eps). */
	void (*norm_mean)(const struct kernel_norm *k);
	void (*norm_scale)(const struct kernel_norm *k, float eps);
	void (*norm_apply)(const struct kernel_norm *k);
	void (*layer_norm)(const struct kernel_layer_norm *k);
	void (*relu)(float *out, const float *in, size_t n, float slope);
	void (*tanh)(float *out, const float *in, size_t n, float slope);
	void (*sigmoid)(float *out, const float *in, size_t n, float slope);
	void (*silu)(float *out, const float *in, size_t n, float slope);
	void (*gelu)(float *out, const float *in, size_t n, float slope);
	void (*softmax)(const struct kernel_softmax *s);
};

extern const struct kernel kernel_generic;
extern const struct kernel kernel_avx2;   /* only on x86-64 */
extern const struct kernel kernel_avx512; /* only on x86-64 */

#endif
