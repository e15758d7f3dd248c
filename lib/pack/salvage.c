/*
 * salvage: the groups of a damaged pack, found by walking.
 */
#include "pack/index.h"
#include "pack/salvage.h"

void
salvage_free(struct salvage *s)
{
	if (s == NULL)
		return;
	free(s->groups);
	free(s->sound);
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
			return (error_nomem(err, sizeof(*groups)));
		s->groups = groups;
	}
	s->groups[s->n_groups++] = *g;
	return (CKPT_OK);
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
			return (error_nomem(err, sizeof(*schemas)));
		s->schemas = schemas;
	}
	s->schemas[s->n_schemas].part = part;
	s->schemas[s->n_schemas++].frame = *f;
	return (CKPT_OK);
}

/* A group index that is sound itself; *number is that of its head. */
static bool
is_sound_index(struct pack_index *x, const struct wire_frame *f,
    uint32_t *number)
{
	struct wire_index w;

	if (salvage_payload(x, f, NULL) != CKPT_OK ||
	    wire_index_decode(x->raw.data, x->raw.len, f->offset, &w,
	    NULL) != CKPT_OK)
		return (false);
	*number = w.group_number;
	return (true);
}

/* The groups of the walk so far, of which the last is open. */
struct pairing {
	struct pack_index *x;
	struct salvage *s;
	struct salvage_group open;
	size_t part;
	uint64_t part_start;
	uint32_t last_number;
	bool is_ended;            /* the last frame was a part's end */
	struct ckpt_error damage; /* the first one; CKPT_OK: none */
};

/* Notes where something is wrong, which need not cost anything. */
static void
note_damage(struct pairing *p, enum ckpt_status status, uint64_t offset,
    const char *section, const char *what)
{
	if (p->damage.status == CKPT_OK)
		(void)error_at(&p->damage, status, offset, section, "%s",
		    what);
}

/* A frame beside the pages must be whole, too. */
static void
check_frame(struct pairing *p, const struct wire_frame *f)
{
	struct ckpt_error why = { .status = CKPT_OK };

	if (f->kind != WIRE_PAGE && p->damage.status == CKPT_OK &&
	    salvage_payload(p->x, f, &why) != CKPT_OK)
		p->damage = why;
}

static enum ckpt_status
close_group(struct pairing *p, struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_OK;

	if (p->open.has_head || p->open.has_index)
		status = add_group(p->s, &p->open, err);
	memset(&p->open, 0, sizeof(p->open));
	p->open.part = p->part;
	p->open.part_start = p->part_start;
	return (status);
}

/* A head opens a group, an index closes it; an index that names another
 * head is that of a group whose head is damaged. */
static enum ckpt_status
pair(struct pairing *p, const struct wire_frame *f, struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_OK;
	uint32_t number;

	if (f->kind == WIRE_PAGE)
		return (CKPT_OK);
	if (f->kind != WIRE_INDEX)
		status = close_group(p, err);
	if (status == CKPT_OK && f->kind == WIRE_SCHEMA)
		status = add_schema(p->s, p->part, f, err);
	if (f->kind == WIRE_GROUP) {
		p->open.has_head = true;
		p->open.head = *f;
	}
	if (f->kind != WIRE_INDEX)
		return (status);
	if (!is_sound_index(p->x, f, &number))
		return (close_group(p, err));
	if (p->open.has_head && p->open.head.number != number)
		status = close_group(p, err);
	p->open.has_index = true;
	p->open.index = *f;
	return (status == CKPT_OK ? close_group(p, err) : status);
}

