#include "graph/graph_line.h"

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

static enum ckpt_status
check_bytes(const char *s, size_t n, uint64_t number, struct ckpt_error *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') ||
		    s[i] == 0x7f)
			return (error_line(err, CKPT_INVALID, number,
			    "a control byte (%d) in an .arch file",
			    (unsigned char)s[i]));
	if (!text_is_utf8(s, n))
		return (error_line(err, CKPT_INVALID, number,
		    "the line is not valid UTF-8"));
	return (CKPT_OK);
}

static enum ckpt_status
add_word(struct graph_line *l, const char *s, size_t n,
    struct ckpt_error *err)
{
	const char *eq = memchr(s, '=', n);
	struct graph_pair *p;
	size_t i;

	if (l->n_words + l->n_pairs == GRAPH_LINE_MAX_WORDS)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "more than %d words in a line", GRAPH_LINE_MAX_WORDS));
	if (eq == NULL) {
		if (l->n_pairs > 0)
			return (error_line(err, CKPT_INVALID, l->number,
			    "\"%.*s\" after a key=value: names come first, "
			    "and no blanks stand around \"=\"",
			    (int)(n > 80 ? 80 : n), s));
		l->words[l->n_words++] = (struct graph_word){ s, n };
		return (CKPT_OK);
	}
	p = &l->pairs[l->n_pairs];
	p->key = (struct graph_word){ s, (size_t)(eq - s) };
	p->value = (struct graph_word){ eq + 1, n - p->key.n - 1 };
	p->is_used = false;
	if (p->key.n == 0 || p->value.n == 0)
		return (error_line(err, CKPT_INVALID, l->number,
		    "\"%.*s\": a key and a value are needed around \"=\"",
		    (int)(n > 80 ? 80 : n), s));
	for (i = 0; i < l->n_pairs; i++)
		if (l->pairs[i].key.n == p->key.n &&
		    memcmp(l->pairs[i].key.s, p->key.s, p->key.n) == 0)
			return (error_line(err, CKPT_INVALID, l->number,
			    "\"%.*s\" is given twice",
			    GRAPH_WORD_ARGS(p->key)));
	l->n_pairs++;
	return (CKPT_OK);
}

enum ckpt_status
graph_line_split(const char *s, size_t n, uint64_t number,
    struct graph_line *out, struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t i = 0, start;

	out->number = number;
	out->n_words = out->n_pairs = 0;
	if (n > 0 && s[n - 1] == '\r')
		n--;
	st = check_bytes(s, n, number, err);
	if (st != CKPT_OK)
		return (st);
	for (;;) {
		while (i < n && is_blank(s[i]))
			i++;
		if (i == n || s[i] == '#')
			break;
		start = i;
		while (i < n && !is_blank(s[i]))
			i++;
		st = add_word(out, s + start, i - start, err);
		if (st != CKPT_OK)
			return (st);
	}
	if (out->n_words == 0 && out->n_pairs > 0)
		return (error_line(err, CKPT_INVALID, number,
		    "the line begins with a key=value, not with an "
		    "operation"));
	return (CKPT_OK);
}

const struct graph_word *
graph_line_find(struct graph_line *l, const char *key)
{
	size_t i;

	for (i = 0; i < l->n_pairs; i++)
		if (graph_word_is(&l->pairs[i].key, key)) {
			l->pairs[i].is_used = true;
			return (&l->pairs[i].value);
		}
	return (NULL);
}

enum ckpt_status
graph_line_done(const struct graph_line *l, size_t max_words,
    struct ckpt_error *err)
{
	size_t i;

	for (i = 0; i < l->n_pairs; i++)
		if (!l->pairs[i].is_used)
			return (error_line(err, CKPT_INVALID, l->number,
			    "%.*s does not take \"%.*s\"",
			    GRAPH_WORD_ARGS(l->words[0]),
			    GRAPH_WORD_ARGS(l->pairs[i].key)));
	if (l->n_words > max_words)
		return (error_line(err, CKPT_INVALID, l->number,
		    "%.*s: the word \"%.*s\" is too many",
		    GRAPH_WORD_ARGS(l->words[0]),
		    GRAPH_WORD_ARGS(l->words[max_words])));
	return (CKPT_OK);
}
