/*
 * salvage: groups found by walking, and loaded from whichever of their two
 * descriptions is sound.
 */
#include "id/id.h"
#include "pack/index.h"
#include "pack/salvage.h"

struct salvage_group {
	bool has_head, has_index;
	struct wire_frame head, index;
	size_t part;          /* counted by the walk */
	uint64_t first;       /* ordinal of its first model */
	uint32_t n_models;    /* 0: neither description is sound */
};

struct salvage_schema {
	size_t part;
	struct wire_frame frame;
};

struct salvage {
	size_t n_groups;
	struct salvage_group *groups;
	size_t n_schemas;
	struct salvage_schema *schemas;
};

void
salvage_free(struct salvage *s)
{
	if (s == NULL)
		return;
	free(s->groups);
	free(s->schemas);
	free(s);
}

static enum ckpt_status
add_group(struct salvage *s, const struct salvage_group *g,
    struct ckpt_error *err)
{
	struct salvage_group *groups;

	if ((s->n_groups & (s->n_groups - 1)) == 0) {
		groups = realloc(s->groups, (s->n_groups * 2 + 1) *
		    sizeof(*groups));
		if (groups == NULL)
			return error_nomem(err, sizeof(*groups));
		s->groups = groups;
	}
	s->groups[s->n_groups++] = *g;
	return CKPT_OK;
}

static enum ckpt_status
add_schema(struct salvage *s, size_t part, const struct wire_frame *f,
    struct ckpt_error *err)
{
	struct salvage_schema *schemas;

	if ((s->n_schemas & (s->n_schemas - 1)) == 0) {
		schemas = realloc(s->schemas, (s->n_schemas * 2 + 1) *
		    sizeof(*schemas));
		if (schemas == NULL)
			return error_nomem(err, sizeof(*schemas));
		s->schemas = schemas;
	}
	s->schemas[s->n_schemas].part = part;
	s->schemas[s->n_schemas++].frame = *f;
	return CKPT_OK;
}

/* A frame's payload into x->raw. */
static enum ckpt_status
payload(struct pack_index *x, const struct wire_frame *f,
    struct ckpt_error *err)
{
	uint64_t n = (uint64_t)f->stored + WIRE_FRAME_SIZE;
	struct wire_frame again;
	enum ckpt_status status;

	if (n > x->memory)
		return error_at(err, CKPT_LIMIT, f->offset, "3.7",
		    "frame exceeds the memory budget");
	x->stored.len = 0;
	status = buf_reserve(&x->stored, (size_t)n, err);
	if (status == CKPT_OK)
		status = index_pread(x, x->stored.data, (size_t)n, f->offset,
		    err);
	if (status == CKPT_OK)
		status = index_decode(x, x->stored.data, (size_t)n,
		    f->offset, f->kind, &again, err);
	return status;
}

/* A group index that is sound itself; *number is that of its head. */
static bool
is_sound_index(struct pack_index *x, const struct wire_frame *f,
    uint32_t *number)
{
	struct wire_index w;

	if (payload(x, f, NULL) != CKPT_OK || wire_index_decode(x->raw.data,
	    x->raw.len, f->offset, &w, NULL) != CKPT_OK)
		return false;
	*number = w.group_number;
	return true;
}

/* The groups of the walk so far, of which the last is open. */
struct pairing {
	struct pack_index *x;
	struct salvage *s;
	struct salvage_group open;
	size_t part;
	uint32_t last_number;
};

static enum ckpt_status
close_group(struct pairing *p, struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_OK;

	if (p->open.has_head || p->open.has_index)
		status = add_group(p->s, &p->open, err);
	memset(&p->open, 0, sizeof(p->open));
	p->open.part = p->part;
	return status;
}

/* A head opens a group, an index closes it; an index that names another
 * head is that of a group whose head is damaged. */
static enum ckpt_status
pair(struct pairing *p, const struct wire_frame *f, struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_OK;
	uint32_t number;

	if (f->kind == WIRE_PAGE)
		return CKPT_OK;
	if (f->kind != WIRE_INDEX)
		status = close_group(p, err);
	if (status == CKPT_OK && f->kind == WIRE_SCHEMA)
		status = add_schema(p->s, p->part, f, err);
	if (f->kind == WIRE_GROUP) {
		p->open.has_head = true;
		p->open.head = *f;
	}
	if (f->kind != WIRE_INDEX)
		return status;
	if (!is_sound_index(p->x, f, &number))
		return close_group(p, err);
	if (p->open.has_head && p->open.head.number != number)
		status = close_group(p, err);
	p->open.has_index = true;
	p->open.index = *f;
	return status == CKPT_OK ? close_group(p, err) : status;
}

