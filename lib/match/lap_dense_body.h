/*
 * lap_dense_body: what lap_dense.h promises, for the instruction set that
 * the including file is compiled for.
 */
#include <math.h>

#include "match/lap_dense.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

/* Bit k is set where c[k] - v[k] < limit; of a block. */
static inline uint32_t
mask_below(const int32_t *c, const int32_t *v, int32_t limit)
{
#if defined(__AVX512F__)
	return (_mm512_cmplt_epi32_mask(_mm512_sub_epi32(
	    _mm512_loadu_si512(c), _mm512_loadu_si512(v)),
	    _mm512_set1_epi32(limit)));
#elif defined(__AVX2__)
	__m256i l = _mm256_set1_epi32(limit), a, b;

	a = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)c),
	    _mm256_loadu_si256((const __m256i *)v));
	b = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(c + 8)),
	    _mm256_loadu_si256((const __m256i *)(v + 8)));
	a = _mm256_cmpgt_epi32(l, a);
	b = _mm256_cmpgt_epi32(l, b);
	return ((uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(a)) |
	    (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(b)) << 8);
#else
	uint32_t mask = 0;
	unsigned k;

	for (k = 0; k < LAP_DENSE_BLOCK; k++)
		mask |= (uint32_t)(c[k] - v[k] < limit) << k;
	return (mask);
#endif
}

static size_t
below(const int32_t *c, const int32_t *v, size_t n, int32_t limit,
    size_t *from, uint32_t *at, size_t room)
{
	size_t j = *from, k = 0;
	uint32_t mask;

	for (; j + LAP_DENSE_BLOCK <= n && k + LAP_DENSE_BLOCK <= room;
	    j += LAP_DENSE_BLOCK)
		for (mask = mask_below(c + j, v + j, limit); mask != 0;
		    mask &= mask - 1)
			at[k++] = (uint32_t)j +
			    (uint32_t)__builtin_ctz(mask);
	if (j + LAP_DENSE_BLOCK > n)
		for (; j < n && k < room; j++)
			if (c[j] - v[j] < limit)
				at[k++] = (uint32_t)j;
	*from = j;
	return (k);
}

static void
range(const float *c, size_t n, float *least, float *most)
{
	float low[LAP_DENSE_BLOCK], high[LAP_DENSE_BLOCK];
	float bad[LAP_DENSE_BLOCK];
	size_t j, k;

	for (k = 0; k < LAP_DENSE_BLOCK; k++) {
		low[k] = high[k] = c[0];
		bad[k] = 0;
	}
	for (j = 0; j + LAP_DENSE_BLOCK <= n; j += LAP_DENSE_BLOCK)
		for (k = 0; k < LAP_DENSE_BLOCK; k++) {
			low[k] = c[j + k] < low[k] ? c[j + k] : low[k];
			high[k] = c[j + k] > high[k] ? c[j + k] : high[k];
			bad[k] += c[j + k] - c[j + k];
		}
	for (k = 0; j < n; j++) {
		low[k] = c[j] < low[k] ? c[j] : low[k];
		high[k] = c[j] > high[k] ? c[j] : high[k];
		bad[k] += c[j] - c[j];
	}
	for (k = 1; k < LAP_DENSE_BLOCK; k++) {
		low[0] = low[k] < low[0] ? low[k] : low[0];
		high[0] = high[k] > high[0] ? high[k] : high[0];
		bad[0] += bad[k];
	}
	*least = low[0] + bad[0]; /* bad is 0, or NaN */
	*most = high[0] + bad[0];
}

static void
quantize(float *c, size_t n, double least, double scale)
{
	int32_t *q = (int32_t *)c;
	size_t j;

	for (j = 0; j < n; j++)
		q[j] = (int32_t)(((double)c[j] - least) * scale);
}

static void
lower(const int32_t *restrict c, size_t n, uint32_t i, int32_t *restrict v,
    uint32_t *restrict row)
{
	size_t j;

	for (j = 0; j < n; j++) {
		row[j] = c[j] < v[j] ? i : row[j];
		v[j] = c[j] < v[j] ? c[j] : v[j];
	}
}
