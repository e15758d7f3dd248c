/*
 * selected_group: which models and tensors of a group are wanted, and what
 * damage has left of them.
 */
#include "pack/selected.h"

void
selected_group_release(struct selected *s)
{
	free(s->chosen);
	s->chosen = NULL;
	free(s->keep);
	s->keep = NULL;
	schema_unref(s->derived);
	s->derived = NULL;
	free(s->place);
	s->place = NULL;
	free(s->rows);
	s->rows = NULL;
	free(s->losses);
	s->losses = NULL;
	s->n_losses = 0;
	schema_unref(s->reduced);
	s->reduced = NULL;
	free(s->model_keep);
	s->model_keep = NULL;
	free(s->chunk);
	s->chunk = NULL;
	s->schema = NULL;
	confirm_restart(&s->confirm);
}

static bool
wants(const struct selected *s, uint32_t row)
{
	const struct index_group *g = &s->x->group;

	if (s->selection.label != NULL &&
	    strcmp(s->selection.label, g->heads[row].label) != 0)
		return (false);
	if (s->selection.keep_model == NULL)
		return (true);
	return (s->selection.keep_model(s->selection.arg, g->first + row,
	    &g->heads[row], g->ids_kind == WIRE_IDS_TENSORS ? g->ids +
	    (size_t)row * g->schema->n_tensors : NULL));
}

/* The schema of the tensors kept; the group's own if all are. */
static enum ckpt_status
choose_tensors(struct selected *s, struct ckpt_error *err)
{
	struct schema *schema = s->x->group.schema;
	size_t i, n = 0;

	s->keep = calloc(schema->n_tensors + 1, sizeof(*s->keep));
	s->place = calloc(schema->n_tensors + 1, sizeof(*s->place));
	if (s->keep == NULL || s->place == NULL)
		return (error_nomem(err, schema->n_tensors));
	for (i = 0; i < schema->n_tensors; i++) {
		s->keep[i] = s->selection.keep_tensor == NULL ||
		    s->selection.keep_tensor(s->selection.arg,
		    &schema->tensors[i]);
		s->place[i] = n;
		n += s->keep[i];
	}
	if (n == schema->n_tensors) {
		s->derived = schema_ref(schema);
		return (CKPT_OK);
	}
	return (schema_derive(schema, s->keep, (enum ckpt_dtype)0,
	    &s->derived, err));
}

enum ckpt_status
selected_group(struct selected *s, bool *any, struct ckpt_error *err)
{
	const struct index_group *g = &s->x->group;
	uint32_t i;

	*any = false;
	s->chosen = calloc(g->n_models, sizeof(*s->chosen));
	if (s->chosen == NULL)
		return (error_nomem(err, g->n_models));
	for (i = 0; i < g->n_models; i++) {
		s->chosen[i] = wants(s, i);
		*any |= s->chosen[i];
	}
	return (*any ? choose_tensors(s, err) : CKPT_OK);
}

/* A page that cannot be had: each chosen model that has rows in it loses
 * this tensor, once. */
static enum ckpt_status
lose(struct selected *s, const struct batch_page *p,
    const struct ckpt_error *why, struct ckpt_error *err)
{
	const struct index_group *g = &s->x->group;
	struct selected_loss *losses;
	struct ckpt_error e;
	uint64_t row;

	for (row = p->row; row < p->row + p->n_rows; row++) {
		if (!s->chosen[row] || (s->n_losses > 0 &&
		    s->losses[s->n_losses - 1].row == row &&
		    s->losses[s->n_losses - 1].tensor == p->tensor))
			continue;
		losses = realloc(s->losses, (s->n_losses + 1) *
		    sizeof(*losses));
		if (losses == NULL)
			return (error_nomem(err, sizeof(*losses)));
		s->losses = losses;
		losses[s->n_losses].row = (uint32_t)row;
		losses[s->n_losses++].tensor = p->tensor;
		e = *why;
		error_at(&e, why->status, why->offset, why->section,
		    "lost: tensor %.150s of model %.150s: %.150s",
		    g->schema->tensors[p->tensor].name,
		    g->heads[row].label, why->text);
		s->x->lost(s->x->arg, &e);
	}
	return (CKPT_OK);
}

/* A page into the rows; for a model that streams, only looked at. */
static enum ckpt_status
take_page(void *arg, const struct batch_page *p,
    const struct ckpt_error *why, struct ckpt_error *err)
{
	struct selected *s = arg;
	struct columns_page page;

	if (p->raw == NULL)
		return (lose(s, p, why, err));
	if (s->rows == NULL)
		return (CKPT_OK);
	page.row = p->row;
	page.n_rows = p->n_rows;
	page.begin = p->begin;
	page.n_bytes = p->frame.raw;
	columns_scatter(s->derived, s->place[p->tensor], &page, s->rows,
	    p->raw);
	return (CKPT_OK);
}

