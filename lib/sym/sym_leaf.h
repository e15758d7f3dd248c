/*
 * sym_leaf: an order and signs of all units, read off a partition into
 * single points, and the form of the model that they make (ckpt-orbits 4.4).
 */
#ifndef CKPT_SYM_SYM_LEAF_H
#define CKPT_SYM_SYM_LEAF_H

#include "sym/sym_cells.h"
#include "sym/sym_values.h"

struct sym_leaf {
	const struct sym_values *values;
	/* by place in the form, the units of all groups in one row */
	uint32_t *source;   /* unit of the model, within its group */
	uint32_t *where;    /* place of its point in the partition */
	uint32_t *rank;     /* by unit: its place in the form */
	signed char *sign;
};

CKPT_CHECKED enum ckpt_status sym_leaf_new(const struct sym_plan *p,
    struct sym_leaf *out, struct ckpt_error *err);
void sym_leaf_release(struct sym_leaf *l);

/* Fills a leaf in. */
void sym_leaf_read(struct sym_leaf *l, const struct sym_values *v,
    const struct sym_cells *cells);

/* Compares the forms element by element: > 0 if a's first different value
 * is the greater one. */
int sym_leaf_cmp(const struct sym_leaf *a, const struct sym_leaf *b);

/* Whether two leaves of equal forms come from partitions that an
 * automorphism joins: the same point stands at each place. */
bool sym_leaf_is_parallel(const struct sym_leaf *a,
    const struct sym_leaf *b);

#endif
