/*
 * pack_source: the models of a pack, front to back, from a pipe or a file.
 *
 * A group of up to 8 MiB is read whole, index included, before its first
 * model is handed out; a larger model streams page by page.
 */
#include "id/id.h"
#include "pack/reader.h"

static struct reader *
of_source(struct model_source *src)
{
	return ((struct reader *)(void *)src);
}

/* Remembers a failure: a damaged stream has no next model. */
static enum ckpt_status
fail(struct reader *r, enum ckpt_status status, struct ckpt_error *err)
{
	r->failed = status;
	if (err != NULL)
		r->error = *err;
	return (status);
}

static enum ckpt_status
next_group(struct reader *r, struct ckpt_error *err)
{
	struct wire_frame f;
	enum ckpt_status status;

	status = reader_group_finish(r, err);
	if (status != CKPT_OK)
		return (status);
	reader_group_release(r);
	status = reader_seek_group(r, &f, err);
	if (status == CKPT_OK)
		status = reader_group_begin(r, &f, err);
	return (status);
}

static enum ckpt_status
source_next(struct model_source *src, struct model_head *head,
    struct ckpt_error *err)
{
	struct reader *r = of_source(src);
	struct model_head *h;
	enum ckpt_status status;

	if (r->failed != CKPT_OK) {
		if (err != NULL && r->failed != CKPT_END)
			*err = r->error;
		return (r->failed);
	}
	if (r->n_given == r->group.n_models) {
		status = next_group(r, err);
		if (status != CKPT_OK)
			return (fail(r, status, err));
	}
	h = &r->heads[r->n_given++];
	*head = *h;
	head->schema = schema_ref(r->schema);
	/* The label stays for messages; the rest is the caller's. */
	memset(h, 0, sizeof(*h));
	h->label = strdup(head->label);
	if (h->label == NULL) {
		model_head_release(head);
		return (fail(r, error_nomem(err, CKPT_MAX_LABEL), err));
	}
	r->n_read = 0;
	return (CKPT_OK);
}

/* Bytes of a model that streams, from the pages of the batch. */
static enum ckpt_status
read_streaming(struct reader *r, unsigned char *out, size_t n,
    struct ckpt_error *err)
{
	const struct batch_page *p;
	enum ckpt_status status;
	size_t part;

	while (n > 0) {
		if (r->batch_page == r->batch->n_pages) {
			status = reader_group_fill(r, err);
			if (status != CKPT_OK)
				return (status);
			assert(r->batch->n_pages > 0);
		}
		p = &r->batch->pages[r->batch_page];
		part = p->frame.raw - r->batch_used;
		if (part > n)
			part = n;
		memcpy(out, p->raw + r->batch_used, part);
		out += part;
		n -= part;
		r->batch_used += (uint32_t)part;
		if (r->batch_used == p->frame.raw) {
			r->batch_page++;
			r->batch_used = 0;
		}
	}
	return (CKPT_OK);
}

static enum ckpt_status
source_read(struct model_source *src, void *out, size_t n,
    struct ckpt_error *err)
{
	struct reader *r = of_source(src);
	enum ckpt_status status;

	if (r->failed != CKPT_OK || r->n_given == 0 ||
	    n > r->schema->n_bytes - r->n_read)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are read than the model has"));
	if (r->rows == NULL) {
		status = read_streaming(r, out, n, err);
		if (status != CKPT_OK)
			return (fail(r, status, err));
	} else if (n > 0) {
		memcpy(out, r->rows + (r->n_given - 1) * r->schema->n_bytes +
		    r->n_read, n);
	}
	r->n_read += n;
	return (CKPT_OK);
}

static enum ckpt_status
source_pread(struct model_source *src, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct reader *r = of_source(src);

	if (r->rows == NULL || r->n_given == 0)
		return (CKPT_USAGE);
	if (offset > r->schema->n_bytes || n > r->schema->n_bytes - offset)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are read than the model has"));
	if (n > 0)
		memcpy(out, r->rows + (r->n_given - 1) * r->schema->n_bytes +
		    offset, n);
	return (CKPT_OK);
}

static enum ckpt_status
source_confirm(struct model_source *src, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct reader *r = of_source(src);
	struct confirm_group g;
	enum ckpt_status status;

	/* a model in memory may have been read by pread */
	if (r->failed != CKPT_OK || r->n_given == 0 ||
	    (r->rows == NULL && r->n_read != r->schema->n_bytes))
		return (error_set(err, CKPT_USAGE,
		    "a model is confirmed before its last byte"));
	status = reader_group_finish(r, err);
	if (status != CKPT_OK)
		return (fail(r, status, err));
	g.schema = r->schema;
	g.n_models = r->group.n_models;
	g.kind = r->ids_kind;
	g.ids = (const void *)r->ids.data;
	g.row = r->n_given - 1;
	g.label = r->heads[g.row].label;
	g.offset = r->index_offset;
	status = confirm_model(&r->confirm, &g, tensor_ids, err);
	return (status == CKPT_OK ? CKPT_OK : fail(r, status, err));
}

static void
source_close(struct model_source *src)
{
	struct reader *r = of_source(src);

	if (r->batch != NULL)
		reader_group_release(r);
	reader_part_release(r);
	buf_release(&r->stored);
	buf_release(&r->raw);
	buf_release(&r->content);
	buf_release(&r->pages);
	buf_release(&r->ids);
	confirm_release(&r->confirm);
	batch_free(r->batch);
	bytes_close(r->in);
	free(r);
}

static const struct model_source_ops ops = {
	.next = source_next,
	.read = source_read,
	.confirm = source_confirm,
	.pread = source_pread,
	.close = source_close
};

enum ckpt_status
pack_source_open(struct bytes *in,
    const struct pack_reader_options *options, struct model_source **out,
    struct ckpt_error *err)
{
	struct reader *r;
	struct pack_index *x;
	enum ckpt_status status;

	if (options->lost != NULL && bytes_is_random(in, NULL)) {
		status = pack_index_open(in, options, &x, err);
		return (status == CKPT_OK ?
		    pack_index_source(x, NULL, out, err) : status);
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*r)));
	}
	r->base.ops = &ops;
	r->in = in;
	r->memory = options->memory != 0 ? options->memory : READER_MEMORY;
	wire_directory_init(&r->directory);
	buf_init(&r->stored, (size_t)WIRE_MAX_PAYLOAD + 1);
	buf_init(&r->raw, (size_t)WIRE_MAX_PAYLOAD + 1);
	buf_init(&r->content, WIRE_MAX_PAYLOAD);
	buf_init(&r->pages, WIRE_MAX_PAYLOAD);
	buf_init(&r->ids, WIRE_MAX_PAYLOAD);
	status = batch_new(options->n_threads, &r->batch, err);
	if (status == CKPT_OK)
		status = batch_follow(r->batch, reader_again, r,
		    options->bases, (size_t)r->memory, err);
	if (status == CKPT_OK)
		status = confirm_init(&r->confirm, err);
	if (status != CKPT_OK)
		goto err0;
	*out = &r->base;
	return (CKPT_OK);

err0:
	source_close(&r->base);
	return (status);
}
