#include <sys/stat.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "store/inner.h"

enum ckpt_status
store_pack_create(struct store *s, int fd, const struct store_thin *thin,
    struct model_sink **out, struct ckpt_error *err)
{
	struct pack_writer_options o = {
		.codec = PACK_CODEC_FLOAT,
		.has_ids = true,
		.is_archive = true,
		.bases = store_thin_bases(thin),
		.n_threads = s->options.n_threads
	};
	struct outfile *f;
	enum ckpt_status st = outfile_borrow(fd, &f, err);

	return (st == CKPT_OK ? pack_writer_open(f, &o, out, err) : st);
}

/* ---- stand-ins ---- */

static enum ckpt_status
empty_schema(struct schema **out, struct ckpt_error *err)
{
	enum ckpt_status st = schema_new(out, err);

	if (st != CKPT_OK)
		return (st);
	st = schema_finish(*out, err);
	if (st != CKPT_OK)
		schema_unref(*out);
	return (st);
}

enum ckpt_status
store_stand_in(struct model_sink *sink, const struct model_head *head,
    const struct ckpt_id *model, const struct ckpt_id *form,
    struct ckpt_error *err)
{
	char value[2 * ID_HEX_SIZE];
	struct model_head h;
	struct schema *empty;
	struct ckpt_id none;
	enum ckpt_status st;

	id_hex(model, value);
	value[ID_HEX_SIZE - 1] = ' ';
	id_hex(form, value + ID_HEX_SIZE);
	st = model_head_copy(head, &h, err);
	if (st != CKPT_OK)
		return (st);
	st = empty_schema(&empty, err);
	if (st == CKPT_OK) {
		schema_unref(h.schema);
		h.schema = empty;
		st = meta_set(&h.meta, STORE_SAME_KEY, value, err);
	}
	if (st == CKPT_OK)
		st = model_begin(sink, &h, err);
	if (st == CKPT_OK)
		st = model_end(sink, &none, err);
	model_head_release(&h);
	return (st);
}

bool
store_is_stand_in(const struct model_head *head, struct ckpt_id *model,
    struct ckpt_id *form)
{
	const char *value = meta_get(&head->meta, STORE_SAME_KEY);

	return (value != NULL && strlen(value) == 2 * ID_HEX_SIZE - 1 &&
	    value[ID_HEX_SIZE - 1] == ' ' && id_parse(value, model) &&
	    id_parse(value + ID_HEX_SIZE, form));
}

/* ---- into the store ---- */

/* Waiting for the disk and hashing do not disturb each other. */
struct sealing {
	struct store *store;
	struct store_stage *stage;
	struct store_sealed *out;
};

static enum ckpt_status
seal_step(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	const struct sealing *w = arg;

	(void)thread;
	if (i == 0)
		return (fsync(w->stage->fd) == 0 ? CKPT_OK :
		    error_sys(err, "cannot sync %s", w->stage->name));
	return (store_hash_fd(w->store, w->stage->fd, &w->out->hash,
	    &w->out->n_bytes, err));
}

enum ckpt_status
store_seal(struct store *s, struct store_stage *stage,
    const struct store_contents *contents, int64_t added,
    struct store_sealed *out, struct ckpt_error *err)
{
	enum ckpt_status st = store_survey(s, stage->fd, contents->rows, 1,
	    contents->thin, &out->surveyed, err);
	struct sealing w = { s, stage, out };
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	struct stat sb;

	if (st != CKPT_OK)
		return (st);
	if (added != 0) {
		times[1].tv_sec = (time_t)(added / 1000000000);
		times[1].tv_nsec = (long)(added % 1000000000);
	}
	/* a pack is never changed again */
	if (futimens(stage->fd, times) != 0 || fchmod(stage->fd, 0444) != 0 ||
	    fstat(stage->fd, &sb) != 0)
		return (error_sys(err, "cannot set the time of %s",
		    stage->name));
	out->added = (int64_t)sb.st_mtim.tv_sec * 1000000000 +
	    sb.st_mtim.tv_nsec;
	return (threads_for(s->options.n_threads > 1 ? 2 : 1, 2, seal_step,
	    &w, err));
}

struct copy {
	struct store_catalog *to;
	const struct store_thin *thin;
	int64_t pack;
};

static enum ckpt_status
copy_row(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct copy *c = arg;

	r->pack = c->pack;
	return (store_catalog_add_row(c->to, r, err));
}

static enum ckpt_status
copy_tensor(void *arg, const struct store_tensor *t, struct ckpt_error *err)
{
	const struct copy *c = arg;
	struct store_tensor own = *t;

	own.pack = c->pack;
	return (store_catalog_add_tensor(c->to, &own, err));
}

