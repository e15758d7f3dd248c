/*
 * sym_cells: an ordered partition of the points of every group into cells
 * (ckpt-orbits 4.1).
 *
 * A unit of a group with signs is two points, 2 * u for +u and 2 * u + 1 for
 * -u; of another group, one point, u. All groups' points lie in one array;
 * those of group g begin at first[g].
 */
#ifndef CKPT_SYM_SYM_CELLS_H
#define CKPT_SYM_SYM_CELLS_H

#include "sym/sym_plan.h"

struct sym_cells {
	const struct sym_plan *p;
	/* By place: the point that stands there. By point: its place, and
	 * the place where its cell begins. By place where a cell begins: the
	 * place after its end. All within the group. */
	uint32_t *order, *place, *cell, *end;
	uint32_t *n_cells;   /* by group */
	size_t n_bytes;      /* of the one allocation */
};

static inline unsigned
sym_cells_doubled(const struct sym_plan *p, size_t group)
{
	return ((p->table->groups[group].kinds & SYMMETRY_SIGN) != 0);
}

static inline uint32_t
sym_cells_n_points(const struct sym_plan *p, size_t group)
{
	return ((uint32_t)(p->first_point[group + 1] -
	    p->first_point[group]));
}

static inline bool
sym_cells_is_discrete(const struct sym_cells *c, size_t group)
{
	return (c->n_cells[group] == sym_cells_n_points(c->p, group));
}

/* One cell a group; of fixed groups, one cell a unit. */
CKPT_CHECKED enum ckpt_status sym_cells_new(const struct sym_plan *p,
    struct sym_cells *out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status sym_cells_copy(const struct sym_cells *from,
    struct sym_cells *out, struct ckpt_error *err);
void sym_cells_assign(struct sym_cells *to, const struct sym_cells *from);
void sym_cells_release(struct sym_cells *c);

/* Moves a point to the front of its cell and makes it a cell of its own. */
void sym_cells_individualise(struct sym_cells *c, size_t group,
    uint32_t point);

/* Ends a cell before `place`, which lies within it. */
void sym_cells_cut(struct sym_cells *c, size_t group, uint32_t place);

#endif
