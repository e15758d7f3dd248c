/*
 * plane_kernel: the loops over elements and symbols, compiled for several
 * instruction sets and chosen at run time. All give the same bytes.
 */
#ifndef CKPT_CODEC_PLANE_KERNEL_H
#define CKPT_CODEC_PLANE_KERNEL_H

#include "codec/ans.h"
#include "codec/delta_kernel.h"

/* How an element of `n_bytes` (1, 2, 4, 8) falls apart (11.3.2): v is the
 * element with its sign rotated to the end if `rotate` is 1; its top bits
 * from `low_bits` on, less `first`, are the symbol, or `window` if that is
 * not below `window`; the next `mid_bits` (0 to 7) and the lowest
 * `tail_bytes` are left as they are. */
struct plane_shape {
	unsigned n_bytes;
	unsigned rotate;
	unsigned low_bits;   /* mid_bits + 8 * tail_bytes */
	unsigned mid_bits;
	unsigned tail_bytes;
	unsigned first;
	unsigned window;     /* 1 to 256 */
};

/* Room that outputs need beyond their last byte. */
#define PLANE_SLACK 64

struct plane_kernel {
	/* `n` elements to symbols (one byte each), middle bits (one byte
	 * each) and tails (tail_bytes each, together); NULL: not wanted. */
	void (*split)(const struct plane_shape *s, const unsigned char *raw,
	    size_t n, unsigned char *symbols, unsigned char *mid,
	    unsigned char *tails);

	/* And back. Symbols that are `window` give some element. */
	void (*join)(const struct plane_shape *s,
	    const unsigned char *symbols, const unsigned char *mid,
	    const unsigned char *tails, size_t n, unsigned char *raw);

	/* Bytes below 2^bits to `bits` (1 to 7) bits each, the lowest
	 * first, and back: `n`, a multiple of 8. */
	void (*pack)(unsigned bits, const unsigned char *in, size_t n,
	    unsigned char *out);
	void (*unpack)(unsigned bits, const unsigned char *in, size_t n,
	    unsigned char *out);

	void (*count)(const unsigned char *in, size_t n,
	    uint32_t count[ANS_SYMBOLS]);

	/* Encodes `n` symbols with `n_lanes` states, from the last to the
	 * first; the words end before `end` and begin at what is returned:
	 * at most n words of 2 bytes, and PLANE_SLACK before them. With
	 * contexts (not NULL), symbol i's code is that of number
	 * context[i] * ANS_STRIDE + symbols[i]. */
	unsigned char *(*encode)(const struct ans_code *codes,
	    const unsigned char *symbols, const unsigned char *context,
	    size_t n, uint32_t *states, unsigned n_lanes,
	    unsigned char *end);

	/* Decodes `n` symbols; returns the end of the words used, or NULL if
	 * there are too few. With contexts, symbol i's slots begin at number
	 * context[i] * ANS_SLOTS. */
	const unsigned char *(*decode)(const uint32_t *slots,
	    const unsigned char *context, const unsigned char *words,
	    const unsigned char *end, uint32_t *states, unsigned n_lanes,
	    unsigned char *symbols, size_t n);

	const struct delta_kernel *delta;
};

extern const struct plane_kernel plane_kernel_generic, plane_kernel_avx2,
    plane_kernel_avx512;

#define PLANE_KERNELS 3

/* Kernel `i` (the fastest first) if this CPU has it, else NULL; the last is
 * always there. */
const struct plane_kernel *plane_kernel_at(unsigned i);
const struct plane_kernel *plane_kernel_best(void);

#endif
