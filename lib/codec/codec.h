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
	CODEC_ZSTD = 1
};

struct codec;

CKPT_CHECKED enum ckpt_status codec_new(struct codec **out,
    struct ckpt_error *err);
void codec_free(struct codec *c); /* NULL does nothing */

/* Bytes that codec_encode may need for `n` raw bytes. */
size_t codec_bound(size_t n);

/* Encodes `n` bytes into `out`, codec_bound(n) bytes large. *kind says how
 * it was done: CODEC_NONE (nothing is written to `out`: the raw bytes are
 * the stored ones) where the wanted codec does not shrink them. `level` is
 * zstd's; 0 is the default, 1. */
CKPT_CHECKED enum ckpt_status codec_encode(struct codec *c,
    enum codec_kind wanted, int level, const void *raw, size_t n, void *out,
    size_t *n_out, enum codec_kind *kind, struct ckpt_error *err);

/* Decodes to exactly `n_raw` bytes, else CKPT_CORRUPT (no offset set). */
CKPT_CHECKED enum ckpt_status codec_decode(struct codec *c,
    enum codec_kind kind, const void *stored, size_t n_stored, void *raw,
    size_t n_raw, struct ckpt_error *err);

#endif
