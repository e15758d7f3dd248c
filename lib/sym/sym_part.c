/*
 * From a tensor's lines in the table to its parts: one, or where an axis has
 * several lines, one for each range of rows and of columns that has one group
 * (format-spec/ckpt-orbits 1.1).
 */
#include "sym/sym_plan.h"

/* A tensor and its lines while it is divided. */
struct part {
	const struct sym_plan *p;
	const struct tensor_desc *desc;
	const struct symmetry_axis *lines;
	size_t n_lines;
	uint32_t row_axis;         /* of the lines that are about rows */
	uint64_t rows, cols, inner; /* of the whole tensor */
};

static bool
is_row(const struct part *d, const struct symmetry_axis *a)
{
	return (a->axis == d->row_axis);
}

/* A diagonal: the columns of a range of rows. A single column has no parts
 * of its own. */
static bool
is_diagonal(const struct part *d, const struct symmetry_axis *a)
{
	return (!is_row(d, a) && a->start != SYMMETRY_WHOLE && d->cols == 1);
}

/* The range that a line is for, of rows or of columns. */
static void
range_of(const struct part *d, const struct symmetry_axis *a,
    uint64_t *start, uint64_t *end)
{
	*start = a->start == SYMMETRY_WHOLE ? 0 : a->start;
	*end = *start + (is_diagonal(d, a) ? a->slices :
	    symmetry_axis_length(d->p->table, a));
}

/* Whether axis 0 is 1 long and says nothing of its own, so that the rows
 * are what axis 1 has. */
static bool
is_turned(const struct part *d)
{
	size_t i;
	bool reads = false;

	if (d->desc->n_dims < 2 || d->desc->dims[0] != 1)
		return (false);
	for (i = 0; i < d->n_lines; i++) {
		if (d->lines[i].axis == 0)
			return (d->lines[i].slices > 1 ||
			    d->lines[i].start != SYMMETRY_WHOLE);
		reads |= d->lines[i].action == SYMMETRY_IN;
	}
	return (!reads);
}

static enum ckpt_status
check_line(const struct part *d, const struct symmetry_axis *a,
    struct ckpt_error *err)
{
	uint64_t start, end, have;

	if (a->axis >= d->desc->n_dims && a->slices == 1 && d->rows > 1 &&
	    !is_diagonal(d, a))
		return (error_set(err, CKPT_INVALID,
		    "the tensor \"%.200s\" has %u axes; its symmetries act "
		    "on axis %u", a->tensor, d->desc->n_dims, a->axis));
	range_of(d, a, &start, &end);
	have = is_row(d, a) || is_diagonal(d, a) ? d->rows : d->cols;
	if (end > have || (a->start == SYMMETRY_WHOLE && end != have) ||
	    d->rows % a->slices > (is_diagonal(d, a) ? d->rows : 0))
		return (error_set(err, CKPT_INVALID,
		    "axis %u of the tensor \"%.200s\" has %llu indices; its "
		    "symmetries need %llu", a->axis, a->tensor,
		    (unsigned long long)have, (unsigned long long)end));
	if (a->slices > 1 && (a->block > 1 || is_row(d, a) ||
	    (is_diagonal(d, a) && d->cols != 1)))
		return (error_set(err, CKPT_INVALID,
		    "axis %u of the tensor \"%.200s\" is sliced in a way that "
		    "is not supported", a->axis, a->tensor));
	return (CKPT_OK);
}

/* The line for the rows (or columns) from `at` on, if there is one, and where
 * it ends, or where the next one begins. */
static const struct symmetry_axis *
line_at(const struct part *d, bool of_rows, bool diagonal, uint64_t at,
    uint64_t *end)
{
	const struct symmetry_axis *a, *found = NULL;
	uint64_t from, to;
	size_t i;

	for (i = 0; i < d->n_lines; i++) {
		a = &d->lines[i];
		if (is_row(d, a) != of_rows || is_diagonal(d, a) != diagonal)
			continue;
		range_of(d, a, &from, &to);
		if (from <= at && at < to) {
			found = a;
			from = to;
		}
		if (from > at && from < *end)
			*end = from;
	}
	return (found);
}

static void
set_side(struct sym_side *side, const struct symmetry_axis *a)
{
	*side = (struct sym_side){ SIZE_MAX, 1, SYMMETRY_NONE };
	if (a != NULL)
		*side = (struct sym_side){ a->group, a->block, a->action };
}

