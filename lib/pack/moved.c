/*
 * moved: applying what has moved, on the bits of the elements.
 */
#include "pack/moved.h"
#include "pack/moved_bits.h"
#include "pack/wire.h"

bool
moved_shape_of(const struct tensor_desc *t, struct moved_shape *out)
{
	uint64_t inner = 1;
	size_t i;

	if (!dtype_is_weight(t->dtype) || t->n_dims == 0 ||
	    t->n_bytes == 0 || t->n_bytes > WIRE_MAX_ORBIT)
		return (false);
	for (i = 2; i < t->n_dims; i++)
		inner *= t->dims[i];
	out->dtype = t->dtype;
	out->rows = (uint32_t)t->dims[0];
	out->cols = t->n_dims > 1 ? (uint32_t)t->dims[1] : 1;
	out->inner = (uint32_t)inner;
	return (true);
}

uint64_t
moved_n_bytes(const struct moved_shape *s)
{
	return ((uint64_t)s->rows * s->cols * s->inner *
	    dtype_bits(s->dtype) / 8);
}

void
moved_release(struct moved *m)
{
	free(m->row.source);
	free(m->row.scale);
	free(m->col.source);
	free(m->col.scale);
	memset(m, 0, sizeof(*m));
}

/* One element times 2^exponent, its sign flipped or not. */
static bool
scale_one(const struct moved_bits *b, uint64_t x, int exponent,
    bool is_flipped, uint64_t *out)
{
	uint64_t sign = x & b->sign, m = x & b->mantissa;
	uint64_t e = (x & ~b->sign) >> b->n_mantissa, max = b->max_exponent;
	int64_t to;

	if (is_flipped)
		sign ^= b->sign;
	if (exponent == 0 || e == max || (e == 0 && m == 0)) {
		*out = sign | (x & ~b->sign);
		return (true);
	}
	if (e == 0) { /* subnormal: as if it had an exponent */
		for (to = 1; (m >> b->n_mantissa) == 0; to--)
			m <<= 1;
	} else {
		m |= (uint64_t)1 << b->n_mantissa;
		to = (int64_t)e;
	}
	to += exponent;
	if (to >= (int64_t)max)
		return (false);
	for (; to < 1; to++) {
		if ((m & 1) != 0)
			return (false);
		m >>= 1;
	}
	*out = sign | (m & b->mantissa) | ((m >> b->n_mantissa) == 0 ? 0 :
	    (uint64_t)to << b->n_mantissa);
	return (true);
}

/* Elements `k` to `k + n` of one cell. */
static bool
apply_cell(const struct moved_bits *b, int scale, const unsigned char *from,
    unsigned char *to, size_t n)
{
	int exponent = (scale - (scale & 1)) / 2;
	uint64_t x;
	size_t i;

	if (scale == 0) {
		memcpy(to, from, n * b->n_bytes);
		return (true);
	}
	for (i = 0; i < n; i++) {
		x = moved_load(b, from + i * b->n_bytes);
		if (!scale_one(b, x, exponent, (scale & 1) != 0, &x))
			return (false);
		moved_store(b, to + i * b->n_bytes, x);
	}
	return (true);
}

/* Two scales one after the other: exponents add, signs cancel. */
static int
join(const struct moved_axis *row, uint32_t r, const struct moved_axis *col,
    uint32_t c)
{
	int a = row->scale != NULL ? row->scale[r] : 0;
	int b = col->scale != NULL ? col->scale[c] : 0;

	return ((a - (a & 1)) + (b - (b & 1)) + ((a ^ b) & 1));
}

bool
moved_apply(const struct moved_shape *s, const struct moved *m,
    const unsigned char *base, uint64_t begin, size_t n, unsigned char *out)
{
	struct moved_bits b = moved_bits_of(s->dtype);
	uint64_t at = begin / b.n_bytes, end = at + n / b.n_bytes, cell;
	uint32_t r, c, sr, sc, k;
	size_t part;

	for (; at < end; at += part) {
		cell = at / s->inner;
		k = (uint32_t)(at % s->inner);
		r = (uint32_t)(cell / s->cols);
		c = (uint32_t)(cell % s->cols);
		part = s->inner - k;
		if (part > end - at)
			part = (size_t)(end - at);
		sr = m->row.source != NULL ? m->row.source[r] : r;
		sc = m->col.source != NULL ? m->col.source[c] : c;
		if (!apply_cell(&b, join(&m->row, r, &m->col, c), base +
		    (((uint64_t)sr * s->cols + sc) * s->inner + k) *
		    b.n_bytes, out, part))
			return (false);
		out += part * b.n_bytes;
	}
	return (true);
}
