/*
 * moved_wire: the arrays of an axis, packed into bits.
 *
 * Values follow one another from the lowest bit of the first byte on; the
 * bits left of the last byte are 0.
 */
#include "pack/moved.h"

/* Bits that hold every number below `n`. */
static unsigned
width_of(uint64_t n)
{
	unsigned w = 0;

	while (w < 32 && ((uint64_t)1 << w) < n)
		w++;
	return (w);
}

static void
put_bits(unsigned char *out, uint64_t at, unsigned width, uint32_t value)
{
	unsigned i;

	for (i = 0; i < width; i++, at++)
		out[at / 8] |= (unsigned char)(((value >> i) & 1) <<
		    (at % 8));
}

static uint32_t
get_bits(const unsigned char *in, uint64_t at, unsigned width)
{
	uint32_t value = 0;
	unsigned i;

	for (i = 0; i < width; i++, at++)
		value |= (uint32_t)((in[at / 8] >> (at % 8)) & 1) << i;
	return (value);
}

/* Room for `n` values at the end of `out`, zeroed. */
static enum ckpt_status
make_room(struct buf *out, uint32_t n, unsigned width, unsigned char **at,
    struct ckpt_error *err)
{
	size_t n_bytes = (size_t)(((uint64_t)n * width + 7) / 8);
	enum ckpt_status status;

	status = buf_reserve(out, n_bytes + 1, err);
	if (status != CKPT_OK)
		return (status);
	*at = out->data + out->len;
	memset(*at, 0, n_bytes);
	out->len += n_bytes;
	return (CKPT_OK);
}

enum ckpt_status
moved_put_source(struct buf *out, const uint32_t *source, uint32_t n,
    struct ckpt_error *err)
{
	unsigned width = width_of(n);
	unsigned char *at;
	enum ckpt_status status;
	uint32_t i;

	status = make_room(out, n, width, &at, err);
	for (i = 0; i < n && status == CKPT_OK; i++)
		put_bits(at, (uint64_t)i * width, width, source[i]);
	return (status);
}

enum ckpt_status
moved_put_scale(struct buf *out, const int16_t *scale, uint32_t n,
    struct ckpt_error *err)
{
	int low = scale[0], high = scale[0];
	unsigned char head[3], *at;
	enum ckpt_status status;
	unsigned width;
	uint32_t i;

	for (i = 1; i < n; i++) {
		low = scale[i] < low ? scale[i] : low;
		high = scale[i] > high ? scale[i] : high;
	}
	width = width_of((uint64_t)(high - low) + 1);
	le16_store(head, (uint16_t)(int16_t)low);
	head[2] = (unsigned char)width;
	status = buf_append(out, head, sizeof(head), err);
	if (status == CKPT_OK)
		status = make_room(out, n, width, &at, err);
	for (i = 0; i < n && status == CKPT_OK; i++)
		put_bits(at, (uint64_t)i * width, width,
		    (uint32_t)(scale[i] - low));
	return (status);
}

/* The packed values, if they are all there. */
static const unsigned char *
take(const unsigned char **in, size_t *n_in, uint32_t n, unsigned width)
{
	uint64_t n_bits = (uint64_t)n * width;
	size_t n_bytes = (size_t)((n_bits + 7) / 8);
	const unsigned char *at = *in;

	if (n_bytes > *n_in || (n_bits % 8 != 0 &&
	    at[n_bytes - 1] >> (n_bits % 8) != 0))
		return (NULL);
	*in += n_bytes;
	*n_in -= n_bytes;
	return (at);
}

bool
moved_get_source(const unsigned char **in, size_t *n_in, uint32_t n,
    uint32_t **out)
{
	unsigned width = width_of(n);
	const unsigned char *at = take(in, n_in, n, width);
	uint32_t i;

	*out = NULL;
	if (at == NULL || n < 2)
		return (false);
	*out = malloc((size_t)n * sizeof(**out));
	for (i = 0; i < n && *out != NULL; i++) {
		(*out)[i] = get_bits(at, (uint64_t)i * width, width);
		if ((*out)[i] >= n) {
			free(*out);
			*out = NULL;
			return (false);
		}
	}
	return (true);
}

bool
moved_get_scale(const unsigned char **in, size_t *n_in, uint32_t n,
    int16_t **out)
{
	const unsigned char *at;
	unsigned width;
	uint32_t i;
	int low, x;

	*out = NULL;
	if (*n_in < 3)
		return (false);
	low = (int16_t)le16_load(*in);
	width = (*in)[2];
	*in += 3;
	*n_in -= 3;
	at = width <= 15 ? take(in, n_in, n, width) : NULL;
	if (at == NULL)
		return (false);
	*out = malloc((size_t)n * sizeof(**out) + 1);
	for (i = 0; i < n && *out != NULL; i++) {
		x = low + (int)get_bits(at, (uint64_t)i * width, width);
		if (x > INT16_MAX / 2 || x < INT16_MIN / 2) {
			free(*out);
			*out = NULL;
			return (false);
		}
		(*out)[i] = (int16_t)x;
	}
	return (true);
}
