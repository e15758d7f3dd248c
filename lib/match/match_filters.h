/*
 * match_filters: changes of a model's weights that keep its function but are
 * not in the table of symmetries, because they round: filters before batch
 * normalisations at unit norm, and the softmax's translation.
 */
#ifndef CKPT_MATCH_MATCH_FILTERS_H
#define CKPT_MATCH_MATCH_FILTERS_H

#include "graph/graph.h"

/* Filters (channels of a stream, all that several layers write to one as one
 * filter) whose outputs go into batch normalisations only. Those that other
 * normalisations read do not count: these would see a scale through eps, and
 * have no running statistics to keep it by. */
CKPT_CHECKED enum ckpt_status match_filters_count(const struct graph *g,
    size_t *out, struct ckpt_error *err);

/* A copy of a model, all weights as f64 (of schema_derive(CKPT_F64)), in which
 * each such filter has norm 1. gamma, of either sign, stays; the running
 * statistics follow, with eps kept:
 *
 *	mean' = f mean,  var' = f^2 (var + eps) - eps,  f = 1 / norm
 *
 * *n_kept filters are as they were: their var' would be negative. So are
 * those that are zero or not finite. */
CKPT_CHECKED enum ckpt_status match_filters_unit(const struct graph *g,
    const struct model *in, struct model *out, size_t *n_kept,
    struct ckpt_error *err);

/* Takes the mean over the classes off each column of the last layer's weight
 * and off its bias, which changes no softmax: of all translations that of
 * the least norm. In place, in a model whose weights are f64. CKPT_INVALID if
 * the network does not end with a linear layer (or a convolution of one
 * output position). */
CKPT_CHECKED enum ckpt_status match_filters_center(const struct graph *g,
    struct model *m, struct ckpt_error *err);

#endif
