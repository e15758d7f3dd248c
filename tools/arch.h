/*
 * arch: which architecture a model has, for all tools that ask.
 */
#ifndef CKPT_TOOLS_ARCH_H
#define CKPT_TOOLS_ARCH_H

#include "cli.h"
#include "graph/graph.h"

/* An .arch text larger than this is refused. */
#define ARCH_MAX_BYTES ((size_t)1 << 20)

/*
 * The graph of a model of `schema`, which it is known to fit:
 *
 * 1. `arch`, the value of --arch, if not NULL: the path of an .arch file
 *    (it has a '/' or ends in ".arch") or a known name;
 * 2. else the value of the metadata key "arch", a known name (never a path:
 *    an input must not make the tool open files);
 * 3. else the only known architecture that fits the tensors by names and
 *    shapes, and has the table of symmetries of `schema` if that carries
 *    one; it is named on stderr unless --quiet. CKPT_INVALID with the
 *    candidates if none or several fit.
 *
 * Known names are those that are compiled in and the files NAME.arch in the
 * directories of the environment variable CKPT_ARCH_PATH (joined by ':').
 * `meta` may be NULL; so may `schema` if `arch` is not: nothing is compared
 * then. The caller asks once for each schema.
 */
CKPT_CHECKED enum ckpt_status cli_arch_choose(const struct cli *c,
    const char *arch, const struct schema *schema, const struct meta *meta,
    struct graph **out, struct ckpt_error *err);

#endif
