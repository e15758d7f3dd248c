/*
 * buf: a growable array of bytes with a hard maximum.
 */
#ifndef CKPT_BASE_BUF_H
#define CKPT_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "ckpt.h"

struct buf {
	unsigned char *data;
	size_t len;      /* bytes in use */
	size_t capacity; /* bytes allocated */
	size_t max;      /* bytes that len may never exceed */
};

#define BUF_INIT(max_bytes) { NULL, 0, 0, (max_bytes) }

void buf_init(struct buf *b, size_t max);

/* Frees the storage; the buf may be used again, with the same maximum. */
void buf_release(struct buf *b);

/* Makes room for `n` more bytes; CKPT_LIMIT beyond the maximum. */
CKPT_CHECKED enum ckpt_status buf_reserve(struct buf *b, size_t n,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status buf_append(struct buf *b, const void *data,
    size_t n, struct ckpt_error *err);

/* Appends printf-formatted text, without its terminating NUL. */
CKPT_CHECKED enum ckpt_status buf_printf(struct buf *b,
    struct ckpt_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
