/*
 * walk: the files of a list of paths, directories expanded recursively in
 * natural order (as full paths compare, so "a-b/x" comes before "a/x").
 *
 * In directories, names that begin with '.' are left out, links to files
 * are followed, links to directories are not.
 */
#ifndef CKPT_TOOLS_WALK_H
#define CKPT_TOOLS_WALK_H

#include "base/base.h"

struct walk;

/* The strings must outlive the walk. No paths at all: "-". */
CKPT_CHECKED enum ckpt_status walk_new(char **paths, int n_paths,
    struct walk **out, struct ckpt_error *err);
void walk_free(struct walk *w); /* NULL does nothing */

/* The next file, valid until the next call, or CKPT_END. *is_given tells
 * whether it was named itself, not found in a directory. */
CKPT_CHECKED enum ckpt_status walk_next(struct walk *w, const char **path,
    bool *is_given, struct ckpt_error *err);

#endif
