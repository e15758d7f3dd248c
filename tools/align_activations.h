/*
 * align_activations: --method=activations: units are matched by what they
 * compute of images.
 */
#ifndef CKPT_TOOLS_ALIGN_ACTIVATIONS_H
#define CKPT_TOOLS_ALIGN_ACTIVATIONS_H

#include "align.h"

/* A node whose channels are the units of a group. */
struct align_node {
	size_t node;   /* of the graph */
	size_t group;  /* of the table of symmetries */
};

/*
 * The nodes to be looked at, in the order of the graph: of each group those
 * behind a nonlinearity, or if there are none, all. Groups whose units are
 * not single channels anywhere (of parts of a concatenation) have none.
 * `out` holds g->n_nodes entries; returns how many there are.
 */
CKPT_CHECKED enum ckpt_status align_nodes(const struct graph *g,
    const struct symmetry *table, struct align_node *out, size_t *n,
    struct ckpt_error *err);

/* Reads --data and prepares the reference. */
CKPT_CHECKED enum ckpt_status align_activations_open(struct align *a,
    struct ckpt_error *err);
void align_activations_free(struct align_activations *k); /* NULL too */

/* SHA-256 of the images' numbers as they are stored. */
const struct ckpt_id *align_activations_data(
    const struct align_activations *k);

/*
 * The map of item->in to the reference by which their activations agree most:
 * in each family of groups the sum of Pearson's correlations over all images
 * and positions, of all its nodes, is the largest (Li et al., Convergent
 * Learning, ICLR 2016; Ainsworth, Hayase and Srinivasa, ICLR 2023, section
 * 3.1).
 */
CKPT_CHECKED enum ckpt_status align_activations_match(const struct align *a,
    const struct align_item *item, struct match_map *out,
    struct ckpt_error *err);

#endif
