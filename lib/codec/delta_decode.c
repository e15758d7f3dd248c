/*
 * delta_decode: a base page and differences to the page itself.
 */
#include "codec/delta.h"

struct bit_reader {
	const unsigned char *at, *end;
	uint64_t held;
	unsigned n_held;
};

struct tables {
	uint16_t freq[DELTA_CONTEXTS][DELTA_CLASSES];
	uint16_t start[DELTA_CONTEXTS][DELTA_CLASSES];
	bool is_empty[DELTA_CONTEXTS];
	unsigned char class[DELTA_CONTEXTS][ANS_SLOTS];
};

/* Up to 32 bits; false at the end. */
static bool
take_bits(struct bit_reader *b, unsigned n, uint64_t *out)
{
	while (b->n_held < n) {
		if (b->at == b->end)
			return (false);
		b->held |= (uint64_t)*b->at++ << b->n_held;
		b->n_held += 8;
	}
	*out = b->held & (((uint64_t)1 << n) - 1);
	b->held >>= n;
	b->n_held -= n;
	return (true);
}

static const char *
get_head(struct stream_in *in, struct delta_shape *s)
{
	const unsigned char *p = stream_next(in, DELTA_HEAD);
	unsigned bits;

	if (p == NULL)
		return ("a page of differences without its head");
	if (p[0] > 3 || p[1] > 1 || p[3] >= DELTA_CONTEXTS || p[6] > 6)
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
get_tables(struct stream_in *in, const struct delta_shape *s,
    struct tables *t)
{
	unsigned i, k, start;
	size_t n;

	for (i = 0; i < s->n_contexts; i++) {
		n = ans_table_read(in->at, (size_t)(in->end - in->at),
		    s->n_classes, t->freq[i], &t->is_empty[i]);
		if (n == 0)
			return ("frequencies of differences");
		in->at += n;
		for (k = 0, start = 0; k < s->n_classes; k++) {
			t->start[i][k] = (uint16_t)start;
			memset(t->class[i] + start, (int)k, t->freq[i][k]);
			start += t->freq[i][k];
		}
	}
	return (NULL);
}

static const char *
get_classes(struct stream_in *in, const struct delta_shape *s,
    const struct tables *t, const unsigned char *base, size_t n,
    unsigned char *class)
{
	unsigned n_lanes = 1u << s->lanes_log2, c, k, slot;
	uint32_t states[ANS_LANES], n_words, x;
	const unsigned char *word, *end;
	size_t i;

	if (!stream_next_u32(in, &n_words))
		return ("classes of differences end early");
	for (k = 0; k < n_lanes; k++)
		if (!stream_next_u32(in, &states[k]) ||
		    states[k] < ANS_LOW || states[k] >> 31 != 0)
			return ("states of differences");
	word = n_words > n ? NULL : stream_next(in, 2 * (size_t)n_words);
	if (word == NULL)
		return ("classes of differences end early");
	end = in->at;
	for (i = 0; i < n; i++) {
		c = delta_context(s, delta_load(base + i * s->n_bytes,
		    s->n_bytes));
		if (t->is_empty[c])
			return ("differences in a context without any");
		x = states[i & (n_lanes - 1)];
		slot = x & (ANS_SLOTS - 1);
		k = t->class[c][slot];
		class[i] = (unsigned char)k;
		x = t->freq[c][k] * (x >> ANS_BITS) + slot - t->start[c][k];
		if (x < ANS_LOW) {
			if (word == end)
				return ("words of differences");
			x = x << 16 | le16_load(word);
			word += 2;
		}
		states[i & (n_lanes - 1)] = x;
	}
	for (k = 0; k < n_lanes; k++)
		if (states[k] != ANS_LOW)
			return ("classes of differences do not end as they "
			    "began");
	return (word == end ? NULL : "words of differences");
}

/* The absolute value and the sign of a difference of class > 0. */
static bool
take_difference(struct bit_reader *b, unsigned class, uint64_t *d,
    uint64_t *is_negative)
{
	uint64_t low, high = 0;
	unsigned n_low = class > 32 ? 32 : class - 1;

	if (!take_bits(b, n_low, &low) ||
	    (class > 32 && !take_bits(b, class - 33, &high)) ||
	    !take_bits(b, 1, is_negative))
		return (false);
	*d = (uint64_t)1 << (class - 1) | high << 32 | low;
	return (true);
}

static const char *
get_elements(struct stream_in *in, const struct delta_shape *s,
    const unsigned char *class, const unsigned char *base, size_t n,
    unsigned char *raw)
{
	struct bit_reader b = { .at = in->at, .end = in->end };
	unsigned bits = 8 * s->n_bytes, k;
	uint64_t x, d, is_negative, half = (uint64_t)1 << (bits - 1);
	size_t i;

	for (i = 0; i < n; i++, base += s->n_bytes) {
		x = delta_load(base, s->n_bytes);
		if (class[i] > 0) {
			if (!take_difference(&b, class[i], &d, &is_negative))
				return ("bits of differences end early");
			if (d > half || (d == half && !is_negative))
				return ("a difference is too large");
			x = delta_order(s, x) + (is_negative ? -d : d);
			x = delta_unorder(s, bits == 64 ? x :
			    x & (half | (half - 1)));
		}
		for (k = 0; k < s->n_bytes; k++)
			*raw++ = (unsigned char)(x >> (8 * k));
	}
	if (b.held != 0)
		return ("padding of differences is not 0");
	in->at = b.at;
	return (NULL);
}

const char *
delta_decode(struct planes_work *w, const unsigned char *stored,
    size_t n_stored, const unsigned char *base, unsigned char *raw, size_t n)
{
	struct stream_in in = { stored, stored + n_stored };
	struct delta_shape s;
	struct tables *t = malloc(sizeof(*t));
	const unsigned char *rest;
	const char *why;
	size_t n_rest = 0;

	if (t == NULL)
		return ("no memory");
	why = get_head(&in, &s);
	if (why == NULL)
		why = get_tables(&in, &s, t);
	if (why == NULL)
		why = get_classes(&in, &s, t, base, n / s.n_bytes,
		    w->symbols);
	if (why == NULL)
		why = get_elements(&in, &s, w->symbols, base, n / s.n_bytes,
		    raw);
	free(t);
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
