/*
 * simd: one vector of floats, as wide as the instruction set that the file
 * is compiled for has it. Included only by the kernels, which are compiled
 * once for each instruction set; nothing here is visible outside of them.
 */
#ifndef CKPT_NN_SIMD_H
#define CKPT_NN_SIMD_H

#include <stddef.h>
#include <stdint.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline, unused))

/* A loop whose bounds are constants after inlining, to be written out. */
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

#define SIMD_LANES 16
#define SIMD_ACCUMULATORS 24 /* of 32 registers */
typedef __m512 vec;
typedef __m512i veci;
typedef __mmask16 vecmask;

ALWAYS_INLINE vec
vec_load(const float *p)
{
	return (_mm512_loadu_ps(p));
}

ALWAYS_INLINE void
vec_store(float *p, vec x)
{
	_mm512_storeu_ps(p, x);
}

ALWAYS_INLINE vec
vec_set1(float x)
{
	return (_mm512_set1_ps(x));
}

ALWAYS_INLINE vec
vec_fma(vec a, vec b, vec c)
{
	return (_mm512_fmadd_ps(a, b, c));
}

ALWAYS_INLINE vec
vec_sqrt(vec a)
{
	return (_mm512_sqrt_ps(a));
}

ALWAYS_INLINE vecmask
vec_less(vec a, vec b) /* false where one is NaN */
{
	return (_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ));
}

ALWAYS_INLINE vecmask
vec_equal(vec a, vec b)
{
	return (_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ));
}

ALWAYS_INLINE vecmask
vec_is_nan(vec a)
{
	return (_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q));
}

ALWAYS_INLINE vec
vec_select(vecmask m, vec yes, vec no)
{
	return (_mm512_mask_blend_ps(m, no, yes));
}

/* 2^n for integral n in [-126, 127] */
ALWAYS_INLINE vec
vec_exp2i(vec n)
{
	const veci i = _mm512_cvtps_epi32(n);

	return (_mm512_castsi512_ps(_mm512_slli_epi32(
	    _mm512_add_epi32(i, _mm512_set1_epi32(127)), 23)));
}

/* x > 0, normal: x = m * 2^e with m in [1, 2) */
ALWAYS_INLINE vec
vec_split(vec x, vec *e)
{
	const veci i = _mm512_castps_si512(x);

	*e = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_srli_epi32(i, 23),
	    _mm512_set1_epi32(127)));
	return (_mm512_castsi512_ps(_mm512_or_si512(_mm512_and_si512(i,
	    _mm512_set1_epi32(0x7fffff)), _mm512_set1_epi32(0x3f800000))));
}

#elif defined(__AVX2__)

#define SIMD_LANES 8
#define SIMD_ACCUMULATORS 12 /* of 16 registers */
typedef __m256 vec;
typedef __m256i veci;
typedef __m256 vecmask;

ALWAYS_INLINE vec
vec_load(const float *p)
{
	return (_mm256_loadu_ps(p));
}

ALWAYS_INLINE void
vec_store(float *p, vec x)
{
	_mm256_storeu_ps(p, x);
}

ALWAYS_INLINE vec
vec_set1(float x)
{
	return (_mm256_set1_ps(x));
}

ALWAYS_INLINE vec
vec_fma(vec a, vec b, vec c)
{
	return (_mm256_fmadd_ps(a, b, c));
}

ALWAYS_INLINE vec
vec_sqrt(vec a)
{
	return (_mm256_sqrt_ps(a));
}

ALWAYS_INLINE vecmask
vec_less(vec a, vec b)
{
	return (_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

ALWAYS_INLINE vecmask
vec_equal(vec a, vec b)
{
	return (_mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}

ALWAYS_INLINE vecmask
vec_is_nan(vec a)
{
	return (_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

ALWAYS_INLINE vec
vec_select(vecmask m, vec yes, vec no)
{
	return (_mm256_blendv_ps(no, yes, m));
}

ALWAYS_INLINE vec
vec_exp2i(vec n)
{
	const veci i = _mm256_cvtps_epi32(n);

	return (_mm256_castsi256_ps(_mm256_slli_epi32(
	    _mm256_add_epi32(i, _mm256_set1_epi32(127)), 23)));
}

ALWAYS_INLINE vec
vec_split(vec x, vec *e)
{
	const veci i = _mm256_castps_si256(x);

	*e = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(i, 23),
	    _mm256_set1_epi32(127)));
	return (_mm256_castsi256_ps(_mm256_or_si256(_mm256_and_si256(i,
	    _mm256_set1_epi32(0x7fffff)), _mm256_set1_epi32(0x3f800000))));
}

#else

/* Four lanes: what SSE2, NEON and AltiVec have; the compiler's own vectors,
 * which become scalars where there is nothing. */
#define SIMD_LANES 4
#define SIMD_ACCUMULATORS 12
typedef float vec __attribute__((vector_size(16)));
typedef int32_t veci __attribute__((vector_size(16)));
typedef veci vecmask;

ALWAYS_INLINE vec
vec_load(const float *p)
{
	vec x;

	__builtin_memcpy(&x, p, sizeof(x));
	return (x);
}

ALWAYS_INLINE void
vec_store(float *p, vec x)
{
	__builtin_memcpy(p, &x, sizeof(x));
}

ALWAYS_INLINE vec
vec_set1(float x)
{
	return ((vec){ x, x, x, x });
}

ALWAYS_INLINE vec
vec_fma(vec a, vec b, vec c)
{
	return (a * b + c);
}

ALWAYS_INLINE vec
vec_sqrt(vec a)
{
	for (int i = 0; i < SIMD_LANES; i++)
		a[i] = __builtin_sqrtf(a[i]);
	return (a);
}

ALWAYS_INLINE vecmask
vec_less(vec a, vec b)
{
	return ((vecmask)(a < b));
}

ALWAYS_INLINE vecmask
vec_equal(vec a, vec b)
{
	return ((vecmask)(a == b));
}

ALWAYS_INLINE vecmask
vec_is_nan(vec a)
{
	return ((vecmask)(a != a));
}

ALWAYS_INLINE vec
vec_select(vecmask m, vec yes, vec no)
{
	return ((vec)(((veci)yes & m) | ((veci)no & ~m)));
}

ALWAYS_INLINE vec
vec_exp2i(vec n)
{
	const veci i = __builtin_convertvector(n, veci);

	return ((vec)((i + 127) << 23));
}

ALWAYS_INLINE vec
vec_split(vec x, vec *e)
{
	const veci i = (veci)x;

	*e = __builtin_convertvector((i >> 23) - 127, vec);
	return ((vec)((i & 0x7fffff) | 0x3f800000));
}

#endif

#endif
