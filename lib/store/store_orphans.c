#include "store/inner.h"

/* A living stand-in whose weights no pack has. */
struct orphans {
	struct store *store;
	struct store_fsck *check;
	struct orphan {
		struct ckpt_id record, hash;
		int64_t pack;
		uint64_t ordinal;
	} *rows;
	size_t n, capacity;
};

static enum ckpt_status
note(struct orphans *o, const struct store_row *r, struct ckpt_error *err)
{
	struct orphan *more;
	size_t n = o->capacity == 0 ? 16 : 2 * o->capacity;

	if (o->n == o->capacity) {
		more = realloc(o->rows, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		o->rows = more;
		o->capacity = n;
	}
	o->rows[o->n].record = r->record;
	o->rows[o->n].hash = r->hash;
	o->rows[o->n].pack = r->pack;
	o->rows[o->n++].ordinal = r->ordinal;
	return (CKPT_OK);
}

static enum ckpt_status
look(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct orphans *o = arg;
	char hex[ID_HEX_SIZE];
	bool is_there;
	enum ckpt_status st;

	if (r->is_dead || r->has_bytes)
		return (CKPT_OK);
	st = store_catalog_has_model(o->store->catalog, &r->model, &r->form,
	    &is_there, err);
	if (st != CKPT_OK || is_there)
		return (st);
	id_hex(&r->record, hex);
	store_report(o->check, "lost: record %s, %.300s: its weights were "
	    "stored with another record", hex, r->label);
	o->check->n_problems++;
	return (note(o, r, err));
}

/* One by one: there are few. */
static enum ckpt_status
bury(struct store *s, const struct orphan *o, struct ckpt_error *err)
{
	char stamp[STORE_STAMP_SIZE];
	uint64_t *dead, *all;
	size_t n, i;
	enum ckpt_status st = store_tomb_read(s, &o->hash, &dead, &n, err);

	if (st != CKPT_OK)
		return (st);
	all = malloc((n + 1) * sizeof(*all));
	if (all == NULL) {
		free(dead);
		return (error_nomem(err, (n + 1) * sizeof(*all)));
	}
	for (i = 0; i < n && dead[i] < o->ordinal; i++)
		all[i] = dead[i];
	all[i] = o->ordinal;
	for (; i < n; i++)
		all[i + 1] = dead[i];
	free(dead);
	st = store_tomb_write(s, &o->hash, all, n + 1, err);
	store_tomb_stamp(s, &o->hash, stamp);
	if (st == CKPT_OK)
		st = store_catalog_set_dead(s->catalog, o->pack, stamp, all,
		    n + 1, err);
	free(all);
	return (st);
}

enum ckpt_status
store_repair_orphans(struct store *s, struct store_fsck *check,
    struct ckpt_error *err)
{
	struct orphans o = { .store = s, .check = check };
	size_t i;
	enum ckpt_status st;

	st = store_catalog_rows(s->catalog, STORE_ALL, NULL, false, look, &o,
	    err);
	for (i = 0; i < o.n && st == CKPT_OK && check->repairs; i++) {
		st = bury(s, &o.rows[i], err);
		check->n_problems -= st == CKPT_OK;
		check->n_lost += st == CKPT_OK;
	}
	free(o.rows);
	return (st);
}
