/*
 * Conversions of element types. All are done on bits and with ldexp, so
 * that they are exact, need no compiler support for half precision, and do
 * not depend on the CPU.
 */
#include <math.h>

#include "base/banned.h"
#include "base/dtype.h"
#include "base/endian.h"

/* A small binary float: one sign bit, then `exponent` and `mantissa` bits. */
struct small_float {
	unsigned exponent, mantissa;
	int bias;
	enum { IEEE, NO_INF, FNUZ } specials;
};

static const struct small_float f8_e5m2 = { 5, 2, 15, IEEE };
static const struct small_float f8_e4m3 = { 4, 3, 7, NO_INF };
static const struct small_float f8_e5m2fnuz = { 5, 2, 16, FNUZ };
static const struct small_float f8_e4m3fnuz = { 4, 3, 8, FNUZ };

static double
small_value(const struct small_float *f, unsigned bits)
{
	unsigned m = bits & ((1u << f->mantissa) - 1);
	unsigned e = bits >> f->mantissa & ((1u << f->exponent) - 1);
	unsigned top = (1u << f->exponent) - 1;
	bool negative = bits >> (f->mantissa + f->exponent) & 1;
	double x;

	if (f->specials == FNUZ && negative && e == 0 && m == 0)
		return (NAN);
	if (f->specials == IEEE && e == top)
		x = m == 0 ? HUGE_VAL : NAN;
	else if (f->specials == NO_INF && e == top &&
	    m == (1u << f->mantissa) - 1)
		x = NAN;
	else if (e == 0)
		x = ldexp(m, 1 - f->bias - (int)f->mantissa);
	else
		x = ldexp(m | 1u << f->mantissa,
		    (int)e - f->bias - (int)f->mantissa);
	return (negative ? -x : x);
}

/* The f32 bits of an f16, by shifting the fields to their new places. */
static uint32_t
f16_to_f32_bits(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t e = h >> 10 & 0x1F, m = h & 0x3FF;

	if (e == 31)
		return (sign | 0x7F800000 | m << 13);
	if (e > 0)
		return (sign | (e + 112) << 23 | m << 13);
	if (m == 0)
		return (sign);
	/* subnormal: normalise */
	for (e = 113; (m & 0x400) == 0; e--)
		m <<= 1;
	return (sign | e << 23 | (m & 0x3FF) << 13);
}

static float
f32_of_bits(uint32_t u)
{
	float x;

	memcpy(&x, &u, sizeof(x));
	return (x);
}

static double
f64_of_bits(uint64_t u)
{
	double x;

	memcpy(&x, &u, sizeof(x));
	return (x);
}

static uint64_t
bits_of_f64(double x)
{
	uint64_t u;

	memcpy(&u, &x, sizeof(u));
	return (u);
}

static void
bytes_to_f64(const struct small_float *f, const unsigned char *src,
    double *dst, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		dst[i] = small_value(f, src[i]);
}

static void
halves_to_f64(enum ckpt_dtype dtype, const unsigned char *src, double *dst,
    size_t n)
{
	size_t i;
	uint16_t u;

	for (i = 0; i < n; i++) {
		u = le16_load(src + 2 * i);
		dst[i] = f32_of_bits(dtype == CKPT_F16 ?
		    f16_to_f32_bits(u) : (uint32_t)u << 16);
	}
}

void
dtype_to_f64(enum ckpt_dtype dtype, const void *from, double *dst, size_t n)
{
	const unsigned char *src = from;
	size_t i;

	switch (dtype) {
	case CKPT_F16:
	case CKPT_BF16:
		halves_to_f64(dtype, src, dst, n);
		break;
	case CKPT_F32:
		for (i = 0; i < n; i++)
			dst[i] = f32_of_bits(le32_load(src + 4 * i));
		break;
	case CKPT_F64:
		for (i = 0; i < n; i++)
			dst[i] = f64_of_bits(le64_load(src + 8 * i));
		break;
	case CKPT_F8_E5M2:
		bytes_to_f64(&f8_e5m2, src, dst, n);
		break;
	case CKPT_F8_E4M3:
		bytes_to_f64(&f8_e4m3, src, dst, n);
		break;
	case CKPT_F8_E5M2FNUZ:
		bytes_to_f64(&f8_e5m2fnuz, src, dst, n);
		break;
	case CKPT_F8_E4M3FNUZ:
		bytes_to_f64(&f8_e4m3fnuz, src, dst, n);
		break;
	case CKPT_F8_E8M0:
		for (i = 0; i < n; i++)
			dst[i] = src[i] == 255 ? NAN :
			    ldexp(1.0, src[i] - 127);
		break;
	default:
		for (i = 0; i < n; i++)
			dst[i] = NAN;
		break;
	}
}

