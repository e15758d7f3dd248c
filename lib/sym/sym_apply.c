#include "sym/sym_apply.h"
#include "sym/sym_gather.h"

/* One tensor in the dtype that the output's schema has for it. */
static void
apply_tensor(struct sym_gather *g, size_t index, const struct schema *to,
    unsigned char *data, bool *inexact)
{
	const struct tensor_desc *desc = &to->tensors[index];
	size_t width = dtype_bits(desc->dtype) / 8, n;
	unsigned char *dst = data + desc->offset;
	uint64_t r;

	sym_gather_tensor(g, index);
	for (r = 0; r < g->rows && !*inexact && !g->inexact; r++) {
		n = sym_gather_row(g, r);
		sym_gather_store(desc->dtype, g->row, dst, n, inexact);
		dst += n * width;
	}
	*inexact |= g->inexact;
}

enum ckpt_status
sym_apply_schema(const struct sym_plan *p, const struct sym_element *e,
    const struct model *in, struct schema *to, struct model *out,
    bool *inexact, struct ckpt_error *err)
{
	const struct schema *from = in->head.schema;
	const struct tensor_desc *desc;
	struct model m = { 0 };
	struct sym_gather g;
	size_t i;
	enum ckpt_status st;

	*inexact = false;
	st = sym_gather_new(p, e, in, &g, err);
	if (st != CKPT_OK)
		return (st);
	st = model_head_copy(&in->head, &m.head, err);
	if (st != CKPT_OK)
		goto err1;
	if (to != from) {
		schema_unref(m.head.schema);
		m.head.schema = schema_ref(to);
	}
	st = model_alloc(&m, err);
	if (st != CKPT_OK)
		goto err2;
	for (i = 0; i < from->n_tensors && !*inexact; i++) {
		desc = &from->tensors[i];
		if (dtype_is_weight(desc->dtype))
			apply_tensor(&g, i, to, m.data, inexact);
		else
			memcpy(m.data + to->tensors[i].offset,
			    in->data + desc->offset, desc->n_bytes);
	}
	sym_gather_release(&g);
	if (*inexact)
		model_release(&m);
	else
		*out = m;
	return (CKPT_OK);

err2:
	model_head_release(&m.head);
err1:
	sym_gather_release(&g);
	return (st);
}

enum ckpt_status
sym_apply_dtypes(const struct schema *s, const enum ckpt_dtype *dtypes,
    enum ckpt_dtype all, struct schema **out, struct ckpt_error *err)
{
	const struct tensor_desc *t;
	struct schema *r;
	enum ckpt_dtype d;
	size_t i;
	enum ckpt_status st;

	st = schema_new(&r, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++) {
		t = &s->tensors[i];
		d = t->dtype;
		if (dtype_is_weight(d))
			d = dtypes != NULL ? dtypes[i] : all;
		st = schema_add(r, t->name, strlen(t->name), d, t->n_dims,
		    t->dims, err);
	}
	if (st == CKPT_OK)
		st = schema_finish(r, err);
	if (st == CKPT_OK)
		st = schema_set_symmetry(r, s->symmetry, err);
	if (st != CKPT_OK) {
		schema_unref(r);
		return (st);
	}
	*out = r;
	return (CKPT_OK);
}

static bool
all_are(const struct schema *s, enum ckpt_dtype dtype)
{
	size_t i;

	for (i = 0; i < s->n_tensors; i++)
		if (dtype_is_weight(s->tensors[i].dtype) &&
		    s->tensors[i].dtype != dtype)
			return (false);
	return (true);
}

/* One attempt with all weights in `dtype` (0: as they are). */
static enum ckpt_status
try_dtype(const struct sym_plan *p, const struct sym_element *e,
    const struct model *in, enum ckpt_dtype dtype, struct model *out,
    bool *inexact, struct ckpt_error *err)
{
	struct schema *to;
	enum ckpt_status st;

	if (dtype == 0 || all_are(in->head.schema, dtype))
		to = schema_ref(in->head.schema);
	else {
		st = sym_apply_dtypes(in->head.schema, NULL, dtype, &to, err);
		if (st != CKPT_OK)
			return (st);
	}
	st = sym_apply_schema(p, e, in, to, out, inexact, err);
	schema_unref(to);
	return (st);
}

enum ckpt_status
sym_apply(const struct sym_plan *p, const struct sym_element *e,
    const struct model *in, enum ckpt_dtype dtype, struct model *out,
    struct ckpt_error *err)
{
	static const enum ckpt_dtype wider[] = { 0, CKPT_F32, CKPT_F64 };
	bool inexact = true;
	size_t i;
	enum ckpt_status st;

	if (dtype != 0 && !dtype_is_weight(dtype))
		return (error_set(err, CKPT_USAGE,
		    "weights cannot be written as %s", dtype_name(dtype)));
	st = sym_plan_check(p, in->head.schema, err);
	if (st != CKPT_OK)
		return (st);
	if (dtype != 0)
		st = try_dtype(p, e, in, dtype, out, &inexact, err);
	else
		for (i = 0; i < 3 && inexact && st == CKPT_OK; i++)
			st = try_dtype(p, e, in, wider[i], out, &inexact,
			    err);
	if (st == CKPT_OK && inexact)
		st = error_set(err, CKPT_LIMIT,
		    "a rescaled weight is not exact in %s",
		    dtype == 0 ? "f64" : dtype_name(dtype));
	return (st);
}
