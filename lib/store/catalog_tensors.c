#include "store/catalog.h"
#include "store/catalog_inner.h"

uint64_t
store_tensor_print(const struct tensor_desc *t, uint64_t print)
{
	uint64_t part[2 + CKPT_MAX_DIMS] = { 0 }, x;
	unsigned i;

	part[0] = print;
	part[1] = (uint64_t)t->dtype << 8 | t->n_dims;
	for (i = 0; i < t->n_dims; i++)
		part[2 + i] = t->dims[i];
	x = xxh3_64(part, sizeof(part));
	return (x == 0 ? 1 : x);
}

enum ckpt_status
store_catalog_add_tensor(struct store_catalog *c,
    const struct store_tensor *t, struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, STORE_ADD_TENSOR,
	    "INSERT OR REPLACE INTO tensors VALUES(?,?,?,?,?,?,"
	    "nullif(?, 0),?)", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, t->pack);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)t->ordinal);
	(void)sqlite3_bind_int64(q, 3, (sqlite3_int64)t->tensor);
	store_sqlite_bind_id(q, 4, &t->id);
	(void)sqlite3_bind_int64(q, 5, (sqlite3_int64)t->n_bytes);
	(void)sqlite3_bind_int64(q, 6, (sqlite3_int64)t->key);
	(void)sqlite3_bind_int64(q, 7, (sqlite3_int64)t->print);
	(void)sqlite3_bind_int(q, 8, t->is_elsewhere);
	return (store_sqlite_finish(c, q, err));
}

enum ckpt_status
store_catalog_add_base(struct store_catalog *c, int64_t pack,
    const struct ckpt_id *id, int64_t base, struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, STORE_ADD_BASE,
	    "INSERT OR IGNORE INTO bases VALUES(?,?,?)", &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, pack);
	store_sqlite_bind_id(q, 2, id);
	(void)sqlite3_bind_int64(q, 3, base);
	return (store_sqlite_finish(c, q, err));
}

enum ckpt_status
store_catalog_set_elsewhere(struct store_catalog *c, int64_t pack,
    const struct ckpt_id *id, struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, STORE_SET_ELSEWHERE,
	    "UPDATE tensors SET elsewhere = 1 WHERE id = ? AND pack = ?", &q,
	    err);

	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, id);
	(void)sqlite3_bind_int64(q, 2, pack);
	return (store_sqlite_finish(c, q, err));
}

/* All packs that have it, since nothing tells which one its writer read. */
enum ckpt_status
store_catalog_resolve(struct store_catalog *c, struct ckpt_error *err)
{
	return (store_sqlite_run(c, "INSERT OR IGNORE INTO bases SELECT "
	    "b.pack, b.id, t.pack FROM bases AS b JOIN tensors AS t ON "
	    "t.id = b.id AND t.pack <> b.pack AND NOT t.elsewhere WHERE "
	    "b.base = 0;"
	    "DELETE FROM bases WHERE base = 0 AND EXISTS (SELECT 1 FROM "
	    "bases AS o WHERE o.pack = bases.pack AND o.id = bases.id AND "
	    "o.base <> 0)", err));
}

static void
load(sqlite3_stmt *q, struct store_tensor *t)
{
	memset(t, 0, sizeof(*t));
	t->pack = sqlite3_column_int64(q, 0);
	store_sqlite_column_id(q, 1, &t->hash);
	t->ordinal = (uint64_t)sqlite3_column_int64(q, 2);
	t->tensor = (size_t)sqlite3_column_int64(q, 3);
	store_sqlite_column_id(q, 4, &t->id);
	t->n_bytes = (uint64_t)sqlite3_column_int64(q, 5);
	t->key = (uint64_t)sqlite3_column_int64(q, 6);
	t->print = (uint64_t)sqlite3_column_int64(q, 7);
	t->is_elsewhere = sqlite3_column_int(q, 8) != 0;
}

#define COLUMNS "SELECT t.pack, p.hash, t.ordinal, t.tensor, t.id, " \
    "t.bytes, t.key, t.print, t.elsewhere "

