#include "match/mass_filters.h"

/* What becomes of the channels that a node makes; bits. */
enum {
	NORMALISED = 1,
	USED = 2 /* by what a scale would show in, or that is not known */
};

struct walk {
	const struct graph *g;
	size_t *up;          /* [node]: union-find over those that make some */
	unsigned char *uses; /* [node] */
	uint32_t *n_sets;    /* [node] */
};

bool
mass_filters_is_source(const struct graph_node *n)
{
	return (n->op == GRAPH_INPUT || graph_op_is_product(n->op) ||
	    graph_op_is_norm(n->op));
}

static size_t
top(const struct walk *w, size_t i)
{
	while (w->up[i] != i)
		i = w->up[i];
	return (i);
}

static uint32_t
common(uint32_t a, uint32_t b)
{
	uint32_t c;

	for (; b != 0; b = c) {
		c = a % b;
		a = b;
	}
	return (a);
}

/* The node that makes the channels of node i, or GRAPH_NONE: several. */
static size_t
source_of(const struct walk *w, size_t i)
{
	while (!mass_filters_is_source(&w->g->nodes[i])) {
		if (w->g->nodes[i].op == GRAPH_CONCAT)
			return (GRAPH_NONE);
		i = w->g->nodes[i].inputs[0];
	}
	return (top(w, i));
}

/* Notes a use of the channels of node i; `n_sets` 0: of each alone. */
static void
use(struct walk *w, size_t i, unsigned char uses, uint32_t n_sets)
{
	const struct graph_node *node = &w->g->nodes[i];
	size_t k;

	while (!mass_filters_is_source(node) && node->op != GRAPH_CONCAT) {
		i = node->inputs[0];
		node = &w->g->nodes[i];
	}
	if (node->op == GRAPH_CONCAT) { /* sets may lie across its parts */
		for (k = 0; k < node->n_inputs; k++)
			use(w, node->inputs[k], n_sets == 0 ? uses : USED, 0);
		return;
	}
	i = top(w, i);
	w->uses[i] |= uses;
	if (n_sets != 0)
		w->n_sets[i] = common(w->n_sets[i], n_sets);
}

static void
join(struct walk *w, size_t a, size_t b)
{
	a = top(w, a);
	b = top(w, b);
	if (a == b)
		return;
	w->up[b] = a;
	w->uses[a] |= w->uses[b];
	w->n_sets[a] = common(w->n_sets[a], w->n_sets[b]);
}

static void
visit_sum(struct walk *w, const struct graph_node *node)
{
	size_t k;
	bool is_plain = true;

	for (k = 0; k < node->n_inputs; k++)
		is_plain = is_plain &&
		    source_of(w, node->inputs[k]) != GRAPH_NONE;
	for (k = 0; k < node->n_inputs; k++)
		if (is_plain)
			join(w, source_of(w, node->inputs[0]),
			    source_of(w, node->inputs[k]));
		else
			use(w, node->inputs[k], USED, 0);
}

static void
visit(struct walk *w, size_t i)
{
	const struct graph_node *node = &w->g->nodes[i];
	size_t from = node->n_inputs > 0 ? node->inputs[0] : i;

	switch (node->op) {
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
		use(w, from, NORMALISED, 0);
		break;
	case GRAPH_LAYER_NORM:
		use(w, from, NORMALISED, 1);
		break;
	case GRAPH_GROUP_NORM:
		use(w, from, NORMALISED, node->groups);
		break;
	case GRAPH_ADD:
		visit_sum(w, node);
		break;
	case GRAPH_RELU: /* these let a scale through */
	case GRAPH_LEAKY_RELU:
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
	case GRAPH_GLOBAL_AVG:
	case GRAPH_FLATTEN:
	case GRAPH_DROPOUT:
	case GRAPH_CONCAT:
		break;
	default: /* and weighted operations would show it */
		use(w, from, USED, 0);
		break;
	}
}

/* What shares a weight shares its channels. */
static void
join_shared(struct walk *w, size_t *writer)
{
	const struct graph_node *node;
	size_t i;

	for (i = 0; i < w->g->n_params; i++)
		writer[i] = GRAPH_NONE;
	for (i = 0; i < w->g->n_nodes; i++) {
		node = &w->g->nodes[i];
		if (node->weight == GRAPH_NONE)
			continue;
		if (writer[node->weight] != GRAPH_NONE)
			join(w, writer[node->weight], i);
		writer[node->weight] = i;
	}
}

/* All uses are known: numbers the classes, by their first nodes. */
static enum ckpt_status
number(const struct walk *w, struct mass_filters *out,
    struct ckpt_error *err)
{
	const size_t n = w->g->n_nodes;
	size_t i, root, *number_of = calloc(n + 1, sizeof(*number_of));

	out->classes = calloc(n + 1, sizeof(*out->classes));
	out->class_of = calloc(n + 1, sizeof(*out->class_of));
	if (number_of == NULL || out->classes == NULL ||
	    out->class_of == NULL) {
		free(number_of);
		return (error_nomem(err, n * sizeof(*out->classes)));
	}
	for (i = 0; i < n; i++)
		number_of[i] = out->class_of[i] = GRAPH_NONE;
	for (i = 0; i < n; i++) {
		root = top(w, i);
		if (!mass_filters_is_source(&w->g->nodes[i]) ||
		    w->uses[root] != NORMALISED)
			continue;
		if (number_of[root] == GRAPH_NONE) {
			number_of[root] = out->n;
			out->classes[out->n++] = (struct mass_class){
			    w->g->nodes[i].c, w->n_sets[root] };
		}
		out->class_of[i] = number_of[root];
	}
	free(number_of);
	return (CKPT_OK);
}

static enum ckpt_status
find(struct walk *w, size_t *writer, struct mass_filters *out,
    struct ckpt_error *err)
{
	const struct graph_node *node;
	size_t i;

	for (i = 0; i < w->g->n_nodes; i++) {
		node = &w->g->nodes[i];
		w->up[i] = i;
		w->n_sets[i] = node->c;
		/* what has no weights keeps its scale */
		if (mass_filters_is_source(node) && node->weight == GRAPH_NONE)
			w->uses[i] = USED;
	}
	join_shared(w, writer);
	for (i = 0; i < w->g->n_nodes; i++)
		visit(w, i);
	return (number(w, out, err));
}

enum ckpt_status
mass_filters_find(const struct graph *g, struct mass_filters *out,
    struct ckpt_error *err)
{
	struct walk w = { .g = g };
	size_t *writer = calloc(g->n_params + 1, sizeof(*writer));
	enum ckpt_status st;

	*out = (struct mass_filters){ .n = 0 };
	w.up = calloc(g->n_nodes + 1, sizeof(*w.up));
	w.uses = calloc(g->n_nodes + 1, sizeof(*w.uses));
	w.n_sets = calloc(g->n_nodes + 1, sizeof(*w.n_sets));
	st = writer == NULL || w.up == NULL || w.uses == NULL ||
	    w.n_sets == NULL ? error_nomem(err, g->n_nodes) :
	    find(&w, writer, out, err);
	free(writer);
	free(w.up);
	free(w.uses);
	free(w.n_sets);
	if (st != CKPT_OK)
		mass_filters_release(out);
	return (st);
}

void
mass_filters_release(struct mass_filters *f)
{
	free(f->classes);
	free(f->class_of);
	*f = (struct mass_filters){ .n = 0 };
}
