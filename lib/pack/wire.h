/*
 * wire: the bytes of a pack (format-spec/ckpt-pack.md): constants, the
 * structures of fixed size, and their encoders and decoders.
 *
 * Every constant of the format stands here and in section 14 of the
 * specification; a test compares the two. Structures of disk are arrays of
 * bytes, so that their size and offsets are the same everywhere; what the
 * program works with are the other structs.
 */
#ifndef CKPT_PACK_WIRE_H
#define CKPT_PACK_WIRE_H

#include <assert.h>

#include "base/base.h"

/* ---- constants of disk ---- */

/* Tags (3.1) */
#define WIRE_TAG_PART "\x89" "CKP"
#define WIRE_TAG_SCHEMA "SCHM"
#define WIRE_TAG_GROUP "GRUP"
#define WIRE_TAG_PAGE "PAGE"
#define WIRE_TAG_INDEX "GIDX"
#define WIRE_TAG_DIRECTORY "DIRY"
#define WIRE_TAG_END "ENDP"

/* Codecs (3.2) */
#define WIRE_CODEC_NONE 0
#define WIRE_CODEC_ZSTD 1
#define WIRE_CODEC_PLANES 2
#define WIRE_CODEC_SAME 16             /* references (15), of pages only */
#define WIRE_CODEC_BLOCKS 17
#define WIRE_CODEC_ORBIT 18
#define WIRE_CODEC_DIFFERENCE 19

/* Refuse flags of a part head (3.3) */
#define WIRE_PART_ARCHIVE 1
#define WIRE_PART_THIN 2               /* bases may stand elsewhere */

/* Bits of a schema's presence field (5.2) */
#define WIRE_SCHEMA_LAYOUT 1
#define WIRE_SCHEMA_SYMMETRY 2

/* Bits of a model's flags (6.6) */
#define WIRE_MODEL_SOURCE_META 1

/* Kinds of pages (8.10) and of IDs (8.6) */
#define WIRE_PAGE_STORED 0
#define WIRE_IDS_GROUP 1
#define WIRE_IDS_TENSORS 2

/* Limits (14) */
#define WIRE_MAX_PAGE 1048576          /* raw bytes of a page */
#define WIRE_MAX_GROUP 8388608         /* raw bytes of several models */
#define WIRE_MAX_GROUP_MODELS 65536    /* models of a group */
#define WIRE_MAX_PAYLOAD 268435456     /* raw bytes of other payloads */
#define WIRE_MAX_SCHEMAS 256           /* schemas of a part */
#define WIRE_MAX_SCHEMA_SUM 8388608    /* their raw bytes, after the first */
#define WIRE_TAIL 1048576              /* directory and end frame */
#define WIRE_SMALL_MODEL 65536         /* up to here no tensor IDs */
#define WIRE_MAX_DEPTH 8               /* of references to references */
#define WIRE_MAX_WORK 4096             /* pages that one page needs */
#define WIRE_MAX_ORBIT 33554432        /* bytes of a tensor moved */

/* ---- structures of disk ---- */

struct wire_disk_frame {           /* 3 */
	unsigned char tag[4];
	unsigned char codec[1];
	unsigned char refuse[1];
	unsigned char ignore[1];
	unsigned char reserved[1];
	unsigned char number[4];
	unsigned char stored[4];
	unsigned char raw[4];
	unsigned char payload_check[8];
	unsigned char header_check[4];
};

struct wire_disk_tensor {          /* 5.4 to 5.6; dims and name follow */
	unsigned char dtype[1];
	unsigned char n_dims[1];
	unsigned char n_name[2];
};

struct wire_disk_group {           /* 6.1 to 6.3; the models follow */
	unsigned char schema[4];
	unsigned char n_models[4];
	unsigned char first[8];
};

struct wire_disk_model {           /* 6.4 to 6.7 */
	unsigned char n_label[2];
	unsigned char n_meta[2];
	unsigned char flags[4];
	unsigned char n_source_meta[4];
};

struct wire_disk_meta {            /* 6.9 to 6.10 */
	unsigned char n_key[1];
	unsigned char n_value[4];
};

struct wire_disk_index {           /* 8.1 to 8.7; the rest follows */
	unsigned char group_offset[8];
	unsigned char group_number[4];
	unsigned char n_schema[4];
	unsigned char n_group[4];
	unsigned char n_pages[4];
	unsigned char ids[4];
	unsigned char reserved[4];
};

struct wire_disk_page {            /* 8.10 to 8.14 */
	unsigned char kind[1];
	unsigned char codec[1];
	unsigned char reserved[2];
	unsigned char stored[4];
	unsigned char check[8];
};

struct wire_disk_directory {       /* 9.1 to 9.3 */
	unsigned char n_groups[4];
	unsigned char reserved[4];
	unsigned char n_models[8];
};

struct wire_disk_entry {           /* 9.4 to 9.8 */
	unsigned char index_offset[8];
	unsigned char index_stored[4];
	unsigned char index_number[4];
	unsigned char n_models[4];
	unsigned char schema[4];
};

