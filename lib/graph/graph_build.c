#include "graph/graph_build.h"

enum ckpt_status
graph_build_node(struct graph_build *b, uint64_t line,
    struct graph_node **out, struct ckpt_error *err)
{
	struct graph *g = b->g;
	size_t capacity = b->node_capacity;
	void *p;

	if (g->n_nodes == GRAPH_MAX_NODES)
		return (error_line(err, CKPT_LIMIT, line,
		    "more than %d operations", GRAPH_MAX_NODES));
	if (g->n_nodes == capacity) {
		capacity = capacity == 0 ? 32 : 2 * capacity;
		p = realloc(g->nodes, capacity * sizeof(*g->nodes));
		if (p == NULL)
			return (error_nomem(err,
			    capacity * sizeof(*g->nodes)));
		g->nodes = p;
		p = realloc(b->is_read, capacity * sizeof(*b->is_read));
		if (p == NULL)
			return (error_nomem(err, capacity));
		b->is_read = p;
		b->node_capacity = capacity;
	}
	b->is_read[g->n_nodes] = false;
	*out = &g->nodes[g->n_nodes];
	memset(*out, 0, sizeof(**out));
	(*out)->line = line;
	(*out)->weight = (*out)->bias = GRAPH_NONE;
	(*out)->mean = (*out)->var = (*out)->tau = GRAPH_NONE;
	return (CKPT_OK);
}

static bool
is_name(const struct graph_word *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (!((w->s[i] >= 'a' && w->s[i] <= 'z') ||
		    (w->s[i] >= 'A' && w->s[i] <= 'Z') ||
		    (w->s[i] >= '0' && w->s[i] <= '9') ||
		    memchr("._-", w->s[i], 3) != NULL))
			return (false);
	return (w->n >= 1 && w->n <= GRAPH_MAX_NAME);
}

enum ckpt_status
graph_build_push(struct graph_build *b, const struct graph_word *name,
    struct ckpt_error *err)
{
	struct graph_node *node = &b->g->nodes[b->g->n_nodes];
	struct graph_word made;
	char text[32];
	size_t other;
	enum ckpt_status st;

	if (name == NULL) {
		/* '@' stands in no given name */
		(void)snprintf(text, sizeof(text), "@%zu", b->g->n_nodes);
		made = (struct graph_word){ text, strlen(text) };
		name = &made;
	} else if (!is_name(name))
		return (error_line(err, CKPT_INVALID, node->line,
		    "the name \"%.*s\": 1 to %d of A-Z a-z 0-9 . _ - are "
		    "expected", GRAPH_WORD_ARGS(*name), GRAPH_MAX_NAME));
	other = graph_names_find(&b->nodes, name->s, name->n);
	if (other != SIZE_MAX)
		return (error_line(err, CKPT_INVALID, node->line,
		    "the name \"%.*s\" is taken by line %llu",
		    GRAPH_WORD_ARGS(*name),
		    (unsigned long long)b->g->nodes[other].line));
	node->name = strndup(name->s, name->n);
	if (node->name == NULL)
		return (error_nomem(err, name->n));
	st = graph_names_add(&b->nodes, node->name, b->g->n_nodes, err);
	if (st != CKPT_OK) {
		free(node->name);
		return (st);
	}
	b->g->n_nodes++;
	return (CKPT_OK);
}

static enum ckpt_status
check_shared(const struct graph_build *b, const struct graph_param *p,
    const struct graph_node *node, unsigned n_dims, const uint64_t *dims,
    struct ckpt_error *err)
{
	const struct graph_node *first = &b->g->nodes[p->node];

	if (first->op == node->op && first->groups == node->groups &&
	    p->n_dims == n_dims &&
	    memcmp(p->dims, dims, n_dims * sizeof(*dims)) == 0)
		return (CKPT_OK);
	return (error_line(err, CKPT_INVALID, node->line,
	    "the tensor \"%.80s\" is used in line %llu in another way or "
	    "shape", p->name, (unsigned long long)first->line));
}

