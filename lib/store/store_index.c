#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

/* ---- one pack ---- */

/* Model IDs that an index has told before the model itself comes. */
struct known {
	struct sha256 *hash;
	struct known_model { bool is_known; struct ckpt_id id; } *models;
	size_t n, capacity, next;
	enum ckpt_status status;
	struct ckpt_error *err;
};

static bool
note_model(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	struct known *k = arg;
	struct known_model *more;

	(void)ordinal;
	if (k->n == k->capacity) {
		size_t n = k->capacity == 0 ? 64 : 2 * k->capacity;

		more = realloc(k->models, n * sizeof(*more));
		if (more == NULL) {
			k->status = error_nomem(k->err, n * sizeof(*more));
			return (true);
		}
		k->models = more;
		k->capacity = n;
	}
	k->models[k->n].is_known = tensor_ids != NULL;
	if (tensor_ids != NULL && k->status == CKPT_OK)
		k->status = id_model(k->hash, head->schema, tensor_ids,
		    &k->models[k->n].id, k->err);
	k->n++;
	return (true);
}

enum ckpt_status
store_index_read(struct model_source *src, struct id_stream *ids,
    const struct model_head *head, unsigned char *chunk, struct ckpt_id *out,
    struct ckpt_error *err)
{
	uint64_t left = head->schema->n_bytes;
	const struct ckpt_id *tensor_ids;
	size_t part;
	enum ckpt_status st;

	st = id_stream_begin(ids, head->schema, err);
	for (; left > 0 && st == CKPT_OK; left -= part) {
		part = left < STORE_CHUNK ? (size_t)left : STORE_CHUNK;
		st = model_read(src, chunk, part, err);
		if (st == CKPT_OK)
			st = id_stream_update(ids, chunk, part, err);
	}
	if (st == CKPT_OK)
		st = id_stream_end(ids, &tensor_ids, out, err);
	if (st == CKPT_OK)
		st = model_confirm(src, tensor_ids, err);
	return (st);
}

enum ckpt_status
store_index_row(struct store *s, const struct model_head *head,
    const struct ckpt_id *model, const struct ckpt_id *form,
    struct store_row *out, struct ckpt_error *err)
{
	enum ckpt_status st;

	memset(out, 0, sizeof(*out));
	out->has_bytes = !store_is_stand_in(head, &out->model, &out->form);
	st = meta_copy(&head->meta, &out->meta, err);
	if (st != CKPT_OK)
		return (st);
	meta_remove(&out->meta, STORE_SAME_KEY);
	out->label = strdup(head->label);
	if (out->label == NULL)
		st = error_nomem(err, strlen(head->label));
	out->dtype = "";
	if (out->has_bytes && st == CKPT_OK) {
		out->model = *model;
		out->dtype = schema_dtype_name(head->schema);
		out->n_bytes = head->schema->n_bytes;
		out->n_parameters = schema_n_elements(head->schema);
		st = id_schema(s->hash, head->schema, &out->schema, err);
		if (st == CKPT_OK && form != NULL)
			out->form = *form;
		else if (st == CKPT_OK)
			st = id_form(s->hash, head->schema, &out->form, err);
	}
	if (st == CKPT_OK)
		st = id_record(s->hash, &out->model, out->label, &out->meta,
		    &out->record, err);
	if (st != CKPT_OK)
		store_row_release(out);
	return (st);
}

static enum ckpt_status
index_models(struct store *s, struct model_source *src, struct known *k,
    struct store_catalog *c, int64_t pack, struct ckpt_error *err)
{
	unsigned char *chunk = malloc(STORE_CHUNK);
	struct id_stream *ids = NULL;
	struct model_head head;
	struct store_row row;
	struct ckpt_id id;
	uint64_t ordinal = 0;
	enum ckpt_status st;

