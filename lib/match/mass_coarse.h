/*
 * mass_coarse: the inside of the problem of one scale a group, for the two
 * files that solve it: as it is, and to second order.
 */
#ifndef CKPT_MATCH_MASS_COARSE_H
#define CKPT_MATCH_MASS_COARSE_H

#include "match/mass.h"
#include "match/mass_envelope.h"

/* The mass of the cells, or the ends, of a part: exp(log + 2 (y_p - y_q)),
 * up to signs; SIZE_MAX: no unknown. */
struct mass_term {
	size_t p, q;
	double sign_p, sign_q;
	double log;
	double mass;
};

struct mass_coarse {
	size_t n;              /* unknowns */
	size_t *unknown;       /* [group], or SIZE_MAX */
	struct mass_envelope matrix;
	double *y, *b, *trial; /* [unknown] */
	double *norms;         /* [unknown]: of all filters of the group */
	size_t n_terms;
	struct mass_term *terms;
};

/* The unknown of a side, or SIZE_MAX. */
static inline size_t
mass_coarse_unknown(const struct mass_coarse *c, const struct mass_side *side)
{
	return (side->sign == 0 ? SIZE_MAX : c->unknown[side->group]);
}

/* Fills the terms from sums and ends; their masses are not. */
void mass_coarse_terms(struct mass_coarse *c, const struct mass_state *s);

/* Adds weight times d d' to the matrix, with d the signs of a term. */
void mass_coarse_add(struct mass_coarse *c, const struct mass_term *t,
    double weight);

#endif
