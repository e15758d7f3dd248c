/*
 * temporary: the temporary names that are in use, so that a program that is
 * told to die can remove them.
 *
 * The library only keeps the list; it touches no signals. A program calls
 * temporary_remove_all from a thread of its own (it allocates: not from a
 * signal handler) and ends.
 */
#ifndef CKPT_BASE_TEMPORARY_H
#define CKPT_BASE_TEMPORARY_H

#include "ckpt.h"

struct temporary;

/* To be called before `path`, a file or a directory, is created. It is
 * relative to the working directory, which must stay what it is. */
CKPT_CHECKED enum ckpt_status temporary_new(const char *path,
    struct temporary **out, struct ckpt_error *err);

/* Between these two what is temporary becomes permanent (or is removed):
 * removal waits. `t`, which may be NULL, is freed and no more removed. */
void temporary_begin(void);
void temporary_end(struct temporary *t);

/* Removes all, directories with what they hold. From then on temporary_new
 * and temporary_begin do not return. */
void temporary_remove_all(void);

#endif
