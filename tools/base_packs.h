/*
 * base_packs: the models that --base names, for thin packs to refer to.
 */
#ifndef CKPT_TOOLS_BASE_PACKS_H
#define CKPT_TOOLS_BASE_PACKS_H

#include "cli.h"
#include "pack/pack.h"

/* All models of the inputs as bases. A pack is used where it is; what is none
 * is first made one, in a temporary file. */
CKPT_CHECKED enum ckpt_status base_packs_open(const struct cli *c,
    const char *const *paths, size_t n, struct pack_base **out,
    struct ckpt_error *err);

#endif
