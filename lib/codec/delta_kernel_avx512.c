/*
 * delta_kernel_avx512: for AVX-512 F, BW, CD and VL.
 */
#include "codec/delta_body.h"

const struct delta_kernel delta_kernel_avx512 = {
	contexts, classes, count, put_low, sum, add
};
