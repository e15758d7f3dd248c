#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

void
store_report(struct store_fsck *check, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (check->report != NULL)
		check->report(check->arg, line);
}

/* A record that the catalog says the pack has. */
struct known {
	struct ckpt_id record;
	char *label;
	bool is_dead, is_saved;
};

struct repair {
	struct store *store;
	struct store_fsck *check;
	struct ckpt_id pack;
	struct known *known;
	size_t n_known, capacity;
	uint64_t *dead; /* ordinals, where the catalog knows nothing */
	size_t n_dead;
	uint64_t n_damages;
	bool is_quiet;
	bool *keep, *bury; /* of the models that come out of it */
	size_t n, n_flags, n_kept;
	struct id_stream *ids;
	unsigned char *chunk;
};

/* ---- what it should hold ---- */

static enum ckpt_status
note_known(void *arg, struct store_row *row, struct ckpt_error *err)
{
	struct repair *r = arg;
	size_t n = r->capacity == 0 ? 64 : 2 * r->capacity;
	struct known *more;

	if (!id_equal(&row->hash, &r->pack))
		return (CKPT_OK);
	if (r->n_known == r->capacity) {
		more = realloc(r->known, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		r->known = more;
		r->capacity = n;
	}
	more = &r->known[r->n_known++];
	memset(more, 0, sizeof(*more));
	more->record = row->record;
	more->is_dead = row->is_dead;
	more->label = row->label;
	row->label = NULL;
	return (CKPT_OK);
}

static void
report_lost(struct repair *r, const char *label, const struct ckpt_id *id)
{
	char hex[ID_HEX_SIZE];

	id_hex(id, hex);
	store_report(r->check, "lost: record %s, %.300s", hex, label);
	if (r->check->repairs)
		r->check->n_lost++;
}

/* ---- what is whole ---- */

static void
note_damage(void *arg, const struct ckpt_error *why)
{
	struct repair *r = arg;

	r->n_damages++;
	if (!r->is_quiet)
		store_report(r->check, "damage: %s", why->text);
}

static enum ckpt_status
open_source(struct repair *r, struct model_source **out,
    struct ckpt_error *err)
{
	const struct store_damage damage = { r, note_damage };

	return (store_damaged_source(r->store, &r->pack, &damage, out, err));
}

/* Where the catalog knows the pack, its records tell whether a model is
 * whole; else no damage must have been met while it was read. */
static void
judge(struct repair *r, const struct store_row *row, bool is_intact)
{
	bool *keep = &r->keep[r->n], *bury = &r->bury[r->n];
	size_t i;

	*keep = r->n_known == 0 && is_intact;
	*bury = false;
	for (i = 0; i < r->n_known; i++) {
		if (!id_equal(&r->known[i].record, &row->record) ||
		    r->known[i].is_saved)
			continue;
		*keep = r->known[i].is_saved = true;
		*bury = r->known[i].is_dead;
		break;
	}
	for (i = 0; i < r->n_dead && r->n_known == 0; i++)
		*bury |= r->dead[i] == r->n;
	if (!*keep && r->n_known == 0)
		report_lost(r, row->label, &row->record);
	r->n_kept += *keep;
	r->n++;
}

static enum ckpt_status
make_room(struct repair *r, struct ckpt_error *err)
{
	size_t n = r->n_flags == 0 ? 64 : 2 * r->n_flags;
	bool *more;

	if (r->n < r->n_flags)
		return (CKPT_OK);
	more = realloc(r->keep, n);
	if (more == NULL)
		return (error_nomem(err, n));
	r->keep = more;
	more = realloc(r->bury, n);
	if (more == NULL)
		return (error_nomem(err, n));
	r->bury = more;
	r->n_flags = n;
	return (CKPT_OK);
}

static enum ckpt_status
judge_models(struct repair *r, struct model_source *from,
    struct ckpt_error *err)
{
	uint64_t damages = r->n_damages;
	struct model_head head;
	struct store_row row;
	struct ckpt_id model;
	enum ckpt_status st;

	while ((st = model_next(from, &head, err)) == CKPT_OK) {
		st = make_room(r, err);
		if (st == CKPT_OK)
			st = store_index_read(from, r->ids, &head, r->chunk,
			    &model, err);
		if (st == CKPT_OK)
			st = store_index_row(r->store, &head, &model, NULL,
			    &row, err);
		model_head_release(&head);
		if (st != CKPT_OK)
			return (st);
		judge(r, &row, r->n_damages == damages);
		damages = r->n_damages;
		store_row_release(&row);
	}
	return (st == CKPT_END ? CKPT_OK : st);
}

/* ---- in its place ---- */

/* Whether not all of it comes out whole. What is missing may be elsewhere, in
 * a base that comes back later. */
static bool
loses(const struct repair *r)
{
	size_t i;

	for (i = 0; i < r->n_known; i++)
		if (!r->known[i].is_saved && !r->known[i].is_dead)
			return (true);
	return (r->n_known == 0 && (r->n_damages > 0 || r->n_kept < r->n ||
	    r->n == 0));
}

/* A second name for the file: nothing is thrown away. */
static enum ckpt_status
put_aside(struct repair *r, struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], aside[STORE_NAME_SIZE + 16];
	int dir = r->store->dir;

	store_pack_name(&r->pack, name);
	(void)snprintf(aside, sizeof(aside), "damaged/%s",
	    name + strlen("packs/"));
	if (mkdirat(dir, "damaged", 0777) != 0 && errno != EEXIST)
		return (error_sys(err, "cannot create damaged"));
	if (linkat(dir, name, dir, aside, 0) != 0 && errno != EEXIST)
		return (error_sys(err, "cannot link %s to %s", name, aside));
	store_report(r->check, "%s is put aside as %s", name, aside);
	return (store_sync_dir(r->store, "damaged", err));
}

