/*
 * endian: little-endian integers at any alignment, on any host.
 */
#ifndef CKPT_BASE_ENDIAN_H
#define CKPT_BASE_ENDIAN_H

#include <stdint.h>

static inline uint16_t
le16_load(const unsigned char *p)
{
	return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t
le32_load(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static inline uint64_t
le64_load(const unsigned char *p)
{
	return (uint64_t)le32_load(p) | (uint64_t)le32_load(p + 4) << 32;
}

static inline void
le16_store(unsigned char *p, uint16_t x)
{
	p[0] = (unsigned char)x;
	p[1] = (unsigned char)(x >> 8);
}

static inline void
le32_store(unsigned char *p, uint32_t x)
{
	le16_store(p, (uint16_t)x);
	le16_store(p + 2, (uint16_t)(x >> 16));
}

static inline void
le64_store(unsigned char *p, uint64_t x)
{
	le32_store(p, (uint32_t)x);
	le32_store(p + 4, (uint32_t)(x >> 32));
}

#endif
