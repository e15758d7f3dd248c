/*
 * index_group: one group's index read from the input and checked.
 */
#include "id/id.h"
#include "pack/index.h"
#include "pack/salvage.h"

enum ckpt_status
index_decode(struct pack_index *x, const unsigned char *frame, size_t n,
    uint64_t offset, enum wire_kind kind, struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (n < WIRE_FRAME_SIZE)
		return (error_at(err, CKPT_CORRUPT, offset, "3",
		    "%s frame cut off", wire_kind_name(kind)));
	status = wire_frame_decode(frame, offset, f, err);
	if (status != CKPT_OK)
		return (status);
	if (f->kind != kind || f->stored != n - WIRE_FRAME_SIZE)
		return (error_at(err, CKPT_CORRUPT, offset, "2.2",
		    "%s frame of %u bytes where a %s frame of %zu is due",
		    wire_kind_name(f->kind), f->stored,
		    wire_kind_name(kind), n - WIRE_FRAME_SIZE));
	if (f->raw > x->memory)
		return (error_at(err, CKPT_LIMIT, offset, "3.8",
		    "%s frame of %u bytes exceeds the memory budget of "
		    "%llu bytes", wire_kind_name(kind), f->raw,
		    (unsigned long long)x->memory));
	x->raw.len = 0;
	status = buf_reserve(&x->raw, (size_t)f->raw + 1, err);
	if (status == CKPT_OK)
		status = batch_decode_one(x->batch->codecs[0], f,
		    frame + WIRE_FRAME_SIZE, x->raw.data, err);
	if (status == CKPT_OK)
		x->raw.len = f->raw;
	return (status);
}

void
index_group_release(struct pack_index *x)
{
	struct index_group *g = &x->group;

	wire_heads_free(g->heads, g->n_models);
	schema_unref(g->schema);
	free(g->first_page);
	free(g->pages);
	free(g->offsets);
	free(g->ids);
	memset(g, 0, sizeof(*g));
	g->group = UINT32_MAX;
}

enum ckpt_status
index_group_count(struct index_group *g, struct ckpt_error *err)
{
	size_t i, n = g->schema->n_tensors;
	enum ckpt_status status;

	status = columns_total(g->schema, g->n_models, &g->n_pages, err);
	if (status != CKPT_OK)
		return (status);
	g->first_page = malloc((n + 1) * sizeof(*g->first_page));
	if (g->first_page == NULL)
		return (error_nomem(err, n * sizeof(*g->first_page)));
	g->first_page[0] = 0;
	for (i = 0; i < n; i++)
		g->first_page[i + 1] = g->first_page[i] + (uint32_t)
		    columns_n_pages(g->schema->tensors[i].n_bytes,
		    g->n_models);
	return (CKPT_OK);
}

/* The last tensor whose column begins at or before the page: those before
 * it that begin there too have no pages. */
void
index_group_seek(const struct index_group *g, uint32_t page,
    struct columns_cursor *c)
{
	size_t low = 0, high = g->schema->n_tensors, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (g->first_page[middle] <= page)
			low = middle;
		else
			high = middle;
	}
	columns_begin(c, g->schema, g->n_models);
	if (high > 0)
		columns_seek(c, low, page - g->first_page[low]);
}

/* The schema of the group; the last one again if it is the same. */
static enum ckpt_status
take_schema(struct pack_index *x, const struct wire_index *w,
    uint64_t offset, struct schema *last, struct schema **out,
    struct ckpt_error *err)
{
	uint64_t check = xxh3_64(w->schema, w->n_schema);
	enum ckpt_status status;

	if (last != NULL && check == x->schema_check &&
	    w->n_schema == x->n_schema) {
		*out = schema_ref(last);
		return (CKPT_OK);
	}
	status = wire_schema_decode(w->schema, w->n_schema, offset, out,
	    err);
	if (status != CKPT_OK)
		return (status);
	x->schema_check = check;
	x->n_schema = w->n_schema;
	return (CKPT_OK);
}

/* The page table: pages end where the index begins (8.10), so their places
 * follow from the sizes. */
static enum ckpt_status
take_pages(struct index_group *g, const struct wire_index *w,
    const struct wire_frame *f, uint64_t part_start, struct ckpt_error *err)
{
	enum ckpt_status status;
	uint64_t at = f->offset;
	uint32_t i;

	g->pages = calloc((size_t)w->n_pages + 1, sizeof(*g->pages));
	g->offsets = calloc((size_t)w->n_pages + 1, sizeof(*g->offsets));
	if (g->pages == NULL || g->offsets == NULL)
		return (error_nomem(err, w->n_pages * (sizeof(*g->pages) +
		    sizeof(*g->offsets))));
	for (i = w->n_pages; i-- > 0;) {
		status = wire_page_decode(w->pages +
		    i * sizeof(struct wire_disk_page), f->offset,
		    &g->pages[i], err);
		if (status != CKPT_OK)
			return (status);
		at -= (uint64_t)g->pages[i].stored + WIRE_FRAME_SIZE;
		if (at > f->offset || at < part_start + w->group_offset)
			return (error_at(err, CKPT_CORRUPT, f->offset, "8.13",
			    "pages do not fit between group and index"));
		g->offsets[i] = at;
	}
	g->first_number = f->number - w->n_pages;
	return (CKPT_OK);
}

