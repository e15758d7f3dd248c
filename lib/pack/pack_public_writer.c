/*
 * pack_public_writer: the calls of ckpt.h that write packs.
 */
#include "pack/pack.h"

struct ckpt_writer {
	struct model_sink *sink;
	struct schema *last; /* models of one kind share their schema */
	ckpt_progress watch;
	void *arg;
	uint64_t n_done;     /* bytes of weights */
	uint64_t left;       /* of them, of the model that was begun */
	bool is_begun;
	struct ckpt_error failure; /* the first one: nothing follows it */
};

/* Ends a call: what failed is kept and told. */
static enum ckpt_status
end_call(struct ckpt_writer *w, enum ckpt_status status,
    struct ckpt_error *err)
{
	if (status == CKPT_OK)
		return (CKPT_OK);
	w->failure.status = status;
	if (err != NULL)
		*err = w->failure;
	return (status);
}

/* Begins one: what failed before, or the caller's mistake. */
static enum ckpt_status
begin_call(struct ckpt_writer *w, bool wants_model)
{
	if (w->failure.status != CKPT_OK)
		return (w->failure.status);
	if (w->is_begun == wants_model)
		return (CKPT_OK);
	return (error_set(&w->failure, CKPT_USAGE, wants_model ?
	    "no model was begun" : "the model before was not ended"));
}

static enum ckpt_status
open_fd(int fd, bool is_archive, unsigned n_threads,
    struct ckpt_writer **out, struct ckpt_error *err)
{
	struct pack_writer_options o = {
		.codec = PACK_CODEC_FLOAT,
		.is_archive = is_archive,
		.n_threads = n_threads
	};
	struct model_sink *sink;
	struct outfile *f;
	enum ckpt_status status;

	status = outfile_borrow(fd, &f, err);
	if (status == CKPT_OK)
		status = pack_writer_open(f, &o, &sink, err);
	return (status == CKPT_OK ? pack_public_writer(sink, out, err) :
	    status);
}

enum ckpt_status
ckpt_writer_open(int fd, unsigned n_threads, struct ckpt_writer **out,
    struct ckpt_error *err)
{
	return (open_fd(fd, false, n_threads, out, err));
}

enum ckpt_status
ckpt_writer_open_archive(int fd, unsigned n_threads,
    struct ckpt_writer **out, struct ckpt_error *err)
{
	return (open_fd(fd, true, n_threads, out, err));
}

enum ckpt_status
pack_public_writer(struct model_sink *sink, struct ckpt_writer **out,
    struct ckpt_error *err)
{
	struct ckpt_writer *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		model_sink_abort(sink);
		return (error_nomem(err, sizeof(*w)));
	}
	w->sink = sink;
	w->failure.offset = CKPT_NO_OFFSET;
	*out = w;
	return (CKPT_OK);
}

void
ckpt_writer_watch(struct ckpt_writer *w, ckpt_progress watch, void *arg)
{
	w->watch = watch;
	w->arg = arg;
}

/* The tensors as a schema; the last one again if it is the same. */
static enum ckpt_status
schema_of(struct ckpt_writer *w, const struct ckpt_tensor *t, size_t n,
    struct ckpt_error *err)
{
	struct schema *s;
	enum ckpt_status status;
	size_t i;

	status = schema_new(&s, err);
	if (status != CKPT_OK)
		return (status);
	for (i = 0; i < n && status == CKPT_OK; i++)
		status = schema_add(s, t[i].name, strlen(t[i].name),
		    t[i].dtype, t[i].n_dims, t[i].dims, err);
	if (status == CKPT_OK)
		status = schema_finish(s, err);
	if (status != CKPT_OK ||
	    (w->last != NULL && schema_equal(s, w->last))) {
		schema_unref(s);
		return (status);
	}
	schema_unref(w->last);
	w->last = s;
	return (CKPT_OK);
}

