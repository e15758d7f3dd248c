/*
 * dedup: what a writer of archives remembers of the part that it writes,
 * and how it finds what is stored already.
 *
 * Models of more than WIRE_SMALL_MODEL bytes are held whole and stand in
 * groups of their own. Each of their tensors is looked for among the tensors
 * of the part: the same one (by its ID), one with rows and columns moved (by
 * moved_key_of, then bit for bit), and, of a larger one, blocks that stand in
 * any tensor before (by their hash, then byte for byte). What is left may be
 * near a tensor of the same name (dedup_near.c). A thin pack's writer looks
 * outside, too, for what it has not found. What is found depends on nothing
 * but the models, their order, and what stands outside.
 */
#ifndef CKPT_PACK_DEDUP_H
#define CKPT_PACK_DEDUP_H

#include "pack/lookup.h"
#include "pack/moved.h"
#include "pack/refs.h"
#include "pack/wire.h"

#define DEDUP_BLOCK 65536  /* bytes */
#define DEDUP_MIN_TENSOR 64 /* bytes; smaller ones are not looked for */

/* A page that has been written, or is about to be. */
struct dedup_place {
	uint64_t offset;  /* of its frame in the part; 0: not yet known */
	uint32_t stored;
	uint32_t depth;   /* references that it takes */
};

struct dedup_tensor {
	struct ckpt_id id;
	uint64_t n_bytes;
	uint64_t offset;  /* in its model */
	uint32_t place;   /* its first page's */
	uint32_t n_places;
	uint32_t model;   /* the number of it */
	uint32_t before;  /* index + 1 of the last of its name; 0: none */
};

/* A key that others may refer to once the model is written. */
struct dedup_new {
	enum { DEDUP_ID, DEDUP_MOVED, DEDUP_BLOCKS, DEDUP_NAMED } table;
	uint64_t key, value;
};

/* An array of the current model's orbit pages. */
struct dedup_array {
	uint32_t place;   /* of the page that has it */
	unsigned which;   /* enum refs_array */
};

struct dedup {
	struct refs *refs;        /* reads what was written */
	const struct pack_bases *bases; /* or NULL */
	const unsigned char *model; /* the current model */
	unsigned char *held;      /* where they are, if they are ours */
	struct buf tensors;       /* struct dedup_tensor */
	struct buf places;        /* struct dedup_place */
	struct lookup ids;        /* of tensors: index into tensors */
	struct lookup moved;      /* their prints: index into tensors */
	struct lookup blocks;     /* place << 4 | number of the block */
	struct lookup named;      /* the last of each name: index of tensors */
	unsigned char *kept;      /* the bytes of the model before, or NULL */
	uint32_t kept_model;      /* its number */
	unsigned char *sampled;   /* a page of a base, or NULL */

	/* the current model */
	uint32_t number;
	uint32_t near_model;      /* whose tensors these are near, by those
	                             before; UINT32_MAX: not known yet */
	struct lookup current;    /* its tensors, as `ids` */
	size_t n_written;         /* of `places`: their offsets are known */
	struct buf fresh;         /* struct dedup_new */
	struct moved_axis *known; /* an entry an array that was stored */
	struct dedup_array *arrays; /* where each stands */
	size_t n_known;
	struct buf payload;
};

/* ---- dedup.c ---- */

CKPT_CHECKED enum ckpt_status dedup_new(refs_read_fn *read, void *arg,
    const struct pack_bases *bases, struct dedup **out,
    struct ckpt_error *err);
void dedup_free(struct dedup *a); /* NULL does nothing */

/* A part begins there; nothing refers to what stands before. */
void dedup_part(struct dedup *a, uint64_t part_start);

/* A page is added, whose offset is told later. */
CKPT_CHECKED enum ckpt_status dedup_place_add(struct dedup *a,
    uint32_t depth, struct ckpt_error *err);
struct dedup_place *dedup_places(const struct dedup *a);

CKPT_CHECKED enum ckpt_status dedup_remember(struct dedup *a, int table,
    uint64_t key, uint64_t value, struct ckpt_error *err);

/* The current model is written: what is new of it may be referred to, and
 * its bytes are kept, if they are not too many, until the next one is. */
CKPT_CHECKED enum ckpt_status dedup_settle(struct dedup *a,
    uint64_t n_bytes, struct ckpt_error *err);

/* The tensor that is looked for. */
struct dedup_query {
	const struct schema *schema;
	size_t tensor;
	const struct tensor_desc *t;
	const unsigned char *data;   /* its bytes */
	const struct ckpt_id *id;
};

/* ---- dedup_near.c ---- */

/* A tensor that another may be stored as differences to. */
struct dedup_base {
	bool is_outside;
	bool is_same;                /* by its ID: nothing differs */
	struct dedup_tensor t;       /* of one outside: ID and n_bytes */
};

/* The tensor of that name to which this one is near, by a sample. */
CKPT_CHECKED enum ckpt_status dedup_near_find(struct dedup *a,
    const struct dedup_query *q, struct dedup_base *base, bool *found,
    struct ckpt_error *err);

/* The bytes of the base for the page of `n` bytes from `begin` on, and the
 * head of its payload but for the check. *found is false if it has none, or
 * its chain is too long. */
CKPT_CHECKED enum ckpt_status dedup_near_page(struct dedup *a,
    const struct dedup_base *base, uint64_t begin, uint32_t n,
    unsigned char *out, struct wire_disk_difference *head, unsigned *depth,
    bool *found, struct ckpt_error *err);

/* ---- dedup_orbit.c ---- */


/* How a tensor comes from a stored one by moving rows and columns. */
struct dedup_orbit {
	struct dedup_base base;
	unsigned depth;           /* references that the base takes */
	struct moved_shape shape;
	struct moved moved;
};

/* Looks for a stored tensor of the orbit; if *found, the caller releases
 * out->moved. */
CKPT_CHECKED enum ckpt_status dedup_orbit_find(struct dedup *a,
    const struct dedup_query *q, struct dedup_orbit *out, bool *found,
    struct ckpt_error *err);

/* The payload of the page of `n` bytes from `begin` on into a->payload; it
 * is the next one to be added. Arrays are shared with pages of the model that
 * stand before, which must have been written. *found is false if the payload
 * is not worth it. */
CKPT_CHECKED enum ckpt_status dedup_orbit_put(struct dedup *a,
    const struct dedup_query *q, const struct dedup_orbit *o,
    uint64_t begin, uint32_t n, bool *found, struct ckpt_error *err);

/* ---- dedup_blocks.c ---- */

/* How bytes that stand nowhere else are encoded. */
struct dedup_coder {
	struct codec *codec;
	enum codec_kind kind;
	enum ckpt_dtype dtype;
	int level;
};

/* Looks for the blocks of a page of `n` bytes. If some (`only_whole`: all) are
 * stored before, the payload is put into a->payload and *depth is set; *found
 * says so. */
CKPT_CHECKED enum ckpt_status dedup_blocks_find(struct dedup *a,
    const unsigned char *data, uint32_t n, bool only_whole,
    const struct dedup_coder *coder, unsigned *depth, bool *found,
    struct ckpt_error *err);

#endif
