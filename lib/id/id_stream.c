#include "id/id.h"

/*
 * Invariant between calls: tensors before `tensor` are final in ids[];
 * `left` bytes of `tensor` have still to come, and are not 0 unless all
 * tensors are done.
 */
struct id_stream {
	struct sha256 *hash;
	struct schema *schema;
	struct ckpt_id *ids;
	size_t n_ids; /* allocated */
	size_t tensor;
	uint64_t left;
};

enum ckpt_status
id_stream_new(struct id_stream **out, struct ckpt_error *err)
{
	struct id_stream *s = calloc(1, sizeof(*s));
	enum ckpt_status st;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	st = sha256_new(&s->hash, err);
	if (st != CKPT_OK) {
		free(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}

void
id_stream_free(struct id_stream *s)
{
	if (s == NULL)
		return;
	sha256_free(s->hash);
	schema_unref(s->schema);
	free(s->ids);
	free(s);
}

/* Opens `tensor`, and finishes those that have no bytes. */
static enum ckpt_status
open_tensor(struct id_stream *s, struct ckpt_error *err)
{
	enum ckpt_status st;

	for (; s->tensor < s->schema->n_tensors; s->tensor++) {
		st = id_tensor_begin(s->hash,
		    &s->schema->tensors[s->tensor], err);
		if (st != CKPT_OK)
			return (st);
		s->left = s->schema->tensors[s->tensor].n_bytes;
		if (s->left > 0)
			break;
		sha256_final(s->hash, &s->ids[s->tensor]);
	}
	return (CKPT_OK);
}

enum ckpt_status
id_stream_begin(struct id_stream *s, struct schema *schema,
    struct ckpt_error *err)
{
	struct ckpt_id *ids;

	if (schema->n_tensors > s->n_ids) {
		ids = realloc(s->ids, schema->n_tensors * sizeof(*ids));
		if (ids == NULL)
			return (error_nomem(err,
			    schema->n_tensors * sizeof(*ids)));
		s->ids = ids;
		s->n_ids = schema->n_tensors;
	}
	(void)schema_ref(schema);
	schema_unref(s->schema);
	s->schema = schema;
	s->tensor = 0;
	s->left = 0;
	return (open_tensor(s, err));
}

enum ckpt_status
id_stream_update(struct id_stream *s, const void *data, size_t n,
    struct ckpt_error *err)
{
	const unsigned char *p = data;
	size_t part;
	enum ckpt_status st;

	while (n > 0) {
		if (s->schema == NULL || s->tensor == s->schema->n_tensors)
			return (error_set(err, CKPT_USAGE,
			    "more bytes than the model has"));
		part = n < s->left ? n : (size_t)s->left;
		sha256_update(s->hash, p, part);
		p += part;
		n -= part;
		s->left -= part;
		if (s->left > 0)
			break;
		sha256_final(s->hash, &s->ids[s->tensor++]);
		st = open_tensor(s, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (CKPT_OK);
}

enum ckpt_status
id_stream_end(struct id_stream *s, const struct ckpt_id **tensor_ids,
    struct ckpt_id *model, struct ckpt_error *err)
{
	if (s->schema == NULL || s->tensor != s->schema->n_tensors)
		return (error_set(err, CKPT_USAGE,
		    "the model's bytes are not complete"));
	*tensor_ids = s->ids;
	if (model == NULL)
		return (CKPT_OK);
	return (id_model(s->hash, s->schema, s->ids, model, err));
}

enum ckpt_status
id_of_model(const struct model *m, struct ckpt_id *tensor_ids,
    struct ckpt_id *out, struct ckpt_error *err)
{
	struct id_stream *s;
	const struct ckpt_id *ids;
	struct ckpt_id id;
	enum ckpt_status st = id_stream_new(&s, err);

	if (st != CKPT_OK)
		return (st);
	st = id_stream_begin(s, m->head.schema, err);
	if (st != CKPT_OK)
		goto err0;
	st = id_stream_update(s, m->data, (size_t)m->head.schema->n_bytes,
	    err);
	if (st != CKPT_OK)
		goto err0;
	st = id_stream_end(s, &ids, &id, err);
	if (st != CKPT_OK)
		goto err0;
	if (tensor_ids != NULL && m->head.schema->n_tensors > 0)
		memcpy(tensor_ids, ids,
		    m->head.schema->n_tensors * sizeof(*ids));
	*out = id;

err0:
	id_stream_free(s);
	return (st);
}
