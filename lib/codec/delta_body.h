/*
 * delta_body: delta_kernel's loops in plain C, for a compiler to vectorise.
 * Included once for each instruction set.
 */
/* As in plane_body. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3", "vect-cost-model=dynamic")
#endif

#include "codec/delta_kernel.h"

#define DELTA_INLINE inline __attribute__((always_inline))

/* The length in bits of a number below 2^32 or 2^31 in absolute value: the
 * exponent of the float. Without its neighbours' bits the highest one cannot
 * be rounded up. 2^31 becomes -2^31, of the same exponent. */
static DELTA_INLINE uint32_t
length_32(uint32_t x)
{
	float f = (float)(int32_t)(x & ~(x >> 1));
	uint32_t e;

	memcpy(&e, &f, sizeof(e));
	e = e >> 23 & 255;
	return (e < 126 ? 0 : e - 126);
}

#define length_8(x) length_32(x)
#define length_16(x) length_32(x)

static DELTA_INLINE uint64_t
length_64(uint64_t x)
{
	return (x == 0 ? 0 : 64 - (unsigned)__builtin_clzll(x));
}

#define load_8(p) (*(p))
#define load_16(p) le16_load(p)
#define load_32(p) le32_load(p)
#define load_64(p) le64_load(p)
#define store_8(p, x) (*(p) = (x))
#define store_16(p, x) le16_store((p), (x))
#define store_32(p, x) le32_store((p), (x))
#define store_64(p, x) le64_store((p), (x))

/* Elements of `bits` bits; low bits are held as `wide`, at least 32 bits. */
#define DELTA_LOOPS(bits, type, wide) \
/* 11.4.1: negative numbers count down from the middle, others up */ \
static DELTA_INLINE type \
order_##bits(bool is_float, type x) \
{ \
	const type sign = (type)((type)1 << (bits - 1)); \
\
	if (!is_float) \
		return (x); \
	return ((type)(x ^ (type)((type)-(type)(x >> (bits - 1)) | sign))); \
} \
\
static DELTA_INLINE type \
unorder_##bits(bool is_float, type x) \
{ \
	const type sign = (type)((type)1 << (bits - 1)); \
\
	if (!is_float) \
		return (x); \
	return ((type)(x ^ (type)((type)((x >> (bits - 1)) - 1) | sign))); \
} \
\
static DELTA_INLINE type \
difference_##bits(bool is_float, const unsigned char *raw, \
    const unsigned char *base) \
{ \
	return ((type)(order_##bits(is_float, load_##bits(raw)) - \
	    order_##bits(is_float, load_##bits(base)))); \
} \
\
static DELTA_INLINE type \
absolute_##bits(type d) \
{ \
	return ((type)(d >> (bits - 1) ? -d : d)); \
} \
\
static void \
contexts_##bits(const struct delta_shape *s, \
    const unsigned char *restrict base, size_t n, \
    unsigned char *restrict context) \
{ \
	const unsigned shift = s->context_bits == 0 ? 0 : \
	    bits - s->is_float - s->context_bits; \
	const type mask = (type)((type)~(type)0 >> s->is_float); \
	const type top = (type)s->top; \
	const type most = (type)(s->n_contexts - 1); \
	type e; \
	size_t i; \
\
	if (top < s->top) { /* far above all */ \
		memset(context, (int)most, n); \
		return; \
	} \
	for (i = 0; i < n; i++) { \
		e = (type)((type)(load_##bits(base + i * sizeof(type)) & \
		    mask) >> shift); \
		e = (type)((e > top ? e : top) - e); \
		context[i] = (unsigned char)(e < most ? e : most); \
	} \
} \
\
static DELTA_INLINE void \
classes_of_##bits(bool is_float, const unsigned char *restrict raw, \
    const unsigned char *restrict base, size_t n, \
    unsigned char *restrict class) \
{ \
	size_t i; \
\
	for (i = 0; i < n; i++) \
		class[i] = (unsigned char)length_##bits(absolute_##bits( \
		    difference_##bits(is_float, raw + i * sizeof(type), \
		    base + i * sizeof(type)))); \
} \
\
static void \
classes_##bits(const struct delta_shape *s, const unsigned char *raw, \
    const unsigned char *base, size_t n, unsigned char *class) \
{ \
	if (s->is_float) \
		classes_of_##bits(true, raw, base, n, class); \
	else \
		classes_of_##bits(false, raw, base, n, class); \
} \
\
/* What is to be written of each difference, and the bits of that: the \
 * absolute value with the sign in the place of its highest bit. */ \
