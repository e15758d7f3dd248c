/*
 * pack_public_reader: the calls of ckpt.h that read packs.
 */
#include "pack/pack.h"

struct ckpt_reader {
	struct model_source *source;
	struct id_stream *ids;
	struct model_head head;
	uint64_t left;       /* bytes of the current model */
	ckpt_progress watch;
	void *arg;
	uint64_t n_done;     /* bytes of weights */
	bool has_id;
	struct ckpt_id id;
	struct ckpt_error failure; /* of the input: nothing follows it */
};

/* Keeps and tells what failed. */
static enum ckpt_status
fail(struct ckpt_reader *r, enum ckpt_status status, struct ckpt_error *err)
{
	r->failure.status = status;
	if (err != NULL)
		*err = r->failure;
	return (status);
}

enum ckpt_status
ckpt_reader_open(int fd, unsigned n_threads, uint64_t memory,
    struct ckpt_reader **out, struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = n_threads, .memory = memory
	};
	struct ckpt_reader *r;
	struct bytes *in;
	enum ckpt_status status;

	status = bytes_fd(fd, &in, err);
	if (status != CKPT_OK)
		return (status);
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*r)));
	}
	r->failure.offset = CKPT_NO_OFFSET;
	status = pack_source_open(in, &o, &r->source, err);
	if (status == CKPT_OK)
		status = id_stream_new(&r->ids, err);
	if (status != CKPT_OK) {
		ckpt_reader_close(r);
		return (status);
	}
	*out = r;
	return (CKPT_OK);
}

enum ckpt_status
pack_public_reader(struct model_source *source, struct ckpt_reader **out,
    struct ckpt_error *err)
{
	struct ckpt_reader *r = calloc(1, sizeof(*r));
	enum ckpt_status status;

	if (r == NULL) {
		model_source_close(source);
		return (error_nomem(err, sizeof(*r)));
	}
	r->source = source;
	r->failure.offset = CKPT_NO_OFFSET;
	status = id_stream_new(&r->ids, err);
	if (status != CKPT_OK) {
		ckpt_reader_close(r);
		return (status);
	}
	*out = r;
	return (CKPT_OK);
}

void
ckpt_reader_watch(struct ckpt_reader *r, ckpt_progress watch, void *arg)
{
	r->watch = watch;
	r->arg = arg;
}

/* All bytes are read: the IDs must be those of the pack. */
static enum ckpt_status
finish(struct ckpt_reader *r, struct ckpt_error *err)
{
	const struct ckpt_id *tensor_ids;
	enum ckpt_status status;

	status = id_stream_end(r->ids, &tensor_ids, &r->id, err);
	if (status == CKPT_OK)
		status = model_confirm(r->source, tensor_ids, err);
	if (status != CKPT_OK)
		return (status);
	r->has_id = true;
	return (CKPT_OK);
}

enum ckpt_status
ckpt_reader_next(struct ckpt_reader *r, struct ckpt_error *err)
{
	struct ckpt_error *why = &r->failure;
	enum ckpt_status status = why->status;

	model_head_release(&r->head);
	r->left = 0;
	r->has_id = false;
	if (status == CKPT_OK)
		status = model_next(r->source, &r->head, why);
	if (status == CKPT_END)
		return (status);
	if (status == CKPT_OK) {
		r->left = r->head.schema->n_bytes;
		status = id_stream_begin(r->ids, r->head.schema, why);
	}
	if (status == CKPT_OK && r->left == 0)
		status = finish(r, why);
	return (status == CKPT_OK ? CKPT_OK : fail(r, status, err));
}

const char *
ckpt_reader_label(const struct ckpt_reader *r)
{
	return (r->head.label);
}

size_t
ckpt_reader_n_tensors(const struct ckpt_reader *r)
{
	return (r->head.schema == NULL ? 0 : r->head.schema->n_tensors);
}

void
ckpt_reader_tensor(const struct ckpt_reader *r, size_t i,
    struct ckpt_tensor *out)
{
	pack_public_tensor(i < ckpt_reader_n_tensors(r) ?
	    &r->head.schema->tensors[i] : NULL, out);
}

void
pack_public_tensor(const struct tensor_desc *t, struct ckpt_tensor *out)
{
	if (t == NULL) {
		memset(out, 0, sizeof(*out));
		return;
	}
	out->name = t->name;
	out->dtype = t->dtype;
	out->n_dims = t->n_dims;
	out->dims = t->dims;
	out->n_bytes = t->n_bytes;
}

size_t
ckpt_reader_n_meta(const struct ckpt_reader *r)
{
	return (r->head.meta.n);
}

void
ckpt_reader_meta(const struct ckpt_reader *r, size_t i, const char **key,
    const char **value)
{
	bool is = i < r->head.meta.n;

	*key = is ? r->head.meta.entries[i].key : NULL;
	*value = is ? r->head.meta.entries[i].value : NULL;
}

enum ckpt_status
ckpt_reader_read(struct ckpt_reader *r, void *out, size_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (r->failure.status != CKPT_OK)
		return (fail(r, r->failure.status, err));
	if (n > r->left)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are read than the model has"));
	if (n == 0)
		return (CKPT_OK);
	status = model_read(r->source, out, n, &r->failure);
	if (status == CKPT_OK)
		status = id_stream_update(r->ids, out, n, &r->failure);
	if (status == CKPT_OK) {
		r->left -= n;
		r->n_done += n;
		if (r->watch != NULL && r->watch(r->arg, r->n_done) != 0)
			status = error_set(&r->failure, CKPT_CANCELLED,
			    "cancelled");
	}
	if (status == CKPT_OK && r->left == 0)
		status = finish(r, &r->failure);
	return (status == CKPT_OK ? CKPT_OK : fail(r, status, err));
}

enum ckpt_status
ckpt_reader_model_id(const struct ckpt_reader *r, struct ckpt_id *out,
    struct ckpt_error *err)
{
	if (!r->has_id)
		return (error_set(err, CKPT_USAGE,
		    "the model has not been read whole"));
	*out = r->id;
	return (CKPT_OK);
}

void
ckpt_reader_close(struct ckpt_reader *r)
{
	if (r == NULL)
		return;
	model_head_release(&r->head);
	model_source_close(r->source);
	id_stream_free(r->ids);
	free(r);
}
