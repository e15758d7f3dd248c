/*
 * planes_decode: the streams of a page back to its elements.
 */
#include "codec/planes.h"

static const char *
get_head(struct stream_in *in, struct plane_shape *s, unsigned *flags)
{
	const unsigned char *p = stream_next(in, PLANES_HEAD);
	unsigned bits, top;

	if (p == NULL)
		return ("a page of planes without its head");
	if (p[0] > 3 || p[1] > 7 || p[6] != 0 || p[7] != 0)
		return ("width, flags or reserved bytes of planes");
	*flags = p[1];
	bits = 8u << p[0];
	s->n_bytes = 1u << p[0];
	s->rotate = p[1] & PLANES_ROTATE;
	s->low_bits = p[2];
	s->mid_bits = s->low_bits % 8;
	s->tail_bytes = s->low_bits / 8;
	s->window = p[3] + 1u;
	s->first = le16_load(p + 4);
	if (s->low_bits >= bits || bits - s->low_bits > PLANES_MAX_TOP)
		return ("bits of the symbols of planes");
	top = 1u << (bits - s->low_bits);
	if (s->first + s->window > top || (s->window == 256 && top > 256))
		return ("window of planes");
	return (NULL);
}

/* The mask; returns how many elements are not 0. */
static const char *
get_mask(struct planes_work *w, struct stream_in *in, size_t n,
    unsigned char *mask, size_t *n_left)
{
	size_t n_mask = (n + 7) / 8, i;
	const char *why;

	why = stream_decode(&w->stream, 8, 256, in, mask, n_mask);
	if (why != NULL)
		return (why);
	if (n % 8 != 0 && mask[n_mask - 1] >> n % 8 != 0)
		return ("padding of a mask is not 0");
	*n_left = 0;
	for (i = 0; i < n_mask; i++)
		*n_left += (unsigned)__builtin_popcount(mask[i]);
	return (NULL);
}

/* Each byte of the tails from a stream of its own, or all as they are. */
static const char *
get_tails(struct planes_work *w, const struct plane_shape *s, bool is_apart,
    struct stream_in *in, size_t n, const unsigned char **tails)
{
	unsigned char *to = w->elements;
	const char *why;
	unsigned k;
	size_t i;

	*tails = stream_next(in, is_apart ? 0 : n * s->tail_bytes);
	if (*tails == NULL)
		return ("tails of planes end early");
	if (!is_apart || s->tail_bytes == 0)
		return (NULL);
	for (k = 0; k < s->tail_bytes; k++) {
		why = stream_decode(&w->stream, 8, 256, in, w->spare, n);
		if (why != NULL)
			return (why);
		for (i = 0; i < n; i++)
			to[i * s->tail_bytes + k] = w->spare[i];
	}
	*tails = to;
	return (NULL);
}

/* Puts the elements outside the window where they belong. */
static const char *
put_escapes(const struct planes_work *w, const struct plane_shape *s,
    const unsigned char *escapes, uint32_t n_escapes,
    unsigned char *raw, size_t n)
{
	const unsigned char *p = w->symbols, *end = w->symbols + n;
	unsigned bits = 8 * s->n_bytes, top, k;
	uint64_t x, all = bits == 64 ? UINT64_MAX :
	    ((uint64_t)1 << bits) - 1;
	unsigned char *to;
	uint32_t i;

	for (i = 0; i < n_escapes; i++, p++, escapes += 2) {
		p = memchr(p, (int)s->window, (size_t)(end - p));
		top = le16_load(escapes);
		if (p == NULL || top - s->first < s->window ||
		    top >> (bits - s->low_bits) != 0)
			return ("symbols outside the window of planes");
		to = raw + (size_t)(p - w->symbols) * s->n_bytes;
		for (k = 0, x = 0; k < s->n_bytes; k++)
			x |= (uint64_t)to[k] << (8 * k);
		if (s->rotate)
			x = (x << 1 | x >> (bits - 1)) & all;
		x &= ((uint64_t)1 << s->low_bits) - 1;
		x |= (uint64_t)top << s->low_bits;
		if (s->rotate)
			x = (x >> 1 | x << (bits - 1)) & all;
		for (k = 0; k < s->n_bytes; k++)
			to[k] = (unsigned char)(x >> (8 * k));
	}
	if (memchr(p, (int)s->window, (size_t)(end - p)) != NULL)
		return ("symbols outside the window of planes");
	return (NULL);
}

/* `n` elements to `raw`. */
static const char *
get_elements(struct planes_work *w, const struct plane_shape *s,
    unsigned flags, struct stream_in *in, unsigned char *raw, size_t n)
{
	bool can_escape = s->window < 1u << (8 * s->n_bytes - s->low_bits);
	const unsigned char *escapes = NULL, *tails;
	uint32_t n_escapes = 0;
	const char *why;

	why = stream_decode(&w->stream, 8, s->window + can_escape, in,
	    w->symbols, n);
	if (why != NULL)
		return (why);
	if (can_escape && (!stream_next_u32(in, &n_escapes) ||
	    n_escapes > n || (escapes = stream_next(in, 2 *
	    (size_t)n_escapes)) == NULL))
		return ("escapes of planes end early");
	if (s->mid_bits > 0) {
		why = stream_decode(&w->stream, s->mid_bits,
		    1u << s->mid_bits, in, w->mid, n);
		if (why != NULL)
			return (why);
	}
	why = get_tails(w, s, (flags & PLANES_TAILS_APART) != 0, in, n,
	    &tails);
	if (why != NULL)
		return (why);
	w->stream.kernel->join(s, w->symbols, w->mid, tails, n, raw);
	return (can_escape ? put_escapes(w, s, escapes, n_escapes, raw, n) :
	    NULL);
}

/* Moves the `n_left` elements at the beginning of `raw` to their places
 * among `n`, from the last on. */
static void
put_zeros_in(const unsigned char *mask, unsigned width, unsigned char *raw,
    size_t n, size_t n_left)
{
	while (n-- > 0)
		if (mask[n / 8] >> n % 8 & 1)
			memmove(raw + n * width, raw + --n_left * width,
			    width);
		else
			memset(raw + n * width, 0, width);
}

const char *
planes_decode(struct planes_work *w, const unsigned char *stored,
    size_t n_stored, unsigned char *raw, size_t n)
{
	struct stream_in in = { stored, stored + n_stored };
	struct plane_shape s;
	unsigned char *mask = NULL;
	const unsigned char *rest;
	const char *why;
	size_t elements, n_left, rest_bytes;
	unsigned flags;

	why = get_head(&in, &s, &flags);
	if (why != NULL)
		return (why);
	elements = n_left = n / s.n_bytes;
	rest_bytes = n % s.n_bytes;
	if (flags & PLANES_ZEROS_APART) {
		mask = w->mask;
		why = get_mask(w, &in, elements, mask, &n_left);
	}
	if (why == NULL)
		why = get_elements(w, &s, flags, &in, raw, n_left);
	if (why != NULL)
		return (why);
	if (mask != NULL)
		put_zeros_in(mask, s.n_bytes, raw, elements, n_left);
	rest = stream_next(&in, rest_bytes);
	if (rest == NULL || in.at != in.end)
		return ("bytes after the planes, or too few");
	if (rest_bytes > 0)
		memcpy(raw + elements * s.n_bytes, rest, rest_bytes);
	return (NULL);
}
