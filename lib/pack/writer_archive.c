/*
 * writer_archive: a large model into an archive, tensor by tensor: what is
 * stored already becomes references, the rest pages as in any pack.
 */
#include "id/id.h"
#include "pack/writer.h"

static enum ckpt_status
read_again(void *arg, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	const struct writer *w = arg;

	return (outfile_pread(w->out, out, n, offset, err));
}

enum ckpt_status
writer_archive_new(struct writer *w, struct ckpt_error *err)
{
	if (!outfile_is_readable(w->out))
		return (error_set(err, CKPT_USAGE, "an archive is written "
		    "to a file, not to a pipe or a device"));
	return (dedup_new(read_again, w, w->options.bases, &w->dedup, err));
}

void
writer_archive_page(struct writer *w, const struct batch_page *p)
{
	struct dedup *a = w->dedup;
	struct dedup_place *place;

	if (a == NULL || !w->is_large)
		return;
	place = dedup_places(a) + a->n_written++;
	place->offset = outfile_offset(w->out) - w->part_start;
	place->stored = p->frame.stored;
	if (p->frame.codec == WIRE_CODEC_DIFFERENCE)
		place->depth = p->depth;
}

/* A page whose payload is a reference. */
static enum ckpt_status
add_reference(struct writer *w, unsigned codec, const void *payload,
    size_t n_payload, uint32_t raw, uint32_t depth, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (batch_add_done(w->batch, codec, raw, payload,
	    (uint32_t)n_payload) == NULL) {
		status = writer_pages(w, err);
		if (status != CKPT_OK)
			return (status);
		if (batch_add_done(w->batch, codec, raw, payload,
		    (uint32_t)n_payload) == NULL)
			return (error_set(err, CKPT_LIMIT,
			    "a reference of %zu bytes", n_payload));
	}
	return (dedup_place_add(w->dedup, depth, err));
}

/* References that a page of the tensor may take. */
static unsigned
limit_of(const struct writer *w, const struct dedup_query *q, uint64_t begin)
{
	const struct pack_bases *bases = w->options.bases;

	return (bases == NULL || bases->limit == NULL ? WIRE_MAX_DEPTH :
	    bases->limit(bases->arg, q->tensor, q->id, begin));
}

/* A page of the tensor's own bytes. If it has a base, they may be stored as
 * differences to that. */
static enum ckpt_status
add_plain(struct writer *w, const struct dedup_query *q,
    const struct dedup_base *base, uint64_t begin, uint32_t n,
    struct ckpt_error *err)
{
	bool found;
	struct batch_page *p = batch_add(w->batch, n, 0);
	enum ckpt_status status;

	if (p == NULL) {
		status = writer_pages(w, err);
		if (status != CKPT_OK)
			return (status);
		p = batch_add(w->batch, n, 0);
		assert(p != NULL);
	}
	memcpy(p->raw, q->data + begin, n);
	p->dtype = q->t->dtype;
	status = dedup_place_add(w->dedup, 0, err);
	if (status != CKPT_OK || base == NULL)
		return (status);
	status = batch_add_base(w->batch, p, err);
	if (status == CKPT_OK)
		status = dedup_near_page(w->dedup, base, begin, n, p->base,
		    &p->head, &p->depth, &found, err);
	if (status == CKPT_OK && (!found ||
	    p->depth > limit_of(w, q, begin)))
		p->base = NULL;
	return (status);
}

static uint32_t
page_size(uint64_t n, uint64_t begin)
{
	return ((uint32_t)(n - begin < WIRE_MAX_PAGE ? n - begin :
	    WIRE_MAX_PAGE));
}

/* The pages of a tensor that is stored already. */
static enum ckpt_status
put_same(struct writer *w, const struct dedup_query *q,
    const struct dedup_tensor *base, struct ckpt_error *err)
{
	const struct dedup_place *p;
	struct wire_disk_same d;
	uint64_t begin = 0;
	enum ckpt_status status = CKPT_OK;
	uint32_t i, n;

	for (i = 0; i < base->n_places && status == CKPT_OK; i++) {
		n = page_size(q->t->n_bytes, begin);
		p = dedup_places(w->dedup) + base->place + i;
		le64_store(d.check, xxh3_64(q->data + begin, n));
		le64_store(d.offset, p->offset);
		le32_store(d.stored, p->stored);
		status = add_reference(w, WIRE_CODEC_SAME, &d, sizeof(d), n,
		    p->depth + 1, err);
		begin += n;
	}
	return (status);
}

