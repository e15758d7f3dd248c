/*
 * delta_kernel_avx2: for AVX2 and BMI2.
 */
#include "codec/delta_body.h"

const struct delta_kernel delta_kernel_avx2 = {
	contexts, classes, count, put_low, sum, add
};
