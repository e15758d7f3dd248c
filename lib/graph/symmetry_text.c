/* The table as text: ckpt-orbits 1. */
#include "graph/symmetry_table.h"

static const char heading[] = "ckpt symmetry 1\n";
static const char *const actions[] = { "none", "out", "in" };
static const char *const kinds[] = { "none", "scale", "sign", "scale,sign" };

enum ckpt_status
symmetry_print(const struct symmetry *s, struct buf *out,
    struct ckpt_error *err)
{
	const struct symmetry_axis *a;
	const struct symmetry_group *g;
	size_t i;
	enum ckpt_status st;

	st = buf_printf(out, err, "%s", heading);
	for (i = 0; i < s->n_axes && st == CKPT_OK; i++) {
		a = &s->axes[i];
		st = buf_printf(out, err, "axis %u", a->axis);
		if (st == CKPT_OK && a->start != SYMMETRY_WHOLE)
			st = buf_printf(out, err, ":%llu",
			    (unsigned long long)a->start);
		if (st != CKPT_OK)
			break;
		st = buf_printf(out, err, " %zu %llu %llu %s %u %s\n",
		    a->group, (unsigned long long)a->block,
		    (unsigned long long)a->slices, actions[a->action],
		    a->rank, a->tensor);
	}
	for (i = 0; i < s->n_groups && st == CKPT_OK; i++) {
		g = &s->groups[i];
		st = buf_printf(out, err, "group %zu %u %s %s ", i,
		    g->n_units, g->is_fixed ? "fixed" : "permuted",
		    kinds[g->kinds]);
		if (st == CKPT_OK && g->parent == SIZE_MAX)
			st = buf_printf(out, err, "-\n");
		else if (st == CKPT_OK)
			st = buf_printf(out, err, "%zu\n", g->parent);
	}
	return (st);
}

enum ckpt_status
symmetry_id(const struct symmetry *s, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct buf text = BUF_INIT(SYMMETRY_MAX_TEXT);
	enum ckpt_status st = symmetry_print(s, &text, err);

	if (st == CKPT_OK)
		st = id_text(text.data, text.len, out, err);
	buf_release(&text);
	return (st);
}

struct reader {
	const char *s, *end; /* of the current line, without its LF */
	uint64_t line;
};

/* The next word: up to a blank or the end of the line. */
static size_t
word(struct reader *r, const char **out)
{
	const char *blank = memchr(r->s, ' ', (size_t)(r->end - r->s));
	size_t n;

	if (blank == NULL)
		blank = r->end;
	*out = r->s;
	n = (size_t)(blank - r->s);
	r->s = blank < r->end ? blank + 1 : blank;
	return (n);
}

static bool
decimal(const char *s, size_t n, uint64_t max, uint64_t *out)
{
	size_t i;

	if (n == 0 || n > 10)
		return (false);
	for (*out = 0, i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (false);
		*out = 10 * *out + (uint64_t)(s[i] - '0');
	}
	return (*out <= max);
}

static bool
number(struct reader *r, uint64_t max, uint64_t *out)
{
	const char *s;
	size_t n = word(r, &s);

	return (decimal(s, n, max, out));
}

/* AXIS or AXIS:START */
static bool
read_place(struct reader *r, struct symmetry_axis *a)
{
	const char *s;
	size_t n = word(r, &s);

	if (n == 0 || (s[0] != '0' && s[0] != '1'))
		return (false);
	a->axis = (uint32_t)(s[0] - '0');
	a->start = SYMMETRY_WHOLE;
	if (n == 1)
		return (true);
	return (s[1] == ':' &&
	    decimal(s + 2, n - 2, SYMMETRY_MAX_LENGTH, &a->start));
}

static bool
choice(struct reader *r, const char *const *words, unsigned n_words,
    unsigned *out)
{
	const char *s;
	size_t n = word(r, &s);

	for (*out = 0; *out < n_words; ++*out)
		if (strlen(words[*out]) == n && memcmp(words[*out], s, n) == 0)
			return (true);
	return (false);
}

static bool
read_axis(struct reader *r, struct symmetry_axis *a)
{
	uint64_t group, rank;
	unsigned action;
	size_t n;

	if (!read_place(r, a) ||
	    !number(r, SYMMETRY_MAX_GROUPS, &group) ||
	    !number(r, SYMMETRY_MAX_LENGTH, &a->block) ||
	    !number(r, SYMMETRY_MAX_LENGTH, &a->slices) ||
	    !choice(r, actions, 3, &action) || !number(r, UINT32_MAX, &rank))
		return (false);
	a->group = (size_t)group;
	a->action = (enum symmetry_action)action;
	a->rank = (uint32_t)rank;
	n = (size_t)(r->end - r->s);
	if (n == 0 || n > CKPT_MAX_NAME || !text_is_utf8(r->s, n) ||
	    memchr(r->s, '\0', n) != NULL || memchr(r->s, '\r', n) != NULL)
		return (false);
	a->tensor = strndup(r->s, n);
	return (true);
}

