#include "hash.h"

/* Bytes read and hashed at a time: they stay in the second-level cache. */
#define CHUNK ((size_t)128 << 10)

/* Models of fewer bytes are not worth several threads. */
#define PARALLEL_BYTES ((uint64_t)1 << 20)

struct hash {
	struct id_stream *stream;
	struct sha256 *model_hash;
	unsigned n_threads;
	struct sha256 **hashes;   /* one a thread */
	unsigned char **chunks;   /* one a thread */
	struct ckpt_id *ids;      /* of the parallel case */
	size_t *order;            /* tensors, largest first */
	size_t n_ids;             /* allocated for both */
};

enum ckpt_status
hash_new(unsigned n_threads, struct hash **out, struct ckpt_error *err)
{
	struct hash *h = calloc(1, sizeof(*h));
	enum ckpt_status st;
	unsigned i;

	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	h->n_threads = n_threads;
	st = id_stream_new(&h->stream, err);
	if (st == CKPT_OK)
		st = sha256_new(&h->model_hash, err);
	if (st != CKPT_OK)
		goto err0;
	st = CKPT_NO_MEMORY;
	h->hashes = calloc(n_threads, sizeof(struct sha256 *));
	h->chunks = calloc(n_threads, sizeof(unsigned char *));
	if (h->hashes == NULL || h->chunks == NULL) {
		(void)error_nomem(err, n_threads * sizeof(void *));
		goto err0;
	}
	for (i = 0; i < n_threads; i++) {
		st = sha256_new(&h->hashes[i], err);
		if (st != CKPT_OK)
			goto err0;
		h->chunks[i] = malloc(CHUNK);
		if (h->chunks[i] == NULL) {
			st = error_nomem(err, CHUNK);
			goto err0;
		}
	}
	*out = h;
	return (CKPT_OK);

err0:
	hash_free(h);
	return (st);
}

void
hash_free(struct hash *h)
{
	unsigned i;

	if (h == NULL)
		return;
	for (i = 0; i < h->n_threads; i++) {
		if (h->hashes != NULL)
			sha256_free(h->hashes[i]);
		if (h->chunks != NULL)
			free(h->chunks[i]);
	}
	free(h->hashes);
	free(h->chunks);
	free(h->ids);
	free(h->order);
	sha256_free(h->model_hash);
	id_stream_free(h->stream);
	free(h);
}

/* ---- in order, from a stream ---- */

static enum ckpt_status
hash_in_order(struct hash *h, struct model_source *src, struct schema *schema,
    const struct ckpt_id **tensor_ids, struct ckpt_error *err)
{
	uint64_t left = schema->n_bytes;
	size_t part;
	enum ckpt_status st;

	st = id_stream_begin(h->stream, schema, err);
	for (; st == CKPT_OK && left > 0; left -= part) {
		part = left < CHUNK ? (size_t)left : CHUNK;
		st = model_read(src, h->chunks[0], part, err);
		if (st != CKPT_OK)
			break;
		st = id_stream_update(h->stream, h->chunks[0], part, err);
	}
	if (st != CKPT_OK)
		return (st);
	return (id_stream_end(h->stream, tensor_ids, NULL, err));
}

/* ---- by tensor, with random access ---- */

struct parallel {
	struct hash *h;
	struct model_source *src;
	const struct schema *schema;
};

static enum ckpt_status
hash_tensor(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct parallel *p = arg;
	size_t tensor = p->h->order[i], part;
	const struct tensor_desc *t = &p->schema->tensors[tensor];
	struct sha256 *hash = p->h->hashes[thread];
	uint64_t done;
	enum ckpt_status st;

	st = id_tensor_begin(hash, t, err);
	if (st != CKPT_OK)
		return (st);
	for (done = 0; done < t->n_bytes; done += part) {
		part = t->n_bytes - done < CHUNK ?
		    (size_t)(t->n_bytes - done) : CHUNK;
		st = p->src->ops->pread(p->src, p->h->chunks[thread], part,
		    t->offset + done, err);
		if (st != CKPT_OK)
			return (st);
		sha256_update(hash, p->h->chunks[thread], part);
	}
	sha256_final(hash, &p->h->ids[tensor]);
	return (CKPT_OK);
}

static int
larger_first(const void *a, const void *b, void *arg)
{
	const struct tensor_desc *tensors = arg;
	uint64_t x = tensors[*(const size_t *)a].n_bytes;
	uint64_t y = tensors[*(const size_t *)b].n_bytes;

	return (x > y ? -1 : x < y);
}

static enum ckpt_status
hash_by_tensor(struct hash *h, struct model_source *src,
    struct schema *schema, struct ckpt_error *err)
{
	struct parallel p = { h, src, schema };
	struct ckpt_id *ids;
	size_t i, *order;

	if (schema->n_tensors > h->n_ids) {
		ids = realloc(h->ids, schema->n_tensors * sizeof(*ids));
		if (ids == NULL)
			return (error_nomem(err, schema->n_tensors));
		h->ids = ids;
		order = realloc(h->order,
		    schema->n_tensors * sizeof(*order));
		if (order == NULL)
			return (error_nomem(err, schema->n_tensors));
		h->order = order;
		h->n_ids = schema->n_tensors;
	}
	for (i = 0; i < schema->n_tensors; i++)
		h->order[i] = i;
	qsort_r(h->order, schema->n_tensors, sizeof(*h->order), larger_first,
	    schema->tensors);
	return (threads_for(h->n_threads, schema->n_tensors, hash_tensor, &p,
	    err));
}

/* Whether the current model answers pread: its first byte is asked for. */
static bool
has_pread(struct model_source *src, const struct schema *schema)
{
	unsigned char c;

	return (src->ops->pread != NULL && schema->n_tensors > 1 &&
	    schema->n_bytes >= PARALLEL_BYTES &&
	    src->ops->pread(src, &c, 1, 0, NULL) == CKPT_OK);
}

enum ckpt_status
hash_model(struct hash *h, struct model_source *src, struct schema *schema,
    const struct ckpt_id **tensor_ids, struct ckpt_id *model,
    struct ckpt_error *err)
{
	const struct ckpt_id *ids;
	enum ckpt_status st;

	if (h->n_threads > 1 && has_pread(src, schema)) {
		st = hash_by_tensor(h, src, schema, err);
		ids = h->ids;
	} else {
		st = hash_in_order(h, src, schema, &ids, err);
	}
	if (st != CKPT_OK)
		return (st);
	st = model_confirm(src, ids, err);
	if (st != CKPT_OK)
		return (st);
	*tensor_ids = ids;
	if (model == NULL)
		return (CKPT_OK);
	return (id_model(h->model_hash, schema, ids, model, err));
}
