/*
 * writer: what the writer of packs keeps, in three layers: a part
 * (writer_part.c) holds groups (writer_group.c), which hold models
 * (pack_writer.c).
 */
#ifndef CKPT_PACK_WRITER_H
#define CKPT_PACK_WRITER_H

#include "pack/dedup.h"
#include "pack/batch.h"
#include "pack/columns.h"
#include "pack/pack.h"
#include "pack/wire.h"

struct writer {
	struct model_sink base;
	struct outfile *out;
	struct pack_writer_options options;
	struct batch *batch;
	struct buf frame;           /* encoded payloads of single frames */

	/* the part */
	bool has_part;
	uint64_t part_start;        /* offset of its first byte */
	uint32_t number;            /* of the next frame */
	struct schema *schemas[WIRE_MAX_SCHEMAS];
	uint32_t n_schemas;
	uint64_t schema_sum;        /* raw bytes of their frames */
	struct wire_directory directory;

	/* the group: open if schema is not NULL */
	struct schema *schema;
	struct wire_group group;
	uint64_t group_offset;      /* of its frame, in the part */
	uint32_t group_number;
	uint64_t weight;            /* see writer_weight */
	struct buf content;         /* heads of the models, encoded */
	struct buf rows;            /* their bytes, one after another */
	struct buf pages;           /* the page table */
	struct buf prints;          /* uint32_t a model */
	struct buf ids;             /* ids_per_model struct ckpt_id a model */
	struct buf has_ids;         /* a byte a model: IDs are known */

	/* the current model */
	bool in_model;
	bool is_large;              /* it streams, alone in its group */
	uint64_t n_written;         /* of its bytes */
	const unsigned char *lent;  /* all of them, from pack_writer_put */
	struct columns_cursor cursor;
	struct batch_page *page;    /* being filled, or NULL */
	uint32_t page_used;
	struct id_stream *id_stream; /* of a large model */
	struct sha256 *sha;
	struct dedup *dedup;     /* or NULL: a stream */
};

/* ---- writer_part.c ---- */

/* Writes one frame whose payload is compressed if that helps. */
CKPT_CHECKED enum ckpt_status writer_frame(struct writer *w,
    enum wire_kind kind, const void *raw, size_t n, struct ckpt_error *err);

/* Makes sure that a part is open that has room for a group of `n_models`
 * with `n_pages`, and that its schema is written; *number is the schema's.
 */
CKPT_CHECKED enum ckpt_status writer_part_for(struct writer *w,
    struct schema *schema, uint64_t n_models, uint32_t n_pages,
    uint32_t *number, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status writer_part_begin(struct writer *w,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status writer_part_end(struct writer *w,
    struct ckpt_error *err);
void writer_part_release(struct writer *w);

/* ---- writer_archive.c ---- */

CKPT_CHECKED enum ckpt_status writer_archive_new(struct writer *w,
    struct ckpt_error *err);

/* The pages of the large model in w->dedup->model, whose tensors have
 * these IDs. */
CKPT_CHECKED enum ckpt_status writer_archive_put(struct writer *w,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err);

/* A page of the batch goes to the end of the output. */
void writer_archive_page(struct writer *w, const struct batch_page *p);

/* ---- writer_group.c ---- */

/* What a model counts for when a group is filled: its bytes, its head, and
 * its share of the index. */
uint64_t writer_weight(const struct model_head *head);

/* IDs that the index stores for one model in memory until it is written. */
size_t writer_ids_per_model(const struct schema *s);

/* Adds a head to the open group. */
CKPT_CHECKED enum ckpt_status writer_group_add(struct writer *w,
    const struct model_head *head, struct ckpt_error *err);

/* Writes the group's schema and head. */
CKPT_CHECKED enum ckpt_status writer_group_begin(struct writer *w,
    struct ckpt_error *err);

/* What pages are encoded with. */
enum codec_kind writer_codec(const struct writer *w);

/* Writes the pages that the batch holds. */
CKPT_CHECKED enum ckpt_status writer_pages(struct writer *w,
    struct ckpt_error *err);

/* Writes the index and closes the group. */
CKPT_CHECKED enum ckpt_status writer_group_end(struct writer *w,
    struct ckpt_error *err);

/* Writes a whole buffered group, if one is open. */
CKPT_CHECKED enum ckpt_status writer_group_flush(struct writer *w,
    struct ckpt_error *err);

/* Records the IDs of the group's last model; NULL: not known yet. */
CKPT_CHECKED enum ckpt_status writer_group_ids(struct writer *w,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err);

#endif
