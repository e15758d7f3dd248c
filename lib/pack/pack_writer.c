/*
 * pack_writer: a sink of models that writes a pack.
 *
 * Small models are buffered until their group is full and are then turned
 * into columns. A model that is heavier than a group streams: its columns
 * have one row, so its bytes are the pages in order already.
 */
#include "id/id.h"
#include "pack/writer.h"

static struct writer *
of_sink(struct model_sink *sink)
{
	return ((struct writer *)(void *)sink);
}

static void
writer_free(struct writer *w)
{
	writer_part_release(w);
	schema_unref(w->schema);
	buf_release(&w->frame);
	buf_release(&w->content);
	buf_release(&w->rows);
	buf_release(&w->pages);
	buf_release(&w->prints);
	buf_release(&w->ids);
	buf_release(&w->has_ids);
	id_stream_free(w->id_stream);
	sha256_free(w->sha);
	dedup_free(w->dedup);
	batch_free(w->batch);
	free(w);
}

static enum ckpt_status
begin_large(struct writer *w, const struct model_head *head,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	w->page = NULL;
	status = writer_group_add(w, head, err);
	if (status == CKPT_OK)
		status = writer_group_begin(w, err);
	if (status == CKPT_OK && !w->options.has_ids)
		status = id_stream_begin(w->id_stream, w->schema, err);
	if (status != CKPT_OK)
		return (status);
	columns_begin(&w->cursor, w->schema, 1);
	if (w->dedup == NULL)
		return (CKPT_OK);
	w->dedup->model = w->lent;
	if (w->lent != NULL)
		return (CKPT_OK);
	w->dedup->held = malloc((size_t)w->schema->n_bytes);
	w->dedup->model = w->dedup->held;
	return (w->dedup->held != NULL ? CKPT_OK : error_nomem(err,
	    (size_t)w->schema->n_bytes));
}

/* Whether the open group takes one more model of this head. */
static bool
group_takes(const struct writer *w, const struct model_head *head,
    uint64_t weight)
{
	if (weight > WIRE_MAX_GROUP ||
	    w->weight > WIRE_MAX_GROUP - weight)
		return (false);
	return (w->schema == head->schema ||
	    schema_equal(w->schema, head->schema));
}

static enum ckpt_status
sink_begin(struct model_sink *sink, const struct model_head *head,
    struct ckpt_error *err)
{
	struct writer *w = of_sink(sink);
	uint64_t weight = writer_weight(head);
	bool is_large = weight > WIRE_MAX_GROUP || (w->dedup != NULL &&
	    head->schema->n_bytes > WIRE_SMALL_MODEL);
	enum ckpt_status status;

	if (w->in_model)
		return (error_set(err, CKPT_USAGE,
		    "a model is begun within another"));
	if (w->schema != NULL && (is_large || !group_takes(w, head, weight))) {
		status = writer_group_flush(w, err);
		if (status != CKPT_OK)
			return (status);
	}
	w->is_large = is_large;
	w->n_written = 0;
	status = w->is_large ? begin_large(w, head, err) :
	    writer_group_add(w, head, err);
	if (status != CKPT_OK)
		return (status);
	w->in_model = true;
	return (CKPT_OK);
}

/* Fills page after page; a full batch is written. */
static enum ckpt_status
write_large(struct writer *w, const unsigned char *data, size_t n,
    struct ckpt_error *err)
{
	struct columns_page page;
	enum ckpt_status status;
	size_t tensor, part;

	while (n > 0) {
		if (w->page == NULL) {
			if (!columns_next(&w->cursor, &tensor, &page))
				return (error_set(err, CKPT_USAGE,
				    "more bytes than the schema has"));
			w->page = batch_add(w->batch, page.n_bytes, 0);
			if (w->page == NULL) {
				status = writer_pages(w, err);
				if (status != CKPT_OK)
					return (status);
				w->page = batch_add(w->batch, page.n_bytes,
				    0);
				assert(w->page != NULL);
			}
			w->page->dtype =
			    w->schema->tensors[tensor].dtype;
			w->page_used = 0;
		}
		part = w->page->frame.raw - w->page_used;
		if (part > n)
			part = n;
		memcpy(w->page->raw + w->page_used, data, part);
		w->page_used += (uint32_t)part;
		data += part;
		n -= part;
		if (w->page_used == w->page->frame.raw)
			w->page = NULL;
	}
	return (CKPT_OK);
}

static enum ckpt_status
sink_write(struct model_sink *sink, const void *data, size_t n,
    struct ckpt_error *err)
{
	struct writer *w = of_sink(sink);
	enum ckpt_status status;

	if (!w->in_model || n > w->schema->n_bytes - w->n_written)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are written than the model has"));
	if (!w->is_large) {
		status = buf_append(&w->rows, data, n, err);
	} else {
		status = w->options.has_ids ? CKPT_OK :
		    id_stream_update(w->id_stream, data, n, err);
		if (status == CKPT_OK && w->dedup == NULL)
			status = write_large(w, data, n, err);
		else if (status == CKPT_OK && n > 0 && w->lent == NULL)
			memcpy(w->dedup->held + w->n_written, data, n);
	}
	if (status != CKPT_OK)
		return (status);
	w->n_written += n;
	return (CKPT_OK);
}

