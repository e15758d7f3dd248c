/*
 * inner: what the files of this folder share.
 */
#ifndef CKPT_STORE_INNER_H
#define CKPT_STORE_INNER_H

#include <sys/file.h>

#include "store/catalog.h"
#include "store/store.h"

#define STORE_MARKER "ckpt-store"
#define STORE_MARKER_TEXT "ckpt store 1\n"
#define STORE_CATALOG "catalog.sqlite"
#define STORE_NAME_SIZE 96 /* of a file's name within the store */
#define STORE_CHUNK ((size_t)256 << 10) /* bytes read at a time */

struct store {
	char *path;
	struct store_options options;
	int dir;      /* descriptor of the directory */
	int lock;     /* descriptor of the lock file, or -1: a reader that may
	                 not open it */
	bool is_locked;
	struct store_catalog *catalog;
	bool is_private; /* the catalog is one of ours in memory */
	struct sha256 *hash;
	bool has_warned; /* of what is damaged */
	uint64_t n_left_out; /* packs that could not be read into the catalog:
	                        what they need is not known */
};

/* ---- store_open.c ---- */

/* The directory and the lock alone; no catalog. */
CKPT_CHECKED enum ckpt_status store_attach(const char *path,
    const struct store_options *options, struct store **out,
    struct ckpt_error *err);

/* Takes the lock of the whole store: LOCK_SH to rely on that nothing is
 * collected, LOCK_EX to change anything. Not nested. */
CKPT_CHECKED enum ckpt_status store_lock(struct store *s, int how,
    struct ckpt_error *err);
void store_unlock(struct store *s);

/* ---- store_files.c ---- */

/* "packs/HASH.ckpk" and "tombstones/HASH". */
void store_pack_name(const struct ckpt_id *hash, char out[STORE_NAME_SIZE]);
void store_tomb_name(const struct ckpt_id *hash, char out[STORE_NAME_SIZE]);

