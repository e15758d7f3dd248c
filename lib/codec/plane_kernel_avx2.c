/*
 * plane_kernel_avx2: for AVX2 and BMI2.
 */
#include "codec/plane_body.h"

#include "codec/ans_avx2.h"

const struct plane_kernel plane_kernel_avx2 = {
	split, join, pack, unpack, count_bytes, ans_encode_256,
	ans_decode_256, &delta_kernel_avx2
};
