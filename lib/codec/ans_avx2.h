/*
 * ans_avx2: the entropy coder with vectors of 8 states.
 *
 * Words are shared in the order of the lanes, as the plain loops do it.
 */
#ifndef CKPT_CODEC_ANS_AVX2_H
#define CKPT_CODEC_ANS_AVX2_H

#include <immintrin.h>

#include "codec/ans_body.h"

/* How many lanes before each take a word too, by the mask of all that do. */
#define ANS_BIT(m, i) ((m) >> (i) & 1)
#define ANS_RANK_4(m) (ANS_BIT(m, 0) + ANS_BIT(m, 1) + ANS_BIT(m, 2) + \
	ANS_BIT(m, 3))
#define ANS_RANKS(m) { 0, ANS_BIT(m, 0), ANS_BIT(m, 0) + ANS_BIT(m, 1), \
	ANS_BIT(m, 0) + ANS_BIT(m, 1) + ANS_BIT(m, 2), ANS_RANK_4(m), \
	ANS_RANK_4(m) + ANS_BIT(m, 4), \
	ANS_RANK_4(m) + ANS_BIT(m, 4) + ANS_BIT(m, 5), \
	ANS_RANK_4(m) + ANS_BIT(m, 4) + ANS_BIT(m, 5) + ANS_BIT(m, 6) }
#define ANS_RANKS_4(m) ANS_RANKS(m), ANS_RANKS((m) + 1), \
	ANS_RANKS((m) + 2), ANS_RANKS((m) + 3)
#define ANS_RANKS_16(m) ANS_RANKS_4(m), ANS_RANKS_4((m) + 4), \
	ANS_RANKS_4((m) + 8), ANS_RANKS_4((m) + 12)
#define ANS_RANKS_64(m) ANS_RANKS_16(m), ANS_RANKS_16((m) + 16), \
	ANS_RANKS_16((m) + 32), ANS_RANKS_16((m) + 48)

static const unsigned char ans_ranks[256][8] = {
	ANS_RANKS_64(0), ANS_RANKS_64(64), ANS_RANKS_64(128),
	ANS_RANKS_64(192)
};

static ANS_INLINE __m256i
ans_bytes_8(const unsigned char *p)
{
	return (_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)));
}

/* The low halves of the lanes in `full`, in their order, before `at`. */
static ANS_INLINE unsigned char *
ans_give_away(__m256i x, unsigned full, unsigned char *at)
{
	uint32_t lane[8];
	unsigned k;

	_mm256_storeu_si256((void *)lane, x);
	for (k = 8; k-- > 0; at -= 2 * (full >> k & 1))
		le16_store(at - 2, (uint16_t)lane[k]);
	return (at);
}

static ANS_INLINE __m256i
ans_encode_8(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, __m256i x, unsigned char **at)
{
	const __m256i low12 = _mm256_set1_epi32(4095);
	__m256i s, c, e, r, full, less, even, odd, q;
	__m256 a, b;

	s = ans_bytes_8(symbols);
	if (context != NULL) {
		c = ans_bytes_8(context);
		s = _mm256_add_epi32(_mm256_add_epi32(s, c),
		    _mm256_slli_epi32(c, 6));
	}
	a = _mm256_castsi256_ps(_mm256_i32gather_epi64((const void *)codes,
	    _mm256_castsi256_si128(s), 8));
	b = _mm256_castsi256_ps(_mm256_i32gather_epi64((const void *)codes,
	    _mm256_extracti128_si256(s, 1), 8));
	e = _mm256_permute4x64_epi64(_mm256_castps_si256(
	    _mm256_shuffle_ps(a, b, 0x88)), 0xD8);
	r = _mm256_permute4x64_epi64(_mm256_castps_si256(
	    _mm256_shuffle_ps(a, b, 0xDD)), 0xD8);
	less = _mm256_and_si256(e, low12);
	full = _mm256_cmpgt_epi32(_mm256_srli_epi32(x, 19), less);
	*at = ans_give_away(x, (unsigned)_mm256_movemask_ps(
	    _mm256_castsi256_ps(full)), *at);
	x = _mm256_srlv_epi32(x, _mm256_and_si256(full,
	    _mm256_set1_epi32(16)));
	even = _mm256_srli_epi64(_mm256_mul_epu32(x, r), 32);
	odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32),
	    _mm256_srli_epi64(r, 32));
	q = _mm256_blend_epi32(even, odd, 0xAA);
	q = _mm256_srlv_epi32(q, _mm256_srli_epi32(e, 25));
	q = _mm256_mullo_epi32(q, _mm256_andnot_si256(e, low12));
	return (_mm256_add_epi32(_mm256_add_epi32(x, q), _mm256_and_si256(
	    _mm256_srli_epi32(e, 12), _mm256_set1_epi32(8191))));
}

