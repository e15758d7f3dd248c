/*
 * match_mean: many models aligned to their mean (a universe): each has one
 * map, to the mean, and the way from one model to another leads through it,
 * so that the ways around any circle of models compose to the identity.
 *
 * With models W_i, maps m_i, X_i = m_i(W_i), M = sum X_i / N, what is sought
 * is the largest
 *
 *	F = - sum |X_i - M|^2 + sum |W_i|^2   (the last term without POW2,
 *	                                      where |X_i| = |W_i|)
 *	  = N |M|^2                           (POW2: N |M|^2 - sum |X_i|^2)
 *
 * As a function of X_i alone, with M_i the mean of the others,
 *
 *	F = - (1 - 1/N) |X_i - M_i|^2 + what X_i is not in,
 *
 * so weight matching of a model to the mean of the others never lets F fall,
 * while to the mean of all it would be drawn to where it is. A pass does so
 * for all models at once, from their maps of the pass before, with the M_i as
 * they were when the pass began, whence its result does not hang on threads;
 * then the new X_i take the place of the old in the order of the models, each
 * only if that brings it nearer to the mean of the others as they are by
 * then, in double. So F never falls, but for the rounding of sums; it is
 * bounded by sum |W_i|^2 (POW2: by 0), and the passes come to rest.
 *
 * The first maps are those to a running mean: of the model alone, then of 2,
 * 4, 8, ... models (whoever calls this says when it moves on).
 *
 * With UNIT the W_i are the models scaled to unit norm of the incoming
 * weights, once, and the mean is that of those.
 *
 * Weights that are not finite count as 0. What is permuted but not compared
 * (running variances) is part of the mean, not of F.
 */
#ifndef CKPT_MATCH_MATCH_MEAN_H
#define CKPT_MATCH_MATCH_MEAN_H

#include "sym/sym.h"

struct match_map;
struct match_shape;

/* The mean and its sums. To be changed by one thread while no other works. */
struct match_mean;

/* Borrows the shape. */
CKPT_CHECKED enum ckpt_status match_mean_new(const struct match_shape *s,
    unsigned scale, struct match_mean **out, struct ckpt_error *err);
void match_mean_free(struct match_mean *m); /* NULL does nothing */

/* W_i into w[total]; with UNIT `first` becomes the way there from the model,
 * else it stays. `p` is the plan of the model's schema. */
CKPT_CHECKED enum ckpt_status match_mean_load(const struct match_mean *m,
    const struct sym_plan *p, const struct model *model, double *w,
    struct match_map *first, struct ckpt_error *err);

/* ---- maps to the mean, by several threads ---- */

/* The first: matched as to any reference. `out` is a map to be filled. */
CKPT_CHECKED enum ckpt_status match_mean_first(const struct match_mean *m,
    const double *w, unsigned n_restarts, uint64_t seed,
    struct match_map *out, struct ckpt_error *err);

/* One that is better for the others as they were when the pass began, if
 * there is: then *is_moved is true. old[total] becomes the model under the
 * map that it had. */
CKPT_CHECKED enum ckpt_status match_mean_again(const struct match_mean *m,
    const double *w, struct match_map *map, bool *is_moved, double *old,
    struct ckpt_error *err);

/* X_i under a map into x[total]. */
CKPT_CHECKED enum ckpt_status match_mean_apply(const struct match_mean *m,
    const double *w, const struct match_map *map, double *x,
    struct ckpt_error *err);

/* The sum of the products of x and the mean; with POW2 less half the sum of
 * the squares of x. */
double match_mean_value(const struct match_mean *m, const double *x);

/* ---- sums, in the order of the calls ---- */

void match_mean_add(struct match_mean *m, const double *x);

/* A pass over the models that have been added begins: they will be added
 * again, in the same order. */
CKPT_CHECKED enum ckpt_status match_mean_begin(struct match_mean *m,
    struct ckpt_error *err);

/* Adds x in place of `old`, which it was in the pass before, if that is
 * better for the others as they are; else `old` again. */
bool match_mean_replace(struct match_mean *m, const double *old,
    const double *x);

/* The mean becomes that of what has been added, which goes on. Before this
 * there are only sums, and nothing that a map could be found for. */
CKPT_CHECKED enum ckpt_status match_mean_update(struct match_mean *m,
    struct ckpt_error *err);

/* Of what has been added: how many, F, the sum of the squares. */
uint64_t match_mean_count(const struct match_mean *m);
double match_mean_objective(const struct match_mean *m);
double match_mean_squares(const struct match_mean *m);

/* M, [total]. */
const double *match_mean_weights(const struct match_mean *m);

/* ---- maps, compactly ---- */

/* Maps of powers of two, in a number of bytes that is the same for all maps
 * of a shape: places, and behind them signs and exponents, of those groups
 * that have any with this scale. */
size_t match_code_size(const struct match_shape *s, unsigned scale);
void match_code_put(const struct match_shape *s, unsigned scale,
    const struct match_map *m, unsigned char *out);
void match_code_get(const struct match_shape *s, unsigned scale,
    const unsigned char *in, struct match_map *out);

#endif
