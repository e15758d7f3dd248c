/*
 * wire_model_encode: heads of models to bytes.
 */
#include "pack/wire.h"

uint64_t
wire_model_size(const struct model_head *head)
{
	uint64_t n = sizeof(struct wire_disk_model);
	size_t i;

	n += strlen(head->label);
	for (i = 0; i < head->meta.n; i++)
		n += sizeof(struct wire_disk_meta) +
		    strlen(head->meta.entries[i].key) +
		    strlen(head->meta.entries[i].value);
	if (head->source_meta != NULL)
		n += head->n_source_meta;
	return (n);
}

static enum ckpt_status
append_meta(const struct meta_entry *e, struct buf *out,
    struct ckpt_error *err)
{
	struct wire_disk_meta d;
	size_t n_key = strlen(e->key), n_value = strlen(e->value);
	enum ckpt_status status;

	if (n_key == 0 || n_key > CKPT_MAX_KEY || n_value > CKPT_MAX_VALUE)
		return (error_set(err, CKPT_LIMIT, "metadata entry with a key "
		    "of %zu and a value of %zu bytes", n_key, n_value));
	d.n_key[0] = (unsigned char)n_key;
	le32_store(d.n_value, (uint32_t)n_value);
	status = buf_append(out, &d, sizeof(d), err);
	if (status == CKPT_OK)
		status = buf_append(out, e->key, n_key, err);
	if (status == CKPT_OK)
		status = buf_append(out, e->value, n_value, err);
	return (status);
}

enum ckpt_status
wire_model_encode(const struct model_head *head, struct buf *out,
    struct ckpt_error *err)
{
	struct wire_disk_model d;
	size_t n_label = strlen(head->label), i;
	size_t n_source = head->source_meta ? head->n_source_meta : 0;
	enum ckpt_status status;

	if (n_label > CKPT_MAX_LABEL)
		return (error_set(err, CKPT_LIMIT, "label of %zu bytes, "
		    "expected at most %d", n_label, CKPT_MAX_LABEL));
	if (head->meta.n > CKPT_MAX_META || n_source > WIRE_MAX_PAYLOAD)
		return (error_set(err, CKPT_LIMIT, "%zu metadata entries and "
		    "a source's text of %zu bytes", head->meta.n, n_source));
	memset(&d, 0, sizeof(d));
	le16_store(d.n_label, (uint16_t)n_label);
	le16_store(d.n_meta, (uint16_t)head->meta.n);
	if (head->source_meta != NULL)
		le32_store(d.flags, WIRE_MODEL_SOURCE_META);
	le32_store(d.n_source_meta, (uint32_t)n_source);
	status = buf_append(out, &d, sizeof(d), err);
	if (status == CKPT_OK)
		status = buf_append(out, head->label, n_label, err);
	for (i = 0; i < head->meta.n && status == CKPT_OK; i++)
		status = append_meta(&head->meta.entries[i], out, err);
	if (status == CKPT_OK)
		status = buf_append(out, head->source_meta, n_source, err);
	return (status);
}
