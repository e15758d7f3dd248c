#include <sys/stat.h>

#include <fcntl.h>

#include "store/catalog_inner.h"
#include "store/inner.h"

/*
 * What is needed: one row of each living record, best one with weights; and
 * for each stand-in among these, and for what living writers have pinned, one
 * row with the weights, though its record may have been removed.
 */
static const char prepare[] =
    "DROP TABLE IF EXISTS temp.pinned; DROP TABLE IF EXISTS temp.needed;"
    "CREATE TEMP TABLE pinned(model BLOB PRIMARY KEY);" /* or a pack */
    "CREATE TEMP TABLE needed(pack, ordinal, dead, PRIMARY KEY(pack,"
    " ordinal)) WITHOUT ROWID;";

static const char choose[] =
    "INSERT INTO needed SELECT pack, ordinal, 0 FROM (SELECT pack, ordinal,"
    " row_number() OVER (PARTITION BY record ORDER BY stored DESC, pack,"
    " ordinal) AS n FROM records WHERE NOT dead) WHERE n = 1;"
    "INSERT OR IGNORE INTO needed SELECT pack, ordinal, 1 FROM (SELECT"
    " r.pack AS pack, r.ordinal AS ordinal, row_number() OVER (PARTITION BY"
    " r.model, r.form ORDER BY EXISTS (SELECT 1 FROM needed AS k WHERE"
    " k.pack = r.pack AND k.ordinal = r.ordinal) DESC, r.pack, r.ordinal)"
    " AS n FROM records AS r WHERE r.stored AND (r.model IN (SELECT model"
    " FROM pinned) OR EXISTS (SELECT 1 FROM records AS o, needed AS k WHERE"
    " o.model = r.model AND o.form = r.form AND NOT o.stored AND"
    " k.pack = o.pack AND k.ordinal = o.ordinal))) WHERE n = 1;";

/*
 * The packs to be written anew, or removed: those of which something is not
 * needed, and those that depend on one of them, since only so their chains of
 * references stay as short as their writers measured them. But none that a
 * writer has pinned, nor what such a pack depends on.
 */
static const char changing[] =
    "WITH RECURSIVE kept(pack) AS (SELECT number FROM packs WHERE hash IN"
    " (SELECT model FROM pinned) UNION SELECT base FROM bases JOIN kept ON"
    " bases.pack = kept.pack), changing(pack) AS (SELECT number FROM packs"
    " AS p WHERE number NOT IN (SELECT pack FROM kept) AND (EXISTS (SELECT 1"
    " FROM records AS r WHERE r.pack = number AND NOT EXISTS (SELECT 1 FROM"
    " needed AS k WHERE k.pack = r.pack AND k.ordinal = r.ordinal)) OR NOT"
    " EXISTS (SELECT 1 FROM records AS r WHERE r.pack = number)) UNION"
    " SELECT bases.pack FROM bases JOIN changing ON bases.base ="
    " changing.pack) SELECT p.number, p.hash, p.added FROM packs AS p JOIN"
    " changing AS c ON c.pack = p.number ORDER BY p.added, p.hash";

static enum ckpt_status
pin(void *arg, const struct ckpt_id *model, struct ckpt_error *err)
{
	struct store *s = arg;
	char sql[160], hex[ID_HEX_SIZE];

	id_hex(model, hex);
	(void)snprintf(sql, sizeof(sql),
	    "INSERT OR IGNORE INTO pinned VALUES(x'%s')", hex);
	return (store_sqlite_run(s->catalog, sql, err));
}

/* The models of one pack: which are needed, and which only for others. */
struct flags {
	bool *keep, *dead;
	size_t n, n_kept;
};

static enum ckpt_status
load_flags(struct store *s, int64_t pack, struct flags *f,
    struct ckpt_error *err)
{
	char sql[256];
	sqlite3_stmt *q;
	uint64_t n = 0;
	size_t i;
	int rc;
	enum ckpt_status st;

	memset(f, 0, sizeof(*f));
	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM records WHERE pack = %lld",
	    (long long)pack);
	st = store_catalog_number(s->catalog, sql, &n, err);
	if (st != CKPT_OK)
		return (st);
	f->n = (size_t)n;
	f->keep = calloc(f->n + 1, sizeof(*f->keep));
	f->dead = calloc(f->n + 1, sizeof(*f->dead));
	if (f->keep == NULL || f->dead == NULL)
		return (error_nomem(err, 2 * f->n));
	(void)snprintf(sql, sizeof(sql),
	    "SELECT ordinal, dead FROM needed WHERE pack = %lld",
	    (long long)pack);
	rc = sqlite3_prepare_v2(s->catalog->db, sql, -1, &q, NULL);
	if (rc != SQLITE_OK)
		return (store_sqlite_error(s->catalog, rc, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		i = (size_t)sqlite3_column_int64(q, 0);
		if (i < f->n) {
			f->keep[i] = true;
			f->dead[i] = sqlite3_column_int(q, 1) != 0;
			f->n_kept++;
		}
	}
	(void)sqlite3_finalize(q);
	return (rc == SQLITE_DONE ? CKPT_OK :
	    store_sqlite_error(s->catalog, rc, err));
}

