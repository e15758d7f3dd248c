/*
 * outfile: a file that appears under its name only when it is complete.
 *
 * Bytes go to a temporary file beside the target; commit syncs it, renames
 * it and syncs the directory. A pipe, a device or "-" (standard output) is
 * written through, since there is nothing to rename.
 */
#ifndef CKPT_BASE_OUTFILE_H
#define CKPT_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ckpt.h"

struct outfile;

/* NULL or "-" is standard output. */
CKPT_CHECKED enum ckpt_status outfile_open(const char *path,
    struct outfile **out, struct ckpt_error *err);

/* An open descriptor, which stays the caller's: nothing is renamed, and
 * neither commit nor abort closes it. */
CKPT_CHECKED enum ckpt_status outfile_borrow(int fd, struct outfile **out,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status outfile_write(struct outfile *f,
    const void *data, size_t n, struct ckpt_error *err);

/* The descriptor, for pwrite to places of the file, or -1 where the output is
 * written through. */
int outfile_fd(const struct outfile *f);

/* Whether outfile_pread works: a regular file, open for reading too, whose
 * first byte was the first that was written. */
bool outfile_is_readable(const struct outfile *f);

/* Bytes that outfile_write has written. */
CKPT_CHECKED enum ckpt_status outfile_pread(const struct outfile *f,
    void *out, size_t n, uint64_t offset, struct ckpt_error *err);

/* Bytes written so far by outfile_write. */
uint64_t outfile_offset(const struct outfile *f);

/* Completes and frees the file; on error it is removed. */
CKPT_CHECKED enum ckpt_status outfile_commit(struct outfile *f,
    struct ckpt_error *err);

/* Removes and frees the file. NULL does nothing. */
void outfile_abort(struct outfile *f);

#endif
