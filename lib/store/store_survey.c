/*
 * store_survey: what a pack has for others and needs of them.
 */
#include <fcntl.h>
#include <unistd.h>

#include "store/inner.h"

#define MIN_BYTES 64 /* of a tensor that is worth a row */

struct survey {
	struct store_catalog *catalog;
	int64_t pack;
	struct store_thin *thin;  /* knows prints; or NULL */
	struct store_surveyed *out;
	struct buf references;    /* struct reference, in order */
	size_t n_read;            /* of them */
	struct buf elsewhere;     /* tensor IDs */
	enum ckpt_status status;
	struct ckpt_error *err;
};

/* A tensor's page refers to a tensor outside. */
struct reference {
	uint64_t ordinal;
	size_t tensor;
	struct ckpt_id base;
};

static enum ckpt_status
count_page(void *arg, const struct pack_page *p, struct ckpt_error *err)
{
	struct survey *v = arg;

	(void)err;
	if (p->is_reference) {
		v->out->n_referred += p->raw;
		v->out->n_referring += p->stored;
	}
	return (CKPT_OK);
}

static enum ckpt_status
note_base(void *arg, uint64_t ordinal, size_t tensor,
    const struct ckpt_id *base, struct ckpt_error *err)
{
	struct survey *v = arg;
	struct reference r = {
		.ordinal = ordinal, .tensor = tensor, .base = *base
	};
	enum ckpt_status st = buf_append(&v->references, &r, sizeof(r), err);

	return (st == CKPT_OK ? store_catalog_add_base(v->catalog, v->pack,
	    base, 0, err) : st);
}

/* Whether a tensor refers to itself in another pack. */
static bool
is_elsewhere(struct survey *v, const struct store_tensor *t)
{
	const struct reference *r = (const void *)v->references.data;
	size_t n = v->references.len / sizeof(*r);
	bool is = false;

	for (; v->n_read < n; v->n_read++) {
		if (r[v->n_read].ordinal > t->ordinal ||
		    (r[v->n_read].ordinal == t->ordinal &&
		    r[v->n_read].tensor > t->tensor))
			break;
		is |= r[v->n_read].ordinal == t->ordinal &&
		    r[v->n_read].tensor == t->tensor &&
		    id_equal(&r[v->n_read].base, &t->id);
	}
	return (is);
}

/* Keeps no model: their heads and IDs are all that is wanted. */
static bool
note_tensors(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	struct survey *v = arg;
	struct store_tensor t = { .pack = v->pack, .ordinal = ordinal };
	const struct tensor_desc *d;

	if (tensor_ids == NULL)
		return (false);
	for (; t.tensor < head->schema->n_tensors && v->status == CKPT_OK;
	    t.tensor++) {
		d = &head->schema->tensors[t.tensor];
		if (d->n_bytes < MIN_BYTES)
			continue;
		t.id = tensor_ids[t.tensor];
		t.n_bytes = d->n_bytes;
		t.key = pack_base_key(d);
		t.print = v->thin == NULL ? 0 : store_thin_print(v->thin,
		    ordinal, t.tensor);
		v->status = store_catalog_add_tensor(v->catalog, &t, v->err);
		if (is_elsewhere(v, &t) && v->status == CKPT_OK)
			v->status = buf_append(&v->elsewhere, &t.id,
			    sizeof(t.id), v->err);
	}
	return (false);
}

/* Takes `x` over. */
static enum ckpt_status
list_tensors(struct survey *v, struct pack_index *x, struct ckpt_error *err)
{
	struct pack_selection none = {
		.arg = v, .keep_model = note_tensors
	};
	struct model_source *src;
	struct model_head head;
	const struct ckpt_id *id;
	size_t i;
	enum ckpt_status st = pack_index_source(x, &none, &src, err);

	if (st != CKPT_OK)
		return (st);
	v->err = err;
	st = model_next(src, &head, err);
	model_source_close(src);
	if (v->status != CKPT_OK || st != CKPT_END)
		return (v->status != CKPT_OK ? v->status : st);
	/* all of them, also those that refer to it within the pack */
	id = (const void *)v->elsewhere.data;
	for (st = CKPT_OK, i = 0; st == CKPT_OK &&
	    i < v->elsewhere.len / sizeof(*id); i++)
		st = store_catalog_set_elsewhere(v->catalog, v->pack, &id[i],
		    err);
	return (st);
}

enum ckpt_status
store_survey(struct store *s, int fd, struct store_catalog *c, int64_t pack,
    struct store_thin *thin, struct store_surveyed *out,
    struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = 1, .memory = s->options.memory
	};
	struct survey v = {
		.catalog = c, .pack = pack, .thin = thin, .out = out
	};
	struct pack_index *x;
	struct bytes *in;
	enum ckpt_status st;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	memset(out, 0, sizeof(*out));
	/* its writer stands at the end */
	if (copy < 0 || lseek(copy, 0, SEEK_SET) < 0) {
		st = error_sys(err, "cannot read a pack");
		if (copy >= 0)
			(void)close(copy);
		return (st);
	}
	st = bytes_fd(copy, &in, err);
	if (st == CKPT_OK)
		st = pack_index_open(in, &o, &x, err);
	if (st != CKPT_OK)
		return (st);
	buf_init(&v.references, SIZE_MAX / 2);
	buf_init(&v.elsewhere, SIZE_MAX / 2);
	st = pack_index_pages(x, count_page, &v, err);
	if (st == CKPT_OK)
		st = pack_index_outside(x, note_base, &v, err);
	if (st == CKPT_OK)
		st = list_tensors(&v, x, err);
	else
		pack_index_free(x);
	buf_release(&v.references);
	buf_release(&v.elsewhere);
	return (st);
}
