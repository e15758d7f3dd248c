/*
 * writer_group: the writer's group: buffered models to columns, the page
 * table and the index.
 */
#include "id/id.h"
#include "pack/writer.h"

uint64_t
writer_weight(const struct model_head *head)
{
	const struct schema *s = head->schema;

	return (s->n_bytes + wire_model_size(head) + s->n_tensors *
	    (WIRE_ID_SIZE + sizeof(struct wire_disk_page)));
}

size_t
writer_ids_per_model(const struct schema *s)
{
	return (s->n_bytes > WIRE_SMALL_MODEL ? s->n_tensors : 1);
}

enum ckpt_status
writer_group_add(struct writer *w, const struct model_head *head,
    struct ckpt_error *err)
{
	uint32_t print = wire_print(head->label);
	enum ckpt_status status;

	if (w->schema == NULL) {
		w->schema = schema_ref(head->schema);
		w->content.len = sizeof(struct wire_disk_group);
	}
	status = wire_model_encode(head, &w->content, err);
	if (status == CKPT_OK)
		status = buf_append(&w->prints, &print, sizeof(print), err);
	if (status != CKPT_OK)
		return (status);
	w->weight += writer_weight(head);
	w->group.n_models++;
	return (CKPT_OK);
}

enum ckpt_status
writer_group_begin(struct writer *w, struct ckpt_error *err)
{
	enum ckpt_status status;
	uint32_t n_pages;

	status = columns_total(w->schema, w->group.n_models, &n_pages, err);
	if (status == CKPT_OK)
		status = writer_part_for(w, w->schema, w->group.n_models,
		    n_pages, &w->group.schema, err);
	if (status != CKPT_OK)
		return (status);
	w->group.first = w->directory.n_models;
	w->group_offset = outfile_offset(w->out) - w->part_start;
	w->group_number = w->number;
	wire_group_encode(&w->group, w->content.data);
	return (writer_frame(w, WIRE_GROUP, w->content.data, w->content.len,
	    err));
}

enum codec_kind
writer_codec(const struct writer *w)
{
	switch (w->options.codec) {
	case PACK_CODEC_NONE:
		return (CODEC_NONE);
	case PACK_CODEC_ZSTD:
		return (CODEC_ZSTD);
	default:
		return (CODEC_PLANES);
	}
}

enum ckpt_status
writer_pages(struct writer *w, struct ckpt_error *err)
{
	unsigned char header[WIRE_FRAME_SIZE];
	unsigned char disk[sizeof(struct wire_disk_page)];
	struct wire_page entry;
	struct batch_page *p;
	enum ckpt_status status;
	size_t i;

	status = batch_encode(w->batch, writer_codec(w), w->options.level,
	    err);
	for (i = 0; i < w->batch->n_pages && status == CKPT_OK; i++) {
		p = &w->batch->pages[i];
		p->frame.number = w->number++;
		wire_frame_encode(&p->frame, header);
		entry.codec = p->frame.codec;
		entry.stored = p->frame.stored;
		entry.check = p->frame.check;
		wire_page_encode(&entry, disk);
		writer_archive_page(w, p);
		status = buf_append(&w->pages, disk, sizeof(disk), err);
		if (status == CKPT_OK)
			status = outfile_write(w->out, header,
			    sizeof(header), err);
		if (status == CKPT_OK)
			status = outfile_write(w->out, p->stored,
			    p->frame.stored, err);
	}
	batch_clear(w->batch);
	return (status);
}

/* The IDs as they are stored: those of the tensors, or one over the models
 * (12.2). */
static enum ckpt_status
stored_ids(struct writer *w, struct wire_index *x, struct ckpt_id *one)
{
	const struct ckpt_id *models = (const void *)w->ids.data;
	char hex[ID_HEX_SIZE];
	uint32_t i;

	if (w->schema->n_bytes > WIRE_SMALL_MODEL) {
		x->ids = WIRE_IDS_TENSORS;
		x->id = w->ids.data;
		x->n_ids = w->ids.len / WIRE_ID_SIZE;
		return (CKPT_OK);
	}
	sha256_reset(w->sha);
	sha256_update(w->sha, "ckpt group 1\n", 13);
	for (i = 0; i < w->group.n_models; i++) {
		id_hex(&models[i], hex);
		hex[ID_HEX_SIZE - 1] = '\n';
		sha256_update(w->sha, hex, ID_HEX_SIZE);
	}
	sha256_final(w->sha, one);
	x->ids = WIRE_IDS_GROUP;
	x->id = one->bytes;
	x->n_ids = 1;
	return (CKPT_OK);
}

