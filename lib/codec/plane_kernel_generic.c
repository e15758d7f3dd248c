/*
 * plane_kernel_generic: for any CPU.
 */
#include "codec/plane_body.h"

const struct plane_kernel plane_kernel_generic = {
	split, join, pack, unpack, count_bytes, encode, decode
};
