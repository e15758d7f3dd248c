/*
 * sym_gather: the rows of the model that a group element makes of another,
 * one at a time, as bits of doubles.
 */
#ifndef CKPT_SYM_SYM_GATHER_H
#define CKPT_SYM_SYM_GATHER_H

#include "sym/sym_plan.h"

struct sym_gather {
	const struct sym_plan *p;
	const struct sym_element *e;
	const struct model *m;
	size_t n_parts;              /* 0: a tensor not acted on */
	const struct sym_tensor *parts, *t; /* all, and the current one */
	enum ckpt_dtype dtype;
	const unsigned char *src;
	uint64_t rows, n_elements;   /* of the current tensor */
	bool inexact;                /* a value left the range of f64 */
	struct sym_gather_col {
		uint32_t source;     /* column of the source row */
		int32_t exponent;
		uint64_t sign;       /* 0 or the sign bit */
	} *cols;
	uint64_t *row;               /* room for one row */
};

/* `e` NULL: the identity. What the arguments point to must stay. */
CKPT_CHECKED enum ckpt_status sym_gather_new(const struct sym_plan *p,
    const struct sym_element *e, const struct model *m,
    struct sym_gather *out, struct ckpt_error *err);
void sym_gather_release(struct sym_gather *g);

/* Goes to a tensor of the schema that is of a weight dtype. Tensors that are
 * not acted on come in rows of some length, too. */
void sym_gather_tensor(struct sym_gather *g, size_t index);

/* Row `r` of the result into g->row; returns the number of its elements. */
size_t sym_gather_row(struct sym_gather *g, uint64_t r);

/* `n` doubles' bits to a weight dtype; *inexact as in sym_bits. */
void sym_gather_store(enum ckpt_dtype dtype, const uint64_t *bits,
    unsigned char *dst, size_t n, bool *inexact);

#endif
