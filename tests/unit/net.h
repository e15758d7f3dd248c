/*
 * net: graphs built by hand or drawn at random, models of random weights
 * for them, and a forward pass of plain loops in double, for the tests of
 * nn.
 */
#ifndef CKPT_TESTS_NET_H
#define CKPT_TESTS_NET_H

#include "graph/graph.h"

#define NET_MAX_NODES 64

/* A generator of random numbers: the same on every machine. */
struct net_random {
	uint64_t state;
};
uint32_t net_below(struct net_random *r, uint32_t n); /* 0 .. n - 1 */
double net_normal(struct net_random *r);              /* about N(0, 1) */

/* A graph with an input of this shape; freed with graph_free. */
struct graph *net_new(uint32_t c, uint32_t h, uint32_t w);

/* Each appends a node and returns its index. Shapes must fit. */
struct net_window {
	uint32_t kernel[2], stride[2], padding[2], dilation[2];
};
size_t net_conv(struct graph *g, size_t in, uint32_t n_out, uint32_t groups,
    bool bias, const struct net_window *w);
size_t net_pool(struct graph *g, size_t in, enum graph_op op,
    const struct net_window *w);
size_t net_linear(struct graph *g, size_t in, uint32_t n_out, bool bias);
size_t net_map(struct graph *g, size_t in, enum graph_op op, double slope);
size_t net_add(struct graph *g, size_t a, size_t b);
size_t net_concat(struct graph *g, size_t a, size_t b);
size_t net_transposed(struct graph *g, size_t in, uint32_t n_out,
    uint32_t groups, bool bias, const struct net_window *w,
    const uint32_t output_padding[2]);
/* `groups` of group norm only; FRN has a threshold if it is affine. */
size_t net_norm(struct graph *g, size_t in, enum graph_op op,
    uint32_t groups, bool affine);

/* A graph of all operations, drawn at random. */
struct graph *net_draw(struct net_random *r);

/* A model of the graph with random weights of a dtype; variances are
 * positive. */
void net_model(const struct graph *g, enum ckpt_dtype dtype,
    struct net_random *r, struct model *out);

/* The outputs of one normalised image, both row-major; those of a node. */
void net_run(const struct graph *g, const struct model *m,
    const double *image, double *out);
void net_run_to(const struct graph *g, const struct model *m,
    const double *image, size_t node, double *out);

#endif