enum ckpt_status
graph_build_param(struct graph_build *b, const struct graph_node *node,
    const char *name, size_t n_name, unsigned n_dims, const uint64_t *dims,
    size_t *out, struct ckpt_error *err)
{
	struct graph *g = b->g;
	struct graph_param *p;
	size_t capacity = b->param_capacity;
	enum ckpt_status st;

	*out = graph_names_find(&b->params, name, n_name);
	if (*out != SIZE_MAX)
		return (check_shared(b, &g->params[*out], node, n_dims, dims,
		    err));
	if (g->n_params == capacity) {
		capacity = capacity == 0 ? 32 : 2 * capacity;
		p = realloc(g->params, capacity * sizeof(*p));
		if (p == NULL)
			return (error_nomem(err, capacity * sizeof(*p)));
		g->params = p;
		b->param_capacity = capacity;
	}
	p = &g->params[g->n_params];
	memset(p, 0, sizeof(*p));
	p->n_dims = n_dims;
	memcpy(p->dims, dims, n_dims * sizeof(*dims));
	p->node = g->n_nodes;
	p->name = strndup(name, n_name);
	if (p->name == NULL)
		return (error_nomem(err, n_name));
	st = graph_names_add(&b->params, p->name, g->n_params, err);
	if (st != CKPT_OK) {
		free(p->name);
		return (st);
	}
	*out = g->n_params++;
	return (CKPT_OK);
}

/* The tensor's name: KEY=NAME, or the operation's name with a suffix; all
 * behind the prefix of the graph's tensors. */
static enum ckpt_status
param_name(const struct graph_build *b, const struct graph_line *l,
    const struct graph_word *given, const char *suffix, char *out, size_t *n,
    struct ckpt_error *err)
{
	struct graph_word w;

	if (given == NULL && l->n_words < 2)
		return (error_line(err, CKPT_INVALID, l->number,
		    "%.*s needs a name, the prefix of its tensors' names",
		    GRAPH_WORD_ARGS(l->words[0])));
	w = given != NULL ? *given : l->words[1];
	if (w.n > GRAPH_MAX_NAME)
		return (error_line(err, CKPT_LIMIT, l->number,
		    "a tensor's name is longer than %d bytes",
		    GRAPH_MAX_NAME));
	*n = (size_t)snprintf(out, 2 * GRAPH_MAX_NAME, "%s%.*s%s",
	    b->g->prefix, (int)w.n, w.s, given != NULL ? "" : suffix);
	return (CKPT_OK);
}

enum ckpt_status
graph_build_tensor(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, const char *key, const char *suffix,
    unsigned n_dims, const uint64_t *dims, size_t *param,
    struct ckpt_error *err)
{
	const struct graph_word *given = graph_line_find(l, key);
	char name[2 * GRAPH_MAX_NAME];
	size_t n = 0;
	enum ckpt_status st;

	if (given != NULL && graph_word_is(given, "yes"))
		given = NULL;
	st = param_name(b, l, given, suffix, name, &n, err);
	if (st != CKPT_OK)
		return (st);
	return (graph_build_param(b, node, name, n, n_dims, dims, param,
	    err));
}

enum ckpt_status
graph_build_weights(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, unsigned n_dims, const uint64_t *dims,
    struct ckpt_error *err)
{
	const struct graph_word *bias = graph_line_find(l, "bias");
	uint64_t c = node->c;
	enum ckpt_status st;

	st = graph_build_tensor(b, node, l, "weight", ".weight", n_dims, dims,
	    &node->weight, err);
	if (st != CKPT_OK || (bias != NULL && graph_word_is(bias, "no")))
		return (st);
	return (graph_build_tensor(b, node, l, "bias", ".bias", 1, &c,
	    &node->bias, err));
}
