/*
 * hold: the bytes of one model put aside while its ID is found out: not at
 * all where the source has random access, else in memory, or, beyond the
 * memory allowed, in a temporary file without a name.
 */
#ifndef CKPT_TOOLS_HOLD_H
#define CKPT_TOOLS_HOLD_H

#include "base/base.h"

struct hold;
CKPT_CHECKED enum ckpt_status hold_new(uint64_t memory, struct hold **out,
    struct ckpt_error *err);
void hold_free(struct hold *h); /* NULL does nothing */

/* Begins a model of `n_bytes` bytes, which come by hold_add. */
CKPT_CHECKED enum ckpt_status hold_begin(struct hold *h, uint64_t n_bytes,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status hold_add(struct hold *h, const void *data,
    size_t n, struct ckpt_error *err);

/* `n` of the model's bytes at `offset`. */
CKPT_CHECKED enum ckpt_status hold_read(struct hold *h, void *out, size_t n,
    uint64_t offset, struct ckpt_error *err);

#endif