struct wire_disk_end {             /* 10 */
	unsigned char directory_offset[8];
	unsigned char part_length[8];
	unsigned char n_models[8];
};

struct wire_disk_reference {       /* 15; begins each of these */
	unsigned char check[8];
};

struct wire_disk_same {            /* 15.1 */
	unsigned char check[8];
	unsigned char offset[8];
	unsigned char stored[4];
};

struct wire_disk_blocks {          /* 15.2; segments and literals follow */
	unsigned char check[8];
	unsigned char n_segments[2];
	unsigned char codec[1];
	unsigned char reserved[1];
	unsigned char n_literal[4];
};

struct wire_disk_segment {
	unsigned char offset[8];
	unsigned char stored[4];
	unsigned char begin[4];
	unsigned char n_bytes[4];
};

struct wire_disk_orbit {           /* 15.3; four arrays follow */
	unsigned char check[8];
	unsigned char dtype[1];
	unsigned char reserved[3];
	unsigned char rows[4];
	unsigned char cols[4];
	unsigned char inner[4];
	unsigned char begin[8];
	unsigned char offset[8];
	unsigned char length[8];
	unsigned char base[32];
};

struct wire_disk_shared {          /* an array of a page before */
	unsigned char offset[8];
	unsigned char stored[4];
	unsigned char which[1];
};

struct wire_disk_difference {      /* 15.4; the differences follow */
	unsigned char check[8];
	unsigned char offset[8];
	unsigned char stored[4];
	unsigned char page[4];
	unsigned char base[32];
};

#define WIRE_FRAME_SIZE 32
#define WIRE_END_SIZE 56 /* the whole frame */
#define WIRE_PRINT_SIZE 4 /* fingerprint of a label (9.9) */
#define WIRE_ID_SIZE 32
#define WIRE_MAX_DIRECTORY \
	(WIRE_TAIL - WIRE_FRAME_SIZE - WIRE_END_SIZE)

static_assert(sizeof(struct wire_disk_frame) == WIRE_FRAME_SIZE, "3");
static_assert(sizeof(struct wire_disk_tensor) == 4, "5");
static_assert(sizeof(struct wire_disk_group) == 16, "6");
static_assert(sizeof(struct wire_disk_model) == 12, "6");
static_assert(sizeof(struct wire_disk_meta) == 5, "6");
static_assert(sizeof(struct wire_disk_index) == 32, "8");
static_assert(sizeof(struct wire_disk_page) == 16, "8");
static_assert(sizeof(struct wire_disk_directory) == 16, "9");
static_assert(sizeof(struct wire_disk_entry) == 24, "9");
static_assert(sizeof(struct wire_disk_reference) == 8, "15");
static_assert(sizeof(struct wire_disk_same) == 20, "15.1");
static_assert(sizeof(struct wire_disk_blocks) == 16, "15.2");
static_assert(sizeof(struct wire_disk_segment) == 20, "15.2");
static_assert(sizeof(struct wire_disk_orbit) == 80, "15.3");
static_assert(sizeof(struct wire_disk_shared) == 13, "15.3");
static_assert(sizeof(struct wire_disk_difference) == 56, "15.4");
static_assert(WIRE_FRAME_SIZE + sizeof(struct wire_disk_end) ==
    WIRE_END_SIZE, "10");

/* ---- frames ---- */

enum wire_kind {
	WIRE_PART,
	WIRE_SCHEMA,
	WIRE_GROUP,
	WIRE_PAGE,
	WIRE_INDEX,
	WIRE_DIRECTORY,
	WIRE_END,
	WIRE_EXTRA /* unknown, and may be ignored */
};

struct wire_frame {
	enum wire_kind kind;
	unsigned codec;   /* WIRE_CODEC_* */
	unsigned flags;   /* WIRE_PART_* of a part head */
	uint32_t number;  /* in its part */
	uint32_t stored;  /* bytes of payload */
	uint32_t raw;     /* bytes of the decoded payload */
	uint64_t check;   /* XXH3-64 of the stored payload */
	uint64_t offset;  /* of the header in the input; not on disk */
};

/* Whether a codec is a reference to pages before (15). */
static inline bool
wire_is_reference(unsigned codec)
{
	return (codec >= WIRE_CODEC_SAME && codec <= WIRE_CODEC_DIFFERENCE);
}

void wire_frame_encode(const struct wire_frame *f,
    unsigned char out[WIRE_FRAME_SIZE]);

/* `offset` is the header's in the input. CORRUPT, NEWER or LIMIT. */
CKPT_CHECKED enum ckpt_status wire_frame_decode(
    const unsigned char in[WIRE_FRAME_SIZE], uint64_t offset,
    struct wire_frame *out, struct ckpt_error *err);

/* Name of a kind for messages: "group index". */
const char *wire_kind_name(enum wire_kind kind);

/* Checks the payload's checksum. */
CKPT_CHECKED enum ckpt_status wire_check(const struct wire_frame *f,
    const void *stored, struct ckpt_error *err);

