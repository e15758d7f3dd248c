#include <errno.h>

#include "store/inner.h"

#define TRIES 8 /* gc moves a model at most once while we look */

/* ---- the source ---- */

struct item {
	struct ckpt_id pack, record, model;
	uint64_t ordinal;
};

struct reading {
	struct model_source base;
	struct store *store;
	const struct store_query *query; /* while items are collected */
	struct item *items;
	size_t n, capacity, next;
	struct model_source *run;     /* of items that share a pack */
	size_t run_end;
	uint64_t *ordinals;
	struct store_chosen run_chosen;
	struct model_source *other;   /* with the weights of a stand-in */
	uint64_t other_ordinal;
	struct store_chosen other_chosen;
	char *other_label;
	struct model_source *now;     /* run or other */
	struct model_head now_head;   /* schema of the current model */
	struct sha256 *hash;
};

static struct reading *
of_source(struct model_source *src)
{
	return ((struct reading *)src);
}

/* Where a row is, if it is found. */
struct place {
	bool is_found;
	struct ckpt_id pack, form;
	bool wants_form;
	uint64_t ordinal;
	char *label;
};

static enum ckpt_status
note_place(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct place *p = arg;

	(void)err;
	if (p->is_found || (p->wants_form && !id_equal(&p->form, &r->form)))
		return (CKPT_OK);
	p->is_found = true;
	p->pack = r->hash;
	p->ordinal = r->ordinal;
	p->label = r->label;
	r->label = NULL;
	return (CKPT_OK);
}

/* Opens one model wherever it is now. */
static enum ckpt_status
open_one(struct reading *r, enum store_which which, const struct ckpt_id *id,
    const struct ckpt_id *form, struct model_source **out,
    struct ckpt_error *err)
{
	struct ckpt_error own;
	struct place p;
	unsigned i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < TRIES; i++) {
		memset(&own, 0, sizeof(own));
		memset(&p, 0, sizeof(p));
		p.wants_form = form != NULL;
		if (form != NULL)
			p.form = *form;
		st = store_catalog_rows(r->store->catalog, which, id, false,
		    note_place, &p, &own);
		if (st == CKPT_OK && !p.is_found)
			st = error_set(&own, CKPT_MISMATCH, "a model was "
			    "removed while it was to be read");
		if (st != CKPT_OK)
			break;
		r->other_ordinal = p.ordinal;
		r->other_chosen.ordinals = &r->other_ordinal;
		r->other_chosen.n = 1;
		free(r->other_label);
		r->other_label = p.label; /* both outlive the source */
		st = store_pack_source(r->store, &p.pack, &r->other_chosen,
		    p.label, out, &own);
		if (st != CKPT_SYSTEM || own.sys_errno != ENOENT)
			break;
	}
	if (st != CKPT_OK && err != NULL)
		*err = own;
	return (st);
}

/* Reads all of the weights that `from` gives, for their ID. */
static enum ckpt_status
read_model(struct model_source *from, struct ckpt_id *model,
    struct ckpt_error *err)
{
	unsigned char *chunk = malloc(STORE_CHUNK);
	struct id_stream *ids = NULL;
	struct model_head head;
	enum ckpt_status st;

	st = chunk == NULL ? error_nomem(err, STORE_CHUNK) :
	    id_stream_new(&ids, err);
	if (st == CKPT_OK) {
		st = model_next(from, &head, err);
		if (st == CKPT_END)
			st = error_set(err, CKPT_CORRUPT, "a model that the "
			    "catalog knows is not in its pack");
	}
	if (st == CKPT_OK) {
		st = store_index_read(from, ids, &head, chunk, model, err);
		model_head_release(&head);
	}
	id_stream_free(ids);
	free(chunk);
	return (st);
}

