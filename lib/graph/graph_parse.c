#include "graph/graph_build.h"

static const struct {
	const char *word;
	enum graph_op op;
} ops[] = {
	{ "conv", GRAPH_CONV },
	{ "linear", GRAPH_LINEAR },
	{ "relu", GRAPH_RELU },
	{ "leakyrelu", GRAPH_LEAKY_RELU },
	{ "tanh", GRAPH_TANH },
	{ "sigmoid", GRAPH_SIGMOID },
	{ "maxpool", GRAPH_MAX_POOL },
	{ "avgpool", GRAPH_AVG_POOL },
	{ "globalavgpool", GRAPH_GLOBAL_AVG },
	{ "flatten", GRAPH_FLATTEN },
	{ "add", GRAPH_ADD },
	{ "output", GRAPH_OUTPUT },
	{ "convtranspose", GRAPH_CONV_TRANSPOSE },
	{ "silu", GRAPH_SILU },
	{ "gelu", GRAPH_GELU },
	{ "dropout", GRAPH_DROPOUT },
	{ "concat", GRAPH_CONCAT },
	{ "batchnorm", GRAPH_BATCH_NORM },
	{ "frn", GRAPH_FRN },
	{ "layernorm", GRAPH_LAYER_NORM },
	{ "groupnorm", GRAPH_GROUP_NORM },
};

static enum ckpt_status
read_name(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	if (b->has_name)
		return (error_line(err, CKPT_INVALID, l->number,
		    "a second name line"));
	if (l->n_words < 2 || l->words[1].n > GRAPH_MAX_NAME)
		return (error_line(err, CKPT_INVALID, l->number,
		    "name needs a word of at most %d bytes",
		    GRAPH_MAX_NAME));
	free(b->g->name);
	b->g->name = strndup(l->words[1].s, l->words[1].n);
	if (b->g->name == NULL)
		return (error_nomem(err, l->words[1].n));
	b->has_name = true;
	return (graph_line_done(l, 2, err));
}

static enum ckpt_status
read_normalize(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph *g = b->g;
	size_t n = 1, n_mean = 1, n_std = 1, i;
	enum ckpt_status st;

	if (g->n_nodes != 1 || b->has_normalize)
		return (error_line(err, CKPT_INVALID, l->number,
		    "normalize stands once, right after the input line"));
	st = graph_line_reals(l, "scale", 1, &g->input_scale, &n, err);
	if (st == CKPT_OK)
		st = graph_line_reals(l, "mean", 16, g->mean, &n_mean, err);
	if (st == CKPT_OK)
		st = graph_line_reals(l, "std", 16, g->std, &n_std, err);
	if (st == CKPT_OK)
		st = graph_line_done(l, 1, err);
	if (st != CKPT_OK)
		return (st);
	g->n_mean = n_mean > n_std ? n_mean : n_std;
	if ((n_mean != 1 && n_mean != g->n_mean) ||
	    (n_std != 1 && n_std != g->n_mean) ||
	    (g->n_mean != 1 && g->n_mean != g->nodes[0].c))
		return (error_line(err, CKPT_INVALID, l->number,
		    "mean and std have one value, or one for each of the %u "
		    "channels", g->nodes[0].c));
	for (i = 0; i < n_std; i++)
		if (!(g->std[i] > 0))
			return (error_line(err, CKPT_INVALID, l->number,
			    "std must be positive"));
	for (i = n_mean; i < g->n_mean; i++)
		g->mean[i] = g->mean[0];
	for (i = n_std; i < g->n_mean; i++)
		g->std[i] = g->std[0];
	b->has_normalize = true;
	return (CKPT_OK);
}

