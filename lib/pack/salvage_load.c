/*
 * salvage_load: groups loaded from whichever of their two descriptions is
 * sound.
 */
#include "pack/index.h"
#include "pack/salvage.h"

/* A frame's payload into x->raw. */
enum ckpt_status
salvage_payload(struct pack_index *x, const struct wire_frame *f,
    struct ckpt_error *err)
{
	uint64_t n = (uint64_t)f->stored + WIRE_FRAME_SIZE;
	struct wire_frame again;
	enum ckpt_status status;

	if (n > x->memory)
		return (error_at(err, CKPT_LIMIT, f->offset, "3.7",
		    "frame exceeds the memory budget"));
	x->stored.len = 0;
	status = buf_reserve(&x->stored, (size_t)n, err);
	if (status == CKPT_OK)
		status = index_pread(x, x->stored.data, (size_t)n, f->offset,
		    err);
	if (status == CKPT_OK)
		status = index_decode(x, x->stored.data, (size_t)n,
		    f->offset, f->kind, &again, err);
	return (status);
}

/* The schema `number` of a part: from its frame, or else from the index of
 * any group that has it. */
static enum ckpt_status
find_schema(struct pack_index *x, size_t part, uint32_t number,
    struct schema **out, struct ckpt_error *err)
{
	const struct salvage *s = x->salvage;
	struct wire_index w;
	enum ckpt_status status;
	size_t i;

	for (i = 0; i < s->n_schemas; i++) {
		if (s->schemas[i].part != part ||
		    salvage_payload(x, &s->schemas[i].frame, NULL) != CKPT_OK ||
		    x->raw.len < 4 || le32_load(x->raw.data) != number)
			continue;
		return (wire_schema_decode(x->raw.data + 4, x->raw.len - 4,
		    s->schemas[i].frame.offset, out, err));
	}
	for (i = 0; i < s->n_groups; i++) {
		if (s->groups[i].part != part || !s->groups[i].has_index ||
		    salvage_payload(x, &s->groups[i].index, NULL) != CKPT_OK)
			continue;
		status = wire_index_decode(x->raw.data, x->raw.len,
		    s->groups[i].index.offset, &w, NULL);
		if (status == CKPT_OK && w.n_group >=
		    sizeof(struct wire_disk_group) &&
		    le32_load(w.group) == number)
			return (wire_schema_decode(w.schema, w.n_schema,
			    s->groups[i].index.offset, out, err));
	}
	return (error_set(err, CKPT_CORRUPT, "no sound copy of schema %u",
	    number));
}

/* The pages between a group's head and the next frame of another kind; what
 * is not found keeps stored = 0. */
static enum ckpt_status
find_pages(struct pack_index *x, const struct wire_frame *head,
    struct ckpt_error *err)
{
	struct index_group *g = &x->group;
	struct salvage_walk w = { .x = x };
	struct wire_frame f;
	enum ckpt_status status;
	uint32_t i;

	w.last = *head;
	w.has_last = true;
	w.offset = head->offset + WIRE_FRAME_SIZE + head->stored;
	while ((status = salvage_next(&w, &f, err)) == CKPT_OK &&
	    f.kind == WIRE_PAGE) {
		i = f.number - head->number - 1;
		if (i >= g->n_pages)
			break;
		g->pages[i].codec = f.codec;
		g->pages[i].stored = f.stored;
		g->pages[i].check = f.check;
		g->offsets[i] = f.offset;
	}
	return (status == CKPT_END ? CKPT_OK : status);
}

/* Pages that cannot be what the schema needs count as not found. */
static void
forget_odd_pages(struct index_group *g)
{
	struct columns_cursor c;
	struct columns_page page;
	size_t tensor;
	uint32_t i = 0;

	columns_begin(&c, g->schema, g->n_models);
	for (; columns_next(&c, &tensor, &page); i++)
		if (g->pages[i].stored > page.n_bytes ||
		    (g->pages[i].stored == page.n_bytes) !=
		    (g->pages[i].codec == WIRE_CODEC_NONE))
			g->pages[i].stored = 0;
}

