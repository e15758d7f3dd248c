#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/catalog_inner.h"
#include "store/inner.h"

struct fsck {
	struct store *store;
	struct store_fsck *check;
	struct ckpt_id *bad; /* packs that are damaged */
	size_t n_bad;
	struct ckpt_id *unread; /* of them, those of which only the catalog
	                           knows what is in them */
	size_t n_unread;
	size_t n_vanished;   /* packs that the catalog knows, and nobody else */
};

static void
problem(struct fsck *f, const char *name, const char *text)
{
	store_report(f->check, "%s: %s", name, text);
	f->check->n_problems++;
}

static void
note_strange(void *arg, const char *name)
{
	problem(arg, name, "no file of a store has such a name");
}

/* ---- packs ---- */

static bool
is_bad(const struct fsck *f, const struct ckpt_id *pack)
{
	size_t i;

	for (i = 0; i < f->n_bad; i++)
		if (id_equal(&f->bad[i], pack))
			return (true);
	return (false);
}

/* `bad` has room for all packs. */
static void
note_bad(struct fsck *f, const struct ckpt_id *pack, const char *why)
{
	char name[STORE_NAME_SIZE];
	struct stat sb;

	if (is_bad(f, pack))
		return;
	store_pack_name(pack, name);
	if (fstatat(f->store->dir, name, &sb, 0) != 0 || !S_ISREG(sb.st_mode)) {
		/* it has been said by check_pack, and nothing is in it */
		return;
	}
	problem(f, name, why);
	f->bad[f->n_bad++] = *pack;
}

static void
bad_pack(void *arg, const struct ckpt_id *pack, const struct ckpt_error *why)
{
	note_bad(arg, pack, why->text);
}

/* A directory, a FIFO, a link to nothing: no pack was ever there. */
static enum ckpt_status
put_away(struct fsck *f, const struct ckpt_id *pack, const char *why,
    struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], aside[STORE_NAME_SIZE + 16];
	int dir = f->store->dir;

	store_pack_name(pack, name);
	(void)snprintf(aside, sizeof(aside), "damaged/%s",
	    name + strlen("packs/"));
	if (mkdirat(dir, "damaged", 0777) != 0 && errno != EEXIST)
		return (error_sys(err, "cannot create damaged"));
	if (renameat(dir, name, dir, aside) != 0)
		return (error_sys(err, "cannot rename %s to %s", name, aside));
	store_report(f->check, "%s: %s: it is put aside as %s", name, why,
	    aside);
	return (store_sync_dir(f->store, "packs", err));
}

static enum ckpt_status
check_pack(struct fsck *f, const struct ckpt_id *pack,
    struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	char name[STORE_NAME_SIZE];
	struct ckpt_id hash;
	uint64_t n_bytes;
	enum ckpt_status st;
	int fd;

	store_pack_name(pack, name);
	st = store_open_file(f->store, name, &fd, &why);
	if (st == CKPT_NOT_OURS && f->check->repairs)
		return (put_away(f, pack, why.text, err));
	if (st == CKPT_NOT_OURS) {
		problem(f, name, why.text);
		return (CKPT_OK);
	}
	if (st == CKPT_OK) {
		st = store_hash_fd(f->store, fd, &hash, &n_bytes, &why);
		(void)close(fd);
	}
	if (st == CKPT_NO_MEMORY)
		return (error_nomem(err, 1));
	if (st != CKPT_OK)
		note_bad(f, pack, why.text);
	else if (!id_equal(&hash, pack))
		note_bad(f, pack, "damaged: its SHA-256 is not its name");
	return (CKPT_OK);
}

static enum ckpt_status
check_packs(struct fsck *f, struct ckpt_error *err)
{
	struct ckpt_id *ids = NULL;
	size_t i, n = 0;
	enum ckpt_status st;

	st = store_hashes(f->store, "packs", &ids, &n, note_strange, f, err);
	if (st == CKPT_OK) {
		f->bad = malloc((n + 1) * sizeof(*f->bad));
		f->unread = malloc((n + 1) * sizeof(*f->unread));
		if (f->bad == NULL || f->unread == NULL)
			st = error_nomem(err, n * sizeof(*f->bad));
	}
	for (i = 0; i < n && st == CKPT_OK; i++)
		st = check_pack(f, &ids[i], err);
	free(ids);
	return (st);
}

