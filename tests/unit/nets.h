/*
 * nets: random models of architectures given as text, for the tests of what
 * works on units.
 */
#ifndef CKPT_TESTS_NETS_H
#define CKPT_TESTS_NETS_H

#include "match/match.h"

struct nets {
	struct graph *graph;
	struct symmetry *table;
	struct schema *schema;
	struct sym_plan *plan;
	struct match_shape *shape;
};

extern const char nets_mlp[];     /* ReLU, 3 layers */
extern const char nets_tanh[];    /* tanh, 3 layers */
extern const char nets_optunet[]; /* grouped convolution, one channel a
                                     group in */
extern const char nets_grouped[]; /* grouped convolutions with several
                                     channels a group on both sides */
extern const char nets_signed[];  /* the same with one channel a group in,
                                     whose sign is free */
extern const char nets_residual[];/* a stream that two layers write */

/* `text` without its first two lines; fails the test on errors. */
void nets_open(struct nets *n, const char *text, enum ckpt_dtype dtype);
void nets_close(struct nets *n);

double nets_normal(uint64_t *state);

/* A model of normal weights. */
void nets_model(const struct nets *n, uint64_t seed, struct model *out);

/* The model of the acted weights w[total] and otherwise of `like`. */
void nets_from_weights(const struct nets *n, const struct model *like,
    const double *w, struct model *out);

/* A random map: permutations; with `signs` and `scales` also those where
 * they are symmetries (powers of two from 2^-3 to 2^3). */
void nets_map(const struct nets *n, uint64_t *state, bool signs, bool scales,
    struct match_map *out);

#endif
