/*
 * Blocks of lines that are used under several names, and names that stand
 * for numbers (ckpt-arch 5).
 */
#include "graph/graph_build.h"

#define MAX_LINE 4096 /* bytes of a line of a block, as used */

/* ---- numbers ---- */

static struct graph_value *
find_value(struct graph_build *b, const struct graph_word *name)
{
	size_t i;

	/* the latest first: those of the innermost block */
	for (i = b->n_values; i-- > 0;)
		if (b->values[i].name.n == name->n &&
		    memcmp(b->values[i].name.s, name->s, name->n) == 0)
			return (&b->values[i]);
	return (NULL);
}

static enum ckpt_status
add_value(struct graph_build *b, const struct graph_line *l,
    const struct graph_word *name, uint32_t number, struct ckpt_error *err)
{
	struct graph_value *v;

	if (b->n_values == GRAPH_MAX_VALUES)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "more than %d numbers have names", GRAPH_MAX_VALUES));
	v = &b->values[b->n_values++];
	v->name = *name;
	v->is_used = false;
	(void)snprintf(v->text, sizeof(v->text), "%u", number);
	return (CKPT_OK);
}

/* The length of the first axis of the tensor `w`, if the schema has it. */
static uint32_t
length_of(const struct graph_build *b, const struct graph_word *w,
    uint32_t otherwise)
{
	const struct tensor_desc *t;
	char name[2 * GRAPH_MAX_NAME];
	size_t i;

	if (b->schema == NULL || w->n > GRAPH_MAX_NAME)
		return (otherwise);
	(void)snprintf(name, sizeof(name), "%s%.*s", b->g->prefix, (int)w->n,
	    w->s);
	i = schema_find(b->schema, name);
	if (i == SIZE_MAX)
		return (otherwise);
	t = &b->schema->tensors[i];
	if (t->n_dims == 0 || t->dims[0] == 0 ||
	    t->dims[0] > GRAPH_MAX_CHANNELS)
		return (otherwise);
	return ((uint32_t)t->dims[0]);
}

enum ckpt_status
graph_build_let(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	const struct graph_word *of = graph_line_find(l, "of");
	struct graph_pair *p = &l->pairs[0];
	uint32_t number;
	enum ckpt_status st;

	if (l->n_pairs == 0 || graph_word_is(&p->key, "of"))
		return (error_line(err, CKPT_INVALID, l->number,
		    "let needs NAME=NUMBER"));
	if (find_value(b, &p->key) != NULL)
		return (error_line(err, CKPT_INVALID, l->number,
		    "\"%.*s\" has a number already",
		    GRAPH_WORD_ARGS(p->key)));
	if (!graph_word_number(&p->value, 1, GRAPH_MAX_CHANNELS, &number))
		return (error_line(err, CKPT_INVALID, l->number,
		    "let %.*s=%.*s: a whole number from 1 to %d is expected",
		    GRAPH_WORD_ARGS(p->key), GRAPH_WORD_ARGS(p->value),
		    GRAPH_MAX_CHANNELS));
	p->is_used = true;
	if (of != NULL)
		number = length_of(b, of, number);
	st = graph_line_done(l, 1, err);
	return (st != CKPT_OK ? st : add_value(b, l, &p->key, number, err));
}

enum ckpt_status
graph_build_values(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph_value *v;
	struct graph_word *w, name;
	size_t i;

	for (i = 0; i < l->n_pairs; i++) {
		w = &l->pairs[i].value;
		if (w->s[0] != '$')
			continue;
		name = (struct graph_word){ w->s + 1, w->n - 1 };
		v = find_value(b, &name);
		if (v == NULL)
			return (error_line(err, CKPT_INVALID, l->number,
			    "%.*s=%.*s: no let line or use line gives this "
			    "name a number", GRAPH_WORD_ARGS(l->pairs[i].key),
			    GRAPH_WORD_ARGS(*w)));
		v->is_used = true;
		*w = (struct graph_word){ v->text, strlen(v->text) };
	}
	return (CKPT_OK);
}