static enum ckpt_status
read_carry(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph *g = b->g;
	char **p;

	if (l->n_words < 2)
		return (error_line(err, CKPT_INVALID, l->number,
		    "carry needs a glob of tensors' names"));
	if (g->n_carried == GRAPH_MAX_CARRIED)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "more than %d carry lines", GRAPH_MAX_CARRIED));
	p = realloc(g->carried, (g->n_carried + 1) * sizeof(*p));
	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	g->carried = p;
	p[g->n_carried] = strndup(l->words[1].s, l->words[1].n);
	if (p[g->n_carried] == NULL)
		return (error_nomem(err, l->words[1].n));
	g->n_carried++;
	return (graph_line_done(l, 2, err));
}

/* Statements that stand outside of blocks only; CKPT_END if it is none. */
static enum ckpt_status
read_outer(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	static const struct {
		const char *word;
		enum ckpt_status (*read)(struct graph_build *,
		    struct graph_line *, struct ckpt_error *);
	} outer[] = {
		{ "name", read_name },
		{ "input", graph_build_input },
		{ "normalize", read_normalize },
		{ "carry", read_carry },
		{ "let", graph_build_let },
	};
	size_t i;

	for (i = 0; i < sizeof(outer) / sizeof(*outer); i++) {
		if (!graph_word_is(&l->words[0], outer[i].word))
			continue;
		if (b->depth > 0)
			return (error_line(err, CKPT_INVALID, l->number,
			    "%s stands in a block", outer[i].word));
		return (outer[i].read(b, l, err));
	}
	return (CKPT_END);
}

