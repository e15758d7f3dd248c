#include <errno.h>
#include <sqlite3.h>

#include "store/catalog.h"
#include "store/catalog_inner.h"

enum ckpt_status
store_sqlite_error(struct store_catalog *c, int rc, struct ckpt_error *err)
{
	int error = sqlite3_system_errno(c->db);

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return (error_set(err, CKPT_NO_MEMORY,
		    "no memory for the catalog"));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return (error_set(err, CKPT_CORRUPT, "the catalog is damaged "
		    "(%s): ckpt-store fsck --rebuild makes it anew",
		    sqlite3_errmsg(c->db)));
	case SQLITE_FULL:
		errno = ENOSPC;
		return (error_sys(err, "cannot write the catalog"));
	default:
		errno = error != 0 ? error : EIO;
		return (error_sys(err, "catalog: %.200s",
		    sqlite3_errmsg(c->db)));
	}
}

enum ckpt_status
store_sqlite_run(struct store_catalog *c, const char *sql,
    struct ckpt_error *err)
{
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

	return (rc == SQLITE_OK ? CKPT_OK : store_sqlite_error(c, rc, err));
}

enum ckpt_status
store_sqlite_prepare(struct store_catalog *c, const char *sql,
    sqlite3_stmt **out, struct ckpt_error *err)
{
	int rc = sqlite3_prepare_v2(c->db, sql, -1, out, NULL);

	return (rc == SQLITE_OK ? CKPT_OK : store_sqlite_error(c, rc, err));
}

enum ckpt_status
store_sqlite_kept(struct store_catalog *c, unsigned i, const char *sql,
    sqlite3_stmt **out, struct ckpt_error *err)
{
	int rc = SQLITE_OK;

	if (c->kept[i] == NULL)
		rc = sqlite3_prepare_v3(c->db, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, &c->kept[i], NULL);
	if (rc != SQLITE_OK)
		return (store_sqlite_error(c, rc, err));
	(void)sqlite3_reset(c->kept[i]);
	*out = c->kept[i];
	return (CKPT_OK);
}

enum ckpt_status
store_sqlite_finish(struct store_catalog *c, sqlite3_stmt *q,
    struct ckpt_error *err)
{
	int rc = sqlite3_step(q);
	enum ckpt_status st = rc == SQLITE_DONE ? CKPT_OK :
	    store_sqlite_error(c, rc, err);

	(void)sqlite3_reset(q);
	return (st);
}

void
store_sqlite_bind_id(sqlite3_stmt *q, int i, const struct ckpt_id *id)
{
	(void)sqlite3_bind_blob(q, i, id->bytes, sizeof(id->bytes),
	    SQLITE_TRANSIENT);
}

void
store_sqlite_column_id(sqlite3_stmt *q, int i, struct ckpt_id *out)
{
	memset(out, 0, sizeof(*out));
	if (sqlite3_column_bytes(q, i) == (int)sizeof(out->bytes))
		memcpy(out->bytes, sqlite3_column_blob(q, i),
		    sizeof(out->bytes));
}