/* Opens a regular file for reading: CKPT_NOT_OURS if it is none. */
CKPT_CHECKED enum ckpt_status store_open_file(struct store *s,
    const char *name, int *out, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status store_sync_dir(struct store *s,
    const char *name, struct ckpt_error *err);

/* Removes durably; a file that is not there is no error. */
CKPT_CHECKED enum ckpt_status store_unlink(struct store *s, const char *dir,
    const char *name, struct ckpt_error *err);

/* Sorted hashes that the files of "packs" or "tombstones" are named by; other
 * names are passed to `strange`, which may be NULL. To be freed. */
CKPT_CHECKED enum ckpt_status store_hashes(struct store *s, const char *dir,
    struct ckpt_id **out, size_t *n,
    void (*strange)(void *arg, const char *name), void *arg,
    struct ckpt_error *err);

/* SHA-256 of all of a file. */
CKPT_CHECKED enum ckpt_status store_hash_fd(struct store *s, int fd,
    struct ckpt_id *out, uint64_t *n_bytes, struct ckpt_error *err);

/* ---- store_stage.c: temporaries ---- */

/* A file below "tmp" that is locked while its writer lives, and beside it,
 * once anything is pinned, one of what it refers to. */
struct store_stage {
	int fd;
	int pins;                    /* or -1 */
	char name[STORE_NAME_SIZE];  /* within the store */
	struct temporary *listed;
	char pins_name[STORE_NAME_SIZE];
	struct temporary *pins_listed;
};
CKPT_CHECKED enum ckpt_status store_stage_open(struct store *s,
    struct store_stage *stage, struct ckpt_error *err);

/* Sees to it that until the stage is closed gc keeps the weights of a model,
 * or a pack of that hash as it is. The lock must be held, LOCK_SH at least. */
CKPT_CHECKED enum ckpt_status store_stage_pin(struct store *s,
    struct store_stage *stage, const struct ckpt_id *model_or_pack,
    struct ckpt_error *err);

/* Renames the stage's file, synced before, to `name` within `dir`. */
CKPT_CHECKED enum ckpt_status store_stage_publish(struct store *s,
    struct store_stage *stage, const char *dir, const char *name,
    struct ckpt_error *err);

/* Removes what is left of it. */
void store_stage_close(struct store *s, struct store_stage *stage);

/* Under LOCK_EX: removes temporaries that nobody locks, and calls `pin` for
 * each model and pack that a living writer has pinned. */
CKPT_CHECKED enum ckpt_status store_stage_sweep(struct store *s,
    uint64_t *n_removed, enum ckpt_status (*pin)(void *arg,
	const struct ckpt_id *model_or_pack, struct ckpt_error *err),
    void *arg,
    struct ckpt_error *err);

/* Files below "tmp". */
CKPT_CHECKED enum ckpt_status store_stage_count(struct store *s,
    uint64_t *out, struct ckpt_error *err);

/* ---- store_tomb.c: which records of a pack are removed ---- */

/* Sorted ordinals; to be freed. None if there is no such file. */
CKPT_CHECKED enum ckpt_status store_tomb_read(struct store *s,
    const struct ckpt_id *pack, uint64_t **out, size_t *n,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status store_tomb_write(struct store *s,
    const struct ckpt_id *pack, const uint64_t *ordinals, size_t n,
    struct ckpt_error *err);

/* What tells one version of the file from another; "" if there is none. */
#define STORE_STAMP_SIZE 80
void store_tomb_stamp(struct store *s, const struct ckpt_id *pack,
    char out[STORE_STAMP_SIZE]);

/* ---- store_index.c: packs into the catalog ---- */

/* Brings the catalog up to the packs and tombstones that are there. LOCK_EX
 * must be held, unless the catalog is private. A pack that cannot be read is
 * left out, of which `bad` is told, or, if that is NULL, the store's user. */
CKPT_CHECKED enum ckpt_status store_index(struct store *s,
    void (*bad)(void *arg, const struct ckpt_id *pack,
	const struct ckpt_error *why), void *arg, struct ckpt_error *err);

/* Whether store_index would do anything. */
CKPT_CHECKED enum ckpt_status store_index_is_current(struct store *s,
    bool *out, struct ckpt_error *err);

/* Reads one pack into a catalog, without its tombstones. */
CKPT_CHECKED enum ckpt_status store_index_pack(struct store *s, int fd,
    struct store_catalog *c, int64_t pack, struct ckpt_error *err);

/* Reads all of the model of `head` by way of `chunk`, and confirms it; *out is
 * its ID. */
CKPT_CHECKED enum ckpt_status store_index_read(struct model_source *src,
    struct id_stream *ids, const struct model_head *head,
    unsigned char *chunk, struct ckpt_id *out, struct ckpt_error *err);

/* The row of a model. `same` is the value of STORE_SAME_KEY, or NULL. */
CKPT_CHECKED enum ckpt_status store_index_row(struct store *s,
    const struct model_head *head, const struct ckpt_id *model,
    const struct ckpt_id *form, struct store_row *out,
    struct ckpt_error *err);

/* ---- store_bases.c: packs that refer to each other ---- */

struct store_bases;
CKPT_CHECKED enum ckpt_status store_bases_new(struct store *s,
    struct store_bases **out, struct ckpt_error *err);
void store_bases_free(struct store_bases *b); /* NULL does nothing */

/* Opens a pack and all that it depends on, as the catalog says now, unless
 * they are: what becomes of their files meanwhile does not matter. *out reads
 * what the pack refers to. CKPT_SYSTEM, ENOENT: one of them is gone. */
CKPT_CHECKED enum ckpt_status store_bases_open(struct store_bases *b,
    const struct ckpt_id *pack, const struct pack_bases **out,
    struct ckpt_error *err);

/* A descriptor of a pack that is open, for the caller; or -1. */
int store_bases_fd(const struct store_bases *b, const struct ckpt_id *pack);

bool store_bases_is_open(const struct store_bases *b,
    const struct ckpt_id *pack);

/* A pack that is being written, at most one: *out reads what it is linked to.
 */
CKPT_CHECKED enum ckpt_status store_bases_write(struct store_bases *b,
    const struct pack_bases **out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status store_bases_link(struct store_bases *b,
    const struct store_tensor *t, struct ckpt_error *err);

/* The pack in which a tensor stands that it is linked to, or NULL. */
const struct ckpt_id *store_bases_linked(const struct store_bases *b,
    const struct ckpt_id *tensor);

/* ---- store_heights.c: references that the tensors of a pack take ---- */

/* Of a pack that is to be written anew. One that is damaged takes none. */
struct store_heights;
CKPT_CHECKED enum ckpt_status store_heights_new(struct store *s,
    const struct ckpt_id *pack, struct store_heights **out,
    struct ckpt_error *err);
void store_heights_free(struct store_heights *h); /* NULL does nothing */

/* How many the page from byte `begin` on of tensor `tensor` of model
 * `ordinal` of the new pack may take, so that whatever may refer to that ID,
 * directly or not, keeps to the limit. Asked for in the order of writing. */
unsigned store_heights_limit(struct store_heights *h,
    const struct ckpt_id *id, uint64_t begin, uint64_t ordinal,
    size_t tensor);

/* Reads all of the new pack, of which `rows` tells as pack 1, by what it
 * refers to: its IDs are right, and no page that was asked for takes more. */
CKPT_CHECKED enum ckpt_status store_heights_check(struct store_heights *h,
    int fd, const struct pack_bases *bases, struct store_catalog *rows,
    struct ckpt_error *err);

/* ---- store_thin.c: what a pack that is being written refers to ---- */

/* With `stage`, packs that are referred to are pinned; NULL: the lock is held
 * alone all the time. */
struct store_thin;
CKPT_CHECKED enum ckpt_status store_thin_new(struct store *s,
    struct store_stage *stage, struct store_thin **out,
    struct ckpt_error *err);
void store_thin_free(struct store_thin *w); /* NULL does nothing */

/* For the writer's options. */
const struct pack_bases *store_thin_bases(const struct store_thin *w);

/* For the reader's options, while it is written. */
const struct pack_bases *store_thin_reads(const struct store_thin *w);

/* What is written stands for an older pack: no tensor takes more references
 * than `heights`, which is borrowed, tell, and those that it may be later
 * states of are rather those added until then (0: any). */
void store_thin_instead(struct store_thin *w, struct store_heights *heights,
    int64_t added);

/* A model is about to be written; `schema` must outlive that. */
void store_thin_begin(struct store_thin *w, const struct schema *schema,
    uint64_t ordinal);

/* The store_tensor_print of a tensor that was written, 0 if it is not known:
 * asked for in the order of writing. */
uint64_t store_thin_print(struct store_thin *w, uint64_t ordinal,
    size_t tensor);

/* The pack whose tensor was meant, or NULL. */
const struct ckpt_id *store_thin_pack(const struct store_thin *w,
    const struct ckpt_id *tensor);

/* ---- store_survey.c ---- */

struct store_surveyed {
	uint64_t n_referred;  /* bytes of tensors that are references */
	uint64_t n_referring; /* and what these take */
};

/* Enters the tensors of a pack and what it refers to, not yet known where,
 * into a catalog. `thin`, if not NULL, has written it. */
CKPT_CHECKED enum ckpt_status store_survey(struct store *s, int fd,
    struct store_catalog *c, int64_t pack, struct store_thin *thin,
    struct store_surveyed *out, struct ckpt_error *err);

/* ---- store_read.c ---- */

/* Reads a model that the catalog has, whether its records are removed or not,
 * and compares its ID; `form` is id_form's. */
CKPT_CHECKED enum ckpt_status store_read_back(struct store *s,
    const struct ckpt_id *model, const struct ckpt_id *form,
    struct ckpt_error *err);

/* ---- store_source.c ---- */

/* Models of a pack by their ordinals, which are sorted. */
struct store_chosen {
	const uint64_t *ordinals;
	size_t n;
};

/* The models of a pack that are chosen (NULL: all); `chosen` must outlive the
 * source. `label`: of all of them, or NULL. */
CKPT_CHECKED enum ckpt_status store_pack_source(struct store *s,
    const struct ckpt_id *pack, const struct store_chosen *chosen,
    const char *label, struct model_source **out, struct ckpt_error *err);

/* All models that can be found in a pack that may be damaged; what is lost of
 * them is told. */
struct store_damage {
	void *arg;
	void (*lost)(void *arg, const struct ckpt_error *err);
};
CKPT_CHECKED enum ckpt_status store_damaged_source(struct store *s,
    const struct ckpt_id *pack, const struct store_damage *damage,
    struct model_source **out, struct ckpt_error *err);

/* ---- store_pack.c ---- */

/* The writer of a pack into an empty file, which refers to what it holds
 * already and to what `thin`, which must outlive it, knows; model_end is given
 * the tensor IDs. */
CKPT_CHECKED enum ckpt_status store_pack_create(struct store *s, int fd,
    const struct store_thin *thin, struct model_sink **out,
    struct ckpt_error *err);

/* A stand-in for the model of `head`. */
CKPT_CHECKED enum ckpt_status store_stand_in(struct model_sink *sink,
    const struct model_head *head, const struct ckpt_id *model,
    const struct ckpt_id *form, struct ckpt_error *err);

/* Reads what STORE_SAME_KEY says; false if there is no such key or it is not
 * well formed. */
bool store_is_stand_in(const struct model_head *head, struct ckpt_id *model,
    struct ckpt_id *form);

/* A stage's file that is complete. */
struct store_sealed {
	struct ckpt_id hash;
	uint64_t n_bytes;
	int64_t added; /* its time, nanoseconds since 1970: it orders packs */
	struct store_surveyed surveyed;
};

/* What is in it. */
struct store_contents {
	struct store_catalog *rows; /* as pack 1 */
	struct store_thin *thin;    /* has written it */
	const uint64_t *dead;       /* ordinals of what is removed of it */
	size_t n_dead;
};

/* Surveys, syncs and hashes it; `added`: its time, 0: now. */
CKPT_CHECKED enum ckpt_status store_seal(struct store *s,
    struct store_stage *stage, const struct store_contents *contents,
    int64_t added, struct store_sealed *out, struct ckpt_error *err);

/* Puts it into the store as a pack, and what is in it into the catalog.
 * LOCK_EX must be held. CKPT_MISMATCH: something that it refers to is gone. */
CKPT_CHECKED enum ckpt_status store_publish(struct store *s,
    struct store_stage *stage, const struct store_sealed *sealed,
    const struct store_contents *contents, struct ckpt_error *err);

/* LOCK_EX, with a catalog that is current. */
CKPT_CHECKED enum ckpt_status store_lock_current(struct store *s,
    struct ckpt_error *err);

/* Takes a pack, its tombstones first out of the catalog, then away. LOCK_EX
 * must be held. */
CKPT_CHECKED enum ckpt_status store_drop(struct store *s,
    const struct ckpt_id *pack, struct ckpt_error *err);

/* ---- store_rewrite.c ---- */

/* Writes a pack in place of `old`, of those models of `from` (in order, n of
 * them), which is closed, that `keep` tells, of which those that `dead` tells
 * stay removed. It is read again before it enters the store, and its tensors
 * take no more references than they did. LOCK_EX must be held. */
CKPT_CHECKED enum ckpt_status store_rewrite(struct store *s,
    const struct ckpt_id *old, struct model_source *from, const bool *keep,
    const bool *dead, size_t n, int64_t added, struct ckpt_id *made,
    struct ckpt_error *err);

/* ---- store_renew.c ---- */

/*
 * Packs that are to give way to others, which `write` makes, one by one and
 * those that others depend on first: it sets *made to the hash of a pack that
 * it has published, or leaves it zero if none is needed. Meanwhile nothing
 * that is written refers to one of the old packs. They can be read until those
 * that depend on them are gone; then `remove` (NULL: store_drop) takes them
 * away. LOCK_EX must be held, and `n` packs be all that depend on any of them.
 */
struct store_renewal {
	const struct ckpt_id *packs;
	size_t n;
	void *arg;
	enum ckpt_status (*write)(void *arg, size_t i, struct ckpt_id *made,
	    struct ckpt_error *err);
	enum ckpt_status (*remove)(void *arg, size_t i,
	    struct ckpt_error *err);
};
CKPT_CHECKED enum ckpt_status store_renew(struct store *s,
    const struct store_renewal *r, struct ckpt_error *err);

/* ---- store_repair.c ---- */

/* "TEXT" to the caller. */
void store_report(struct store_fsck *check, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Names the records of a pack that cannot be had. With check->repairs another
 * pack, of hash *made, has what is whole, and one that `is_damaged` is put
 * aside, below "damaged". LOCK_EX must be held. */
CKPT_CHECKED enum ckpt_status store_repair(struct store *s,
    const struct ckpt_id *pack, bool is_damaged, struct store_fsck *check,
    struct ckpt_id *made, struct ckpt_error *err);

/* ---- store_suspects.c ---- */

/* The same for the `bad` packs, those that refer to what is nowhere, and all
 * that depend on them; these are not there any more if it repairs. */
CKPT_CHECKED enum ckpt_status store_suspects(struct store *s,
    const struct ckpt_id *bad, size_t n_bad, struct store_fsck *check,
    struct ckpt_error *err);

/* Names records whose weights are nowhere, and with check->repairs removes
 * them. LOCK_EX must be held. */
CKPT_CHECKED enum ckpt_status store_repair_orphans(struct store *s,
    struct store_fsck *check, struct ckpt_error *err);

/* ---- store_query.c ---- */

/* Whether a row is meant: CKPT_OK, CKPT_END or an error. */
CKPT_CHECKED enum ckpt_status store_query_match(const struct store_query *q,
    const struct store_row *r, struct ckpt_error *err);
/* A query that cannot match anything by its form: CKPT_USAGE. */
CKPT_CHECKED enum ckpt_status store_query_check(const struct store_query *q,
    struct ckpt_error *err);

#endif
