#include "base/banned.h"
#include "align_activations.h"

#define KEY_ORIGINAL "align.original"
#define KEY_METHOD "align.method"
#define KEY_WITNESS "align.witness"

/* How the method is called in the metadata and the report. */
static enum ckpt_status
print_method(const struct align *a, struct buf *out, struct ckpt_error *err)
{
	static const char *const scales[] = { "none", "pow2", "unit",
	    "min-mass" };
	const char *bias = a->with_bias ? " with-bias" : "";
	char hex[ID_HEX_SIZE], data[ID_HEX_SIZE];
	enum ckpt_status st;

	if (a->method == ALIGN_SCALE)
		st = buf_printf(out, err, "scale=%s%s", scales[a->scale],
		    bias);
	else if (a->method == ALIGN_MEAN)
		st = align_mean_print(a, out, err);
	else if (a->method != ALIGN_TO)
		st = buf_printf(out, err, "canonical=%s scale=%s%s%s",
		    a->method == ALIGN_EXACT ? "exact" : "paper",
		    scales[a->scale], bias,
		    a->dtype != 0 ? " dtype=f64" : "");
	else if (a->by_activations) {
		id_hex(&a->ref_id, hex);
		id_hex(align_activations_data(a->activations), data);
		st = buf_printf(out, err, "to=%s method=activations data=%s",
		    hex, data);
	} else {
		id_hex(&a->ref_id, hex);
		st = buf_printf(out, err,
		    "to=%s scale=%s restarts=%u seed=%llu", hex,
		    scales[a->scale], a->n_restarts,
		    (unsigned long long)a->seed);
	}
	return (st == CKPT_OK ? buf_append(out, "", 1, err) : st);
}

/* The witness of both steps: of the earlier one, whose text is `old`, and of
 * `e`. The dtypes behind its element are those of the very original. */
static enum ckpt_status
print_composed(const struct align_item *item, const char *old,
    const struct sym_element *e, struct buf *out, struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct sym_element first, both;
	const char *dtypes = strchr(old, ';');
	char *text;
	enum ckpt_status st;

	text = strndup(old, dtypes != NULL ? (size_t)(dtypes - old) :
	    strlen(old));
	if (text == NULL)
		return (error_nomem(err, strlen(old)));
	st = sym_element_parse(plan, text, &first, err);
	if (st != CKPT_OK)
		goto err0;
	st = sym_element_compose(&first, e, &both, err);
	if (st != CKPT_OK)
		goto err1;
	if (dtypes == NULL)
		st = sym_witness_print(&both, item->in.head.schema,
		    item->out.head.schema, out, err);
	else {
		st = sym_element_print(&both, out, err);
		if (st == CKPT_OK)
			st = buf_append(out, dtypes, strlen(dtypes), err);
	}
	sym_element_release(&both);
err1:
	sym_element_release(&first);
err0:
	free(text);
	return (st);
}

/* The witness, if there is a way back to the original: none where this step
 * or an earlier one rounds. */
static enum ckpt_status
set_witness(struct align_item *item, const struct sym_element *e,
    struct buf *text, struct ckpt_error *err)
{
	struct meta *meta = &item->out.head.meta;
	const char *old = meta_get(meta, KEY_WITNESS);
	bool is_first = meta_get(meta, KEY_ORIGINAL) == NULL;
	enum ckpt_status st;

	if (e == NULL || (old == NULL && !is_first)) {
		meta_remove(meta, KEY_WITNESS);
		return (CKPT_OK);
	}
	text->len = 0;
	if (old == NULL)
		st = sym_witness_print(e, item->in.head.schema,
		    item->out.head.schema, text, err);
	else
		st = print_composed(item, old, e, text, err);
	if (st == CKPT_OK)
		st = buf_append(text, "", 1, err);
	if (st != CKPT_OK)
		return (st);
	return (meta_set(meta, KEY_WITNESS, (const char *)text->data, err));
}

enum ckpt_status
align_sign(const struct align *a, struct align_item *item,
    const struct sym_element *e, struct ckpt_error *err)
{
	struct meta *meta = &item->out.head.meta;
	struct buf text = BUF_INIT(2 * CKPT_MAX_VALUE);
	const char *old = meta_get(meta, KEY_METHOD);
	char hex[ID_HEX_SIZE];
	enum ckpt_status st = CKPT_OK;

	if (old != NULL)
		st = buf_printf(&text, err, "%s; ", old);
	if (st == CKPT_OK)
		st = print_method(a, &text, err);
	if (st == CKPT_OK)
		st = meta_set(meta, KEY_METHOD, (const char *)text.data, err);
	if (st == CKPT_OK)
		st = set_witness(item, e, &text, err);
	if (st == CKPT_OK && meta_get(meta, KEY_ORIGINAL) == NULL) {
		id_hex(&item->id, hex);
		st = meta_set(meta, KEY_ORIGINAL, hex, err);
	}
	buf_release(&text);
	return (st);
}

/* ---- back ---- */

static enum ckpt_status
check_original(const struct align_item *item, const char *original,
    struct ckpt_error *err)
{
	struct ckpt_id wanted, id;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st;

	if (strlen(original) != ID_HEX_SIZE - 1 ||
	    !id_parse(original, &wanted))
		return (error_set(err, CKPT_INVALID,
		    KEY_ORIGINAL ": expected a model ID"));
	st = id_of_model(&item->out, item->tensor_ids, &id, err);
	if (st != CKPT_OK || id_equal(&id, &wanted))
		return (st);
	id_hex(&id, hex);
	return (error_set(err, CKPT_MISMATCH,
	    "restored to model %s; the original was %s", hex, original));
}

enum ckpt_status
align_restore(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	const struct meta *meta = &item->in.head.meta;
	const char *original = meta_get(meta, KEY_ORIGINAL);
	const char *witness = meta_get(meta, KEY_WITNESS);
	const char *method = meta_get(meta, KEY_METHOD);
	enum ckpt_status st;

	(void)a;
	if (original == NULL)
		return (error_set(err, CKPT_INVALID, "not an aligned model: "
		    "its record has no " KEY_ORIGINAL));
	if (witness == NULL)
		return (error_set(err, CKPT_INVALID, "cannot be restored: "
		    "%.200s rounds", method != NULL ? method : "its method"));
	st = sym_restore(item->plan->plan->sym, witness, &item->in,
	    &item->out, err);
	if (st != CKPT_OK)
		return (st);
	st = check_original(item, original, err);
	if (st != CKPT_OK)
		return (st);
	meta_remove(&item->out.head.meta, KEY_ORIGINAL);
	meta_remove(&item->out.head.meta, KEY_WITNESS);
	meta_remove(&item->out.head.meta, KEY_METHOD);
	return (CKPT_OK);
}
