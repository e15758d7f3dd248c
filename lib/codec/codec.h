/*
 * codec: the codecs of frames' payloads (format-spec/ckpt-pack.md 11).
 *
 * A codec turns raw bytes into fewer stored bytes and back. Contexts are
 * kept in a struct codec, one a thread.
 */
#ifndef CKPT_CODEC_CODEC_H
#define CKPT_CODEC_CODEC_H

#include "base/base.h"

/* In memory; the values on disk are pack/wire.h's. */
enum codec_kind {
	CODEC_NONE = 0,
	CODEC_ZSTD = 1,
	CODEC_PLANES = 2, /* elements as sign, exponent, mantissa (11.3) */
	CODEC_DELTA = 3   /* differences to a base page (11.4) */
};

/* Raw bytes of a page, at most, for CODEC_PLANES and CODEC_DELTA. */
#define CODEC_MAX_PAGE 1048576

struct codec;

CKPT_CHECKED enum ckpt_status codec_new(struct codec **out,
    struct ckpt_error *err);
void codec_free(struct codec *c); /* NULL does nothing */

/* Bytes that codec_encode may need for `n` raw bytes. */
size_t codec_bound(size_t n);

/* Encodes `n` bytes into `out`, codec_bound(n) bytes large. *kind says how
 * it was done: CODEC_NONE (nothing is written to `out`: the raw bytes are
 * the stored ones) where the wanted codec does not shrink them. CODEC_PLANES
 * asks for the smaller of planes and zstd, by estimate. `dtype` is that of
 * the elements, or 0 for bytes. `level` is zstd's; 0 is the default, 1. */
CKPT_CHECKED enum ckpt_status codec_encode(struct codec *c,
    enum codec_kind wanted, enum ckpt_dtype dtype, int level,
    const void *raw, size_t n, void *out, size_t *n_out,
    enum codec_kind *kind, struct ckpt_error *err);

/* Whether codec_encode may give fewer than `limit` bytes, by estimate: false
 * only where it surely, or as good as surely, does not. `scratch` is
 * codec_bound(n) bytes large. */
bool codec_may_beat(struct codec *c, enum codec_kind wanted,
    enum ckpt_dtype dtype, int level, const void *raw, size_t n,
    size_t limit, void *scratch);

/* Decodes to exactly `n_raw` bytes, else CKPT_CORRUPT (no offset set). */
CKPT_CHECKED enum ckpt_status codec_decode(struct codec *c,
    enum codec_kind kind, const void *stored, size_t n_stored, void *raw,
    size_t n_raw, struct ckpt_error *err);

/* ---- differences to a base page (11.4) ---- */

/* Encodes the differences of `raw` to `base`, both `n` bytes of elements of
 * `dtype`, at most CODEC_MAX_PAGE. *kind is CODEC_DELTA, or CODEC_NONE
 * (nothing is written to `out`) where that does not shrink them. Whether it
 * is less than codec_encode gives is the caller's to compare. `out` is
 * codec_bound(n) bytes large. The same bytes on every CPU. */
CKPT_CHECKED enum ckpt_status codec_encode_delta(struct codec *c,
    enum ckpt_dtype dtype, const void *raw, const void *base, size_t n,
    void *out, size_t *n_out, enum codec_kind *kind, struct ckpt_error *err);

/* How far `raw` is from `base`, from a sample of both: the mean length of the
 * differences in 16ths of a bit an element; UINT32_MAX if their elements are
 * no numbers. The same on every CPU. */
uint32_t codec_distance(enum ckpt_dtype dtype, const void *raw,
    const void *base, size_t n);

/* Decodes what codec_encode_delta made (CODEC_DELTA), given the same base of
 * `n_raw` bytes, else CKPT_CORRUPT (no offset set). A wrong base gives wrong
 * bytes or CKPT_CORRUPT: that the base is right is the caller's to know.
 * `raw` may not overlap `base`. */
CKPT_CHECKED enum ckpt_status codec_decode_delta(struct codec *c,
    const void *stored, size_t n_stored, const void *base, void *raw,
    size_t n_raw, struct ckpt_error *err);

#endif
