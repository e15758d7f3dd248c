/*
 * dedup_orbit: tensors that are stored ones with rows and columns moved.
 */
#include "id/id.h"
#include "pack/dedup.h"

/* Bytes of the frames of a tensor's pages, and their depth. */
static uint64_t
length_of(const struct dedup *a, const struct dedup_tensor *t,
    unsigned *depth)
{
	const struct dedup_place *p = dedup_places(a) + t->place;
	uint64_t sum = 0;
	uint32_t i;

	*depth = 0;
	for (i = 0; i < t->n_places; i++) {
		sum += (uint64_t)p[i].stored + WIRE_FRAME_SIZE;
		*depth = p[i].depth > *depth ? p[i].depth : *depth;
	}
	return (sum);
}

/* All bytes of a base outside, allocated; NULL if they cannot be had. */
static enum ckpt_status
read_outside(struct dedup *a, const struct ckpt_id *id, uint64_t n_bytes,
    unsigned char **out, unsigned *depth, struct ckpt_error *err)
{
	struct ckpt_error why;
	enum ckpt_status status = CKPT_OK;
	unsigned height;
	uint64_t at;
	uint32_t n;

	*depth = 0;
	*out = malloc((size_t)n_bytes);
	if (*out == NULL)
		return (error_nomem(err, n_bytes));
	for (at = 0; at < n_bytes && status == CKPT_OK; at += n) {
		n = n_bytes - at < WIRE_MAX_PAGE ? (uint32_t)(n_bytes - at) :
		    WIRE_MAX_PAGE;
		status = a->bases->read(a->bases->arg, id, at, *out + at, n,
		    WIRE_MAX_DEPTH - 1, &height, &why);
		if (status == CKPT_OK && height > *depth)
			*depth = height;
	}
	if (status == CKPT_OK)
		return (CKPT_OK);
	free(*out);
	*out = NULL;
	if (status == CKPT_NO_MEMORY && err != NULL)
		*err = why;
	return (status == CKPT_NO_MEMORY ? status : CKPT_OK);
}

/* What is looked for: its prints are made when something may be it. */
struct search {
	const struct dedup_query *q;
	uint64_t key;
	struct moved_print print;
};

static enum ckpt_status
compare(struct dedup *a, struct search *w, const unsigned char *raw,
    struct dedup_orbit *out, bool *found, struct ckpt_error *err)
{
	struct moved_known known = { a->n_known, a->known };
	enum ckpt_status status = CKPT_OK;

	if (w->print.row == NULL)
		status = moved_print_of(&out->shape, w->q->data, &w->print,
		    err);
	return (status == CKPT_OK ? moved_find(&out->shape, raw, w->q->data,
	    &w->print, &known, &out->moved, found, err) : status);
}

/* One that stands in the part before. */
static enum ckpt_status
find_here(struct dedup *a, struct search *w, struct dedup_orbit *out,
    bool *found, struct ckpt_error *err)
{
	const struct dedup_tensor *all = (const void *)a->tensors.data;
	const unsigned char *raw;
	enum ckpt_status status;
	uint64_t at, length;

	*found = false;
	if (!lookup_get(&a->moved, w->key, &at) ||
	    all[at].n_places == 0)
		return (CKPT_OK);
	out->base.is_outside = false;
	out->base.t = all[at];
	length = length_of(a, &out->base.t, &out->depth);
	if (out->depth >= WIRE_MAX_DEPTH)
		return (CKPT_OK);
	status = refs_tensor(a->refs, dedup_places(a)[all[at].place].offset,
	    length, w->q->t->n_bytes, &raw, err);
	if (status == CKPT_OK)
		status = compare(a, w, raw, out, found, err);
	return (status);
}

static enum ckpt_status
find_outside(struct dedup *a, struct search *w, struct dedup_orbit *out,
    bool *found, struct ckpt_error *err)
{
	unsigned char *raw;
	enum ckpt_status status;

	*found = false;
	if (a->bases == NULL || a->bases->moved == NULL)
		return (CKPT_OK);
	memset(&out->base, 0, sizeof(out->base));
	out->base.is_outside = true;
	status = a->bases->moved(a->bases->arg, w->q->t, w->key,
	    &out->base.t.id, found, err);
	if (status != CKPT_OK || !*found)
		return (status);
	*found = false;
	status = read_outside(a, &out->base.t.id, w->q->t->n_bytes, &raw,
	    &out->depth, err);
	if (status == CKPT_OK && raw != NULL)
		status = compare(a, w, raw, out, found, err);
	free(raw);
	return (status);
}

enum ckpt_status
dedup_orbit_find(struct dedup *a, const struct dedup_query *q,
    struct dedup_orbit *out, bool *found, struct ckpt_error *err)
{
	struct search w = { .q = q };
	enum ckpt_status status;
	uint64_t at;

	*found = false;
	memset(out, 0, sizeof(*out));
	if (!moved_shape_of(q->t, &out->shape))
		return (CKPT_OK);
	w.key = moved_key_of(&out->shape, q->data);
	status = find_here(a, &w, out, found, err);
	if (status == CKPT_OK && !*found)
		status = find_outside(a, &w, out, found, err);
	if (status == CKPT_OK && !lookup_get(&a->moved, w.key, &at))
		status = dedup_remember(a, DEDUP_MOVED, w.key,
		    a->tensors.len / sizeof(struct dedup_tensor), err);
	moved_print_release(&w.print);
	if (status != CKPT_OK || !*found)
		moved_release(&out->moved);
	return (status);
}

