/*
 * plane_kernel_avx512: for AVX-512 F, BW and VL.
 *
 * 64 lanes are four vectors of 16 states. Words are shared in the order of
 * the lanes, as the plain loops do it.
 */
#include "codec/plane_body.h"

#include <immintrin.h>

#define N_VECTORS (ANS_LANES / 16)

static inline __m512i
encode_16(const struct ans_encoder *t, const unsigned char *symbols,
    __m512i x, unsigned char **at)
{
	const __m512i low12 = _mm512_set1_epi32(4095);
	__m512i s, e, r, f, even, odd, q;
	__mmask16 full;
	unsigned n;

	s = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)symbols));
	e = _mm512_i32gather_epi32(s, t->entry, 4);
	r = _mm512_i32gather_epi32(s, t->reciprocal, 4);
	f = _mm512_and_si512(e, low12);
	full = _mm512_cmpge_epu32_mask(_mm512_srli_epi32(x, 19), f);
	n = (unsigned)_mm_popcnt_u32(full);
	*at -= 2 * n;
	_mm256_mask_storeu_epi16(*at, (__mmask16)((1u << n) - 1),
	    _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(full, x)));
	x = _mm512_mask_srli_epi32(x, full, x, 16);
	even = _mm512_srli_epi64(_mm512_mul_epu32(x, r), 32);
	odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32),
	    _mm512_srli_epi64(r, 32));
	q = _mm512_mask_blend_epi32(0xAAAA, even, odd);
	q = _mm512_srlv_epi32(q, _mm512_srli_epi32(e, 25));
	q = _mm512_mullo_epi32(q, _mm512_sub_epi32(
	    _mm512_set1_epi32(ANS_SLOTS), f));
	return (_mm512_add_epi32(_mm512_add_epi32(x, q), _mm512_and_si512(
	    _mm512_srli_epi32(e, 12), _mm512_set1_epi32(8191))));
}

static unsigned char *
encode_64(const struct ans_encoder *t, const unsigned char *symbols, size_t n,
    uint32_t *states, unsigned n_lanes, unsigned char *end)
{
	__m512i x[N_VECTORS];
	size_t whole = n / ANS_LANES * ANS_LANES;
	unsigned k;

	if (n_lanes != ANS_LANES)
		return (encode(t, symbols, n, states, n_lanes, end));
	end = encode(t, symbols + whole, n - whole, states, n_lanes, end);
	for (k = 0; k < N_VECTORS; k++)
		x[k] = _mm512_loadu_si512(states + 16 * k);
	while (whole > 0) {
		whole -= ANS_LANES;
		x[3] = encode_16(t, symbols + whole + 48, x[3], &end);
		x[2] = encode_16(t, symbols + whole + 32, x[2], &end);
		x[1] = encode_16(t, symbols + whole + 16, x[1], &end);
		x[0] = encode_16(t, symbols + whole, x[0], &end);
	}
	for (k = 0; k < N_VECTORS; k++)
		_mm512_storeu_si512(states + 16 * k, x[k]);
	return (end);
}

static inline __m512i
decode_16(const struct ans_decoder *t, __m512i x,
    const unsigned char **words, unsigned char *symbols)
{
	const __m512i low12 = _mm512_set1_epi32(4095);
	__m512i e, w;
	__mmask16 low;

	e = _mm512_i32gather_epi32(_mm512_and_si512(x, low12), t->slot, 4);
	_mm_storeu_si128((void *)symbols, _mm512_cvtepi32_epi8(
	    _mm512_srli_epi32(e, 24)));
	x = _mm512_add_epi32(_mm512_and_si512(e, low12), _mm512_mullo_epi32(
	    _mm512_and_si512(_mm512_srli_epi32(e, 12), low12),
	    _mm512_srli_epi32(x, ANS_BITS)));
	low = _mm512_cmplt_epu32_mask(x, _mm512_set1_epi32(ANS_LOW));
	w = _mm512_maskz_expand_epi32(low, _mm512_cvtepu16_epi32(
	    _mm256_loadu_si256((const void *)*words)));
	*words += 2 * _mm_popcnt_u32(low);
	return (_mm512_or_si512(_mm512_mask_slli_epi32(x, low, x, 16), w));
}

static const unsigned char *
decode_64(const struct ans_decoder *t, const unsigned char *words,
    const unsigned char *end, uint32_t *states, unsigned n_lanes,
    unsigned char *symbols, size_t n)
{
	__m512i x[N_VECTORS];
	size_t i = 0;
	unsigned k;

	if (n_lanes != ANS_LANES)
		return (decode(t, words, end, states, n_lanes, symbols, n));
	for (k = 0; k < N_VECTORS; k++)
		x[k] = _mm512_loadu_si512(states + 16 * k);
	for (; n - i >= ANS_LANES && end - words >= 2 * ANS_LANES + 32;
	    i += ANS_LANES) {
		x[0] = decode_16(t, x[0], &words, symbols + i);
		x[1] = decode_16(t, x[1], &words, symbols + i + 16);
		x[2] = decode_16(t, x[2], &words, symbols + i + 32);
		x[3] = decode_16(t, x[3], &words, symbols + i + 48);
	}
	for (k = 0; k < N_VECTORS; k++)
		_mm512_storeu_si512(states + 16 * k, x[k]);
	return (decode(t, words, end, states, n_lanes, symbols + i, n - i));
}

const struct plane_kernel plane_kernel_avx512 = {
	split, join, pack, unpack, count_bytes, encode_64, decode_64
};