	st = chunk == NULL ? error_nomem(err, STORE_CHUNK) :
	    id_stream_new(&ids, err);
	while (st == CKPT_OK && (st = model_next(src, &head, err)) ==
	    CKPT_OK) {
		if (k->status != CKPT_OK)
			st = k->status;
		else if (k->models[k->next].is_known)
			id = k->models[k->next].id;
		else
			st = store_index_read(src, ids, &head, chunk, &id,
			    err);
		if (++k->next == k->n)
			k->next = k->n = 0;
		if (st == CKPT_OK)
			st = store_index_row(s, &head, &id, NULL, &row, err);
		model_head_release(&head);
		if (st != CKPT_OK)
			break;
		row.pack = pack;
		row.ordinal = ordinal++;
		st = store_catalog_add_row(c, &row, err);
		store_row_release(&row);
	}
	id_stream_free(ids);
	free(chunk);
	return (st == CKPT_END ? CKPT_OK : st);
}

enum ckpt_status
store_index_pack(struct store *s, int fd, struct store_catalog *c,
    int64_t pack, struct ckpt_error *err)
{
	struct known k = { .err = err };
	struct pack_selection all = { .arg = &k, .keep_model = note_model };
	struct pack_reader_options o = {
		.n_threads = s->options.n_threads,
		.memory = s->options.memory
	};
	struct model_source *src;
	struct pack_index *x;
	struct bytes *in;
	enum ckpt_status st;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return (error_sys(err, "cannot read a pack"));
	st = bytes_fd(copy, &in, err);
	if (st != CKPT_OK)
		return (st);
	st = sha256_new(&k.hash, err);
	if (st != CKPT_OK) {
		bytes_close(in);
		return (st);
	}
	st = pack_index_open(in, &o, &x, err);
	if (st == CKPT_OK)
		st = pack_index_source(x, &all, &src, err);
	if (st == CKPT_OK) {
		st = index_models(s, src, &k, c, pack, err);
		model_source_close(src);
	}
	sha256_free(k.hash);
	free(k.models);
	return (st);
}

/* ---- all packs ---- */

