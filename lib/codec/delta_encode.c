/*
 * delta_encode: differences as bit lengths, entropy-coded by what the base
 * tells, and their lower bits.
 */
#include "codec/delta.h"

/* Bits one after another, the lowest first. */
struct bit_writer {
	unsigned char *to;
	uint64_t held;
	unsigned n_held; /* below 8 between calls */
};

struct delta_model {
	uint32_t count[DELTA_CONTEXTS][DELTA_CLASSES];
	uint16_t freq[DELTA_CONTEXTS][DELTA_CLASSES];
	uint16_t start[DELTA_CONTEXTS][DELTA_CLASSES];
};

static void
put_bits(struct bit_writer *b, uint64_t x, unsigned n)
{
	b->held |= x << b->n_held;
	for (b->n_held += n; b->n_held >= 8; b->n_held -= 8) {
		*b->to++ = (unsigned char)b->held;
		b->held >>= 8;
	}
}

/* The largest exponent of the base that is not a rare one. */
static unsigned
largest_exponent(struct delta_shape *s, const unsigned char *base, size_t n)
{
	uint32_t count[2048] = { 0 };
	unsigned bits = 8 * s->n_bytes - 1, e;
	size_t i;
	uint64_t x;

	for (i = 0; i < n; i++) {
		x = delta_load(base + i * s->n_bytes, s->n_bytes);
		x &= ((uint64_t)1 << bits) - 1;
		count[x >> (bits - s->context_bits)]++;
	}
	e = (1u << s->context_bits) - 1;
	while (e > 0 && count[e] <= n / 512)
		e--;
	return (e);
}

static void
choose(struct delta_shape *s, enum ckpt_dtype dtype,
    const unsigned char *base, size_t n)
{
	unsigned width = planes_width_log2(dtype);
	size_t elements = n >> width;

	memset(s, 0, sizeof(*s));
	s->n_bytes = 1u << width;
	s->context_bits = dtype_exponent_bits(dtype);
	s->is_float = s->context_bits > 0;
	s->n_contexts = 1;
	if (elements < 256)
		s->context_bits = 0;
	if (s->context_bits > 0) {
		s->n_contexts = elements < 4096 ? 8 : 32;
		s->top = largest_exponent(s, base, elements);
		if (s->n_contexts > s->top + 1)
			s->n_contexts = s->top + 1;
	}
	s->lanes_log2 = elements < 4096 ? 0 : 3;
}

/* A difference as its sign in bit 0 and its absolute value above, of which
 * the length is the class. */
static uint64_t
difference(const struct delta_shape *s, const unsigned char *raw,
    const unsigned char *base, unsigned *is_negative)
{
	unsigned bits = 8 * s->n_bytes;
	uint64_t d;

	d = delta_order(s, delta_load(raw, s->n_bytes)) -
	    delta_order(s, delta_load(base, s->n_bytes));
	if (bits < 64)
		d &= ((uint64_t)1 << bits) - 1;
	*is_negative = (unsigned)(d >> (bits - 1));
	if (*is_negative)
		d = bits < 64 ? ((uint64_t)1 << bits) - d : -d;
	return (d);
}

static unsigned
length_of(uint64_t x)
{
	return (x == 0 ? 0 : 64 - (unsigned)__builtin_clzll(x));
}

/* Classes and contexts of all elements; returns the sum of the classes. */
static uint64_t
classify(struct planes_work *w, struct delta_shape *s,
    const unsigned char *raw, const unsigned char *base, size_t n,
    struct delta_model *m)
{
	unsigned char *class = w->symbols, *context = w->elements;
	uint64_t sum = 0;
	unsigned is_negative;
	size_t i;

	for (i = 0; i < n; i++, raw += s->n_bytes, base += s->n_bytes) {
		class[i] = (unsigned char)length_of(difference(s, raw, base,
		    &is_negative));
		context[i] = (unsigned char)delta_context(s,
		    delta_load(base, s->n_bytes));
		m->count[context[i]][class[i]]++;
		sum += class[i];
		if (class[i] >= s->n_classes)
			s->n_classes = class[i] + 1u;
	}
	return (sum);
}

static void
put_tables(const struct delta_shape *s, struct delta_model *m,
    struct stream_out *out)
{
	unsigned char table[ANS_MAX_TABLE];
	unsigned i, k, total, start;

