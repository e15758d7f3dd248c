/*
 * plane_kernel_generic: for any CPU.
 */
#include "codec/plane_body.h"

#include "codec/ans_body.h"

static unsigned char *
encode(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, size_t n, uint32_t *states,
    unsigned n_lanes, unsigned char *end)
{
	return (ans_encode_any(codes, symbols, context, 0, n, states,
	    n_lanes, end));
}

static const unsigned char *
decode(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t n)
{
	return (ans_decode_any(slots, context, words, end, states, n_lanes,
	    symbols, 0, n));
}

const struct plane_kernel plane_kernel_generic = {
	split, join, pack, unpack, count_bytes, encode, decode,
	&delta_kernel_generic
};
