/*
 * score: what is known of one prediction, out of a block's softmax.
 */
#ifndef CKPT_TOOLS_SCORE_H
#define CKPT_TOOLS_SCORE_H

#include "nn/nn.h"
#include "stats/stats.h"

/* Of image `i` of the last run's block of `block` images, whose label is
 * `label`. `logits` is what nn_run returned. Not for images with NaN or
 * infinite logits (NaN in s->rest). */
struct stats_example score_example(const struct nn_softmax *s,
    const float *logits, size_t block, size_t i, uint32_t label);

#endif
