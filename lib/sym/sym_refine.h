/*
 * sym_refine: splitting cells until the relations tell no more apart.
 */
#ifndef CKPT_SYM_SYM_REFINE_H
#define CKPT_SYM_SYM_REFINE_H

#include "sym/sym_key.h"

struct sym_refine {
	struct sym_values *values;
	uint32_t *lists;      /* of the key */
	unsigned char *is_cut; /* by place, while a group is split */
	unsigned char *by_group; /* room for a byte a group */
	/* Comparisons of elements that sorting may have needed: the same for
	 * all members of an orbit. */
	uint64_t n_seen;
};

CKPT_CHECKED enum ckpt_status sym_refine_new(struct sym_values *v,
    struct sym_refine *out, struct ckpt_error *err);
void sym_refine_release(struct sym_refine *r);

/* Refines the partition in place. */
void sym_refine_run(struct sym_refine *r, struct sym_cells *cells);

/* The same where only cells of twins were divided since: tensors tell no
 * more apart, since they are the same for all twins; only the groups that
 * are permuted alike follow. */
void sym_refine_twins(struct sym_refine *r, struct sym_cells *cells);

/* Whether all points of a cell may be put in any order:
 * exchanging any two of them changes no value. `room` is for a byte a
 * group. */
bool sym_twin_cell(const struct sym_values *v, const struct sym_cells *c,
    size_t group, uint32_t start, unsigned char *room);

#endif