static DELTA_INLINE void \
low_of_##bits(bool is_float, const unsigned char *restrict raw, \
    const unsigned char *restrict base, size_t n, \
    wide *restrict low, wide *restrict n_low) \
{ \
	wide x, k; \
	type d; \
	size_t i; \
\
	for (i = 0; i < n; i++) { \
		d = difference_##bits(is_float, raw + i * sizeof(type), \
		    base + i * sizeof(type)); \
		x = absolute_##bits(d); \
		k = length_##bits(x); \
		n_low[i] = k; \
		low[i] = x ^ ((wide)1 << ((k - 1) & (8 * sizeof(wide) - 1)) \
		    & (wide)((wide)(d >> (bits - 1)) - 1) & -(wide)(k > 0)); \
	} \
} \
\
static void \
put_low_##bits(const struct delta_shape *s, const unsigned char *raw, \
    const unsigned char *base, size_t n, struct delta_bits *b) \
{ \
	wide low[DELTA_BLOCK + 3], n_low[DELTA_BLOCK + 3]; \
	size_t i; \
\
	if (s->is_float) \
		low_of_##bits(true, raw, base, n, low, n_low); \
	else \
		low_of_##bits(false, raw, base, n, low, n_low); \
	for (i = n; i < n + 3; i++) \
		low[i] = n_low[i] = 0; \
	put_##bits(low, n_low, n, b); \
} \
\
static DELTA_INLINE void \
add_to_##bits(bool is_float, const type *restrict d, \
    const unsigned char *restrict base, size_t n, \
    unsigned char *restrict raw) \
{ \
	size_t i; \
\
	for (i = 0; i < n; i++) \
		store_##bits(raw + i * sizeof(type), unorder_##bits( \
		    is_float, (type)(order_##bits(is_float, load_##bits( \
		    base + i * sizeof(type))) + d[i]))); \
} \
\
static void \
add_##bits(const struct delta_shape *s, const unsigned char *class, \
    const unsigned char *low, unsigned bit, const unsigned char *base, \
    size_t n, unsigned char *raw) \
{ \
	type d[DELTA_BLOCK]; \
\
	take_##bits(class, low, bit, n, d); \
	if (s->is_float) \
		add_to_##bits(true, d, base, n, raw); \
	else \
		add_to_##bits(false, d, base, n, raw); \
}

/* Differences from low bits of up to 32 bits each. */
#define DELTA_TAKE(bits, type) \
static void \
take_##bits(const unsigned char *restrict class, \
    const unsigned char *restrict low, size_t at, size_t n, \
    type *restrict d) \
{ \
	uint64_t x, half, minus; \
	unsigned k; \
	size_t i; \
\
	for (i = 0; i < n; i++) { \
		k = class[i]; \
		x = le64_load(low + at / 8) >> at % 8; \
		x &= ((uint64_t)1 << k) - 1; \
		half = (uint64_t)1 << k >> 1; \
		at += k; \
		minus = -(uint64_t)((x & half) != 0); \
		d[i] = (type)(((x | half) ^ minus) - minus); \
	} \
}

static void
put_chunk(struct delta_bits *b, uint64_t x, unsigned n)
{
	uint64_t first = b->held | x << b->n_held;
	unsigned sum = b->n_held + n;

	le64_store(b->to, first);
	b->held = sum >= 64 ? x >> 1 >> (63 - b->n_held) : first;
	b->to += sum / 64 * 8;
	b->n_held = sum % 64;
}

/* Neighbours are joined first, four or two: what is left to be done one
 * after another is less. */
static void
put_16(const uint32_t *low, const uint32_t *n_low, size_t n,
    struct delta_bits *b)
{
	uint64_t x[DELTA_BLOCK / 4];
	uint32_t n_x[DELTA_BLOCK / 4], two[DELTA_BLOCK / 2];
	uint32_t n_two[DELTA_BLOCK / 2];
	struct delta_bits own = *b;
	size_t n_pairs = (n + 3) / 4 * 2, i;

	for (i = 0; i < n_pairs; i++) {
		two[i] = low[2 * i] | low[2 * i + 1] << n_low[2 * i];
		n_two[i] = n_low[2 * i] + n_low[2 * i + 1];
	}
	for (i = 0; i < n_pairs / 2; i++) {
		x[i] = two[2 * i] | (uint64_t)two[2 * i + 1] <<
		    n_two[2 * i];
		n_x[i] = n_two[2 * i] + n_two[2 * i + 1];
	}
	for (i = 0; i < n_pairs / 2; i++)
		put_chunk(&own, x[i], n_x[i]);
	*b = own;
}

static void
put_8(const uint32_t *low, const uint32_t *n_low, size_t n,
    struct delta_bits *b)
{
	put_16(low, n_low, n, b);
}

static void
put_32(const uint32_t *low, const uint32_t *n_low, size_t n,
    struct delta_bits *b)
{
	uint64_t x[DELTA_BLOCK / 2];
	uint32_t n_x[DELTA_BLOCK / 2];
	struct delta_bits own = *b;
	size_t n_pairs = (n + 1) / 2, i;

	for (i = 0; i < n_pairs; i++) {
		x[i] = low[2 * i] | (uint64_t)low[2 * i + 1] <<
		    n_low[2 * i];
		n_x[i] = n_low[2 * i] + n_low[2 * i + 1];
	}
	for (i = 0; i < n_pairs; i++)
		put_chunk(&own, x[i], n_x[i]);
	*b = own;
}

