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
    "PRAGMA temp_store=MEMORY;"
    "DROP TABLE IF EXISTS temp.pinned; DROP TABLE IF EXISTS temp.needed;"
    "CREATE TEMP TABLE pinned(model BLOB PRIMARY KEY);"
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


static enum ckpt_status
collect_pack(struct store *s, const struct store_pack *p,
    struct store_collected *out, struct ckpt_error *err)
{
	struct model_source *from;
	struct flags f;
	uint64_t before, after;
	enum ckpt_status st = load_flags(s, p->number, &f, err);

	if (st != CKPT_OK || (f.n_kept == f.n && f.n > 0))
		goto err0;
	st = store_catalog_number(s->catalog,
	    "SELECT sum(bytes) FROM packs", &before, err);
	if (st == CKPT_OK && f.n_kept == 0) {
		st = store_drop(s, &p->hash, err);
	} else if (st == CKPT_OK) {
		st = store_pack_source(s, &p->hash, NULL, NULL, &from, err);
		if (st == CKPT_OK)
			st = store_rewrite(s, &p->hash, from, f.keep, f.dead,
			    f.n, p->added, err);
	}
	if (st == CKPT_OK)
		st = store_catalog_number(s->catalog, "SELECT "
		    "coalesce(sum(bytes), 0) FROM packs", &after, err);
	if (st != CKPT_OK)
		goto err0;
	out->n_packs++;
	out->n_freed += before > after ? before - after : 0;
err0:
	free(f.keep);
	free(f.dead);
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
	struct store_pack *packs = NULL;
	size_t i, n = 0;
	enum ckpt_status st = store_lock_current(s, err);

	if (st != CKPT_OK)
		return (error_where(err, s->path));
	st = store_sqlite_run(s->catalog, prepare, err);
	if (st == CKPT_OK)
		st = store_stage_sweep(s, &c.n_temporaries, pin, s, err);
	if (st == CKPT_OK)
		st = store_sqlite_run(s->catalog, choose, err);
	if (st == CKPT_OK)
		st = store_catalog_packs(s->catalog, &packs, &n, err);
	for (i = 0; i < n && st == CKPT_OK; i++)
		st = collect_pack(s, &packs[i], &c, err);
	if (st == CKPT_OK)
		st = collect_tombs(s, err);
	free(packs);
	store_unlock(s);
	if (st != CKPT_OK)
		return (error_where(err, s->path));
	*out = c;
	return (CKPT_OK);
}
