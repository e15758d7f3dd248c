/*
 * sym_prune: which branches of a search repeat others, because an
 * automorphism that keeps the way to the branching takes one to the other
 * (ckpt-orbits 4.6).
 */
#ifndef CKPT_SYM_SYM_PRUNE_H
#define CKPT_SYM_SYM_PRUNE_H

#include "sym/sym_leaf.h"

/* Points of all groups, united where an automorphism takes one to another;
 * for each level of the search's present way. */
struct sym_prune {
	const struct sym_plan *p;
	size_t n_levels;
	struct sym_prune_level {
		uint32_t *up;        /* union-find, by point among all */
		unsigned char *seen; /* by root: a branch has been taken */
	} *levels;
};

void sym_prune_init(struct sym_prune *u, const struct sym_plan *p);
void sym_prune_release(struct sym_prune *u);

/* A new branching at `level`, at most one above the last. */
CKPT_CHECKED enum ckpt_status sym_prune_enter(struct sym_prune *u,
    size_t level, struct ckpt_error *err);

/* Whether the branch of `point` (among all) need be taken: if so, it counts
 * as taken from now on. */
bool sym_prune_take(struct sym_prune *u, size_t level, size_t point);

/* Learns the automorphism that takes leaf `a` to leaf `b`, which are
 * parallel and of equal forms; their ways part at `level`. */
void sym_prune_learn(struct sym_prune *u, size_t level,
    const struct sym_leaf *a, const struct sym_leaf *b);

#endif