/* To the user, the first time that the packs are looked at. */
static void warn(struct store *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
warn(struct store *s, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (s->options.warn == NULL || s->has_warned)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->options.warn(s->options.arg, line);
}

/* Whether it is what was read that is to blame. */
static bool
is_damage(enum ckpt_status st)
{
	return (st == CKPT_NOT_OURS || st == CKPT_NEWER ||
	    st == CKPT_CORRUPT || st == CKPT_TRUNCATED ||
	    st == CKPT_INVALID || st == CKPT_MISMATCH);
}

/* A damaged list removes nothing; its stamp is none, so that it is looked at
 * again each time. */
static enum ckpt_status
bring_dead(struct store *s, struct store_pack *p, struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	char name[STORE_NAME_SIZE];
	uint64_t *ordinals;
	size_t n;
	enum ckpt_status st;

	store_tomb_stamp(s, &p->hash, p->stamp);
	st = store_tomb_read(s, &p->hash, &ordinals, &n, &why);
	if (is_damage(st)) {
		store_tomb_name(&p->hash, name);
		warn(s, "%s: %.300s: what it removed is there again until "
		    "fsck --repair", name, why.text);
		(void)snprintf(p->stamp, sizeof(p->stamp), "damaged");
		ordinals = NULL;
		n = 0;
	} else if (st != CKPT_OK) {
		if (err != NULL)
			*err = why;
		return (st);
	}
	st = store_catalog_set_dead(s->catalog, p->number, p->stamp,
	    ordinals, n, err);
	free(ordinals);
	return (st);
}

static enum ckpt_status
bring_pack(struct store *s, const struct ckpt_id *hash,
    struct ckpt_error *err)
{
	struct store_pack p = { .hash = *hash };
	struct store_surveyed surveyed;
	char name[STORE_NAME_SIZE];
	struct stat sb;
	enum ckpt_status st;
	int fd;

	store_pack_name(hash, name);
	st = store_open_file(s, name, &fd, err);
	if (st != CKPT_OK)
		return (st);
	if (fstat(fd, &sb) != 0) {
		st = error_sys(err, "cannot read %s", name);
		(void)close(fd);
		return (st);
	}
	p.n_bytes = (uint64_t)sb.st_size;
	p.added = (int64_t)sb.st_mtim.tv_sec * 1000000000 +
	    sb.st_mtim.tv_nsec;
	st = store_catalog_add_pack(s->catalog, &p, err);
	if (st == CKPT_OK)
		st = store_index_pack(s, fd, s->catalog, p.number, err);
	if (st == CKPT_OK)
		st = store_survey(s, fd, s->catalog, p.number, NULL,
		    &surveyed, err);
	(void)close(fd);
	if (st == CKPT_OK) {
		p.n_referred = surveyed.n_referred;
		p.n_referring = surveyed.n_referring;
		st = store_catalog_count_pack(s->catalog, &p, err);
	}
	if (st == CKPT_OK)
		st = bring_dead(s, &p, err);
	return (st == CKPT_OK ? CKPT_OK : error_where(err, name));
}

/* What differs between the catalog and the directory: `there` and `known`,
 * both sorted, go through once. */
struct difference {
	struct ckpt_id *there;
	size_t n_there;
	struct store_pack *known;
	size_t n_known;
};

static enum ckpt_status
difference_load(struct store *s, struct difference *d,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	memset(d, 0, sizeof(*d));
	st = store_hashes(s, "packs", &d->there, &d->n_there, NULL, NULL,
	    err);
	if (st == CKPT_OK)
		st = store_catalog_packs(s->catalog, &d->known, &d->n_known,
		    err);
	return (st);
}

static void
difference_release(struct difference *d)
{
	free(d->there);
	free(d->known);
}

static bool
has_stamp(struct store *s, const struct store_pack *p)
{
	char stamp[STORE_STAMP_SIZE];

	store_tomb_stamp(s, &p->hash, stamp);
	return (strcmp(stamp, p->stamp) == 0);
}

enum ckpt_status
store_index_is_current(struct store *s, bool *out, struct ckpt_error *err)
{
	struct difference d;
	size_t i;
	enum ckpt_status st = difference_load(s, &d, err);

	if (st == CKPT_OK) {
		*out = d.n_there == d.n_known;
		for (i = 0; i < d.n_there && *out; i++)
			*out = id_equal(&d.there[i], &d.known[i].hash) &&
			    has_stamp(s, &d.known[i]);
	}
	difference_release(&d);
	return (st);
}

/* ---- packs that are gone ---- */

/* Only this catalog still knows their records. */
struct gone {
	struct store *store;
	const struct ckpt_id *pack;
	struct gone_record {
		struct ckpt_id pack, record;
		char *label;
	} *records;
	size_t n, capacity;
};

static enum ckpt_status
note_gone(void *arg, struct store_row *row, struct ckpt_error *err)
{
	struct gone *g = arg;
	struct gone_record *more;
	size_t n = g->capacity == 0 ? 64 : 2 * g->capacity;

	if (row->is_dead || !id_equal(&row->hash, g->pack))
		return (CKPT_OK);
	if (g->n == g->capacity) {
		more = realloc(g->records, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		g->records = more;
		g->capacity = n;
	}
	g->records[g->n].pack = row->hash;
	g->records[g->n].record = row->record;
	g->records[g->n++].label = row->label;
	row->label = NULL;
	return (CKPT_OK);
}

static enum ckpt_status
drop_gone(struct gone *g, const struct ckpt_id *pack, struct ckpt_error *err)
{
	struct store_catalog *c = g->store->catalog;
	enum ckpt_status st = CKPT_OK;

	g->pack = pack;
	if (g->store->options.warn != NULL)
		st = store_catalog_rows(c, STORE_ALL, NULL, false, note_gone,
		    g, err);
	return (st == CKPT_OK ? store_catalog_drop_pack(c, pack, err) : st);
}

/* Names those that do not stand in another pack. */
static enum ckpt_status
warn_gone(struct gone *g, struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE], hex[ID_HEX_SIZE], line[1024];
	bool found;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < g->n && st == CKPT_OK; i++) {
		st = store_catalog_has_record(g->store->catalog,
		    &g->records[i].record, &found, err);
		if (st != CKPT_OK || found)
			continue;
		store_pack_name(&g->records[i].pack, name);
		id_hex(&g->records[i].record, hex);
		(void)snprintf(line, sizeof(line), "lost: record %s, %.300s: "
		    "%s is gone", hex, g->records[i].label, name);
		g->store->options.warn(g->store->options.arg, line);
	}
	return (st);
}