static enum ckpt_status
put_index(struct writer *w, struct ckpt_error *err)
{
	struct buf schema = BUF_INIT(WIRE_MAX_PAYLOAD);
	struct buf out = BUF_INIT(WIRE_MAX_PAYLOAD);
	struct wire_index x;
	struct ckpt_id one;
	enum ckpt_status status;

	memset(&x, 0, sizeof(x));
	status = wire_schema_encode(w->schema, &schema, err);
	if (status != CKPT_OK)
		goto err0;
	x.group_offset = w->group_offset;
	x.group_number = w->group_number;
	x.schema = schema.data;
	x.n_schema = (uint32_t)schema.len;
	x.group = w->content.data;
	x.n_group = (uint32_t)w->content.len;
	x.pages = w->pages.data;
	x.n_pages = (uint32_t)(w->pages.len /
	    sizeof(struct wire_disk_page));
	status = stored_ids(w, &x, &one);
	if (status == CKPT_OK)
		status = wire_index_encode(&x, &out, err);
	if (status == CKPT_OK)
		status = writer_frame(w, WIRE_INDEX, out.data, out.len, err);
err0:
	buf_release(&out);
	buf_release(&schema);
	return (status);
}

enum ckpt_status
writer_group_end(struct writer *w, struct ckpt_error *err)
{
	struct wire_entry e;
	enum ckpt_status status;

	e.index_offset = outfile_offset(w->out) - w->part_start;
	e.index_number = w->number;
	e.n_models = w->group.n_models;
	e.schema = w->group.schema;
	status = put_index(w, err);
	if (status != CKPT_OK)
		return (status);
	e.index_stored = (uint32_t)(outfile_offset(w->out) - w->part_start -
	    e.index_offset - WIRE_FRAME_SIZE);
	status = wire_directory_add(&w->directory, &e,
	    (const void *)w->prints.data, err);
	if (status != CKPT_OK)
		return (status);
	schema_unref(w->schema);
	w->schema = NULL;
	memset(&w->group, 0, sizeof(w->group));
	w->weight = 0;
	w->content.len = w->rows.len = w->pages.len = 0;
	w->prints.len = w->ids.len = w->has_ids.len = 0;
	return (CKPT_OK);
}

enum ckpt_status
writer_group_ids(struct writer *w, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	size_t n = writer_ids_per_model(w->schema);
	unsigned char has = tensor_ids != NULL;
	struct ckpt_id model;
	enum ckpt_status status;

	status = buf_append(&w->has_ids, &has, 1, err);
	if (status != CKPT_OK)
		return (status);
	if (!has) {
		status = buf_reserve(&w->ids, n * sizeof(*tensor_ids), err);
		if (status == CKPT_OK)
			w->ids.len += n * sizeof(*tensor_ids);
		return (status);
	}
	if (w->schema->n_bytes > WIRE_SMALL_MODEL)
		return (buf_append(&w->ids, tensor_ids,
		    n * sizeof(*tensor_ids), err));
	status = id_model(w->sha, w->schema, tensor_ids, &model, err);
	if (status != CKPT_OK)
		return (status);
	return (buf_append(&w->ids, &model, sizeof(model), err));
}

/* Computes the IDs of one buffered model, where they were not given. */
static enum ckpt_status
identify(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct writer *w = arg;
	size_t n = writer_ids_per_model(w->schema);
	struct ckpt_id *ids = (struct ckpt_id *)(void *)w->ids.data + i * n;
	struct ckpt_id model;
	struct model m;
	bool is_small = w->schema->n_bytes <= WIRE_SMALL_MODEL;

	(void)thread;
	if (w->has_ids.data[i])
		return (CKPT_OK);
	memset(&m, 0, sizeof(m));
	m.head.schema = w->schema;
	m.data = w->rows.data + i * w->schema->n_bytes;
	return (id_of_model(&m, is_small ? NULL : ids, is_small ? ids :
	    &model, err));
}

/* The buffered models column by column into pages. */
static enum ckpt_status
put_columns(struct writer *w, struct ckpt_error *err)
{
	struct columns_cursor c;
	struct columns_page page;
	struct batch_page *p;
	enum ckpt_status status;
	size_t tensor;

	columns_begin(&c, w->schema, w->group.n_models);
	while (columns_next(&c, &tensor, &page)) {
		p = batch_add(w->batch, page.n_bytes, 0);
		if (p == NULL) {
			status = writer_pages(w, err);
			if (status != CKPT_OK)
				return (status);
			p = batch_add(w->batch, page.n_bytes, 0);
			assert(p != NULL);
		}
		p->dtype = w->schema->tensors[tensor].dtype;
		columns_gather(w->schema, tensor, &page, w->rows.data,
		    p->raw);
	}
	return (writer_pages(w, err));
}

enum ckpt_status
writer_group_flush(struct writer *w, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (w->schema == NULL)
		return (CKPT_OK);
	status = threads_for(w->batch->n_threads, w->group.n_models,
	    identify, w, err);
	if (status == CKPT_OK)
		status = writer_group_begin(w, err);
	if (status == CKPT_OK)
		status = put_columns(w, err);
	if (status == CKPT_OK)
		status = writer_group_end(w, err);
	return (status);
}
