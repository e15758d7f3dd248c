/*
 * align_nodes: which units the channels of a graph's nodes are.
 */
#include "base/banned.h"
#include "align_activations.h"

/* The group that writes a tensor as a whole, or GRAPH_NONE. */
static size_t
group_of_tensor(const struct symmetry *s, const char *name)
{
	size_t i, group = GRAPH_NONE;

	for (i = 0; i < s->n_axes; i++) {
		if (s->axes[i].action != SYMMETRY_OUT ||
		    strcmp(s->axes[i].tensor, name) != 0)
			continue;
		if (group != GRAPH_NONE || s->axes[i].start != SYMMETRY_WHOLE)
			return (GRAPH_NONE);
		group = s->axes[i].group;
	}
	return (group);
}

static bool
is_nonlinear(enum graph_op op)
{
	return (op == GRAPH_RELU || op == GRAPH_LEAKY_RELU ||
	    op == GRAPH_TANH || op == GRAPH_SIGMOID || op == GRAPH_SILU ||
	    op == GRAPH_GELU);
}

/* Whether the result has the channels of the first input. */
static bool
keeps_channels(const struct graph_node *node)
{
	return (is_nonlinear(node->op) || node->op == GRAPH_MAX_POOL ||
	    node->op == GRAPH_AVG_POOL || node->op == GRAPH_GLOBAL_AVG ||
	    node->op == GRAPH_DROPOUT || node->op == GRAPH_ADD ||
	    graph_op_is_norm(node->op));
}

static size_t
group_of_node(const struct graph *g, const struct symmetry *s, size_t node,
    const size_t *groups)
{
	const struct graph_node *n = &g->nodes[node];
	size_t i, group = GRAPH_NONE;

	if (n->weight != GRAPH_NONE)
		group = group_of_tensor(s, g->params[n->weight].name);
	else if (keeps_channels(n))
		for (i = 0; i < n->n_inputs && group == GRAPH_NONE; i++)
			group = groups[n->inputs[i]];
	if (group != GRAPH_NONE && s->groups[group].n_units != n->c)
		return (GRAPH_NONE);
	return (group);
}

enum ckpt_status
align_nodes(const struct graph *g, const struct symmetry *table,
    struct align_node *out, size_t *n, struct ckpt_error *err)
{
	size_t i, *groups = calloc(g->n_nodes + 1, sizeof(*groups));
	bool *is_seen = calloc(table->n_groups + 1, sizeof(*is_seen));

	if (groups == NULL || is_seen == NULL) {
		free(groups);
		free(is_seen);
		return (error_nomem(err, g->n_nodes * sizeof(*groups)));
	}
	for (i = 0; i < g->n_nodes; i++) {
		groups[i] = group_of_node(g, table, i, groups);
		if (groups[i] != GRAPH_NONE && is_nonlinear(g->nodes[i].op))
			is_seen[groups[i]] = true;
	}
	*n = 0;
	for (i = 0; i < g->n_nodes; i++)
		if (groups[i] != GRAPH_NONE && (!is_seen[groups[i]] ||
		    is_nonlinear(g->nodes[i].op)))
			out[(*n)++] = (struct align_node){ i, groups[i] };
	free(is_seen);
	free(groups);
	return (CKPT_OK);
}