static ANS_INLINE unsigned char *
ans_encode_vectors(const struct ans_code *codes,
    const unsigned char *symbols, const unsigned char *context, size_t n,
    uint32_t *states, unsigned n_lanes, unsigned char *end)
{
	uint32_t *state;
	__m256i x;

	while (n > 0) {
		n -= 8;
		state = states + (n & (n_lanes - 1));
		x = _mm256_loadu_si256((const void *)state);
		x = ans_encode_8(codes, symbols + n, context == NULL ? NULL :
		    context + n, x, &end);
		_mm256_storeu_si256((void *)state, x);
	}
	return (end);
}

static unsigned char *
ans_encode_256(const struct ans_code *codes, const unsigned char *symbols,
    const unsigned char *context, size_t n, uint32_t *states,
    unsigned n_lanes, unsigned char *end)
{
	size_t whole = n_lanes < 8 ? 0 : n - n % n_lanes;

	end = ans_encode_any(codes, symbols, context, whole, n, states,
	    n_lanes, end);
	if (context == NULL)
		return (ans_encode_vectors(codes, symbols, NULL, whole,
		    states, n_lanes, end));
	return (ans_encode_vectors(codes, symbols, context, whole, states,
	    n_lanes, end));
}

static ANS_INLINE __m256i
ans_decode_8(const uint32_t *slots, const unsigned char *context, __m256i x,
    const unsigned char **words, unsigned char *symbols)
{
	const __m256i low12 = _mm256_set1_epi32(4095);
	const __m256i bytes = _mm256_set1_epi32(0x0C080400);
	__m256i at, e, high, w, low;
	unsigned mask;

	at = _mm256_and_si256(x, low12);
	if (context != NULL)
		at = _mm256_or_si256(at, _mm256_slli_epi32(
		    ans_bytes_8(context), ANS_BITS));
	e = _mm256_i32gather_epi32((const void *)slots, at, 4);
	w = _mm256_shuffle_epi8(e, bytes);
	_mm_storel_epi64((void *)symbols, _mm_unpacklo_epi32(
	    _mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1)));
	high = _mm256_srli_epi32(x, ANS_BITS);
	x = _mm256_add_epi32(_mm256_add_epi32(_mm256_and_si256(
	    _mm256_srli_epi32(e, 8), low12), high), _mm256_mullo_epi32(high,
	    _mm256_srli_epi32(e, 20)));
	low = _mm256_cmpgt_epi32(_mm256_set1_epi32(ANS_LOW), x);
	mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(low));
	w = _mm256_permutevar8x32_epi32(_mm256_cvtepu16_epi32(
	    _mm_loadu_si128((const void *)*words)),
	    ans_bytes_8(ans_ranks[mask]));
	*words += 2 * _mm_popcnt_u32(mask);
	x = _mm256_sllv_epi32(x, _mm256_and_si256(low,
	    _mm256_set1_epi32(16)));
	return (_mm256_or_si256(x, _mm256_and_si256(w, low)));
}

/* As far as all reads are within the words; *i symbols are decoded. */
static ANS_INLINE const unsigned char *
ans_decode_vectors(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t n, size_t *i)
{
	uint32_t *state;
	__m256i x;

	for (; n - *i >= 8 && end - words >= 16; *i += 8) {
		state = states + (*i & (n_lanes - 1));
		x = _mm256_loadu_si256((const void *)state);
		x = ans_decode_8(slots, context == NULL ? NULL : context +
		    *i, x, &words, symbols + *i);
		_mm256_storeu_si256((void *)state, x);
	}
	return (words);
}

static const unsigned char *
ans_decode_256(const uint32_t *slots, const unsigned char *context,
    const unsigned char *words, const unsigned char *end, uint32_t *states,
    unsigned n_lanes, unsigned char *symbols, size_t n)
{
	size_t i = 0;

	if (n_lanes >= 8 && context == NULL)
		words = ans_decode_vectors(slots, NULL, words, end, states,
		    n_lanes, symbols, n, &i);
	else if (n_lanes >= 8)
		words = ans_decode_vectors(slots, context, words, end,
		    states, n_lanes, symbols, n, &i);
	return (ans_decode_any(slots, context, words, end, states, n_lanes,
	    symbols, i, n));
}

#endif
