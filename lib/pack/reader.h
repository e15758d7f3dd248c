/*
 * reader: what the front-to-back reader of packs keeps, in three layers: a
 * part (reader_part.c) holds groups (reader_group.c), which hold models
 * (pack_source.c).
 */
#ifndef CKPT_PACK_READER_H
#define CKPT_PACK_READER_H

#include <stdio.h>

#include "pack/batch.h"
#include "pack/columns.h"
#include "pack/confirm.h"
#include "pack/pack.h"
#include "pack/wire.h"

#define READER_MEMORY 33554432 /* default of options.memory: 32 MiB */

struct reader_schema {
	struct schema *schema;
	uint64_t check;  /* XXH3-64 of its content */
	size_t n_bytes;  /* of its content */
};

struct reader {
	struct model_source base;
	struct bytes *in;
	uint64_t memory;             /* for one payload */
	struct batch *batch;
	struct buf stored, raw;      /* a payload, as it is and decoded */
	enum ckpt_status failed;     /* once failed, always failed */
	struct ckpt_error error;

	/* the part */
	bool has_part;               /* within a part */
	bool has_begun;              /* some part has been seen */
	bool is_archive;             /* it may have references */
	bool is_thin;                /* and they may leave it */
	FILE *spool;                 /* its bytes so far, where the input
	                                cannot be read twice; or NULL */
	uint64_t part_start;
	uint32_t number;             /* of the next frame */
	struct reader_schema schemas[WIRE_MAX_SCHEMAS];
	uint32_t n_schemas;
	uint64_t schema_sum;
	bool is_schema_fresh;        /* its group must follow at once */
	struct wire_directory directory;

	/* the group */
	bool has_group;              /* pages and index are not read yet */
	struct wire_group group;
	struct model_head *heads;
	struct schema *schema;       /* borrowed from schemas[] */
	struct buf content;          /* group content */
	uint64_t group_offset;       /* of its frame in the part */
	uint32_t group_number;
	uint64_t index_offset;       /* of its index in the input */
	struct buf pages;            /* the page table, as found */
	uint32_t ids_kind;
	struct buf ids;              /* the stored IDs */
	unsigned char *rows;         /* the models; NULL: one that streams */
	struct columns_cursor cursor;

	/* the current model */
	uint32_t n_given;            /* models of the group handed out */
	uint64_t n_read;             /* bytes of the current model */
	size_t batch_page;           /* of a streaming model: position */
	uint32_t batch_used;
	struct confirm confirm;
};

/* ---- reader_part.c ---- */

/* Exactly `n` bytes, or CKPT_TRUNCATED. */
CKPT_CHECKED enum ckpt_status reader_read(struct reader *r, void *out,
    size_t n, struct ckpt_error *err);

/* Bytes that have been read already: a refs_read_fn of a struct reader. */
CKPT_CHECKED enum ckpt_status reader_again(void *arg, void *out, size_t n,
    uint64_t offset, struct ckpt_error *err);

/* The next frame's header; its number is checked. */
CKPT_CHECKED enum ckpt_status reader_frame(struct reader *r,
    struct wire_frame *f, struct ckpt_error *err);

/* The payload of a frame that is no page, decoded into r->raw. */
CKPT_CHECKED enum ckpt_status reader_payload(struct reader *r,
    const struct wire_frame *f, struct ckpt_error *err);

/* Complains of a frame that does not belong where it is. */
enum ckpt_status reader_unexpected(const struct wire_frame *f,
    const char *expected, struct ckpt_error *err);

/* Goes on to the next GRUP frame, whose payload is in r->raw; CKPT_END
 * after the last part. */
CKPT_CHECKED enum ckpt_status reader_seek_group(struct reader *r,
    struct wire_frame *f, struct ckpt_error *err);

void reader_part_release(struct reader *r);

/* ---- reader_group.c ---- */

/* Begins the group whose head is in r->raw; a small one is read whole. */
CKPT_CHECKED enum ckpt_status reader_group_begin(struct reader *r,
    const struct wire_frame *f, struct ckpt_error *err);

/* Reads the next pages of a streaming model into the batch; none are left
 * if the batch is empty afterwards. */
CKPT_CHECKED enum ckpt_status reader_group_fill(struct reader *r,
    struct ckpt_error *err);

/* Reads what is left of the group, its index too. */
CKPT_CHECKED enum ckpt_status reader_group_finish(struct reader *r,
    struct ckpt_error *err);

void reader_group_release(struct reader *r);

#endif
