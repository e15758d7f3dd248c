/*
 * delta: pages as differences to a base page (format-spec/ckpt-pack.md
 * 11.4).
 */
#ifndef CKPT_CODEC_DELTA_H
#define CKPT_CODEC_DELTA_H

#include "codec/planes.h"

#define DELTA_HEAD 8           /* bytes before the tables */
#define DELTA_FLOATS 1         /* flag (11.4.1) */

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
