/*
 * nn_layout: where the outputs of nodes lie.
 *
 * Views (flatten, output, activations in place) share the storage of their
 * input. Only the rows and columns that somebody reads are computed. A
 * value that a padded convolution reads has a border of zeros, written once
 * when the work space is made; it therefore shares its place with no other.
 * The others share places where their lives do not meet.
 */
#include "nn/nn_plan.h"

static bool
is_activation(enum graph_op op)
{
	return (op == GRAPH_RELU || op == GRAPH_LEAKY_RELU ||
	    op == GRAPH_TANH || op == GRAPH_SIGMOID);
}

/* A flattened value is a view if its readers can read any layout. */
static bool
flatten_is_view(const struct graph *g, size_t node)
{
	for (size_t i = node + 1; i < g->n_nodes; i++) {
		const struct graph_node *user = &g->nodes[i];

		for (size_t k = 0; k < user->n_inputs; k++)
			if (user->inputs[k] == node &&
			    user->op != GRAPH_LINEAR &&
			    user->op != GRAPH_OUTPUT)
				return (false);
	}
	return (true);
}

static void
find_roots(const struct graph *g, struct nn_value *values)
{
	for (size_t i = 0; i < g->n_nodes; i++)
		for (size_t k = 0; k < g->nodes[i].n_inputs; k++)
			values[g->nodes[i].inputs[k]].n_uses++;
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct graph_node *node = &g->nodes[i];
		const size_t in = node->n_inputs ? node->inputs[0] : 0;
		struct nn_value *v = &values[i];

		v->root = i;
		v->c = node->c;
		v->h = node->h;
		v->w = node->w;
		if (node->op == GRAPH_OUTPUT)
			v->root = values[in].root;
		else if (node->op == GRAPH_FLATTEN && flatten_is_view(g, i))
			v->root = values[in].root;
		else if (is_activation(node->op) && values[in].n_uses == 1 &&
		    g->nodes[values[in].root].op != GRAPH_INPUT) {
			v->root = values[in].root;
			v->is_fused = (node->op == GRAPH_RELU ||
			    node->op == GRAPH_LEAKY_RELU) &&
			    (g->nodes[in].op == GRAPH_CONV ||
			    g->nodes[in].op == GRAPH_LINEAR);
		}
	}
}

static uint32_t
max32(uint32_t a, uint32_t b)
{
	return (a > b ? a : b);
}

/* How many of `size` rows or columns `need` windows reach. */
static uint32_t
reach(uint32_t need, uint32_t size, const struct graph_node *n, int axis)
{
	const uint64_t end = need == 0 ? 0 :
	    (uint64_t)(need - 1) * n->stride[axis] +
	    (uint64_t)(n->kernel[axis] - 1) * n->dilation[axis] + 1;

	if (end <= n->padding[axis])
		return (0);
	return (end - n->padding[axis] < size ?
	    (uint32_t)(end - n->padding[axis]) : size);
}

/* What is read of each value, and its padding, from the end backwards. */
static void
find_needs(const struct graph *g, struct nn_value *values)
{
	for (size_t i = g->n_nodes; i-- > 0;) {
		const struct graph_node *n = &g->nodes[i];
		const struct nn_value *v = &values[values[i].root];

		for (size_t k = 0; k < n->n_inputs; k++) {
			struct nn_value *in =
			    &values[values[n->inputs[k]].root];
			uint32_t h = in->h, w = in->w;

			if (in == v && n->op != GRAPH_OUTPUT &&
			    n->op != GRAPH_FLATTEN)
				continue;
			if (n->op == GRAPH_CONV || n->op == GRAPH_MAX_POOL ||
			    n->op == GRAPH_AVG_POOL) {
				h = reach(v->need_h, in->h, n, 0);
				w = reach(v->need_w, in->w, n, 1);
			} else if (n->op == GRAPH_ADD ||
			    is_activation(n->op)) {
				h = v->need_h;
				w = v->need_w;
			}
			in->need_h = max32(in->need_h, h);
			in->need_w = max32(in->need_w, w);
			if (n->op == GRAPH_CONV) {
				in->pad_h = max32(in->pad_h, n->padding[0]);
				in->pad_w = max32(in->pad_w, n->padding[1]);
			}
		}
	}
}

