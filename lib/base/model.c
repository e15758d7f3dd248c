#include "base/banned.h"
#include "base/error.h"
#include "base/model.h"

enum ckpt_status
model_head_copy(const struct model_head *from, struct model_head *to,
    struct ckpt_error *err)
{
	struct model_head h = { .n_source_meta = from->n_source_meta };
	enum ckpt_status st = CKPT_NO_MEMORY;

	h.label = strdup(from->label);
	if (from->source_meta != NULL)
		h.source_meta = malloc(from->n_source_meta + 1);
	if (h.label == NULL ||
	    (from->source_meta != NULL && h.source_meta == NULL)) {
		(void)error_nomem(err, from->n_source_meta);
		goto err0;
	}
	if (from->source_meta != NULL && from->n_source_meta > 0)
		memcpy(h.source_meta, from->source_meta, from->n_source_meta);
	st = meta_copy(&from->meta, &h.meta, err);
	if (st != CKPT_OK)
		goto err0;
	h.schema = schema_ref(from->schema);
	*to = h;
	return (CKPT_OK);

err0:
	model_head_release(&h);
	return (st);
}

void
model_head_release(struct model_head *head)
{
	schema_unref(head->schema);
	free(head->label);
	free(head->source_meta);
	meta_release(&head->meta);
	memset(head, 0, sizeof(*head));
}

enum ckpt_status
model_alloc(struct model *m, struct ckpt_error *err)
{
	uint64_t n = m->head.schema->n_bytes;

	if (n > SIZE_MAX - 64)
		return (error_nomem(err, n));
	n = (n + 64) / 64 * 64;
	m->data = aligned_alloc(64, (size_t)n);
	if (m->data == NULL)
		return (error_nomem(err, n));
	memset(m->data, 0, (size_t)n);
	return (CKPT_OK);
}

void
model_release(struct model *m)
{
	model_head_release(&m->head);
	free(m->data);
	m->data = NULL;
}

enum ckpt_status
model_next(struct model_source *src, struct model_head *head,
    struct ckpt_error *err)
{
	return (src->ops->next(src, head, err));
}

enum ckpt_status
model_read(struct model_source *src, void *out, size_t n,
    struct ckpt_error *err)
{
	return (src->ops->read(src, out, n, err));
}

enum ckpt_status
model_confirm(struct model_source *src, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	if (src->ops->confirm == NULL)
		return (CKPT_OK);
	return (src->ops->confirm(src, tensor_ids, err));
}

void
model_source_close(struct model_source *src)
{
	if (src != NULL)
		src->ops->close(src);
}

enum ckpt_status
model_load(struct model_source *src, uint64_t max_bytes, struct model *out,
    struct ckpt_error *err)
{
	struct model m = { .data = NULL };
	enum ckpt_status st;

	st = model_next(src, &m.head, err);
	if (st != CKPT_OK)
		return (st);
	if (m.head.schema->n_bytes > max_bytes) {
		st = error_set(err, CKPT_LIMIT,
		    "model %.200s has %llu bytes; at most %llu are allowed",
		    m.head.label,
		    (unsigned long long)m.head.schema->n_bytes,
		    (unsigned long long)max_bytes);
		goto err0;
	}
	st = model_alloc(&m, err);
	if (st != CKPT_OK)
		goto err0;
	st = model_read(src, m.data, (size_t)m.head.schema->n_bytes, err);
	if (st != CKPT_OK)
		goto err0;
	*out = m;
	return (CKPT_OK);

err0:
	model_release(&m);
	return (st);
}

enum ckpt_status
model_begin(struct model_sink *sink, const struct model_head *head,
    struct ckpt_error *err)
{
	return (sink->ops->begin(sink, head, err));
}

enum ckpt_status
model_write(struct model_sink *sink, const void *data, size_t n,
    struct ckpt_error *err)
{
	return (sink->ops->write(sink, data, n, err));
}

enum ckpt_status
model_end(struct model_sink *sink, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	return (sink->ops->end(sink, tensor_ids, err));
}

enum ckpt_status
model_sink_close(struct model_sink *sink, struct ckpt_error *err)
{
	return (sink->ops->close(sink, err));
}

void
model_sink_abort(struct model_sink *sink)
{
	if (sink != NULL)
		sink->ops->abort(sink);
}

enum ckpt_status
model_put(struct model_sink *sink, const struct model *m,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	st = model_begin(sink, &m->head, err);
	if (st != CKPT_OK)
		return (st);
	st = model_write(sink, m->data, (size_t)m->head.schema->n_bytes, err);
	if (st != CKPT_OK)
		return (st);
	return (model_end(sink, NULL, err));
}
