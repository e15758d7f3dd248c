/*
 * sym_search: the order and signs of the exact canonical form: refinement,
 * and a search where that leaves a choice (ckpt-orbits 4).
 */
#ifndef CKPT_SYM_SYM_SEARCH_H
#define CKPT_SYM_SYM_SEARCH_H

#include "sym/sym_leaf.h"
#include "sym/sym_refine.h"

/* Stated limits; beyond them the form is refused. */
#define SYM_SEARCH_MAX_LEAVES 4096
#define SYM_SEARCH_MAX_DEPTH 4096
/* Comparisons of elements by sym_refine's count: 2^32, and 16 times those
 * that a model without a choice needs. */
#define SYM_SEARCH_MAX_SEEN ((uint64_t)1 << 32)
#define SYM_SEARCH_SEEN_FACTOR 16

/* The leaf of the greatest form over scaled values. */
CKPT_CHECKED enum ckpt_status sym_search_run(struct sym_values *v,
    struct sym_leaf *out, struct ckpt_error *err);

#endif