static enum ckpt_status
check_group(struct index_group *g, const struct wire_index *w,
    const struct wire_group *wg, const struct wire_frame *f,
    const struct wire_entry *e, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (e != NULL && (wg->n_models != e->n_models ||
	    wg->schema != e->schema || f->number != e->index_number))
		return (error_at(err, CKPT_CORRUPT, f->offset, "9.4",
		    "group index is not the one of the directory"));
	if (g->schema->n_bytes > WIRE_MAX_GROUP / g->n_models &&
	    g->n_models > 1)
		return (error_at(err, CKPT_CORRUPT, f->offset, "6.2",
		    "group of %u models exceeds %d bytes", g->n_models,
		    WIRE_MAX_GROUP));
	status = index_group_count(g, err);
	if (status != CKPT_OK)
		return (status);
	if (g->n_pages != w->n_pages)
		return (error_at(err, CKPT_CORRUPT, f->offset, "8.5",
		    "%u pages where the schema needs %u", w->n_pages,
		    g->n_pages));
	return (wire_ids_check(w, g->schema, g->n_models, f->offset, err));
}

/* Each page against what the schema needs (7.2). */
static enum ckpt_status
check_pages(const struct index_group *g, uint64_t offset,
    struct ckpt_error *err)
{
	struct columns_cursor c;
	struct columns_page page;
	size_t tensor;
	uint32_t i = 0;

	columns_begin(&c, g->schema, g->n_models);
	for (; columns_next(&c, &tensor, &page); i++)
		if (g->pages[i].stored == 0 ||
		    g->pages[i].stored > page.n_bytes ||
		    (g->pages[i].stored == page.n_bytes) !=
		    (g->pages[i].codec == WIRE_CODEC_NONE))
			return (error_at(err, CKPT_CORRUPT, offset, "8.13",
			    "page %u of %u stored bytes for %u raw ones", i,
			    g->pages[i].stored, page.n_bytes));
	return (CKPT_OK);
}

enum ckpt_status
index_group_fill(struct pack_index *x, const unsigned char *raw, size_t n,
    const struct wire_frame *f, uint64_t part_start,
    const struct wire_entry *entry, struct ckpt_error *err)
{
	struct schema *last = x->group.schema ?
	    schema_ref(x->group.schema) : NULL;
	struct index_group *g = &x->group;
	struct wire_index w;
	struct wire_group wg;
	enum ckpt_status status;
	uint32_t i;

	index_group_release(x);
	status = wire_index_decode(raw, n, f->offset, &w, err);
	if (status == CKPT_OK)
		status = wire_group_decode(w.group, w.n_group, f->offset,
		    &wg, &g->heads, err);
	if (status != CKPT_OK)
		goto err0;
	g->n_models = wg.n_models;
	g->first = wg.first; /* in its part, until the caller knows more */
	status = take_schema(x, &w, f->offset, last, &g->schema, err);
	if (status == CKPT_OK)
		status = check_group(g, &w, &wg, f, entry, err);
	if (status == CKPT_OK)
		status = take_pages(g, &w, f, part_start, err);
	if (status == CKPT_OK)
		status = check_pages(g, f->offset, err);
	if (status != CKPT_OK)
		goto err1;
	g->ids = malloc(w.n_ids * sizeof(*g->ids) + 1);
	if (g->ids == NULL) {
		status = error_nomem(err, w.n_ids * sizeof(*g->ids));
		goto err1;
	}
	memcpy(g->ids, w.id, w.n_ids * sizeof(*g->ids));
	g->ids_kind = w.ids;
	g->index_offset = f->offset;
	g->part_start = part_start;
	for (i = 0; i < g->n_models; i++)
		g->heads[i].schema = schema_ref(g->schema);
	schema_unref(last);
	return (CKPT_OK);

err1:
	index_group_release(x);
err0:
	schema_unref(last);
	return (status);
}

static enum ckpt_status
load_sound(struct pack_index *x, size_t part, const struct wire_entry *e,
    struct ckpt_error *err)
{
	const struct index_part *p = &x->parts[part];
	uint64_t offset = p->start + e->index_offset;
	uint64_t n = (uint64_t)e->index_stored + WIRE_FRAME_SIZE;
	struct wire_frame f;
	enum ckpt_status status;

