/*
 * nn_exact: the inside of the forward pass in double. Private to nn.
 * Values are row-major: (c, h, w), without gaps.
 */
#ifndef CKPT_NN_NN_EXACT_H
#define CKPT_NN_NN_EXACT_H

#include "nn/nn.h"

/* A node, its first input, and its tensors widened; NULL where it has none. */
struct nn_exact {
	const struct graph_node *node, *before;
	const double *weight, *bias, *mean, *var, *tau;
	const double *in;
	double *out;
};

void nn_exact_conv(const struct nn_exact *e);
void nn_exact_transposed(const struct nn_exact *e);
void nn_exact_linear(const struct nn_exact *e);
void nn_exact_pool(const struct nn_exact *e);
void nn_exact_norm(const struct nn_exact *e);

#endif
