/*
 * pack_index_read: models, tensors and columns by their place.
 */
#include "pack/index.h"
#include "pack/salvage.h"

uint64_t
pack_index_n_models(const struct pack_index *x)
{
	const struct index_part *last;

	if (x->n_parts == 0)
		return (0);
	last = &x->parts[x->n_parts - 1];
	return (last->first + last->n_models);
}

size_t
pack_index_n_parts(const struct pack_index *x)
{
	return (x->n_parts);
}

/* Whether model `ordinal` has the label, by its group's index: equal
 * fingerprints do not prove it. */
static enum ckpt_status
has_label(struct pack_index *x, uint64_t ordinal, const char *label,
    bool *out, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = index_group_of(x, ordinal, err);
	if (status != CKPT_OK)
		return (status);
	*out = strcmp(x->group.heads[ordinal - x->group.first].label,
	    label) == 0;
	return (CKPT_OK);
}

static enum ckpt_status
find_in_part(struct pack_index *x, size_t part, const char *label,
    uint64_t *ordinal, bool *found, struct ckpt_error *err)
{
	struct wire_directory_view view = { 0, 0, NULL, NULL };
	uint32_t print = wire_print(label);
	uint64_t i, n = x->parts[part].n_models;
	enum ckpt_status status;

	*found = false;
	if (x->salvage == NULL) {
		status = pack_index_directory(x, part, &view, err);
		if (status != CKPT_OK)
			return (status);
	}
	for (i = 0; i < n && !*found; i++) {
		if (view.prints != NULL && le32_load(view.prints +
		    i * WIRE_PRINT_SIZE) != print)
			continue;
		*ordinal = x->parts[part].first + i;
		status = has_label(x, *ordinal, label, found, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (CKPT_OK);
}

enum ckpt_status
pack_index_find(struct pack_index *x, const char *label, uint64_t *ordinal,
    struct ckpt_error *err)
{
	enum ckpt_status status;
	uint64_t at = 0;
	bool found;
	size_t p;

	for (p = 0; p < x->n_parts; p++) {
		status = find_in_part(x, p, label, &at, &found, err);
		if (status != CKPT_OK)
			return (status);
		if (found) {
			*ordinal = at;
			return (CKPT_OK);
		}
	}
	return (CKPT_END);
}

enum ckpt_status
pack_index_head(struct pack_index *x, uint64_t ordinal,
    struct model_head *out, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = index_group_of(x, ordinal, err);
	if (status != CKPT_OK)
		return (status);
	return (model_head_copy(&x->group.heads[ordinal - x->group.first],
	    out, err));
}

enum ckpt_status
pack_index_tensor_ids(struct pack_index *x, uint64_t ordinal,
    const struct ckpt_id **out, struct ckpt_error *err)
{
	const struct index_group *g = &x->group;
	enum ckpt_status status;

	status = index_group_of(x, ordinal, err);
	if (status != CKPT_OK)
		return (status);
	*out = g->ids_kind == WIRE_IDS_TENSORS ? g->ids +
	    (ordinal - g->first) * g->schema->n_tensors : NULL;
	return (CKPT_OK);
}

/* One row of a page to where it belongs. */
struct target {
	unsigned char *out;
	uint64_t row;
	uint64_t row_bytes;
};

static enum ckpt_status
take_row(void *arg, const struct batch_page *p, const struct ckpt_error *why,
    struct ckpt_error *err)
{
	const struct target *t = arg;

	if (p->raw == NULL) {
		if (err != NULL)
			*err = *why;
		return (why->status);
	}
	if (p->n_rows == 1)
		memcpy(t->out + p->begin, p->raw, p->frame.raw);
	else
		memcpy(t->out, p->raw + (t->row - p->row) * t->row_bytes,
		    t->row_bytes);
	return (CKPT_OK);
}

enum ckpt_status
pack_index_read(struct pack_index *x, uint64_t ordinal, size_t tensor,
    void *out, struct ckpt_error *err)
{
	struct target t;
	struct index_visitor v = { &t, take_row };
	enum ckpt_status status;
	uint32_t first, n;

	status = index_group_of(x, ordinal, err);
	if (status != CKPT_OK)
		return (status);
	if (tensor >= x->group.schema->n_tensors)
		return (error_set(err, CKPT_USAGE, "no tensor %zu", tensor));
	t.out = out;
	t.row = ordinal - x->group.first;
	t.row_bytes = x->group.schema->tensors[tensor].n_bytes;
	index_pages_of_row(&x->group, tensor, t.row, &first, &n);
	return (index_pages(x, first, n, &v, err));
}

/* The part of a row that one page holds. */
struct piece {
	unsigned char *out;
	uint64_t at;  /* in the page */
	uint32_t n;
};

static enum ckpt_status
take_piece(void *arg, const struct batch_page *p,
    const struct ckpt_error *why, struct ckpt_error *err)
{
	const struct piece *t = arg;

	if (p->raw == NULL) {
		if (err != NULL)
			*err = *why;
		return (why->status);
	}
	assert(t->at + t->n <= p->frame.raw);
	memcpy(t->out, p->raw + t->at, t->n);
	return (CKPT_OK);
}

enum ckpt_status
pack_index_base(struct pack_index *x, uint64_t ordinal, size_t tensor,
    uint64_t begin, void *out, uint32_t n, unsigned limit, unsigned *height,
    struct ckpt_error *err)
{
	struct piece t = { out, 0, n };
	struct index_visitor v = { &t, take_piece };
	enum ckpt_status status;
	uint32_t first, n_pages;
	uint64_t n_bytes, row;

	*height = 0;
	status = index_group_of(x, ordinal, err);
	if (status != CKPT_OK)
		return (status);
	if (tensor >= x->group.schema->n_tensors ||
	    begin % WIRE_MAX_PAGE != 0 || n > WIRE_MAX_PAGE)
		return (error_set(err, CKPT_USAGE, "no tensor %zu, or no page "
		    "of it", tensor));
	n_bytes = x->group.schema->tensors[tensor].n_bytes;
	if (begin > n_bytes || n > n_bytes - begin)
		return (CKPT_END);
	row = ordinal - x->group.first;
	index_pages_of_row(&x->group, tensor, row, &first, &n_pages);
	if (n == 0)
		return (CKPT_OK);
	if (n_bytes <= WIRE_MAX_PAGE)
		t.at = row % (WIRE_MAX_PAGE / n_bytes) * n_bytes;
	batch_limit(x->batch, limit);
	status = index_pages(x, first + (uint32_t)(begin / WIRE_MAX_PAGE), 1,
	    &v, err);
	*height = batch_height(x->batch);
	batch_limit(x->batch, WIRE_MAX_DEPTH);
	return (status);
}

/* A column's rows to the caller's function. */
struct column {
	struct pack_index *x;
	enum ckpt_status (*visit)(void *arg, uint64_t ordinal,
	    const struct tensor_desc *t, uint64_t begin, const void *data,
	    size_t n, struct ckpt_error *err);
	void *arg;
};

static enum ckpt_status
visit_page(void *arg, const struct batch_page *p,
    const struct ckpt_error *why, struct ckpt_error *err)
{
	const struct column *c = arg;
	const struct index_group *g = &c->x->group;
	const struct tensor_desc *t = &g->schema->tensors[p->tensor];
	size_t n = p->frame.raw / (size_t)p->n_rows;
	enum ckpt_status status = CKPT_OK;
	uint64_t i;

	if (p->raw == NULL) {
		c->x->lost(c->x->arg, why);
		return (CKPT_OK);
	}
	for (i = 0; i < p->n_rows && status == CKPT_OK; i++)
		status = c->visit(c->arg, g->first + p->row + i, t, p->begin,
		    p->raw + i * n, n, err);
	return (status);
}

/* The column in the loaded group; rows without bytes are visited too. */
static enum ckpt_status
visit_group(const struct column *c, const char *name, struct ckpt_error *err)
{
	struct index_group *g = &c->x->group;
	struct index_visitor v = { (void *)(uintptr_t)c, visit_page };
	size_t tensor = schema_find(g->schema, name);
	enum ckpt_status status = CKPT_OK;
	uint64_t n;
	uint32_t i;

	if (tensor == SIZE_MAX)
		return (CKPT_OK);
	n = columns_n_pages(g->schema->tensors[tensor].n_bytes, g->n_models);
	if (n > 0)
		return (index_pages(c->x, g->first_page[tensor],
		    (uint32_t)n, &v, err));
	for (i = 0; i < g->n_models && status == CKPT_OK; i++)
		status = c->visit(c->arg, g->first + i,
		    &g->schema->tensors[tensor], 0, "", 0, err);
	return (status);
}

enum ckpt_status
pack_index_column(struct pack_index *x, const char *name,
    enum ckpt_status (*visit)(void *arg, uint64_t ordinal,
	const struct tensor_desc *t, uint64_t begin, const void *data,
	size_t n, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	struct column c = { x, visit, arg };
	enum ckpt_status status;
	uint32_t g;
	size_t p;

	for (p = 0; p < x->n_parts; p++) {
		for (g = 0; g < x->parts[p].n_groups; g++) {
			status = index_group_load(x, p, g, err);
			if (status == CKPT_OK)
				status = visit_group(&c, name, err);
			if (status != CKPT_OK)
				return (status);
		}
	}
	return (CKPT_OK);
}
