/*
 * ans_body: the loops of the entropy coder for any CPU, which are also what
 * others begin and end with. Included once for each instruction set.
 *
 * Whether a state gives away a word is as good as random: no branch asks.
 */
#ifndef CKPT_CODEC_ANS_BODY_H
#define CKPT_CODEC_ANS_BODY_H

#include "codec/ans.h"

#define ANS_INLINE inline __attribute__((always_inline))

static ANS_INLINE size_t
ans_code_at(const unsigned char *symbols, const unsigned char *context,
    size_t i)
{
	return (context == NULL ? symbols[i] :
	    context[i] * (size_t)ANS_STRIDE + symbols[i]);
}

static ANS_INLINE unsigned char *
ans_encode_some(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, size_t first, size_t n, uint32_t *states,
    unsigned n_lanes, unsigned char *at)
{
	struct ans_code c;
	uint32_t x, less, full, q;

	while (n-- > first) {
		c = codes[ans_code_at(symbols, context, n)];
		x = states[n & (n_lanes - 1)];
		less = ANS_ENTRY_LESS(c.entry);
		full = x >> 19 > less;
		le16_store(at - 2, (uint16_t)x);
		at -= 2 * full;
		x >>= 16 * full;
		q = (uint32_t)((uint64_t)x * c.reciprocal >> 32) >>
		    ANS_ENTRY_SHIFT(c.entry);
		states[n & (n_lanes - 1)] = x + ANS_ENTRY_ADD(c.entry) +
		    q * (ANS_SLOTS - 1 - less);
	}
	return (at);
}

static ANS_INLINE uint32_t
ans_step(uint32_t x, uint32_t slot)
{
	return ((slot >> 20) * (x >> ANS_BITS) + (x >> ANS_BITS) +
	    (slot >> 8 & 4095));
}

static ANS_INLINE const unsigned char *
ans_decode_some(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t i, size_t n)
{
	uint32_t x, slot, low;
	size_t at = 0;

	for (; i < n; i++) {
		x = states[i & (n_lanes - 1)];
		if (context != NULL)
			at = (size_t)context[i] << ANS_BITS;
		slot = slots[at + (x & (ANS_SLOTS - 1))];
		symbols[i] = (unsigned char)slot;
		x = ans_step(x, slot);
		low = x < ANS_LOW;
		if (words < end) {
			x = x << 16 * low | (le16_load(words) & -low);
			words += 2 * low;
		} else if (low) {
			return (NULL);
		}
		states[i & (n_lanes - 1)] = x;
	}
	return (words);
}

/* The two cases apart, for the compiler to drop what one does not need. */
static unsigned char *
ans_encode_any(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, size_t first, size_t n, uint32_t *states,
    unsigned n_lanes, unsigned char *end)
{
	return (context == NULL ? ans_encode_some(codes, symbols, NULL,
	    first, n, states, n_lanes, end) : ans_encode_some(codes, symbols,
	    context, first, n, states, n_lanes, end));
}

static const unsigned char *
ans_decode_any(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t i, size_t n)
{
	return (context == NULL ? ans_decode_some(slots, NULL, words, end,
	    states, n_lanes, symbols, i, n) : ans_decode_some(slots, context,
	    words, end, states, n_lanes, symbols, i, n));
}

#endif
