/*
 * store_renew: packs give way to others, and so do those that depend on them.
 */
#include "store/catalog_inner.h"
#include "store/inner.h"

/* One of the packs. */
struct old {
	const struct ckpt_id *hash;
	int64_t number;       /* 0: the catalog does not know it */
	size_t *bases;        /* those of the others that it depends on */
	size_t n_bases;
	size_t n_dependents;  /* others that depend on it and are there */
	bool is_written;      /* what comes for it is there */
	bool is_gone;         /* or stays, being the same */
};

struct renewing {
	struct store *store;
	const struct store_renewal *r;
	struct old *old;
	size_t n;
};

/* ---- who depends on whom ---- */

static enum ckpt_status
leave(struct store *s, int64_t number, struct ckpt_error *err)
{
	char sql[96];

	(void)snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO leaving "
	    "VALUES(%lld)", (long long)number);
	return (store_sqlite_run(s->catalog, sql, err));
}

static struct old *
find_number(const struct renewing *w, int64_t number)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->old[i].number == number)
			return (&w->old[i]);
	return (NULL);
}

static enum ckpt_status
add_edge(struct renewing *w, int64_t pack, int64_t base,
    struct ckpt_error *err)
{
	struct old *p = find_number(w, pack), *b = find_number(w, base);
	size_t *more;

	if (p == NULL || b == NULL)
		return (CKPT_OK);
	more = realloc(p->bases, (p->n_bases + 1) * sizeof(*more));
	if (more == NULL)
		return (error_nomem(err, (p->n_bases + 1) * sizeof(*more)));
	p->bases = more;
	p->bases[p->n_bases++] = (size_t)(b - w->old);
	b->n_dependents++;
	return (CKPT_OK);
}

static enum ckpt_status
load_edges(struct renewing *w, struct ckpt_error *err)
{
	struct store_catalog *c = w->store->catalog;
	sqlite3_stmt *q = NULL;
	int rc;
	enum ckpt_status st = store_sqlite_prepare(c, "SELECT DISTINCT pack, "
	    "base FROM bases WHERE pack <> base AND pack IN (SELECT pack "
	    "FROM leaving) AND base IN (SELECT pack FROM leaving)", &q, err);

	if (st != CKPT_OK)
		return (st);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE)
		st = rc == SQLITE_ROW ? add_edge(w, sqlite3_column_int64(q,
		    0), sqlite3_column_int64(q, 1), err) :
		    store_sqlite_error(c, rc, err);
	(void)sqlite3_finalize(q);
	return (st);
}

static enum ckpt_status
load(struct renewing *w, struct ckpt_error *err)
{
	struct store *s = w->store;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	w->old = calloc(w->n + 1, sizeof(*w->old));
	if (w->old == NULL)
		return (error_nomem(err, w->n * sizeof(*w->old)));
	for (i = 0; i < w->n && st == CKPT_OK; i++) {
		w->old[i].hash = &w->r->packs[i];
		st = store_catalog_pack_number(s->catalog, w->old[i].hash,
		    &w->old[i].number, err);
		if (st == CKPT_OK && w->old[i].number != 0)
			st = leave(s, w->old[i].number, err);
	}
	return (st == CKPT_OK ? load_edges(w, err) : st);
}

/* ---- one by one ---- */

/* The next one: all that it depends on is written; of packs that depend on
 * each other, any. */
static struct old *
next_old(struct renewing *w)
{
	struct old *any = NULL, *p;
	size_t i, k;

	for (i = 0; i < w->n; i++) {
		p = &w->old[i];
		if (p->is_written)
			continue;
		for (k = 0; k < p->n_bases; k++)
			if (!w->old[p->bases[k]].is_written)
				break;
		if (k == p->n_bases)
			return (p);
		if (any == NULL)
			any = p;
	}
	return (any);
}

static void
is_gone(struct renewing *w, struct old *p)
{
	size_t k;

	p->is_gone = true;
	for (k = 0; k < p->n_bases; k++)
		w->old[p->bases[k]].n_dependents--;
}

/* Takes away what nothing depends on any more. */
static enum ckpt_status
clear(struct renewing *w, bool is_last, struct ckpt_error *err)
{
	const struct store_renewal *r = w->r;
	struct old *p;
	bool is_done;
	size_t i;
	enum ckpt_status st;

	do {
		is_done = true;
		for (i = 0; i < w->n; i++) {
			p = &w->old[i];
			if (!p->is_written || p->is_gone ||
			    (p->n_dependents > 0 && !is_last))
				continue;
			st = r->remove != NULL ? r->remove(r->arg, i, err) :
			    store_drop(w->store, p->hash, err);
			if (st != CKPT_OK)
				return (st);
			is_gone(w, p);
			is_done = false;
		}
	} while (!is_done);
	return (CKPT_OK);
}

/* What is written may be one of the packs again, or another one of them that
 * was written when this was done before and interrupted: it stays. */
static enum ckpt_status
renew_one(struct renewing *w, struct old *p, struct ckpt_error *err)
{
	const struct store_renewal *r = w->r;
	struct ckpt_id made = { { 0 } };
	size_t i;
	enum ckpt_status st;

	st = r->write(r->arg, (size_t)(p - w->old), &made, err);
	if (st != CKPT_OK)
		return (st);
	p->is_written = true;
	for (i = 0; i < w->n; i++)
		if (!w->old[i].is_gone && id_equal(w->old[i].hash, &made)) {
			w->old[i].is_written = true;
			is_gone(w, &w->old[i]);
		}
	return (clear(w, false, err));
}

enum ckpt_status
store_renew(struct store *s, const struct store_renewal *r,
    struct ckpt_error *err)
{
	struct renewing w = { .store = s, .r = r, .n = r->n };
	struct old *p;
	size_t i;
	enum ckpt_status st = load(&w, err);

	while (st == CKPT_OK && (p = next_old(&w)) != NULL)
		st = renew_one(&w, p, err);
	if (st == CKPT_OK)
		st = clear(&w, true, err);
	for (i = 0; w.old != NULL && i < w.n; i++)
		free(w.old[i].bases);
	free(w.old);
	if (store_sqlite_run(s->catalog, "DELETE FROM leaving", st == CKPT_OK ?
	    err : NULL) != CKPT_OK && st == CKPT_OK)
		st = CKPT_SYSTEM;
	return (st);
}
