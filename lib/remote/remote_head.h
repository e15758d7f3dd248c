/*
 * remote_head: the head of an HTTP response, as far as it matters here.
 */
#ifndef CKPT_REMOTE_REMOTE_HEAD_H
#define CKPT_REMOTE_REMOTE_HEAD_H

#include <time.h>

#include "remote/remote.h"

#define REMOTE_MAX_VALIDATOR 256 /* bytes of an ETag, with its NUL */

struct remote_head {
	int status;            /* 0: no status line yet */
	char reason[64];       /* the server's words, or "" */
	uint64_t length;       /* Content-Length, or REMOTE_UNKNOWN */
	bool has_range;        /* a Content-Range with first and last */
	uint64_t first, last;  /* bytes of the file, both inclusive */
	uint64_t total;        /* of Content-Range, or REMOTE_UNKNOWN */
	char etag[REMOTE_MAX_VALIDATOR]; /* if it is strong, or "" */
	char last_modified[64];          /* if it is usable, or "" */
	char retry_after[64];            /* as it stands, or "" */
	time_t date;           /* of the server's clock, or -1 */
};

void remote_head_reset(struct remote_head *h);

/* Takes one line, with or without its line end; a status line resets. */
void remote_head_line(struct remote_head *h, const char *line, size_t n);

/* At the end of the head. Forgets a Last-Modified that may be shared by two
 * states of the file: one less than a second before Date (RFC 9110 8.8.2.2).
 */
void remote_head_finish(struct remote_head *h);

/* Seconds that Retry-After asks for, counted on the server's clock where it
 * is a date; -1 if it is missing or wrong. */
double remote_head_retry_after(const struct remote_head *h);

/* Whether the status is one that may pass: 408, 425, 429, 500, 502 to 504. */
bool remote_head_is_transient(const struct remote_head *h);

/* "404 Not Found" into `out`, of `n` bytes. */
void remote_head_describe(const struct remote_head *h, char *out, size_t n);

#endif