static enum ckpt_status
load_by_head(struct pack_index *x, const struct salvage_group *sg,
    struct ckpt_error *err)
{
	struct index_group *g = &x->group;
	struct wire_group wg;
	enum ckpt_status status;
	uint32_t i;

	index_group_release(x);
	status = salvage_payload(x, &sg->head, err);
	if (status == CKPT_OK)
		status = wire_group_decode(x->raw.data, x->raw.len,
		    sg->head.offset, &wg, &g->heads, err);
	if (status != CKPT_OK)
		return (status);
	g->n_models = wg.n_models;
	x->n_schema = 0; /* this one is not the last of an index */
	status = find_schema(x, sg->part, wg.schema, &g->schema, err);
	if (status == CKPT_OK && g->n_models > 1 &&
	    g->schema->n_bytes > WIRE_MAX_GROUP / g->n_models)
		status = error_at(err, CKPT_CORRUPT, sg->head.offset, "6.2",
		    "group exceeds %d bytes", WIRE_MAX_GROUP);
	if (status == CKPT_OK)
		status = index_group_count(g, err);
	if (status != CKPT_OK)
		goto err0;
	/* no more pages than the input has room for */
	if (g->n_pages > x->size / WIRE_FRAME_SIZE) {
		status = error_at(err, CKPT_CORRUPT, sg->head.offset, "7",
		    "group of more pages than there are bytes");
		goto err0;
	}
	g->pages = calloc((size_t)g->n_pages + 1, sizeof(*g->pages));
	g->offsets = calloc((size_t)g->n_pages + 1, sizeof(*g->offsets));
	if (g->pages == NULL || g->offsets == NULL) {
		status = error_nomem(err, g->n_pages * sizeof(*g->pages));
		goto err0;
	}
	g->is_scattered = true;
	status = find_pages(x, &sg->head, err);
	if (status != CKPT_OK)
		goto err0;
	forget_odd_pages(g);
	for (i = 0; i < g->n_models; i++)
		g->heads[i].schema = schema_ref(g->schema);
	g->index_offset = sg->head.offset;
	g->part_start = sg->part_start;
	return (CKPT_OK);

err0:
	index_group_release(x);
	return (status);
}

enum ckpt_status
salvage_load_group(struct pack_index *x, const struct salvage_group *sg,
    struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_CORRUPT;

	if (sg->has_index) {
		status = salvage_payload(x, &sg->index, err);
		if (status == CKPT_OK)
			status = index_group_fill(x, x->raw.data,
			    x->raw.len, &sg->index, sg->part_start, NULL,
			    err);
	}
	if (status != CKPT_OK && status != CKPT_NO_MEMORY && sg->has_head)
		status = load_by_head(x, sg, err);
	if (status != CKPT_OK)
		index_group_release(x);
	return (status);
}

enum ckpt_status
salvage_load(struct pack_index *x, uint32_t group, struct ckpt_error *err)
{
	const struct salvage *s = x->salvage;
	const struct salvage_group *sg = &s->groups[s->sound[group]];
	enum ckpt_status status;

	status = salvage_load_group(x, sg, err);
	if (status != CKPT_OK)
		return (status);
	x->group.part = 0;
	x->group.group = group;
	x->group.first = sg->first;
	return (CKPT_OK);
}

enum ckpt_status
salvage_load_of(struct pack_index *x, uint64_t ordinal,
    struct ckpt_error *err)
{
	const struct salvage *s = x->salvage;
	const struct salvage_group *sg;
	uint32_t i;

	for (i = 0; i < x->parts[0].n_groups; i++) {
		sg = &s->groups[s->sound[i]];
		if (ordinal - sg->first < sg->n_models)
			return (salvage_load(x, i, err));
	}
	return (error_set(err, CKPT_USAGE, "no model %llu",
	    (unsigned long long)ordinal));
}
