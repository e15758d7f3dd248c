#include "base/banned.h"
#include "base/dtype.h"

static const struct {
	const char *lower;
	const char *upper;
	unsigned bits;
} dtypes[] = {
	{ NULL, NULL, 0 },
	{ "bool", "BOOL", 8 },
	{ "u8", "U8", 8 },
	{ "u16", "U16", 16 },
	{ "u32", "U32", 32 },
	{ "u64", "U64", 64 },
	{ "i8", "I8", 8 },
	{ "i16", "I16", 16 },
	{ "i32", "I32", 32 },
	{ "i64", "I64", 64 },
	{ "f16", "F16", 16 },
	{ "bf16", "BF16", 16 },
	{ "f32", "F32", 32 },
	{ "f64", "F64", 64 },
	{ "c64", "C64", 64 },
	{ "f8_e5m2", "F8_E5M2", 8 },
	{ "f8_e4m3", "F8_E4M3", 8 },
	{ "f8_e5m2fnuz", "F8_E5M2FNUZ", 8 },
	{ "f8_e4m3fnuz", "F8_E4M3FNUZ", 8 },
	{ "f8_e8m0", "F8_E8M0", 8 },
	{ "f6_e2m3", "F6_E2M3", 6 },
	{ "f6_e3m2", "F6_E3M2", 6 },
	{ "f4", "F4", 4 },
};

#define N_DTYPES (sizeof(dtypes) / sizeof(dtypes[0]))

static bool
is_known(enum ckpt_dtype dtype)
{
	return ((size_t)dtype < N_DTYPES);
}

unsigned
dtype_bits(enum ckpt_dtype dtype)
{
	return (is_known(dtype) ? dtypes[dtype].bits : 0);
}

unsigned
dtype_exponent_bits(enum ckpt_dtype dtype)
{
	switch (dtype) {
	case CKPT_F8_E4M3:
	case CKPT_F8_E4M3FNUZ:
		return (4);
	case CKPT_F8_E5M2:
	case CKPT_F8_E5M2FNUZ:
	case CKPT_F16:
		return (5);
	case CKPT_BF16:
	case CKPT_F32:
	case CKPT_C64:
		return (8);
	case CKPT_F64:
		return (11);
	default:
		return (0);
	}
}

const char *
dtype_name(enum ckpt_dtype dtype)
{
	return (is_known(dtype) ? dtypes[dtype].lower : NULL);
}

const char *
dtype_upper_name(enum ckpt_dtype dtype)
{
	return (is_known(dtype) ? dtypes[dtype].upper : NULL);
}

enum ckpt_dtype
dtype_find(const char *name, size_t len)
{
	size_t i;

	for (i = 1; i < N_DTYPES; i++)
		if (strlen(dtypes[i].lower) == len &&
		    (memcmp(name, dtypes[i].lower, len) == 0 ||
		    memcmp(name, dtypes[i].upper, len) == 0))
			return ((enum ckpt_dtype)i);
	return ((enum ckpt_dtype)0);
}

bool
dtype_is_weight(enum ckpt_dtype dtype)
{
	return (dtype >= CKPT_F16 && dtype <= CKPT_F64);
}

bool
dtype_is_float(enum ckpt_dtype dtype)
{
	return (dtype_is_weight(dtype) ||
	    (dtype >= CKPT_F8_E5M2 && dtype <= CKPT_F8_E8M0));
}
