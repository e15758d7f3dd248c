/*
 * reader_group: a group's head, its pages and its index.
 */
#include "id/id.h"
#include "pack/reader.h"

void
reader_group_release(struct reader *r)
{
	wire_heads_free(r->heads, r->group.n_models);
	r->heads = NULL;
	free(r->rows);
	r->rows = NULL;
	memset(&r->group, 0, sizeof(r->group));
	r->content.len = r->pages.len = r->ids.len = 0;
	r->schema = NULL;
	r->has_group = false;
	r->n_given = 0;
	confirm_restart(&r->confirm);
	batch_clear(r->batch);
	r->batch_page = 0;
	r->batch_used = 0;
}

/* The header and the stored bytes of the cursor's next page. */
static enum ckpt_status
read_page(struct reader *r, const struct columns_page *page, size_t tensor,
    const struct wire_frame *f, struct ckpt_error *err)
{
	unsigned char disk[sizeof(struct wire_disk_page)];
	struct wire_page entry = { f->codec, f->stored, f->check };
	struct batch_page *p;
	enum ckpt_status status;

	wire_page_encode(&entry, disk);
	status = buf_append(&r->pages, disk, sizeof(disk), err);
	if (status != CKPT_OK)
		return (status);
	p = batch_add(r->batch, f->raw, f->stored);
	assert(p != NULL);
	p->frame = *f;
	p->tensor = tensor;
	p->row = page->row;
	p->n_rows = page->n_rows;
	p->begin = page->begin;
	return (reader_read(r, p->stored, f->stored, err));
}

static enum ckpt_status
page_header(struct reader *r, const struct columns_page *page, size_t tensor,
    struct wire_frame *f, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = reader_frame(r, f, err);
	if (status != CKPT_OK)
		return (status);
	if (f->kind != WIRE_PAGE)
		return (reader_unexpected(f, "a page", err));
	if (wire_is_reference(f->codec) && !r->is_archive)
		return (error_at(err, CKPT_CORRUPT, f->offset, "3.3",
		    "reference in a part that is not flagged an archive"));
	if (f->raw != page->n_bytes)
		return (error_at(err, CKPT_CORRUPT, f->offset, "7.2",
		    "page of %u raw bytes where tensor %.100s needs %u",
		    f->raw, r->schema->tensors[tensor].name, page->n_bytes));
	return (CKPT_OK);
}

