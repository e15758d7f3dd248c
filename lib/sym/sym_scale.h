/*
 * sym_scale: the powers of two of the exact canonical form (ckpt-orbits 3).
 */
#ifndef CKPT_SYM_SYM_SCALE_H
#define CKPT_SYM_SYM_SCALE_H

#include "sym/sym_values.h"

#define SYM_SCALE_MAX_CHOICES 64 /* forms of pieces without an anchor */

/* Connected units that nothing anchors: only the differences of their
 * exponents matter, and there may be several equally good choices. */
struct sym_piece {
	size_t n_units, n_choices;
	size_t *units;       /* numbers among all units */
	int32_t *exponents;  /* [choice][unit] */
};

/* All arrays by unit, the units of all groups in one row. */
struct sym_scale {
	struct sym_values *values;
	int32_t *exponents;
	int32_t *largest;           /* while a step is made */
	unsigned char *is_known;
	size_t n_pieces, n_choices; /* choices in all, 1 without pieces */
	struct sym_piece *pieces;
};

/* Exponents of all units from values that are not scaled yet. */
CKPT_CHECKED enum ckpt_status sym_scale_new(struct sym_values *v,
    struct sym_scale *out, struct ckpt_error *err);
void sym_scale_release(struct sym_scale *s);

/* Sets the exponents of the pieces to choice number `i` of n_choices. */
void sym_scale_choose(struct sym_scale *s, size_t i);

/* Passes forward and backward until no unit gets a scale any more. */
void sym_scale_passes(struct sym_scale *s);

/* Largest exponent of the finite non-zero ones of `n` values, or
 * INT32_MIN. */
int32_t sym_scale_exponent(const double *x, uint64_t n);

/* Finds the pieces among the units that are not known. */
CKPT_CHECKED enum ckpt_status sym_piece_find(struct sym_scale *s,
    struct ckpt_error *err);

#endif
