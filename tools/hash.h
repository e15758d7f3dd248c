/*
 * hash: tensor and model IDs of the current model of a source, on several
 * threads where the source has random access.
 */
#ifndef CKPT_TOOLS_HASH_H
#define CKPT_TOOLS_HASH_H

#include "id/id.h"

struct hash;
CKPT_CHECKED enum ckpt_status hash_new(unsigned n_threads, struct hash **out,
    struct ckpt_error *err);
void hash_free(struct hash *h); /* NULL does nothing */

/* Reads the current model of `src` to its end, and confirms the IDs to it.
 * *tensor_ids are valid until the next call; `model` may be NULL. */
CKPT_CHECKED enum ckpt_status hash_model(struct hash *h,
    struct model_source *src, struct schema *schema,
    const struct ckpt_id **tensor_ids, struct ckpt_id *model,
    struct ckpt_error *err);

#endif