static enum ckpt_status
add(struct sym_plan *p, const struct sym_tensor *t, size_t *capacity,
    struct ckpt_error *err)
{
	size_t n = *capacity == 0 ? 32 : 2 * *capacity;
	struct sym_tensor *more;

	if (p->n_tensors == *capacity) {
		more = realloc(p->tensors, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		p->tensors = more;
		*capacity = n;
	}
	p->tensors[p->n_tensors++] = *t;
	return (CKPT_OK);
}

/* The parts of the rows [r, r_end), from left to right. */
static enum ckpt_status
add_rows(struct sym_plan *p, const struct part *d, uint64_t r,
    uint64_t r_end, const struct symmetry_axis *row,
    const struct symmetry_axis *diagonal, size_t *capacity,
    struct ckpt_error *err)
{
	struct sym_tensor t = { .index = (size_t)(d->desc -
	    d->p->schema->tensors), .rows = r_end - r, .inner = d->inner,
	    .pitch = d->cols * d->inner, .rank = d->lines[0].rank };
	const struct symmetry_axis *col;
	uint64_t c, c_end;
	enum ckpt_status st = CKPT_OK;

	set_side(&t.row, row);
	for (c = 0; c < d->cols && st == CKPT_OK; c = c_end) {
		c_end = d->cols;
		col = diagonal != NULL ? diagonal :
		    line_at(d, false, false, c, &c_end);
		t.cols = c_end - c;
		t.first = r * t.pitch + c * t.inner;
		t.slices = col == NULL ? 1 : col->slices;
		set_side(&t.col, col);
		st = add(p, &t, capacity, err);
	}
	return (st);
}

enum ckpt_status
sym_part_add(struct sym_plan *p, const struct symmetry_axis *a,
    size_t n_axes, size_t *capacity, struct ckpt_error *err)
{
	struct part d = { .p = p, .lines = a, .n_lines = n_axes };
	const struct symmetry_axis *row, *diagonal;
	uint64_t r, end;
	size_t i = schema_find(p->schema, a->tensor);
	enum ckpt_status st = CKPT_OK;

	if (i == SIZE_MAX)
		return (error_set(err, CKPT_INVALID,
		    "the model lacks the tensor \"%.200s\" of its table of "
		    "symmetries", a->tensor));
	d.desc = &p->schema->tensors[i];
	if (!dtype_is_weight(d.desc->dtype))
		return (error_set(err, CKPT_INVALID,
		    "the tensor \"%.200s\" is %s; weights of f16, bf16, f32 "
		    "or f64 are expected", a->tensor,
		    dtype_name(d.desc->dtype)));
	if (d.desc->n_dims == 0 || d.desc->n_elements == 0)
		return (error_set(err, CKPT_INVALID,
		    "the tensor \"%.200s\" has no %s", a->tensor,
		    d.desc->n_dims == 0 ? "axes" : "elements"));
	d.row_axis = is_turned(&d);
	d.rows = d.desc->dims[d.row_axis];
	d.cols = d.desc->n_dims > 1 ? d.desc->dims[1 - d.row_axis] : 1;
	d.inner = d.desc->n_elements / (d.rows * d.cols);
	for (i = 0; i < n_axes && st == CKPT_OK; i++)
		st = check_line(&d, &a[i], err);
	for (r = 0; r < d.rows && st == CKPT_OK; r = end) {
		end = d.rows;
		row = line_at(&d, true, false, r, &end);
		diagonal = line_at(&d, false, true, r, &end);
		st = add_rows(p, &d, r, end, row, diagonal, capacity, err);
	}
	return (st);
}

void
sym_tensor_load(const struct sym_tensor *t, enum ckpt_dtype dtype,
    const unsigned char *data, double *x)
{
	uint64_t width = dtype_bits(dtype) / 8, r, n = t->cols * t->inner;

	for (r = 0; r < t->rows; r++, x += n)
		dtype_to_f64(dtype, data + (t->first + r * t->pitch) * width,
		    x, (size_t)n);
}

void
sym_tensor_store(const struct sym_tensor *t, enum ckpt_dtype dtype,
    const double *x, unsigned char *data)
{
	uint64_t width = dtype_bits(dtype) / 8, r, n = t->cols * t->inner;

	for (r = 0; r < t->rows; r++, x += n)
		(void)dtype_from_f64(dtype, x,
		    data + (t->first + r * t->pitch) * width, (size_t)n);
}
