/*
 * text: order, escaping and validity of names, labels and values.
 */
#ifndef CKPT_BASE_TEXT_H
#define CKPT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Natural order, bytewise: runs of ASCII digits compare as numbers (leading
 * zeros skipped), then by the length of the run; other bytes by value; a
 * proper prefix comes first. Total: 0 only for equal strings. */
int text_natural_cmp(const char *a, const char *b);

/* Appends `s` with backslash, LF and CR as \\ \n \r, as sha256sum does. */
CKPT_CHECKED enum ckpt_status text_escape(struct buf *out, const char *s,
    struct ckpt_error *err);

/* Undoes text_escape in place; false if `s` holds a wrong escape. */
bool text_unescape(char *s);

/* Appends `s` as a JSON string with its quotes; bytes that are not valid
 * UTF-8 become U+FFFD. */
CKPT_CHECKED enum ckpt_status text_json(struct buf *out, const char *s,
    struct ckpt_error *err);

/* Whether `n` bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool text_is_utf8(const void *s, size_t n);

/* Whether `pattern` (glob(7): * ? [..], a * also matches '/') matches `s`,
 * or is equal to it: what a listing has shown need not be quoted. */
bool text_glob(const char *pattern, const char *s);

/* Sizes as "64", "64K", "32MiB", "2G" (powers of 1024) to bytes. */
bool text_parse_size(const char *s, unsigned long long *out);

#endif
