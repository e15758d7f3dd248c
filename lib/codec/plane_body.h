/*
 * plane_body: plane_kernel's loops in plain C, for a compiler to vectorise.
 * Included once for each instruction set.
 */
/* The flags of who builds come after ours, and with -O2 gcc leaves most
 * loops as they are. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3", "vect-cost-model=dynamic")
#endif

#include "codec/plane_kernel.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PLANE_LE(bits, x) (x)
#else
#define PLANE_LE(bits, x) __builtin_bswap##bits(x)
#endif

#define PLANE_BLOCK 2048

/* The loops for elements of `bits` bits, in which sums and comparisons are
 * done in `wide`. Rotations by 0 are shifts by 0. */
#define PLANE_LOOPS(bits, type, wide, LE) \
static inline type \
load_##bits(const unsigned char *p, unsigned rotate) \
{ \
	type x; \
\
	memcpy(&x, p, sizeof(x)); \
	x = (type)LE(bits, x); \
	return ((type)((type)(x << rotate) | \
	    (type)(x >> ((bits - rotate) & (bits - 1))))); \
} \
\
static inline void \
store_##bits(unsigned char *p, type v, unsigned rotate) \
{ \
	type x = (type)((type)(v >> rotate) | \
	    (type)(v << ((bits - rotate) & (bits - 1)))); \
\
	x = (type)LE(bits, x); \
	memcpy(p, &x, sizeof(x)); \
} \
\
static inline __attribute__((always_inline)) void \
symbols_of_##bits(const struct plane_shape *s, \
    const unsigned char *restrict in, unsigned rotate, unsigned low, \
    size_t n, unsigned char *restrict out) \
{ \
	const wide first = (wide)s->first, window = (wide)s->window; \
	wide d; \
	size_t i; \
\
	for (i = 0; i < n; i++) { \
		d = (wide)((wide)(load_##bits(in + i * sizeof(type), rotate) \
		    >> low) - first); \
		out[i] = (unsigned char)(d < window ? d : window); \
	} \
} \
\
static inline __attribute__((always_inline)) void \
middles_of_##bits(const unsigned char *restrict in, unsigned rotate, \
    unsigned low, unsigned n_mid, size_t n, unsigned char *restrict out) \
{ \
	const type mask = (type)((1u << n_mid) - 1); \
	size_t i; \
\
	for (i = 0; i < n; i++) \
		out[i] = (unsigned char)((load_##bits(in + i * sizeof(type), \
		    rotate) >> low) & mask); \
} \
\
static void \
middles_##bits(const struct plane_shape *s, const unsigned char *in, \
    size_t n, unsigned char *out) \
{ \
	if (s->rotate && s->tail_bytes == 0) \
		middles_of_##bits(in, 1, 0, s->mid_bits, n, out); \
	else if (s->rotate && s->tail_bytes == 2 && bits > 16) \
		middles_of_##bits(in, 1, 16 % bits, s->mid_bits, n, out); \
	else \
		middles_of_##bits(in, s->rotate, 8 * s->tail_bytes, \
		    s->mid_bits, n, out); \
} \
\
static inline __attribute__((always_inline)) void \
tails_##bits(const unsigned char *restrict in, unsigned rotate, \
    unsigned n_tail, size_t n, unsigned char *restrict out) \
{ \
	uint16_t two; \
	type v; \
	size_t i; \
	unsigned k; \
\
	for (i = 0; i < n; i++) { \
		v = load_##bits(in + i * sizeof(type), rotate); \
		if (n_tail == 1) { \
			out[i] = (unsigned char)v; \
		} else if (n_tail == 2) { \
			two = PLANE_LE(16, (uint16_t)v); \
			memcpy(out + 2 * i, &two, 2); \
		} else { \
			for (k = 0; k < n_tail; k++) \
				out[i * n_tail + k] = (unsigned char)( \
				    (uint64_t)v >> (8 * k)); \
		} \
	} \
} \
\
static inline __attribute__((always_inline)) void \
join_some_##bits(const struct plane_shape *s, \
    const unsigned char *restrict symbols, \
    const unsigned char *restrict mid, const unsigned char *restrict tails, \
    unsigned rotate, unsigned low, size_t n, unsigned char *restrict out) \
{ \
	const unsigned n_tail = low / 8; \
	const bool has_mid = low % 8 != 0; \
	const type first = (type)s->first; \
	uint16_t two; \
	type v; \
	size_t i; \
	unsigned k; \
\
	for (i = 0; i < n; i++) { \
		v = (type)((type)(symbols[i] + first) << low); \
		if (has_mid) \
			v = (type)(v | (type)mid[i] << (8 * n_tail)); \
		if (n_tail == 1) { \
			v = (type)(v | tails[i]); \
		} else if (n_tail == 2) { \
			memcpy(&two, tails + 2 * i, 2); \
			v = (type)(v | PLANE_LE(16, two)); \
		} else { \
			for (k = 0; k < n_tail; k++) \
				v = (type)(v | (type)((uint64_t) \
				    tails[i * n_tail + k] << (8 * k))); \
		} \
		store_##bits(out + i * sizeof(type), v, rotate); \
	} \
} \

