/*
 * catalog: what packs hold, in SQLite. It is a cache: packs and tombstones
 * are the truth.
 */
#ifndef CKPT_STORE_CATALOG_H
#define CKPT_STORE_CATALOG_H

#include "id/id.h"

struct store_catalog;

/* A model of a pack. */
struct store_row {
	int64_t pack;          /* the catalog's number of it */
	struct ckpt_id hash;   /* and its hash */
	uint64_t ordinal;
	struct ckpt_id record, model, form, schema;
	char *label;
	const char *dtype;
	uint64_t n_bytes, n_parameters;
	bool has_bytes;        /* else a stand-in */
	bool is_dead;
	struct meta meta;
};
void store_row_release(struct store_row *r);

/* `path` NULL: in memory. A reader opens what is there and writes nothing;
 * CKPT_CORRUPT if it is damaged or not a catalog. */
CKPT_CHECKED enum ckpt_status store_catalog_open(const char *path,
    bool is_reader, struct store_catalog **out, struct ckpt_error *err);
void store_catalog_close(struct store_catalog *c); /* NULL does nothing */

/* Whether SQLite finds it sound. */
CKPT_CHECKED enum ckpt_status store_catalog_check(struct store_catalog *c,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status store_catalog_begin(struct store_catalog *c,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status store_catalog_commit(struct store_catalog *c,
    struct ckpt_error *err);
void store_catalog_rollback(struct store_catalog *c);

struct store_pack {
	int64_t number;
	struct ckpt_id hash;
	uint64_t n_bytes;
	int64_t added;    /* nanoseconds since 1970 */
	char stamp[80];   /* of its tombstones */
};
/* All packs, sorted by hash; to be freed. */
CKPT_CHECKED enum ckpt_status store_catalog_packs(struct store_catalog *c,
    struct store_pack **out, size_t *n, struct ckpt_error *err);
/* Sets p->number. */
CKPT_CHECKED enum ckpt_status store_catalog_add_pack(struct store_catalog *c,
    struct store_pack *p, struct ckpt_error *err);
/* With its rows; none is no error. */
CKPT_CHECKED enum ckpt_status store_catalog_drop_pack(
    struct store_catalog *c, const struct ckpt_id *hash,
    struct ckpt_error *err);
/* Exactly these ordinals are dead from now on. */
CKPT_CHECKED enum ckpt_status store_catalog_set_dead(struct store_catalog *c,
    int64_t pack, const char *stamp, const uint64_t *ordinals, size_t n,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status store_catalog_add_row(struct store_catalog *c,
    const struct store_row *r, struct ckpt_error *err);

/* Gives stand-ins what the rows with their weights say of these. */
CKPT_CHECKED enum ckpt_status store_catalog_fill(struct store_catalog *c,
    struct ckpt_error *err);

/* Rows in the order of adding. Each row is the visitor's until
 * it returns. */
enum store_which {
	STORE_ALIVE,  /* one for each record, though it may stand twice */
	STORE_ALL,    /* every row, dead or alive, by the packs' hashes */
	STORE_RECORD, /* those of record `id`, alive */
	STORE_MODEL   /* those with the weights of model `id` */
};
CKPT_CHECKED enum ckpt_status store_catalog_rows(struct store_catalog *c,
    enum store_which which, const struct ckpt_id *id, bool wants_meta,
    enum ckpt_status (*visit)(void *arg, struct store_row *r,
	struct ckpt_error *err), void *arg, struct ckpt_error *err);

/* Whether a record is there, alive. */
CKPT_CHECKED enum ckpt_status store_catalog_has_record(
    struct store_catalog *c, const struct ckpt_id *record, bool *out,
    struct ckpt_error *err);
/* Whether the weights of a model of that form are, whoever has them. */
CKPT_CHECKED enum ckpt_status store_catalog_has_model(
    struct store_catalog *c, const struct ckpt_id *model,
    const struct ckpt_id *form, bool *out, struct ckpt_error *err);

/* One number. */
CKPT_CHECKED enum ckpt_status store_catalog_number(struct store_catalog *c,
    const char *sql, uint64_t *out, struct ckpt_error *err);

#endif