enum ckpt_status
store_read_back(struct store *s, const struct ckpt_id *model,
    const struct ckpt_id *form, struct ckpt_error *err)
{
	struct reading r = { .store = s };
	struct model_source *from;
	struct ckpt_id found;
	enum ckpt_status st;

	st = open_one(&r, STORE_MODEL, model, form, &from, err);
	if (st == CKPT_OK) {
		st = read_model(from, &found, err);
		model_source_close(from);
	}
	free(r.other_label);
	return (st != CKPT_OK || id_equal(&found, model) ? st :
	    error_set(err, CKPT_MISMATCH, "it is not that of its ID"));
}

/* Opens the pack of the next item, for all items after it that are in it. */
static enum ckpt_status
open_run(struct reading *r, struct ckpt_error *err)
{
	const struct item *first = &r->items[r->next];
	struct ckpt_error own = { .offset = CKPT_NO_OFFSET };
	size_t i;
	enum ckpt_status st;

	model_source_close(r->run);
	r->run = NULL;
	for (i = r->next; i < r->n && id_equal(&r->items[i].pack,
	    &first->pack); i++)
		r->ordinals[i - r->next] = r->items[i].ordinal;
	r->run_chosen.ordinals = r->ordinals;
	r->run_chosen.n = i - r->next;
	r->run_end = i;
	st = store_pack_source(r->store, &first->pack, &r->run_chosen, NULL,
	    &r->run, &own);
	if (st == CKPT_SYSTEM && own.sys_errno == ENOENT) {
		r->run = NULL; /* gc has written it anew: one at a time */
		return (CKPT_OK);
	}
	if (st != CKPT_OK && err != NULL)
		*err = own;
	return (st);
}

/* The weights of a stand-in: its head takes their schema. */
static enum ckpt_status
follow(struct reading *r, struct model_head *head, struct ckpt_error *err)
{
	struct model_source *weights;
	struct ckpt_id model, form;
	struct model_head other;
	enum ckpt_status st;

	if (!store_is_stand_in(head, &model, &form))
		return (CKPT_OK);
	model_source_close(r->other); /* its head is what is followed */
	r->other = NULL;
	st = open_one(r, STORE_MODEL, &model, &form, &weights, err);
	if (st != CKPT_OK)
		return (st);
	r->now = r->other = weights;
	st = model_next(r->other, &other, err);
	if (st != CKPT_OK)
		return (st != CKPT_END ? st : error_set(err, CKPT_CORRUPT,
		    "a model that the catalog knows is not in its pack"));
	schema_unref(head->schema);
	head->schema = schema_ref(other.schema);
	meta_remove(&head->meta, STORE_SAME_KEY);
	model_head_release(&other);
	return (CKPT_OK);
}

static enum ckpt_status
read_next(struct model_source *src, struct model_head *head,
    struct ckpt_error *err)
{
	struct reading *r = of_source(src);
	const struct item *item;
	struct model_head h;
	enum ckpt_status st = CKPT_OK;

	if (r->next == r->n)
		return (CKPT_END);
	model_source_close(r->other);
	r->other = r->now = NULL;
	schema_unref(r->now_head.schema);
	r->now_head.schema = NULL;
	if (r->next == r->run_end)
		st = open_run(r, err);
	item = &r->items[r->next];
	if (st == CKPT_OK && r->run == NULL)
		st = open_one(r, STORE_RECORD, &item->record, NULL,
		    &r->other, err);
	if (st != CKPT_OK)
		return (st);
	r->now = r->run != NULL ? r->run : r->other;
	st = model_next(r->now, &h, err);
	if (st == CKPT_END)
		st = error_set(err, CKPT_CORRUPT, "a model that the catalog "
		    "knows is not in its pack");
	if (st != CKPT_OK)
		return (st);
	st = follow(r, &h, err);
	if (st != CKPT_OK) {
		model_head_release(&h);
		return (st);
	}
	r->next++;
	r->now_head.schema = schema_ref(h.schema);
	*head = h;
	return (CKPT_OK);
}

static enum ckpt_status
read_read(struct model_source *src, void *out, size_t n,
    struct ckpt_error *err)
{
	struct reading *r = of_source(src);

