/*
 * delta_kernel_avx512: for AVX-512 F, BW, CD, VL and VBMI2.
 *
 * Where the low bits of eight or sixteen elements begin is the sum of the
 * classes before: eight sums of bytes are one product.
 */
#include "codec/delta_body.h"

#include <immintrin.h>

#define BYTES UINT64_C(0x0101010101010101)

/* Classes up to 16: all bits of an element are within 32. Returns where the
 * next begin. */
static DELTA_INLINE size_t
take_16_of_16(const unsigned char *class, const unsigned char *low,
    size_t at, uint16_t *d)
{
	const __m512i one = _mm512_set1_epi32(1);
	uint64_t a = le64_load(class), b = le64_load(class + 8);
	uint64_t sum_a = a * BYTES, sum_b = b * BYTES + (sum_a >> 56) * BYTES;
	__m512i where, x, k, full, half;

	where = _mm512_cvtepu8_epi32(_mm_set_epi64x(
	    (long long)(sum_b - b), (long long)(sum_a - a)));
	where = _mm512_add_epi32(where, _mm512_set1_epi32((int)(at & 7)));
	x = _mm512_i32gather_epi32(_mm512_srli_epi32(where, 3),
	    low + at / 8, 1);
	x = _mm512_srlv_epi32(x, _mm512_and_si512(where,
	    _mm512_set1_epi32(7)));
	k = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)class));
	full = _mm512_sllv_epi32(one, k);
	x = _mm512_and_si512(x, _mm512_sub_epi32(full, one));
	half = _mm512_srli_epi32(full, 1);
	k = _mm512_or_si512(x, half);
	x = _mm512_mask_sub_epi32(k, _mm512_test_epi32_mask(x, half),
	    _mm512_setzero_si512(), k);
	_mm256_storeu_si256((void *)d, _mm512_cvtepi32_epi16(x));
	/* all sixteen may be 256 */
	return (at + ((sum_b - b) >> 56) + (b >> 56));
}

/* Classes up to 32, of which the sum of eight may be 256. */
static DELTA_INLINE size_t
take_8_of_32(const unsigned char *class, const unsigned char *low, size_t at,
    uint32_t *d)
{
	const __m512i one = _mm512_set1_epi64(1);
	uint64_t a = le64_load(class), before = (a << 8) * BYTES;
	__m512i where, x, k, full, half;

	where = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128((long long)before));
	where = _mm512_add_epi64(where, _mm512_set1_epi64(
	    (long long)(at & 7)));
	x = _mm512_i64gather_epi64(_mm512_srli_epi64(where, 3), low + at / 8,
	    1);
	x = _mm512_srlv_epi64(x, _mm512_and_si512(where,
	    _mm512_set1_epi64(7)));
	k = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128((long long)a));
	full = _mm512_sllv_epi64(one, k);
	x = _mm512_and_si512(x, _mm512_sub_epi64(full, one));
	half = _mm512_srli_epi64(full, 1);
	k = _mm512_or_si512(x, half);
	x = _mm512_mask_sub_epi64(k, _mm512_test_epi64_mask(x, half),
	    _mm512_setzero_si512(), k);
	_mm256_storeu_si256((void *)d, _mm512_cvtepi64_epi32(x));
	return (at + (before >> 56) + (a >> 56));
}

static void
add_16_512(bool is_float, const unsigned char *class,
    const unsigned char *low, size_t at, const unsigned char *base, size_t n,
    unsigned char *raw)
{
	uint16_t d[DELTA_BLOCK];
	size_t i;

	for (i = 0; i + 16 <= n; i += 16)
		at = take_16_of_16(class + i, low, at, d + i);
	take_16(class + i, low, at, n - i, d + i);
	if (is_float)
		add_to_16(true, d, base, n, raw);
	else
		add_to_16(false, d, base, n, raw);
}

static void
add_32_512(bool is_float, const unsigned char *class,
    const unsigned char *low, size_t at, const unsigned char *base, size_t n,
    unsigned char *raw)
{
	uint32_t d[DELTA_BLOCK];
	size_t i;

	for (i = 0; i + 8 <= n; i += 8)
		at = take_8_of_32(class + i, low, at, d + i);
	take_32(class + i, low, at, n - i, d + i);
	if (is_float)
		add_to_32(true, d, base, n, raw);
	else
		add_to_32(false, d, base, n, raw);
}

static bool
add_512(const struct delta_shape *s, const unsigned char *class,
    const unsigned char *low, unsigned bit, const unsigned char *base,
    size_t n, unsigned char *raw)
{
	if (s->n_bytes == 2)
		add_16_512(s->is_float, class, low, bit, base, n, raw);
	else if (s->n_bytes == 4)
		add_32_512(s->is_float, class, low, bit, base, n, raw);
	else
		return (add(s, class, low, bit, base, n, raw));
	return (are_in_range(8 * s->n_bytes, class, low, bit, n));
}

const struct delta_kernel delta_kernel_avx512 = {
	contexts, classes, count, put_low, sum, add_512
};