#define PLANE_LE_8(bits, x) (x)
PLANE_LOOPS(8, uint8_t, uint16_t, PLANE_LE_8)
PLANE_LOOPS(16, uint16_t, uint16_t, PLANE_LE)
PLANE_LOOPS(32, uint32_t, uint32_t, PLANE_LE)
PLANE_LOOPS(64, uint64_t, uint64_t, PLANE_LE)

/* Shifts by constants are what vectors do best: the usual ones of each
 * width. ONE(low) is a case with a rotation by 1. */
#define PLANE_USUAL_8(ONE)
#define PLANE_USUAL_16(ONE) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9) ONE(10)
#define PLANE_USUAL_32(ONE) ONE(20) ONE(21) ONE(22) ONE(23)
#define PLANE_USUAL_64(ONE)

#define PLANE_WHOLE(bits) \
static void \
symbols_##bits(const struct plane_shape *s, const unsigned char *in, \
    size_t n, unsigned char *out) \
{ \
	switch (s->rotate ? s->low_bits : 0) { \
	PLANE_USUAL_##bits(PLANE_SYMBOLS_##bits) \
	default: \
		symbols_of_##bits(s, in, s->rotate, s->low_bits, n, out); \
	} \
} \
\
static void \
split_##bits(const struct plane_shape *s, const unsigned char *in, size_t n, \
    unsigned char *symbols, unsigned char *mid, unsigned char *tails) \
{ \
	if (symbols != NULL) \
		symbols_##bits(s, in, n, symbols); \
	if (mid != NULL) \
		middles_##bits(s, in, n, mid); \
	if (tails == NULL) \
		return; \
	if (s->tail_bytes == 1 && s->rotate) \
		tails_##bits(in, 1, 1, n, tails); \
	else if (s->tail_bytes == 2 && s->rotate) \
		tails_##bits(in, 1, 2, n, tails); \
	else \
		tails_##bits(in, s->rotate, s->tail_bytes, n, tails); \
} \
\
static void \
join_##bits(const struct plane_shape *s, const unsigned char *symbols, \
    const unsigned char *mid, const unsigned char *tails, size_t n, \
    unsigned char *out) \
{ \
	switch (s->rotate ? s->low_bits : 0) { \
	PLANE_USUAL_##bits(PLANE_JOIN_##bits) \
	default: \
		join_some_##bits(s, symbols, mid, tails, s->rotate, \
		    s->low_bits, n, out); \
	} \
}

#define PLANE_SYMBOLS_16(low) \
	case low: \
		symbols_of_16(s, in, 1, low, n, out); \
		break;
#define PLANE_SYMBOLS_32(low) \
	case low: \
		symbols_of_32(s, in, 1, low, n, out); \
		break;
#define PLANE_JOIN_16(low) \
	case low: \
		join_some_16(s, symbols, mid, tails, 1, low, n, out); \
		break;
#define PLANE_JOIN_32(low) \
	case low: \
		join_some_32(s, symbols, mid, tails, 1, low, n, out); \
		break;

PLANE_WHOLE(8)
PLANE_WHOLE(16)
PLANE_WHOLE(32)
PLANE_WHOLE(64)

static void
split(const struct plane_shape *s, const unsigned char *raw, size_t n,
    unsigned char *symbols, unsigned char *mid, unsigned char *tails)
{
	static void (*const by_width[9])(const struct plane_shape *,
	    const unsigned char *, size_t, unsigned char *, unsigned char *,
	    unsigned char *) = {
		[1] = split_8, [2] = split_16, [4] = split_32, [8] = split_64
	};
	size_t part;

	for (; n > 0; n -= part) {
		part = n < PLANE_BLOCK ? n : PLANE_BLOCK;
		by_width[s->n_bytes](s, raw, part, symbols, mid, tails);
		raw += part * s->n_bytes;
		symbols = symbols == NULL ? NULL : symbols + part;
		mid = mid == NULL ? NULL : mid + part;
		tails = tails == NULL ? NULL : tails + part * s->tail_bytes;
	}
}

