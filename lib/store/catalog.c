#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/catalog.h"
#include "store/catalog_inner.h"

#define BUSY_MS 600000 /* others may index a large pack */
#define VERSION 2

static const char tables[] =
    "CREATE TABLE packs(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hash BLOB NOT NULL UNIQUE, bytes INTEGER NOT NULL,"
    " added INTEGER NOT NULL, stamp TEXT NOT NULL, referred INTEGER NOT NULL,"
    " referring INTEGER NOT NULL);"
    "CREATE TABLE records(pack INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " record BLOB NOT NULL, model BLOB NOT NULL, form BLOB NOT NULL,"
    " schema BLOB NOT NULL, label BLOB NOT NULL, dtype TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, parameters INTEGER NOT NULL,"
    " stored INTEGER NOT NULL, dead INTEGER NOT NULL,"
    " PRIMARY KEY(pack, ordinal)) WITHOUT ROWID;"
    "CREATE INDEX records_record ON records(record);"
    "CREATE INDEX records_model ON records(model, form);"
    "CREATE TABLE meta(pack INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " key TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(pack, ordinal, key)) WITHOUT ROWID;"
    /* tensors that others may refer to: `key` and `print` are hashes of
     * what such a tensor is asked for by (catalog_tensors.c) */
    "CREATE TABLE tensors(pack INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " tensor INTEGER NOT NULL, id BLOB NOT NULL, bytes INTEGER NOT NULL,"
    " key INTEGER NOT NULL, print INTEGER, elsewhere INTEGER NOT NULL,"
    " PRIMARY KEY(pack, ordinal, tensor)) WITHOUT ROWID;"
    "CREATE INDEX tensors_id ON tensors(id);"
    "CREATE INDEX tensors_key ON tensors(key);"
    "CREATE INDEX tensors_print ON tensors(print) WHERE print IS NOT NULL;"
    /* what packs refer to, and where it stands; base 0: nowhere */
    "CREATE TABLE bases(pack INTEGER NOT NULL, id BLOB NOT NULL,"
    " base INTEGER NOT NULL, PRIMARY KEY(pack, id, base)) WITHOUT ROWID;"
    "CREATE INDEX bases_base ON bases(base);"
    "PRAGMA user_version=2;";

/* What another version has. */
static const char no_tables[] =
    "DROP TABLE IF EXISTS packs; DROP TABLE IF EXISTS records;"
    "DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS tensors;"
    "DROP TABLE IF EXISTS bases;";

enum ckpt_status
store_catalog_number(struct store_catalog *c, const char *sql, uint64_t *out,
    struct ckpt_error *err)
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(c->db, sql, -1, &q, NULL);

	if (rc != SQLITE_OK)
		return (store_sqlite_error(c, rc, err));
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return (rc == SQLITE_ROW ? CKPT_OK : store_sqlite_error(c, rc, err));
}

/* WAL with every commit synced; where that cannot work (no shared memory, as
 * on some network file systems) a rollback journal. */
static enum ckpt_status
prepare_writer(struct store_catalog *c, struct ckpt_error *err)
{
	uint64_t version = 0;
	enum ckpt_status st;

	if (sqlite3_exec(c->db, "PRAGMA journal_mode=WAL; "
	    "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) ==
	    SQLITE_NOMEM)
		return (store_sqlite_error(c, SQLITE_NOMEM, err));
	st = store_catalog_number(c, "PRAGMA user_version", &version, err);
	if (st == CKPT_SYSTEM) {
		st = store_sqlite_run(c, "PRAGMA journal_mode=DELETE", err);
		if (st == CKPT_OK)
			st = store_catalog_number(c, "PRAGMA user_version",
			    &version, err);
	}
	if (st == CKPT_OK)
		st = store_sqlite_run(c, "PRAGMA synchronous=FULL", err);
	if (st == CKPT_OK && version < VERSION) {
		/* unless another process has just done so */
		st = store_catalog_begin(c, err);
		if (st != CKPT_OK)
			return (st);
		st = store_catalog_number(c, "PRAGMA user_version", &version,
		    err);
		if (st == CKPT_OK && version < VERSION)
			st = store_sqlite_run(c, no_tables, err);
		if (st == CKPT_OK && version < VERSION)
			st = store_sqlite_run(c, tables, err);
		if (st == CKPT_OK)
			st = store_catalog_commit(c, err);
		if (st != CKPT_OK)
			store_catalog_rollback(c);
	}
	return (st);
}

static enum ckpt_status
check_version(struct store_catalog *c, struct ckpt_error *err)
{
	uint64_t version;
	enum ckpt_status st;

	st = store_catalog_number(c, "PRAGMA user_version", &version, err);
	if (st == CKPT_OK && version > VERSION)
		st = error_set(err, CKPT_NEWER, "the catalog is of version "
		    "%llu, this program knows %d",
		    (unsigned long long)version, VERSION);
	if (st == CKPT_OK && version != VERSION)
		st = error_set(err, CKPT_CORRUPT, "the catalog is empty or "
		    "of an older version: ckpt-store fsck --rebuild makes it "
		    "anew");
	return (st);
}

/* "file:PATH?mode=ro&immutable=1", with what is special in PATH escaped:
 * nothing is created, not even shared memory. Where there is a WAL, others
 * may be writing: without immutable. To be freed. */
static char *
uri_of(const char *path, bool has_wal)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strlen(path);
	char *uri = malloc(3 * n + 64), *p = uri;

	if (uri == NULL)
		return (NULL);
	p += snprintf(p, 8, "file:");
	for (; *path != '\0'; path++) {
		unsigned char b = (unsigned char)*path;

		if (b == '%' || b == '?' || b == '#') {
			*p++ = '%';
			*p++ = hex[b >> 4];
			*p++ = hex[b & 15];
		} else {
			*p++ = *path;
		}
	}
	(void)snprintf(p, 32, has_wal ? "?mode=ro" : "?mode=ro&immutable=1");
	return (uri);
}