/* An array of the model's pages before that is the same one. */
static const struct dedup_array *
find_known(const struct dedup *a, uint32_t n, const uint32_t *source,
    const int16_t *scale)
{
	const struct moved_axis *k;
	size_t i;

	for (i = 0; i < a->n_known; i++) {
		k = &a->known[i];
		if (k->n == n && (source != NULL ? k->source != NULL &&
		    memcmp(k->source, source, n * sizeof(*source)) == 0 :
		    k->scale != NULL &&
		    memcmp(k->scale, scale, n * sizeof(*scale)) == 0))
			return (&a->arrays[i]);
	}
	return (NULL);
}

static enum ckpt_status
add_known(struct dedup *a, uint32_t n, const uint32_t *source,
    const int16_t *scale, unsigned which, struct ckpt_error *err)
{
	size_t n_bytes = n * (source != NULL ? sizeof(*source) :
	    sizeof(*scale));
	struct moved_axis *known;
	struct dedup_array *arrays;
	void *copy;

	known = realloc(a->known, (a->n_known + 1) * sizeof(*known));
	if (known == NULL)
		return (error_nomem(err, sizeof(*known)));
	a->known = known;
	arrays = realloc(a->arrays, (a->n_known + 1) * sizeof(*arrays));
	if (arrays == NULL)
		return (error_nomem(err, sizeof(*arrays)));
	a->arrays = arrays;
	copy = malloc(n_bytes);
	if (copy == NULL)
		return (error_nomem(err, n_bytes));
	memcpy(copy, source != NULL ? (const void *)source : scale, n_bytes);
	memset(&known[a->n_known], 0, sizeof(*known));
	known[a->n_known].n = n;
	if (source != NULL)
		known[a->n_known].source = copy;
	else
		known[a->n_known].scale = copy;
	arrays[a->n_known].place = (uint32_t)(a->places.len /
	    sizeof(struct dedup_place));
	arrays[a->n_known++].which = which;
	return (CKPT_OK);
}

static enum ckpt_status
put_array(struct dedup *a, const struct moved_axis *axis, unsigned which,
    struct ckpt_error *err)
{
	const uint32_t *source = which % 2 == 0 ? axis->source : NULL;
	const int16_t *scale = which % 2 == 0 ? NULL : axis->scale;
	struct wire_disk_shared d;
	const struct dedup_place *p;
	const struct dedup_array *k;
	unsigned char kind = MOVED_NOTHING;
	enum ckpt_status status;

	if (source == NULL && scale == NULL)
		return (buf_append(&a->payload, &kind, 1, err));
	k = find_known(a, axis->n, source, scale);
	kind = k != NULL ? MOVED_SHARED : MOVED_INLINE;
	status = buf_append(&a->payload, &kind, 1, err);
	if (status != CKPT_OK)
		return (status);
	if (k != NULL) {
		p = dedup_places(a) + k->place;
		assert(p->offset != 0);
		le64_store(d.offset, p->offset);
		le32_store(d.stored, p->stored);
		d.which[0] = (unsigned char)k->which;
		return (buf_append(&a->payload, &d, sizeof(d), err));
	}
	status = source != NULL ? moved_put_source(&a->payload, source,
	    axis->n, err) : moved_put_scale(&a->payload, scale, axis->n,
	    err);
	return (status);
}

/* The arrays that stand in the page just put may be shared from now on. */
static enum ckpt_status
keep_arrays(struct dedup *a, const struct moved *m, struct ckpt_error *err)
{
	const struct moved_axis *axis;
	enum ckpt_status status = CKPT_OK;
	unsigned i;

	for (i = 0; i < REFS_N_ARRAYS && status == CKPT_OK; i++) {
		axis = i < REFS_COL_SOURCE ? &m->row : &m->col;
		if (i % 2 == 0 ? axis->source == NULL ||
		    find_known(a, axis->n, axis->source, NULL) != NULL :
		    axis->scale == NULL ||
		    find_known(a, axis->n, NULL, axis->scale) != NULL)
			continue;
		status = add_known(a, axis->n, i % 2 == 0 ? axis->source :
		    NULL, axis->scale, i, err);
	}
	return (status);
}

enum ckpt_status
dedup_orbit_put(struct dedup *a, const struct dedup_query *q,
    const struct dedup_orbit *o, uint64_t begin, uint32_t n, bool *found,
    struct ckpt_error *err)
{
	const struct dedup_tensor *base = &o->base.t;
	struct wire_disk_orbit d;
	enum ckpt_status status;
	unsigned i, depth;

	memset(&d, 0, sizeof(d));
	le64_store(d.check, xxh3_64(q->data + begin, n));
	d.dtype[0] = (unsigned char)o->shape.dtype;
	le32_store(d.rows, o->shape.rows);
	le32_store(d.cols, o->shape.cols);
	le32_store(d.inner, o->shape.inner);
	le64_store(d.begin, begin);
	if (!o->base.is_outside) {
		le64_store(d.offset, dedup_places(a)[base->place].offset);
		le64_store(d.length, length_of(a, base, &depth));
	}
	memcpy(d.base, base->id.bytes, sizeof(d.base));
	a->payload.len = 0;
	status = buf_append(&a->payload, &d, sizeof(d), err);
	for (i = 0; i < REFS_N_ARRAYS && status == CKPT_OK; i++)
		status = put_array(a, i < REFS_COL_SOURCE ? &o->moved.row :
		    &o->moved.col, i, err);
	*found = status == CKPT_OK && a->payload.len < n - n / 4;
	return (*found ? keep_arrays(a, &o->moved, err) : status);
}