/* ---- blocks ---- */

static struct graph_block *
find_block(struct graph_build *b, const struct graph_word *name)
{
	size_t i;

	for (i = 0; i < b->n_blocks; i++)
		if (b->blocks[i].name.n == name->n &&
		    memcmp(b->blocks[i].name.s, name->s, name->n) == 0)
			return (&b->blocks[i]);
	return (NULL);
}

/* The first word of a line, as far as it tells. */
static bool
begins_with(const char *s, const char *end, const char *word)
{
	size_t n = strlen(word);

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return ((size_t)(end - s) >= n && memcmp(s, word, n) == 0 &&
	    (s + n == end || strchr(" \t\r", s[n]) != NULL));
}

enum ckpt_status
graph_build_block(struct graph_build *b, struct graph_line *l,
    const char *text, size_t n, size_t *used, uint64_t *n_lines,
    struct ckpt_error *err)
{
	const char *s = text, *end = text + n, *lf;
	struct graph_block *block;
	enum ckpt_status st;

	if (l->n_words < 2)
		return (error_line(err, CKPT_INVALID, l->number,
		    "block needs a name"));
	if (find_block(b, &l->words[1]) != NULL)
		return (error_line(err, CKPT_INVALID, l->number,
		    "a second block \"%.*s\"", GRAPH_WORD_ARGS(l->words[1])));
	if (b->n_blocks == GRAPH_MAX_BLOCKS)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "more than %d blocks", GRAPH_MAX_BLOCKS));
	st = graph_line_done(l, 2, err);
	if (st != CKPT_OK)
		return (st);
	for (*n_lines = 0; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		++*n_lines;
		if (begins_with(s, lf, "block"))
			return (error_line(err, CKPT_INVALID,
			    l->number + *n_lines, "a block within a block"));
		if (!begins_with(s, lf, "end"))
			continue;
		block = &b->blocks[b->n_blocks++];
		*block = (struct graph_block){ l->words[1], text,
		    (size_t)(s - text), l->number + 1 };
		*used = (size_t)(lf < end ? lf + 1 - text : end - text);
		return (CKPT_OK);
	}
	return (error_line(err, CKPT_INVALID, l->number,
	    "the block \"%.*s\" has no end line",
	    GRAPH_WORD_ARGS(l->words[1])));
}

/* ---- uses ---- */

/* One use of a block: its name, and what "in" is. */
struct use {
	const struct graph_word *instance;
	const char *in;
	struct buf text;   /* the line that is being written */
};

static enum ckpt_status
put(struct use *u, const char *before, const struct graph_word *w,
    struct ckpt_error *err)
{
	return (buf_printf(&u->text, err, "%s%.*s", before, (int)w->n, w->s));
}

/* A name that the block gives, as it is outside: behind the instance's. */
static enum ckpt_status
put_name(struct use *u, const char *before, const struct graph_word *w,
    struct ckpt_error *err)
{
	enum ckpt_status st = put(u, before, u->instance, err);

	return (st != CKPT_OK ? st : put(u, ".", w, err));
}

/* The names of from=, joined by commas. */
static enum ckpt_status
put_from(struct use *u, const struct graph_word *w, struct ckpt_error *err)
{
	const char *s = w->s, *end = w->s + w->n, *comma;
	struct graph_word name;
	enum ckpt_status st = CKPT_OK;

	for (; s <= end && st == CKPT_OK; s = comma + 1) {
		comma = memchr(s, ',', (size_t)(end - s));
		if (comma == NULL)
			comma = end;
		name = (struct graph_word){ s, (size_t)(comma - s) };
		if (s > w->s)
			st = buf_printf(&u->text, err, ",");
		if (st != CKPT_OK)
			break;
		if (graph_word_is(&name, "in"))
			st = buf_printf(&u->text, err, "%s", u->in);
		else
			st = put_name(u, "", &name, err);
	}
	return (st);
}

