/*
 * stream_encode: symbols to the smallest of the forms of a stream.
 */
#include "codec/stream.h"

unsigned char *
stream_take(struct stream_out *o, size_t n)
{
	if (o->is_full || n > o->size - o->n) {
		o->is_full = true;
		return (NULL);
	}
	o->n += n;
	return (o->data + o->n - n);
}

void
stream_put(struct stream_out *o, const void *data, size_t n)
{
	unsigned char *p = stream_take(o, n);

	if (p != NULL && n > 0)
		memcpy(p, data, n);
}

void
stream_put_u32(struct stream_out *o, uint32_t x)
{
	unsigned char disk[4];

	le32_store(disk, x);
	stream_put(o, disk, 4);
}

size_t
stream_packed_size(size_t n, unsigned bits)
{
	return (bits == 8 ? n : (n + 7) / 8 * bits);
}

static void
put_packed(struct stream_work *w, unsigned bits, unsigned char *symbols,
    size_t n, struct stream_out *out)
{
	size_t n_padded = (n + 7) / 8 * 8;
	unsigned char *p;

	stream_put(out, "\0", 1);
	if (bits == 8) {
		stream_put(out, symbols, n);
		return;
	}
	/* the packer writes up to PLANE_SLACK bytes more */
	if (out->is_full || out->size - out->n < n_padded / 8 * bits +
	    PLANE_SLACK) {
		out->is_full = true;
		return;
	}
	p = stream_take(out, n_padded / 8 * bits);
	memset(symbols + n, 0, n_padded - n);
	w->kernel->pack(bits, symbols, n_padded, p);
}

/* 128 lanes are eight vectors, enough to hide how long one takes; each lane
 * costs three bytes. */
static unsigned
lanes_log2(size_t n)
{
	return (n >= 65536 ? 7 : n >= 16384 ? 6 : n >= 1024 ? 2 : 0);
}

/* Writes the stream entropy-coded, or nothing if that takes `limit` bytes
 * or more. */
static bool
put_coded(struct stream_work *w, unsigned n_symbols,
    const unsigned char *symbols, size_t n, size_t limit,
    struct stream_out *out)
{
	unsigned char table[ANS_MAX_TABLE], disk[4];
	unsigned n_lanes = 1u << lanes_log2(n), i;
	unsigned char *end = w->words + w->words_size, *words;
	unsigned char head[3] = {
		STREAM_ANS, (unsigned char)lanes_log2(n),
		(unsigned char)(n_symbols - 1)
	};
	size_t n_table, n_words;

	ans_normalise(w->count, n_symbols, w->freq);
	for (i = 0; i < n_symbols; i++)
		if (w->freq[i] == ANS_SLOTS)
			return (false);
	ans_encoder_init(w->codes, w->freq, n_symbols);
	n_table = ans_table_write(w->freq, n_symbols, table);
	for (i = 0; i < n_lanes; i++)
		w->states[i] = ANS_LOW;
	words = w->kernel->encode(w->codes, symbols, NULL, n, w->states,
	    n_lanes, end);
	n_words = (size_t)(end - words);
	if (sizeof(head) + n_table + 4 + 4 * n_lanes + n_words >= limit)
		return (false);
	stream_put(out, head, sizeof(head));
	stream_put(out, table, n_table);
	stream_put_u32(out, (uint32_t)(n_words / 2));
	for (i = 0; i < n_lanes; i++) {
		le32_store(disk, w->states[i]);
		stream_put(out, disk, 4);
	}
	stream_put(out, words, n_words);
	return (true);
}

void
stream_encode(struct stream_work *w, unsigned bits, bool may_code,
    unsigned char *symbols, size_t n, struct stream_out *out)
{
	unsigned char constant[2] = { STREAM_CONSTANT, 0 };
	unsigned n_symbols = 0, n_used = 0, i;

	if (!may_code || n == 0) {
		put_packed(w, bits, symbols, n, out);
		return;
	}
	w->kernel->count(symbols, n, w->count);
	for (i = 0; i < ANS_SYMBOLS; i++)
		if (w->count[i] != 0) {
			n_symbols = i + 1;
			n_used++;
		}
	if (n_used == 1) {
		constant[1] = (unsigned char)(n_symbols - 1);
		stream_put(out, constant, 2);
		return;
	}
	if (!put_coded(w, n_symbols, symbols, n, 1 +
	    stream_packed_size(n, bits), out))
		put_packed(w, bits, symbols, n, out);
}