static bool
read_group(struct reader *r, size_t i, struct symmetry_group *g)
{
	static const char *const moves[] = { "permuted", "fixed" };
	uint64_t index, n_units, parent;
	unsigned move;

	if (!number(r, SYMMETRY_MAX_GROUPS, &index) || index != i ||
	    !number(r, SYMMETRY_MAX_UNITS, &n_units) ||
	    !choice(r, moves, 2, &move) || !choice(r, kinds, 4, &g->kinds))
		return (false);
	g->n_units = (uint32_t)n_units;
	g->is_fixed = move == 1;
	g->parent = SIZE_MAX;
	if (r->end - r->s == 1 && *r->s == '-')
		return (true);
	if (!number(r, SYMMETRY_MAX_GROUPS, &parent))
		return (false);
	g->parent = (size_t)parent;
	return (true);
}

static enum ckpt_status
read_line(struct reader *r, struct symmetry *s, struct ckpt_error *err)
{
	static const char *const words[] = { "axis", "group" };
	unsigned what;

	if (!choice(r, words, 2, &what))
		goto bad;
	if (what == 0) {
		if (s->n_groups > 0 ||
		    !read_axis(r, &s->axes[s->n_axes]))
			goto bad;
		if (s->axes[s->n_axes].tensor == NULL)
			return (error_nomem(err, 1));
		s->n_axes++;
	} else {
		if (!read_group(r, s->n_groups, &s->groups[s->n_groups]))
			goto bad;
		s->n_groups++;
	}
	return (CKPT_OK);

bad:
	return (error_line(err, CKPT_INVALID, r->line,
	    "table of symmetries: \"axis AXIS[:START] GROUP BLOCK SLICES "
	    "ACTION RANK NAME\" or \"group NUMBER UNITS MOVES KINDS PARENT\" "
	    "is expected"));
}

/* Numbers with leading zeros and the like: it must print as it was read. */
static enum ckpt_status
check_canonical(const struct symmetry *s, const char *text, size_t n,
    struct ckpt_error *err)
{
	struct buf b = BUF_INIT(SYMMETRY_MAX_TEXT + 1);
	enum ckpt_status st = symmetry_print(s, &b, err);

	if (st == CKPT_OK && (b.len != n || memcmp(b.data, text, n) != 0))
		st = error_set(err, CKPT_INVALID,
		    "table of symmetries: not in canonical spelling");
	buf_release(&b);
	return (st);
}

static enum ckpt_status
read_lines(struct reader *r, const char *text, size_t n, struct symmetry *s,
    struct ckpt_error *err)
{
	const char *p = text + strlen(heading);
	enum ckpt_status st;

	for (r->line = 2; p < text + n; r->line++) {
		r->s = p;
		r->end = memchr(p, '\n', (size_t)(text + n - p));
		if (r->end == NULL)
			return (error_line(err, CKPT_TRUNCATED, r->line,
			    "table of symmetries: the last line has no line "
			    "feed"));
		p = r->end + 1;
		st = read_line(r, s, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (CKPT_OK);
}

enum ckpt_status
symmetry_parse(const char *text, size_t n, struct symmetry **out,
    struct ckpt_error *err)
{
	struct reader r = { 0 };
	struct symmetry *s;
	size_t i, n_lines = 0;
	enum ckpt_status st;

	if (n < strlen(heading) ||
	    memcmp(text, heading, strlen(heading)) != 0)
		return (error_line(err, CKPT_NOT_OURS, 1,
		    "not a table of symmetries: \"ckpt symmetry 1\" is "
		    "expected"));
	for (i = 0; i < n; i++)
		n_lines += text[i] == '\n';
	if (n > SYMMETRY_MAX_TEXT || n_lines > SYMMETRY_MAX_AXES)
		return (error_set(err, CKPT_LIMIT,
		    "table of symmetries: at most %d bytes and %d lines are "
		    "allowed", SYMMETRY_MAX_TEXT, SYMMETRY_MAX_AXES));
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->axes = calloc(n_lines, sizeof(*s->axes));
	s->groups = calloc(n_lines, sizeof(*s->groups));
	st = s->axes == NULL || s->groups == NULL ?
	    error_nomem(err, n_lines) : read_lines(&r, text, n, s, err);
	if (st == CKPT_OK)
		st = symmetry_check(s, err);
	if (st == CKPT_OK)
		st = check_canonical(s, text, n, err);
	if (st != CKPT_OK) {
		symmetry_free(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}
