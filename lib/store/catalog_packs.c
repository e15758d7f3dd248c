#include "store/catalog.h"
#include "store/catalog_inner.h"

/* Prepares `sql`; the caller finalizes. */
static enum ckpt_status
prepare(struct store_catalog *c, const char *sql, sqlite3_stmt **q,
    struct ckpt_error *err)
{
	int rc = sqlite3_prepare_v2(c->db, sql, -1, q, NULL);

	return (rc == SQLITE_OK ? CKPT_OK : store_sqlite_error(c, rc, err));
}

static enum ckpt_status
finish(struct store_catalog *c, sqlite3_stmt *q, struct ckpt_error *err)
{
	int rc = sqlite3_step(q);
	enum ckpt_status st = rc == SQLITE_DONE ? CKPT_OK :
	    store_sqlite_error(c, rc, err);

	(void)sqlite3_finalize(q);
	return (st);
}

static void
bind_hash(sqlite3_stmt *q, int i, const struct ckpt_id *hash)
{
	(void)sqlite3_bind_blob(q, i, hash->bytes, sizeof(hash->bytes),
	    SQLITE_TRANSIENT);
}

static enum ckpt_status
grow(struct store_pack **packs, size_t n, struct ckpt_error *err)
{
	struct store_pack *more;

	if ((n & (n - 1)) != 0) /* doubled at powers of two */
		return (CKPT_OK);
	more = realloc(*packs, (n == 0 ? 1 : 2 * n) * sizeof(*more));
	if (more == NULL)
		return (error_nomem(err, 2 * n * sizeof(*more)));
	*packs = more;
	return (CKPT_OK);
}

enum ckpt_status
store_catalog_packs(struct store_catalog *c, struct store_pack **out,
    size_t *n_out, struct ckpt_error *err)
{
	struct store_pack *packs = NULL, *p;
	sqlite3_stmt *q = NULL;
	const char *stamp;
	size_t n = 0;
	int rc;
	enum ckpt_status st = prepare(c, "SELECT number, hash, bytes, added, "
	    "stamp FROM packs ORDER BY hash", &q, err);

	if (st != CKPT_OK)
		return (st);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
		st = rc == SQLITE_ROW ? grow(&packs, n, err) :
		    store_sqlite_error(c, rc, err);
		if (st != CKPT_OK)
			break;
		p = &packs[n++];
		memset(p, 0, sizeof(*p));
		p->number = sqlite3_column_int64(q, 0);
		if (sqlite3_column_bytes(q, 1) == (int)sizeof(p->hash.bytes))
			memcpy(p->hash.bytes, sqlite3_column_blob(q, 1),
			    sizeof(p->hash.bytes));
		p->n_bytes = (uint64_t)sqlite3_column_int64(q, 2);
		p->added = sqlite3_column_int64(q, 3);
		stamp = (const char *)sqlite3_column_text(q, 4);
		(void)snprintf(p->stamp, sizeof(p->stamp), "%s",
		    stamp == NULL ? "" : stamp);
	}
	(void)sqlite3_finalize(q);
	if (st != CKPT_OK) {
		free(packs);
		return (st);
	}
	*out = packs;
	*n_out = n;
	return (CKPT_OK);
}

enum ckpt_status
store_catalog_add_pack(struct store_catalog *c, struct store_pack *p,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = prepare(c, "INSERT INTO packs(hash, bytes, "
	    "added, stamp) VALUES(?,?,?,?)", &q, err);

	if (st != CKPT_OK)
		return (st);
	bind_hash(q, 1, &p->hash);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)p->n_bytes);
	(void)sqlite3_bind_int64(q, 3, p->added);
	(void)sqlite3_bind_text(q, 4, p->stamp, -1, SQLITE_TRANSIENT);
	st = finish(c, q, err);
	p->number = sqlite3_last_insert_rowid(c->db);
	return (st);
}

enum ckpt_status
store_catalog_drop_pack(struct store_catalog *c, const struct ckpt_id *hash,
    struct ckpt_error *err)
{
	static const char *const sql[] = {
		"DELETE FROM meta WHERE pack IN "
		"(SELECT number FROM packs WHERE hash = ?)",
		"DELETE FROM records WHERE pack IN "
		"(SELECT number FROM packs WHERE hash = ?)",
		"DELETE FROM packs WHERE hash = ?"
	};
	sqlite3_stmt *q = NULL;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < sizeof(sql) / sizeof(sql[0]) && st == CKPT_OK; i++) {
		st = prepare(c, sql[i], &q, err);
		if (st != CKPT_OK)
			break;
		bind_hash(q, 1, hash);
		st = finish(c, q, err);
	}
	return (st);
}

enum ckpt_status
store_catalog_set_dead(struct store_catalog *c, int64_t pack,
    const char *stamp, const uint64_t *ordinals, size_t n,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	size_t i;
	enum ckpt_status st = prepare(c, "UPDATE records SET dead = 0 WHERE "
	    "pack = ? AND dead", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, pack);
	st = finish(c, q, err);
	for (i = 0; i < n && st == CKPT_OK; i++) {
		st = prepare(c, "UPDATE records SET dead = 1 WHERE pack = ? "
		    "AND ordinal = ?", &q, err);
		if (st != CKPT_OK)
			return (st);
		(void)sqlite3_bind_int64(q, 1, pack);
		(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)ordinals[i]);
		st = finish(c, q, err);
	}
	if (st == CKPT_OK)
		st = prepare(c, "UPDATE packs SET stamp = ? WHERE number = ?",
		    &q, err);
	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_text(q, 1, stamp, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(q, 2, pack);
	return (finish(c, q, err));
}
