/*
 * store_thin: what a pack that is being written may refer to in the packs of
 * the store.
 */
#include "store/inner.h"

struct store_thin {
	struct store *store;
	struct store_stage *stage;  /* pins; NULL: the lock is held alone */
	struct store_bases *bases;
	struct pack_bases ops;
	const struct pack_bases *reads;
	/* the current model */
	uint64_t ordinal;
	const struct schema *schema;
	struct store_tensor near;   /* pack and ordinal of the model that its
	                               tensors are near; pack 0: not known */
	struct buf prints;          /* struct print, in the order of models */
	size_t n_read;              /* of them, by store_thin_print */
	struct store_heights *heights; /* of an older pack, or NULL */
	int64_t added;              /* its time, or 0 */
};

struct print {
	uint64_t ordinal, print;
	size_t tensor;
};

/* What `which` finds, linked and kept from being collected; *found says
 * whether there is any. */
static enum ckpt_status
hold(struct store_thin *w, enum store_seek which,
    const struct store_tensor *want, struct store_tensor *out, bool *found,
    struct ckpt_error *err)
{
	struct store *s = w->store;
	bool is_locked = false;
	enum ckpt_status st;

	*found = false;
	st = store_catalog_seek(s->catalog, which, want, out, err);
	if (st == CKPT_OK && store_bases_linked(w->bases, &out->id) != NULL) {
		*found = true;
		return (CKPT_OK);
	}
	if (st == CKPT_OK && w->stage != NULL &&
	    !store_bases_is_open(w->bases, &out->hash)) {
		/* gc, which holds the lock alone, sees the pin or nothing */
		st = store_lock(s, LOCK_SH, err);
		is_locked = st == CKPT_OK;
		if (st == CKPT_OK)
			st = store_catalog_seek(s->catalog, which, want, out,
			    err);
		if (st == CKPT_OK)
			st = store_stage_pin(s, w->stage, &out->hash, err);
	}
	/* readers take the first of the pack */
	if (st == CKPT_OK)
		st = store_catalog_first(s->catalog, out->pack, &out->id, out,
		    err);
	if (st == CKPT_OK)
		st = store_bases_link(w->bases, out, err);
	if (is_locked)
		store_unlock(s);
	*found = st == CKPT_OK;
	return (st == CKPT_END ? CKPT_OK : st);
}

/* The latest model with that tensor is near for the others of this one, as
 * when only the last layers are trained on and on. */
static enum ckpt_status
thin_same(void *arg, const struct ckpt_id *tensor, bool *found,
    struct ckpt_error *err)
{
	struct store_thin *w = arg;
	struct store_tensor want = { .id = *tensor, .added = w->added }, t;
	enum ckpt_status st;

	st = hold(w, STORE_SEEK_ID, &want, &t, found, err);
	if (st != CKPT_OK || !*found || w->near.pack != 0)
		return (st);
	st = store_catalog_seek(w->store->catalog, STORE_SEEK_LAST, &want,
	    &t, err);
	if (st == CKPT_OK)
		w->near = t;
	return (st == CKPT_END ? CKPT_OK : st);
}

/* Of the model that tensors before were near, else the latest. */
static enum ckpt_status
thin_near(void *arg, const struct schema *schema, size_t tensor,
    struct ckpt_id *base, uint64_t *n_bytes, bool *found,
    struct ckpt_error *err)
{
	struct store_thin *w = arg;
	struct store_catalog *c = w->store->catalog;
	struct store_tensor want = {
		.pack = w->near.pack, .ordinal = w->near.ordinal,
		.key = pack_base_key(&schema->tensors[tensor]),
		.added = w->added
	}, t;
	enum ckpt_status st = CKPT_END;

	*found = false;
	if (want.pack != 0)
		st = store_catalog_seek(c, STORE_SEEK_MODEL, &want, &t, err);
	if (st == CKPT_END)
		st = store_catalog_seek(c, STORE_SEEK_KEY, &want, &t, err);
	want.added = 0;
	if (st == CKPT_END && w->added != 0)
		st = store_catalog_seek(c, STORE_SEEK_KEY, &want, &t, err);
	if (st != CKPT_OK)
		return (st == CKPT_END ? CKPT_OK : st);
	if (w->near.pack == 0)
		w->near = t;
	want.id = t.id;
	st = hold(w, STORE_SEEK_ID, &want, &t, found, err);
	if (st == CKPT_OK && *found) {
		*base = t.id;
		*n_bytes = t.n_bytes;
	}
	return (st);
}

