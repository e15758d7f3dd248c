/*
 * hold: bytes put aside: in memory, or, beyond the memory allowed, in a
 * temporary file without a name. The bytes of one model while its ID is found
 * out (where the source has no random access), or records that grow.
 */
#ifndef CKPT_TOOLS_HOLD_H
#define CKPT_TOOLS_HOLD_H

#include "base/base.h"

struct hold;
CKPT_CHECKED enum ckpt_status hold_new(uint64_t memory, struct hold **out,
    struct ckpt_error *err);
void hold_free(struct hold *h); /* NULL does nothing */

/* Begins anew, with `n_bytes` bytes or more, which come by hold_add. */
CKPT_CHECKED enum ckpt_status hold_begin(struct hold *h, uint64_t n_bytes,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status hold_add(struct hold *h, const void *data,
    size_t n, struct ckpt_error *err);

/* `n` of the bytes at `offset`, out or in, of those that have been added. By
 * several threads if none adds, and none writes what another reads. */
CKPT_CHECKED enum ckpt_status hold_read(struct hold *h, void *out, size_t n,
    uint64_t offset, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status hold_write(struct hold *h, const void *data,
    size_t n, uint64_t offset, struct ckpt_error *err);

#endif
