/*
 * kernel_avx512: the kernels for AVX-512F: sixteen lanes.
 */
#include "nn/kernel.h"
#include "nn/simd.h"

#include "nn/body_taps.h"
#include "nn/body_pool.h"
#include "nn/body_math.h"

const struct kernel kernel_avx512 = {
	"avx512", SIMD_LANES, SIMD_ACCUMULATORS, taps, pool_max, pool_sum,
	map_add, map_relu, map_tanh, map_sigmoid, softmax
};