/* An equal tensor of a model before, or of this one. */
static enum ckpt_status
find_same(struct writer *w, const struct dedup_query *q,
    struct dedup_tensor *out, bool *found, struct ckpt_error *err)
{
	struct dedup *a = w->dedup;
	const struct dedup_tensor *all = (const void *)a->tensors.data;
	uint64_t key = le64_load(q->id->bytes), i;
	enum ckpt_status status;
	bool is_here = false;
	uint32_t k;

	*found = false;
	if (!lookup_get(&a->ids, key, &i) || !id_equal(&all[i].id, q->id)) {
		is_here = lookup_get(&a->current, key, &i) &&
		    id_equal(&all[i].id, q->id);
		if (!is_here)
			return (CKPT_OK);
	}
	*out = all[i];
	if (is_here) {
		status = writer_pages(w, err);
		if (status != CKPT_OK)
			return (status);
	}
	*found = out->n_places > 0;
	for (k = 0; k < out->n_places; k++)
		if (dedup_places(a)[out->place + k].depth >= limit_of(w, q,
		    (uint64_t)k * WIRE_MAX_PAGE))
			*found = false;
	return (CKPT_OK);
}

static enum ckpt_status
put_orbit(struct writer *w, const struct dedup_query *q, bool *found,
    struct ckpt_error *err)
{
	struct dedup *a = w->dedup;
	struct dedup_orbit o;
	uint64_t begin;
	enum ckpt_status status;
	uint32_t n;

	status = dedup_orbit_find(a, q, &o, found, err);
	if (status != CKPT_OK || !*found)
		return (status);
	for (begin = 0; begin < q->t->n_bytes; begin += WIRE_MAX_PAGE)
		*found = *found && o.depth < limit_of(w, q, begin);
	if (!*found) {
		moved_release(&o.moved);
		return (CKPT_OK);
	}
	for (begin = 0; begin < q->t->n_bytes && status == CKPT_OK && *found;
	    begin += n) {
		n = page_size(q->t->n_bytes, begin);
		status = writer_pages(w, err); /* arrays have their places */
		if (status == CKPT_OK)
			status = dedup_orbit_put(a, q, &o, begin, n, found,
			    err);
		if (status == CKPT_OK && *found)
			status = add_reference(w, WIRE_CODEC_ORBIT,
			    a->payload.data, a->payload.len, n, o.depth + 1,
			    err);
		else if (status == CKPT_OK && begin > 0)
			status = add_plain(w, q, NULL, begin, n, err);
		*found = *found || begin > 0;
	}
	moved_release(&o.moved);
	return (status);
}

/* An equal tensor that stands outside: its pages' bytes are compared, so that
 * what is added does not hang on what is damaged. */
static enum ckpt_status
put_outside(struct writer *w, const struct dedup_query *q, bool *found,
    struct ckpt_error *err)
{
	struct dedup_base base = { .is_outside = true, .is_same = true };
	const struct pack_bases *bases = w->options.bases;
	enum ckpt_status status;
	uint64_t begin;
	uint32_t n;

	*found = false;
	if (bases == NULL)
		return (CKPT_OK);
	status = bases->same(bases->arg, q->id, found, err);
	if (status != CKPT_OK || !*found)
		return (status);
	base.t.id = *q->id;
	base.t.n_bytes = q->t->n_bytes;
	for (begin = 0; begin < q->t->n_bytes && status == CKPT_OK;
	    begin += n) {
		n = page_size(q->t->n_bytes, begin);
		status = add_plain(w, q, &base, begin, n, err);
	}
	return (status);
}

