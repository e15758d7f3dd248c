/*
 * delta_kernel: the loops over differences (format-spec/ckpt-pack.md 11.4),
 * compiled for several instruction sets and chosen with plane_kernel. All
 * give the same bytes.
 */
#ifndef CKPT_CODEC_DELTA_KERNEL_H
#define CKPT_CODEC_DELTA_KERNEL_H

#include "base/base.h"

#define DELTA_CONTEXTS 64      /* at most */
#define DELTA_CLASSES 65       /* at most: bit lengths 0 to 64 */
#define DELTA_BLOCK 1024       /* elements at a time, at most */
/* Bytes that may be read or written beyond the low bits. */
#define DELTA_SLACK 16

/* How elements become differences, and differences symbols. */
struct delta_shape {
	unsigned n_bytes;      /* of an element */
	bool is_float;         /* sign and magnitude */
	unsigned context_bits; /* of the base's magnitude, its highest */
	unsigned n_contexts;
	unsigned top;          /* what context 0 begins with */
	unsigned lanes_log2;
	unsigned n_classes;
};

/* Bits one after another, the lowest first. */
struct delta_bits {
	unsigned char *to;
	uint64_t held;
	unsigned n_held; /* below 64 */
};

struct delta_kernel {
	/* Contexts of `n` elements of the base (11.4.2). */
	void (*contexts)(const struct delta_shape *s,
	    const unsigned char *base, size_t n, unsigned char *context);

	/* Classes (11.4.3). */
	void (*classes)(const struct delta_shape *s,
	    const unsigned char *raw, const unsigned char *base, size_t n,
	    unsigned char *class);

	/* How often each class comes in each of the contexts. */
	void (*count)(unsigned n_contexts, const unsigned char *class,
	    const unsigned char *context, size_t n,
	    uint32_t (*count)[DELTA_CLASSES]);

	/* The low bits (11.4.4) of at most DELTA_BLOCK elements; up to
	 * DELTA_SLACK bytes more are written. */
	void (*put_low)(const struct delta_shape *s,
	    const unsigned char *raw, const unsigned char *base, size_t n,
	    struct delta_bits *b);

	/* The sum of `n` classes, and the largest. */
	uint64_t (*sum)(const unsigned char *class, size_t n,
	    unsigned *largest);

	/* At most DELTA_BLOCK elements from the base, classes up to the bits
	 * of an element and low bits, which begin `bit` bits (0 to 7) after
	 * `low`; up to DELTA_SLACK bytes more are read. False: a difference
	 * is too large. */
	bool (*add)(const struct delta_shape *s, const unsigned char *class,
	    const unsigned char *low, unsigned bit,
	    const unsigned char *base, size_t n, unsigned char *raw);
};

extern const struct delta_kernel delta_kernel_generic, delta_kernel_avx2,
    delta_kernel_avx512;

#endif
