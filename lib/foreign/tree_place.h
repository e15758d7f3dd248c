/*
 * tree_place: moving staged files to where they belong.
 */
#ifndef CKPT_FOREIGN_TREE_PLACE_H
#define CKPT_FOREIGN_TREE_PLACE_H

#include <fcntl.h>

#include "base/base.h"

#define TREE_MAX_DEPTH 128 /* directories under DIR */
#define TREE_OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Moves all that the directory `from` holds into the directory `to`: files
 * replace files. Nothing is moved if something stands in the way (a
 * directory where a file belongs; a file or a link where a directory
 * belongs). Both descriptors stay the caller's. */
CKPT_CHECKED enum ckpt_status tree_place(int from, int to,
    struct ckpt_error *err);

#endif
