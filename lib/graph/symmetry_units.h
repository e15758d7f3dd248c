/*
 * symmetry_units: classes of units while a table of symmetries is derived.
 *
 * A class is a set of channels that move together unit by unit. Joining two
 * classes whose units are of different sizes makes a class of the coarser
 * units. A view says how the channels (or the numbers of a vector) of a
 * node fall into units: channel x belongs to unit x / block.
 */
#ifndef CKPT_GRAPH_SYMMETRY_UNITS_H
#define CKPT_GRAPH_SYMMETRY_UNITS_H

#include "graph/graph.h"

struct symmetry_view {
	size_t class;
	uint64_t block;
};

struct symmetry_units {
	size_t n, capacity;
	struct symmetry_class {
		size_t up;         /* itself, or the class that it became */
		uint64_t factor;   /* units of this class a unit of `up` */
		uint64_t n_units;
		unsigned kinds;    /* of a root: what all operations admit */
		bool is_anchored;  /* of a root: tied to input or output */
		bool is_fixed;     /* of a root: must not be permuted */
	} *classes;
	/* `parent` has one unit for each of equal blocks of child's units */
	size_t n_blocks, block_capacity;
	struct symmetry_blocks {
		size_t child, parent;
	} *blocks;
};

/* A class of `n_units` units that admits everything. */
CKPT_CHECKED enum ckpt_status symmetry_units_new(struct symmetry_units *u,
    uint64_t n_units, struct symmetry_view *out, struct ckpt_error *err);

/* The view in terms of the class that it belongs to by now. */
struct symmetry_view symmetry_units_find(struct symmetry_units *u,
    struct symmetry_view v);

/* Ties two views of equally many channels, channel by channel. */
CKPT_CHECKED enum ckpt_status symmetry_units_join(struct symmetry_units *u,
    struct symmetry_view a, struct symmetry_view b, struct ckpt_error *err);

/* Restricts the kinds of the view's class. */
void symmetry_units_mask(struct symmetry_units *u, struct symmetry_view v,
    unsigned kinds);
void symmetry_units_anchor(struct symmetry_units *u, struct symmetry_view v);

/* Notes that the channels of `v` fall into one block for each unit of
 * `parent`. */
CKPT_CHECKED enum ckpt_status symmetry_units_block(struct symmetry_units *u,
    struct symmetry_view v, struct symmetry_view parent,
    struct ckpt_error *err);

/* Makes the notes hold together: after it each class has at most one parent
 * in parents[] (SIZE_MAX: none); classes that are permuted alike are chained
 * (`order` says which comes first: lower first, SIZE_MAX: no group of its
 * own); classes whose blocks cross are marked is_fixed. parents[] has u->n
 * entries. A class without an order is the parent only where no other is
 * permuted alike. */
CKPT_CHECKED enum ckpt_status symmetry_units_settle(
    struct symmetry_units *u, const size_t *order, size_t *parents,
    struct ckpt_error *err);

void symmetry_units_release(struct symmetry_units *u);

#endif
