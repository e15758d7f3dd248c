/*
 * pack_index_outside: what the pages of thin parts refer to.
 */
#include "pack/index.h"

/* Whether a part is thin, by its first frame. */
static enum ckpt_status
is_thin(struct pack_index *x, size_t part, bool *out, struct ckpt_error *err)
{
	unsigned char header[WIRE_FRAME_SIZE];
	struct wire_frame f;
	enum ckpt_status status;

	status = index_pread(x, header, sizeof(header), x->parts[part].start,
	    err);
	if (status == CKPT_OK)
		status = wire_frame_decode(header, x->parts[part].start, &f,
		    err);
	if (status == CKPT_OK)
		*out = f.kind == WIRE_PART && (f.flags & WIRE_PART_THIN) != 0;
	return (status);
}

/* The base in the head of a page's payload, if it stands outside. */
static enum ckpt_status
outside_of(struct pack_index *x, uint32_t page, struct ckpt_id *base,
    bool *found, struct ckpt_error *err)
{
	const struct wire_page *p = &x->group.pages[page];
	struct wire_disk_difference difference;
	struct wire_disk_orbit orbit;
	enum ckpt_status status = CKPT_OK;
	bool is_orbit = p->codec == WIRE_CODEC_ORBIT;
	size_t n = is_orbit ? sizeof(orbit) : sizeof(difference);
	uint64_t at = x->group.offsets[page];

	*found = false;
	if (!is_orbit && p->codec != WIRE_CODEC_DIFFERENCE)
		return (CKPT_OK);
	if (p->stored < n)
		return (error_at(err, CKPT_CORRUPT, at, is_orbit ? "15.3" :
		    "15.4", "a reference of %u bytes", p->stored));
	status = index_pread(x, is_orbit ? (void *)&orbit :
	    (void *)&difference, n, at + WIRE_FRAME_SIZE, err);
	if (status != CKPT_OK)
		return (status);
	*found = le64_load(is_orbit ? orbit.offset : difference.offset) == 0;
	memcpy(base->bytes, is_orbit ? orbit.base : difference.base,
	    sizeof(base->bytes));
	return (CKPT_OK);
}

/* The loaded group; references to whole tensors are those of models that
 * stand alone in their group. */
static enum ckpt_status
visit_group(struct pack_index *x, enum ckpt_status (*visit)(void *arg,
	uint64_t ordinal, size_t tensor, const struct ckpt_id *base,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	const struct index_group *g = &x->group;
	enum ckpt_status status = CKPT_OK;
	struct columns_cursor c;
	struct columns_page page;
	struct ckpt_id base;
	size_t tensor;
	uint32_t i;
	bool found;

	columns_begin(&c, g->schema, g->n_models);
	for (i = 0; status == CKPT_OK && columns_next(&c, &tensor, &page);
	    i++) {
		status = outside_of(x, i, &base, &found, err);
		if (status == CKPT_OK && found)
			status = visit(arg, g->first + page.row, tensor,
			    &base, err);
	}
	return (status);
}

enum ckpt_status
pack_index_outside(struct pack_index *x, enum ckpt_status (*visit)(void *arg,
	uint64_t ordinal, size_t tensor, const struct ckpt_id *base,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	enum ckpt_status status;
	bool is = false;
	uint32_t g;
	size_t i;

	for (i = 0; i < x->n_parts; i++) {
		status = is_thin(x, i, &is, err);
		if (status != CKPT_OK)
			return (status);
		for (g = 0; is && g < x->parts[i].n_groups; g++) {
			status = index_group_load(x, i, g, err);
			if (status == CKPT_OK)
				status = visit_group(x, visit, arg, err);
			if (status != CKPT_OK)
				return (status);
		}
	}
	return (CKPT_OK);
}