	for (i = 0; i < s->n_contexts; i++) {
		total = start = 0;
		for (k = 0; k < s->n_classes; k++)
			total |= m->count[i][k];
		if (total != 0)
			ans_normalise(m->count[i], s->n_classes, m->freq[i]);
		for (k = 0; k < s->n_classes; k++) {
			m->start[i][k] = (uint16_t)start;
			start += m->freq[i][k];
		}
		stream_put(out, table, ans_table_write(m->freq[i],
		    s->n_classes, table));
	}
}

static void
put_classes(struct planes_work *w, const struct delta_shape *s,
    const struct delta_model *m, size_t n, struct stream_out *out)
{
	const unsigned char *class = w->symbols, *context = w->elements;
	unsigned char *end = w->stream.words + w->stream.words_size;
	unsigned char *at = end, disk[4];
	unsigned n_lanes = 1u << s->lanes_log2, i;
	uint32_t states[ANS_LANES], f, *x;

	for (i = 0; i < n_lanes; i++)
		states[i] = ANS_LOW;
	while (n-- > 0) {
		x = &states[n & (n_lanes - 1)];
		f = m->freq[context[n]][class[n]];
		if (*x >> 19 >= f) {
			at -= 2;
			le16_store(at, (uint16_t)*x);
			*x >>= 16;
		}
		*x = *x / f * ANS_SLOTS + *x % f +
		    m->start[context[n]][class[n]];
	}
	stream_put_u32(out, (uint32_t)(end - at) / 2);
	for (i = 0; i < n_lanes; i++) {
		le32_store(disk, states[i]);
		stream_put(out, disk, 4);
	}
	stream_put(out, at, (size_t)(end - at));
}

/* The bits below the highest of each difference, then its sign. */
static void
put_low_bits(const struct planes_work *w, const struct delta_shape *s,
    const unsigned char *raw, const unsigned char *base, size_t n,
    uint64_t n_bits, struct stream_out *out)
{
	struct bit_writer b = { .to = stream_take(out, (n_bits + 7) / 8) };
	unsigned is_negative, class;
	uint64_t x;
	size_t i;

	if (b.to == NULL)
		return;
	for (i = 0; i < n; i++, raw += s->n_bytes, base += s->n_bytes) {
		class = w->symbols[i];
		if (class == 0)
			continue;
		x = difference(s, raw, base, &is_negative);
		x ^= (uint64_t)1 << (class - 1);
		if (class > 32) {
			put_bits(&b, x & UINT32_MAX, 32);
			put_bits(&b, x >> 32, class - 33);
		} else {
			put_bits(&b, x, class - 1);
		}
		put_bits(&b, is_negative, 1);
	}
	if (b.n_held > 0)
		*b.to = (unsigned char)b.held;
}

size_t
delta_encode(struct planes_work *w, enum ckpt_dtype dtype,
    const unsigned char *raw, const unsigned char *base, size_t n,
    unsigned char *out_data)
{
	struct stream_out out = {
		.data = out_data, .size = codec_bound(n)
	};
	struct delta_shape s;
	struct delta_model *m;
	size_t elements, rest;
	uint64_t n_bits;
	unsigned char head[DELTA_HEAD];

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return (0);
	choose(&s, dtype, base, n);
	elements = n / s.n_bytes;
	rest = n % s.n_bytes;
	s.n_classes = 1;
	n_bits = classify(w, &s, raw, base, elements, m);
	head[0] = (unsigned char)planes_width_log2(dtype);
	head[1] = s.is_float ? DELTA_FLOATS : 0;
	head[2] = (unsigned char)s.context_bits;
	head[3] = (unsigned char)(s.n_contexts - 1);
	le16_store(head + 4, (uint16_t)s.top);
	head[6] = (unsigned char)s.lanes_log2;
	head[7] = (unsigned char)(s.n_classes - 1);
	stream_put(&out, head, sizeof(head));
	put_tables(&s, m, &out);
	put_classes(w, &s, m, elements, &out);
	put_low_bits(w, &s, raw, base, elements, n_bits, &out);
	stream_put(&out, raw + n - rest, rest);
	free(m);
	return (out.is_full || out.n >= n ? 0 : out.n);
}
