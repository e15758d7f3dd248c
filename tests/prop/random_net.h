/*
 * random_net: small networks, weights and group elements drawn at random,
 * for the tests of properties. Everything aborts on an error.
 */
#ifndef CKPT_TESTS_RANDOM_NET_H
#define CKPT_TESTS_RANDOM_NET_H

#include "sym/sym.h"

struct random {
	uint64_t state;
};

uint32_t random_below(struct random *r, uint32_t n); /* 0 .. n - 1 */

/* The text of an .arch file with `max_units` units a layer at most: of all
 * operations, with concatenations, residual streams and blocks; or (plain) of
 * convolutions, linear layers, activations and residual sums. */
void random_net_arch(struct random *r, uint32_t max_units, struct buf *out);
void random_net_plain_arch(struct random *r, uint32_t max_units,
    struct buf *out);

struct random_net {
	struct graph *graph;
	struct symmetry *table;
	struct schema *schema;
	struct sym_plan *plan;
};

/* Appends a file. */
void random_net_read(const char *path, struct buf *out);

void random_net_open(const char *text, size_t n, enum ckpt_dtype dtype,
    struct random_net *out);
void random_net_close(struct random_net *net);

/* Weights: of few values (many ties) or of many, with dead and duplicated
 * units; `odd` allows NaN, infinities, -0 and subnormals. Variances are
 * positive. */
void random_net_weights(struct random *r, const struct random_net *net,
    bool few, bool odd, struct model *out);

/* Makes one unit dead, or a copy of another, in all tensors that know it. */
void random_net_plant(struct random *r, const struct random_net *net,
    struct model *m);

/* The text of an .arch file and weights of it that refinement cannot order:
 * a layer (or a residual stream, reading itself) of `n` units joined as the
 * cycles of a permutation. */
void random_net_cycles_arch(struct random *r, uint32_t n, struct buf *out);
void random_net_cycles(struct random *r, const struct random_net *net,
    struct model *out);

/* An element with exponents from -range to range. */
void random_net_element(struct random *r, const struct random_net *net,
    uint32_t range, struct sym_element *out);

/* Ends the program with the error's text. */
void random_net_need(enum ckpt_status st, const struct ckpt_error *err);

#endif