/* What it refers to stands in the pack that its writer has read. */
static enum ckpt_status
copy_base(void *arg, const struct store_tensor *t, struct ckpt_error *err)
{
	const struct copy *c = arg;
	const struct ckpt_id *pack = store_thin_pack(c->thin, &t->id);
	char hex[ID_HEX_SIZE];
	int64_t number = 0;
	enum ckpt_status st = CKPT_OK;

	if (pack != NULL)
		st = store_catalog_pack_number(c->to, pack, &number, err);
	if (st != CKPT_OK)
		return (st);
	if (number != 0)
		return (store_catalog_add_base(c->to, c->pack, &t->id, number,
		    err));
	id_hex(&t->id, hex);
	return (error_set(err, CKPT_MISMATCH, "tensor %s, which is referred "
	    "to, is not in the store any more: its pack was repaired", hex));
}

static enum ckpt_status
enter(struct store *s, const struct store_sealed *sealed,
    const struct store_contents *from, struct ckpt_error *err)
{
	struct store_pack p = {
		.hash = sealed->hash, .n_bytes = sealed->n_bytes,
		.added = sealed->added,
		.n_referred = sealed->surveyed.n_referred,
		.n_referring = sealed->surveyed.n_referring
	};
	struct copy c = { .to = s->catalog, .thin = from->thin };
	enum ckpt_status st;

	st = store_catalog_drop_pack(s->catalog, &p.hash, err);
	if (st == CKPT_OK)
		st = store_catalog_add_pack(s->catalog, &p, err);
	c.pack = p.number;
	if (st == CKPT_OK)
		st = store_catalog_rows(from->rows, STORE_ALL, NULL, true,
		    copy_row, &c, err);
	if (st == CKPT_OK)
		st = store_catalog_tensors(from->rows, STORE_TENSORS_ALL, 1,
		    copy_tensor, &c, err);
	if (st == CKPT_OK)
		st = store_catalog_tensors(from->rows, STORE_TENSORS_BASES,
		    1, copy_base, &c, err);
	store_tomb_stamp(s, &p.hash, p.stamp);
	if (st == CKPT_OK)
		st = store_catalog_set_dead(s->catalog, p.number, p.stamp,
		    from->dead, from->n_dead, err);
	/* what an equal pack was to others, this one is */
	if (st == CKPT_OK)
		st = store_catalog_resolve(s->catalog, err);
	return (st == CKPT_OK ? store_catalog_fill(s->catalog, err) : st);
}

enum ckpt_status
store_publish(struct store *s, struct store_stage *stage,
    const struct store_sealed *sealed, const struct store_contents *contents,
    struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], tomb[STORE_NAME_SIZE];
	struct stat sb;
	bool was_there, is_there = false;
	enum ckpt_status st;

	store_pack_name(&sealed->hash, name);
	store_tomb_name(&sealed->hash, tomb);
	was_there = fstatat(s->dir, name, &sb, 0) == 0;
	/* what was removed from an equal pack is not from this one; where
	 * there is none, this is of a pack that is gone */
	st = contents->n_dead > 0 ? store_tomb_write(s, &sealed->hash,
	    contents->dead, contents->n_dead, err) :
	    store_unlink(s, "tombstones", tomb, err);
	if (st == CKPT_OK)
		st = store_catalog_begin(s->catalog, err);
	if (st != CKPT_OK)
		return (st);
	st = enter(s, sealed, contents, err);
	if (st == CKPT_OK) {
		is_there = !was_there;
		st = store_stage_publish(s, stage, "packs", name, err);
	}
	if (st == CKPT_OK)
		st = store_catalog_commit(s->catalog, err);
	if (st != CKPT_OK) {
		store_catalog_rollback(s->catalog);
		/* not acknowledged: as if it had never been there */
		if (is_there && stage->name[0] == '\0' &&
		    store_unlink(s, "packs", name, NULL) != CKPT_OK)
			return (st); /* it stays, whole */
	}
	return (st);
}

enum ckpt_status
store_lock_current(struct store *s, struct ckpt_error *err)
{
	bool is_current;
	enum ckpt_status st;

	if (s->options.is_reader || s->is_private)
		return (error_set(err, CKPT_USAGE,
		    "the store was opened for reading only"));
	st = store_lock(s, LOCK_EX, err);
	if (st == CKPT_OK)
		st = store_index_is_current(s, &is_current, err);
	if (st == CKPT_OK && !is_current)
		st = store_index(s, NULL, NULL, err);
	if (st != CKPT_OK)
		store_unlock(s);
	return (st);
}

enum ckpt_status
store_drop(struct store *s, const struct ckpt_id *pack,
    struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], tomb[STORE_NAME_SIZE];
	enum ckpt_status st;

	store_pack_name(pack, name);
	store_tomb_name(pack, tomb);
	st = store_catalog_begin(s->catalog, err);
	if (st == CKPT_OK)
		st = store_catalog_drop_pack(s->catalog, pack, err);
	if (st == CKPT_OK)
		st = store_catalog_commit(s->catalog, err);
	if (st != CKPT_OK) {
		store_catalog_rollback(s->catalog);
		return (st);
	}
	st = store_unlink(s, "packs", name, err);
	if (st == CKPT_OK)
		st = store_unlink(s, "tombstones", tomb, err);
	return (st);
}
