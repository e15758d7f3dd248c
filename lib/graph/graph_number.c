#include <locale.h>
#include <math.h>

#include "graph/graph_line.h"

bool
graph_word_is(const struct graph_word *w, const char *s)
{
	return (w->n == strlen(s) && memcmp(w->s, s, w->n) == 0);
}

bool
graph_word_number(const struct graph_word *w, uint32_t min, uint32_t max,
    uint32_t *out)
{
	uint64_t x = 0;
	size_t i;

	if (w->n == 0 || w->n > 10)
		return (false);
	for (i = 0; i < w->n; i++) {
		if (w->s[i] < '0' || w->s[i] > '9')
			return (false);
		x = 10 * x + (uint64_t)(w->s[i] - '0');
	}
	if (x < min || x > max)
		return (false);
	*out = (uint32_t)x;
	return (true);
}

/* CKPT_END where the key is absent and may be. */
static enum ckpt_status
find(struct graph_line *l, const char *key, bool is_required,
    const struct graph_word **out, struct ckpt_error *err)
{
	*out = graph_line_find(l, key);
	if (*out != NULL)
		return (CKPT_OK);
	if (!is_required)
		return (CKPT_END);
	return (error_line(err, CKPT_INVALID, l->number,
	    "%.*s needs %s=...", GRAPH_WORD_ARGS(l->words[0]), key));
}

enum ckpt_status
graph_line_number(struct graph_line *l, const char *key, bool is_required,
    uint32_t min, uint32_t max, uint32_t *out, struct ckpt_error *err)
{
	const struct graph_word *w;
	enum ckpt_status st = find(l, key, is_required, &w, err);

	if (st != CKPT_OK)
		return (st == CKPT_END ? CKPT_OK : st);
	if (!graph_word_number(w, min, max, out))
		return (error_line(err, CKPT_INVALID, l->number,
		    "%s=%.*s: a whole number from %u to %u is expected", key,
		    GRAPH_WORD_ARGS(*w), min, max));
	return (CKPT_OK);
}

enum ckpt_status
graph_line_pair(struct graph_line *l, const char *key, bool is_required,
    uint32_t min, uint32_t max, uint32_t out[2], struct ckpt_error *err)
{
	const struct graph_word *w;
	struct graph_word a, b;
	const char *x;
	enum ckpt_status st = find(l, key, is_required, &w, err);

	if (st != CKPT_OK)
		return (st == CKPT_END ? CKPT_OK : st);
	a = b = *w;
	x = memchr(w->s, 'x', w->n);
	if (x != NULL) {
		a.n = (size_t)(x - w->s);
		b = (struct graph_word){ x + 1, w->n - a.n - 1 };
	}
	if (!graph_word_number(&a, min, max, &out[0]) ||
	    !graph_word_number(&b, min, max, &out[1]))
		return (error_line(err, CKPT_INVALID, l->number,
		    "%s=%.*s: N or HxW is expected, from %u to %u", key,
		    GRAPH_WORD_ARGS(*w), min, max));
	return (CKPT_OK);
}

/* strtod in the C locale, whatever the program's; only decimal numbers. */
static bool
decimal(locale_t loc, const char *s, size_t n, double *out)
{
	char text[64], *end;
	size_t i;

	if (n == 0 || n >= sizeof(text))
		return (false);
	for (i = 0; i < n; i++)
		if (strchr("0123456789.+-eE", s[i]) == NULL)
			return (false);
	memcpy(text, s, n);
	text[n] = '\0';
	*out = strtod_l(text, &end, loc);
	return (end == text + n && isfinite(*out));
}

static bool
fraction(locale_t loc, const char *s, size_t n, double *out)
{
	const char *slash = memchr(s, '/', n);
	double below;

	if (slash == NULL)
		return (decimal(loc, s, n, out));
	if (!decimal(loc, s, (size_t)(slash - s), out) ||
	    !decimal(loc, slash + 1, n - (size_t)(slash - s) - 1, &below) ||
	    below == 0)
		return (false);
	*out /= below;
	return (isfinite(*out));
}

enum ckpt_status
graph_line_reals(struct graph_line *l, const char *key, size_t max,
    double *out, size_t *n, struct ckpt_error *err)
{
	const struct graph_word *w = graph_line_find(l, key);
	const char *s, *comma, *end;
	locale_t loc;
	bool is_good = true;

	if (w == NULL)
		return (CKPT_OK);
	loc = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (loc == (locale_t)0)
		return (error_nomem(err, 0));
	*n = 0;
	s = w->s;
	end = w->s + w->n;
	do {
		comma = memchr(s, ',', (size_t)(end - s));
		if (comma == NULL)
			comma = end;
		is_good = *n < max &&
		    fraction(loc, s, (size_t)(comma - s), &out[*n]);
		++*n;
		s = comma + 1;
	} while (is_good && comma < end);
	freelocale(loc);
	if (is_good)
		return (CKPT_OK);
	return (error_line(err, CKPT_INVALID, l->number,
	    "%s=%.*s: at most %zu decimal numbers or fractions A/B, joined "
	    "by commas, are expected", key, GRAPH_WORD_ARGS(*w), max));
}
