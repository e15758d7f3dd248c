/*
 * levels: blocks of a page that differ in scale, brought to one
 * (format-spec/ckpt-pack.md 11.3.10).
 *
 * Rows of a matrix differ in norm, so an exponent says less of a weight where
 * all rows are taken together. Each block has a level, which is added to the
 * exponents of its elements; what is left is closer to one distribution.
 */
#ifndef CKPT_CODEC_LEVELS_H
#define CKPT_CODEC_LEVELS_H

#include "codec/codec.h"

#define LEVELS_MIN_BLOCK 6   /* log2 of the elements of a block */
#define LEVELS_MAX_BLOCK 9
#define LEVELS_MAX (CODEC_MAX_PAGE / 2 >> LEVELS_MIN_BLOCK)

struct levels {
	unsigned width_log2;     /* of the bytes of an element, 1 to 3 */
	unsigned exponent_bits;
	unsigned block_log2;
	size_t n;                /* blocks; the last may be shorter */
	unsigned char *of;       /* each block's level, LEVELS_MAX and slack */
};

size_t levels_count(unsigned block_log2, size_t n_elements);

/* Whether levels pay for a page of `n` elements, by a sample: sets block_log2
 * and *bits, what they save in 2^-16 bit an element. `log2` is planes_work's.
 * width_log2 and exponent_bits are set already. */
bool levels_pay(struct levels *l, const uint32_t *log2,
    const unsigned char *raw, size_t n, uint32_t *bits);

/* Finds the level of each block. */
void levels_find(struct levels *l, const unsigned char *raw, size_t n);

/* Adds the levels to the exponents of all elements but zeros, or takes them
 * off again. */
void levels_add(const struct levels *l, unsigned char *page, size_t n);
void levels_take(const struct levels *l, unsigned char *page, size_t n);

#endif
