/*
 * sym_values: the acted tensors of a model as doubles.
 *
 * Small models are converted once; of large ones, cells are converted when
 * they are looked at, so that memory stays far below the model's own size.
 */
#ifndef CKPT_SYM_SYM_VALUES_H
#define CKPT_SYM_SYM_VALUES_H

#include "sym/sym_plan.h"

/* Elements up to which the whole model is converted (8 bytes each); a test
 * sets it to 0. */
#ifndef SYM_VALUES_EAGER
#define SYM_VALUES_EAGER 65536
#endif

struct sym_values {
	const struct sym_plan *p;
	const struct model *m;
	double *data;           /* all acted tensors, or NULL */
	double *row;            /* room for one row */
	double *cells;          /* room for two cells */
	const int32_t *exponents; /* by unit, or NULL: not scaled */
};

CKPT_CHECKED enum ckpt_status sym_values_new(const struct sym_plan *p,
    const struct model *m, struct sym_values *out, struct ckpt_error *err);
void sym_values_release(struct sym_values *v);

/* Row `r` of the plan's tensor `t`, not scaled; valid until the next call. */
const double *sym_values_row(struct sym_values *v, size_t t, uint64_t r);

/* Multiplies every element by its units' powers of two (by unit, the units
 * of all groups in one array that must stay). Called once. */
void sym_values_scale(struct sym_values *v, const int32_t *exponents);

/* Converts again, to be scaled otherwise. */
void sym_values_reset(struct sym_values *v);

double sym_values_pow2(double x, int32_t exponent);

/* The exponent by which element (r, c) is scaled. */
static inline int32_t
sym_values_shift(const struct sym_values *v, const struct sym_tensor *t,
    uint64_t r, uint64_t c)
{
	const size_t *first = v->p->first_unit;
	int32_t e = 0, x;

	if (t->row.group != SIZE_MAX && t->row.action != SYMMETRY_NONE) {
		x = v->exponents[first[t->row.group] + sym_row_unit(t, r)];
		e += t->row.action == SYMMETRY_OUT ? x : -x;
	}
	if (t->col.group != SIZE_MAX && t->col.action != SYMMETRY_NONE) {
		x = v->exponents[first[t->col.group] + sym_col_unit(t, r, c)];
		e += t->col.action == SYMMETRY_OUT ? x : -x;
	}
	return (e);
}

const double *sym_values_load(const struct sym_values *v,
    const struct sym_tensor *t, uint64_t r, uint64_t c, unsigned slot);

/* The `inner` scaled elements of cell (r, c) of the plan's tensor `t`. Those
 * of slot 0 or 1 are valid until the next call with that slot. */
static inline const double *
sym_values_cell(const struct sym_values *v, size_t t, uint64_t r, uint64_t c,
    unsigned slot)
{
	const struct sym_tensor *tensor = &v->p->tensors[t];

	if (v->data != NULL)
		return (v->data + v->p->first_element[t] +
		    (r * tensor->cols + c) * tensor->inner);
	return (sym_values_load(v, tensor, r, c, slot));
}

#endif