/* Pages of which blocks may stand before, or that may be near others. */
static enum ckpt_status
put_pages(struct writer *w, const struct dedup_query *q,
    struct ckpt_error *err)
{
	struct dedup *a = w->dedup;
	struct dedup_coder coder = {
		.codec = w->batch->codecs[0],
		.kind = writer_codec(w),
		.dtype = q->t->dtype,
		.level = w->options.level
	};
	struct dedup_base base;
	enum ckpt_status status;
	bool found = false, has_base, is_near;
	unsigned depth;
	uint64_t begin;
	uint32_t n;

	status = dedup_near_find(a, q, &base, &has_base, err);
	for (begin = 0; begin < q->t->n_bytes && status == CKPT_OK;
	    begin += n) {
		n = page_size(q->t->n_bytes, begin);
		is_near = has_base && begin + n <= base.t.n_bytes;
		if (q->t->n_bytes > DEDUP_BLOCK)
			status = dedup_blocks_find(a, q->data + begin, n,
			    is_near, &coder, &depth, &found, err);
		if (status != CKPT_OK)
			break;
		found = found && depth <= limit_of(w, q, begin);
		status = found ? add_reference(w, WIRE_CODEC_BLOCKS,
		    a->payload.data, a->payload.len, n, depth, err) :
		    add_plain(w, q, is_near ? &base : NULL, begin, n, err);
	}
	return (status);
}

/* What is stored of a tensor may be referred to later. */
static enum ckpt_status
remember(struct dedup *a, const struct dedup_query *q,
    const struct dedup_tensor *t, struct ckpt_error *err)
{
	size_t i = a->tensors.len / sizeof(*t);
	enum ckpt_status status;

	status = buf_append(&a->tensors, t, sizeof(*t), err);
	if (status == CKPT_OK)
		status = dedup_remember(a, DEDUP_ID,
		    le64_load(q->id->bytes), i, err);
	if (status == CKPT_OK)
		status = dedup_remember(a, DEDUP_NAMED,
		    pack_base_key(q->t), i, err);
	if (status == CKPT_OK)
		status = lookup_set(&a->current, le64_load(q->id->bytes), i,
		    err);
	return (status);
}

static enum ckpt_status
put_tensor(struct writer *w, const struct dedup_query *q,
    struct ckpt_error *err)
{
	struct dedup *a = w->dedup;
	struct dedup_tensor base = { .n_places = 0 };
	struct dedup_tensor t = {
		.id = *q->id,
		.n_bytes = q->t->n_bytes,
		.offset = q->t->offset,
		.place = (uint32_t)(a->places.len /
		    sizeof(struct dedup_place)),
		.model = a->number
	};
	enum ckpt_status status;
	bool found;

	if (q->t->n_bytes < DEDUP_MIN_TENSOR)
		return (q->t->n_bytes == 0 ? CKPT_OK : add_plain(w, q, NULL,
		    0, (uint32_t)q->t->n_bytes, err));
	status = find_same(w, q, &base, &found, err);
	if (status == CKPT_OK && found)
		return (put_same(w, q, &base, err));
	if (status == CKPT_OK)
		status = put_outside(w, q, &found, err);
	if (status == CKPT_OK && !found)
		status = put_orbit(w, q, &found, err);
	if (status == CKPT_OK && !found)
		status = put_pages(w, q, err);
	if (status != CKPT_OK)
		return (status);
	t.n_places = (uint32_t)(a->places.len /
	    sizeof(struct dedup_place)) - t.place;
	return (remember(a, q, &t, err));
}

enum ckpt_status
writer_archive_put(struct writer *w, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct dedup *a = w->dedup;
	struct dedup_query q;
	enum ckpt_status status = CKPT_OK;
	size_t i;

	for (i = 0; i < w->schema->n_tensors && status == CKPT_OK; i++) {
		q.schema = w->schema;
		q.tensor = i;
		q.t = &w->schema->tensors[i];
		q.data = a->model + q.t->offset;
		q.id = &tensor_ids[i];
		status = put_tensor(w, &q, err);
	}
	if (status == CKPT_OK)
		status = writer_pages(w, err);
	if (status == CKPT_OK)
		status = dedup_settle(a, w->schema->n_bytes, err);
	return (status);
}