static enum ckpt_status
thin_moved(void *arg, const struct tensor_desc *t, uint64_t print,
    struct ckpt_id *base, bool *found, struct ckpt_error *err)
{
	struct store_thin *w = arg;
	struct store_tensor want = { .print = store_tensor_print(t, print) };
	struct store_tensor other;
	struct print p = {
		.ordinal = w->ordinal, .print = want.print,
		.tensor = schema_find(w->schema, t->name)
	};
	enum ckpt_status st = buf_append(&w->prints, &p, sizeof(p), err);

	*found = false;
	if (st == CKPT_OK)
		st = hold(w, STORE_SEEK_PRINT, &want, &other, found, err);
	if (*found)
		*base = other.id;
	return (st);
}

static enum ckpt_status
thin_read(void *arg, const struct ckpt_id *tensor, uint64_t begin, void *out,
    uint32_t n, unsigned limit, unsigned *height, struct ckpt_error *err)
{
	const struct store_thin *w = arg;

	return (w->reads->read(w->reads->arg, tensor, begin, out, n, limit,
	    height, err));
}

static unsigned
thin_limit(void *arg, size_t tensor, const struct ckpt_id *id,
    uint64_t begin)
{
	const struct store_thin *w = arg;

	return (store_heights_limit(w->heights, id, begin, w->ordinal,
	    tensor));
}

void
store_thin_instead(struct store_thin *w, struct store_heights *heights,
    int64_t added)
{
	w->heights = heights;
	w->added = added;
	w->ops.limit = thin_limit;
}

const struct pack_bases *
store_thin_reads(const struct store_thin *w)
{
	return (w->reads);
}

const struct pack_bases *
store_thin_bases(const struct store_thin *w)
{
	return (&w->ops);
}

void
store_thin_begin(struct store_thin *w, const struct schema *schema,
    uint64_t ordinal)
{
	w->schema = schema;
	w->ordinal = ordinal;
	memset(&w->near, 0, sizeof(w->near));
}

uint64_t
store_thin_print(struct store_thin *w, uint64_t ordinal, size_t tensor)
{
	const struct print *p = (const void *)w->prints.data;
	size_t n = w->prints.len / sizeof(*p);

	while (w->n_read < n && (p[w->n_read].ordinal < ordinal ||
	    (p[w->n_read].ordinal == ordinal &&
	    p[w->n_read].tensor < tensor)))
		w->n_read++;
	return (w->n_read < n && p[w->n_read].ordinal == ordinal &&
	    p[w->n_read].tensor == tensor ? p[w->n_read].print : 0);
}

const struct ckpt_id *
store_thin_pack(const struct store_thin *w, const struct ckpt_id *tensor)
{
	return (store_bases_linked(w->bases, tensor));
}

enum ckpt_status
store_thin_new(struct store *s, struct store_stage *stage,
    struct store_thin **out, struct ckpt_error *err)
{
	struct store_thin *w = calloc(1, sizeof(*w));
	enum ckpt_status st;

	if (w == NULL)
		return (error_nomem(err, sizeof(*w)));
	w->store = s;
	w->stage = stage;
	buf_init(&w->prints, SIZE_MAX / 2);
	w->ops.arg = w;
	w->ops.read = thin_read;
	w->ops.same = thin_same;
	w->ops.near = thin_near;
	w->ops.moved = thin_moved;
	st = store_bases_new(s, &w->bases, err);
	if (st == CKPT_OK)
		st = store_bases_write(w->bases, &w->reads, err);
	if (st != CKPT_OK) {
		store_thin_free(w);
		return (st);
	}
	*out = w;
	return (CKPT_OK);
}

void
store_thin_free(struct store_thin *w)
{
	if (w == NULL)
		return;
	store_bases_free(w->bases);
	buf_release(&w->prints);
	free(w);
}
