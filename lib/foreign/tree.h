/*
 * tree: files that appear in a directory all at once.
 *
 * Files are written into a staging directory DIR/.ckpt-XXXXXXXX under the
 * names that they will have; tree_commit syncs the file system once and
 * renames them into place, tree_abort removes them. No path leads out of
 * DIR: names have no "..", and no symbolic link is followed.
 */
#ifndef CKPT_FOREIGN_TREE_H
#define CKPT_FOREIGN_TREE_H

#include "base/base.h"

struct tree;

/* Makes DIR if it does not exist (its parent must). */
CKPT_CHECKED enum ckpt_status tree_open(const char *dir, struct tree **out,
    struct ckpt_error *err);

/* Refuses absolute paths and components that are empty or "..". */
CKPT_CHECKED enum ckpt_status tree_check(const char *path,
    struct ckpt_error *err);

/* Creates a file and its parents. `path` passes tree_check; one that was
 * created before is refused. The descriptor is the caller's. */
CKPT_CHECKED enum ckpt_status tree_create(struct tree *t, const char *path,
    int *fd, struct ckpt_error *err);

/* Frees the tree, also on error; existing files are replaced. */
CKPT_CHECKED enum ckpt_status tree_commit(struct tree *t,
    struct ckpt_error *err);
void tree_abort(struct tree *t); /* NULL does nothing */

#endif