/* ---- tombstones ---- */

static enum ckpt_status
check_tombs(struct fsck *f, struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	char name[STORE_NAME_SIZE];
	struct ckpt_id *ids;
	uint64_t *dead;
	size_t i, n, n_dead;
	enum ckpt_status st;

	st = store_hashes(f->store, "tombstones", &ids, &n, note_strange, f,
	    err);
	for (i = 0; st == CKPT_OK && i < n; i++) {
		store_tomb_name(&ids[i], name);
		st = store_tomb_read(f->store, &ids[i], &dead, &n_dead, &why);
		if (st == CKPT_OK) {
			free(dead);
			continue;
		}
		if (st == CKPT_NO_MEMORY)
			break;
		problem(f, name, why.text);
		st = CKPT_OK;
		if (!f->check->repairs)
			continue;
		/* rather bring back what was removed than lose the rest */
		store_report(f->check, "%s is removed: what it removed is "
		    "there again", name);
		st = store_unlink(f->store, "tombstones", name, err);
		f->check->n_problems -= st == CKPT_OK;
	}
	if (st == CKPT_OK)
		free(ids);
	return (st);
}

/* ---- packs that are gone ---- */

static enum ckpt_status
note_vanished(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct fsck *f = arg;
	char name[STORE_NAME_SIZE], hex[ID_HEX_SIZE];

	(void)err;
	store_pack_name(&r->hash, name);
	if (r->is_dead || faccessat(f->store->dir, name, F_OK, 0) == 0 ||
	    errno != ENOENT)
		return (CKPT_OK);
	id_hex(&r->record, hex);
	store_report(f->check, "lost: record %s, %.300s: %s is gone", hex,
	    r->label, name);
	f->n_vanished++;
	if (f->check->repairs)
		f->check->n_lost++;
	else
		f->check->n_problems++;
	return (CKPT_OK);
}

/* What stands in damaged packs, or needs them, and who needs what is nowhere.
 */
static enum ckpt_status
try_packs(struct fsck *f, struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t i;

	st = store_suspects(f->store, f->bad, f->n_bad, f->check, err);
	if (f->check->repairs)
		f->n_bad = 0;
	/* they have been named; whoever shares their weights follows */
	for (i = 0; i < f->n_unread && st == CKPT_OK; i++)
		st = store_catalog_drop_pack(f->store->catalog, &f->unread[i],
		    err);
	f->n_unread = 0;
	return (st == CKPT_OK ? store_repair_orphans(f->store, f->check,
	    err) : st);
}

/* ---- the catalog ---- */

/* What a catalog says, as one hash. What a stand-in's weights are is left
 * out: those of one that was removed may be gone. */
struct digest {
	struct sha256 *hash;
	struct ckpt_id id;
};

static enum ckpt_status
digest_row(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct digest *d = arg;
	struct buf b = BUF_INIT((size_t)64 << 20);
	size_t i;
	enum ckpt_status st;

	st = buf_append(&b, &r->hash, sizeof(r->hash), err);
	if (st == CKPT_OK)
		st = buf_append(&b, &r->record, 3 * sizeof(r->record), err);
	if (st == CKPT_OK)
		st = buf_printf(&b, err, "%llu %d %d %s",
		    (unsigned long long)r->ordinal, r->has_bytes, r->is_dead,
		    r->label);
	if (st == CKPT_OK && r->has_bytes)
		st = buf_append(&b, &r->schema, sizeof(r->schema), err);
	if (st == CKPT_OK && r->has_bytes)
		st = buf_printf(&b, err, "%llu %llu %s",
		    (unsigned long long)r->n_bytes,
		    (unsigned long long)r->n_parameters, r->dtype);
	for (i = 0; i < r->meta.n && st == CKPT_OK; i++)
		st = buf_printf(&b, err, "%c%s=%s", 0,
		    r->meta.entries[i].key, r->meta.entries[i].value);
	if (st == CKPT_OK)
		sha256_update(d->hash, b.data, b.len);
	buf_release(&b);
	return (st);
}

