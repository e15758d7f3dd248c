/*
 * page_cache: pages that were decoded, for the pages that refer to them.
 *
 * Chains of differences would decode their first pages again and again where a
 * pack is read from front to back. Pages are shared, and safe for several
 * threads; the one not used for longest goes first.
 */
#ifndef CKPT_PACK_PAGE_CACHE_H
#define CKPT_PACK_PAGE_CACHE_H

#include "base/base.h"

struct cached_page {
	uint64_t offset;          /* of its frame in the input */
	uint32_t stored;          /* bytes of its payload */
	uint32_t n;               /* raw bytes */
	unsigned height;          /* references that they took */
	unsigned uses;            /* private from here on */
	struct cached_page *newer, *older, *next;
	unsigned char raw[];
};

/* At most `budget` bytes of pages that nobody uses. */
struct page_cache;
CKPT_CHECKED enum ckpt_status page_cache_new(size_t budget,
    struct page_cache **out, struct ckpt_error *err);
void page_cache_free(struct page_cache *c); /* after all uses have ended */

/* A page in use, to be filled. NULL: no memory. */
struct cached_page *page_cache_make(uint32_t n);

/* What page_cache_make gave may be found from now on; it stays in use. `c`
 * may be NULL, then it is not found. */
void page_cache_put(struct page_cache *c, struct cached_page *p);

/* The page, in use; or NULL. `c` may be NULL. */
struct cached_page *page_cache_get(struct page_cache *c, uint64_t offset,
    uint32_t stored);

/* Ends a use. `p` may be NULL. */
void page_cache_leave(struct page_cache *c, struct cached_page *p);

#endif
