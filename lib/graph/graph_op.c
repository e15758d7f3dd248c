/* From a line of an .arch file to a node with its inputs. */
#include "graph/graph_build.h"

/* c * h * w within the limits, else CKPT_LIMIT. */
static enum ckpt_status
check_size(const struct graph_node *node, struct ckpt_error *err)
{
	if (node->c <= GRAPH_MAX_CHANNELS && node->h <= GRAPH_MAX_SIDE &&
	    node->w <= GRAPH_MAX_SIDE &&
	    (uint64_t)node->c * node->h * node->w <= GRAPH_MAX_SIZE)
		return (CKPT_OK);
	return (error_line(err, CKPT_LIMIT, node->line,
	    "%ux%ux%u numbers are too many: at most %d channels, %d a side, "
	    "%d in all", node->c, node->h, node->w, GRAPH_MAX_CHANNELS,
	    GRAPH_MAX_SIDE, GRAPH_MAX_SIZE));
}

enum ckpt_status
graph_build_input(struct graph_build *b, struct graph_line *l,
    struct ckpt_error *err)
{
	struct graph_node *node;
	struct graph_word w;
	const char *s, *x;
	uint32_t dims[3];
	unsigned n = 0;
	enum ckpt_status st;

	if (b->g->n_nodes > 0)
		return (error_line(err, CKPT_INVALID, l->number,
		    "a second input, or one after the first operation"));
	if (l->n_words < 2)
		return (error_line(err, CKPT_INVALID, l->number,
		    "input needs a shape: CxHxW, or N for a vector"));
	st = graph_build_node(b, l->number, &node, err);
	if (st != CKPT_OK)
		return (st);
	w = l->words[1];
	s = w.s;
	do {
		x = memchr(s, 'x', (size_t)(w.s + w.n - s));
		if (x == NULL)
			x = w.s + w.n;
		if (n == 3 || !graph_word_number(&(struct graph_word){ s,
		    (size_t)(x - s) }, 1, GRAPH_MAX_CHANNELS, &dims[n]))
			goto bad;
		n++;
		s = x + 1;
	} while (x < w.s + w.n);
	if (n == 2)
		goto bad;
	node->op = GRAPH_INPUT;
	node->is_vector = n == 1;
	node->c = dims[0];
	node->h = n == 1 ? 1 : dims[1];
	node->w = n == 1 ? 1 : dims[2];
	st = check_size(node, err);
	if (st == CKPT_OK)
		st = graph_line_done(l, 2, err);
	if (st != CKPT_OK)
		return (st);
	return (graph_build_push(b, &(struct graph_word){ "input", 5 }, err));

bad:
	return (error_line(err, CKPT_INVALID, l->number,
	    "input %.*s: CxHxW, or N for a vector, is expected",
	    GRAPH_WORD_ARGS(w)));
}

/* One name of from=, which is an earlier line. */
static enum ckpt_status
add_input(struct graph_build *b, struct graph_node *node,
    const struct graph_word *w, struct ckpt_error *err)
{
	size_t i = graph_names_find(&b->nodes, w->s, w->n);

	if (i == SIZE_MAX)
		return (error_line(err, CKPT_INVALID, node->line,
		    "from: no line above is named \"%.*s\"",
		    GRAPH_WORD_ARGS(*w)));
	if (node->n_inputs == GRAPH_MAX_INPUTS)
		return (error_line(err, CKPT_LIMIT, node->line,
		    "more than %d inputs", GRAPH_MAX_INPUTS));
	node->inputs[node->n_inputs++] = i;
	return (CKPT_OK);
}

static enum ckpt_status
set_inputs(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, struct ckpt_error *err)
{
	const struct graph_word *from = graph_line_find(l, "from");
	const char *s, *end, *comma;
	enum ckpt_status st;

	if (from == NULL) {
		node->inputs[0] = b->g->n_nodes - 1;
		node->n_inputs = 1;
		return (CKPT_OK);
	}
	s = from->s;
	end = from->s + from->n;
	do {
		comma = memchr(s, ',', (size_t)(end - s));
		if (comma == NULL)
			comma = end;
		st = add_input(b, node, &(struct graph_word){ s,
		    (size_t)(comma - s) }, err);
		if (st != CKPT_OK)
			return (st);
		s = comma + 1;
	} while (comma < end);
	return (CKPT_OK);
}

/* The number of inputs that the operation takes. */
static enum ckpt_status
check_inputs(const struct graph_node *node, const struct graph_line *l,
    struct ckpt_error *err)
{
	bool joins = node->op == GRAPH_ADD || node->op == GRAPH_CONCAT;

	if (joins ? node->n_inputs >= 2 : node->n_inputs == 1)
		return (CKPT_OK);
	if (joins)
		return (error_line(err, CKPT_INVALID, node->line,
		    "%.*s needs two inputs or more: from=A,B",
		    GRAPH_WORD_ARGS(l->words[0])));
	return (error_line(err, CKPT_INVALID, node->line,
	    "%.*s takes one input, not %zu", GRAPH_WORD_ARGS(l->words[0]),
	    node->n_inputs));
}

enum ckpt_status
graph_build_op(struct graph_build *b, struct graph_line *l,
    enum graph_op op, struct ckpt_error *err)
{
	struct graph_node *node;
	size_t i;
	enum ckpt_status st;

	if (b->g->n_nodes == 0)
		return (error_line(err, CKPT_INVALID, l->number,
		    "%.*s stands before the input line",
		    GRAPH_WORD_ARGS(l->words[0])));
	if (b->has_output)
		return (error_line(err, CKPT_INVALID, l->number,
		    "%.*s stands after the output line",
		    GRAPH_WORD_ARGS(l->words[0])));
	st = graph_build_node(b, l->number, &node, err);
	if (st != CKPT_OK)
		return (st);
	node->op = op;
	st = set_inputs(b, node, l, err);
	if (st == CKPT_OK)
		st = check_inputs(node, l, err);
	if (st == CKPT_OK)
		st = graph_build_shape(b, node, l, err);
	if (st == CKPT_OK)
		st = check_size(node, err);
	if (st == CKPT_OK)
		st = graph_line_done(l, 2, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < node->n_inputs; i++)
		b->is_read[node->inputs[i]] = true;
	b->has_output = op == GRAPH_OUTPUT;
	return (graph_build_push(b, l->n_words > 1 ? &l->words[1] : NULL,
	    err));
}
