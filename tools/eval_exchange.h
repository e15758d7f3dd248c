/*
 * eval_exchange: what the parts of --exchangeable share. Not for others.
 */
#ifndef CKPT_TOOLS_EVAL_EXCHANGE_H
#define CKPT_TOOLS_EVAL_EXCHANGE_H

#include "eval.h"

/* One axis of the tensor, or the part of it that has one group. */
struct axis {
	uint32_t number;
	size_t group;
	bool is_col;         /* of the plan's tensors */
	char *group_name;    /* the tensor that writes it first */
	size_t n_cells;      /* units that may take each other's places */
	uint64_t *counts;    /* models whose largest weight is in each */
	uint64_t n_tied, n_not_finite;
};

struct exchange {
	const struct cli *cli;
	const struct eval_options *options;
	struct outfile *out;
	char *tensor;
	int64_t wanted;      /* axis, or -1: each */
	struct match_shape *shape;
	struct axis *axes;
	size_t n_axes, n_models;
};

/* The table, and the plot where one is wanted. */
CKPT_CHECKED enum ckpt_status eval_exchange_put(const struct exchange *x,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_exchange_draw(const struct exchange *x,
    struct ckpt_error *err);

#endif
