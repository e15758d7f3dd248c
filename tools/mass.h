/*
 * mass: the minimum mass problem of each schema that passes by, and the
 * words for what it says of a model.
 */
#ifndef CKPT_TOOLS_MASS_H
#define CKPT_TOOLS_MASS_H

#include "match/match.h"
#include "plans.h"

/* The problem of one schema. Immutable; shared by threads. */
struct mass_plan {
	const struct plan *plan;
	struct match_shape *shape;
	struct match_mass *mass;
	size_t n_filters;   /* before normalisations: there is no least */
};

/* `plan` has a graph, and outlives what is made. A warning names the filters
 * that have no least norm, if there are any. */
CKPT_CHECKED enum ckpt_status mass_plan_new(const struct cli *c,
    const struct plan *plan, bool with_bias, struct mass_plan **out,
    struct ckpt_error *err);
void mass_plan_free(struct mass_plan *p); /* NULL does nothing */

/* Solves the problem for a model of the plan's tensors, of whatever dtypes;
 * `plan` is that of its schema. *note becomes NULL,
 * or says which units are dead; it is the caller's. */
CKPT_CHECKED enum ckpt_status mass_solve(const struct mass_plan *p,
    const struct sym_plan *plan, const struct model *m,
    struct match_mass_result *out, char **note,
    struct ckpt_error *err);

/* Adds to a note, which is NULL at first, what is to be said as well. */
CKPT_CHECKED enum ckpt_status mass_note(char **note, struct ckpt_error *err,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