static bool
has_wal(const char *path)
{
	struct buf name = BUF_INIT(1 << 16);
	struct stat sb;
	bool is = buf_printf(&name, NULL, "%s-wal%c", path, 0) == CKPT_OK &&
	    stat((char *)name.data, &sb) == 0 && sb.st_size > 0;

	buf_release(&name);
	return (is);
}

enum ckpt_status
store_catalog_open(const char *path, bool is_reader,
    struct store_catalog **out, struct ckpt_error *err)
{
	struct store_catalog *c = calloc(1, sizeof(*c));
	char *uri = NULL;
	enum ckpt_status st;
	int rc;

	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	if (path != NULL && is_reader) {
		uri = uri_of(path, has_wal(path));
		if (uri == NULL) {
			free(c);
			return (error_nomem(err, strlen(path)));
		}
	}
	rc = sqlite3_open_v2(uri != NULL ? uri : path != NULL ? path :
	    ":memory:", &c->db, uri != NULL ?
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX :
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_FULLMUTEX, NULL);
	free(uri);
	st = rc == SQLITE_OK ? CKPT_OK : c->db == NULL ?
	    error_nomem(err, sizeof(*c)) : store_sqlite_error(c, rc, err);
	if (st == CKPT_OK) {
		(void)sqlite3_busy_timeout(c->db, BUSY_MS);
		(void)sqlite3_extended_result_codes(c->db, 1);
	}
	if (st == CKPT_OK && path == NULL)
		st = store_sqlite_run(c, tables, err);
	else if (st == CKPT_OK && !is_reader)
		st = prepare_writer(c, err);
	if (st == CKPT_OK)
		st = check_version(c, err);
	/* packs that are going to be removed */
	if (st == CKPT_OK)
		st = store_sqlite_run(c, "PRAGMA temp_store=MEMORY; "
		    "CREATE TEMP TABLE leaving(pack INTEGER PRIMARY KEY)",
		    err);
	if (st != CKPT_OK) {
		store_catalog_close(c);
		return (st);
	}
	*out = c;
	return (CKPT_OK);
}

void
store_catalog_close(struct store_catalog *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < STORE_N_STATEMENTS; i++)
		(void)sqlite3_finalize(c->kept[i]);
	(void)sqlite3_close_v2(c->db);
	free(c);
}

enum ckpt_status
store_catalog_check(struct store_catalog *c, struct ckpt_error *err)
{
	sqlite3_stmt *q;
	enum ckpt_status st = CKPT_OK;
	int rc = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1,
	    &q, NULL);

	if (rc != SQLITE_OK)
		return (store_sqlite_error(c, rc, err));
	rc = sqlite3_step(q);
	if (rc != SQLITE_ROW)
		st = store_sqlite_error(c, rc, err);
	else if (strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
		st = error_set(err, CKPT_CORRUPT, "the catalog is damaged: "
		    "%.300s", (const char *)sqlite3_column_text(q, 0));
	(void)sqlite3_finalize(q);
	return (st);
}

enum ckpt_status
store_catalog_begin(struct store_catalog *c, struct ckpt_error *err)
{
	return (store_sqlite_run(c, "BEGIN IMMEDIATE", err));
}

enum ckpt_status
store_catalog_commit(struct store_catalog *c, struct ckpt_error *err)
{
	return (store_sqlite_run(c, "COMMIT", err));
}

void
store_catalog_rollback(struct store_catalog *c)
{
	if (!sqlite3_get_autocommit(c->db))
		(void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}
