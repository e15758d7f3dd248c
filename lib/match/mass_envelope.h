/*
 * mass_envelope: a symmetric positive definite matrix as sparse as a graph,
 * factored within its envelope: from the first entry of each row to the
 * diagonal (George and Liu, Computer Solution of Large Sparse Positive
 * Definite Systems, 1981, chapter 4). For a chain it is tridiagonal.
 */
#ifndef CKPT_MATCH_MASS_ENVELOPE_H
#define CKPT_MATCH_MASS_ENVELOPE_H

#include "match/mass.h"

struct mass_envelope {
	size_t n;
	size_t *first;   /* [row]: the first column of the envelope */
	size_t *start;   /* [row]: where it lies in entries; [n] is the end */
	double *entries; /* then L, and D on the diagonal */
};

/* A matrix of n rows; each pair (p, q) that will have an entry is joined,
 * then it is finished. */
CKPT_CHECKED enum ckpt_status mass_envelope_new(struct mass_envelope *m,
    size_t n, struct ckpt_error *err);
void mass_envelope_join(struct mass_envelope *m, size_t p, size_t q);
CKPT_CHECKED enum ckpt_status mass_envelope_finish(struct mass_envelope *m,
    struct ckpt_error *err);
void mass_envelope_release(struct mass_envelope *m);

void mass_envelope_clear(struct mass_envelope *m);
void mass_envelope_add(struct mass_envelope *m, size_t p, size_t q,
    double weight);

/* In place, L D L'. A row that depends on those before it, to rounding, is
 * left out: its unknown will be 0. */
void mass_envelope_factor(struct mass_envelope *m);
void mass_envelope_solve(const struct mass_envelope *m, double *b);

#endif
