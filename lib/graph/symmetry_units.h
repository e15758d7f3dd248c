/*
 * symmetry_units: classes of units while a table of symmetries is derived.
 *
 * A class is a set of channels that move together unit by unit. Joining two
 * classes whose units are of different sizes makes a class of the coarser
 * units. A view says how the channels (or the numbers of a vector) of a node
 * fall into parts, each of which is a whole class: number x of a part belongs
 * to unit x / block. There is one part, but behind concatenations.
 */
#ifndef CKPT_GRAPH_SYMMETRY_UNITS_H
#define CKPT_GRAPH_SYMMETRY_UNITS_H

#include "graph/graph.h"

struct symmetry_part {
	size_t class;
	uint64_t block;
};

struct symmetry_view {
	size_t n;
	struct symmetry_part *parts; /* owned by the units */
};

struct symmetry_units {
	size_t n, capacity;
	struct symmetry_class {
		size_t up;         /* itself, or the class that it became */
		uint64_t factor;   /* units of this class a unit of `up` */
		size_t halves[2];  /* what it was split into, or SIZE_MAX */
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
	/* all parts that were handed out */
	size_t n_pages, page_capacity;
	struct symmetry_part **pages;
};

/* A view of a new class of `n_units` units that admits everything. */
CKPT_CHECKED enum ckpt_status symmetry_units_new(struct symmetry_units *u,
    uint64_t n_units, struct symmetry_view *out, struct ckpt_error *err);

/* The view in terms of the classes that it consists of by now. */
CKPT_CHECKED enum ckpt_status symmetry_units_find(struct symmetry_units *u,
    const struct symmetry_view *v, struct symmetry_view *out,
    struct ckpt_error *err);

/* The class that a whole class belongs to by now, if it was not split. */
size_t symmetry_units_root(struct symmetry_units *u, size_t class);

/* A view like `v` with `times` numbers for each. */
CKPT_CHECKED enum ckpt_status symmetry_units_widen(struct symmetry_units *u,
    const struct symmetry_view *v, uint64_t times, struct symmetry_view *out,
    struct ckpt_error *err);

/* Views one after another. */
CKPT_CHECKED enum ckpt_status symmetry_units_concat(
    struct symmetry_units *u, const struct symmetry_view *a,
    const struct symmetry_view *b, struct symmetry_view *out,
    struct ckpt_error *err);

/* New classes for the parts of a view, of the same units. */
CKPT_CHECKED enum ckpt_status symmetry_units_like(struct symmetry_units *u,
    const struct symmetry_view *v, struct symmetry_view *out,
    struct ckpt_error *err);

/* Ties two views of equally many numbers, number by number. */
CKPT_CHECKED enum ckpt_status symmetry_units_join(struct symmetry_units *u,
    const struct symmetry_view *a, const struct symmetry_view *b,
    struct ckpt_error *err);

/* Divides classes so that two views of equally many numbers have parts and
 * units of the same sizes, without tying them. Where that is impossible all
 * is anchored. *is_changed is set if something was divided. */
CKPT_CHECKED enum ckpt_status symmetry_units_match(struct symmetry_units *u,
    const struct symmetry_view *a, const struct symmetry_view *b,
    bool *is_changed, struct ckpt_error *err);

/* Restricts the kinds of the view's classes. */
CKPT_CHECKED enum ckpt_status symmetry_units_mask(struct symmetry_units *u,
    const struct symmetry_view *v, unsigned kinds, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status symmetry_units_anchor(
    struct symmetry_units *u, const struct symmetry_view *v,
    struct ckpt_error *err);

/* Notes that the units of `child` fall into one block for each unit of
 * `parent`; both are roots. */
CKPT_CHECKED enum ckpt_status symmetry_units_block(struct symmetry_units *u,
    size_t child, size_t parent, struct ckpt_error *err);

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
