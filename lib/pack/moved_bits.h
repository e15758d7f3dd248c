/*
 * moved_bits: the fields of a floating-point number.
 */
#ifndef CKPT_PACK_MOVED_BITS_H
#define CKPT_PACK_MOVED_BITS_H

#include "base/base.h"

struct moved_bits {
	unsigned n_bytes;      /* of an element */
	unsigned n_mantissa;   /* bits */
	uint64_t mantissa;     /* mask */
	uint64_t sign;         /* mask */
	uint64_t max_exponent; /* infinities and NaN */
};

/* All bits of the result depend on all of x. */
static inline uint64_t
moved_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return (x ^ x >> 32);
}

/* Of f16, bf16, f32 or f64. */
static inline struct moved_bits
moved_bits_of(enum ckpt_dtype dtype)
{
	unsigned bits = dtype_bits(dtype), mantissa;
	struct moved_bits b;

	mantissa = dtype == CKPT_F16 ? 10 : dtype == CKPT_BF16 ? 7 :
	    dtype == CKPT_F32 ? 23 : 52;
	b.n_bytes = bits / 8;
	b.n_mantissa = mantissa;
	b.mantissa = ((uint64_t)1 << mantissa) - 1;
	b.sign = (uint64_t)1 << (bits - 1);
	b.max_exponent = ((uint64_t)1 << (bits - 1 - mantissa)) - 1;
	return (b);
}

static inline uint64_t
moved_load(const struct moved_bits *b, const unsigned char *p)
{
	return (b->n_bytes == 2 ? le16_load(p) : b->n_bytes == 4 ?
	    le32_load(p) : le64_load(p));
}

static inline void
moved_store(const struct moved_bits *b, unsigned char *p, uint64_t x)
{
	if (b->n_bytes == 2)
		le16_store(p, (uint16_t)x);
	else if (b->n_bytes == 4)
		le32_store(p, (uint32_t)x);
	else
		le64_store(p, x);
}

/* What scaling and flipping leave: the significand without the zeros at its
 * end, or what kind of infinity it is. */
static inline uint64_t
moved_significant(const struct moved_bits *b, uint64_t x)
{
	uint64_t m = x & b->mantissa;
	uint64_t e = (x & ~b->sign) >> b->n_mantissa;

	if (__builtin_expect(e - 1 < b->max_exponent - 1, 1))
		return (m | (uint64_t)1 << b->n_mantissa);
	if (e != 0)
		return (~m);
	while (m != 0 && (m >> b->n_mantissa) == 0)
		m <<= 1;
	return (m);
}

#endif
