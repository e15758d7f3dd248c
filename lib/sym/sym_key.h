/*
 * sym_key: what tells points of one cell apart (ckpt-orbits 4.2): how they
 * are joined to the cells that there are.
 */
#ifndef CKPT_SYM_SYM_KEY_H
#define CKPT_SYM_SYM_KEY_H

#include "sym/sym_cells.h"
#include "sym/sym_values.h"

struct sym_key {
	const struct sym_values *values;
	const struct sym_cells *cells;
	const struct sym_relation *relation;
	/* room for points, each as many as the largest group has: two
	 * lists, and for sorting lists (2) and cells (3, 4) */
	uint32_t *lists[5];
};

/* > 0 if point `a` comes before point `b` of the same cell, 0 if they are
 * alike. */
int sym_key_cmp(struct sym_key *k, uint32_t a, uint32_t b);

/* Values as they are ordered: -0 = +0, NaN = NaN above all. */
static inline int
sym_key_value_cmp(double a, double b)
{
	if (a > b)
		return (1);
	if (a < b)
		return (-1);
	if (a == b)
		return (0);
	return ((a != a) - (b != b));
}

/* Sorts `n` points, those that come first (cmp > 0) first. `room` holds n
 * points. */
void sym_key_sort(uint32_t *points, size_t n, uint32_t *room,
    int (*cmp)(void *arg, uint32_t a, uint32_t b), void *arg);

#endif