static enum ckpt_status
digest_tensor(void *arg, const struct store_tensor *t, struct ckpt_error *err)
{
	const struct digest *d = arg;
	unsigned char n[25];

	(void)err;
	le64_store(n, t->ordinal);
	le64_store(n + 8, t->tensor);
	le64_store(n + 16, t->key);
	n[24] = t->is_elsewhere;
	sha256_update(d->hash, &t->hash, sizeof(t->hash));
	sha256_update(d->hash, &t->id, sizeof(t->id));
	sha256_update(d->hash, n, sizeof(n));
	return (CKPT_OK);
}

static enum ckpt_status
digest_catalog(struct store *s, struct store_catalog *c, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct digest d = { .hash = s->hash };
	enum ckpt_status st;

	sha256_reset(d.hash);
	st = store_catalog_rows(c, STORE_ALL, NULL, true, digest_row, &d, err);
	if (st == CKPT_OK)
		st = store_catalog_tensors(c, STORE_TENSORS_ALL, 0,
		    digest_tensor, &d, err);
	sha256_final(d.hash, out);
	return (st);
}

/* Of a pack that cannot be read, what the store's catalog says. */
struct unread {
	struct fsck *fsck;
	struct store_catalog *to;
	struct store_pack pack;
};

static enum ckpt_status
keep_unread(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct unread *u = arg;
	enum ckpt_status st = CKPT_OK;

	if (!is_bad(u->fsck, &r->hash))
		return (CKPT_OK);
	if (!id_equal(&u->pack.hash, &r->hash)) { /* rows come by packs */
		u->pack.hash = r->hash;
		st = store_catalog_pack_number(u->to, &r->hash,
		    &u->pack.number, err);
		if (st == CKPT_OK && u->pack.number != 0)
			u->pack.number = 0; /* it is known */
		else if (st == CKPT_OK)
			st = store_catalog_add_pack(u->to, &u->pack, err);
		if (u->pack.number != 0)
			u->fsck->unread[u->fsck->n_unread++] = r->hash;
	}
	if (st != CKPT_OK || u->pack.number == 0)
		return (st);
	r->pack = u->pack.number;
	return (store_catalog_add_row(u->to, r, err));
}

/* Makes another catalog from packs and tombstones, and compares; unless it
 * will be repaired, what refers to what is tried by it. */
static enum ckpt_status
compare_catalog(struct fsck *f, struct ckpt_error *err)
{
	struct store *s = f->store;
	struct store_catalog *own = s->catalog;
	struct unread u = { .fsck = f };
	struct ckpt_id a, b;
	bool compares;
	enum ckpt_status st;

	st = store_catalog_open(NULL, false, &s->catalog, err);
	if (st != CKPT_OK) {
		s->catalog = own;
		return (st);
	}
	compares = own != NULL && f->n_vanished == 0;
	st = store_index(s, bad_pack, f, err);
	compares = compares && f->n_bad == 0;
	if (st == CKPT_OK && compares)
		st = digest_catalog(s, s->catalog, &a, err);
	if (st == CKPT_OK && compares)
		st = digest_catalog(s, own, &b, err);
	if (st == CKPT_OK && compares && !id_equal(&a, &b))
		problem(f, STORE_CATALOG, "it does not say what the packs "
		    "hold: fsck --rebuild makes it anew");
	if (st == CKPT_OK && !f->check->repairs && own != NULL) {
		u.to = s->catalog;
		st = store_catalog_rows(own, STORE_ALL, NULL, true,
		    keep_unread, &u, err);
	}
	if (st == CKPT_OK && !f->check->repairs)
		st = try_packs(f, err);
	store_catalog_close(s->catalog);
	s->catalog = own;
	return (st);
}

