#include "store/inner.h"

struct rewriting {
	struct store *store;
	struct store_stage stage;
	struct store_catalog *rows; /* of the new pack, as pack 1 */
	struct store_thin *thin;
	struct store_heights *heights; /* of the old pack */
	struct model_sink *sink;
	struct id_stream *ids;
	unsigned char *chunk;
	uint64_t ordinal;
	uint64_t *dead;
	size_t n_dead;
};

/* Passes a model's bytes on; its IDs are those of what was read. */
static enum ckpt_status
copy_bytes(struct rewriting *w, struct model_source *from,
    const struct model_head *head, struct ckpt_id *model,
    struct ckpt_error *err)
{
	uint64_t left = head->schema->n_bytes;
	const struct ckpt_id *tensor_ids;
	size_t part;
	enum ckpt_status st = id_stream_begin(w->ids, head->schema, err);

	store_thin_begin(w->thin, head->schema, w->ordinal);
	if (st == CKPT_OK)
		st = model_begin(w->sink, head, err);
	for (; left > 0 && st == CKPT_OK; left -= part) {
		part = left < STORE_CHUNK ? (size_t)left : STORE_CHUNK;
		st = model_read(from, w->chunk, part, err);
		if (st == CKPT_OK)
			st = id_stream_update(w->ids, w->chunk, part, err);
		if (st == CKPT_OK)
			st = model_write(w->sink, w->chunk, part, err);
	}
	if (st == CKPT_OK)
		st = id_stream_end(w->ids, &tensor_ids, model, err);
	if (st == CKPT_OK)
		st = model_confirm(from, tensor_ids, err);
	return (st == CKPT_OK ? model_end(w->sink, tensor_ids, err) : st);
}

static enum ckpt_status
copy_model(struct rewriting *w, struct model_source *from,
    const struct model_head *head, bool is_dead, struct ckpt_error *err)
{
	struct store_row row;
	struct ckpt_id model;
	enum ckpt_status st = copy_bytes(w, from, head, &model, err);

	if (st == CKPT_OK)
		st = store_index_row(w->store, head, &model, NULL, &row, err);
	if (st != CKPT_OK)
		return (st);
	row.pack = 1;
	row.ordinal = w->ordinal++;
	if (is_dead)
		w->dead[w->n_dead++] = row.ordinal;
	st = store_catalog_add_row(w->rows, &row, err);
	store_row_release(&row);
	return (st);
}

static enum ckpt_status
copy_models(struct rewriting *w, struct model_source *from, const bool *keep,
    const bool *dead, size_t n, struct ckpt_error *err)
{
	struct model_head head;
	size_t i;
	enum ckpt_status st;

	for (i = 0; (st = model_next(from, &head, err)) == CKPT_OK; i++) {
		if (i < n && keep[i])
			st = copy_model(w, from, &head, dead[i], err);
		model_head_release(&head);
		if (st != CKPT_OK)
			return (st);
	}
	if (st == CKPT_END && i != n)
		return (error_set(err, CKPT_CORRUPT, "a pack has %zu models, "
		    "the catalog knows %zu", i, n));
	return (st == CKPT_END ? CKPT_OK : st);
}

static enum ckpt_status
prepare(struct rewriting *w, const struct ckpt_id *old, int64_t added,
    size_t n, struct ckpt_error *err)
{
	struct store_pack one = { .added = 1 };
	enum ckpt_status st;

	w->chunk = malloc(STORE_CHUNK);
	w->dead = malloc((n + 1) * sizeof(*w->dead));
	st = w->chunk == NULL || w->dead == NULL ?
	    error_nomem(err, STORE_CHUNK) : id_stream_new(&w->ids, err);
	if (st == CKPT_OK)
		st = store_catalog_open(NULL, false, &w->rows, err);
	if (st == CKPT_OK)
		st = store_catalog_add_pack(w->rows, &one, err);
	if (st == CKPT_OK)
		st = store_stage_open(w->store, &w->stage, err);
	if (st == CKPT_OK)
		st = store_thin_new(w->store, NULL, &w->thin, err);
	if (st == CKPT_OK)
		st = store_heights_new(w->store, old, &w->heights, err);
	if (st != CKPT_OK)
		return (st);
	store_thin_instead(w->thin, w->heights, added);
	return (store_pack_create(w->store, w->stage.fd, w->thin, &w->sink,
	    err));
}

enum ckpt_status
store_rewrite(struct store *s, const struct ckpt_id *old,
    struct model_source *from, const bool *keep, const bool *dead, size_t n,
    int64_t added, struct ckpt_id *made, struct ckpt_error *err)
{
	struct rewriting w = {
		.store = s, .stage = { .fd = -1, .pins = -1 }
	};
	struct store_contents contents;
	struct model_sink *sink;
	struct store_sealed sealed;
	enum ckpt_status st = prepare(&w, old, added, n, err);

	if (st == CKPT_OK)
		st = copy_models(&w, from, keep, dead, n, err);
	model_source_close(from);
	if (st == CKPT_OK) {
		sink = w.sink;
		w.sink = NULL;
		st = model_sink_close(sink, err);
	}
	contents.rows = w.rows;
	contents.thin = w.thin;
	contents.dead = w.dead;
	contents.n_dead = w.n_dead;
	if (st == CKPT_OK)
		st = store_seal(s, &w.stage, &contents, added, &sealed, err);
	if (st == CKPT_OK)
		st = store_heights_check(w.heights, w.stage.fd,
		    store_thin_reads(w.thin), w.rows, err);
	if (st == CKPT_OK)
		st = store_publish(s, &w.stage, &sealed, &contents, err);
	if (st == CKPT_OK)
		*made = sealed.hash;
	model_sink_abort(w.sink);
	store_thin_free(w.thin);
	store_heights_free(w.heights);
	store_stage_close(s, &w.stage);
	store_catalog_close(w.rows);
	id_stream_free(w.ids);
	free(w.dead);
	free(w.chunk);
	return (st);
}
