/*
 * delta_encode: differences as bit lengths, entropy-coded by what the base
 * tells, and their lower bits.
 */
#include "codec/delta.h"

#define ONE_BIT 65536
#define SAMPLE 4096   /* elements that the largest exponent is taken from */

struct delta_model {
	uint32_t count[DELTA_CONTEXTS][DELTA_CLASSES];
	uint16_t freq[DELTA_CLASSES];
	struct ans_code codes[DELTA_CONTEXTS * ANS_STRIDE];
};

/* The largest exponent of the base that is not a rare one. */
static unsigned
largest_exponent(const struct delta_shape *s, const unsigned char *base,
    size_t n)
{
	unsigned bits = 8 * s->n_bytes - 1, e, k;
	size_t every = n / SAMPLE + 1, taken = 0, i;
	uint32_t count[2048] = { 0 };
	uint64_t x;

	for (i = 0; i < n; i += every, taken++) {
		for (k = 0, x = 0; k < s->n_bytes; k++)
			x |= (uint64_t)base[i * s->n_bytes + k] << (8 * k);
		x &= ((uint64_t)1 << bits) - 1;
		count[x >> (bits - s->context_bits)]++;
	}
	e = (1u << s->context_bits) - 1;
	while (e > 0 && count[e] <= taken / 512)
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
		s->n_contexts = 32;
		s->top = largest_exponent(s, base, elements);
		if (s->n_contexts > s->top + 1)
			s->n_contexts = s->top + 1;
	}
}

/* Bits in units of 2^-16 for the classes of a context and its table. */
static uint64_t
cost(const struct planes_work *w, const uint32_t *count, unsigned n)
{
	uint64_t bits = 0;
	uint32_t total = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		total += count[i];
	for (i = 0; i < n; i++)
		if (count[i] != 0)
			bits += count[i] * (uint64_t)(planes_log2(w, total) -
			    planes_log2(w, count[i])) + 7 * ONE_BIT;
	return (bits + 4 * (uint64_t)n * ONE_BIT);
}

/* Puts the last contexts together where that costs less: small weights are
 * few, and tables are not free. Returns the bits of all. */
static uint64_t
merge(const struct planes_work *w, struct delta_shape *s,
    struct delta_model *m)
{
	unsigned n = s->n_contexts, i, k;
	uint64_t before[DELTA_CONTEXTS + 1] = { 0 }, best = UINT64_MAX, all;
	uint32_t rest[DELTA_CLASSES] = { 0 };

	for (i = 0; i < n; i++)
		before[i + 1] = before[i] + cost(w, m->count[i],
		    s->n_classes);
	for (i = n; i-- > 0; ) {
		for (k = 0; k < s->n_classes; k++)
			rest[k] += m->count[i][k];
		all = before[i] + cost(w, rest, s->n_classes);
		if (all < best) {
			best = all;
			s->n_contexts = i + 1;
		}
	}
	for (i = s->n_contexts; i < n; i++)
		for (k = 0; k < s->n_classes; k++)
			m->count[s->n_contexts - 1][k] += m->count[i][k];
	return (best);
}

/* The tables; contexts up to `n` are coded as the last is. */
static void
put_tables(const struct delta_shape *s, struct delta_model *m, unsigned n,
    struct stream_out *out)
{
	unsigned char table[ANS_MAX_TABLE];
	unsigned i, k, total;

	for (i = 0; i < s->n_contexts; i++) {
		for (k = 0, total = 0; k < s->n_classes; k++)
			total |= m->count[i][k];
		memset(m->freq, 0, sizeof(m->freq));
		if (total != 0)
			ans_normalise(m->count[i], s->n_classes, m->freq);
		ans_encoder_init(m->codes + (size_t)i * ANS_STRIDE, m->freq,
		    s->n_classes);
		stream_put(out, table, ans_table_write(m->freq,
		    s->n_classes, table));
	}
	for (; i < n; i++)
		memcpy(m->codes + (size_t)i * ANS_STRIDE, m->codes +
		    (size_t)(s->n_contexts - 1) * ANS_STRIDE,
		    ANS_STRIDE * sizeof(*m->codes));
}

