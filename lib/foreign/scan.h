/*
 * scan: the tokens of JSON, read from a text in memory one at a time.
 *
 * Headers of safetensors files hold objects, strings and non-negative
 * integers only, so that no tree is built: the caller knows what must come
 * next, and every error has the byte offset where something else stood.
 */
#ifndef CKPT_FOREIGN_SCAN_H
#define CKPT_FOREIGN_SCAN_H

#include "base/base.h"

struct scan {
	const unsigned char *text;
	size_t n;
	size_t pos;
	uint64_t base; /* offset of text[0] in the input, for errors */
};

/* CKPT_INVALID at the present position. */
enum ckpt_status scan_error(const struct scan *s, struct ckpt_error *err,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Skips white space: space, tab, LF, CR. */
void scan_space(struct scan *s);

/* Whether `c` comes next, after white space; if so it is consumed. */
bool scan_try(struct scan *s, char c);

/* The character `c`, after white space; `what` names it in the error. */
CKPT_CHECKED enum ckpt_status scan_expect(struct scan *s, char c,
    const char *what, struct ckpt_error *err);

/* A string, after white space, appended to `out` with its escapes undone. */
CKPT_CHECKED enum ckpt_status scan_string(struct scan *s, struct buf *out,
    const char *what, struct ckpt_error *err);

/* A non-negative integer below 2^64, after white space. */
CKPT_CHECKED enum ckpt_status scan_integer(struct scan *s, uint64_t *out,
    const char *what, struct ckpt_error *err);

#endif