static void
remove_catalog(struct store *s)
{
	(void)unlinkat(s->dir, STORE_CATALOG, 0);
	(void)unlinkat(s->dir, STORE_CATALOG "-wal", 0);
	(void)unlinkat(s->dir, STORE_CATALOG "-shm", 0);
	(void)unlinkat(s->dir, STORE_CATALOG "-journal", 0);
}

/* Opens it; *out NULL if it is of no use. */
static enum ckpt_status
open_catalog(struct fsck *f, struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	struct store *s = f->store;
	struct buf path = BUF_INIT(1 << 16);
	enum ckpt_status st;

	if (f->check->rebuilds)
		remove_catalog(s);
	st = buf_printf(&path, err, "%s/" STORE_CATALOG "%c", s->path, 0);
	if (st != CKPT_OK)
		return (st);
	st = store_catalog_open((char *)path.data, s->options.is_reader,
	    &s->catalog, &why);
	if (st == CKPT_OK)
		st = store_catalog_check(s->catalog, &why);
	if (st == CKPT_NO_MEMORY) {
		buf_release(&path);
		return (error_nomem(err, 1));
	}
	if (st != CKPT_OK) {
		problem(f, STORE_CATALOG, why.text);
		store_catalog_close(s->catalog);
		s->catalog = NULL;
		st = CKPT_OK;
		if (f->check->repairs) {
			remove_catalog(s);
			st = store_catalog_open((char *)path.data, false,
			    &s->catalog, err);
			f->check->n_problems -= st == CKPT_OK;
		}
	}
	buf_release(&path);
	return (st);
}

/* ---- all ---- */

static enum ckpt_status
check_all(struct fsck *f, struct ckpt_error *err)
{
	struct store *s = f->store;
	enum ckpt_status st = check_packs(f, err);

	if (st == CKPT_OK)
		st = check_tombs(f, err);
	if (st == CKPT_OK)
		st = open_catalog(f, err);
	if (st == CKPT_OK && s->catalog != NULL)
		st = store_catalog_rows(s->catalog, STORE_ALL, NULL, false,
		    note_vanished, f, err);
	/* what a writer that was killed has left is no damage; damaged packs
	 * that the catalog knows stay known, and so do vanished ones until
	 * they are given up */
	if (st == CKPT_OK && s->catalog != NULL && !s->options.is_reader &&
	    (f->n_vanished == 0 || f->check->repairs))
		st = store_index(s, bad_pack, f, err);
	f->n_vanished = f->check->repairs ? 0 : f->n_vanished;
	if (st == CKPT_OK)
		st = compare_catalog(f, err);
	if (st == CKPT_OK && f->check->repairs && s->catalog != NULL)
		st = try_packs(f, err);
	return (st);
}

enum ckpt_status
store_fsck(const char *path, const struct store_options *options,
    struct store_fsck *check, struct ckpt_error *err)
{
	struct store_options o = *options;
	struct fsck f = { .check = check };
	enum ckpt_status st;

	check->n_problems = check->n_lost = 0;
	o.is_reader = !check->repairs && !check->rebuilds;
	st = store_attach(path, &o, &f.store, err);
	if (st != CKPT_OK)
		return (st);
	f.store->options.is_reader =
	    faccessat(f.store->dir, ".", W_OK, AT_EACCESS) != 0;
	if (f.store->options.is_reader && (check->repairs || check->rebuilds))
		st = error_set(err, CKPT_USAGE, "the store cannot be written");
	if (st == CKPT_OK)
		st = store_lock(f.store, LOCK_EX, err);
	if (st == CKPT_OK)
		st = check_all(&f, err);
	store_unlock(f.store);
	if (st != CKPT_OK)
		(void)error_where(err, path);
	store_close(f.store);
	free(f.bad);
	free(f.unread);
	return (st);
}
