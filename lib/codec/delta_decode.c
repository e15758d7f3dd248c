/*
 * delta_decode: a base page and differences to the page itself.
 */
#include "codec/delta.h"

#define NO_CLASS 255 /* in the slots of contexts that do not occur */

static const char *
get_head(struct stream_in *in, struct delta_shape *s)
{
	const unsigned char *p = stream_next(in, DELTA_HEAD);
	unsigned bits;

	if (p == NULL)
		return ("a page of differences without its head");
	if (p[0] > 3 || p[1] > 1 || p[3] >= DELTA_CONTEXTS ||
	    p[6] > ANS_LANES_LOG2)
		return ("width, flags, contexts or lanes of differences");
	s->n_bytes = 1u << p[0];
	bits = 8 * s->n_bytes;
	s->is_float = p[1] != 0;
	s->context_bits = p[2];
	s->n_contexts = p[3] + 1u;
	s->top = le16_load(p + 4);
	s->lanes_log2 = p[6];
	s->n_classes = p[7] + 1u;
	if (s->context_bits > 16 || s->context_bits >= bits ||
	    s->n_classes > bits + 1)
		return ("context bits or classes of differences");
	return (NULL);
}

static const char *
get_tables(struct planes_work *w, struct stream_in *in,
    const struct delta_shape *s)
{
	uint16_t freq[DELTA_CLASSES];
	uint32_t *slots = w->slots;
	bool is_empty;
	size_t size;
	unsigned i, k;

	for (i = 0; i < s->n_contexts; i++, slots += ANS_SLOTS) {
		size = ans_table_read(in->at, (size_t)(in->end - in->at),
		    s->n_classes, freq, &is_empty);
		if (size == 0)
			return ("frequencies of differences");
		in->at += size;
		if (!is_empty)
			ans_decoder_init(slots, freq, s->n_classes);
		else
			for (k = 0; k < ANS_SLOTS; k++)
				slots[k] = NO_CLASS;
	}
	return (NULL);
}

static const char *
get_classes(struct planes_work *w, struct stream_in *in,
    const struct delta_shape *s, const unsigned char *base, size_t n)
{
	const struct plane_kernel *kernel = w->stream.kernel;
	unsigned n_lanes = 1u << s->lanes_log2, k;
	uint32_t states[ANS_LANES], n_words;
	const unsigned char *words;

	if (!stream_next_u32(in, &n_words))
		return ("classes of differences end early");
	for (k = 0; k < n_lanes; k++)
		if (!stream_next_u32(in, &states[k]) ||
		    states[k] < ANS_LOW || states[k] >> 31 != 0)
			return ("states of differences");
	words = n_words > n ? NULL : stream_next(in, 2 * (size_t)n_words);
	if (words == NULL)
		return ("classes of differences end early");
	if (s->context_bits > 0)
		kernel->delta->contexts(s, base, n, w->elements);
	words = kernel->decode(w->slots, s->context_bits > 0 ? w->elements :
	    NULL, words, in->at, states, n_lanes, w->symbols, n);
	if (words != in->at)
		return ("words of differences");
	for (k = 0; k < n_lanes; k++)
		if (states[k] != ANS_LOW)
			return ("classes of differences do not end as they "
			    "began");
	return (NULL);
}

static const char *
get_elements(struct planes_work *w, struct stream_in *in,
    const struct delta_shape *s, const unsigned char *base, size_t n,
    unsigned char *raw)
{
	const struct delta_kernel *kernel = w->stream.kernel->delta;
	unsigned char last[DELTA_BLOCK * 8 + DELTA_SLACK] = { 0 };
	const unsigned char *class = w->symbols, *low;
	size_t left = (size_t)(in->end - in->at) * 8, part, n_bits;
	unsigned largest, bit = 0;

	for (; n > 0; n -= part) {
		part = n < DELTA_BLOCK ? n : DELTA_BLOCK;
		n_bits = kernel->sum(class, part, &largest);
		if (largest >= s->n_classes)
			return ("differences in a context without any");
		if (n_bits > left)
			return ("bits of differences end early");
		low = in->at;
		if (left < n_bits + 8 * DELTA_SLACK + 8) {
			memcpy(last, in->at, (bit + n_bits + 7) / 8);
			low = last;
		}
		if (!kernel->add(s, class, low, bit, base, part, raw))
			return ("a difference is too large");
		left -= n_bits;
		in->at += (bit + n_bits) / 8;
		bit = (bit + n_bits) % 8;
		class += part;
		base += part * s->n_bytes;
		raw += part * s->n_bytes;
	}
	if (bit > 0 && *in->at++ >> bit != 0)
		return ("padding of differences is not 0");
	return (NULL);
}

const char *
delta_decode(struct planes_work *w, const unsigned char *stored,
    size_t n_stored, const unsigned char *base, unsigned char *raw, size_t n)
{
	struct stream_in in = { stored, stored + n_stored };
	struct delta_shape s;
	const unsigned char *rest;
	const char *why;
	size_t n_rest = 0;

	if (w->slots == NULL)
		w->slots = malloc(sizeof(*w->slots) * DELTA_CONTEXTS *
		    ANS_SLOTS);
	if (w->slots == NULL)
		return ("no memory");
	why = get_head(&in, &s);
	if (why == NULL)
		why = get_tables(w, &in, &s);
	if (why == NULL)
		why = get_classes(w, &in, &s, base, n / s.n_bytes);
	if (why == NULL)
		why = get_elements(w, &in, &s, base, n / s.n_bytes, raw);
	if (why != NULL)
		return (why);
	n_rest = n % s.n_bytes;
	rest = stream_next(&in, n_rest);
	if (rest == NULL || in.at != in.end)
		return ("bytes after the differences, or too few");
	if (n_rest > 0)
		memcpy(raw + n - n_rest, rest, n_rest);
	return (NULL);
}
