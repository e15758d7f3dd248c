#include "copy.h"
#include "hash.h"
#include "hold.h"

#define CHUNK ((size_t)256 << 10)
/* Of large models, on several threads: it is hashed while it is encoded. */
#define LARGE_CHUNK ((size_t)2 << 20)

struct copy {
	const struct cli *cli;
	struct model_source *source;
	const struct meta *set;
	struct select select;
	struct copy_model model;
	struct schema *schema;      /* of the source's model */
	struct hold *hold;          /* made when it is first needed */
	bool is_held;               /* the model, which is read already */
	struct hash *hash;
	struct id_stream *stream;
	struct sha256 *model_hash;
	const struct ckpt_id *ids;  /* of all the source's tensors */
	struct ckpt_id *kept_ids;
	size_t n_kept_ids;          /* allocated */
	unsigned char *chunk;
	size_t n_chunk;
};

enum ckpt_status
copy_new(const struct cli *cli, struct model_source *source,
    const struct select *select, const struct meta *set, struct copy **out,
    struct ckpt_error *err)
{
	struct copy *c = calloc(1, sizeof(*c));
	enum ckpt_status st;

	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	c->cli = cli;
	c->source = source;
	c->select.models = select->models;
	c->select.n_models = select->n_models;
	c->select.tensors = select->tensors;
	c->select.n_tensors = select->n_tensors;
	c->set = set;
	c->n_chunk = cli->n_threads > 1 ? LARGE_CHUNK : CHUNK;
	c->chunk = malloc(c->n_chunk);
	st = c->chunk == NULL ? error_nomem(err, c->n_chunk) :
	    id_stream_new(&c->stream, err);
	if (st == CKPT_OK)
		st = sha256_new(&c->model_hash, err);
	if (st == CKPT_OK)
		st = hash_new(cli->n_threads, &c->hash, err);
	if (st != CKPT_OK) {
		copy_free(c);
		return (st);
	}
	*out = c;
	return (CKPT_OK);
}

static void
leave_model(struct copy *c)
{
	model_head_release(&c->model.head);
	schema_unref(c->schema);
	c->schema = NULL;
	c->is_held = false;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	leave_model(c);
	c->select.models = c->select.tensors = NULL;
	select_release(&c->select);
	hold_free(c->hold);
	hash_free(c->hash);
	id_stream_free(c->stream);
	sha256_free(c->model_hash);
	free(c->kept_ids);
	free(c->chunk);
	free(c);
}

/* ---- IDs ---- */

/* From the IDs of all tensors: those kept, and the ID of the model that
 * they make. */
static enum ckpt_status
derive_ids(struct copy *c, struct ckpt_error *err)
{
	const struct select *s = &c->select;
	struct ckpt_id *ids;
	size_t i, n = 0;

	c->model.tensor_ids = c->ids;
	if (s->keep != NULL) {
		if (c->n_kept_ids < s->derived->n_tensors) {
			n = s->derived->n_tensors;
			ids = realloc(c->kept_ids, n * sizeof(*ids));
			if (ids == NULL)
				return (error_nomem(err, n * sizeof(*ids)));
			c->kept_ids = ids;
			c->n_kept_ids = n;
		}
		for (i = n = 0; i < c->schema->n_tensors; i++)
			if (s->keep[i])
				c->kept_ids[n++] = c->ids[i];
		c->model.tensor_ids = c->kept_ids;
	}
	return (CKPT_OK);
}

/* Reads a model that its ID may select, and puts it aside. */
static enum ckpt_status
hold_model(struct copy *c, struct ckpt_error *err)
{
	uint64_t left = c->schema->n_bytes;
	size_t part;
	enum ckpt_status st = CKPT_OK;

	if (c->hold == NULL)
		st = hold_new(c->cli->memory, &c->hold, err);
	if (st == CKPT_OK)
		st = hold_begin(c->hold, left, err);
	if (st == CKPT_OK)
		st = id_stream_begin(c->stream, c->schema, err);
	for (; st == CKPT_OK && left > 0; left -= part) {
		part = left < CHUNK ? (size_t)left : CHUNK;
		st = model_read(c->source, c->chunk, part, err);
		if (st == CKPT_OK)
			st = id_stream_update(c->stream, c->chunk, part, err);
		if (st == CKPT_OK)
			st = hold_add(c->hold, c->chunk, part, err);
	}
	if (st == CKPT_OK)
		st = id_stream_end(c->stream, &c->ids, &c->model.id, err);
	if (st == CKPT_OK)
		st = model_confirm(c->source, c->ids, err);
	c->is_held = st == CKPT_OK;
	return (st);
}

