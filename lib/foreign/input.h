/*
 * input: a source of bytes as libarchive's input.
 */
#ifndef CKPT_FOREIGN_INPUT_H
#define CKPT_FOREIGN_INPUT_H

#include <archive.h>

#include "base/base.h"

struct input {
	struct bytes *in;
	bool is_random;
	uint64_t pos, size;     /* if is_random */
	enum ckpt_status status; /* of the last read */
	struct ckpt_error err;   /* if that failed */
	bool is_ended;           /* the last read found the end */
	/* The last bytes of a stream, for input_has_zip_end, if
	 * input_keep_tail was called. */
	unsigned char *tail;
	size_t n_tail;
	unsigned char block[262144];
};

/* Opens `a` on `in`. The input, which takes `in` over, must outlive `a`. */
CKPT_CHECKED enum ckpt_status input_new(struct bytes *in, struct input **out,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status input_open(struct input *i, struct archive *a,
    struct ckpt_error *err);
void input_free(struct input *i); /* NULL does nothing */

/* Fills `err` with the reason of a failed call on `a`. */
enum ckpt_status input_error(const struct input *i, struct archive *a,
    struct ckpt_error *err);

/* Keeps the last bytes of a stream for input_has_zip_end. */
CKPT_CHECKED enum ckpt_status input_keep_tail(struct input *i,
    struct ckpt_error *err);

/* Whether the last bytes hold a zip file's end record, whole. A stream must
 * have been drained. */
CKPT_CHECKED enum ckpt_status input_has_zip_end(struct input *i, bool *out,
    struct ckpt_error *err);

/* Reads a stream to its end, so that its checksums are verified. */
CKPT_CHECKED enum ckpt_status input_drain(struct input *i,
    struct ckpt_error *err);

#endif
