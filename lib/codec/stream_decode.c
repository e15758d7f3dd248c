/*
 * stream_decode: the forms of a stream back to symbols.
 */
#include "codec/stream.h"

const unsigned char *
stream_next(struct stream_in *in, size_t n)
{
	if (n > (size_t)(in->end - in->at))
		return (NULL);
	in->at += n;
	return (in->at - n);
}

bool
stream_next_u32(struct stream_in *in, uint32_t *out)
{
	const unsigned char *p = stream_next(in, 4);

	if (p == NULL)
		return (false);
	*out = le32_load(p);
	return (true);
}

/* The table and the states; then there are the words. */
static const char *
open_coded(struct stream_work *w, struct stream_reader *r,
    struct stream_in *in)
{
	const unsigned char *p = stream_next(in, 2);
	unsigned n_symbols, i;
	uint32_t n_words;
	size_t n_table;
	bool is_empty;

	if (p == NULL || p[0] > ANS_LANES_LOG2 || p[1] >= r->limit)
		return ("lanes or symbols of a coded stream");
	r->n_lanes = 1u << p[0];
	n_symbols = p[1] + 1u;
	n_table = ans_table_read(in->at, (size_t)(in->end - in->at),
	    n_symbols, w->freq, &is_empty);
	if (n_table == 0 || is_empty || w->freq[n_symbols - 1] == 0)
		return ("frequencies of a coded stream");
	in->at += n_table;
	for (i = 0; i < n_symbols; i++)
		if (w->freq[i] == ANS_SLOTS)
			return ("a coded stream of one symbol");
	ans_decoder_init(r->slots, w->freq, n_symbols);
	if (!stream_next_u32(in, &n_words))
		return ("a coded stream ends early");
	for (i = 0; i < r->n_lanes; i++)
		if (!stream_next_u32(in, &r->states[i]) ||
		    r->states[i] < ANS_LOW || r->states[i] >> 31 != 0)
			return ("states of a coded stream");
	if (n_words > r->left)
		return ("more words than symbols in a coded stream");
	r->at = stream_next(in, 2 * (size_t)n_words);
	r->end = in->at;
	return (r->at == NULL ? "a coded stream ends early" : NULL);
}

const char *
stream_open(struct stream_work *w, struct stream_reader *r, unsigned bits,
    unsigned limit, struct stream_in *in, size_t n)
{
	const unsigned char *kind = stream_next(in, 1);

	if (kind == NULL)
		return ("a stream is missing");
	if (*kind != STREAM_PACKED && n == 0)
		return ("a stream of nothing is constant or coded");
	r->kind = *kind;
	r->bits = bits;
	r->limit = limit;
	r->left = n;
	switch (*kind) {
	case STREAM_PACKED:
		r->at = stream_next(in, stream_packed_size(n, bits));
		r->end = in->at;
		return (r->at == NULL ? "packed symbols end early" : NULL);
	case STREAM_CONSTANT:
		r->at = stream_next(in, 1);
		if (r->at == NULL || *r->at >= limit)
			return ("a constant stream without its symbol");
		r->symbol = *r->at;
		return (NULL);
	case STREAM_ANS:
		return (open_coded(w, r, in));
	default:
		return ("unknown kind of stream");
	}
}

static const char *
read_packed(struct stream_work *w, struct stream_reader *r,
    unsigned char *symbols, size_t n)
{
	size_t n_padded = (n + 7) / 8 * 8, i;

	if (r->bits == 8) {
		if (n > 0)
			memcpy(symbols, r->at, n);
		r->at += n;
		for (i = 0; i < n && r->limit < ANS_SYMBOLS; i++)
			if (symbols[i] >= r->limit)
				return ("packed symbols are too large");
		return (NULL);
	}
	w->kernel->unpack(r->bits, r->at, n_padded, symbols);
	r->at += n_padded / 8 * r->bits;
	for (i = n; i < n_padded; i++)
		if (symbols[i] != 0)
			return ("padding of packed symbols is not 0");
	return (NULL);
}

static const char *
read_coded(struct stream_work *w, struct stream_reader *r,
    unsigned char *symbols, size_t n)
{
	unsigned i;

	r->at = w->kernel->decode(r->slots, NULL, r->at, r->end, r->states,
	    r->n_lanes, symbols, n);
	if (r->at == NULL || (r->left == n && r->at != r->end))
		return ("words of a coded stream");
	if (r->left == n)
		for (i = 0; i < r->n_lanes; i++)
			if (r->states[i] != ANS_LOW)
				return ("a coded stream does not end as it "
				    "began");
	return (NULL);
}

const char *
stream_read(struct stream_work *w, struct stream_reader *r,
    unsigned char *symbols, size_t n)
{
	const char *why = NULL;

	assert(n == r->left || (n < r->left && n % ANS_LANES == 0));
	if (r->kind == STREAM_PACKED)
		why = read_packed(w, r, symbols, n);
	else if (r->kind == STREAM_CONSTANT)
		memset(symbols, r->symbol, n);
	else if (n > 0)
		why = read_coded(w, r, symbols, n);
	r->left -= n;
	return (why);
}
