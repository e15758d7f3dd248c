/*
 * store_suspects: damaged packs and what depends on them.
 */
#include "store/catalog_inner.h"
#include "store/inner.h"

struct suspects {
	struct store *store;
	struct store_fsck *check;
	struct ckpt_id *packs; /* the damaged ones first */
	size_t n, n_bad;
	size_t n_missing;      /* problems that they are */
};

static enum ckpt_status
note_missing(void *arg, const struct store_tensor *t, struct ckpt_error *err)
{
	struct suspects *u = arg;
	char name[STORE_NAME_SIZE], hex[ID_HEX_SIZE];

	(void)err;
	store_pack_name(&t->hash, name);
	id_hex(&t->id, hex);
	store_report(u->check, "%s: it refers to tensor %s, which is nowhere",
	    name, hex);
	u->n_missing++;
	u->check->n_problems++;
	return (CKPT_OK);
}

static enum ckpt_status
add(struct suspects *u, const struct ckpt_id *pack, struct ckpt_error *err)
{
	struct ckpt_id *more = realloc(u->packs, (u->n + 1) * sizeof(*more));

	if (more == NULL)
		return (error_nomem(err, (u->n + 1) * sizeof(*more)));
	u->packs = more;
	u->packs[u->n++] = *pack;
	return (CKPT_OK);
}

static bool
is_there(const struct suspects *u, const struct ckpt_id *pack)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (id_equal(&u->packs[i], pack))
			return (true);
	return (false);
}

/* Adds the hashes that a query selects. */
static enum ckpt_status
add_selected(struct suspects *u, const char *sql, struct ckpt_error *err)
{
	struct store_catalog *c = u->store->catalog;
	sqlite3_stmt *q = NULL;
	struct ckpt_id id;
	int rc;
	enum ckpt_status st = store_sqlite_prepare(c, sql, &q, err);

	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
		store_sqlite_column_id(q, 0, &id);
		if (rc != SQLITE_ROW)
			st = store_sqlite_error(c, rc, err);
		else if (!is_there(u, &id))
			st = add(u, &id, err);
	}
	(void)sqlite3_finalize(q);
	return (st);
}

/* What depends on them, and what misses a base. */
static enum ckpt_status
add_dependents(struct suspects *u, struct ckpt_error *err)
{
	char sql[96 + ID_HEX_SIZE], hex[ID_HEX_SIZE];
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < u->n && st == CKPT_OK; i++) {
		id_hex(&u->packs[i], hex);
		(void)snprintf(sql, sizeof(sql), "INSERT INTO leaving SELECT "
		    "number FROM packs WHERE hash = x'%s'", hex);
		st = store_sqlite_run(u->store->catalog, sql, err);
	}
	if (st == CKPT_OK)
		st = add_selected(u, "WITH RECURSIVE suspect(pack) AS ("
		    "SELECT pack FROM leaving UNION SELECT pack FROM bases "
		    "WHERE base = 0 UNION SELECT bases.pack FROM bases JOIN "
		    "suspect ON bases.base = suspect.pack) SELECT p.hash FROM "
		    "packs AS p JOIN suspect ON suspect.pack = p.number ORDER "
		    "BY p.added, p.hash", err);
	return (st == CKPT_OK ? store_sqlite_run(u->store->catalog,
	    "DELETE FROM leaving", err) : st);
}

/* ---- packs that should be whole ---- */

/* Reads all models of a pack; `why` tells what is wrong. */
static enum ckpt_status
read_pack(struct suspects *u, const struct ckpt_id *pack,
    struct ckpt_error *why)
{
	unsigned char *chunk = malloc(STORE_CHUNK);
	struct model_source *src = NULL;
	struct id_stream *ids = NULL;
	struct model_head head;
	struct ckpt_id id;
	enum ckpt_status st;

	st = chunk == NULL ? error_nomem(why, STORE_CHUNK) :
	    id_stream_new(&ids, why);
	if (st == CKPT_OK)
		st = store_pack_source(u->store, pack, NULL, NULL, &src, why);
	while (st == CKPT_OK && (st = model_next(src, &head, why)) ==
	    CKPT_OK) {
		st = store_index_read(src, ids, &head, chunk, &id, why);
		model_head_release(&head);
	}
	model_source_close(src);
	id_stream_free(ids);
	free(chunk);
	return (st == CKPT_END ? CKPT_OK : st);
}

/* A pack's hash does not vouch for what it refers to: those that refer to
 * others are read. */
static enum ckpt_status
try_thin(struct suspects *u, struct ckpt_error *err)
{
	struct suspects all = { .store = u->store };
	struct ckpt_error why;
	char name[STORE_NAME_SIZE];
	size_t i;
	enum ckpt_status st = add_selected(&all, "SELECT hash FROM packs "
	    "WHERE number IN (SELECT pack FROM bases) ORDER BY added, hash",
	    err), st_read;

	for (i = 0; i < all.n && st == CKPT_OK; i++) {
		if (is_there(u, &all.packs[i]))
			continue;
		memset(&why, 0, sizeof(why));
		why.offset = CKPT_NO_OFFSET;
		st_read = read_pack(u, &all.packs[i], &why);
		if (st_read == CKPT_OK)
			continue;
		store_pack_name(&all.packs[i], name);
		store_report(u->check, "%s: %s", name, why.text);
		u->n_missing++;
		u->check->n_problems++;
		st = st_read == CKPT_NO_MEMORY ? error_nomem(err, 1) :
		    add(u, &all.packs[i], err);
	}
	free(all.packs);
	return (st);
}

static enum ckpt_status
find(struct suspects *u, const struct ckpt_id *bad, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st;

	st = store_catalog_tensors(u->store->catalog, STORE_TENSORS_LOST, 0,
	    note_missing, u, err);
	for (i = 0; i < u->n_bad && st == CKPT_OK; i++)
		st = add(u, &bad[i], err);
	if (st == CKPT_OK)
		st = add_dependents(u, err);
	if (st == CKPT_OK)
		st = try_thin(u, err);
	return (st == CKPT_OK ? add_dependents(u, err) : st);
}

/* ---- all of them ---- */

static enum ckpt_status
repair_one(void *arg, size_t i, struct ckpt_id *made, struct ckpt_error *err)
{
	struct suspects *u = arg;

	return (store_repair(u->store, &u->packs[i], i < u->n_bad, u->check,
	    made, err));
}

enum ckpt_status
store_suspects(struct store *s, const struct ckpt_id *bad, size_t n_bad,
    struct store_fsck *check, struct ckpt_error *err)
{
	struct suspects u = { .store = s, .check = check, .n_bad = n_bad };
	struct store_renewal r = { .arg = &u, .write = repair_one };
	struct ckpt_id made;
	size_t i;
	enum ckpt_status st;

	st = find(&u, bad, err);
	r.packs = u.packs;
	r.n = u.n;
	if (check->repairs) {
		if (st == CKPT_OK && u.n > 0)
			st = store_renew(s, &r, err);
		if (st == CKPT_OK)
			check->n_problems -= u.n_missing + n_bad;
	} else {
		for (i = 0; i < u.n && st == CKPT_OK; i++)
			st = repair_one(&u, i, &made, err);
	}
	free(u.packs);
	return (st);
}
