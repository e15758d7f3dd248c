#include "store/catalog.h"
#include "store/catalog_inner.h"

static enum ckpt_status
finish(struct store_catalog *c, sqlite3_stmt *q, struct ckpt_error *err)
{
	int rc = sqlite3_step(q);
	enum ckpt_status st = rc == SQLITE_DONE ? CKPT_OK :
	    store_sqlite_error(c, rc, err);

	(void)sqlite3_finalize(q);
	return (st);
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
	enum ckpt_status st = store_sqlite_prepare(c, "SELECT number, hash, "
	    "bytes, added, stamp FROM packs ORDER BY hash", &q, err);

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
		store_sqlite_column_id(q, 1, &p->hash);
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
	enum ckpt_status st = store_sqlite_prepare(c, "INSERT INTO "
	    "packs(hash, bytes, added, stamp, referred, referring) "
	    "VALUES(?,?,?,?,?,?)", &q, err);

	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, &p->hash);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)p->n_bytes);
	(void)sqlite3_bind_int64(q, 3, p->added);
	(void)sqlite3_bind_text(q, 4, p->stamp, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(q, 5, (sqlite3_int64)p->n_referred);
	(void)sqlite3_bind_int64(q, 6, (sqlite3_int64)p->n_referring);
	st = finish(c, q, err);
	p->number = sqlite3_last_insert_rowid(c->db);
	return (st);
}

enum ckpt_status
store_catalog_pack_number(struct store_catalog *c,
    const struct ckpt_id *hash, int64_t *number, struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	int rc;
	enum ckpt_status st = store_sqlite_prepare(c, "SELECT number FROM "
	    "packs WHERE hash = ?", &q, err);

	*number = 0;
	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, hash);
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*number = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return (rc == SQLITE_ROW || rc == SQLITE_DONE ? CKPT_OK :
	    store_sqlite_error(c, rc, err));
}

enum ckpt_status
store_catalog_count_pack(struct store_catalog *c, const struct store_pack *p,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_prepare(c, "UPDATE packs SET "
	    "referred = ?, referring = ? WHERE number = ?", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, (sqlite3_int64)p->n_referred);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)p->n_referring);
	(void)sqlite3_bind_int64(q, 3, p->number);
	return (finish(c, q, err));
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
		"DELETE FROM tensors WHERE pack IN "
		"(SELECT number FROM packs WHERE hash = ?)",
		"DELETE FROM bases WHERE pack IN "
		"(SELECT number FROM packs WHERE hash = ?)",
		/* who referred to it does, to something that is nowhere */
		"INSERT OR IGNORE INTO bases SELECT b.pack, b.id, 0 FROM "
		"bases AS b WHERE b.base IN (SELECT number FROM packs WHERE "
		"hash = ?)",
		"DELETE FROM bases WHERE base IN "
		"(SELECT number FROM packs WHERE hash = ?)",
		"DELETE FROM packs WHERE hash = ?"
	};
	sqlite3_stmt *q = NULL;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < sizeof(sql) / sizeof(sql[0]) && st == CKPT_OK; i++) {
		st = store_sqlite_prepare(c, sql[i], &q, err);
		if (st != CKPT_OK)
			break;
		store_sqlite_bind_id(q, 1, hash);
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
	enum ckpt_status st = store_sqlite_prepare(c, "UPDATE records SET "
	    "dead = 0 WHERE pack = ? AND dead", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, pack);
	st = finish(c, q, err);
	for (i = 0; i < n && st == CKPT_OK; i++) {
		st = store_sqlite_prepare(c, "UPDATE records SET "
		    "dead = 1 WHERE pack = ? AND ordinal = ?", &q, err);
		if (st != CKPT_OK)
			return (st);
		(void)sqlite3_bind_int64(q, 1, pack);
		(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)ordinals[i]);
		st = finish(c, q, err);
	}
	if (st == CKPT_OK)
		st = store_sqlite_prepare(c, "UPDATE packs SET stamp = ? "
		    "WHERE number = ?", &q, err);
	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_text(q, 1, stamp, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(q, 2, pack);
	return (finish(c, q, err));
}