static void
put_64(const uint64_t *low, const uint64_t *n_low, size_t n,
    struct delta_bits *b)
{
	size_t i;

	for (i = 0; i < n; i++)
		put_chunk(b, low[i], (unsigned)n_low[i]);
}

DELTA_TAKE(8, uint8_t)
DELTA_TAKE(16, uint16_t)
DELTA_TAKE(32, uint32_t)

/* The `k` bits from bit `at` on, 0 to 64. */
static DELTA_INLINE uint64_t
bits_at(const unsigned char *low, size_t at, unsigned k)
{
	uint64_t x = le64_load(low + at / 8) >> at % 8 |
	    (uint64_t)low[at / 8 + 8] << 1 << (63 - at % 8);

	return (k == 64 ? x : x & (((uint64_t)1 << k) - 1));
}

static void
take_64(const unsigned char *class, const unsigned char *low, size_t at,
    size_t n, uint64_t *d)
{
	uint64_t x, half, minus;
	size_t i;

	for (i = 0; i < n; at += class[i++]) {
		x = bits_at(low, at, class[i]);
		half = class[i] == 0 ? 0 : (uint64_t)1 << (class[i] - 1);
		minus = -(uint64_t)((x & half) != 0);
		d[i] = ((x | half) ^ minus) - minus;
	}
}

DELTA_LOOPS(8, uint8_t, uint32_t)
DELTA_LOOPS(16, uint16_t, uint32_t)
DELTA_LOOPS(32, uint32_t, uint32_t)
DELTA_LOOPS(64, uint64_t, uint64_t)

#define DELTA_BY_WIDTH(s, what, ...) \
	switch ((s)->n_bytes) { \
	case 1: \
		what##_8(__VA_ARGS__); \
		break; \
	case 2: \
		what##_16(__VA_ARGS__); \
		break; \
	case 4: \
		what##_32(__VA_ARGS__); \
		break; \
	default: \
		what##_64(__VA_ARGS__); \
		break; \
	}

static void
contexts(const struct delta_shape *s, const unsigned char *base, size_t n,
    unsigned char *context)
{
	DELTA_BY_WIDTH(s, contexts, s, base, n, context)
}

static void
classes(const struct delta_shape *s, const unsigned char *raw,
    const unsigned char *base, size_t n, unsigned char *class)
{
	DELTA_BY_WIDTH(s, classes, s, raw, base, n, class)
}

static void
put_low(const struct delta_shape *s, const unsigned char *raw,
    const unsigned char *base, size_t n, struct delta_bits *b)
{
	DELTA_BY_WIDTH(s, put_low, s, raw, base, n, b)
}

/* In four tables, so that equal neighbours do not wait for each other. */
static void
count(unsigned n_contexts, const unsigned char *class,
    const unsigned char *context, size_t n, uint32_t (*out)[DELTA_CLASSES])
{
	uint32_t c[4][DELTA_CONTEXTS][DELTA_CLASSES];
	size_t i;
	unsigned j, k;

	for (k = 0; k < 4; k++)
		memset(c[k], 0, n_contexts * sizeof(c[k][0]));
	for (i = 0; i + 4 <= n; i += 4) {
		c[0][context[i]][class[i]]++;
		c[1][context[i + 1]][class[i + 1]]++;
		c[2][context[i + 2]][class[i + 2]]++;
		c[3][context[i + 3]][class[i + 3]]++;
	}
	for (; i < n; i++)
		c[0][context[i]][class[i]]++;
	for (j = 0; j < n_contexts; j++)
		for (k = 0; k < DELTA_CLASSES; k++)
			out[j][k] = c[0][j][k] + c[1][j][k] + c[2][j][k] +
			    c[3][j][k];
}

static uint64_t
sum(const unsigned char *class, size_t n, unsigned *largest)
{
	unsigned char most = 0;
	uint64_t all = 0;
	uint32_t part;
	size_t i, end;

	for (i = 0; i < n; all += part) {
		end = n - i < 65536 ? n : i + 65536;
		for (part = 0; i < end; i++) {
			part += class[i];
			most = class[i] > most ? class[i] : most;
		}
	}
	*largest = most;
	return (all);
}

/* Whether only -2^(bits - 1) has the class `bits`. */
static bool
are_in_range(unsigned bits, const unsigned char *class,
    const unsigned char *low, size_t at, size_t n)
{
	size_t i;

	if (memchr(class, (int)bits, n) == NULL)
		return (true);
	for (i = 0; i < n; at += class[i++])
		if (class[i] == bits && bits_at(low, at, bits) !=
		    (uint64_t)1 << (bits - 1))
			return (false);
	return (true);
}

static bool
add(const struct delta_shape *s, const unsigned char *class,
    const unsigned char *low, unsigned bit, const unsigned char *base,
    size_t n, unsigned char *raw)
{
	DELTA_BY_WIDTH(s, add, s, class, low, bit, base, n, raw)
	return (are_in_range(8 * s->n_bytes, class, low, bit, n));
}
