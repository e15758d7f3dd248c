/*
 * ans_avx512: the entropy coder with vectors of 16 states.
 *
 * Words are shared in the order of the lanes, as the plain loops do it.
 */
#ifndef CKPT_CODEC_ANS_AVX512_H
#define CKPT_CODEC_ANS_AVX512_H

#include <immintrin.h>

#include "codec/ans_body.h"

static ANS_INLINE __m512i
ans_bytes_16(const unsigned char *p)
{
	return (_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)));
}

/* Entries and reciprocals lie side by side: half as many loads. */
static ANS_INLINE __m512i
ans_encode_16(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, __m512i x, unsigned char **at)
{
	const __m512i low12 = _mm512_set1_epi32(4095);
	const __m512i evens = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18,
	    16, 14, 12, 10, 8, 6, 4, 2, 0);
	__m512i s, e, r, c, d, less, even, odd, q;
	__mmask16 full;
	unsigned n;

	s = ans_bytes_16(symbols);
	if (context != NULL) {
		c = ans_bytes_16(context);
		s = _mm512_add_epi32(_mm512_add_epi32(s, c),
		    _mm512_slli_epi32(c, 6));
	}
	c = _mm512_i32gather_epi64(_mm512_castsi512_si256(s), codes, 8);
	d = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(s, 1), codes,
	    8);
	e = _mm512_permutex2var_epi32(c, evens, d);
	r = _mm512_permutex2var_epi32(c, _mm512_add_epi32(evens,
	    _mm512_set1_epi32(1)), d);
	less = _mm512_and_si512(e, low12);
	full = _mm512_cmpgt_epu32_mask(_mm512_srli_epi32(x, 19), less);
	n = (unsigned)_mm_popcnt_u32(full);
	*at -= 2 * n;
	_mm256_mask_storeu_epi16(*at, (__mmask16)((1u << n) - 1),
	    _mm256_maskz_compress_epi16(full, _mm512_cvtepi32_epi16(x)));
	x = _mm512_mask_srli_epi32(x, full, x, 16);
	even = _mm512_srli_epi64(_mm512_mul_epu32(x, r), 32);
	odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32),
	    _mm512_srli_epi64(r, 32));
	q = _mm512_mask_blend_epi32(0xAAAA, even, odd);
	q = _mm512_srlv_epi32(q, _mm512_srli_epi32(e, 25));
	q = _mm512_mullo_epi32(q, _mm512_andnot_si512(e, low12));
	return (_mm512_add_epi32(_mm512_add_epi32(x, q), _mm512_and_si512(
	    _mm512_srli_epi32(e, 12), _mm512_set1_epi32(8191))));
}

/* `n`, a multiple of 16 * n_vectors. */
static ANS_INLINE unsigned char *
ans_encode_vectors(const struct ans_code *codes,
    const unsigned char *symbols, const unsigned char *context, size_t n,
    uint32_t *states, unsigned n_vectors, unsigned char *end)
{
	__m512i x[ANS_LANES / 16];
	unsigned k;

	for (k = 0; k < n_vectors; k++)
		x[k] = _mm512_loadu_si512(states + 16 * k);
	while (n > 0)
		for (k = n_vectors; k-- > 0; ) {
			n -= 16;
			x[k] = ans_encode_16(codes, symbols + n,
			    context == NULL ? NULL : context + n, x[k],
			    &end);
		}
	for (k = 0; k < n_vectors; k++)
		_mm512_storeu_si512(states + 16 * k, x[k]);
	return (end);
}

static unsigned char *
ans_encode_512(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, size_t n, uint32_t *states,
    unsigned n_lanes, unsigned char *end)
{
	size_t whole = n_lanes < 16 ? 0 : n - n % n_lanes;

	end = ans_encode_any(codes, symbols, context, whole, n, states,
	    n_lanes, end);
	if (n_lanes == 128 && context == NULL)
		return (ans_encode_vectors(codes, symbols, NULL, whole,
		    states, 8, end));
	if (n_lanes == 128)
		return (ans_encode_vectors(codes, symbols, context, whole,
		    states, 8, end));
	if (n_lanes == 64)
		return (ans_encode_vectors(codes, symbols, context, whole,
		    states, 4, end));
	if (n_lanes == 32)
		return (ans_encode_vectors(codes, symbols, context, whole,
		    states, 2, end));
	return (ans_encode_vectors(codes, symbols, context, whole, states, 1,
	    end));
}

static ANS_INLINE __m512i
ans_decode_16(const uint32_t *slots, const unsigned char *context, __m512i x,
    const unsigned char **words, unsigned char *symbols)
{
	const __m512i low12 = _mm512_set1_epi32(4095);
	__m512i at, e, high, w;
	__mmask16 low;

	at = _mm512_and_si512(x, low12);
	if (context != NULL)
		at = _mm512_or_si512(at, _mm512_slli_epi32(
		    ans_bytes_16(context), ANS_BITS));
	e = _mm512_i32gather_epi32(at, slots, 4);
	_mm_storeu_si128((void *)symbols, _mm512_cvtepi32_epi8(e));
	high = _mm512_srli_epi32(x, ANS_BITS);
	x = _mm512_add_epi32(_mm512_add_epi32(_mm512_and_si512(
	    _mm512_srli_epi32(e, 8), low12), high), _mm512_mullo_epi32(high,
	    _mm512_srli_epi32(e, 20)));
	low = _mm512_cmplt_epu32_mask(x, _mm512_set1_epi32(ANS_LOW));
	w = _mm512_cvtepu16_epi32(_mm256_maskz_expand_epi16(low,
	    _mm256_loadu_si256((const void *)*words)));
	*words += 2 * _mm_popcnt_u32(low);
	return (_mm512_or_si512(_mm512_mask_slli_epi32(x, low, x, 16), w));
}

/* As far as all reads are within the words; *i symbols are decoded. */
static ANS_INLINE const unsigned char *
ans_decode_vectors(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_vectors, unsigned char *symbols, size_t n, size_t *i)
{
	__m512i x[ANS_LANES / 16];
	unsigned k;

	for (k = 0; k < n_vectors; k++)
		x[k] = _mm512_loadu_si512(states + 16 * k);
	while (n - *i >= 16 * n_vectors &&
	    end - words >= (ptrdiff_t)(32 * n_vectors + 32))
		for (k = 0; k < n_vectors; k++, *i += 16)
			x[k] = ans_decode_16(slots, context == NULL ? NULL :
			    context + *i, x[k], &words, symbols + *i);
	for (k = 0; k < n_vectors; k++)
		_mm512_storeu_si512(states + 16 * k, x[k]);
	return (words);
}

static const unsigned char *
ans_decode_512(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t n)
{
	size_t i = 0;

	if (n_lanes == 128 && context == NULL)
		words = ans_decode_vectors(slots, NULL, words, end, states,
		    8, symbols, n, &i);
	else if (n_lanes == 128)
		words = ans_decode_vectors(slots, context, words, end,
		    states, 8, symbols, n, &i);
	else if (n_lanes == 64)
		words = ans_decode_vectors(slots, context, words, end,
		    states, 4, symbols, n, &i);
	else if (n_lanes == 32)
		words = ans_decode_vectors(slots, context, words, end,
		    states, 2, symbols, n, &i);
	else if (n_lanes == 16)
		words = ans_decode_vectors(slots, context, words, end,
		    states, 1, symbols, n, &i);
	return (ans_decode_any(slots, context, words, end, states, n_lanes,
	    symbols, i, n));
}

#endif