static void
join(const struct plane_shape *s, const unsigned char *symbols,
    const unsigned char *mid, const unsigned char *tails, size_t n,
    unsigned char *raw)
{
	switch (s->n_bytes) {
	case 1:
		join_8(s, symbols, mid, tails, n, raw);
		break;
	case 2:
		join_16(s, symbols, mid, tails, n, raw);
		break;
	case 4:
		join_32(s, symbols, mid, tails, n, raw);
		break;
	default:
		join_64(s, symbols, mid, tails, n, raw);
		break;
	}
}

/* Eight fields of `bits` bits, one a byte, to adjoining ones, by pairs. */
static inline uint64_t
squeeze(uint64_t x, unsigned bits)
{
	x = (x & 0x00ff00ff00ff00ff) | (x >> 8 & 0x00ff00ff00ff00ff) << bits;
	x = (x & 0x0000ffff0000ffff) | (x >> 16 & 0x0000ffff0000ffff) <<
	    (2 * bits);
	return ((x & 0xffffffff) | (x >> 32) << (4 * bits));
}

static inline uint64_t
spread(uint64_t x, unsigned bits)
{
	uint64_t four = ((uint64_t)1 << (4 * bits)) - 1;
	uint64_t two = (((uint64_t)1 << (2 * bits)) - 1) * 0x100000001;
	uint64_t one = (((uint64_t)1 << bits) - 1) * 0x0001000100010001;

	x = (x & four) | (x >> (4 * bits) & four) << 32;
	x = (x & two) | (x >> (2 * bits) & two) << 16;
	return ((x & one) | (x >> bits & one) << 8);
}

static void
pack(unsigned bits, const unsigned char *in, size_t n, unsigned char *out)
{
	uint64_t x[8];
	size_t i;
	unsigned k;

	for (i = 0; i + 64 <= n; i += 64, in += 64) {
		memcpy(x, in, 64);
		for (k = 0; k < 8; k++)
			x[k] = PLANE_LE(64, squeeze(PLANE_LE(64, x[k]),
			    bits));
		for (k = 0; k < 8; k++, out += bits)
			memcpy(out, &x[k], 8);
	}
	for (; i < n; i += 8, in += 8, out += bits) {
		memcpy(x, in, 8);
		x[0] = PLANE_LE(64, squeeze(PLANE_LE(64, x[0]), bits));
		memcpy(out, x, bits);
	}
}

static void
unpack(unsigned bits, const unsigned char *in, size_t n, unsigned char *out)
{
	uint64_t x[8] = { 0 };
	size_t i;
	unsigned k;

	for (i = 0; i + 72 <= n; i += 64, out += 64) {
		for (k = 0; k < 8; k++, in += bits)
			memcpy(&x[k], in, 8);
		for (k = 0; k < 8; k++)
			x[k] = PLANE_LE(64, spread(PLANE_LE(64, x[k]), bits));
		memcpy(out, x, 64);
	}
	for (; i < n; i += 8, in += bits, out += 8) {
		x[0] = 0;
		memcpy(x, in, bits);
		x[0] = PLANE_LE(64, spread(PLANE_LE(64, x[0]), bits));
		memcpy(out, x, 8);
	}
}

/* In four tables, so that equal neighbours do not wait for each other. */
static void
count_bytes(const unsigned char *in, size_t n, uint32_t count[ANS_SYMBOLS])
{
	uint32_t c[4][ANS_SYMBOLS] = { { 0 } };
	uint64_t x;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, in + i, 8);
		c[0][x & 255]++;
		c[1][x >> 8 & 255]++;
		c[2][x >> 16 & 255]++;
		c[3][x >> 24 & 255]++;
		c[0][x >> 32 & 255]++;
		c[1][x >> 40 & 255]++;
		c[2][x >> 48 & 255]++;
		c[3][x >> 56]++;
	}
	for (; i < n; i++)
		c[0][in[i]]++;
	for (i = 0; i < ANS_SYMBOLS; i++)
		count[i] = c[0][i] + c[1][i] + c[2][i] + c[3][i];
}
