/*
 * planes_decode: the streams of a page back to its elements.
 */
#include "codec/planes.h"

#define PLANES_BLOCK 4096 /* elements at a time, a multiple of ANS_LANES */

/* What is known of a page's elements before they are read. */
struct elements {
	struct plane_shape shape;
	bool tails_apart;
	bool can_escape;
	const unsigned char *escapes, *escapes_end;
	const unsigned char *tails; /* as they are */
};

static const char *
get_head(struct stream_in *in, struct plane_shape *s, unsigned *flags)
{
	const unsigned char *p = stream_next(in, PLANES_HEAD);
	unsigned bits, top;

	if (p == NULL)
		return ("a page of planes without its head");
	if (p[0] > 3 || p[1] > 15 || (!(p[1] & PLANES_LEVELS) &&
	    (p[6] != 0 || p[7] != 0)))
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

/* The levels of `n` elements. */
static const char *
get_levels(struct planes_work *w, struct stream_in *in,
    const unsigned char *head, size_t n)
{
	struct stream_reader *r = w->stream.readers;
	struct levels *l = &w->levels;
	const char *why;

	l->width_log2 = head[0];
	l->block_log2 = head[6];
	l->exponent_bits = head[7];
	if (l->width_log2 == 0 || l->block_log2 < LEVELS_MIN_BLOCK ||
	    l->block_log2 > LEVELS_MAX_BLOCK || l->exponent_bits < 2 ||
	    l->exponent_bits > 11 ||
	    l->exponent_bits > (8u << l->width_log2) - 2)
		return ("blocks or exponents of levels");
	l->n = levels_count(l->block_log2, n);
	why = stream_open(&w->stream, r, 8, 256, in, l->n);
	return (why != NULL ? why : stream_read(&w->stream, r, l->of, l->n));
}

/* The mask; returns how many elements are not 0. */
static const char *
get_mask(struct planes_work *w, struct stream_in *in, size_t n,
    unsigned char *mask, size_t *n_left)
{
	struct stream_reader *r = w->stream.readers;
	size_t n_mask = (n + 7) / 8, i;
	const char *why;

	why = stream_open(&w->stream, r, 8, 256, in, n_mask);
	if (why == NULL)
		why = stream_read(&w->stream, r, mask, n_mask);
	if (why != NULL)
		return (why);
	if (n % 8 != 0 && mask[n_mask - 1] >> n % 8 != 0)
		return ("padding of a mask is not 0");
	*n_left = 0;
	for (i = 0; i < n_mask; i++)
		*n_left += (unsigned)__builtin_popcount(mask[i]);
	return (NULL);
}

/* Opens each byte of the tails, or finds all as they are. */
static const char *
open_tails(struct planes_work *w, struct elements *e, struct stream_in *in,
    size_t n)
{
	const struct plane_shape *s = &e->shape;
	const char *why = NULL;
	unsigned k;

	if (!e->tails_apart) {
		e->tails = stream_next(in, n * s->tail_bytes);
		return (e->tails == NULL ? "tails of planes end early" : NULL);
	}
	for (k = 0; k < s->tail_bytes && why == NULL; k++)
		why = stream_open(&w->stream, &w->stream.readers[2 + k], 8,
		    256, in, n);
	return (why);
}

/* The tails of the next `n` elements. */
static const char *
get_tails(struct planes_work *w, struct elements *e, size_t n,
    const unsigned char **tails)
{
	const unsigned n_bytes = e->shape.tail_bytes;
	unsigned char *to = w->elements;
	const char *why;
	unsigned k;
	size_t i;

	if (!e->tails_apart) {
		*tails = e->tails;
		e->tails += n * n_bytes;
		return (NULL);
	}
	for (k = 0; k < n_bytes; k++) {
		why = stream_read(&w->stream, &w->stream.readers[2 + k],
		    w->spare, n);
		if (why != NULL)
			return (why);
		for (i = 0; i < n; i++)
			to[i * n_bytes + k] = w->spare[i];
	}
	*tails = to;
	return (NULL);
}

/* Puts those of `n` elements that are outside the window where they belong.
 */
static const char *
put_escapes(const struct planes_work *w, struct elements *e,
    unsigned char *raw, size_t n)
{
	const unsigned char *p = w->symbols, *end = w->symbols + n;
	const struct plane_shape *s = &e->shape;
	unsigned bits = 8 * s->n_bytes, top, k;
	uint64_t x, all = bits == 64 ? UINT64_MAX :
	    ((uint64_t)1 << bits) - 1;
	unsigned char *to;

	for (; (p = memchr(p, (int)s->window, (size_t)(end - p))) != NULL;
	    p++, e->escapes += 2) {
		if (e->escapes == e->escapes_end)
			return ("symbols outside the window of planes");
		top = le16_load(e->escapes);
		if (top - s->first < s->window ||
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
	return (NULL);
}

/* Opens the streams of `n` elements. */
static const char *
open_elements(struct planes_work *w, struct elements *e,
    struct stream_in *in, size_t n)
{
	const struct plane_shape *s = &e->shape;
	uint32_t n_escapes = 0;
	const char *why;

	e->can_escape = s->window < 1u << (8 * s->n_bytes - s->low_bits);
	why = stream_open(&w->stream, &w->stream.readers[0], 8,
	    s->window + e->can_escape, in, n);
	if (why != NULL)
		return (why);
	if (e->can_escape && !stream_next_u32(in, &n_escapes))
		return ("escapes of planes end early");
	e->escapes = n_escapes > n ? NULL : stream_next(in, 2 *
	    (size_t)n_escapes);
	if (e->escapes == NULL)
		return ("escapes of planes end early");
	e->escapes_end = e->escapes + 2 * (size_t)n_escapes;
	if (s->mid_bits > 0) {
		why = stream_open(&w->stream, &w->stream.readers[1],
		    s->mid_bits, 1u << s->mid_bits, in, n);
		if (why != NULL)
			return (why);
	}
	return (open_tails(w, e, in, n));
}

/* `n` elements to `raw`, block by block, so that a block's parts stay in the
 * cache. */
static const char *
get_elements(struct planes_work *w, struct elements *e,
    struct stream_in *in, unsigned char *raw, size_t n)
{
	const struct plane_shape *s = &e->shape;
	const unsigned char *tails = NULL;
	const char *why = open_elements(w, e, in, n);
	size_t part;

	for (; n > 0 && why == NULL; n -= part, raw += part * s->n_bytes) {
		part = n < PLANES_BLOCK ? n : PLANES_BLOCK;
		why = stream_read(&w->stream, &w->stream.readers[0],
		    w->symbols, part);
		if (why == NULL && s->mid_bits > 0)
			why = stream_read(&w->stream, &w->stream.readers[1],
			    w->mid, part);
		if (why == NULL)
			why = get_tails(w, e, part, &tails);
		if (why != NULL)
			return (why);
		w->stream.kernel->join(s, w->symbols, w->mid, tails, part,
		    raw);
		if (e->can_escape)
			why = put_escapes(w, e, raw, part);
	}
	if (why == NULL && e->escapes != e->escapes_end)
		return ("symbols outside the window of planes");
	return (why);
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
	struct elements e;
	unsigned char *mask = NULL;
	const unsigned char *rest;
	const char *why;
	size_t elements, n_left, rest_bytes;
	unsigned flags;

	why = get_head(&in, &e.shape, &flags);
	if (why != NULL)
		return (why);
	e.tails_apart = (flags & PLANES_TAILS_APART) != 0;
	elements = n_left = n / e.shape.n_bytes;
	rest_bytes = n % e.shape.n_bytes;
	if (flags & PLANES_LEVELS)
		why = get_levels(w, &in, stored, elements);
	if (why != NULL)
		return (why);
	if (flags & PLANES_ZEROS_APART) {
		mask = w->mask;
		why = get_mask(w, &in, elements, mask, &n_left);
	}
	if (why == NULL)
		why = get_elements(w, &e, &in, raw, n_left);
	if (why != NULL)
		return (why);
	if (mask != NULL)
		put_zeros_in(mask, e.shape.n_bytes, raw, elements, n_left);
	if (flags & PLANES_LEVELS)
		levels_take(&w->levels, raw, elements);
	rest = stream_next(&in, rest_bytes);
	if (rest == NULL || in.at != in.end)
		return ("bytes after the planes, or too few");
	if (rest_bytes > 0)
		memcpy(raw + elements * e.shape.n_bytes, rest, rest_bytes);
	return (NULL);
}
