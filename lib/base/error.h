/*
 * error: filling the caller's struct ckpt_error.
 *
 * Each of these returns the status that it was given, so that a function
 * can end with "return error_set(err, CKPT_CORRUPT, ...)".
 */
#ifndef CKPT_BASE_ERROR_H
#define CKPT_BASE_ERROR_H

#include "ckpt.h"

/* Sets status and text; no offset, no line. `err` may be NULL. */
enum ckpt_status error_set(struct ckpt_error *err, enum ckpt_status status,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with the byte offset and the spec's section ("4.2" or NULL). */
enum ckpt_status error_at(struct ckpt_error *err, enum ckpt_status status,
    uint64_t offset, const char *section, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The same with the line of a text input. */
enum ckpt_status error_line(struct ckpt_error *err, enum ckpt_status status,
    uint64_t line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* CKPT_SYSTEM with errno's text after what was attempted: "cannot open". */
enum ckpt_status error_sys(struct ckpt_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* CKPT_NO_MEMORY for `n_bytes` bytes. */
enum ckpt_status error_nomem(struct ckpt_error *err, uint64_t n_bytes);

/* Names the input, unless an inner layer has done so. Returns the status. */
enum ckpt_status error_where(struct ckpt_error *err, const char *where);

#endif
