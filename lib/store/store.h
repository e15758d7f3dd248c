/*
 * store: a directory that holds models safely: packs named by their hash,
 * lists of what was removed from them, and a catalog that is made from these
 * and can be made again at any time (format-spec/ckpt-store.md).
 *
 * Any number of processes may add, read, remove and collect at once; one
 * struct store is for one thread at a time. What add or remove has
 * acknowledged is on the disk. On error the store is as it was.
 */
#ifndef CKPT_STORE_STORE_H
#define CKPT_STORE_STORE_H

#include "pack/pack.h"

/* The metadata key of a stand-in, a model without tensors in a store's pack,
 * whose weights are stored with another record: its value is the model ID, a
 * space and the form's ID. */
#define STORE_SAME_KEY "ckpt-store.same"

struct store;

struct store_options {
	bool is_reader;     /* nothing will be changed */
	/* The catalog is not looked at: the packs are read for another one in
	 * memory, as where it cannot be read. */
	bool ignores_catalog;
	unsigned n_threads; /* 0: 1 */
	uint64_t memory;    /* of readers, as in pack_reader_options */
	/* Told, a line each, of damage in spite of which the store is used,
	 * and of records that are gone; or NULL. */
	void (*warn)(void *arg, const char *text);
	void *arg;
};

/* Makes `path` a store: a new directory or an empty one. Nothing is done if
 * it is one already; CKPT_USAGE if it holds something else. */
CKPT_CHECKED enum ckpt_status store_init(const char *path,
    struct ckpt_error *err);

/* CKPT_NOT_OURS if `path` is no store. What packs the catalog does not know
 * yet (their writer was killed) enter it. A reader also opens a store that
 * it may not write to. */
CKPT_CHECKED enum ckpt_status store_open(const char *path,
    const struct store_options *options, struct store **out,
    struct ckpt_error *err);
void store_close(struct store *s); /* NULL does nothing */

/* ---- adding ---- */

struct store_added {
	uint64_t n_models;     /* records that are new */
	uint64_t n_shared;     /* of them, with weights stored already */
	uint64_t n_present;    /* records that were there */
	uint64_t n_bytes;      /* of the weights of all that came */
	uint64_t n_stored;     /* bytes that the store has grown by */
};

/* A sink whose close puts all its models into the store, at once and
 * durably, or on error none. `has_ids`: as in pack_writer_options. *added,
 * which may be NULL, is set by close. */
CKPT_CHECKED enum ckpt_status store_add(struct store *s, bool has_ids,
    struct store_added *added, struct model_sink **out,
    struct ckpt_error *err);

/* ---- what is there ---- */

/* A record of the store, in the order of adding. */
struct store_entry {
	struct ckpt_id record, model, schema;
	const char *label;
	const char *dtype;      /* of all tensors, or "mixed" or "none" */
	uint64_t n_bytes, n_parameters;
	const struct meta *meta;
};

/* Which records are meant: those that match every part that is given. */
struct store_query {
	/* Any of these globs of labels, or of these prefixes (8 digits and
	 * more) of model or record IDs. */
	const char *const *patterns;
	size_t n_patterns;
	const char *const *meta; /* all of these: KEY=GLOB of values, or KEY */
	size_t n_meta;
	const char *schema;      /* a prefix of the schema's ID, or NULL */
	/* And what else the caller asks for, or NULL. `CKPT_END`: not this
	 * one; another status ends the search. */
	void *arg;
	enum ckpt_status (*keep)(void *arg, const struct store_entry *e,
	    struct ckpt_error *err);
};

/* Calls `visit` for each, with texts that are valid until it returns.
 * `query` may be NULL: all. */
CKPT_CHECKED enum ckpt_status store_list(struct store *s,
    const struct store_query *query,
    enum ckpt_status (*visit)(void *arg, const struct store_entry *e,
	struct ckpt_error *err), void *arg, struct ckpt_error *err);

/* The models of the records that are there now. Later changes to the store
 * do not disturb it; the store must outlive it. IDs are compared when they
 * are confirmed. */
CKPT_CHECKED enum ckpt_status store_source(struct store *s,
    const struct store_query *query, struct model_source **out,
    struct ckpt_error *err);

/* The head of the model of a record, to be released. */
CKPT_CHECKED enum ckpt_status store_head(struct store *s,
    const struct ckpt_id *record, struct model_head *out,
    struct ckpt_error *err);

/* ---- removing ---- */

/* Durably; space is given back by store_gc. *n: records removed. */
CKPT_CHECKED enum ckpt_status store_remove(struct store *s,
    const struct store_query *query, uint64_t *n, struct ckpt_error *err);

struct store_collected {
	uint64_t n_temporaries; /* left by writers that were interrupted */
	uint64_t n_packs;       /* removed or written anew */
	uint64_t n_freed;       /* bytes */
};

/* Removes temporary files that nobody writes any more, packs of which nothing
 * is needed, and writes packs anew of which something is not. */
CKPT_CHECKED enum ckpt_status store_gc(struct store *s,
    struct store_collected *out, struct ckpt_error *err);

/* ---- checking ---- */

struct store_fsck {
	bool repairs;  /* damaged packs give way to what of them is whole */
	bool rebuilds; /* makes the catalog anew */
	void *arg;
	/* A line of text about damage, or about what was done. */
	void (*report)(void *arg, const char *text);
	uint64_t n_problems; /* result: what is wrong still */
	uint64_t n_lost;     /* result: models lost by repairing */
};
CKPT_CHECKED enum ckpt_status store_fsck(const char *path,
    const struct store_options *options, struct store_fsck *check,
    struct ckpt_error *err);

struct store_counts {
	uint64_t n_records, n_models; /* models: different weights */
	uint64_t n_bytes;             /* of the weights of all records */
	uint64_t n_packs, n_stored;   /* and their bytes */
	uint64_t n_removed;           /* records not collected yet */
	uint64_t n_temporaries;
	uint64_t n_referred;  /* bytes of tensors that are references */
	uint64_t n_referring; /* and what these take of n_stored */
};
CKPT_CHECKED enum ckpt_status store_count(struct store *s,
    struct store_counts *out, struct ckpt_error *err);

#endif
