/*
 * ans_table: frequencies, as they are chosen, written and read, and what
 * coders look up.
 */
#include "codec/ans.h"

/* The symbol that loses (step -1) or gains (+1) a slot at the least cost:
 * by the ratio of its count to its frequency. */
static unsigned
cheapest(const uint32_t *count, const uint16_t *freq, unsigned n, int step)
{
	unsigned best = n, i;
	uint64_t a, b;

	for (i = 0; i < n; i++) {
		if (count[i] == 0 || (step < 0 && freq[i] == 1))
			continue;
		if (best == n) {
			best = i;
			continue;
		}
		a = (uint64_t)count[i] * freq[best];
		b = (uint64_t)count[best] * freq[i];
		if (step < 0 ? a < b : a > b)
			best = i;
	}
	return (best);
}

void
ans_normalise(const uint32_t *count, unsigned n, uint16_t *freq)
{
	uint64_t total = 0;
	uint32_t sum = 0, f;
	unsigned i;

	for (i = 0; i < n; i++)
		total += count[i];
	for (i = 0; i < n; i++) {
		f = (uint32_t)(((uint64_t)count[i] * ANS_SLOTS + total / 2) /
		    total);
		freq[i] = (uint16_t)(count[i] == 0 ? 0 : f == 0 ? 1 : f);
		sum += freq[i];
	}
	for (; sum > ANS_SLOTS; sum--)
		freq[cheapest(count, freq, n, -1)]--;
	for (; sum < ANS_SLOTS; sum++)
		freq[cheapest(count, freq, n, 1)]++;
}

static unsigned
bit_length(unsigned x)
{
	return (x == 0 ? 0 : 32 - (unsigned)__builtin_clz(x));
}

size_t
ans_table_write(const uint16_t *freq, unsigned n, unsigned char *out)
{
	unsigned n_bits, bits = 0, i;
	uint32_t held = 0;
	size_t at = 0;

	for (i = 0; i < n; i++) {
		n_bits = bit_length(freq[i]);
		held |= n_bits << bits;
		bits += 4;
		if (n_bits > 1) {
			held |= (freq[i] & ((1u << (n_bits - 1)) - 1)) << bits;
			bits += n_bits - 1;
		}
		for (; bits >= 8; bits -= 8, held >>= 8)
			out[at++] = (unsigned char)held;
	}
	if (bits > 0)
		out[at++] = (unsigned char)held;
	return (at);
}

/* A reader of bits, the lowest first. */
struct ans_bits {
	const unsigned char *in;
	size_t n, at;
	uint32_t held;
	unsigned n_held;
};

/* Up to 12 bits; false at the end. */
static bool
take(struct ans_bits *b, unsigned n, unsigned *out)
{
	while (b->n_held < n) {
		if (b->at == b->n)
			return (false);
		b->held |= (uint32_t)b->in[b->at++] << b->n_held;
		b->n_held += 8;
	}
	*out = b->held & ((1u << n) - 1);
	b->held >>= n;
	b->n_held -= n;
	return (true);
}

size_t
ans_table_read(const unsigned char *in, size_t n_in, unsigned n,
    uint16_t *freq, bool *is_empty)
{
	struct ans_bits b = { .in = in, .n = n_in };
	unsigned n_bits, low, sum = 0, i;

	for (i = 0; i < n; i++) {
		if (!take(&b, 4, &n_bits) || n_bits > ANS_BITS + 1)
			return (0);
		low = 0;
		if (n_bits > 1 && !take(&b, n_bits - 1, &low))
			return (0);
		freq[i] = (uint16_t)(n_bits == 0 ? 0 :
		    1u << (n_bits - 1) | low);
		sum += freq[i];
	}
	*is_empty = sum == 0;
	return ((sum == 0 || sum == ANS_SLOTS) && b.held == 0 ? b.at : 0);
}

void
ans_encoder_init(struct ans_code *code, const uint16_t *freq, unsigned n)
{
	uint32_t start = 0, f, shift;
	unsigned i;

	for (i = 0; i < n; i++) {
		f = freq[i];
		if (f < 2) { /* x - 1 for x / 1 */
			code[i].reciprocal = UINT32_MAX;
			code[i].entry = (start + ANS_SLOTS - 1) << 12;
		} else {
			shift = bit_length(f - 1);
			code[i].reciprocal = (uint32_t)(((1ull <<
			    (shift + 31)) + f - 1) / f);
			code[i].entry = (f - 1) | start << 12 |
			    (shift - 1) << 25;
		}
		start += f;
	}
}

void
ans_decoder_init(uint32_t *slot, const uint16_t *freq, unsigned n)
{
	uint32_t start = 0, f, base, i, k;

	for (i = 0; i < n; i++) {
		f = freq[i];
		base = (f - 1) << 20 | i;
		for (k = 0; k < f; k++)
			slot[start + k] = base | k << 8;
		start += f;
	}
}