void
dtype_to_f32(enum ckpt_dtype dtype, const void *from, float *dst, size_t n)
{
	const unsigned char *src = from;
	size_t i;

	switch (dtype) {
	case CKPT_F16:
		for (i = 0; i < n; i++)
			dst[i] = f32_of_bits(
			    f16_to_f32_bits(le16_load(src + 2 * i)));
		break;
	case CKPT_BF16:
		for (i = 0; i < n; i++)
			dst[i] = f32_of_bits(
			    (uint32_t)le16_load(src + 2 * i) << 16);
		break;
	case CKPT_F32:
		for (i = 0; i < n; i++)
			dst[i] = f32_of_bits(le32_load(src + 4 * i));
		break;
	case CKPT_F64:
		for (i = 0; i < n; i++)
			dst[i] = (float)f64_of_bits(le64_load(src + 8 * i));
		break;
	default:
		for (i = 0; i < n; i++)
			dst[i] = NAN;
		break;
	}
}

/* The nearest f16 of a double, ties to even, and its bits. */
static uint16_t
f16_nearest(double x)
{
	uint16_t sign = (uint16_t)(bits_of_f64(x) >> 63 << 15);
	uint64_t payload;
	double a = fabs(x);
	int e;

	if (isnan(x)) {
		payload = bits_of_f64(x) >> 42 & 0x3FF;
		return ((uint16_t)(sign | 0x7C00 |
		    (payload == 0 ? 0x200 : payload)));
	}
	if (a >= 65520)
		return (sign | 0x7C00);
	if (a < 0x1p-14)
		return ((uint16_t)(sign | (uint16_t)nearbyint(a * 0x1p24)));
	(void)frexp(a, &e);
	/* 11 significant bits, the leading one of which adds 1 to the field
	 * of the exponent, as does a carry */
	return ((uint16_t)(sign + ((e + 13) << 10) +
	    (uint16_t)nearbyint(ldexp(a, 11 - e))));
}

/* The nearest bf16 of a double; rounded once, from the double. */
static uint16_t
bf16_nearest(double x)
{
	uint16_t sign = (uint16_t)(bits_of_f64(x) >> 63 << 15);
	uint64_t payload;
	double a = fabs(x);
	int e;

	if (isnan(x)) {
		payload = bits_of_f64(x) >> 45 & 0x7F;
		return ((uint16_t)(sign | 0x7F80 |
		    (payload == 0 ? 0x40 : payload)));
	}
	if (a >= 0x1.FFp127)
		return (sign | 0x7F80);
	if (a < 0x1p-126)
		return ((uint16_t)(sign | (uint16_t)nearbyint(a * 0x1p133)));
	(void)frexp(a, &e);
	return ((uint16_t)(sign + ((e + 125) << 7) +
	    (uint16_t)nearbyint(ldexp(a, 8 - e))));
}

static bool
is_same(double a, double b)
{
	return (a == b || (isnan(a) && isnan(b)));
}

size_t
dtype_from_f64(enum ckpt_dtype dtype, const double *src, void *to, size_t n)
{
	unsigned char *dst = to;
	size_t i, inexact = 0;
	uint16_t h;
	uint32_t u;
	float f;

	for (i = 0; i < n; i++) {
		switch (dtype) {
		case CKPT_F16:
			h = f16_nearest(src[i]);
			le16_store(dst + 2 * i, h);
			f = f32_of_bits(f16_to_f32_bits(h));
			inexact += !is_same(f, src[i]);
			break;
		case CKPT_BF16:
			h = bf16_nearest(src[i]);
			le16_store(dst + 2 * i, h);
			f = f32_of_bits((uint32_t)h << 16);
			inexact += !is_same(f, src[i]);
			break;
		case CKPT_F32:
			f = (float)src[i];
			memcpy(&u, &f, sizeof(u));
			le32_store(dst + 4 * i, u);
			inexact += !is_same(f, src[i]);
			break;
		case CKPT_F64:
			le64_store(dst + 8 * i, bits_of_f64(src[i]));
			break;
		default:
			inexact++;
			break;
		}
	}
	return (inexact);
}