enum ckpt_status
reader_group_fill(struct reader *r, struct ckpt_error *err)
{
	struct columns_cursor before;
	struct columns_page page;
	struct wire_frame f;
	enum ckpt_status status;
	size_t tensor;

	batch_clear(r->batch);
	r->batch_page = 0;
	r->batch_used = 0;
	for (;;) {
		before = r->cursor;
		if (!columns_next(&r->cursor, &tensor, &page))
			break;
		if (!batch_has_room(r->batch, page.n_bytes)) {
			r->cursor = before;
			break;
		}
		status = page_header(r, &page, tensor, &f, err);
		if (status == CKPT_OK)
			status = read_page(r, &page, tensor, &f, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (batch_decode(r->batch, err));
}

/* All columns of a small group into rows. */
static enum ckpt_status
read_rows(struct reader *r, struct ckpt_error *err)
{
	size_t n = (size_t)(r->schema->n_bytes * r->group.n_models), i;
	const struct batch_page *p;
	struct columns_page page;
	enum ckpt_status status;

	r->rows = malloc(n + 1);
	if (r->rows == NULL)
		return (error_nomem(err, n + 1));
	do {
		status = reader_group_fill(r, err);
		if (status != CKPT_OK)
			return (status);
		for (i = 0; i < r->batch->n_pages; i++) {
			p = &r->batch->pages[i];
			page.row = p->row;
			page.n_rows = p->n_rows;
			page.begin = p->begin;
			page.n_bytes = p->frame.raw;
			columns_scatter(r->schema, p->tensor, &page, r->rows,
			    p->raw);
		}
	} while (r->batch->n_pages > 0);
	return (CKPT_OK);
}

/* The index repeats what was read; any difference is a contradiction. */
static enum ckpt_status
compare_index(const struct reader *r, const struct wire_index *x,
    uint64_t offset, struct ckpt_error *err)
{
	const struct reader_schema *s = &r->schemas[r->group.schema];
	const char *section = NULL;

	if (x->group_offset != r->group_offset)
		section = "8.1";
	else if (x->group_number != r->group_number)
		section = "8.2";
	else if (x->n_schema != s->n_bytes ||
	    xxh3_64(x->schema, x->n_schema) != s->check)
		section = "8.8";
	else if (x->n_group != r->content.len ||
	    memcmp(x->group, r->content.data, x->n_group) != 0)
		section = "8.9";
	else if (x->n_pages != r->pages.len /
	    sizeof(struct wire_disk_page) || (x->n_pages > 0 &&
	    memcmp(x->pages, r->pages.data, r->pages.len) != 0))
		section = "8.10";
	if (section == NULL)
		return (CKPT_OK);
	return (error_at(err, CKPT_CORRUPT, offset, section,
	    "group index differs from the group before it"));
}

/* Every entry of the table, for values that this reader does not know. */
static enum ckpt_status
check_entries(const struct wire_index *x, uint64_t offset,
    struct ckpt_error *err)
{
	struct wire_page p;
	enum ckpt_status status;
	uint32_t i;

	for (i = 0; i < x->n_pages; i++) {
		status = wire_page_decode(x->pages +
		    i * sizeof(struct wire_disk_page), offset, &p, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (CKPT_OK);
}

static enum ckpt_status
add_entry(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	struct wire_entry e;
	enum ckpt_status status = CKPT_OK;
	uint32_t i, *prints;

	if (!wire_directory_fits(&r->directory, r->group.n_models))
		return (error_at(err, CKPT_CORRUPT, f->offset, "9",
		    "more groups and models than a directory can hold"));
	prints = malloc(r->group.n_models * sizeof(*prints));
	if (prints == NULL)
		return (error_nomem(err, r->group.n_models * sizeof(*prints)));
	for (i = 0; i < r->group.n_models; i++)
		prints[i] = wire_print(r->heads[i].label);
	e.index_offset = f->offset - r->part_start;
	e.index_stored = f->stored;
	e.index_number = f->number;
	e.n_models = r->group.n_models;
	e.schema = r->group.schema;
	status = wire_directory_add(&r->directory, &e, prints, err);
	free(prints);
	return (status);
}

static enum ckpt_status
read_index(struct reader *r, struct ckpt_error *err)
{
	struct wire_frame f;
	struct wire_index x;
	enum ckpt_status status;

	status = reader_frame(r, &f, err);
	if (status != CKPT_OK)
		return (status);
	if (f.kind != WIRE_INDEX)
		return (reader_unexpected(&f, "the group's index", err));
	status = reader_payload(r, &f, err);
	if (status == CKPT_OK)
		status = wire_index_decode(r->raw.data, r->raw.len, f.offset,
		    &x, err);
	if (status == CKPT_OK)
		status = check_entries(&x, f.offset, err);
	if (status == CKPT_OK)
		status = compare_index(r, &x, f.offset, err);
	if (status == CKPT_OK)
		status = wire_ids_check(&x, r->schema, r->group.n_models,
		    f.offset, err);
	if (status == CKPT_OK)
		status = buf_append(&r->ids, x.id, x.n_ids * WIRE_ID_SIZE,
		    err);
	if (status == CKPT_OK)
		status = add_entry(r, &f, err);
	if (status != CKPT_OK)
		return (status);
	r->ids_kind = x.ids;
	r->index_offset = f.offset;
	r->has_group = false;
	return (CKPT_OK);
}

/* The group's head against the part so far. */
static enum ckpt_status
check_head(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	const struct wire_group *g = &r->group;

	if (g->schema >= r->n_schemas || (r->is_schema_fresh &&
	    g->schema != r->n_schemas - 1))
		return (error_at(err, CKPT_CORRUPT, f->offset, "6.1",
		    "group with the schema %u of %u", g->schema,
		    r->n_schemas));
	if (g->first != r->directory.n_models)
		return (error_at(err, CKPT_CORRUPT, f->offset, "6.3",
		    "group begins with model %llu where %llu is due",
		    (unsigned long long)g->first,
		    (unsigned long long)r->directory.n_models));
	r->schema = r->schemas[g->schema].schema;
	if (g->n_models > 1 &&
	    r->schema->n_bytes > WIRE_MAX_GROUP / g->n_models)
		return (error_at(err, CKPT_CORRUPT, f->offset, "6.2",
		    "group of %u models exceeds %d bytes", g->n_models,
		    WIRE_MAX_GROUP));
	return (CKPT_OK);
}

enum ckpt_status
reader_group_begin(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status;
	uint32_t n_pages;

	status = wire_group_decode(r->raw.data, r->raw.len, f->offset,
	    &r->group, &r->heads, err);
	if (status != CKPT_OK)
		return (status);
	status = buf_append(&r->content, r->raw.data, r->raw.len, err);
	if (status == CKPT_OK)
		status = check_head(r, f, err);
	if (status == CKPT_OK)
		status = columns_total(r->schema, r->group.n_models,
		    &n_pages, err);
	if (status != CKPT_OK)
		return (status);
	r->is_schema_fresh = false;
	r->group_offset = f->offset - r->part_start;
	r->group_number = f->number;
	r->has_group = true;
	columns_begin(&r->cursor, r->schema, r->group.n_models);
	batch_model(r->batch, r->is_archive ? r->schema->n_bytes :
	    UINT64_MAX);
	if (r->schema->n_bytes * r->group.n_models > WIRE_MAX_GROUP)
		return (CKPT_OK);
	status = read_rows(r, err);
	if (status != CKPT_OK)
		return (status);
	return (read_index(r, err));
}

enum ckpt_status
reader_group_finish(struct reader *r, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (!r->has_group)
		return (CKPT_OK);
	do {
		status = reader_group_fill(r, err);
		if (status != CKPT_OK)
			return (status);
	} while (r->batch->n_pages > 0);
	return (read_index(r, err));
}
