/*
 * bytes: a source of bytes, sequential or with random access.
 *
 * A sequential source is read front to back once and may be peeked; one
 * with random access (a regular file, an object on a server that serves
 * ranges) also answers bytes_pread. Everything that parses reads from here,
 * so that a pipe, a file and a member of an archive look alike.
 */
#ifndef CKPT_BASE_BYTES_H
#define CKPT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ckpt.h"

struct bytes;

/* What an implementation provides. `read` returns in *got the bytes read,
 * 0 only at the end. `pread` may be NULL; if it is not, `size` is known and
 * pread is safe to be called by several threads at once. */
struct bytes_ops {
	enum ckpt_status (*read)(void *ctx, void *out, size_t n, size_t *got,
	    struct ckpt_error *err);
	enum ckpt_status (*pread)(void *ctx, void *out, size_t n,
	    uint64_t offset, struct ckpt_error *err);
	void (*close)(void *ctx);
};

/* Takes `ctx` over: it is closed with the source, or at once on failure. */
CKPT_CHECKED enum ckpt_status bytes_new(const struct bytes_ops *ops,
    void *ctx, uint64_t size, struct bytes **out, struct ckpt_error *err);

/* An open descriptor, taken over. Random access if it is a regular file. */
CKPT_CHECKED enum ckpt_status bytes_fd(int fd, struct bytes **out,
    struct ckpt_error *err);

/* Memory that outlives the source. Random access. */
CKPT_CHECKED enum ckpt_status bytes_memory(const void *data, size_t n,
    struct bytes **out, struct ckpt_error *err);

void bytes_close(struct bytes *b); /* NULL does nothing */

/* Up to `n` bytes; *got < n only at the end of the source. */
CKPT_CHECKED enum ckpt_status bytes_read(struct bytes *b, void *out,
    size_t n, size_t *got, struct ckpt_error *err);

/* Exactly `n` bytes, else CKPT_TRUNCATED with the offset of the end. */
CKPT_CHECKED enum ckpt_status bytes_read_all(struct bytes *b, void *out,
    size_t n, struct ckpt_error *err);

/* The next up to `n` (at most 4096) bytes without consuming them. */
CKPT_CHECKED enum ckpt_status bytes_peek(struct bytes *b, size_t n,
    const unsigned char **out, size_t *got, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status bytes_skip(struct bytes *b, uint64_t n,
    struct ckpt_error *err);

/* Offset of the next byte that bytes_read returns. */
uint64_t bytes_offset(const struct bytes *b);

/* Whether bytes_pread works; then *size is the total, if not NULL. */
bool bytes_is_random(const struct bytes *b, uint64_t *size);

/* Exactly `n` bytes at `offset`, else CKPT_TRUNCATED. Does not move the
 * sequential position. Thread-safe. */
CKPT_CHECKED enum ckpt_status bytes_pread(struct bytes *b, void *out,
    size_t n, uint64_t offset, struct ckpt_error *err);

#endif