enum ckpt_status
store_catalog_tensors(struct store_catalog *c, enum store_tensors which,
    int64_t pack, enum ckpt_status (*visit)(void *arg,
	const struct store_tensor *t, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	static const char *const sql[] = {
		[STORE_TENSORS_ALL] = COLUMNS "FROM tensors AS t JOIN packs "
		    "AS p ON p.number = t.pack WHERE ? IS NOT NULL "
		    "ORDER BY p.hash, t.ordinal, t.tensor",
		/* of the tensors of a pack that are the same one, the first:
		 * so writers and readers take the same number of steps */
		[STORE_TENSORS_BASES] = "SELECT t.pack, p.hash, t.ordinal, "
		    "t.tensor, b.id, t.bytes, t.key, t.print, t.elsewhere "
		    "FROM bases AS b "
		    "LEFT JOIN tensors AS t ON t.pack = b.base AND t.id = "
		    "b.id AND (t.ordinal, t.tensor) = (SELECT o.ordinal, "
		    "o.tensor FROM tensors AS o WHERE o.id = b.id AND o.pack "
		    "= b.base ORDER BY o.ordinal, o.tensor LIMIT 1) "
		    "LEFT JOIN packs AS p ON p.number = t.pack WHERE "
		    "b.pack = ? ORDER BY b.id, EXISTS (SELECT 1 FROM bases "
		    "AS d WHERE d.pack = b.base), p.added, t.pack",
		[STORE_TENSORS_LOST] = "SELECT b.pack, p.hash, 0, 0, b.id, "
		    "0, 0, 0, 0 FROM bases AS b JOIN packs AS p ON p.number = "
		    "b.pack WHERE b.base = 0 AND ? IS NOT NULL "
		    "ORDER BY p.hash, b.id"
	};
	struct store_tensor t;
	sqlite3_stmt *q = NULL;
	int rc;
	enum ckpt_status st = store_sqlite_prepare(c, sql[which], &q, err);

	if (st != CKPT_OK)
		return (st);
	(void)sqlite3_bind_int64(q, 1, pack);
	while (st == CKPT_OK && (rc = sqlite3_step(q)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW) {
			st = store_sqlite_error(c, rc, err);
			break;
		}
		load(q, &t);
		st = visit(arg, &t, err);
	}
	(void)sqlite3_finalize(q);
	return (st);
}

/* The only row. */
static enum ckpt_status
take_one(struct store_catalog *c, sqlite3_stmt *q, struct store_tensor *out,
    struct ckpt_error *err)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		load(q, out);
	(void)sqlite3_reset(q);
	return (rc == SQLITE_ROW ? CKPT_OK : rc == SQLITE_DONE ? CKPT_END :
	    store_sqlite_error(c, rc, err));
}

enum ckpt_status
store_catalog_first(struct store_catalog *c, int64_t pack,
    const struct ckpt_id *id, struct store_tensor *out,
    struct ckpt_error *err)
{
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, STORE_TENSOR_FIRST, COLUMNS
	    "FROM tensors AS t JOIN packs AS p ON p.number = t.pack WHERE "
	    "t.id = ?1 AND t.pack = ?2 ORDER BY t.ordinal, t.tensor LIMIT 1",
	    &q, err);

	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, id);
	(void)sqlite3_bind_int64(q, 2, pack);
	return (take_one(c, q, out, err));
}

#define IS_ALIVE "(NOT r.dead OR EXISTS (SELECT 1 FROM records AS o WHERE " \
    "o.model = r.model AND o.form = r.form AND NOT o.dead)) "

/* A tensor may stand in very many models: some are looked at, the last or
 * the first by their packs' numbers, which is about the order of adding. */
#define SEEK "SELECT * FROM (" COLUMNS ", p.added AS added, " IS_ALIVE \
    "AS is_alive, EXISTS (SELECT 1 FROM bases AS d WHERE d.pack = t.pack) " \
    "AS is_thin FROM tensors AS t JOIN packs AS p ON p.number = t.pack " \
    "JOIN records AS r ON r.pack = t.pack AND r.ordinal = t.ordinal " \
    "WHERE t.pack NOT IN (SELECT pack FROM leaving) AND "
#define FIRST "AND NOT t.elsewhere ORDER BY t.pack, t.ordinal, t.tensor " \
    "LIMIT 64) ORDER BY is_alive DESC, is_thin, added, pack, ordinal, " \
    "tensor LIMIT 1"
#define LAST "AND (?6 = 0 OR p.added <= ?6) AND " IS_ALIVE \
    "ORDER BY t.pack DESC, t.ordinal DESC " \
    "LIMIT 64) ORDER BY added DESC, pack DESC, ordinal DESC LIMIT 1"

enum ckpt_status
store_catalog_seek(struct store_catalog *c, enum store_seek which,
    const struct store_tensor *want, struct store_tensor *out,
    struct ckpt_error *err)
{
	static const char *const sql[] = {
		[STORE_SEEK_ID] = SEEK "t.id = ?1 " FIRST,
		[STORE_SEEK_PRINT] = SEEK "t.print = ?3 " FIRST,
		[STORE_SEEK_LAST] = SEEK "t.id = ?1 " LAST,
		[STORE_SEEK_KEY] = SEEK "t.key = ?2 " LAST,
		[STORE_SEEK_MODEL] = SEEK "t.key = ?2 AND t.pack = ?4 AND "
		    "t.ordinal = ?5 " LAST
	};
	sqlite3_stmt *q = NULL;
	enum ckpt_status st = store_sqlite_kept(c, STORE_TENSOR_ID + which,
	    sql[which], &q, err);

	if (st != CKPT_OK)
		return (st);
	store_sqlite_bind_id(q, 1, &want->id);
	(void)sqlite3_bind_int64(q, 2, (sqlite3_int64)want->key);
	(void)sqlite3_bind_int64(q, 3, (sqlite3_int64)want->print);
	(void)sqlite3_bind_int64(q, 4, want->pack);
	(void)sqlite3_bind_int64(q, 5, (sqlite3_int64)want->ordinal);
	(void)sqlite3_bind_int64(q, 6, want->added);
	return (take_one(c, q, out, err));
}