enum ckpt_status
graph_build_statement(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	const struct graph_word *w = &l->words[0];
	size_t i;
	enum ckpt_status st = read_outer(b, l, err);

	if (st != CKPT_END)
		return (st);
	if (graph_word_is(w, "use"))
		return (graph_build_use(b, l, err));
	st = graph_build_values(b, l, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (graph_word_is(w, ops[i].word))
			return (graph_build_op(b, l, ops[i].op, err));
	return (error_line(err, CKPT_INVALID, l->number,
	    "unknown operation \"%.*s\"", GRAPH_WORD_ARGS(*w)));
}

/* "ckpt-arch 1", which tells an .arch file from any other. */
static enum ckpt_status
read_version(struct graph_line *l, struct ckpt_error *err)
{
	uint32_t version;

	if (!graph_word_is(&l->words[0], "ckpt-arch") || l->n_words < 2)
		return (error_line(err, CKPT_NOT_OURS, l->number,
		    "not an .arch file: \"ckpt-arch 1\" is expected first"));
	if (!graph_word_number(&l->words[1], 1, UINT32_MAX, &version))
		return (error_line(err, CKPT_INVALID, l->number,
		    "\"%.*s\" is not a version of .arch files",
		    GRAPH_WORD_ARGS(l->words[1])));
	if (version != 1)
		return (error_line(err, CKPT_NEWER, l->number,
		    "version %u of .arch files is newer than this program",
		    version));
	return (graph_line_done(l, 2, err));
}

static enum ckpt_status
read_lines(struct graph_build *b, const char *text, size_t n,
    struct ckpt_error *err)
{
	const char *s = text, *end = text + n, *lf;
	struct graph_line l;
	uint64_t number = 0, n_lines = 0;
	size_t used = 0;
	bool has_version = false;
	enum ckpt_status st;

	while (s < end) {
		lf = memchr(s, '\n', (size_t)(end - s));
		if (lf == NULL)
			lf = end;
		st = graph_line_split(s, (size_t)(lf - s), ++number, &l, err);
		if (st != CKPT_OK)
			return (has_version ? st : error_line(err,
			    CKPT_NOT_OURS, number, "not an .arch file: "
			    "\"ckpt-arch 1\" is expected first"));
		s = lf < end ? lf + 1 : end;
		if (l.n_words == 0)
			continue;
		if (has_version && graph_word_is(&l.words[0], "block")) {
			st = graph_build_block(b, &l, s, (size_t)(end - s),
			    &used, &n_lines, err);
			s += used;
			number += n_lines;
		} else
			st = has_version ? graph_build_statement(b, &l, err) :
			    read_version(&l, err);
		if (st != CKPT_OK)
			return (st);
		has_version = true;
	}
	if (!has_version)
		return (error_line(err, CKPT_NOT_OURS, number,
		    "not an .arch file: \"ckpt-arch 1\" is expected first"));
	if (!b->has_output)
		return (error_line(err, CKPT_INVALID, number,
		    "the file ends without an output line"));
	return (CKPT_OK);
}

/* What no later line reads is a mistake of whoever wrote the file. */
static enum ckpt_status
check_all_read(const struct graph_build *b, struct ckpt_error *err)
{
	size_t i;

	for (i = 0; i + 1 < b->g->n_nodes; i++)
		if (!b->is_read[i])
			return (error_line(err, CKPT_INVALID,
			    b->g->nodes[i].line,
			    "the result of this line is never used"));
	return (CKPT_OK);
}

/* With numbers from the tensors of `schema`, or NULL, which bear `prefix`. */
static enum ckpt_status
parse(const char *text, size_t n, const struct schema *schema,
    const char *prefix, struct graph **out, struct ckpt_error *err)
{
	struct graph_build b = { .schema = schema };
	enum ckpt_status st;

	if (n > GRAPH_MAX_TEXT)
		return (error_set(err, CKPT_LIMIT,
		    "an .arch file of %zu bytes; at most %d are allowed", n,
		    GRAPH_MAX_TEXT));
	b.g = calloc(1, sizeof(*b.g));
	if (b.g == NULL)
		return (error_nomem(err, sizeof(*b.g)));
	b.g->input_scale = 1;
	b.g->n_mean = 1;
	b.g->std[0] = 1;
	b.g->name = strdup("unnamed");
	b.g->prefix = strdup(prefix);
	st = b.g->name == NULL || b.g->prefix == NULL ?
	    error_nomem(err, 8) : read_lines(&b, text, n, err);
	if (st == CKPT_OK)
		st = check_all_read(&b, err);
	graph_names_release(&b.nodes);
	graph_names_release(&b.params);
	while (b.n_aliases > 0)
		free(b.aliases[--b.n_aliases]);
	free(b.aliases);
	free(b.is_read);
	if (st != CKPT_OK) {
		graph_free(b.g);
		return (st);
	}
	*out = b.g;
	return (CKPT_OK);
}

enum ckpt_status
graph_parse(const char *text, size_t n, struct graph **out,
    struct ckpt_error *err)
{
	return (parse(text, n, NULL, "", out, err));
}

/* What wrappers put before the names of all tensors of a model: the prefix
 * with which the schema has the graph's first tensor. */
static const char *
find_prefix(const struct graph *g, const struct schema *s)
{
	static const char *const prefixes[] = { "module.", "model.",
	    "_orig_mod.", "network.", "module.model.", "model.module." };
	char name[2 * GRAPH_MAX_NAME + 32];
	size_t i;

	if (g->n_params == 0 || schema_find(s, g->params[0].name) != SIZE_MAX)
		return ("");
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", prefixes[i],
		    g->params[0].name);
		if (schema_find(s, name) != SIZE_MAX)
			return (prefixes[i]);
	}
	return ("");
}

enum ckpt_status
graph_parse_for(const char *text, size_t n, const struct schema *s,
    struct graph **out, struct ckpt_error *err)
{
	const char *prefix;
	struct graph *g;
	size_t *map;
	enum ckpt_status st = parse(text, n, s, "", &g, err);

	if (st != CKPT_OK)
		return (st);
	prefix = find_prefix(g, s);
	if (*prefix != '\0') {
		graph_free(g);
		st = parse(text, n, s, prefix, &g, err);
		if (st != CKPT_OK)
			return (st);
	}
	map = calloc(g->n_params + 1, sizeof(*map));
	st = map == NULL ? error_nomem(err, g->n_params * sizeof(*map)) :
	    graph_bind(g, s, map, err);
	free(map);
	if (st != CKPT_OK) {
		graph_free(g);
		return (st);
	}
	*out = g;
	return (CKPT_OK);
}
