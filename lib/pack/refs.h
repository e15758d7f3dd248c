/*
 * refs: pages that refer to pages before them (format-spec/ckpt-pack.md 15),
 * and how to get their bytes.
 */
#ifndef CKPT_PACK_REFS_H
#define CKPT_PACK_REFS_H

#include "codec/codec.h"
#include "pack/moved.h"
#include "pack/pack.h"
#include "pack/wire.h"

/* The four arrays of an orbit page, in their order. */
enum refs_array {
	REFS_ROW_SOURCE,
	REFS_ROW_SCALE,
	REFS_COL_SOURCE,
	REFS_COL_SCALE,
	REFS_N_ARRAYS
};

/* Reads bytes of the input, at their absolute offset. */
typedef enum ckpt_status refs_read_fn(void *arg, void *out, size_t n,
    uint64_t offset, struct ckpt_error *err);

/* Follows references of one input, and out of it to `bases` (NULL: there are
 * none), with what others have decoded of it in `cache`, or NULL. Not for
 * several threads. */
struct refs;
struct page_cache;
CKPT_CHECKED enum ckpt_status refs_new(refs_read_fn *read, void *arg,
    const struct pack_bases *bases, struct page_cache *cache,
    struct refs **out, struct ckpt_error *err);
void refs_free(struct refs *r); /* NULL does nothing */

/* References are relative to the part that begins there; what was kept of
 * another part is forgotten. Of one that is not thin, as far as is known,
 * nothing refers to `bases`. */
void refs_part(struct refs *r, uint64_t part_start, bool may_be_thin);

/* Puts the page that was just decoded (by refs_decode, if it is a reference)
 * into the cache. */
void refs_keep(struct refs *r, const struct wire_frame *f, const void *raw);

/* From now on at most `limit` references are followed for a page, of the
 * WIRE_MAX_DEPTH that may be. */
void refs_limit(struct refs *r, unsigned limit);

/* References that the pages decoded since refs_limit took, at most. */
unsigned refs_height(const struct refs *r);

/* The raw bytes (f->raw) of a page whose codec is a reference, from its
 * stored ones, which have been checked. CKPT_CORRUPT: it points forwards or
 * to what is no page, the chain is deeper than WIRE_MAX_DEPTH, or the bytes
 * that result are not those that were meant; the offset is that of the page
 * where the fault lies. */
CKPT_CHECKED enum ckpt_status refs_decode(struct refs *r,
    const struct wire_frame *f, const void *stored, void *raw,
    struct ckpt_error *err);

/* The raw bytes of the page whose frame is at `offset` of the part and has
 * `stored` bytes, valid until the next call. */
CKPT_CHECKED enum ckpt_status refs_page(struct refs *r, uint64_t offset,
    uint32_t stored, const unsigned char **raw, uint32_t *n,
    struct ckpt_error *err);

/* All of a tensor whose pages' frames are the `length` bytes at `offset` of
 * the part; valid until the next call. */
CKPT_CHECKED enum ckpt_status refs_tensor(struct refs *r, uint64_t offset,
    uint64_t length, uint64_t n_bytes, const unsigned char **raw,
    struct ckpt_error *err);

#endif
