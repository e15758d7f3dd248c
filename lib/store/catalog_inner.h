/*
 * catalog_inner: SQLite, for the files of the catalog only.
 */
#ifndef CKPT_STORE_CATALOG_INNER_H
#define CKPT_STORE_CATALOG_INNER_H

#include <sqlite3.h>

#include "ckpt.h"

enum { STORE_N_STATEMENTS = 8 };

struct store_catalog {
	sqlite3 *db;
	sqlite3_stmt *kept[STORE_N_STATEMENTS]; /* made when first needed */
};

/* What SQLite's result says. */
enum ckpt_status store_sqlite_error(struct store_catalog *c, int rc,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status store_sqlite_run(struct store_catalog *c,
    const char *sql, struct ckpt_error *err);

#endif
