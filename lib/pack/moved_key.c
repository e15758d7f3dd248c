/*
 * moved_key: a hash of a tensor's significands, whatever their order: their
 * sum and the sum of their squares. It only tells which tensors are worth a
 * closer look, so it is made to be fast.
 */
#include "pack/moved.h"
#include "pack/moved_bits.h"

#define BLOCK 256 /* elements whose number the compiler knows */

struct sums {
	uint64_t sum, square;
	uint32_t n_odd; /* elements whose significand takes more to find */
};

/* Elements of up to 32 bits, if all are zero or normal. */
static inline __attribute__((always_inline)) void
add_32(struct sums *s, const uint32_t *x, size_t n, unsigned n_mantissa,
    unsigned n_exponent)
{
	const uint32_t hidden = (uint32_t)1 << n_mantissa;
	const uint32_t max = ((uint32_t)1 << n_exponent) - 1;
	uint64_t sum = 0, square = 0;
	uint32_t n_odd = 0, m, e;
	size_t i;

	for (i = 0; i < n; i++) {
		e = x[i] >> n_mantissa & max;
		m = x[i] & (hidden - 1);
		n_odd += (e == max) | ((e == 0) & (m != 0));
		m |= e != 0 ? hidden : 0;
		sum += m;
		square += (uint64_t)m * m;
	}
	s->sum += sum;
	s->square += square;
	s->n_odd += n_odd;
}

static inline __attribute__((always_inline)) void
add_blocks(struct sums *s, const unsigned char *data, uint64_t n,
    unsigned n_bytes, unsigned n_mantissa, unsigned n_exponent)
{
	uint32_t x[BLOCK];
	size_t i;

	for (; n >= BLOCK; n -= BLOCK) {
		for (i = 0; i < BLOCK; i++, data += n_bytes)
			x[i] = n_bytes == 4 ? le32_load(data) :
			    le16_load(data);
		add_32(s, x, BLOCK, n_mantissa, n_exponent);
	}
	for (i = 0; i < n; i++, data += n_bytes)
		x[i] = n_bytes == 4 ? le32_load(data) : le16_load(data);
	add_32(s, x, n, n_mantissa, n_exponent);
}

static void
add_any(struct sums *s, const struct moved_bits *b,
    const unsigned char *data, uint64_t n)
{
	uint64_t m;

	s->sum = s->square = 0;
	for (; n > 0; n--, data += b->n_bytes) {
		m = moved_significant(b, moved_load(b, data));
		s->sum += m;
		s->square += m * m;
	}
}

uint64_t
moved_key_of(const struct moved_shape *s, const unsigned char *data)
{
	struct moved_bits b = moved_bits_of(s->dtype);
	uint64_t n = (uint64_t)s->rows * s->cols * s->inner;
	struct sums sums = { 0, 0, 0 };

	if (s->dtype == CKPT_F32)
		add_blocks(&sums, data, n, 4, 23, 8);
	else if (s->dtype == CKPT_BF16)
		add_blocks(&sums, data, n, 2, 7, 8);
	else if (s->dtype == CKPT_F16)
		add_blocks(&sums, data, n, 2, 10, 5);
	else
		sums.n_odd = 1;
	if (sums.n_odd > 0)
		add_any(&sums, &b, data, n);
	return (moved_mix(sums.sum + moved_mix(sums.square)) ^
	    moved_mix(s->dtype) ^
	    moved_mix(s->rows + ((uint64_t)s->cols << 32)) ^
	    moved_mix(~(uint64_t)s->inner));
}
