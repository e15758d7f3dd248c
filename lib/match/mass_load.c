/* From the tensors of a model to sums of squares. */
#include <math.h>

#include "match/mass.h"

struct load {
	struct mass_state *s;
	const struct model *m;
	const struct mass_part *part;
	const struct sym_tensor *t;      /* NULL: nothing acts on it */
	const struct tensor_desc *desc;
	int shift;                       /* squares are divided by 4^shift */
	double *w;                       /* elements of a row */
};

/* Elements first .. first + n - 1 of the tensor, times 2^-shift. Of f64,
 * whose squares could leave its range, else as they are. */
static void
read_row(const struct load *l, uint64_t first, size_t n)
{
	size_t i;

	dtype_to_f64(l->desc->dtype, l->m->data + l->desc->offset +
	    first * (dtype_bits(l->desc->dtype) / 8), l->w, n);
	for (i = 0; l->shift != 0 && i < n; i++)
		l->w[i] = ldexp(l->w[i], -l->shift);
}

/* The exponent of the largest element of a tensor of f64. */
static void
find_shift(struct load *l)
{
	const size_t step = (size_t)l->s->p->max_row;
	double max = 0;
	uint64_t at;
	size_t i, n;

	l->shift = 0;
	if (l->desc->dtype != CKPT_F64)
		return;
	for (at = 0; at < l->desc->n_elements; at += n) {
		n = l->desc->n_elements - at < step ?
		    (size_t)(l->desc->n_elements - at) : step;
		read_row(l, at, n);
		for (i = 0; i < n; i++)
			if (isfinite(l->w[i]) && fabs(l->w[i]) > max)
				max = fabs(l->w[i]);
	}
	if (max > 0)
		l->shift = ilogb(max);
}

static enum ckpt_status
refuse(const struct load *l, uint64_t first, size_t n,
    struct ckpt_error *err)
{
	size_t i = 0;

	while (i < n && isfinite(l->w[i]))
		i++;
	return (error_set(err, CKPT_INVALID, "element %llu of the tensor "
	    "\"%.200s\" is %s: there is no minimum mass",
	    (unsigned long long)(first + i), l->desc->name,
	    isnan(l->w[i]) ? "NaN" : "infinite"));
}

/* The sums of squares of cells of `inner` elements, in place of them. */
static double
square(double *w, size_t n_cells, size_t inner)
{
	double all = 0, sum;
	size_t c, k;

	for (c = 0; c < n_cells; c++) {
		sum = 0;
		for (k = 0; k < inner; k++)
			sum += w[c * inner + k] * w[c * inner + k];
		w[c] = sum;
		all += sum;
	}
	return (all);
}

/* Row r, as cells in l->w, to where it belongs. */
static void
add_row(const struct load *l, size_t r)
{
	const struct mass_part *part = l->part;
	struct mass_state *s = l->s;
	const struct sym_tensor *t = l->t;
	double *ends = s->ends + part->end, *constant;
	double *cells = NULL;
	size_t c, row, col;

	row = (size_t)sym_row_unit(t, r) / part->row.per;
	constant = part->row.sign != 0 ? &ends[row] :
	    &s->constants[part - s->p->parts];
	ends += part->row.n;
	if (part->is_matrix)
		cells = s->cells + part->cell + row * part->width -
		    row / part->height * part->width;
	for (c = 0; c < t->cols; c++) {
		col = (size_t)sym_col_unit(t, r, c) / part->col.per;
		if (part->col.sign == 0)
			*constant += l->w[c];
		else if (part->row.sign == 0)
			ends[col] += l->w[c];
		else if (part->row.group == part->col.group && row == col)
			s->constants[part - s->p->parts] += l->w[c];
		else
			cells[col] += l->w[c];
	}
}

static enum ckpt_status
load_acted(struct load *l, double *mass, struct ckpt_error *err)
{
	const struct sym_tensor *t = l->t;
	const size_t n = (size_t)(t->cols * t->inner);
	double sum;
	uint64_t at;
	size_t r;

	for (r = 0; r < t->rows; r++) {
		at = t->first + r * t->pitch;
		read_row(l, at, n);
		sum = square(l->w, (size_t)t->cols, (size_t)t->inner);
		if (!isfinite(sum)) {
			read_row(l, at, n);
			return (refuse(l, at, n, err));
		}
		*mass += sum;
		add_row(l, r);
	}
	return (CKPT_OK);
}

static enum ckpt_status
load_plain(struct load *l, double *mass, struct ckpt_error *err)
{
	const size_t step = (size_t)l->s->p->max_row;
	double sum;
	uint64_t at;
	size_t n;

	for (at = 0; at < l->desc->n_elements; at += n) {
		n = l->desc->n_elements - at < step ?
		    (size_t)(l->desc->n_elements - at) : step;
		read_row(l, at, n);
		sum = square(l->w, n, 1);
		if (!isfinite(sum)) {
			read_row(l, at, n);
			return (refuse(l, at, n, err));
		}
		*mass += sum;
	}
	l->s->constants[l->part - l->s->p->parts] = *mass;
	return (CKPT_OK);
}

enum ckpt_status
mass_load(struct mass_state *s, const struct sym_plan *plan,
    const struct model *m, struct ckpt_error *err)
{
	const struct match_mass *p = s->p;
	struct load l = { .s = s, .m = m };
	const struct sym_tensor *tensors;
	enum ckpt_status st = CKPT_OK;
	double sum;
	size_t i, n;

	tensors = sym_plan_tensors(plan, &n);
	l.w = malloc((size_t)p->max_row * sizeof(*l.w));
	if (l.w == NULL)
		return (error_nomem(err, p->max_row * sizeof(*l.w)));
	for (i = 0; i < p->n_parts && st == CKPT_OK; i++) {
		l.part = &p->parts[i];
		l.t = l.part->tensor != SIZE_MAX ? &tensors[l.part->tensor] :
		    l.part->view.rows > 0 ? &l.part->view : NULL;
		l.desc = &m->head.schema->tensors[l.t == NULL ?
		    l.part->index : l.t->index];
		find_shift(&l);
		sum = 0;
		st = l.t == NULL ? load_plain(&l, &sum, err) :
		    load_acted(&l, &sum, err);
		s->units[i] = 2 * l.shift * M_LN2;
		s->before[i] = ldexp(sum, 2 * l.shift);
	}
	free(l.w);
	return (st);
}
