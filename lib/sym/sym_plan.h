/*
 * sym_plan: the plan's inside, for the files of this folder.
 */
#ifndef CKPT_SYM_SYM_PLAN_H
#define CKPT_SYM_SYM_PLAN_H

#include "sym/sym.h"

/* One step of the scale's passes: the units of a scalable group take their
 * scale from the tensors of one rank that write (or read) them. */
struct sym_step {
	size_t group;
	uint32_t rank;
	enum symmetry_action action; /* SYMMETRY_OUT or SYMMETRY_IN */
};

/* What refines the order of units: see ckpt-orbits 4.2. */
enum sym_relation_kind {
	SYM_RELATION_TENSOR,   /* rows or columns of a tensor */
	SYM_RELATION_CHILD,    /* blocks' units by their parent's cells */
	SYM_RELATION_PARENT,   /* units by the cells of their blocks' units */
	SYM_RELATION_NEGATION  /* +u by the cell of -u and the reverse */
};

struct sym_relation {
	enum sym_relation_kind kind;
	size_t group;          /* whose points are told apart */
	size_t index;          /* tensor of the plan; of PARENT: the child */
	bool is_col;
};

struct sym_plan {
	struct symmetry *table;
	struct schema *schema;
	struct ckpt_id id;           /* of the table */
	size_t n_tensors;
	struct sym_tensor *tensors;
	size_t *tensor_of;           /* schema index to its first part among
	                                tensors, or SIZE_MAX */
	struct sym_use *uses;        /* of group g: first_use[g] .. [g + 1] */
	size_t *first_use;
	/* steps of the forward pass in order, then of the backward pass */
	size_t n_steps;
	struct sym_step *steps;
	/* unit u of group g is number first_unit[g] + u of all units */
	size_t *first_unit;          /* n_groups + 1 entries */
	/* points (see sym_cells.h): those of group g begin here */
	size_t *first_point;         /* n_groups + 1 entries */
	size_t max_points;           /* of a group */
	size_t n_relations;
	struct sym_relation *relations;
	/* by group: the outermost of the groups that are permuted alike (that
	 * have one unit a unit of their parent), and of that one, whether
	 * any of them has blocks of several units */
	size_t *family;
	bool *has_blocks;
	size_t *parents_first;       /* all groups, parents before children */
	/* groups with signs, by the first tensor that writes them */
	size_t n_signed;
	size_t *signed_groups;
	size_t *first_element;       /* of each tensor, in one array of all */
	uint64_t max_row;            /* elements of the longest row of a
	                                tensor, all parts */
	uint64_t max_inner;
	uint64_t max_cols;
	uint64_t n_elements;         /* of acted tensors */
};

static inline size_t
sym_n_groups(const struct sym_plan *p)
{
	return (p->table->n_groups);
}

static inline bool
sym_is_scaled(const struct sym_plan *p, size_t group)
{
	return (group != SIZE_MAX &&
	    (p->table->groups[group].kinds & SYMMETRY_SCALE) != 0);
}

/* Whether a side's units carry a sign that shows in the tensor. */
static inline bool
sym_is_signed(const struct sym_plan *p, const struct sym_side *side)
{
	return (side->group != SIZE_MAX && side->action != SYMMETRY_NONE &&
	    (p->table->groups[side->group].kinds & SYMMETRY_SIGN) != 0);
}

/* The parts of one tensor from its lines in the table, appended to the plan's
 * tensors, which have room for *capacity. */
CKPT_CHECKED enum ckpt_status sym_part_add(struct sym_plan *p,
    const struct symmetry_axis *a, size_t n_axes, size_t *capacity,
    struct ckpt_error *err);

/* Checks blocks and slices, and lists the relations. */
CKPT_CHECKED enum ckpt_status sym_plan_relate(struct sym_plan *p,
    struct ckpt_error *err);

/* CKPT_USAGE unless the schema is the plan's in names, dtypes, shapes. */
CKPT_CHECKED enum ckpt_status sym_plan_check(const struct sym_plan *p,
    const struct schema *s, struct ckpt_error *err);

#endif