/* The IDs are those of the bytes that were written, unless the caller has
 * promised to give them. */
static enum ckpt_status
end_large(struct writer *w, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	const struct ckpt_id *ids = tensor_ids;
	enum ckpt_status status;

	if (!w->options.has_ids) {
		status = id_stream_end(w->id_stream, &ids, NULL, err);
		if (status != CKPT_OK)
			return (status);
		if (tensor_ids != NULL && w->schema->n_tensors > 0 &&
		    memcmp(ids, tensor_ids, w->schema->n_tensors *
		    sizeof(*ids)) != 0)
			return (error_set(err, CKPT_MISMATCH, "IDs given for "
			    "a model are not those of its bytes"));
	} else if (ids == NULL) {
		return (error_set(err, CKPT_USAGE,
		    "the IDs of a model that were promised are not given"));
	}
	status = w->dedup == NULL ? writer_pages(w, err) :
	    writer_archive_put(w, ids, err);
	if (status == CKPT_OK)
		status = writer_group_ids(w, ids, err);
	if (status == CKPT_OK)
		status = writer_group_end(w, err);
	return (status);
}

static enum ckpt_status
sink_end(struct model_sink *sink, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct writer *w = of_sink(sink);
	enum ckpt_status status;

	if (!w->in_model || w->n_written != w->schema->n_bytes)
		return (error_set(err, CKPT_USAGE,
		    "a model is ended before its last byte"));
	w->in_model = false;
	if (w->is_large)
		return (end_large(w, tensor_ids, err));
	status = writer_group_ids(w, tensor_ids, err);
	if (status == CKPT_OK &&
	    w->group.n_models >= w->options.group_models)
		status = writer_group_flush(w, err);
	return (status);
}

static enum ckpt_status
sink_close(struct model_sink *sink, struct ckpt_error *err)
{
	struct writer *w = of_sink(sink);
	enum ckpt_status status;

	if (w->in_model)
		status = error_set(err, CKPT_USAGE,
		    "a pack is closed within a model");
	else
		status = writer_group_flush(w, err);
	if (status == CKPT_OK && (!w->has_part && w->part_start == 0))
		status = writer_part_begin(w, err);
	if (status == CKPT_OK && w->has_part)
		status = writer_part_end(w, err);
	if (status == CKPT_OK)
		status = outfile_commit(w->out, err);
	else
		outfile_abort(w->out);
	writer_free(w);
	return (status);
}

static void
sink_abort(struct model_sink *sink)
{
	struct writer *w = of_sink(sink);

	outfile_abort(w->out);
	writer_free(w);
}

enum ckpt_status
pack_writer_put(struct model_sink *sink, const struct model *m,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	struct writer *w = of_sink(sink);
	enum ckpt_status status;

	w->lent = m->data;
	status = sink_begin(sink, &m->head, err);
	if (status == CKPT_OK)
		status = sink_write(sink, m->data, m->head.schema->n_bytes,
		    err);
	if (status == CKPT_OK)
		status = sink_end(sink, tensor_ids, err);
	w->lent = NULL;
	return (status);
}

static const struct model_sink_ops ops = {
	.begin = sink_begin,
	.write = sink_write,
	.end = sink_end,
	.close = sink_close,
	.abort = sink_abort
};

static void
init(struct writer *w, struct outfile *out,
    const struct pack_writer_options *options)
{
	w->base.ops = &ops;
	w->out = out;
	w->options = *options;
	if (w->options.group_models == 0 ||
	    w->options.group_models > WIRE_MAX_GROUP_MODELS)
		w->options.group_models = WIRE_MAX_GROUP_MODELS;
	wire_directory_init(&w->directory);
	buf_init(&w->frame, codec_bound(WIRE_MAX_PAYLOAD));
	buf_init(&w->content, WIRE_MAX_PAYLOAD);
	buf_init(&w->rows, WIRE_MAX_GROUP);
	buf_init(&w->pages, WIRE_MAX_PAYLOAD);
	buf_init(&w->prints, WIRE_MAX_GROUP_MODELS * sizeof(uint32_t));
	buf_init(&w->ids, WIRE_MAX_PAYLOAD);
	buf_init(&w->has_ids, WIRE_MAX_GROUP_MODELS);
}

enum ckpt_status
pack_writer_open(struct outfile *out,
    const struct pack_writer_options *options, struct model_sink **sink,
    struct ckpt_error *err)
{
	struct writer *w;
	enum ckpt_status status;

	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		outfile_abort(out);
		return (error_nomem(err, sizeof(*w)));
	}
	init(w, out, options);
	status = buf_reserve(&w->content, sizeof(struct wire_disk_group),
	    err);
	if (status == CKPT_OK) /* so that empty rows have an address */
		status = buf_reserve(&w->rows, 1, err);
	if (status == CKPT_OK)
		status = batch_new(options->n_threads, &w->batch, err);
	if (status == CKPT_OK)
		status = sha256_new(&w->sha, err);
	if (status == CKPT_OK)
		status = id_stream_new(&w->id_stream, err);
	if (status == CKPT_OK && options->is_archive)
		status = writer_archive_new(w, err);
	if (status != CKPT_OK)
		goto err0;
	*sink = &w->base;
	return (CKPT_OK);

err0:
	sink_abort(&w->base);
	return (status);
}