/* ---- models ---- */

/* Whether the model just begun is taken. */
static enum ckpt_status
is_selected(struct copy *c, bool *out, struct ckpt_error *err)
{
	enum select_answer answer;
	enum ckpt_status st;

	*out = false;
	answer = select_label(&c->select, c->model.head.label);
	if (answer == SELECT_NO)
		return (CKPT_OK);
	st = select_schema(&c->select, c->schema, err);
	if (st != CKPT_OK)
		return (st);
	if (c->select.n_tensors > 0 && c->select.derived->n_tensors == 0)
		return (CKPT_OK);
	*out = true;
	if (answer == SELECT_BY_ID) {
		st = hold_model(c, err);
		if (st == CKPT_OK)
			*out = select_id(&c->select, &c->model.id);
	}
	return (st);
}

enum ckpt_status
copy_next(struct copy *c, const struct copy_model **out,
    struct ckpt_error *err)
{
	struct model_head *head = &c->model.head;
	bool taken = false;
	size_t i;
	enum ckpt_status st;

	while (!taken) {
		leave_model(c);
		st = model_next(c->source, head, err);
		if (st != CKPT_OK)
			return (st);
		c->schema = schema_ref(head->schema);
		st = is_selected(c, &taken, err);
		if (st != CKPT_OK)
			return (st);
	}
	for (i = 0; i < c->set->n; i++) {
		st = meta_set(&head->meta, c->set->entries[i].key,
		    c->set->entries[i].value, err);
		if (st != CKPT_OK)
			return (st);
	}
	schema_unref(head->schema);
	head->schema = schema_ref(c->select.derived);
	*out = &c->model;
	return (CKPT_OK);
}

/*
 * Whether the tensors that are kept can be read without the others: some are
 * left out, and the source has random access and states no IDs, which would
 * be those of whole models, to be verified.
 */
static bool
can_read_kept(const struct copy *c)
{
	return (!c->is_held && c->select.keep != NULL &&
	    c->select.derived->n_tensors < c->schema->n_tensors &&
	    c->source->ops->confirm == NULL &&
	    c->source->ops->pread != NULL &&
	    c->source->ops->pread(c->source, c->chunk, 0, 0, NULL) ==
	    CKPT_OK);
}

static enum ckpt_status
read_tensor(struct copy *c, const struct tensor_desc *t,
    struct model_sink *sink, struct ckpt_error *err)
{
	uint64_t done;
	size_t part;
	enum ckpt_status st = CKPT_OK;

	for (done = 0; st == CKPT_OK && done < t->n_bytes; done += part) {
		part = t->n_bytes - done < CHUNK ?
		    (size_t)(t->n_bytes - done) : CHUNK;
		st = c->source->ops->pread(c->source, c->chunk, part,
		    t->offset + done, err);
		if (st == CKPT_OK)
			st = id_stream_update(c->stream, c->chunk, part, err);
		if (st == CKPT_OK && sink != NULL)
			st = model_write(sink, c->chunk, part, err);
	}
	return (st);
}

/* Reads the kept tensors alone for their IDs, and writes them to `sink` if
 * that is not NULL. */
static enum ckpt_status
read_kept(struct copy *c, struct model_sink *sink, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st;

	st = id_stream_begin(c->stream, c->select.derived, err);
	for (i = 0; st == CKPT_OK && i < c->schema->n_tensors; i++)
		if (c->select.keep[i])
			st = read_tensor(c, &c->schema->tensors[i], sink,
			    err);
	if (st != CKPT_OK)
		return (st);
	return (id_stream_end(c->stream, &c->model.tensor_ids, NULL, err));
}

