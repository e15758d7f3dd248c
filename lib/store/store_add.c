#include "store/inner.h"

struct adding {
	struct model_sink base;
	struct store *store;
	bool has_ids;
	struct store_added *out, added;
	struct store_stage stage;
	struct store_catalog *pending; /* what the stage holds, as pack 1 */
	uint64_t ordinal;              /* models in it */
	struct store_thin *thin;
	struct model_sink *pack;       /* or NULL: nothing is written yet */
	struct id_stream *ids;
	struct sha256 *hash;
	/* The current model, held until its ID tells whether it is new. */
	struct model model;
	size_t n_room;                 /* of model.data */
	uint64_t n_done;
};

static struct adding *
of_sink(struct model_sink *sink)
{
	return ((struct adding *)sink);
}

/* Room for a model's bytes; what is there is not needed any more. */
static enum ckpt_status
make_room(struct adding *a, uint64_t n, struct ckpt_error *err)
{
	if (n <= a->n_room)
		return (CKPT_OK);
	free(a->model.data);
	a->n_room = 0;
	a->model.data = n <= SIZE_MAX ? malloc((size_t)n) : NULL;
	if (a->model.data == NULL)
		return (error_nomem(err, (size_t)n));
	a->n_room = (size_t)n;
	return (CKPT_OK);
}

static enum ckpt_status
add_begin(struct model_sink *sink, const struct model_head *head,
    struct ckpt_error *err)
{
	struct adding *a = of_sink(sink);
	enum ckpt_status st;

	if (meta_get(&head->meta, STORE_SAME_KEY) != NULL)
		return (error_set(err, CKPT_INVALID, "the metadata key "
		    STORE_SAME_KEY " is the store's own"));
	model_head_release(&a->model.head);
	st = model_head_copy(head, &a->model.head, err);
	if (st == CKPT_OK && !a->has_ids)
		st = id_stream_begin(a->ids, head->schema, err);
	if (st == CKPT_OK)
		st = make_room(a, head->schema->n_bytes, err);
	a->n_done = 0;
	return (st);
}

static enum ckpt_status
add_write(struct model_sink *sink, const void *data, size_t n,
    struct ckpt_error *err)
{
	struct adding *a = of_sink(sink);
	enum ckpt_status st = CKPT_OK;

	if (n > a->model.head.schema->n_bytes - a->n_done)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are written than the model has"));
	if (n == 0)
		return (CKPT_OK);
	if (!a->has_ids)
		st = id_stream_update(a->ids, data, n, err);
	if (st != CKPT_OK)
		return (st);
	memcpy(a->model.data + a->n_done, data, n);
	a->n_done += n;
	return (CKPT_OK);
}

/* ---- at a model's end ---- */

static enum ckpt_status
is_present(struct adding *a, const struct store_row *r, bool *out,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	st = store_catalog_has_record(a->pending, &r->record, out, err);
	if (st == CKPT_OK && !*out)
		st = store_catalog_has_record(a->store->catalog, &r->record,
		    out, err);
	return (st);
}

/* Whether the weights are here; if it is the store that has them, they are
 * pinned. */
static enum ckpt_status
is_shared(struct adding *a, const struct store_row *r, bool *out,
    struct ckpt_error *err)
{
	struct store *s = a->store;
	enum ckpt_status st;

	st = store_catalog_has_model(a->pending, &r->model, &r->form, out,
	    err);
	if (st != CKPT_OK || *out)
		return (st);
	st = store_catalog_has_model(s->catalog, &r->model, &r->form, out,
	    err);
	if (st != CKPT_OK || !*out)
		return (st);
	/* gc, which holds the lock alone, sees either the pin or nothing */
	st = store_lock(s, LOCK_SH, err);
	if (st != CKPT_OK)
		return (st);
	st = store_catalog_has_model(s->catalog, &r->model, &r->form, out,
	    err);
	if (st == CKPT_OK && *out)
		st = store_stage_pin(s, &a->stage, &r->model, err);
	store_unlock(s);
	return (st);
}

/* What the store has of the model is read back: nothing is acknowledged that
 * it could not give. What this add has written itself is not there yet. */
static enum ckpt_status
confirm_stored(struct adding *a, const struct store_row *r,
    struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	enum ckpt_status st;
	bool is_stored;

	st = store_catalog_has_model(a->store->catalog, &r->model, &r->form,
	    &is_stored, err);
	if (st != CKPT_OK || !is_stored)
		return (st);
	st = store_read_back(a->store, &r->model, &r->form, &why);
	if (st == CKPT_OK)
		return (CKPT_OK);
	if (st == CKPT_NO_MEMORY || st == CKPT_SYSTEM) {
		if (err != NULL)
			*err = why;
		return (st);
	}
	id_hex(&r->model, hex);
	return (error_set(err, CKPT_CORRUPT, "model %s is here already, but "
	    "damaged (ckpt-store fsck --repair, then add it again): %.200s",
	    hex, why.text));
}

/* Writes the model, or what stands for it. */
static enum ckpt_status
put(struct adding *a, struct store_row *r, bool is_standing,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	if (a->pack == NULL)
		st = store_pack_create(a->store, a->stage.fd, a->thin,
		    &a->pack, err);
	store_thin_begin(a->thin, a->model.head.schema, a->ordinal);
	if (st == CKPT_OK)
		st = is_standing ? store_stand_in(a->pack, &a->model.head,
		    &r->model, &r->form, err) :
		    pack_writer_put(a->pack, &a->model, tensor_ids, err);
	if (st != CKPT_OK)
		return (st);
	r->pack = 1;
	r->ordinal = a->ordinal++;
	r->has_bytes = !is_standing;
	return (store_catalog_add_row(a->pending, r, err));
}

