/*
 * mass_filters: filters whose outputs go into normalisations only. Their
 * weights can shrink to nothing without changing the function, so that there
 * is no least mass; they are taken with unit norm instead.
 *
 * A set of filters that are normalised together (one each for batch norm and
 * FRN, the channels of a group for group norm, all for layer norm) has one
 * scale. Sets of one stream, which several layers may write, make up a class.
 */
#ifndef CKPT_MATCH_MASS_FILTERS_H
#define CKPT_MATCH_MASS_FILTERS_H

#include "match/match.h"

struct mass_filters {
	size_t n; /* classes */
	struct mass_class {
		uint32_t n_channels;
		uint32_t n_sets; /* of n_channels / n_sets consecutive ones */
	} *classes;
	size_t *class_of; /* [graph node] that writes one, or GRAPH_NONE */
};

CKPT_CHECKED enum ckpt_status mass_filters_find(const struct graph *g,
    struct mass_filters *out, struct ckpt_error *err);
/* Whether a node makes channels, instead of passing on its input's. */
bool mass_filters_is_source(const struct graph_node *n);

void mass_filters_release(struct mass_filters *f);

/* A copy of a model, all weights as f64 (of schema_derive(CKPT_F64)), with
 * the sets of filters multiplied by factors[class][set], as
 * match_mass_scale_filters does. */
CKPT_CHECKED enum ckpt_status mass_filters_scale(const struct graph *g,
    const double *const *factors, const struct model *in, struct model *out,
    size_t *n_kept, struct ckpt_error *err);

#endif
