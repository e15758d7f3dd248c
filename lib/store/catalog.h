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
	uint64_t n_referred;  /* bytes of tensors that are references */
	uint64_t n_referring; /* and what these take */
	char stamp[80];   /* of its tombstones */
};
/* All packs, sorted by hash; to be freed. */
CKPT_CHECKED enum ckpt_status store_catalog_packs(struct store_catalog *c,
    struct store_pack **out, size_t *n, struct ckpt_error *err);
/* Sets p->number. */
CKPT_CHECKED enum ckpt_status store_catalog_add_pack(struct store_catalog *c,
    struct store_pack *p, struct ckpt_error *err);
/* What it is there; 0: it is not. */
CKPT_CHECKED enum ckpt_status store_catalog_pack_number(
    struct store_catalog *c, const struct ckpt_id *hash, int64_t *number,
    struct ckpt_error *err);
/* Sets what add_pack has not known yet: p->n_referred and p->n_referring. */
CKPT_CHECKED enum ckpt_status store_catalog_count_pack(
    struct store_catalog *c, const struct store_pack *p,
    struct ckpt_error *err);
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

/* ---- catalog_tensors.c: what packs may refer to ---- */

/* A tensor of a model of which IDs are stored. */
struct store_tensor {
	int64_t pack;
	struct ckpt_id hash;   /* of the pack */
	uint64_t ordinal;
	size_t tensor;         /* in the schema's order */
	struct ckpt_id id;
	uint64_t n_bytes, key; /* key: pack_base_key */
	uint64_t print;        /* store_tensor_print, or 0: not known */
	int64_t added;         /* its pack's time; 0 where it does not matter */
	bool is_elsewhere;     /* the pack refers to it in another one */
};

/* A moved_key_of together with the shape; never 0. */
uint64_t store_tensor_print(const struct tensor_desc *t, uint64_t print);

CKPT_CHECKED enum ckpt_status store_catalog_add_tensor(
    struct store_catalog *c, const struct store_tensor *t,
    struct ckpt_error *err);
/* That a pack refers to a tensor that stands in pack `base`; 0: it is not
 * known where. */
CKPT_CHECKED enum ckpt_status store_catalog_add_base(struct store_catalog *c,
    int64_t pack, const struct ckpt_id *id, int64_t base,
    struct ckpt_error *err);

/* A tensor of a pack is_elsewhere, wherever it stands in the pack. */
CKPT_CHECKED enum ckpt_status store_catalog_set_elsewhere(
    struct store_catalog *c, int64_t pack, const struct ckpt_id *id,
    struct ckpt_error *err);

/* Where it is not known, the other packs that have the tensor. */
CKPT_CHECKED enum ckpt_status store_catalog_resolve(struct store_catalog *c,
    struct ckpt_error *err);

/* The first of a pack of that ID, to which others refer; CKPT_END: none. */
CKPT_CHECKED enum ckpt_status store_catalog_first(struct store_catalog *c,
    int64_t pack, const struct ckpt_id *id, struct store_tensor *out,
    struct ckpt_error *err);

enum store_tensors {
	STORE_TENSORS_ALL,   /* all, by the packs' hashes */
	STORE_TENSORS_BASES, /* of pack `pack`: what it refers to, best first
	                        where there are several; pack 0, and its ID
	                        alone, of what is nowhere */
	STORE_TENSORS_LOST   /* the `id` is nowhere, to which `pack` refers */
};
CKPT_CHECKED enum ckpt_status store_catalog_tensors(struct store_catalog *c,
    enum store_tensors which, int64_t pack,
    enum ckpt_status (*visit)(void *arg, const struct store_tensor *t,
	struct ckpt_error *err), void *arg, struct ckpt_error *err);

/* One that a writer may refer to, in a pack that is not going to be removed.
 * CKPT_END: there is none. */
enum store_seek {
	STORE_SEEK_ID,    /* want->id where it is not elsewhere; of a model
	                     that is alive, in a self-contained pack, if
	                     possible */
	STORE_SEEK_PRINT, /* want->print, likewise */
	/* of models that are alive, the tensor being here or elsewhere; in
	 * packs added until want->added, if that is not 0: */
	STORE_SEEK_LAST,  /* want->id; of the latest model */
	STORE_SEEK_KEY,   /* want->key; of the latest model */
	STORE_SEEK_MODEL  /* want->key, in model want->ordinal of want->pack */
};
CKPT_CHECKED enum ckpt_status store_catalog_seek(struct store_catalog *c,
    enum store_seek which, const struct store_tensor *want,
    struct store_tensor *out, struct ckpt_error *err);

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
