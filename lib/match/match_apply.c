#include "match/match.h"

/* Where each row of a tensor comes from, and each column of a row. */
struct side {
	const struct match_unit *units; /* NULL: the axis stays */
	uint64_t block;
	enum symmetry_action action;
};

static struct side
side_of(const struct sym_side *s, const struct match_map *m,
    const bool *groups)
{
	struct side a = { NULL, s->block, s->action };

	if (s->group != SIZE_MAX && (groups == NULL || groups[s->group]))
		a.units = m->units[s->group];
	return (a);
}

/* The factor that an index takes from its unit, for use as a multiplier of
 * rows or a divisor of columns: 1 where the axis is only permuted. */
static double
factor_of(const struct side *s, uint64_t unit)
{
	if (s->units == NULL || s->action == SYMMETRY_NONE)
		return (1);
	return (s->units[unit].factor);
}

static double
scaled(double w, const struct side *s, double factor)
{
	return (s->action == SYMMETRY_IN ? w / factor : w * factor);
}

/* One tensor from `in` to `out`. */
static void
apply_tensor(const struct sym_tensor *t, const struct side *row,
    const struct side *col, const double *in, double *out)
{
	uint64_t r, c, k, from_r, from_c, u, x;
	double fr, fc;
	const double *src;

	for (r = 0; r < t->rows; r++) {
		from_r = r;
		fr = 1;
		if (row->units != NULL) {
			u = r / row->block;
			from_r = row->units[u].source * row->block +
			    r % row->block;
			fr = factor_of(row, u);
		}
		x = t->slices > 1 ? r / (t->rows / t->slices) * t->cols : 0;
		for (c = 0; c < t->cols; c++) {
			from_c = c;
			fc = 1;
			if (col->units != NULL) {
				u = (x + c) / col->block;
				from_c = (col->units[u].source * col->block +
				    (x + c) % col->block) % t->cols;
				fc = factor_of(col, u);
			}
			src = in + (from_r * t->cols + from_c) * t->inner;
			for (k = 0; k < t->inner; k++)
				*out++ = scaled(scaled(src[k], col, fc), row,
				    fr);
		}
	}
}

void
match_apply(const struct match_shape *s, const struct match_map *m,
    const bool *groups, double *w, double *temp)
{
	const struct sym_tensor *t;
	struct side row, col;
	size_t i, n;

	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		row = side_of(&t->row, m, groups);
		col = side_of(&t->col, m, groups);
		if (row.units == NULL && col.units == NULL)
			continue;
		n = s->offset[i + 1] - s->offset[i];
		memcpy(temp, w + s->offset[i], n * sizeof(*temp));
		apply_tensor(t, &row, &col, temp, w + s->offset[i]);
	}
}

static void
write_plain(const struct tensor_desc *from, const struct tensor_desc *to,
    const struct model *in, double *wide, struct model *out)
{
	size_t n = (size_t)from->n_elements;

	if (!dtype_is_float(from->dtype)) {
		memcpy(out->data + to->offset, in->data + from->offset,
		    (size_t)from->n_bytes);
		return;
	}
	dtype_to_f64(from->dtype, in->data + from->offset, wide, n);
	(void)dtype_from_f64(to->dtype, wide, out->data + to->offset, n);
}

/* The acted tensors, over what write_plain has put there. */
static void
write_acted(const struct sym_plan *p, const struct match_map *m,
    const struct model *in, double *wide, double *moved, struct model *out)
{
	const struct sym_tensor *tensors;
	const struct tensor_desc *t;
	struct side row, col;
	size_t i, n;

	tensors = sym_plan_tensors(p, &n);
	for (i = 0; i < n; i++) {
		t = &in->head.schema->tensors[tensors[i].index];
		row = side_of(&tensors[i].row, m, NULL);
		col = side_of(&tensors[i].col, m, NULL);
		sym_tensor_load(&tensors[i], t->dtype, in->data + t->offset,
		    wide);
		apply_tensor(&tensors[i], &row, &col, wide, moved);
		t = &out->head.schema->tensors[tensors[i].index];
		sym_tensor_store(&tensors[i], t->dtype, moved,
		    out->data + t->offset);
	}
}

enum ckpt_status
match_write(const struct sym_plan *p, const struct match_map *m,
    const struct model *in, struct schema *schema, struct model *out,
    struct ckpt_error *err)
{
	const struct schema *from = in->head.schema;
	struct model result = { .data = NULL };
	enum ckpt_status st;
	size_t i, n_max = 1;
	double *wide;

	for (i = 0; i < from->n_tensors; i++)
		if (from->tensors[i].n_elements > n_max)
			n_max = (size_t)from->tensors[i].n_elements;
	wide = malloc(2 * n_max * sizeof(*wide));
	if (wide == NULL)
		return (error_nomem(err, 2 * n_max * sizeof(*wide)));
	st = model_head_copy(&in->head, &result.head, err);
	if (st != CKPT_OK)
		goto err0;
	schema_unref(result.head.schema);
	result.head.schema = schema_ref(schema);
	st = model_alloc(&result, err);
	if (st != CKPT_OK)
		goto err1;
	for (i = 0; i < from->n_tensors; i++)
		write_plain(&from->tensors[i], &schema->tensors[i], in, wide,
		    &result);
	write_acted(p, m, in, wide, wide + n_max, &result);
	free(wide);
	*out = result;
	return (CKPT_OK);

err1:
	model_release(&result);
err0:
	free(wide);
	return (st);
}
