/*
 * codec_distance: how far two pages are from each other, by a sample.
 */
#include "codec/codec_private.h"
#include "codec/element.h"

#define SAMPLE 2048 /* elements */

/* Floats as integers in the order of their values (11.4.1). */
static uint64_t
ordered(uint64_t x, unsigned n_bytes, bool is_float)
{
	uint64_t sign = (uint64_t)1 << (8 * n_bytes - 1);

	if (!is_float)
		return (x);
	return ((x & sign) != 0 ? x ^ (sign | (sign - 1)) : x | sign);
}

uint32_t
codec_distance(enum ckpt_dtype dtype, const void *raw, const void *base,
    size_t n)
{
	unsigned width = dtype_bits(dtype) / 8;
	bool is_float = dtype_exponent_bits(dtype) > 0;
	const unsigned char *a = raw, *b = base;
	size_t n_elements, step, i;
	uint64_t sum = 0, count = 0, x, y;

	if (width != 1 && width != 2 && width != 4 && width != 8)
		return (UINT32_MAX);
	n_elements = n / width;
	/* an odd step meets all columns of a matrix */
	step = (n_elements / SAMPLE + 1) | 1;
	for (i = 0; i < n_elements; i += step, count++) {
		x = ordered(element_load(a + i * width, width), width,
		    is_float);
		y = ordered(element_load(b + i * width, width), width,
		    is_float);
		x = x > y ? x - y : y - x;
		sum += x == 0 ? 0 : 64 - (unsigned)__builtin_clzll(x);
	}
	return (count == 0 ? 0 : (uint32_t)(16 * sum / count));
}
