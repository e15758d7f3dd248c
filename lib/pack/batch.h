/*
 * batch: a few pages at a time through the codecs, on several threads.
 *
 * The pages of a batch keep their order, so what is written does not depend
 * on the number of threads. Memory is about (1 + 1 + 4) * WIRE_MAX_PAGE bytes
 * for each of n_threads (at most BATCH_MAX_THREADS); where there are bases,
 * WIRE_MAX_PAGE more for each, twice.
 */
#ifndef CKPT_PACK_BATCH_H
#define CKPT_PACK_BATCH_H

#include "codec/codec.h"
#include "pack/refs.h"
#include "pack/wire.h"

#define BATCH_MAX_THREADS 8
#define BATCH_MAX_PAGES 512
#define BATCH_MAX_REFS 2 /* each may hold a tensor of WIRE_MAX_ORBIT bytes */

struct batch_page {
	struct wire_frame frame; /* codec, stored, raw, check; number and
	                            offset are the caller's */
	unsigned char *raw;      /* frame.raw bytes */
	unsigned char *stored;   /* frame.stored bytes; may be `raw` */
	enum ckpt_dtype dtype;   /* of its elements; batch_encode's */
	size_t tensor;           /* the caller's: what the page holds */
	uint64_t row, n_rows, begin;
	bool is_done;            /* frame and `stored` are filled already */
	/* batch_encode's: a page that may be stored as differences */
	unsigned char *base;     /* frame.raw bytes, or NULL: none */
	struct wire_disk_difference head; /* but for `check` */
	unsigned depth;          /* references that it then takes */
};

struct batch {
	unsigned n_threads;
	struct codec *codecs[BATCH_MAX_THREADS];
	unsigned char *raw;      /* arena of raw bytes */
	size_t raw_size, raw_used;
	unsigned char *stored;   /* arena of stored bytes */
	size_t stored_size, stored_used;
	unsigned char *base;     /* arenas of batch_add_base, as large as raw */
	unsigned char *near;     /* and stored; or NULL */
	size_t n_pages;
	struct batch_page pages[BATCH_MAX_PAGES];
	enum codec_kind kind;    /* batch_encode's */
	int level;
	unsigned n_refs;         /* these follow references, one a thread; 0:
	                            there are none */
	struct refs *refs[BATCH_MAX_REFS];
	struct page_cache *cache; /* of decoded pages, or NULL */
	size_t budget;            /* of it */
	bool keeps;               /* pages decoded go there */
};

CKPT_CHECKED enum ckpt_status batch_new(unsigned n_threads,
    struct batch **out, struct ckpt_error *err);
void batch_free(struct batch *b); /* NULL does nothing */

/* From now on pages may be references; the arguments are those of refs_new,
 * with a cache of at most `budget` bytes of pages. `read` is called by several
 * threads at once, unless there are bases. */
CKPT_CHECKED enum ckpt_status batch_follow(struct batch *b,
    refs_read_fn *read, void *arg, const struct pack_bases *bases,
    size_t budget, struct ckpt_error *err);

/* Pages of a model of that size are next. If several such fit into the cache,
 * they are kept for those that refer to them. */
void batch_model(struct batch *b, uint64_t n_bytes);

/* refs_part, refs_limit and refs_height, of all of them. */
void batch_part(struct batch *b, uint64_t part_start, bool may_be_thin);
void batch_limit(struct batch *b, unsigned limit);
unsigned batch_height(const struct batch *b);

/* A new page with room for its raw and stored bytes (`stored` 0: as many as
 * encoding may need), or NULL if the batch is full. An empty batch has room
 * for any page. */
struct batch_page *batch_add(struct batch *b, uint32_t raw, uint32_t stored);

/* Room for the bytes of the page's base in p->base. */
CKPT_CHECKED enum ckpt_status batch_add_base(struct batch *b,
    struct batch_page *p, struct ckpt_error *err);

/* A page that is encoded already: `stored` bytes of a payload that stand
 * for `raw`. NULL if the batch is full. */
struct batch_page *batch_add_done(struct batch *b, unsigned codec,
    uint32_t raw, const void *payload, uint32_t stored);

/* Whether a page of `raw` bytes, stored in as many or fewer, fits. */
bool batch_has_room(const struct batch *b, uint32_t raw);

void batch_clear(struct batch *b);

/* raw -> stored, for all pages; fills frame.codec, stored, check. Differences
 * are taken where they are smaller. */
CKPT_CHECKED enum ckpt_status batch_encode(struct batch *b,
    enum codec_kind kind, int level, struct ckpt_error *err);

/* stored -> raw, for all pages, each after its checksum. */
CKPT_CHECKED enum ckpt_status batch_decode(struct batch *b,
    struct ckpt_error *err);

/* The same for one of its pages. */
CKPT_CHECKED enum ckpt_status batch_decode_page(struct batch *b,
    struct batch_page *p, struct ckpt_error *err);

/* The codec of a frame's, which is no reference, and back. */
enum codec_kind batch_codec(unsigned wire_codec);
unsigned batch_wire_codec(enum codec_kind kind);

/* One payload, without a batch: the checksum, then the codec. */
CKPT_CHECKED enum ckpt_status batch_decode_one(struct codec *c,
    const struct wire_frame *f, const void *stored, void *raw,
    struct ckpt_error *err);

#endif