/* When it was added, as the catalog knows; damage may have come with another
 * time. */
static enum ckpt_status
time_of(struct repair *r, int64_t *out, struct ckpt_error *err)
{
	struct store_pack *packs;
	size_t i, n;
	enum ckpt_status st;

	*out = 0;
	st = store_catalog_packs(r->store->catalog, &packs, &n, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < n; i++)
		if (id_equal(&packs[i].hash, &r->pack))
			*out = packs[i].added;
	free(packs);
	return (CKPT_OK);
}

static enum ckpt_status
replace(struct repair *r, struct ckpt_id *made, struct ckpt_error *err)
{
	struct model_source *from;
	int64_t added;
	enum ckpt_status st = CKPT_OK;

	if (r->n_kept == 0)
		return (CKPT_OK);
	st = time_of(r, &added, err);
	r->is_quiet = true; /* it has been said */
	if (st == CKPT_OK)
		st = open_source(r, &from, err);
	if (st != CKPT_OK)
		return (st);
	return (store_rewrite(r->store, &r->pack, from, r->keep, r->bury, r->n,
	    added, made, err));
}

/* What cannot be read at all, not even in parts, is lost. */
static enum ckpt_status
examine(struct repair *r, struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	struct model_source *from;
	enum ckpt_status st = open_source(r, &from, &why);

	if (st == CKPT_OK) {
		st = judge_models(r, from, &why);
		model_source_close(from);
	}
	if (st == CKPT_NO_MEMORY || st == CKPT_SYSTEM) {
		if (err != NULL)
			*err = why;
		return (st);
	}
	if (st != CKPT_OK) {
		store_report(r->check, "damage: %s", why.text);
		r->n = r->n_kept = 0;
	}
	return (CKPT_OK);
}

enum ckpt_status
store_repair(struct store *s, const struct ckpt_id *pack, bool is_damaged,
    struct store_fsck *check, struct ckpt_id *made, struct ckpt_error *err)
{
	struct repair r = { .store = s, .check = check, .pack = *pack };
	size_t i;
	enum ckpt_status st;

	r.chunk = malloc(STORE_CHUNK);
	st = r.chunk == NULL ? error_nomem(err, STORE_CHUNK) :
	    id_stream_new(&r.ids, err);
	if (st == CKPT_OK)
		st = store_catalog_rows(s->catalog, STORE_ALL, NULL, false,
		    note_known, &r, err);
	if (st == CKPT_OK && store_tomb_read(s, pack, &r.dead, &r.n_dead,
	    NULL) != CKPT_OK)
		r.n_dead = 0;
	if (st == CKPT_OK)
		st = examine(&r, err);
	if (st == CKPT_OK && check->repairs && (is_damaged || loses(&r)))
		st = put_aside(&r, err);
	if (st == CKPT_OK && check->repairs)
		st = replace(&r, made, err);
	for (i = 0; i < r.n_known; i++) {
		if (st == CKPT_OK && !r.known[i].is_saved &&
		    !r.known[i].is_dead)
			report_lost(&r, r.known[i].label,
			    &r.known[i].record);
		free(r.known[i].label);
	}
	id_stream_free(r.ids);
	free(r.known);
	free(r.dead);
	free(r.keep);
	free(r.bury);
	free(r.chunk);
	return (st);
}