/* A lane costs three bytes; vectors want sixteen. */
static unsigned
lanes_log2(size_t n, uint64_t n_bytes)
{
	return (n < 4096 ? 0 : n_bytes < 1024 ? 3 : n_bytes < 8192 ? 4 :
	    n_bytes < 24576 ? 5 :
	    n_bytes < 98304 ? 6 : 7);
}

static void
put_classes(struct planes_work *w, const struct delta_shape *s,
    const struct delta_model *m, size_t n, struct stream_out *out)
{
	unsigned char *end = w->stream.words + w->stream.words_size;
	unsigned char *at, disk[4];
	unsigned n_lanes = 1u << s->lanes_log2, i;
	uint32_t states[ANS_LANES];

	for (i = 0; i < n_lanes; i++)
		states[i] = ANS_LOW;
	at = w->stream.kernel->encode(m->codes, w->symbols, w->elements, n,
	    states, n_lanes, end);
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
	struct delta_bits b = { .to = out->data + out->n };
	size_t part;

	if (out->is_full || out->size - out->n < (n_bits + 7) / 8 +
	    DELTA_SLACK) {
		out->is_full = true;
		return;
	}
	(void)stream_take(out, (n_bits + 7) / 8);
	for (; n > 0; n -= part) {
		part = n < DELTA_BLOCK ? n : DELTA_BLOCK;
		w->stream.kernel->delta->put_low(s, raw, base, part, &b);
		raw += part * s->n_bytes;
		base += part * s->n_bytes;
	}
	le64_store(b.to, b.held);
}

/* Classes and contexts of all elements; returns the sum of the classes. */
static uint64_t
classify(struct planes_work *w, struct delta_shape *s,
    const unsigned char *raw, const unsigned char *base, size_t n,
    struct delta_model *m)
{
	const struct delta_kernel *kernel = w->stream.kernel->delta;
	unsigned largest;
	uint64_t sum;

	kernel->classes(s, raw, base, n, w->symbols);
	if (s->context_bits > 0)
		kernel->contexts(s, base, n, w->elements);
	else
		memset(w->elements, 0, n);
	kernel->count(s->n_contexts, w->symbols, w->elements, n, m->count);
	sum = kernel->sum(w->symbols, n, &largest);
	s->n_classes = largest + 1;
	return (sum);
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
	uint64_t n_bits, bits;
	unsigned char head[DELTA_HEAD];
	unsigned n_contexts;

	m = malloc(sizeof(*m));
	if (m == NULL)
		return (0);
	choose(&s, dtype, base, n);
	elements = n / s.n_bytes;
	rest = n % s.n_bytes;
	n_bits = classify(w, &s, raw, base, elements, m);
	n_contexts = s.n_contexts;
	bits = merge(w, &s, m) / ONE_BIT;
	s.lanes_log2 = lanes_log2(elements, bits / 8);
	head[0] = (unsigned char)planes_width_log2(dtype);
	head[1] = s.is_float ? DELTA_FLOATS : 0;
	head[2] = (unsigned char)s.context_bits;
	head[3] = (unsigned char)(s.n_contexts - 1);
	le16_store(head + 4, (uint16_t)s.top);
	head[6] = (unsigned char)s.lanes_log2;
	head[7] = (unsigned char)(s.n_classes - 1);
	stream_put(&out, head, sizeof(head));
	put_tables(&s, m, n_contexts, &out);
	put_classes(w, &s, m, elements, &out);
	put_low_bits(w, &s, raw, base, elements, n_bits, &out);
	stream_put(&out, raw + n - rest, rest);
	free(m);
	return (out.is_full || out.n >= n ? 0 : out.n);
}