	if (r->now == NULL)
		return (error_set(err, CKPT_USAGE, "no model to read"));
	return (model_read(r->now, out, n, err));
}

/* Also against the ID that the catalog has. */
static enum ckpt_status
read_confirm(struct model_source *src, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct reading *r = of_source(src);
	char hex[ID_HEX_SIZE];
	struct ckpt_id id;
	enum ckpt_status st;

	if (r->now == NULL)
		return (error_set(err, CKPT_USAGE, "no model to confirm"));
	st = model_confirm(r->now, tensor_ids, err);
	if (st == CKPT_OK)
		st = id_model(r->hash, r->now_head.schema, tensor_ids, &id,
		    err);
	if (st != CKPT_OK || id_equal(&id, &r->items[r->next - 1].model))
		return (st);
	id_hex(&r->items[r->next - 1].model, hex);
	return (error_set(err, CKPT_MISMATCH,
	    "a model is not that of its ID %s", hex));
}

static void
read_close(struct model_source *src)
{
	struct reading *r = of_source(src);

	model_source_close(r->run);
	model_source_close(r->other);
	schema_unref(r->now_head.schema);
	sha256_free(r->hash);
	free(r->other_label);
	free(r->ordinals);
	free(r->items);
	free(r);
}

static const struct model_source_ops ops = {
	.next = read_next,
	.read = read_read,
	.confirm = read_confirm,
	.close = read_close
};

static enum ckpt_status
collect(void *arg, struct store_row *row, struct ckpt_error *err)
{
	struct reading *r = arg;
	struct item *more;
	size_t n = r->capacity == 0 ? 64 : 2 * r->capacity;
	enum ckpt_status st = store_query_match(r->query, row, err);

	if (st != CKPT_OK)
		return (st == CKPT_END ? CKPT_OK : st);
	if (r->n == r->capacity) {
		more = realloc(r->items, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		r->items = more;
		r->capacity = n;
	}
	r->items[r->n].pack = row->hash;
	r->items[r->n].record = row->record;
	r->items[r->n].model = row->model;
	r->items[r->n++].ordinal = row->ordinal;
	return (CKPT_OK);
}

enum ckpt_status
store_source(struct store *s, const struct store_query *query,
    struct model_source **out, struct ckpt_error *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	enum ckpt_status st;

	if (r == NULL)
		return (error_nomem(err, sizeof(*r)));
	r->base.ops = &ops;
	r->store = s;
	r->query = query;
	st = store_query_check(query, err);
	if (st == CKPT_OK)
		st = sha256_new(&r->hash, err);
	if (st == CKPT_OK)
		st = store_catalog_rows(s->catalog, STORE_ALIVE, NULL, true,
		    collect, r, err);
	if (st == CKPT_OK) {
		r->ordinals = malloc((r->n + 1) * sizeof(*r->ordinals));
		if (r->ordinals == NULL)
			st = error_nomem(err, r->n * sizeof(*r->ordinals));
	}
	r->query = NULL;
	if (st != CKPT_OK) {
		read_close(&r->base);
		return (st);
	}
	*out = &r->base;
	return (CKPT_OK);
}

static enum ckpt_status
is_record(void *arg, const struct store_entry *e, struct ckpt_error *err)
{
	(void)err;
	return (id_equal(&e->record, arg) ? CKPT_OK : CKPT_END);
}

enum ckpt_status
store_head(struct store *s, const struct ckpt_id *record,
    struct model_head *out, struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	const char *pattern = hex;
	struct ckpt_id id = *record;
	struct store_query q = {
		.patterns = &pattern, .n_patterns = 1, .arg = &id,
		.keep = is_record
	};
	struct model_source *src;
	enum ckpt_status st;

	id_hex(record, hex);
	st = store_source(s, &q, &src, err);
	if (st != CKPT_OK)
		return (st);
	st = model_next(src, out, err);
	model_source_close(src);
	return (st != CKPT_END ? st :
	    error_set(err, CKPT_USAGE, "no such record: %s", hex));
}
