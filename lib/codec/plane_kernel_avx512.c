/*
 * plane_kernel_avx512: for AVX-512 F, BW, CD, VL and VBMI2.
 */
#include "codec/plane_body.h"

#include "codec/ans_avx512.h"

/* Bits are gathered and scattered by one instruction, eight bytes at once. */
static void
pack_512(unsigned bits, const unsigned char *in, size_t n,
    unsigned char *out)
{
	const uint64_t mask = ((1u << bits) - 1) * UINT64_C(0x0101010101010101);
	size_t i;

	for (i = 0; i + 64 <= n; i += 8, out += bits)
		le64_store(out, _pext_u64(le64_load(in + i), mask));
	pack(bits, in + i, n - i, out);
}

static void
unpack_512(unsigned bits, const unsigned char *in, size_t n,
    unsigned char *out)
{
	const uint64_t mask = ((1u << bits) - 1) * UINT64_C(0x0101010101010101);
	size_t i;

	for (i = 0; i + 64 <= n; i += 8, in += bits)
		le64_store(out + i, _pdep_u64(le64_load(in), mask));
	unpack(bits, in, n - i, out + i);
}

const struct plane_kernel plane_kernel_avx512 = {
	split, join, pack_512, unpack_512, count_bytes, ans_encode_512,
	ans_decode_512, &delta_kernel_avx512
};
