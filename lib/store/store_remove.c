#include "store/inner.h"

/* Ordinals to be removed, pack by pack: rows come in that order. */
struct removing {
	struct store *store;
	const struct store_query *query;
	struct removed { int64_t pack; struct ckpt_id hash; uint64_t ordinal; }
	    *rows;
	size_t n, capacity;
	uint64_t n_records;
};

static enum ckpt_status
note(struct removing *r, const struct store_row *row, struct ckpt_error *err)
{
	struct removed *more;
	size_t n = r->capacity == 0 ? 64 : 2 * r->capacity;

	if (r->n == r->capacity) {
		more = realloc(r->rows, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		r->rows = more;
		r->capacity = n;
	}
	r->rows[r->n].pack = row->pack;
	r->rows[r->n].hash = row->hash;
	r->rows[r->n++].ordinal = row->ordinal;
	return (CKPT_OK);
}

/* A record may stand in several packs (two were adding it at once): all of
 * them go. */
static enum ckpt_status
collect(void *arg, struct store_row *row, struct ckpt_error *err)
{
	struct removing *r = arg;
	enum ckpt_status st;

	if (row->is_dead)
		return (CKPT_OK);
	st = store_query_match(r->query, row, err);
	if (st != CKPT_OK)
		return (st == CKPT_END ? CKPT_OK : st);
	return (note(r, row, err));
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

/* Adds `n` rows, all of one pack, to its tombstones. */
static enum ckpt_status
bury(struct store *s, const struct removed *rows, size_t n,
    struct ckpt_error *err)
{
	char stamp[STORE_STAMP_SIZE];
	uint64_t *dead, *all;
	size_t n_dead, i;
	enum ckpt_status st;

	st = store_tomb_read(s, &rows->hash, &dead, &n_dead, err);
	if (st != CKPT_OK)
		return (st);
	all = malloc((n_dead + n) * sizeof(*all));
	if (all == NULL) {
		free(dead);
		return (error_nomem(err, (n_dead + n) * sizeof(*all)));
	}
	if (n_dead > 0)
		memcpy(all, dead, n_dead * sizeof(*all));
	free(dead);
	for (i = 0; i < n; i++)
		all[n_dead + i] = rows[i].ordinal;
	qsort(all, n_dead + n, sizeof(*all), compare);
	st = store_tomb_write(s, &rows->hash, all, n_dead + n, err);
	store_tomb_stamp(s, &rows->hash, stamp);
	if (st == CKPT_OK)
		st = store_catalog_set_dead(s->catalog, rows->pack, stamp,
		    all, n_dead + n, err);
	free(all);
	return (st);
}

static enum ckpt_status
bury_all(struct removing *r, struct ckpt_error *err)
{
	size_t i, k;
	enum ckpt_status st = store_catalog_begin(r->store->catalog, err);

	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < r->n && st == CKPT_OK; i = k) {
		for (k = i; k < r->n && r->rows[k].pack == r->rows[i].pack;)
			k++;
		st = bury(r->store, &r->rows[i], k - i, err);
	}
	if (st == CKPT_OK)
		st = store_catalog_commit(r->store->catalog, err);
	if (st != CKPT_OK)
		store_catalog_rollback(r->store->catalog);
	return (st);
}

static enum ckpt_status
count(void *arg, const struct store_entry *e, struct ckpt_error *err)
{
	uint64_t *n = arg;

	(void)e;
	(void)err;
	++*n;
	return (CKPT_OK);
}

enum ckpt_status
store_remove(struct store *s, const struct store_query *query, uint64_t *n,
    struct ckpt_error *err)
{
	struct removing r = { .store = s, .query = query };
	enum ckpt_status st = store_query_check(query, err);

	if (st == CKPT_OK)
		st = store_lock_current(s, err);
	if (st != CKPT_OK)
		return (error_where(err, s->path));
	st = store_list(s, query, count, &r.n_records, err);
	if (st == CKPT_OK)
		st = store_catalog_rows(s->catalog, STORE_ALL, NULL, true,
		    collect, &r, err);
	if (st == CKPT_OK && r.n > 0)
		st = bury_all(&r, err);
	store_unlock(s);
	free(r.rows);
	if (st != CKPT_OK)
		return (error_where(err, s->path));
	*n = r.n_records;
	return (CKPT_OK);
}
