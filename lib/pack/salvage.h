/*
 * salvage: the groups of a damaged pack, found by walking over its frames
 * instead of by its directories.
 *
 * A group's schema and head stand twice, before its pages and in its index
 * after them; so one damaged spot leaves one of the two.
 */
#ifndef CKPT_PACK_SALVAGE_H
#define CKPT_PACK_SALVAGE_H

#include "pack/wire.h"

struct pack_index;

struct salvage_group {
	bool has_head, has_index;
	struct wire_frame head, index;
	size_t part;          /* counted by the walk */
	uint64_t part_start;
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
	uint32_t *sound;      /* the groups that can be loaded, in order; the
	                         others may still hold a schema */
	size_t n_schemas;
	struct salvage_schema *schemas;
};

/* Walks over the input and fills x->salvage and one part in x->parts.
 * What belongs to no group any more is told through x->lost. */
CKPT_CHECKED enum ckpt_status salvage_scan(struct pack_index *x,
    struct ckpt_error *err);

void salvage_free(struct salvage *s); /* NULL does nothing */

/* Loads group `group`, or that of model `ordinal`, into x->group. */
CKPT_CHECKED enum ckpt_status salvage_load(struct pack_index *x,
    uint32_t group, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status salvage_load_of(struct pack_index *x,
    uint64_t ordinal, struct ckpt_error *err);

/* ---- salvage_load.c ---- */

/* The payload of a frame, decoded into x->raw. */
CKPT_CHECKED enum ckpt_status salvage_payload(struct pack_index *x,
    const struct wire_frame *f, struct ckpt_error *err);

/* Loads a group, without its place among the others. */
CKPT_CHECKED enum ckpt_status salvage_load_group(struct pack_index *x,
    const struct salvage_group *sg, struct ckpt_error *err);

/* ---- salvage_walk.c ---- */

/* The frames of an input, sound or not. */
struct salvage_walk {
	struct pack_index *x;
	uint64_t offset;      /* where the next frame is looked for */
	uint64_t damaged;     /* bytes passed over in search of a frame */
	struct wire_frame last;
	bool has_last;
};

/* The next frame with a good header, or CKPT_END. After damage it is
 * searched for. */
CKPT_CHECKED enum ckpt_status salvage_next(struct salvage_walk *w,
    struct wire_frame *f, struct ckpt_error *err);

#endif