static bool
is_tensor_key(const struct graph_word *key)
{
	static const char *const keys[] = { "weight", "bias", "mean", "var",
	    "tau" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (graph_word_is(key, keys[i]))
			return (true);
	return (false);
}

static enum ckpt_status
put_pair(struct use *u, const struct graph_pair *p, struct ckpt_error *err)
{
	enum ckpt_status st = put(u, " ", &p->key, err);

	if (st == CKPT_OK)
		st = buf_printf(&u->text, err, "=");
	if (st != CKPT_OK)
		return (st);
	if (graph_word_is(&p->key, "from"))
		return (put_from(u, &p->value, err));
	if (is_tensor_key(&p->key) && !graph_word_is(&p->value, "yes") &&
	    !graph_word_is(&p->value, "no"))
		return (put_name(u, "", &p->value, err));
	return (put(u, "", &p->value, err));
}

/* A line of a block as it is outside. Its last line, if it has no name,
 * takes the instance's; the first without from= reads the block's input. */
static enum ckpt_status
write_line(struct use *u, struct graph_line *l, bool is_first, bool is_last,
    struct ckpt_error *err)
{
	bool is_use = graph_word_is(&l->words[0], "use");
	size_t i;
	enum ckpt_status st;

	u->text.len = 0;
	st = put(u, "", &l->words[0], err);
	for (i = 1; i < l->n_words && st == CKPT_OK; i++)
		st = is_use && i == 1 ? put(u, " ", &l->words[i], err) :
		    put_name(u, " ", &l->words[i], err);
	if (l->n_words == 1 && is_last && st == CKPT_OK)
		st = put(u, " ", u->instance, err);
	for (i = 0; i < l->n_pairs && st == CKPT_OK; i++)
		st = put_pair(u, &l->pairs[i], err);
	if (is_first && st == CKPT_OK && graph_line_find(l, "from") == NULL)
		st = buf_printf(&u->text, err, " from=%s", u->in);
	return (st);
}

/* The first line of a text that is not empty, and what is behind it. */
static enum ckpt_status
next_line(const char **s, const char *end, uint64_t *number,
    struct graph_line *l, struct ckpt_error *err)
{
	const char *lf;
	enum ckpt_status st;

	for (l->n_words = 0; *s < end && l->n_words == 0;) {
		lf = memchr(*s, '\n', (size_t)(end - *s));
		if (lf == NULL)
			lf = end;
		st = graph_line_split(*s, (size_t)(lf - *s), (*number)++, l,
		    err);
		if (st != CKPT_OK)
			return (st);
		*s = lf < end ? lf + 1 : end;
	}
	return (CKPT_OK);
}

/* The lines of a block under one name. */
static enum ckpt_status
use_once(struct graph_build *b, const struct graph_block *block,
    struct use *u, const struct graph_line *line, struct ckpt_error *err)
{
	const char *s = block->text, *end = block->text + block->n;
	uint64_t number = block->line;
	struct graph_line l, next, outside;
	bool is_first = true;
	enum ckpt_status st = next_line(&s, end, &number, &l, err);

	if (st == CKPT_OK && l.n_words == 0)
		st = error_line(err, CKPT_INVALID, line->number,
		    "the block \"%.*s\" has no lines",
		    GRAPH_WORD_ARGS(block->name));
	for (; st == CKPT_OK && l.n_words > 0; l = next) {
		st = next_line(&s, end, &number, &next, err);
		if (st == CKPT_OK)
			st = write_line(u, &l, is_first, next.n_words == 0,
			    err);
		if (st == CKPT_OK)
			st = graph_line_split((const char *)u->text.data,
			    u->text.len, l.number, &outside, err);
		if (st == CKPT_OK)
			st = graph_build_statement(b, &outside, err);
		is_first = false;
	}
	return (st);
}

/* The name of a use also stands for the result of its last line. */
static enum ckpt_status
add_alias(struct graph_build *b, const struct graph_word *name,
    struct ckpt_error *err)
{
	char **more;

	if (graph_names_find(&b->nodes, name->s, name->n) != SIZE_MAX)
		return (CKPT_OK); /* the last line has this very name */
	more = realloc(b->aliases, (b->n_aliases + 1) * sizeof(*more));
	if (more == NULL)
		return (error_nomem(err, sizeof(*more)));
	b->aliases = more;
	more[b->n_aliases] = strndup(name->s, name->n);
	if (more[b->n_aliases] == NULL)
		return (error_nomem(err, name->n));
	return (graph_names_add(&b->nodes, more[b->n_aliases++],
	    b->g->n_nodes - 1, err));
}

/* What the lines of the block read as "in". */
static enum ckpt_status
find_input(const struct graph_build *b, struct graph_line *l, char *in,
    size_t size, struct ckpt_error *err)
{
	const struct graph_word *from = graph_line_find(l, "from");
	struct graph_word last;

	if (b->g->n_nodes == 0)
		return (error_line(err, CKPT_INVALID, l->number,
		    "use stands before the input line"));
	last.s = b->g->nodes[b->g->n_nodes - 1].name;
	last.n = strlen(last.s);
	if (from == NULL)
		from = &last;
	if (from->n >= size ||
	    graph_names_find(&b->nodes, from->s, from->n) == SIZE_MAX)
		return (error_line(err, CKPT_INVALID, l->number,
		    "from: no line above is named \"%.*s\"",
		    GRAPH_WORD_ARGS(*from)));
	(void)snprintf(in, size, "%.*s", (int)from->n, from->s);
	return (CKPT_OK);
}

/* The numbers that a use line gives. */
static enum ckpt_status
add_values(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph_pair *p;
	uint32_t number;
	size_t i;
	enum ckpt_status st = graph_build_values(b, l, err);

	for (i = 0; i < l->n_pairs && st == CKPT_OK; i++) {
		p = &l->pairs[i];
		if (graph_word_is(&p->key, "from"))
			continue;
		if (!graph_word_number(&p->value, 0, GRAPH_MAX_CHANNELS,
		    &number))
			return (error_line(err, CKPT_INVALID, l->number,
			    "use: %.*s=%.*s: a whole number is expected",
			    GRAPH_WORD_ARGS(p->key),
			    GRAPH_WORD_ARGS(p->value)));
		st = add_value(b, l, &p->key, number, err);
	}
	return (st);
}

enum ckpt_status
graph_build_use(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph_block *block;
	char in[GRAPH_MAX_NAME + 1];
	size_t n_values = b->n_values, i;
	struct use u = { .in = in };
	enum ckpt_status st;

	if (l->n_words < 3)
		return (error_line(err, CKPT_INVALID, l->number,
		    "use needs a block and the names that it is used under"));
	block = find_block(b, &l->words[1]);
	if (block == NULL)
		return (error_line(err, CKPT_INVALID, l->number,
		    "no block above is named \"%.*s\"",
		    GRAPH_WORD_ARGS(l->words[1])));
	if (b->depth == GRAPH_MAX_DEPTH)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "blocks use blocks more than %d deep", GRAPH_MAX_DEPTH));
	buf_init(&u.text, MAX_LINE);
	b->depth++;
	st = find_input(b, l, in, sizeof(in), err);
	if (st == CKPT_OK)
		st = add_values(b, l, err);
	for (i = 2; i < l->n_words && st == CKPT_OK; i++) {
		u.instance = &l->words[i];
		st = use_once(b, block, &u, l, err);
		if (st == CKPT_OK)
			st = add_alias(b, u.instance, err);
		if (st == CKPT_OK && i + 1 < l->n_words)
			(void)snprintf(in, sizeof(in), "%s",
			    b->g->nodes[b->g->n_nodes - 1].name);
	}
	for (i = n_values; i < b->n_values && st == CKPT_OK; i++)
		if (!b->values[i].is_used)
			st = error_line(err, CKPT_INVALID, l->number,
			    "the block \"%.*s\" has no use for \"%.*s\"",
			    GRAPH_WORD_ARGS(block->name),
			    GRAPH_WORD_ARGS(b->values[i].name));
	b->depth--;
	b->n_values = n_values;
	buf_release(&u.text);
	return (st);
}
