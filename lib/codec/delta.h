/*
 * delta: pages as differences to a base page (format-spec/ckpt-pack.md
 * 11.4).
 */
#ifndef CKPT_CODEC_DELTA_H
#define CKPT_CODEC_DELTA_H

#include "codec/planes.h"

#define DELTA_HEAD 8           /* bytes before the tables */
#define DELTA_FLOATS 1         /* flag (11.4.2) */
#define DELTA_CONTEXTS 64      /* at most */
#define DELTA_CLASSES 65       /* at most: bit lengths 0 to 64 */

/* How elements become differences, and differences symbols. */
struct delta_shape {
	unsigned n_bytes;      /* of an element */
	bool is_float;         /* sign and magnitude */
	unsigned context_bits; /* of the base's magnitude, its highest */
	unsigned n_contexts;
	unsigned top;          /* what context 0 begins with */
	unsigned lanes_log2;
	unsigned n_classes;
};

/* An element, and its place in the order of the numbers. */
uint64_t delta_load(const unsigned char *p, unsigned n_bytes);
uint64_t delta_order(const struct delta_shape *s, uint64_t x);
uint64_t delta_unorder(const struct delta_shape *s, uint64_t x);

/* The context that an element of the base gives. */
unsigned delta_context(const struct delta_shape *s, uint64_t base);

/* Encodes a page of 1 to CODEC_MAX_PAGE bytes. `out` has room for
 * codec_bound(n); returns the bytes used, or 0 if they are not fewer. */
size_t delta_encode(struct planes_work *w, enum ckpt_dtype dtype,
    const unsigned char *raw, const unsigned char *base, size_t n,
    unsigned char *out);

/* Decodes a page of `n` bytes; NULL, or what is wrong. */
CKPT_CHECKED const char *delta_decode(struct planes_work *w,
    const unsigned char *stored, size_t n_stored, const unsigned char *base,
    unsigned char *raw, size_t n);

#endif
