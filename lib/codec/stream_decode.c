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

static const char *
get_packed(struct stream_work *w, unsigned bits, unsigned limit,
    struct stream_in *in,
    unsigned char *symbols, size_t n)
{
	const unsigned char *p = stream_next(in, stream_packed_size(n,
	    bits));
	size_t n_padded = (n + 7) / 8 * 8, i;

	if (p == NULL)
		return ("packed symbols end early");
	if (bits == 8) {
		if (n > 0)
			memcpy(symbols, p, n);
		for (i = 0; i < n && limit < ANS_SYMBOLS; i++)
			if (symbols[i] >= limit)
				return ("packed symbols are too large");
		return (NULL);
	}
	w->kernel->unpack(bits, p, n_padded, symbols);
	for (i = n; i < n_padded; i++)
		if (symbols[i] != 0)
			return ("padding of packed symbols is not 0");
	return (NULL);
}

static const char *
get_constant(unsigned limit, struct stream_in *in, unsigned char *symbols,
    size_t n)
{
	const unsigned char *p = stream_next(in, 1);

	if (p == NULL || *p >= limit)
		return ("a constant stream without its symbol");
	memset(symbols, *p, n);
	return (NULL);
}

/* The table and the states. */
static const char *
get_model(struct stream_work *w, unsigned limit, struct stream_in *in,
    unsigned *n_lanes, uint32_t *n_words)
{
	const unsigned char *p = stream_next(in, 2);
	unsigned n_symbols, i;
	size_t n_table;
	bool is_empty;

	if (p == NULL || p[0] > ANS_LANES_LOG2 || p[1] >= limit)
		return ("lanes or symbols of a coded stream");
	*n_lanes = 1u << p[0];
	n_symbols = p[1] + 1u;
	n_table = ans_table_read(in->at, (size_t)(in->end - in->at),
	    n_symbols, w->freq, &is_empty);
	if (n_table == 0 || is_empty || w->freq[n_symbols - 1] == 0)
		return ("frequencies of a coded stream");
	in->at += n_table;
	for (i = 0; i < n_symbols; i++)
		if (w->freq[i] == ANS_SLOTS)
			return ("a coded stream of one symbol");
	ans_decoder_init(w->slots, w->freq, n_symbols);
	if (!stream_next_u32(in, n_words))
		return ("a coded stream ends early");
	for (i = 0; i < *n_lanes; i++)
		if (!stream_next_u32(in, &w->states[i]) ||
		    w->states[i] < ANS_LOW || w->states[i] >> 31 != 0)
			return ("states of a coded stream");
	return (NULL);
}

static const char *
get_coded(struct stream_work *w, unsigned limit, struct stream_in *in,
    unsigned char *symbols, size_t n)
{
	const unsigned char *words, *end;
	const char *why;
	unsigned n_lanes, i;
	uint32_t n_words;

	why = get_model(w, limit, in, &n_lanes, &n_words);
	if (why != NULL)
		return (why);
	if (n_words > n)
		return ("more words than symbols in a coded stream");
	words = stream_next(in, 2 * (size_t)n_words);
	if (words == NULL)
		return ("a coded stream ends early");
	end = w->kernel->decode(w->slots, NULL, words, in->at, w->states,
	    n_lanes, symbols, n);
	if (end != in->at)
		return ("words of a coded stream");
	for (i = 0; i < n_lanes; i++)
		if (w->states[i] != ANS_LOW)
			return ("a coded stream does not end as it began");
	return (NULL);
}

const char *
stream_decode(struct stream_work *w, unsigned bits, unsigned limit,
    struct stream_in *in,
    unsigned char *symbols, size_t n)
{
	const unsigned char *kind = stream_next(in, 1);

	if (kind == NULL)
		return ("a stream is missing");
	switch (*kind) {
	case STREAM_PACKED:
		return (get_packed(w, bits, limit, in, symbols, n));
	case STREAM_CONSTANT:
		return (n == 0 ? "a stream of nothing is constant" :
		    get_constant(limit, in, symbols, n));
	case STREAM_ANS:
		return (n == 0 ? "a stream of nothing is coded" :
		    get_coded(w, limit, in, symbols, n));
	default:
		return ("unknown kind of stream");
	}
}