/* Whether the record is here, and comes back; another process may remove it
 * meanwhile. */
static enum ckpt_status
is_kept(struct adding *a, const struct store_row *r, bool *out,
    struct ckpt_error *err)
{
	struct ckpt_error why = { .status = CKPT_OK };
	enum ckpt_status st = is_present(a, r, out, err), confirmed;

	if (st != CKPT_OK || !*out)
		return (st);
	confirmed = confirm_stored(a, r, &why);
	if (confirmed == CKPT_OK)
		return (CKPT_OK);
	st = is_present(a, r, out, err);
	if (st != CKPT_OK || !*out)
		return (st);
	if (err != NULL)
		*err = why;
	return (confirmed);
}

static enum ckpt_status
decide(struct adding *a, struct store_row *r,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	bool present, shared = false;
	enum ckpt_status st;

	st = is_kept(a, r, &present, err);
	if (st == CKPT_OK && !present)
		st = is_shared(a, r, &shared, err);
	if (st == CKPT_OK && shared)
		st = confirm_stored(a, r, err);
	if (st == CKPT_OK && !present)
		st = put(a, r, shared, tensor_ids, err);
	if (st != CKPT_OK)
		return (st);
	a->added.n_present += present;
	a->added.n_models += !present;
	a->added.n_shared += shared;
	a->added.n_bytes += a->model.head.schema->n_bytes;
	return (CKPT_OK);
}

static enum ckpt_status
add_end(struct model_sink *sink, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct adding *a = of_sink(sink);
	struct ckpt_id model, form;
	struct store_row row;
	enum ckpt_status st = CKPT_OK;

	if (a->n_done != a->model.head.schema->n_bytes)
		return (error_set(err, CKPT_USAGE,
		    "a model ends before its last byte"));
	if (a->has_ids && tensor_ids == NULL)
		return (error_set(err, CKPT_USAGE, "tensor IDs are missing"));
	if (!a->has_ids)
		st = id_stream_end(a->ids, &tensor_ids, NULL, err);
	if (st == CKPT_OK)
		st = id_model(a->hash, a->model.head.schema, tensor_ids, &model,
		    err);
	if (st == CKPT_OK)
		st = id_form(a->hash, a->model.head.schema, &form, err);
	if (st == CKPT_OK)
		st = store_index_row(a->store, &a->model.head, &model, &form,
		    &row, err);
	if (st != CKPT_OK)
		return (st);
	st = decide(a, &row, tensor_ids, err);
	store_row_release(&row);
	return (st);
}

/* ---- at the end of all ---- */

static void
add_abort(struct model_sink *sink)
{
	struct adding *a = of_sink(sink);

	model_sink_abort(a->pack);
	store_thin_free(a->thin);
	store_stage_close(a->store, &a->stage);
	store_catalog_close(a->pending);
	id_stream_free(a->ids);
	sha256_free(a->hash);
	model_head_release(&a->model.head);
	free(a->model.data);
	free(a);
}

static enum ckpt_status
publish(struct adding *a, struct ckpt_error *err)
{
	const struct store_contents contents = {
		.rows = a->pending, .thin = a->thin
	};
	struct store_sealed sealed;
	enum ckpt_status st;

	st = store_seal(a->store, &a->stage, &contents, 0, &sealed, err);
	if (st == CKPT_OK)
		st = store_lock_current(a->store, err);
	if (st != CKPT_OK)
		return (st);
	st = store_publish(a->store, &a->stage, &sealed, &contents, err);
	store_unlock(a->store);
	a->added.n_stored = sealed.n_bytes;
	return (st);
}

static enum ckpt_status
add_close(struct model_sink *sink, struct ckpt_error *err)
{
	struct adding *a = of_sink(sink);
	struct model_sink *pack = a->pack;
	enum ckpt_status st = CKPT_OK;

	a->pack = NULL;
	if (pack != NULL)
		st = model_sink_close(pack, err);
	if (st == CKPT_OK && a->ordinal > 0)
		st = publish(a, err);
	if (st == CKPT_OK && a->out != NULL)
		*a->out = a->added;
	if (st != CKPT_OK)
		(void)error_where(err, a->store->path);
	add_abort(sink);
	return (st);
}

static const struct model_sink_ops ops = {
	.begin = add_begin,
	.write = add_write,
	.end = add_end,
	.close = add_close,
	.abort = add_abort
};

enum ckpt_status
store_add(struct store *s, bool has_ids, struct store_added *added,
    struct model_sink **out, struct ckpt_error *err)
{
	struct store_pack one = { .added = 1 };
	struct adding *a;
	enum ckpt_status st;

	if (s->options.is_reader)
		return (error_set(err, CKPT_USAGE,
		    "the store was opened for reading only"));
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return (error_nomem(err, sizeof(*a)));
	a->base.ops = &ops;
	a->store = s;
	a->has_ids = has_ids;
	a->out = added;
	a->stage.fd = a->stage.pins = -1;
	st = id_stream_new(&a->ids, err);
	if (st == CKPT_OK)
		st = sha256_new(&a->hash, err);
	if (st == CKPT_OK)
		st = store_catalog_open(NULL, false, &a->pending, err);
	if (st == CKPT_OK)
		st = store_catalog_add_pack(a->pending, &one, err);
	if (st == CKPT_OK)
		st = store_stage_open(s, &a->stage, err);
	if (st == CKPT_OK)
		st = store_thin_new(s, &a->stage, &a->thin, err);
	if (st != CKPT_OK) {
		(void)error_where(err, s->path);
		add_abort(&a->base);
		return (st);
	}
	*out = &a->base;
	return (CKPT_OK);
}