enum ckpt_status
copy_hash(struct copy *c, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	bool is_part = can_read_kept(c);

	if (is_part)
		st = read_kept(c, NULL, err);
	else if (!c->is_held)
		st = hash_model(c->hash, c->source, c->schema, &c->ids, NULL,
		    err);
	if (st == CKPT_OK && !is_part)
		st = derive_ids(c, err);
	if (st != CKPT_OK)
		return (st);
	return (id_model(c->model_hash, c->model.head.schema,
	    c->model.tensor_ids, &c->model.id, err));
}

/* ---- bytes ---- */

/* Passes `n` bytes at `offset` of the source's model on, as far as they
 * belong to tensors that are kept; *tensor is where the last call ended. */
static enum ckpt_status
pass(struct copy *c, struct model_sink *sink, const unsigned char *p,
    size_t n, uint64_t offset, size_t *tensor, struct ckpt_error *err)
{
	const struct tensor_desc *t;
	uint64_t left;
	size_t part;
	enum ckpt_status st = CKPT_OK;

	if (c->select.keep == NULL)
		return (model_write(sink, p, n, err));
	while (n > 0 && st == CKPT_OK) {
		t = &c->schema->tensors[*tensor];
		left = t->offset + t->n_bytes - offset;
		if (left == 0) {
			++*tensor;
			continue;
		}
		part = n < left ? n : (size_t)left;
		if (c->select.keep[*tensor])
			st = model_write(sink, p, part, err);
		p += part;
		n -= part;
		offset += part;
	}
	return (st);
}

/* A chunk of the model on its way. */
struct passing {
	struct copy *copy;
	struct model_sink *sink;
	size_t part;
	uint64_t offset;
	size_t tensor;
};

static enum ckpt_status
hash_or_pass(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct passing *p = arg;
	struct copy *c = p->copy;

	(void)thread;
	if (i == 1)
		return (pass(c, p->sink, c->chunk, p->part, p->offset,
		    &p->tensor, err));
	return (c->is_held ? CKPT_OK : id_stream_update(c->stream, c->chunk,
	    p->part, err));
}

static enum ckpt_status
write_bytes(struct copy *c, struct model_sink *sink, struct ckpt_error *err)
{
	struct passing p = { .copy = c, .sink = sink };
	uint64_t n_bytes = c->schema->n_bytes;
	enum ckpt_status st = CKPT_OK;

	for (; st == CKPT_OK && p.offset < n_bytes; p.offset += p.part) {
		p.part = n_bytes - p.offset < c->n_chunk ?
		    (size_t)(n_bytes - p.offset) : c->n_chunk;
		if (c->is_held)
			st = hold_read(c->hold, c->chunk, p.part, p.offset,
			    err);
		else
			st = model_read(c->source, c->chunk, p.part, err);
		if (st == CKPT_OK)
			st = threads_for(p.part > CHUNK ? 2 : 1, 2,
			    hash_or_pass, &p, err);
	}
	return (st);
}

enum ckpt_status
copy_write(struct copy *c, struct model_sink *sink, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = model_begin(sink, &c->model.head, err);
	if (st == CKPT_OK && can_read_kept(c)) {
		st = read_kept(c, sink, err);
		if (st != CKPT_OK)
			return (st);
		return (model_end(sink, c->model.tensor_ids, err));
	}
	if (st == CKPT_OK && !c->is_held)
		st = id_stream_begin(c->stream, c->schema, err);
	if (st == CKPT_OK)
		st = write_bytes(c, sink, err);
	if (st == CKPT_OK && !c->is_held) {
		st = id_stream_end(c->stream, &c->ids, NULL, err);
		if (st == CKPT_OK)
			st = model_confirm(c->source, c->ids, err);
	}
	if (st == CKPT_OK)
		st = derive_ids(c, err);
	if (st == CKPT_OK)
		st = model_end(sink, c->model.tensor_ids, err);
	return (st);
}
