/*
 * sym_bits: floating numbers as bits: exact widening to the bits of a
 * double, scaling by powers of two, and narrowing, all of which keep the
 * sign of zeros and the payloads of NaNs, which arithmetic would not.
 *
 * What is not exact is said so in *inexact (never cleared here); the result
 * is then meaningless.
 */
#ifndef CKPT_SYM_SYM_BITS_H
#define CKPT_SYM_SYM_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define SYM_BITS_SIGN 0x8000000000000000u
#define SYM_BITS_MANTISSA 0x000fffffffffffffu
#define SYM_BITS_NAN 0x7ff8000000000000u

/* From a format of `n_exp` exponent and `n_man` mantissa bits. */
static inline uint64_t
sym_bits_widen(unsigned n_exp, unsigned n_man, uint64_t x)
{
	const uint64_t top = (1u << n_exp) - 1;
	uint64_t sign = (x >> (n_exp + n_man) & 1) << 63;
	uint64_t exp = x >> n_man & top;
	uint64_t man = x & ((UINT64_C(1) << n_man) - 1);
	unsigned shift;

	if (n_exp == 11)
		return (x);
	if (exp == top)
		exp = 0x7ff;
	else if (exp != 0)
		exp += 1023 - (top >> 1);
	else if (man != 0) {
		/* subnormal: its first bit becomes the implicit one */
		shift = (unsigned)__builtin_clzll(man) - (63 - n_man);
		man = man << shift & ((UINT64_C(1) << n_man) - 1);
		exp = 1023 - (top >> 1) + 1 - shift;
	}
	return (sign | exp << 52 | man << (52 - n_man));
}

/* Times 2^shift. */
static inline uint64_t
sym_bits_scale(uint64_t x, int shift, bool *inexact)
{
	int exp = (int)(x >> 52 & 0x7ff), n;
	uint64_t man = x & SYM_BITS_MANTISSA;

	if (shift == 0 || exp == 0x7ff || (x & ~SYM_BITS_SIGN) == 0)
		return (x);
	if (exp == 0) {
		n = __builtin_clzll(man) - 11;
		man <<= n;
		exp = 1 - n;
	} else
		man |= UINT64_C(1) << 52;
	if (__builtin_add_overflow(exp, shift, &exp) || exp >= 0x7ff) {
		*inexact = true;
		return (0);
	}
	if (exp > 0)
		return ((x & SYM_BITS_SIGN) | (uint64_t)exp << 52 |
		    (man & SYM_BITS_MANTISSA));
	if (exp < -52 || (man & ((UINT64_C(1) << (1 - exp)) - 1)) != 0) {
		*inexact = true;
		return (0);
	}
	return ((x & SYM_BITS_SIGN) | man >> (1 - exp));
}

/* To a format of `n_exp` exponent and `n_man` mantissa bits. */
static inline uint64_t
sym_bits_narrow(unsigned n_exp, unsigned n_man, uint64_t x, bool *inexact)
{
	const int top = (1 << n_exp) - 1, bias = top >> 1;
	uint64_t sign = x >> 63 << (n_exp + n_man);
	int exp = (int)(x >> 52 & 0x7ff), lost = 52 - (int)n_man;
	uint64_t man = x & SYM_BITS_MANTISSA;

	if (n_exp == 11)
		return (x);
	if ((x & ~SYM_BITS_SIGN) == 0)
		return (sign);
	if (exp == 0x7ff)
		exp = top;
	else {
		exp += bias - 1023;
		if (exp <= 0) {
			man |= UINT64_C(1) << 52;
			lost += 1 - exp;
			exp = 0;
		} else if (exp >= top)
			goto inexact;
	}
	if (lost > 52 || (man & ((UINT64_C(1) << lost) - 1)) != 0)
		goto inexact;
	return (sign | (uint64_t)exp << n_man | man >> lost);

inexact:
	*inexact = true;
	return (0);
}

#endif
