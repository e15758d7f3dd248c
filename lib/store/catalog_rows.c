#include "store/catalog.h"
#include "store/catalog_inner.h"

static char *
column_text(sqlite3_stmt *q, int i)
{
	size_t n = (size_t)sqlite3_column_bytes(q, i);
	char *s = malloc(n + 1);

	if (s == NULL)
		return (NULL);
	if (n > 0)
		memcpy(s, sqlite3_column_blob(q, i), n);
	s[n] = '\0';
	return (s);
}

void
store_row_release(struct store_row *r)
{
	free(r->label);
	meta_release(&r->meta);
	memset(r, 0, sizeof(*r));
}

static enum ckpt_status
add_meta(struct store_catalog *c, const struct store_row *r,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < r->meta.n && st == CKPT_OK; i++) {
		st = store_sqlite_kept(c, STORE_ADD_META, "INSERT OR "
		    "REPLACE INTO meta VALUES(?,?,?,?)", &q, err);
		if (st != CKPT_OK)
			break;
		(void)sqlite3_bind_int64(q, 1, r->pack);
		(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)r->ordinal);
		(void)sqlite3_bind_text(q, 3, r->meta.entries[i].key, -1,
		    SQLITE_TRANSIENT);
		(void)sqlite3_bind_blob(q, 4, r->meta.entries[i].value,
		    (int)strlen(r->meta.entries[i].value), SQLITE_TRANSIENT);
		st = store_sqlite_finish(c, q, err);
	}
	return (st);
}

enum ckpt_status
store_catalog_add_row(struct store_catalog *c, const struct store_row *r,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st;

	st = store_sqlite_kept(c, STORE_ADD_ROW, "INSERT OR REPLACE INTO "
	    "records VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", &q, err);
	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, r->pack);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)r->ordinal);
	store_sqlite_bind_id(q, 3, &r->record);
	store_sqlite_bind_id(q, 4, &r->model);
	store_sqlite_bind_id(q, 5, &r->form);
	store_sqlite_bind_id(q, 6, &r->schema);
	(void)sqlite3_bind_blob(q, 7, r->label, (int)strlen(r->label),
	    SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(q, 8, r->dtype, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(q, 9, (sqlite3_int64)r->n_bytes);
	(void)sqlite3_bind_int64(q, 10, (sqlite3_int64)r->n_parameters);
	(void)sqlite3_bind_int(q, 11, r->has_bytes);
	(void)sqlite3_bind_int(q, 12, r->is_dead);
	st = store_sqlite_finish(c, q, err);
	return (st == CKPT_OK ? add_meta(c, r, err) : st);
}

enum ckpt_status
store_catalog_fill(struct store_catalog *c, struct ckpt_error *err)
{
	return (store_sqlite_run(c, "UPDATE records SET (schema, dtype, "
	    "bytes, parameters) = (SELECT schema, dtype, bytes, parameters "
	    "FROM records AS o WHERE o.model = records.model AND "
	    "o.form = records.form AND o.stored LIMIT 1) "
	    "WHERE NOT stored AND dtype = '' AND EXISTS (SELECT 1 FROM "
	    "records AS o WHERE o.model = records.model AND "
	    "o.form = records.form AND o.stored)", err));
}

/* Whether a query of IDs has a row. */
static enum ckpt_status
has(struct store_catalog *c, unsigned i, const char *sql,
    const struct ckpt_id *a, const struct ckpt_id *b, bool *out,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, i, sql, &q, err);
	int rc;

	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, a);
	if (b != NULL)
		store_sqlite_bind_id(q, 2, b);
	rc = sqlite3_step(q);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		st = store_sqlite_error(c, rc, err);
	else
		*out = rc == SQLITE_ROW;
	(void)sqlite3_reset(q);
	return (st);
}

enum ckpt_status
store_catalog_has_record(struct store_catalog *c,
    const struct ckpt_id *record, bool *out, struct ckpt_error *err)
{
	return (has(c, STORE_HAS_RECORD, "SELECT 1 FROM records WHERE "
	    "record = ? AND NOT dead", record, NULL, out, err));
}

