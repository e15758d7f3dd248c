/*
 * plane_kernel_avx2: for AVX2.
 */
#include "codec/plane_body.h"

const struct plane_kernel plane_kernel_avx2 = {
	split, join, pack, unpack, count_bytes, encode, decode
};