/* ---- schemas: "schema content" (5.2 to 5.11) ---- */

CKPT_CHECKED enum ckpt_status wire_schema_encode(const struct schema *s,
    struct buf *out, struct ckpt_error *err);

/* Errors carry `offset`, that of the frame. */
CKPT_CHECKED enum ckpt_status wire_schema_decode(const unsigned char *in,
    size_t n, uint64_t offset, struct schema **out, struct ckpt_error *err);

/* ---- groups: "group content" (6) ---- */

struct wire_group {
	uint32_t schema;
	uint32_t n_models;
	uint64_t first; /* ordinal of the first model in the part */
};

void wire_group_encode(const struct wire_group *g,
    unsigned char out[sizeof(struct wire_disk_group)]);

/* Appends one model's head to a group's content. */
CKPT_CHECKED enum ckpt_status wire_model_encode(
    const struct model_head *head, struct buf *out, struct ckpt_error *err);

/* Bytes that wire_model_encode appends. */
uint64_t wire_model_size(const struct model_head *head);

/* Decodes a group's content. *heads is an array of n_models heads without
 * schemas (wire_heads_free). */
CKPT_CHECKED enum ckpt_status wire_group_decode(const unsigned char *in,
    size_t n, uint64_t offset, struct wire_group *out,
    struct model_head **heads, struct ckpt_error *err);
void wire_heads_free(struct model_head *heads, size_t n);

/* ---- group indexes (8) ---- */

struct wire_index {
	uint64_t group_offset;       /* of the GRUP frame in the part */
	uint32_t group_number;       /* its frame number */
	uint32_t ids;                /* WIRE_IDS_* */
	const unsigned char *schema; /* schema content */
	uint32_t n_schema;
	const unsigned char *group;  /* group content */
	uint32_t n_group;
	const unsigned char *pages;  /* page table, 16 bytes a page */
	uint32_t n_pages;
	const unsigned char *id;     /* the IDs, 32 bytes each */
	size_t n_ids;
};

CKPT_CHECKED enum ckpt_status wire_index_encode(const struct wire_index *x,
    struct buf *out, struct ckpt_error *err);

/* The result points into `in`. Everything that does not need the schema is
 * checked. */
CKPT_CHECKED enum ckpt_status wire_index_decode(const unsigned char *in,
    size_t n, uint64_t offset, struct wire_index *out,
    struct ckpt_error *err);

/* Checks that the IDs are those that such a group must have (8.15). */
CKPT_CHECKED enum ckpt_status wire_ids_check(const struct wire_index *x,
    const struct schema *s, uint32_t n_models, uint64_t offset,
    struct ckpt_error *err);

struct wire_page {
	unsigned codec;
	uint32_t stored;
	uint64_t check;
};

void wire_page_encode(const struct wire_page *p,
    unsigned char out[sizeof(struct wire_disk_page)]);
CKPT_CHECKED enum ckpt_status wire_page_decode(const unsigned char *in,
    uint64_t offset, struct wire_page *out, struct ckpt_error *err);

/* ---- directory and end (9, 10) ---- */

/* A directory that grows group by group, in writers and in readers alike:
 * readers compare it with what they find. */
struct wire_directory {
	struct buf entries;
	struct buf prints;
	uint32_t n_groups;
	uint64_t n_models;
};

struct wire_entry {
	uint64_t index_offset; /* of the GIDX frame in the part */
	uint32_t index_stored;
	uint32_t index_number;
	uint32_t n_models;
	uint32_t schema;
};

void wire_directory_init(struct wire_directory *d);
void wire_directory_release(struct wire_directory *d);

/* Whether a group of `n_models` still fits. */
bool wire_directory_fits(const struct wire_directory *d, uint64_t n_models);

/* `prints` are the fingerprints of the group's labels, n_models of them. */
CKPT_CHECKED enum ckpt_status wire_directory_add(struct wire_directory *d,
    const struct wire_entry *e, const uint32_t *prints,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status wire_directory_encode(
    const struct wire_directory *d, struct buf *out, struct ckpt_error *err);

/* Checks sizes; entries and prints point into `in`. */
struct wire_directory_view {
	uint32_t n_groups;
	uint64_t n_models;
	const unsigned char *entries;
	const unsigned char *prints;
};
CKPT_CHECKED enum ckpt_status wire_directory_decode(const unsigned char *in,
    size_t n, uint64_t offset, struct wire_directory_view *out,
    struct ckpt_error *err);
void wire_entry_decode(const unsigned char *in, struct wire_entry *out);

/* Fingerprint of a label (9.9). */
uint32_t wire_print(const char *label);

struct wire_end {
	uint64_t directory_offset;
	uint64_t part_length;
	uint64_t n_models;
};

void wire_end_encode(const struct wire_end *e,
    unsigned char out[sizeof(struct wire_disk_end)]);
void wire_end_decode(const unsigned char *in, struct wire_end *out);

#endif