/* The frame is the first one of a part. */
static enum ckpt_status
begin_part(struct pairing *p, const struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status = close_group(p, err);

	if (p->part > 0 && !p->is_ended)
		note_damage(p, CKPT_CORRUPT, f->offset, "2.2",
		    "a part without its end frame stands before");
	if (f->kind != WIRE_PART)
		note_damage(p, CKPT_CORRUPT, f->offset, "4",
		    "a part without its head");
	/* a head that is damaged stood before this frame */
	p->part_start = f->kind == WIRE_PART ||
	    f->offset < WIRE_FRAME_SIZE ? f->offset :
	    f->offset - WIRE_FRAME_SIZE;
	p->open.part = ++p->part;
	p->open.part_start = p->part_start;
	return (status);
}

static enum ckpt_status
walk_frames(struct salvage_walk *w, struct pairing *p,
    struct ckpt_error *err)
{
	struct wire_frame f;
	uint64_t at = 0, damaged = 0;
	enum ckpt_status status;

	while ((status = salvage_next(w, &f, err)) == CKPT_OK) {
		if (w->damaged > damaged)
			note_damage(p, CKPT_CORRUPT, at, "3.10",
			    "damaged bytes, or no frame where one is due");
		damaged = w->damaged;
		if (f.kind == WIRE_PART || f.number <= p->last_number)
			status = begin_part(p, &f, err);
		p->last_number = f.number;
		p->is_ended = f.kind == WIRE_END;
		if (status == CKPT_OK)
			status = pair(p, &f, err);
		if (status != CKPT_OK)
			return (status);
		check_frame(p, &f);
		at = f.offset + WIRE_FRAME_SIZE + f.stored;
	}
	if (status == CKPT_END && (!p->is_ended || at != p->x->size))
		note_damage(p, p->is_ended ? CKPT_CORRUPT : CKPT_TRUNCATED,
		    p->is_ended ? at : p->x->size, "2.2", p->is_ended ?
		    "bytes after the end frame" :
		    "the pack is cut off here, before its end frame");
	return (status);
}

static enum ckpt_status
walk(struct pack_index *x, struct salvage *s, struct ckpt_error *err)
{
	struct salvage_walk w = { .x = x };
	struct pairing p = { .x = x, .s = s };
	enum ckpt_status status = walk_frames(&w, &p, err);

	if (status != CKPT_END)
		return (status);
	if (p.damage.status != CKPT_OK && x->damaged != NULL)
		x->damaged(x->arg, &p.damage);
	return (close_group(&p, err));
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

/* Loads each group once, to know which can be, and counts its models. */
static enum ckpt_status
count(struct pack_index *x, struct ckpt_error *err)
{
	struct salvage *s = x->salvage;
	struct index_part *part = &x->parts[0];
	struct salvage_group *sg;
	struct ckpt_error why;
	enum ckpt_status status;
	uint32_t i;

	s->sound = calloc(s->n_groups + 1, sizeof(*s->sound));
	if (s->sound == NULL)
		return (error_nomem(err, s->n_groups * sizeof(*s->sound)));
	for (i = 0; i < s->n_groups; i++) {
		sg = &s->groups[i];
		memset(&why, 0, sizeof(why));
		status = salvage_load_group(x, sg, &why);
		if (status != CKPT_OK) {
			drop_group(x, sg, &why);
			continue;
		}
		sg->first = part->n_models;
		sg->n_models = x->group.n_models;
		part->n_models += sg->n_models;
		s->sound[part->n_groups++] = i;
	}
	index_group_release(x);
	return (CKPT_OK);
}

enum ckpt_status
salvage_scan(struct pack_index *x, struct ckpt_error *err)
{
	struct salvage *s;
	enum ckpt_status status;

	s = x->salvage = calloc(1, sizeof(*s));
	x->parts = calloc(1, sizeof(*x->parts));
	if (s == NULL || x->parts == NULL)
		return (error_nomem(err, sizeof(*s)));
	x->n_parts = 1;
	status = walk(x, s, err);
	if (status != CKPT_OK)
		return (status);
	if (s->n_groups >= UINT32_MAX)
		return (error_set(err, CKPT_LIMIT, "too many groups"));
	return (count(x, err));
}
