/*
 * moved: a tensor as another one whose rows and columns have been permuted,
 * flipped in sign and scaled by powers of two (format-spec/ckpt-pack.md
 * 15.3): what is left of a member of an orbit whose base is stored.
 *
 * A tensor is a matrix of rows x cols cells of `inner` elements: axis 0,
 * axis 1 (1 where there is none), and what is left. No table of symmetries
 * is needed: rows are recognised by what neither permuting nor scaling
 * changes, the significands.
 */
#ifndef CKPT_PACK_MOVED_H
#define CKPT_PACK_MOVED_H

#include "base/base.h"

struct moved_shape {
	enum ckpt_dtype dtype; /* f16, bf16, f32 or f64 */
	uint32_t rows, cols, inner;
};

/* False for tensors that cannot be such: other dtypes, none or more than
 * WIRE_MAX_ORBIT bytes. */
bool moved_shape_of(const struct tensor_desc *t, struct moved_shape *out);

uint64_t moved_n_bytes(const struct moved_shape *s);

/* What happens along one axis. Either array may be NULL: nothing. */
struct moved_axis {
	uint32_t n;
	uint32_t *source; /* index of the base that goes there */
	int16_t *scale;   /* 2 * exponent + (1 if the sign is flipped) */
};

struct moved {
	struct moved_axis row, col;
};

void moved_release(struct moved *m);

/* Bytes `begin` to `begin + n` of the result, both at whole elements, from
 * all of the base. False if a value is not exact in the dtype. */
bool moved_apply(const struct moved_shape *s, const struct moved *m,
    const unsigned char *base, uint64_t begin, size_t n, unsigned char *out);

/* ---- finding (moved_find.c) ---- */

/* A hash of all elements that moving does not change (moved_key.c): where it
 * differs, so do the prints. */
uint64_t moved_key_of(const struct moved_shape *s,
    const unsigned char *data);

/* Hashes that moving does not change: one a row, one a column, which move
 * with them. */
struct moved_print {
	uint64_t *row, *col;
};
CKPT_CHECKED enum ckpt_status moved_print_of(const struct moved_shape *s,
    const unsigned char *data, struct moved_print *out,
    struct ckpt_error *err);
void moved_print_release(struct moved_print *p); /* may be zero */

/* Maps that have been used before, to be tried first. */
struct moved_known {
	size_t n;
	const struct moved_axis *axes;
};

/* Looks for how `to` comes from `from`; *found only if the result is `to`
 * bit for bit. */
CKPT_CHECKED enum ckpt_status moved_find(const struct moved_shape *s,
    const unsigned char *from, const unsigned char *to,
    const struct moved_print *p, const struct moved_known *known,
    struct moved *out, bool *found, struct ckpt_error *err);

/* ---- on disk (moved_wire.c) ---- */

/* The two arrays of an axis are stored apart. */
enum moved_kind {
	MOVED_NOTHING = 0,
	MOVED_INLINE = 1,
	MOVED_SHARED = 2 /* as in an orbit page that stands before */
};

/* Appends the array, bit-packed. */
CKPT_CHECKED enum ckpt_status moved_put_source(struct buf *out,
    const uint32_t *source, uint32_t n, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status moved_put_scale(struct buf *out,
    const int16_t *scale, uint32_t n, struct ckpt_error *err);

/* Reads an array of `n` from *in, which is moved on; false if it is not
 * there, or not the one encoding that it has. No memory: *out is NULL. */
bool moved_get_source(const unsigned char **in, size_t *n_in, uint32_t n,
    uint32_t **out);
bool moved_get_scale(const unsigned char **in, size_t *n_in, uint32_t n,
    int16_t **out);

#endif
