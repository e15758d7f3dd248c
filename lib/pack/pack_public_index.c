/*
 * pack_public_index: the calls of ckpt.h that get single tensors.
 */
#include <unistd.h>

#include "pack/pack.h"

struct ckpt_index {
	struct pack_index *index;
	struct model_head head;  /* of the current model */
	uint64_t model;
};

enum ckpt_status
ckpt_index_open(int fd, uint64_t memory, struct ckpt_index **out,
    struct ckpt_error *err)
{
	struct pack_reader_options o = { .n_threads = 1, .memory = memory };
	struct ckpt_index *x;
	struct bytes *in;
	enum ckpt_status status;

	(void)lseek(fd, 0, SEEK_SET); /* a pipe is refused below */
	status = bytes_fd(fd, &in, err);
	if (status != CKPT_OK)
		return (status);
	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*x)));
	}
	status = pack_index_open(in, &o, &x->index, err);
	if (status != CKPT_OK) {
		free(x);
		return (status);
	}
	*out = x;
	return (CKPT_OK);
}

uint64_t
ckpt_index_n_models(const struct ckpt_index *x)
{
	return (pack_index_n_models(x->index));
}

enum ckpt_status
ckpt_index_find(struct ckpt_index *x, const char *label, uint64_t *model,
    struct ckpt_error *err)
{
	return (pack_index_find(x->index, label, model, err));
}

enum ckpt_status
ckpt_index_go(struct ckpt_index *x, uint64_t model, struct ckpt_error *err)
{
	struct model_head head;
	enum ckpt_status status;

	if (model >= pack_index_n_models(x->index))
		return (error_set(err, CKPT_USAGE, "no model %llu",
		    (unsigned long long)model));
	status = pack_index_head(x->index, model, &head, err);
	if (status != CKPT_OK)
		return (status);
	model_head_release(&x->head);
	x->head = head;
	x->model = model;
	return (CKPT_OK);
}

const char *
ckpt_index_label(const struct ckpt_index *x)
{
	return (x->head.label);
}

size_t
ckpt_index_n_tensors(const struct ckpt_index *x)
{
	return (x->head.schema == NULL ? 0 : x->head.schema->n_tensors);
}

void
ckpt_index_tensor(const struct ckpt_index *x, size_t i,
    struct ckpt_tensor *out)
{
	pack_public_tensor(i < ckpt_index_n_tensors(x) ?
	    &x->head.schema->tensors[i] : NULL, out);
}

size_t
ckpt_index_tensor_named(const struct ckpt_index *x, const char *name)
{
	size_t i = x->head.schema == NULL ? SIZE_MAX :
	    schema_find(x->head.schema, name);

	return (i == SIZE_MAX ? ckpt_index_n_tensors(x) : i);
}

enum ckpt_status
ckpt_index_read(struct ckpt_index *x, size_t i, void *out,
    struct ckpt_error *err)
{
	if (i >= ckpt_index_n_tensors(x))
		return (error_set(err, CKPT_USAGE, "no tensor %zu", i));
	return (pack_index_read(x->index, x->model, i, out, err));
}

void
ckpt_index_close(struct ckpt_index *x)
{
	if (x == NULL)
		return;
	pack_index_free(x->index);
	model_head_release(&x->head);
	free(x);
}
