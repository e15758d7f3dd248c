#include "list.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

void
list_init(struct list *l, bool is_json, bool is_tensors)
{
	memset(l, 0, sizeof(*l));
	l->is_json = is_json;
	l->is_tensors = is_tensors;
	buf_init(&l->line, LINE_MAX_BYTES);
}

void
list_release(struct list *l)
{
	schema_unref(l->schema);
	buf_release(&l->line);
}

void
list_begin(const struct list *l)
{
	if (!l->is_json)
		(void)puts(l->is_tensors ?
		    "label\ttensor\tid\tdtype\tshape\tbytes" :
		    "label\tmodel\tschema\tparameters\tdtype\tbytes");
}

static enum ckpt_status
put_dims(struct buf *b, const struct tensor_desc *t, struct ckpt_error *err)
{
	unsigned i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < t->n_dims && st == CKPT_OK; i++)
		st = buf_printf(b, err, "%s%llu", i == 0 ? "" : ",",
		    (unsigned long long)t->dims[i]);
	return (st);
}

/* The schema's short ID. */
static enum ckpt_status
enter_schema(struct list *l, struct schema *s, struct ckpt_error *err)
{
	struct sha256 *h;
	struct ckpt_id id;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st = sha256_new(&h, err);

	if (st != CKPT_OK)
		return (st);
	st = id_schema(h, s, &id, err);
	sha256_free(h);
	if (st != CKPT_OK)
		return (st);
	id_hex(&id, hex);
	memcpy(l->schema_id, hex, sizeof(l->schema_id) - 1);
	(void)schema_ref(s);
	schema_unref(l->schema);
	l->schema = s;
	return (CKPT_OK);
}

/* Appends a label or a name in the manner of the output. */
static enum ckpt_status
put_text(struct list *l, const char *s, struct ckpt_error *err)
{
	return (l->is_json ? text_json(&l->line, s, err) :
	    text_escape(&l->line, s, err));
}

static enum ckpt_status
put_model(struct list *l, const struct model_head *head,
    const struct ckpt_id *model, struct ckpt_error *err)
{
	const struct schema *s = head->schema;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st = CKPT_OK;

	id_hex(model, hex);
	l->line.len = 0;
	if (l->is_json)
		st = buf_printf(&l->line, err, "{\"label\":");
	if (st == CKPT_OK)
		st = put_text(l, head->label, err);
	if (st == CKPT_OK)
		st = buf_printf(&l->line, err, l->is_json ?
		    ",\"model\":\"%s\",\"schema\":\"%s\",\"parameters\":%llu,"
		    "\"dtype\":\"%s\",\"bytes\":%llu}\n" :
		    "\t%s\t%s\t%llu\t%s\t%llu\n", hex, l->schema_id,
		    (unsigned long long)schema_n_elements(s),
		    schema_dtype_name(s), (unsigned long long)s->n_bytes);
	if (st == CKPT_OK)
		(void)fwrite(l->line.data, 1, l->line.len, stdout);
	return (st);
}

static enum ckpt_status
put_tensor(struct list *l, const struct model_head *head,
    const struct tensor_desc *t, const struct ckpt_id *id,
    struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	enum ckpt_status st = CKPT_OK;

	id_hex(id, hex);
	l->line.len = 0;
	if (l->is_json)
		st = buf_printf(&l->line, err, "{\"label\":");
	if (st == CKPT_OK)
		st = put_text(l, head->label, err);
	if (st == CKPT_OK)
		st = buf_printf(&l->line, err,
		    l->is_json ? ",\"tensor\":" : "\t");
	if (st == CKPT_OK)
		st = put_text(l, t->name, err);
	if (st == CKPT_OK)
		st = buf_printf(&l->line, err, l->is_json ?
		    ",\"id\":\"%s\",\"dtype\":\"%s\",\"shape\":[" :
		    "\t%s\t%s\t", hex, dtype_name(t->dtype));
	if (st == CKPT_OK)
		st = put_dims(&l->line, t, err);
	if (st == CKPT_OK)
		st = buf_printf(&l->line, err,
		    l->is_json ? "],\"bytes\":%llu}\n" : "\t%llu\n",
		    (unsigned long long)t->n_bytes);
	if (st == CKPT_OK)
		(void)fwrite(l->line.data, 1, l->line.len, stdout);
	return (st);
}

enum ckpt_status
list_model(struct list *l, const struct model_head *head,
    const struct ckpt_id *tensor_ids, const struct ckpt_id *model,
    struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = CKPT_OK;

	if (head->schema != l->schema)
		st = enter_schema(l, head->schema, err);
	if (st != CKPT_OK)
		return (st);
	if (!l->is_tensors)
		return (put_model(l, head, model, err));
	for (i = 0; i < head->schema->n_tensors && st == CKPT_OK; i++)
		st = put_tensor(l, head, &head->schema->tensors[i],
		    &tensor_ids[i], err);
	return (st);
}