	if (e->index_offset > p->directory_offset - p->start ||
	    n > p->directory_offset - offset)
		return (error_at(err, CKPT_CORRUPT, p->directory_offset,
		    "9.4", "directory points outside its part"));
	if (n > x->memory)
		return (error_at(err, CKPT_LIMIT, offset, "3.7", "group index "
		    "of %llu bytes exceeds the memory budget of %llu bytes",
		    (unsigned long long)n, (unsigned long long)x->memory));
	x->stored.len = 0;
	status = buf_reserve(&x->stored, (size_t)n, err);
	if (status == CKPT_OK)
		status = index_pread(x, x->stored.data, (size_t)n, offset,
		    err);
	if (status == CKPT_OK)
		status = index_decode(x, x->stored.data, (size_t)n, offset,
		    WIRE_INDEX, &f, err);
	if (status == CKPT_OK)
		status = index_group_fill(x, x->raw.data, x->raw.len, &f,
		    p->start, e, err);
	return (status);
}

/* Ordinal of a group's first model; mostly the group after the last. */
static uint64_t
first_of(const struct pack_index *x, size_t part, uint32_t group,
    const struct wire_directory_view *view)
{
	uint64_t first = x->parts[part].first;
	struct wire_entry e;
	uint32_t i = 0;

	if (x->group.group != UINT32_MAX && x->group.part == part &&
	    x->group.group < group) {
		i = x->group.group + 1;
		first = x->group.first + x->group.n_models;
	}
	for (; i < group; i++) {
		wire_entry_decode(view->entries +
		    i * sizeof(struct wire_disk_entry), &e);
		first += e.n_models;
	}
	return (first);
}

/* The group against the directory: its place among the models, and its
 * labels. */
static enum ckpt_status
check_place(const struct index_group *g, uint64_t first,
    const struct wire_directory_view *view, struct ckpt_error *err)
{
	uint32_t i;

	if (g->first != first)
		return (error_at(err, CKPT_CORRUPT, g->index_offset, "6.3",
		    "group begins with model %llu where %llu is due",
		    (unsigned long long)g->first, (unsigned long long)first));
	for (i = 0; i < g->n_models; i++)
		if (le32_load(view->prints + (first + i) * WIRE_PRINT_SIZE) !=
		    wire_print(g->heads[i].label))
			return (error_at(err, CKPT_CORRUPT, g->index_offset,
			    "9.9", "label %.200s is not the one of the "
			    "directory", g->heads[i].label));
	return (CKPT_OK);
}

enum ckpt_status
index_group_load(struct pack_index *x, size_t part, uint32_t group,
    struct ckpt_error *err)
{
	struct wire_directory_view view;
	struct wire_entry e;
	enum ckpt_status status;
	uint64_t first;

	if (x->group.group == group && x->group.part == part)
		return (CKPT_OK);
	if (x->salvage != NULL)
		return (salvage_load(x, group, err));
	status = pack_index_directory(x, part, &view, err);
	if (status != CKPT_OK)
		return (status);
	first = first_of(x, part, group, &view);
	wire_entry_decode(view.entries +
	    group * sizeof(struct wire_disk_entry), &e);
	status = load_sound(x, part, &e, err);
	if (status != CKPT_OK)
		return (status);
	status = check_place(&x->group, first - x->parts[part].first, &view,
	    err);
	if (status != CKPT_OK) {
		index_group_release(x);
		return (status);
	}
	x->group.part = part;
	x->group.group = group;
	x->group.first = first;
	return (CKPT_OK);
}

enum ckpt_status
index_group_of(struct pack_index *x, uint64_t ordinal,
    struct ckpt_error *err)
{
	struct wire_directory_view view;
	struct wire_entry e;
	enum ckpt_status status;
	uint64_t first;
	size_t p;
	uint32_t i;

	if (x->group.group != UINT32_MAX && ordinal >= x->group.first &&
	    ordinal - x->group.first < x->group.n_models)
		return (CKPT_OK);
	if (x->salvage != NULL)
		return (salvage_load_of(x, ordinal, err));
	for (p = 0; p < x->n_parts; p++)
		if (ordinal - x->parts[p].first < x->parts[p].n_models)
			break;
	if (p == x->n_parts)
		return (error_set(err, CKPT_USAGE, "no model %llu",
		    (unsigned long long)ordinal));
	status = pack_index_directory(x, p, &view, err);
	if (status != CKPT_OK)
		return (status);
	first = x->parts[p].first;
	for (i = 0; i < view.n_groups; i++) {
		wire_entry_decode(view.entries +
		    i * sizeof(struct wire_disk_entry), &e);
		if (ordinal - first < e.n_models)
			return (index_group_load(x, p, i, err));
		first += e.n_models;
	}
	return (error_at(err, CKPT_CORRUPT, x->parts[p].directory_offset,
	    "9.7", "models of the groups do not add up"));
}