/* The outputs are handed out without gaps: copied where they have some. */
static void
separate_output(const struct graph *g, struct nn_value *values)
{
	const size_t i = g->n_nodes - 1;
	const struct nn_value *root = &values[values[i].root];

	if (g->nodes[values[i].root].op == GRAPH_INPUT ||
	    root->pad_h != 0 || root->pad_w != 0) {
		values[i].root = i;
		values[i].need_h = values[i].h;
		values[i].need_w = values[i].w;
	}
}

static enum ckpt_status
find_size(struct nn_value *v, bool is_input, bool copy_input,
    struct ckpt_error *err)
{
	const bool is_padded = v->pad_h != 0 || v->pad_w != 0;
	uint64_t h, w;

	v->is_images = is_input && !copy_input && !is_padded;
	h = v->is_images ? v->h : is_padded ?
	    (uint64_t)v->h + 2 * (uint64_t)v->pad_h : v->need_h;
	w = v->is_images ? v->w : is_padded ?
	    (uint64_t)v->w + 2 * (uint64_t)v->pad_w : v->need_w;
	if (w != 0 && h > NN_MAX_WORK / w)
		return (error_set(err, CKPT_LIMIT,
		    "a layer has more than %zu elements", NN_MAX_WORK));
	v->row = (size_t)w;
	v->channel = (size_t)(h * w);
	if (v->channel != 0 && v->c > NN_MAX_WORK / v->channel)
		return (error_set(err, CKPT_LIMIT,
		    "a layer has more than %zu elements", NN_MAX_WORK));
	v->size = v->c * v->channel;
	if (v->is_images)
		v->size = 0;
	return (CKPT_OK);
}

/* The lowest place that no value living at the same time takes. */
static size_t
find_place(const struct nn_value *values, size_t n)
{
	const struct nn_value *v = &values[n];
	size_t start = 0;
	bool moved;

	do {
		moved = false;
		for (size_t i = 0; i < n; i++) {
			const struct nn_value *u = &values[i];

			if (u->root == i && u->size != 0 &&
			    u->last >= v->first && u->first <= v->last &&
			    u->start < start + v->size &&
			    start < u->start + u->size) {
				start = u->start + u->size;
				moved = true;
			}
		}
	} while (moved);
	return (start);
}

enum ckpt_status
nn_layout(const struct graph *g, struct nn_value *values, bool copy_input,
    size_t *n_elements, struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t n = 0;

	for (size_t i = 0; i < g->n_nodes; i++)
		values[i] = (struct nn_value){ .root = i };
	find_roots(g, values);
	find_needs(g, values);
	separate_output(g, values);
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct nn_value *v = &values[values[i].root];

		if (values[i].root == i)
			v->first = i;
		v->last = i;
		for (size_t k = 0; k < g->nodes[i].n_inputs; k++)
			values[values[g->nodes[i].inputs[k]].root].last = i;
	}
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct nn_value *v = &values[i];

		if (v->root != i)
			continue;
		st = find_size(v, i == 0, copy_input, err);
		if (st != CKPT_OK)
			return (st);
		if (v->pad_h != 0 || v->pad_w != 0) {
			v->first = 0;
			v->last = g->n_nodes;
		}
		v->start = find_place(values, i);
		v->origin = v->start + v->pad_h * v->row + v->pad_w;
		if (v->start + v->size > n)
			n = v->start + v->size;
		if (n > NN_MAX_WORK)
			return (error_set(err, CKPT_LIMIT, "the layers take "
			    "more than %zu elements", NN_MAX_WORK));
	}
	*n_elements = n;
	return (CKPT_OK);
}

size_t
nn_layout_working_set(const struct graph *g, const struct nn_value *values)
{
	size_t most = 0;

	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct nn_value *v = &values[values[i].root];
		size_t n = v->size;

		for (size_t k = 0; k < g->nodes[i].n_inputs; k++) {
			const struct nn_value *in =
			    &values[values[g->nodes[i].inputs[k]].root];

			if (in != v)
				n += in->c * in->channel;
		}
		if (n > most)
			most = n;
	}
	return (most);
}
