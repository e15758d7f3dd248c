/*
 * delta_kernel_generic: for any CPU.
 */
#include "codec/delta_body.h"

const struct delta_kernel delta_kernel_generic = {
	contexts, classes, count, put_low, sum, add
};
