/*
 * refs_private: what following references keeps, and its steps.
 */
#ifndef CKPT_PACK_REFS_PRIVATE_H
#define CKPT_PACK_REFS_PRIVATE_H

#include "pack/page_cache.h"
#include "pack/refs.h"

struct refs {
	refs_read_fn *read;
	void *arg;
	const struct pack_bases *bases;
	struct codec *codec;
	uint64_t part_start;
	bool may_be_thin;        /* the part */
	unsigned floor;          /* references that led to this input */
	unsigned depth;          /* references that are being followed */
	unsigned highest;        /* height of all since refs_limit */
	bool is_named;           /* the error tells the base's ID */
	unsigned height;         /* of what is decoded: the longest chain of
	                            references below it, so far */
	unsigned work;           /* pages that the first of them has needed */

	struct page_cache *cache; /* borrowed; or NULL */
	struct cached_page *page; /* the one asked for last, or NULL */

	/* the tensor that was asked for last */
	uint64_t tensor_offset;  /* UINT64_MAX: none */
	uint64_t n_tensor;
	struct ckpt_id tensor_id; /* of one that stands outside */
	unsigned char *tensor;
	unsigned tensor_height;

	/* an orbit page's payload, for its arrays */
	uint64_t orbit_offset;   /* UINT64_MAX: none */
	unsigned char *orbit;
	uint32_t n_orbit;
};

/* CKPT_CORRUPT at the page `f`. */
enum ckpt_status refs_bad(const struct wire_frame *f, const char *section,
    const char *what, struct ckpt_error *err);

/* Bytes that stand before the page `f`, allocated; forwards there is
 * nothing. */
CKPT_CHECKED enum ckpt_status refs_before(struct refs *r,
    const struct wire_frame *f, uint64_t offset, uint64_t n,
    unsigned char **out, struct ckpt_error *err);

/* The page frame at `bytes`, of which `n` are there, after its checks. */
CKPT_CHECKED enum ckpt_status refs_frame(const struct wire_frame *from,
    const unsigned char *bytes, uint64_t n, uint64_t offset,
    struct wire_frame *f, struct ckpt_error *err);

/* The page at `offset` that `from` refers to, into r->page. */
CKPT_CHECKED enum ckpt_status refs_page_before(struct refs *r,
    const struct wire_frame *from, uint64_t offset, uint32_t n_stored,
    struct ckpt_error *err);

/* All of a base's tensor into r->tensor. */
CKPT_CHECKED enum ckpt_status refs_tensor_before(struct refs *r,
    const struct wire_frame *from, uint64_t offset, uint64_t length,
    uint64_t n_raw, struct ckpt_error *err);

/* What was read of a tensor becomes r->tensor, or, if it is not good, goes;
 * `height` is what r->height was before. */
void refs_take_tensor(struct refs *r, bool is_good, unsigned char *raw,
    uint64_t n_raw, uint64_t offset, unsigned height);

/* ---- the kinds of references, each to the raw bytes of a page ---- */

CKPT_CHECKED enum ckpt_status refs_same(struct refs *r,
    const struct wire_frame *f, const unsigned char *stored,
    unsigned char *raw, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status refs_blocks(struct refs *r,
    const struct wire_frame *f, const unsigned char *stored,
    unsigned char *raw, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status refs_orbit(struct refs *r,
    const struct wire_frame *f, const unsigned char *stored,
    unsigned char *raw, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status refs_difference(struct refs *r,
    const struct wire_frame *f, const unsigned char *stored,
    unsigned char *raw, struct ckpt_error *err);

/* ---- refs_outside.c ---- */

/* `n` bytes from `begin` on of a tensor that stands outside. */
CKPT_CHECKED enum ckpt_status refs_outside(struct refs *r,
    const struct wire_frame *from, const struct ckpt_id *base,
    uint64_t begin, void *out, uint32_t n, struct ckpt_error *err);

/* All of one, into r->tensor. */
CKPT_CHECKED enum ckpt_status refs_tensor_outside(struct refs *r,
    const struct wire_frame *from, const struct ckpt_id *base,
    uint64_t n_raw, struct ckpt_error *err);

/* What is decoded takes as many references as what it needs. */
void refs_raise(struct refs *r, unsigned height);

#endif