/* Whether all texts and arrays are there. */
static bool
is_complete(const char *label, const struct ckpt_tensor *t, size_t n,
    const char *const *keys, const char *const *values, size_t n_meta)
{
	bool is = label != NULL && (n == 0 || t != NULL) &&
	    (n_meta == 0 || (keys != NULL && values != NULL));
	size_t i;

	for (i = 0; is && i < n; i++)
		is = t[i].name != NULL &&
		    (t[i].n_dims == 0 || t[i].dims != NULL);
	for (i = 0; is && i < n_meta; i++)
		is = keys[i] != NULL && values[i] != NULL;
	return (is);
}

static enum ckpt_status
begin(struct ckpt_writer *w, const char *label, const char *const *keys,
    const char *const *values, size_t n_meta, struct ckpt_error *err)
{
	struct model_head head = { .schema = schema_ref(w->last) };
	enum ckpt_status status = CKPT_OK;
	size_t i;

	head.label = strdup(label);
	if (head.label == NULL)
		status = error_nomem(err, strlen(label));
	for (i = 0; i < n_meta && status == CKPT_OK; i++) {
		status = meta_get(&head.meta, keys[i]) == NULL ?
		    meta_set(&head.meta, keys[i], values[i], err) :
		    error_set(err, CKPT_USAGE,
		    "metadata key %.100s stands twice", keys[i]);
	}
	if (status == CKPT_OK)
		status = model_begin(w->sink, &head, err);
	model_head_release(&head);
	return (status);
}

enum ckpt_status
ckpt_writer_begin(struct ckpt_writer *w, const char *label,
    const struct ckpt_tensor *tensors, size_t n, const char *const *keys,
    const char *const *values, size_t n_meta, struct ckpt_error *err)
{
	enum ckpt_status status = begin_call(w, false);

	if (status == CKPT_OK &&
	    !is_complete(label, tensors, n, keys, values, n_meta))
		status = error_set(&w->failure, CKPT_USAGE,
		    "a label, name, shape, key or value is NULL");
	if (status == CKPT_OK)
		status = schema_of(w, tensors, n, &w->failure);
	if (status == CKPT_OK)
		status = begin(w, label, keys, values, n_meta, &w->failure);
	if (status == CKPT_OK) {
		w->is_begun = true;
		w->left = w->last->n_bytes;
	}
	return (end_call(w, status, err));
}

enum ckpt_status
ckpt_writer_write(struct ckpt_writer *w, const void *data, size_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status = begin_call(w, true);

	if (status == CKPT_OK && n > w->left)
		status = error_set(&w->failure, CKPT_USAGE,
		    "more bytes are written than the model has");
	if (status == CKPT_OK && n > 0)
		status = data == NULL ? error_set(&w->failure, CKPT_USAGE,
		    "no data are given") :
		    model_write(w->sink, data, n, &w->failure);
	if (status == CKPT_OK) {
		w->left -= n;
		w->n_done += n;
		if (w->watch != NULL && w->watch(w->arg, w->n_done) != 0)
			status = error_set(&w->failure, CKPT_CANCELLED,
			    "cancelled");
	}
	return (end_call(w, status, err));
}

enum ckpt_status
ckpt_writer_end(struct ckpt_writer *w, struct ckpt_error *err)
{
	enum ckpt_status status = begin_call(w, true);

	if (status == CKPT_OK)
		status = w->left > 0 ? error_set(&w->failure, CKPT_USAGE,
		    "a model ends before its last byte") :
		    model_end(w->sink, NULL, &w->failure);
	w->is_begun = false;
	return (end_call(w, status, err));
}

enum ckpt_status
ckpt_writer_close(struct ckpt_writer *w, struct ckpt_error *err)
{
	enum ckpt_status status = begin_call(w, false);

	if (status == CKPT_OK)
		status = model_sink_close(w->sink, &w->failure);
	else
		model_sink_abort(w->sink);
	w->sink = NULL;
	status = end_call(w, status, err);
	ckpt_writer_abort(w);
	return (status);
}

void
ckpt_writer_abort(struct ckpt_writer *w)
{
	if (w == NULL)
		return;
	model_sink_abort(w->sink);
	schema_unref(w->last);
	free(w);
}
