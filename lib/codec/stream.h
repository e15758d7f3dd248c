/*
 * stream: a string of symbols of a few bits each, as planes store it
 * (format-spec/ckpt-pack.md 11.3.8): packed, constant, or entropy-coded.
 */
#ifndef CKPT_CODEC_STREAM_H
#define CKPT_CODEC_STREAM_H

#include "codec/plane_kernel.h"

#define STREAM_PACKED 0
#define STREAM_CONSTANT 1
#define STREAM_ANS 2

/* What is written so far; `is_full` once it would not fit. */
struct stream_out {
	unsigned char *data;
	size_t n, size;
	bool is_full;
};

/* Room for `n` more bytes, or NULL (and is_full). */
unsigned char *stream_take(struct stream_out *o, size_t n);
void stream_put(struct stream_out *o, const void *data, size_t n);
void stream_put_u32(struct stream_out *o, uint32_t x);

/* What is left to be read. */
struct stream_in {
	const unsigned char *at, *end;
};

/* The next `n` bytes, or NULL if there are fewer. */
const unsigned char *stream_next(struct stream_in *in, size_t n);
bool stream_next_u32(struct stream_in *in, uint32_t *out);

/* A stream that is read part by part. */
struct stream_reader {
	unsigned kind;
	unsigned bits, limit;
	unsigned n_lanes;
	unsigned char symbol;  /* of a constant stream */
	size_t left;           /* symbols */
	const unsigned char *at, *end; /* packed symbols, or words */
	uint32_t states[ANS_LANES];
	uint32_t slots[ANS_SLOTS];
};

/* A page's symbols, middle bits, and each byte of its tails. */
#define STREAM_READERS 9

/* Memory that streams need. */
struct stream_work {
	const struct plane_kernel *kernel;
	struct ans_code codes[ANS_SYMBOLS];
	uint32_t count[ANS_SYMBOLS];
	uint16_t freq[ANS_SYMBOLS];
	uint32_t states[ANS_LANES];
	unsigned char *words;   /* of an encoder, words_size bytes */
	size_t words_size;      /* 2 * symbols + PLANE_SLACK, at least */
	struct stream_reader readers[STREAM_READERS];
};

/* Bytes of the packed form of `n` symbols of `bits` bits, kind excluded. */
size_t stream_packed_size(size_t n, unsigned bits);

/* Writes `n` symbols below 2^bits (1 to 8), entropy-coded if wished and
 * smaller. `symbols` has room for PLANE_SLACK more. */
void stream_encode(struct stream_work *w, unsigned bits, bool may_code,
    unsigned char *symbols, size_t n, struct stream_out *out);

/* Opens a stream of `n` symbols of `bits` bits, below `limit`; `in` goes on
 * after it. NULL, or what is wrong. */
CKPT_CHECKED const char *stream_open(struct stream_work *w,
    struct stream_reader *r, unsigned bits, unsigned limit,
    struct stream_in *in, size_t n);

/* The next `n` symbols into `symbols`, which has room for PLANE_SLACK more:
 * all that are left, or a multiple of ANS_LANES. NULL, or what is wrong. */
CKPT_CHECKED const char *stream_read(struct stream_work *w,
    struct stream_reader *r, unsigned char *symbols, size_t n);

#endif
