#include "sym/sym_apply.h"
#include "sym/sym_witness.h"

/* The original's dtypes after the ';' of a witness: one, or one for each
 * tensor of the schema. `s` is NULL where they are the model's own. */
static enum ckpt_status
read_dtypes(const char *s, const struct schema *from, struct schema **out,
    struct ckpt_error *err)
{
	enum ckpt_dtype *dtypes, dtype;
	bool is_list = strchr(s, ',') != NULL, is_good = true;
	size_t i, n;
	enum ckpt_status st;

	dtypes = calloc(from->n_tensors + 1, sizeof(*dtypes));
	if (dtypes == NULL)
		return (error_nomem(err, from->n_tensors));
	for (i = 0; i < from->n_tensors && is_good; i++) {
		n = strcspn(s, ",");
		dtype = dtype_find(s, n);
		if (dtype_is_weight(from->tensors[i].dtype))
			is_good = dtype != 0 && dtype_is_weight(dtype);
		dtypes[i] = dtype;
		if (!is_list)
			continue;
		s += n;
		is_good = is_good && (*s == ',') == (i + 1 < from->n_tensors);
		s += *s == ',';
	}
	is_good = is_good && (!is_list || *s == '\0');
	st = is_good ? sym_apply_dtypes(from, dtypes, 0, out, err) :
	    error_set(err, CKPT_INVALID, "the witness names dtypes that do "
	    "not fit the model");
	free(dtypes);
	return (st);
}

enum ckpt_status
sym_restore(const struct sym_plan *p, const char *witness,
    const struct model *in, struct model *out, struct ckpt_error *err)
{
	struct sym_element e, inverse;
	struct schema *to;
	bool inexact;
	enum ckpt_status st;

	st = sym_plan_check(p, in->head.schema, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_witness_element(p, &witness, &e, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_element_invert(&e, &inverse, err);
	if (st != CKPT_OK)
		goto err0;
	if (*witness == '\0')
		to = schema_ref(in->head.schema);
	else if (*witness == ';')
		st = read_dtypes(witness + 1, in->head.schema, &to, err);
	else
		st = error_set(err, CKPT_INVALID,
		    "bytes after the end of a witness");
	if (st != CKPT_OK)
		goto err1;
	st = sym_apply_schema(p, &inverse, in, to, out, &inexact, err);
	if (st == CKPT_OK && inexact)
		st = error_set(err, CKPT_MISMATCH,
		    "the witness does not belong to this model: a weight is "
		    "not exact in the original's dtype");
	schema_unref(to);
err1:
	sym_element_release(&inverse);
err0:
	sym_element_release(&e);
	return (st);
}