/* The pages of one column that hold chosen models: from the first such to
 * the last such. */
static void
pages_of_column(const struct selected *s, size_t tensor, uint32_t *first,
    uint32_t *n)
{
	const struct index_group *g = &s->x->group;
	uint32_t lo = 0, hi = g->n_models - 1, last, n_last;

	while (!s->chosen[lo])
		lo++;
	while (!s->chosen[hi])
		hi--;
	index_pages_of_row(g, tensor, lo, first, n);
	index_pages_of_row(g, tensor, hi, &last, &n_last);
	*n = last + n_last - *first;
}

/* Reads what is kept of the group, adjoining columns together. */
static enum ckpt_status
read_group(struct selected *s, struct ckpt_error *err)
{
	struct index_visitor v = { s, take_page };
	uint32_t first = 0, n = 0, f, m;
	enum ckpt_status status = CKPT_OK;
	size_t i;

	for (i = 0; i < s->x->group.schema->n_tensors; i++) {
		if (!s->keep[i])
			continue;
		pages_of_column(s, i, &f, &m);
		if (n > 0 && f == first + n) {
			n += m;
			continue;
		}
		if (n > 0)
			status = index_pages(s->x, first, n, &v, err);
		if (status != CKPT_OK)
			return (status);
		first = f;
		n = m;
	}
	return (n > 0 ? index_pages(s->x, first, n, &v, err) : CKPT_OK);
}

/* Whether the group's models are small enough to be read at once. */
static bool
is_buffered(const struct selected *s)
{
	return (s->derived->n_bytes <= WIRE_MAX_GROUP /
	    s->x->group.n_models);
}

static enum ckpt_status
load_rows(struct selected *s, struct ckpt_error *err)
{
	size_t n = (size_t)s->derived->n_bytes * s->x->group.n_models;

	s->rows = malloc(n + 1);
	if (s->rows == NULL)
		return (error_nomem(err, n));
	return (read_group(s, err));
}

/* The schema without what this model has lost. */
static enum ckpt_status
reduce(struct selected *s, struct ckpt_error *err)
{
	size_t i, n = s->x->group.schema->n_tensors;
	bool any = false;

	schema_unref(s->reduced);
	s->reduced = NULL;
	free(s->model_keep);
	s->model_keep = malloc(n + 1);
	if (s->model_keep == NULL)
		return (error_nomem(err, n));
	memcpy(s->model_keep, s->keep, n * sizeof(*s->keep));
	for (i = 0; i < s->n_losses; i++) {
		if (s->losses[i].row != s->row)
			continue;
		any = true;
		s->model_keep[s->losses[i].tensor] = false;
	}
	return (any ? schema_derive(s->x->group.schema, s->model_keep,
	    (enum ckpt_dtype)0, &s->reduced, err) : CKPT_OK);
}

enum ckpt_status
selected_model(struct selected *s, struct schema **schema,
    struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_OK;

	s->next_page = 0;
	s->chunk_len = s->chunk_used = 0;
	if (s->x->lost != NULL && s->rows == NULL)
		status = is_buffered(s) ? load_rows(s, err) :
		    read_group(s, err);
	if (status == CKPT_OK)
		status = reduce(s, err);
	if (status != CKPT_OK)
		return (status);
	*schema = s->reduced != NULL ? s->reduced : s->derived;
	return (CKPT_OK);
}

/* Bytes of a buffered model, tensor by tensor where some are lost. */
static void
copy_row(const struct selected *s, unsigned char *out, size_t n)
{
	const unsigned char *row = s->rows + s->row * s->derived->n_bytes;
	const struct tensor_desc *t;
	uint64_t at = 0, skip, part;
	size_t i;

	if (s->reduced == NULL) {
		memcpy(out, row + s->n_read, n);
		return;
	}
	for (i = 0; n > 0; i++) {
		if (!s->model_keep[i])
			continue;
		t = &s->derived->tensors[s->place[i]];
		if (at + t->n_bytes > s->n_read) {
			skip = s->n_read > at ? s->n_read - at : 0;
			part = t->n_bytes - skip < n ? t->n_bytes - skip : n;
			memcpy(out, row + t->offset + skip, (size_t)part);
			out += part;
			n -= (size_t)part;
		}
		at += t->n_bytes;
	}
}

enum ckpt_status
selected_read(struct selected *s, unsigned char *out, size_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (n == 0)
		return (CKPT_OK);
	if (!is_buffered(s))
		return (selected_stream(s, out, n, err));
	if (s->rows == NULL) {
		status = load_rows(s, err);
		if (status != CKPT_OK)
			return (status);
	}
	copy_row(s, out, n);
	return (CKPT_OK);
}
