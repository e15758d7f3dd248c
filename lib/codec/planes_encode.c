/*
 * planes_encode: a page to its streams.
 */
#include "codec/planes.h"

static void
put_head(const struct planes_plan *plan, const struct levels *l,
    struct stream_out *out)
{
	const struct plane_shape *s = &plan->shape;
	unsigned char head[PLANES_HEAD] = {
		(unsigned char)plan->width_log2,
		(unsigned char)(s->rotate * PLANES_ROTATE |
		    plan->zeros_apart * PLANES_ZEROS_APART |
		    plan->tails_apart * PLANES_TAILS_APART |
		    plan->has_levels * PLANES_LEVELS),
		(unsigned char)s->low_bits,
		(unsigned char)(s->window - 1)
	};

	le16_store(head + 4, (uint16_t)s->first);
	if (plan->has_levels) {
		head[6] = (unsigned char)l->block_log2;
		head[7] = (unsigned char)l->exponent_bits;
	}
	stream_put(out, head, sizeof(head));
}

/* The mask of elements that are not 0, and these. Returns how many. */
static size_t
take_zeros_out(struct planes_work *w, const unsigned char *raw, size_t n,
    unsigned width, struct stream_out *out)
{
	unsigned char *mask = w->symbols, *to = w->elements;
	uint64_t x;
	size_t i;

	memset(mask, 0, (n + 7) / 8);
	for (i = 0; i < n; i++, raw += width) {
		x = 0;
		memcpy(&x, raw, width);
		memcpy(to, raw, width);
		if (x != 0) {
			mask[i / 8] |= (unsigned char)(1u << i % 8);
			to += width;
		}
	}
	stream_encode(&w->stream, 8, true, mask, (n + 7) / 8, out);
	return ((size_t)(to - w->elements) / width);
}

/* The top bits of elements outside the window, in their order. */
static void
put_escapes(const struct planes_work *w, const struct plane_shape *s,
    const unsigned char *raw, size_t n, struct stream_out *out)
{
	const unsigned char *p, *end = w->symbols + n;
	unsigned bits = 8 * s->n_bytes;
	size_t at = out->n, count = 0;
	uint64_t x;
	unsigned char disk[2];
	unsigned k;

	stream_put_u32(out, 0);
	for (p = w->symbols; (p = memchr(p, (int)s->window,
	    (size_t)(end - p))) != NULL && !out->is_full; p++) {
		x = 0;
		for (k = 0; k < s->n_bytes; k++)
			x |= (uint64_t)raw[(size_t)(p - w->symbols) *
			    s->n_bytes + k] << (8 * k);
		if (s->rotate)
			x = x << 1 | x >> (bits - 1);
		if (bits < 64)
			x &= ((uint64_t)1 << bits) - 1;
		le16_store(disk, (uint16_t)(x >> s->low_bits));
		stream_put(out, disk, 2);
		count++;
	}
	if (!out->is_full)
		le32_store(out->data + at, (uint32_t)count);
}

/* Each byte of the tails as a stream, or all as they are. */
static void
put_tails(struct planes_work *w, const struct planes_plan *plan,
    const unsigned char *raw, size_t n, struct stream_out *out)
{
	struct plane_shape byte = plan->shape;
	unsigned char *p;

	if (plan->shape.tail_bytes == 0)
		return;
	if (!plan->tails_apart) {
		p = stream_take(out, n * plan->shape.tail_bytes);
		if (p != NULL)
			w->stream.kernel->split(&plan->shape, raw, n, NULL,
			    NULL, p);
		return;
	}
	byte.mid_bits = 8;
	for (byte.tail_bytes = 0; byte.tail_bytes < plan->shape.tail_bytes;
	    byte.tail_bytes++) {
		w->stream.kernel->split(&byte, raw, n, NULL, w->symbols,
		    NULL);
		stream_encode(&w->stream, 8,
		    plan->code_tail[byte.tail_bytes], w->symbols, n, out);
	}
}

size_t
planes_encode(struct planes_work *w, const struct planes_plan *plan,
    const unsigned char *raw, size_t n, unsigned char *out_data)
{
	const struct plane_shape *s = &plan->shape;
	struct stream_out out = {
		.data = out_data, .size = codec_bound(n)
	};
	size_t elements = n >> plan->width_log2, left = n % s->n_bytes;
	const unsigned char *rest = raw + n - left;

	put_head(plan, &w->levels, &out);
	if (plan->has_levels) {
		raw = w->levelled;
		memcpy(w->symbols, w->levels.of, w->levels.n);
		stream_encode(&w->stream, 8, true, w->symbols, w->levels.n,
		    &out);
	}
	if (plan->zeros_apart) {
		elements = take_zeros_out(w, raw, elements, s->n_bytes,
		    &out);
		raw = w->elements;
	}
	/* at once, while a block is in the cache; words do not reach as far
	 * as the middle bits of elements of two bytes and more */
	w->stream.kernel->split(s, raw, elements, w->symbols,
	    s->mid_bits > 0 ? w->mid : NULL, NULL);
	stream_encode(&w->stream, 8, true, w->symbols, elements, &out);
	if (s->window < 1u << (8 * s->n_bytes - s->low_bits))
		put_escapes(w, s, raw, elements, &out);
	if (s->mid_bits > 0) {
		assert(s->n_bytes > 1);
		stream_encode(&w->stream, s->mid_bits, plan->code_mid,
		    w->mid, elements, &out);
	}
	put_tails(w, plan, raw, elements, &out);
	stream_put(&out, rest, left);
	return (out.is_full || out.n >= n ? 0 : out.n);
}
