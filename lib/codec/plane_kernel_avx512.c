/*
 * plane_kernel_avx512: for AVX-512 F, BW, CD and VL.
 */
#include "codec/plane_body.h"

#include "codec/ans_avx512.h"

const struct plane_kernel plane_kernel_avx512 = {
	split, join, pack, unpack, count_bytes, ans_encode_512,
	ans_decode_512, &delta_kernel_avx512
};
