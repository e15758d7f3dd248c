/*
 * delta_order: floats as integers in the order of their values.
 */
#include "codec/delta.h"

uint64_t
delta_load(const unsigned char *p, unsigned n_bytes)
{
	switch (n_bytes) {
	case 1:
		return (p[0]);
	case 2:
		return (le16_load(p));
	case 4:
		return (le32_load(p));
	default:
		return (le64_load(p));
	}
}

static uint64_t
sign_bit(const struct delta_shape *s)
{
	return ((uint64_t)1 << (8 * s->n_bytes - 1));
}

/* Negative numbers count down from the middle, others up. */
uint64_t
delta_order(const struct delta_shape *s, uint64_t x)
{
	uint64_t sign = sign_bit(s);

	if (!s->is_float)
		return (x);
	return ((x & sign) != 0 ? x ^ (sign | (sign - 1)) : x | sign);
}

uint64_t
delta_unorder(const struct delta_shape *s, uint64_t x)
{
	uint64_t sign = sign_bit(s);

	if (!s->is_float)
		return (x);
	return ((x & sign) != 0 ? x ^ sign : x ^ (sign | (sign - 1)));
}

unsigned
delta_context(const struct delta_shape *s, uint64_t base)
{
	unsigned bits = 8 * s->n_bytes - s->is_float, e;

	if (s->context_bits == 0)
		return (0);
	base &= bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
	e = (unsigned)(base >> (bits - s->context_bits));
	if (e >= s->top)
		return (0);
	return (s->top - e < s->n_contexts ? s->top - e :
	    s->n_contexts - 1);
}
