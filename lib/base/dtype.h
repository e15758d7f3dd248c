/*
 * dtype: names, widths and the conversions of element types to double.
 */
#ifndef CKPT_BASE_DTYPE_H
#define CKPT_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "ckpt.h"

/* Width of one element in bits: 4, 6 or a multiple of 8; 0 if unknown. */
unsigned dtype_bits(enum ckpt_dtype dtype);

/* Bits of the exponent of a float of whole bytes (of each half of a complex
 * number); 0 for all others. */
unsigned dtype_exponent_bits(enum ckpt_dtype dtype);

/* Lower-case name of identity texts ("bf16"), or NULL if unknown. */
const char *dtype_name(enum ckpt_dtype dtype);

/* Upper-case name of safetensors ("BF16"), or NULL if unknown. */
const char *dtype_upper_name(enum ckpt_dtype dtype);

/* The dtype of a name in either case, of `len` bytes; 0 if none. */
enum ckpt_dtype dtype_find(const char *name, size_t len);

/* Whether it is one that weights are computed in: f16, bf16, f32, f64. */
bool dtype_is_weight(enum ckpt_dtype dtype);

/* Whether it is any floating dtype of whole bytes with real values: the
 * four above and the 8-bit ones (f8_*, e8m0 included). Sub-byte types and
 * c64 are not: they are carried and hashed, never computed with. */
bool dtype_is_float(enum ckpt_dtype dtype);

/* `n` elements at `src` (little-endian, as stored) to double, exactly.
 * Only for dtype_is_float(). NaN becomes a NaN. */
void dtype_to_f64(enum ckpt_dtype dtype, const void *src, double *dst,
    size_t n);

/* f16, bf16, f32, f64 to float: exact but for f64, which rounds. */
void dtype_to_f32(enum ckpt_dtype dtype, const void *src, float *dst,
    size_t n);

/* `n` doubles to a weight dtype, rounding to nearest even; returns how
 * many of them were not exactly representable (NaN counts as exact). */
size_t dtype_from_f64(enum ckpt_dtype dtype, const double *src, void *dst,
    size_t n);

#endif
