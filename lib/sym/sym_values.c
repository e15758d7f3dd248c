#include <math.h>

#include "sym/sym_values.h"

enum ckpt_status
sym_values_new(const struct sym_plan *p, const struct model *m,
    struct sym_values *out, struct ckpt_error *err)
{
	uint64_t n = 2 * p->max_inner;

	memset(out, 0, sizeof(*out));
	out->p = p;
	out->m = m;
	n += p->n_elements <= SYM_VALUES_EAGER ? p->n_elements : p->max_row;
	out->cells = malloc((n + 1) * sizeof(*out->cells));
	if (out->cells == NULL)
		return (error_nomem(err, n * sizeof(*out->cells)));
	if (p->n_elements <= SYM_VALUES_EAGER)
		out->data = out->cells + 2 * p->max_inner;
	else
		out->row = out->cells + 2 * p->max_inner;
	sym_values_reset(out);
	return (CKPT_OK);
}

void
sym_values_release(struct sym_values *v)
{
	free(v->cells);
}

static void
convert(const struct sym_values *v, const struct sym_tensor *t,
    uint64_t first, uint64_t n, double *out)
{
	const struct tensor_desc *desc =
	    &v->m->head.schema->tensors[t->index];

	dtype_to_f64(desc->dtype, v->m->data + desc->offset +
	    (t->first + first) * (dtype_bits(desc->dtype) / 8), out,
	    (size_t)n);
}

void
sym_values_reset(struct sym_values *v)
{
	const struct tensor_desc *desc;
	size_t i;

	v->exponents = NULL;
	for (i = 0; i < v->p->n_tensors && v->data != NULL; i++) {
		desc = &v->m->head.schema->tensors[v->p->tensors[i].index];
		sym_tensor_load(&v->p->tensors[i], desc->dtype,
		    v->m->data + desc->offset,
		    v->data + v->p->first_element[i]);
	}
}

const double *
sym_values_row(struct sym_values *v, size_t t, uint64_t r)
{
	const struct sym_tensor *tensor = &v->p->tensors[t];
	uint64_t n = tensor->cols * tensor->inner;

	if (v->data != NULL)
		return (v->data + v->p->first_element[t] + r * n);
	convert(v, tensor, r * tensor->pitch, n, v->row);
	return (v->row);
}

double
sym_values_pow2(double x, int32_t exponent)
{
	union { uint64_t bits; double value; } factor;

	if (exponent == 0)
		return (x);
	if (exponent < -1022 || exponent > 1023)
		return (ldexp(x, exponent));
	factor.bits = (uint64_t)(exponent + 1023) << 52;
	return (x * factor.value);
}

const double *
sym_values_load(const struct sym_values *v, const struct sym_tensor *t,
    uint64_t r, uint64_t c, unsigned slot)
{
	double *cell = v->cells + slot * v->p->max_inner;
	int32_t e = sym_values_shift(v, t, r, c);
	uint64_t k;

	convert(v, t, r * t->pitch + c * t->inner, t->inner, cell);
	for (k = 0; e != 0 && k < t->inner; k++)
		cell[k] = sym_values_pow2(cell[k], e);
	return (cell);
}

void
sym_values_scale(struct sym_values *v, const int32_t *exponents)
{
	const struct sym_tensor *t;
	double *x = v->data;
	uint64_t r, c, k;
	int32_t e;
	size_t i;

	v->exponents = exponents;
	for (i = 0; i < v->p->n_tensors && v->data != NULL; i++) {
		t = &v->p->tensors[i];
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++) {
				e = sym_values_shift(v, t, r, c);
				for (k = 0; e != 0 && k < t->inner; k++)
					x[k] = sym_values_pow2(x[k], e);
				x += t->inner;
			}
	}
}
