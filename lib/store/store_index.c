#include <fcntl.h>
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

static enum ckpt_status
bring_dead(struct store *s, struct store_pack *p, struct ckpt_error *err)
{
	uint64_t *ordinals;
	size_t n;
	enum ckpt_status st;

	store_tomb_stamp(s, &p->hash, p->stamp);
	st = store_tomb_read(s, &p->hash, &ordinals, &n, err);
	if (st != CKPT_OK)
		return (st);
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
	fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &sb) != 0) {
		st = error_sys(err, "cannot open %s", name);
		if (fd >= 0)
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

/* One step of the merge: a pack that is gone, is new, or stays. */
static enum ckpt_status
bring_next(struct store *s, struct difference *d, size_t *i, size_t *k,
    const struct ckpt_id **failed, struct ckpt_error *err)
{
	int order = *i == d->n_there ? 1 : *k == d->n_known ? -1 :
	    memcmp(&d->there[*i], &d->known[*k].hash, sizeof(struct ckpt_id));
	struct store_pack *p;

	if (order > 0) {
		p = &d->known[(*k)++];
		return (store_catalog_drop_pack(s->catalog, &p->hash, err));
	}
	*failed = &d->there[(*i)++];
	if (order < 0)
		return (bring_pack(s, *failed, err));
	p = &d->known[(*k)++];
	return (has_stamp(s, p) ? CKPT_OK : bring_dead(s, p, err));
}

enum ckpt_status
store_index(struct store *s, void (*bad)(void *arg,
	const struct ckpt_id *pack, const struct ckpt_error *why), void *arg,
    struct ckpt_error *err)
{
	struct ckpt_error own = { .offset = CKPT_NO_OFFSET };
	struct ckpt_error *e = err != NULL ? err : &own;
	const struct ckpt_id *failed;
	struct difference d;
	size_t i = 0, k = 0;
	enum ckpt_status st;

	st = store_catalog_begin(s->catalog, e);
	if (st != CKPT_OK)
		return (st);
	st = difference_load(s, &d, e);
	while (st == CKPT_OK && (i < d.n_there || k < d.n_known)) {
		failed = NULL;
		st = bring_next(s, &d, &i, &k, &failed, e);
		if (st != CKPT_OK && st != CKPT_NO_MEMORY && bad != NULL &&
		    failed != NULL) {
			bad(arg, failed, e);
			st = store_catalog_drop_pack(s->catalog, failed, e);
		}
	}
	difference_release(&d);
	if (st == CKPT_OK)
		st = store_catalog_fill(s->catalog, e);
	if (st == CKPT_OK)
		st = store_catalog_resolve(s->catalog, e);
	if (st == CKPT_OK)
		st = store_catalog_commit(s->catalog, e);
	if (st != CKPT_OK)
		store_catalog_rollback(s->catalog);
	return (st);
}
