/*
 * index: what random access to a pack keeps: parts with their directories
 * (pack_index.c), one group's index at a time (index_group.c), and pages
 * (index_pages.c).
 */
#ifndef CKPT_PACK_INDEX_H
#define CKPT_PACK_INDEX_H

#include "pack/batch.h"
#include "pack/columns.h"
#include "pack/pack.h"
#include "pack/wire.h"

#define INDEX_MEMORY 33554432 /* default of options.memory: 32 MiB */

struct salvage;

struct index_part {
	uint64_t start;            /* offset of its first byte */
	uint64_t end;              /* offset after its last byte */
	uint64_t directory_offset; /* of the DIRY frame in the input */
	uint64_t first;            /* ordinal of its first model */
	uint64_t n_models;
	uint32_t n_groups;
	unsigned char *directory;  /* decoded payload, or NULL: read again */
	size_t n_directory;
	struct wire_directory_view view; /* of the directory */
};

/* A group whose index has been read. */
struct index_group {
	size_t part;
	uint32_t group;            /* in the part; UINT32_MAX: none loaded */
	uint64_t first;            /* ordinal of its first model */
	uint32_t n_models;
	struct model_head *heads;
	struct schema *schema;
	uint32_t n_pages;
	uint32_t *first_page;      /* of each tensor's column, in the table;
	                              n_tensors + 1 of them */
	struct wire_page *pages;
	uint64_t *offsets;         /* of the pages' frames in the input */
	bool is_scattered;         /* salvaged: pages need not adjoin, and
	                              unknown ones have stored = 0 */
	uint32_t first_number;     /* frame number of the first page */
	uint32_t ids_kind;
	struct ckpt_id *ids;
	uint64_t index_offset;     /* of the index' frame in the input */
	uint64_t part_start;       /* what references count from */
};

struct pack_index {
	struct bytes *in;
	uint64_t size;             /* of the input */
	uint64_t memory;
	void *arg;
	void (*lost)(void *arg, const struct ckpt_error *err);
	void (*damaged)(void *arg, const struct ckpt_error *err);
	struct batch *batch;
	struct buf stored, raw;
	unsigned char *tail;       /* the input's last bytes, kept */
	uint64_t tail_offset;
	size_t n_parts;
	struct index_part *parts;
	uint64_t kept;             /* bytes of directories in memory */
	struct index_group group;  /* the one read last */
	uint64_t schema_check;     /* of its schema's content */
	size_t n_schema;
	bool is_source;            /* models are read in order */
	bool has_references;       /* among the pages read so far */
	bool is_reading;           /* pages; bases may not lead back here */
	struct salvage *salvage;   /* NULL: the directories are sound */
};

/* ---- pack_index.c ---- */

/* The directory of a part. */
CKPT_CHECKED enum ckpt_status pack_index_directory(struct pack_index *x,
    size_t part, struct wire_directory_view *out, struct ckpt_error *err);

/* ---- index_group.c ---- */

/* Decodes the payload of a frame that was read whole (header and stored
 * bytes at `frame`) into x->raw. */
CKPT_CHECKED enum ckpt_status index_decode(struct pack_index *x,
    const unsigned char *frame, size_t n, uint64_t offset,
    enum wire_kind kind, struct wire_frame *f, struct ckpt_error *err);

/* Loads a group of a part into x->group, unless it is there. */
CKPT_CHECKED enum ckpt_status index_group_load(struct pack_index *x,
    size_t part, uint32_t group, struct ckpt_error *err);

/* Loads the group of a model. */
CKPT_CHECKED enum ckpt_status index_group_of(struct pack_index *x,
    uint64_t ordinal, struct ckpt_error *err);

/* Fills x->group from a decoded group index; `entry` is what the directory
 * says, NULL where it is not to be believed. The offsets of the pages are
 * those that follow from `offset`, that of the index' frame. */
CKPT_CHECKED enum ckpt_status index_group_fill(struct pack_index *x,
    const unsigned char *raw, size_t n, const struct wire_frame *f,
    uint64_t part_start, const struct wire_entry *entry,
    struct ckpt_error *err);

void index_group_release(struct pack_index *x);

/* Counts the pages of the columns: fills first_page and n_pages, for
 * schema and n_models. */
CKPT_CHECKED enum ckpt_status index_group_count(struct index_group *g,
    struct ckpt_error *err);

/* Sets a cursor to a page of the table. */
void index_group_seek(const struct index_group *g, uint32_t page,
    struct columns_cursor *c);

/* ---- index_pages.c ---- */

/* The same as a refs_read_fn, of a struct pack_index. */
CKPT_CHECKED enum ckpt_status index_pages_read(void *arg, void *out,
    size_t n, uint64_t offset, struct ckpt_error *err);

/* Bytes of the input, from the kept tail if they are there. */
CKPT_CHECKED enum ckpt_status index_pread(struct pack_index *x, void *out,
    size_t n, uint64_t offset, struct ckpt_error *err);

/* A page, decoded: p->raw holds the rows p->row to p->row + p->n_rows - 1 of
 * p->tensor, or a piece of one row. Where x->lost is set, a page that cannot
 * be had comes with p->raw NULL and *why filled. */
struct index_visitor {
	void *arg;
	enum ckpt_status (*page)(void *arg, const struct batch_page *p,
	    const struct ckpt_error *why, struct ckpt_error *err);
};

/* Reads `n` pages from page `first` of the loaded group's table on, in as
 * few reads as memory allows. */
CKPT_CHECKED enum ckpt_status index_pages(struct pack_index *x,
    uint32_t first, uint32_t n, const struct index_visitor *v,
    struct ckpt_error *err);

/* The range of pages of the table that hold row `row` of a tensor. */
void index_pages_of_row(const struct index_group *g, size_t tensor,
    uint64_t row, uint32_t *first, uint32_t *n);

#endif