enum ckpt_status
store_catalog_has_model(struct store_catalog *c, const struct ckpt_id *model,
    const struct ckpt_id *form, bool *out, struct ckpt_error *err)
{
	return (has(c, STORE_HAS_MODEL, "SELECT 1 FROM records WHERE "
	    "model = ? AND form = ? AND stored", model, form, out, err));
}

static enum ckpt_status
load_meta(struct store_catalog *c, struct store_row *r,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	char *value;
	int rc;
	enum ckpt_status st = store_sqlite_kept(c, STORE_META_OF, "SELECT key, "
	    "value FROM meta WHERE pack = ? AND ordinal = ?", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, r->pack);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)r->ordinal);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			st = store_sqlite_error(c, rc, err);
			break;
		}
		value = column_text(q, 1);
		st = value == NULL ? error_nomem(err, 1) : meta_set(&r->meta,
		    (const char *)sqlite3_column_text(q, 0), value, err);
		free(value);
	}
	(void)sqlite3_reset(q);
	return (st);
}

static enum ckpt_status
load_row(struct store_catalog *c, sqlite3_stmt *q, bool wants_meta,
    struct store_row *r, struct ckpt_error *err)
{
	memset(r, 0, sizeof(*r));
	r->pack = sqlite3_column_int64(q, 0);
	store_sqlite_column_id(q, 1, &r->hash);
	r->ordinal = (uint64_t)sqlite3_column_int64(q, 2);
	store_sqlite_column_id(q, 3, &r->record);
	store_sqlite_column_id(q, 4, &r->model);
	store_sqlite_column_id(q, 5, &r->form);
	store_sqlite_column_id(q, 6, &r->schema);
	r->label = column_text(q, 7);
	r->dtype = (const char *)sqlite3_column_text(q, 8);
	r->n_bytes = (uint64_t)sqlite3_column_int64(q, 9);
	r->n_parameters = (uint64_t)sqlite3_column_int64(q, 10);
	r->has_bytes = sqlite3_column_int(q, 11) != 0;
	r->is_dead = sqlite3_column_int(q, 12) != 0;
	if (r->label == NULL || r->dtype == NULL)
		return (error_nomem(err, 1));
	return (wants_meta ? load_meta(c, r, err) : CKPT_OK);
}

enum ckpt_status
store_catalog_rows(struct store_catalog *c, enum store_which which,
    const struct ckpt_id *id, bool wants_meta,
    enum ckpt_status (*visit)(void *arg, struct store_row *r,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	static const char *const where[] = {
		[STORE_ALIVE] = "WHERE NOT r.dead AND NOT EXISTS (SELECT 1 "
		    "FROM records AS o WHERE o.record = r.record AND NOT "
		    "o.dead AND (o.stored > r.stored OR (o.stored = r.stored "
		    "AND (o.pack, o.ordinal) < (r.pack, r.ordinal))))",
		[STORE_ALL] = "",
		[STORE_RECORD] = "WHERE NOT r.dead AND r.record = ?",
		[STORE_MODEL] = "WHERE r.stored AND r.model = ?"
	};
	struct store_row row;
	sqlite3_stmt *q = NULL;
	char sql[1024];
	enum ckpt_status st = CKPT_OK;
	int rc;

	(void)snprintf(sql, sizeof(sql), "SELECT r.pack, p.hash, r.ordinal, "
	    "r.record, r.model, r.form, r.schema, r.label, r.dtype, r.bytes, "
	    "r.parameters, r.stored, r.dead FROM records AS r JOIN packs AS p "
	    "ON p.number = r.pack %s ORDER BY %sp.hash, r.ordinal",
	    where[which], which == STORE_ALL ? "" : "p.added, ");
	rc = sqlite3_prepare_v2(c->db, sql, -1, &q, NULL);
	if (rc != SQLITE_OK)
		return (store_sqlite_error(c, rc, err));
	if (id != NULL)
		store_sqlite_bind_id(q, 1, id);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			st = store_sqlite_error(c, rc, err);
			break;
		}
		st = load_row(c, q, wants_meta, &row, err);
		if (st == CKPT_OK)
			st = visit(arg, &row, err);
		store_row_release(&row);
	}
	(void)sqlite3_finalize(q);
	return (st);
}