static enum ckpt_status
walk(struct pack_index *x, struct salvage *s, struct ckpt_error *err)
{
	struct salvage_walk w = { .x = x };
	struct pairing p = { .x = x, .s = s };
	struct wire_frame f;
	enum ckpt_status status;

	while ((status = salvage_next(&w, &f, err)) == CKPT_OK) {
		if (f.kind == WIRE_PART || f.number <= p.last_number) {
			status = close_group(&p, err);
			if (status != CKPT_OK)
				return status;
			p.open.part = ++p.part;
		}
		p.last_number = f.number;
		status = pair(&p, &f, err);
		if (status != CKPT_OK)
			return status;
	}
	return status == CKPT_END ? close_group(&p, err) : status;
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
		    payload(x, &s->schemas[i].frame, NULL) != CKPT_OK ||
		    x->raw.len < 4 || le32_load(x->raw.data) != number)
			continue;
		return wire_schema_decode(x->raw.data + 4, x->raw.len - 4,
		    s->schemas[i].frame.offset, out, err);
	}
	for (i = 0; i < s->n_groups; i++) {
		if (s->groups[i].part != part || !s->groups[i].has_index ||
		    payload(x, &s->groups[i].index, NULL) != CKPT_OK)
			continue;
		status = wire_index_decode(x->raw.data, x->raw.len,
		    s->groups[i].index.offset, &w, NULL);
		if (status == CKPT_OK && w.n_group >=
		    sizeof(struct wire_disk_group) &&
		    le32_load(w.group) == number)
			return wire_schema_decode(w.schema, w.n_schema,
			    s->groups[i].index.offset, out, err);
	}
	return error_set(err, CKPT_CORRUPT, "no sound copy of schema %u",
	    number);
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
	return status == CKPT_END ? CKPT_OK : status;
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
	status = payload(x, &sg->head, err);
	if (status == CKPT_OK)
		status = wire_group_decode(x->raw.data, x->raw.len,
		    sg->head.offset, &wg, &g->heads, err);
	if (status != CKPT_OK)
		return status;
	g->n_models = wg.n_models;
	status = find_schema(x, sg->part, wg.schema, &g->schema, err);
	if (status == CKPT_OK && g->n_models > 1 &&
	    g->schema->n_bytes > WIRE_MAX_GROUP / g->n_models)
		status = error_at(err, CKPT_CORRUPT, sg->head.offset, "6.2",
		    "group exceeds %d bytes", WIRE_MAX_GROUP);
	if (status == CKPT_OK)
		status = columns_total(g->schema, g->n_models, &g->n_pages,
		    err);
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
	return CKPT_OK;

err0:
	index_group_release(x);
	return status;
}

enum ckpt_status
salvage_load(struct pack_index *x, uint32_t group, struct ckpt_error *err)
{
	const struct salvage_group *sg = &x->salvage->groups[group];
	enum ckpt_status status = CKPT_CORRUPT;

	if (sg->has_index) {
		status = payload(x, &sg->index, err);
		if (status == CKPT_OK)
			status = index_group_fill(x, x->raw.data,
			    x->raw.len, &sg->index, 0, NULL, err);
	}
	if (status != CKPT_OK && status != CKPT_NO_MEMORY && sg->has_head)
		status = load_by_head(x, sg, err);
	if (status != CKPT_OK) {
		index_group_release(x);
		return status;
	}
	x->group.part = 0;
	x->group.group = group;
	x->group.first = sg->first;
	return CKPT_OK;
}

enum ckpt_status
salvage_load_of(struct pack_index *x, uint64_t ordinal,
    struct ckpt_error *err)
{
	const struct salvage *s = x->salvage;
	size_t i;

	for (i = 0; i < s->n_groups; i++)
		if (ordinal - s->groups[i].first < s->groups[i].n_models)
			return salvage_load(x, (uint32_t)i, err);
	return error_set(err, CKPT_USAGE, "no model %llu",
	    (unsigned long long)ordinal);
}

/* A group of which neither description is sound takes its models with it;
 * how many they were is not known any more. */
static void
drop_group(struct pack_index *x, const struct salvage_group *g,
    const struct ckpt_error *why)
{
	struct ckpt_error e = *why;

	error_at(&e, CKPT_CORRUPT, g->has_head ? g->head.offset :
	    g->index.offset, "13.4", "a whole group of models: its head and "
	    "its index are damaged: %.300s", why->text);
	x->lost(x->arg, &e);
}

enum ckpt_status
salvage_scan(struct pack_index *x, struct ckpt_error *err)
{
	struct salvage *s;
	struct ckpt_error why;
	enum ckpt_status status;
	uint64_t first = 0;
	size_t i, n = 0;

	s = x->salvage = calloc(1, sizeof(*s));
	x->parts = calloc(1, sizeof(*x->parts));
	if (s == NULL || x->parts == NULL)
		return error_nomem(err, sizeof(*s));
	x->n_parts = 1;
	status = walk(x, s, err);
	if (status != CKPT_OK)
		return status;
	if (s->n_groups > UINT32_MAX)
		return error_set(err, CKPT_LIMIT, "too many groups");
	for (i = 0; i < s->n_groups; i++) {
		memset(&why, 0, sizeof(why));
		status = salvage_load(x, (uint32_t)i, &why);
		if (status == CKPT_OK) {
			s->groups[i].first = first;
			s->groups[i].n_models = x->group.n_models;
			first += x->group.n_models;
		} else {
			drop_group(x, &s->groups[i], &why);
		}
	}
	/* only sound groups keep their numbers */
	for (i = 0; i < s->n_groups; i++)
		if (s->groups[i].n_models > 0)
			s->groups[n++] = s->groups[i];
	s->n_groups = n;
	index_group_release(x);
	x->parts[0].n_models = first;
	x->parts[0].n_groups = (uint32_t)n;
	return CKPT_OK;
}