static void
gone_release(struct gone *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		free(g->records[i].label);
	free(g->records);
}

/* ---- the merge ---- */

/* One step of the merge: a pack that is gone, is new, or stays. */
static enum ckpt_status
bring_next(struct gone *g, struct difference *d, size_t *i, size_t *k,
    const struct ckpt_id **failed, struct ckpt_error *err)
{
	struct store *s = g->store;
	int order = *i == d->n_there ? 1 : *k == d->n_known ? -1 :
	    memcmp(&d->there[*i], &d->known[*k].hash, sizeof(struct ckpt_id));
	struct store_pack *p;

	if (order > 0) {
		p = &d->known[(*k)++];
		return (drop_gone(g, &p->hash, err));
	}
	*failed = &d->there[(*i)++];
	if (order < 0)
		return (bring_pack(s, *failed, err));
	p = &d->known[(*k)++];
	return (has_stamp(s, p) ? CKPT_OK : bring_dead(s, p, err));
}

/* The same, where a pack that cannot be read is left out. */
static enum ckpt_status
bring_or_leave(struct gone *g, struct difference *d, size_t *i, size_t *k,
    void (*bad)(void *arg, const struct ckpt_id *pack,
	const struct ckpt_error *why), void *arg, struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	const struct ckpt_id *failed = NULL;
	char name[STORE_NAME_SIZE];
	enum ckpt_status st = bring_next(g, d, i, k, &failed, &why);

	if (st == CKPT_OK)
		return (CKPT_OK);
	if (failed == NULL || st == CKPT_NO_MEMORY ||
	    (bad == NULL && !is_damage(st))) {
		if (err != NULL)
			*err = why;
		return (st);
	}
	store_pack_name(failed, name);
	if (bad != NULL)
		bad(arg, failed, &why);
	else
		warn(g->store, "%s: %.300s: it is left out; see fsck", name,
		    why.text);
	g->store->n_left_out++;
	return (store_catalog_drop_pack(g->store->catalog, failed, err));
}

enum ckpt_status
store_index(struct store *s, void (*bad)(void *arg,
	const struct ckpt_id *pack, const struct ckpt_error *why), void *arg,
    struct ckpt_error *err)
{
	struct gone gone = { .store = s };
	struct difference d;
	size_t i = 0, k = 0;
	enum ckpt_status st;

	s->n_left_out = 0;
	st = store_catalog_begin(s->catalog, err);
	if (st != CKPT_OK)
		return (st);
	st = difference_load(s, &d, err);
	while (st == CKPT_OK && (i < d.n_there || k < d.n_known))
		st = bring_or_leave(&gone, &d, &i, &k, bad, arg, err);
	difference_release(&d);
	if (st == CKPT_OK)
		st = store_catalog_fill(s->catalog, err);
	if (st == CKPT_OK)
		st = store_catalog_resolve(s->catalog, err);
	if (st == CKPT_OK)
		st = store_catalog_commit(s->catalog, err);
	if (st != CKPT_OK)
		store_catalog_rollback(s->catalog);
	s->has_warned |= st == CKPT_OK;
	if (st == CKPT_OK)
		st = warn_gone(&gone, err);
	gone_release(&gone);
	return (st);
}
