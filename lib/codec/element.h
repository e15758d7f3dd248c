/*
 * element: a page's elements as numbers.
 */
#ifndef CKPT_CODEC_ELEMENT_H
#define CKPT_CODEC_ELEMENT_H

#include "base/base.h"

/* The element of `n_bytes` (1, 2, 4 or 8) at `p`. */
static inline uint64_t
element_load(const unsigned char *p, unsigned n_bytes)
{
	switch (n_bytes) {
	case 1:
		return (p[0]);
	case 2:
		return (le16_load(p));
	case 4:
		return (le32_load(p));
	default:
		return (le64_load(p));
	}
}

#endif
