/*
 * kernel_generic: the kernels for any machine: four lanes.
 */
#include "nn/kernel.h"
#include "nn/simd.h"

#include "nn/body_math.h"
#include "nn/body_taps.h"
#include "nn/body_winograd.h"
#include "nn/body_pool.h"
#include "nn/body_norm.h"

const struct kernel kernel_generic = {
	"generic", SIMD_LANES, SIMD_ACCUMULATORS, taps, winograd, pool_max,
	pool_sum, map_add, map_affine, norm_mean, norm_scale, norm_apply,
	layer_norm, map_relu, map_tanh, map_sigmoid, map_silu, map_gelu,
	softmax
};