struct collecting {
	struct store *store;
	struct changed { int64_t number, added; } *packs;
	struct ckpt_id *hashes;
	size_t n;
};

static enum ckpt_status
note_pack(struct collecting *g, sqlite3_stmt *q, struct ckpt_error *err)
{
	size_t n = g->n == 0 ? 1 : 2 * g->n;
	struct changed *packs;
	struct ckpt_id *hashes;

	if ((g->n & (g->n - 1)) == 0) { /* doubled at powers of two */
		packs = realloc(g->packs, n * sizeof(*packs));
		if (packs == NULL)
			return (error_nomem(err, n * sizeof(*packs)));
		g->packs = packs;
		hashes = realloc(g->hashes, n * sizeof(*hashes));
		if (hashes == NULL)
			return (error_nomem(err, n * sizeof(*hashes)));
		g->hashes = hashes;
	}
	g->packs[g->n].number = sqlite3_column_int64(q, 0);
	g->packs[g->n].added = sqlite3_column_int64(q, 2);
	store_sqlite_column_id(q, 1, &g->hashes[g->n++]);
	return (CKPT_OK);
}

static enum ckpt_status
choose_packs(struct collecting *g, struct ckpt_error *err)
{
	struct store_catalog *c = g->store->catalog;
	sqlite3_stmt *q = NULL;
	int rc;
	enum ckpt_status st = store_sqlite_prepare(c, changing, &q, err);

	if (st != CKPT_OK)
		return (st);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE)
		st = rc == SQLITE_ROW ? note_pack(g, q, err) :
		    store_sqlite_error(c, rc, err);
	(void)sqlite3_finalize(q);
	return (st);
}

static enum ckpt_status
collect_pack(void *arg, size_t i, struct ckpt_id *made,
    struct ckpt_error *err)
{
	struct collecting *g = arg;
	struct model_source *from;
	struct flags f;
	enum ckpt_status st;

	st = load_flags(g->store, g->packs[i].number, &f, err);
	if (st == CKPT_OK && f.n_kept > 0) {
		st = store_pack_source(g->store, &g->hashes[i], NULL, NULL,
		    &from, err);
		if (st == CKPT_OK)
			st = store_rewrite(g->store, &g->hashes[i], from,
			    f.keep, f.dead, f.n, g->packs[i].added, made,
			    err);
	}
	free(f.keep);
	free(f.dead);
	return (st);
}

static enum ckpt_status
collect_packs(struct store *s, struct store_collected *out,
    struct ckpt_error *err)
{
	static const char size[] = "SELECT coalesce(sum(bytes), 0) FROM packs";
	struct collecting g = { .store = s };
	struct store_renewal r = { .arg = &g, .write = collect_pack };
	uint64_t before = 0, after = 0;
	enum ckpt_status st = choose_packs(&g, err);

	r.packs = g.hashes;
	r.n = g.n;
	if (st == CKPT_OK)
		st = store_catalog_number(s->catalog, size, &before, err);
	if (st == CKPT_OK && g.n > 0)
		st = store_renew(s, &r, err);
	if (st == CKPT_OK)
		st = store_catalog_number(s->catalog, size, &after, err);
	out->n_packs = g.n;
	out->n_freed = before > after ? before - after : 0;
	free(g.packs);
	free(g.hashes);
	return (st);
}

/* Tombstones of packs that are gone, unless they are kept for a repair. */
static enum ckpt_status
collect_tombs(struct store *s, struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], damaged[STORE_NAME_SIZE + 16];
	struct ckpt_id *ids;
	struct stat sb;
	size_t i, n;
	enum ckpt_status st;

	st = store_hashes(s, "tombstones", &ids, &n, NULL, NULL, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < n && st == CKPT_OK; i++) {
		store_pack_name(&ids[i], name);
		(void)snprintf(damaged, sizeof(damaged), "damaged/%s",
		    name + strlen("packs/"));
		if (fstatat(s->dir, name, &sb, 0) == 0 ||
		    fstatat(s->dir, damaged, &sb, 0) == 0)
			continue;
		store_tomb_name(&ids[i], name);
		st = store_unlink(s, "tombstones", name, err);
	}
	free(ids);
	return (st);
}

enum ckpt_status
store_gc(struct store *s, struct store_collected *out,
    struct ckpt_error *err)
{
	struct store_collected c = { 0 };
	enum ckpt_status st = store_lock_current(s, err);

	if (st != CKPT_OK)
		return (error_where(err, s->path));
	if (s->n_left_out > 0)
		st = error_set(err, CKPT_CORRUPT, "nothing is collected: what "
		    "a pack needs that cannot be read is not known (see "
		    "fsck)");
	if (st == CKPT_OK)
		st = store_sqlite_run(s->catalog, prepare, err);
	if (st == CKPT_OK)
		st = store_stage_sweep(s, &c.n_temporaries, pin, s, err);
	if (st == CKPT_OK)
		st = store_sqlite_run(s->catalog, choose, err);
	if (st == CKPT_OK)
		st = collect_packs(s, &c, err);
	if (st == CKPT_OK)
		st = collect_tombs(s, err);
	store_unlock(s);
	if (st != CKPT_OK)
		return (error_where(err, s->path));
	*out = c;
	return (CKPT_OK);
}
