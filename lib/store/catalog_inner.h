/*
 * catalog_inner: SQLite, for the files of the catalog only.
 */
#ifndef CKPT_STORE_CATALOG_INNER_H
#define CKPT_STORE_CATALOG_INNER_H

#include <sqlite3.h>

#include "ckpt.h"

enum {
	STORE_ADD_ROW, STORE_ADD_META, STORE_HAS_RECORD, STORE_HAS_MODEL,
	STORE_META_OF, STORE_ADD_TENSOR, STORE_ADD_BASE, STORE_TENSOR_ID,
	STORE_TENSOR_PRINT, STORE_TENSOR_LAST, STORE_TENSOR_KEY,
	STORE_TENSOR_MODEL, STORE_TENSOR_FIRST, STORE_SET_ELSEWHERE,
	STORE_N_STATEMENTS
};

struct store_catalog {
	sqlite3 *db;
	sqlite3_stmt *kept[STORE_N_STATEMENTS]; /* made when first needed */
};

/* What SQLite's result says. */
enum ckpt_status store_sqlite_error(struct store_catalog *c, int rc,
    struct ckpt_error *err);

/* The statement number `i`, ready for its values. */
CKPT_CHECKED enum ckpt_status store_sqlite_kept(struct store_catalog *c,
    unsigned i, const char *sql, sqlite3_stmt **out, struct ckpt_error *err);

/* Prepares `sql`; the caller finalizes. */
CKPT_CHECKED enum ckpt_status store_sqlite_prepare(struct store_catalog *c,
    const char *sql, sqlite3_stmt **out, struct ckpt_error *err);

/* Runs a kept statement that returns nothing. */
CKPT_CHECKED enum ckpt_status store_sqlite_finish(struct store_catalog *c,
    sqlite3_stmt *q, struct ckpt_error *err);

void store_sqlite_bind_id(sqlite3_stmt *q, int i, const struct ckpt_id *id);
void store_sqlite_column_id(sqlite3_stmt *q, int i, struct ckpt_id *out);

CKPT_CHECKED enum ckpt_status store_sqlite_run(struct store_catalog *c,
    const char *sql, struct ckpt_error *err);

#endif
