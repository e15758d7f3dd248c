/*
 * nn_layout: where the outputs of nodes lie.
 *
 * Views (flatten, output, dropout, what is computed in place) share the
 * storage of their input. Only the rows and columns that somebody reads are
 * computed. Values share places where their lives do not meet. A value that
 * a padded convolution reads has a border of zeros, written once when the
 * work space is made; it therefore shares its place only with values of the
 * same border.
 */
#include "nn/nn_plan.h"

/* Element by element. */
static bool
is_map(enum graph_op op)
{
	return (op == GRAPH_RELU || op == GRAPH_LEAKY_RELU ||
	    op == GRAPH_TANH || op == GRAPH_SIGMOID || op == GRAPH_SILU ||
	    op == GRAPH_GELU);
}

/* An output element needs the whole of its channel. */
static bool
is_whole(enum graph_op op)
{
	return (op == GRAPH_FRN || op == GRAPH_GROUP_NORM);
}

/* Kernels that can end with a (leaky) ReLU. */
static bool
has_end(enum graph_op op)
{
	return (graph_op_is_product(op) || op == GRAPH_ADD ||
	    op == GRAPH_BATCH_NORM);
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

/* Where a node's value is made from its input's in the same place. */
static void
find_root(const struct graph *g, struct nn_value *values, size_t i,
    const bool *is_watched)
{
	const struct graph_node *node = &g->nodes[i];
	const size_t in = node->n_inputs ? node->inputs[0] : 0;
	const enum graph_op op = node->op, before = g->nodes[in].op;
	struct nn_value *v = &values[i];
	bool is_alone;

	if (op == GRAPH_OUTPUT || op == GRAPH_DROPOUT ||
	    (op == GRAPH_FLATTEN && flatten_is_view(g, i))) {
		v->root = values[in].root;
		v->is_shared = v->n_uses > 1 || values[in].is_shared;
		return;
	}
	v->is_shared = v->n_uses > 1;
	if (!is_map(op) && !graph_op_is_norm(op))
		return;
	if (values[in].is_shared ||
	    g->nodes[values[in].root].op == GRAPH_INPUT)
		return;
	v->root = values[in].root;
	is_alone = !is_watched[in];
	if (op == GRAPH_BATCH_NORM)
		v->is_fused = is_alone && graph_op_is_product(before);
	else if (op == GRAPH_RELU || op == GRAPH_LEAKY_RELU)
		v->is_fused = is_alone && has_end(before);
	if (v->is_fused)
		v->step_node = values[in].step_node;
}

static void
find_roots(const struct graph *g, struct nn_value *values,
    const bool *is_watched)
{
	for (size_t i = 0; i < g->n_nodes; i++)
		for (size_t k = 0; k < g->nodes[i].n_inputs; k++)
			values[g->nodes[i].inputs[k]].n_uses++;
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct nn_value *v = &values[i];

		v->root = v->step_node = i;
		v->c = g->nodes[i].c;
		v->h = g->nodes[i].h;
		v->w = g->nodes[i].w;
		find_root(g, values, i, is_watched);
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

/* Zeros around the input of a transposed convolution: its border windows
 * reach that far beyond it. */
static uint32_t
transposed_padding(const struct graph_node *n, int axis)
{
	const uint64_t reached = (uint64_t)n->dilation[axis] *
	    (n->kernel[axis] - 1);
	const uint64_t beyond = (reached > n->padding[axis] ?
	    reached - n->padding[axis] : 0) + n->output_padding[axis];
	const uint64_t padding = beyond / n->stride[axis];

	return (padding < UINT32_MAX ? (uint32_t)padding : UINT32_MAX);
}

/* What node n, of whose output (h, w) is needed, reads of `in`. */
static void
find_need(const struct graph_node *n, uint32_t h, uint32_t w,
    struct nn_value *in)
{
	uint32_t need_h = in->h, need_w = in->w;

	if (n->op == GRAPH_CONV || n->op == GRAPH_MAX_POOL ||
	    n->op == GRAPH_AVG_POOL) {
		need_h = reach(h, in->h, n, 0);
		need_w = reach(w, in->w, n, 1);
	} else if (n->op == GRAPH_ADD || n->op == GRAPH_CONCAT ||
	    is_map(n->op) || (graph_op_is_norm(n->op) && !is_whole(n->op))) {
		need_h = h;
		need_w = w;
	}
	in->need_h = max32(in->need_h, need_h);
	in->need_w = max32(in->need_w, need_w);
	if (n->op == GRAPH_CONV) {
		in->pad_h = max32(in->pad_h, n->padding[0]);
		in->pad_w = max32(in->pad_w, n->padding[1]);
	} else if (n->op == GRAPH_CONV_TRANSPOSE) {
		in->pad_h = max32(in->pad_h, transposed_padding(n, 0));
		in->pad_w = max32(in->pad_w, transposed_padding(n, 1));
	}
}

/* What is read of each value, and its padding, from the end backwards. */
static void
find_needs(const struct graph *g, struct nn_value *values,
    const bool *is_watched)
{
	for (size_t i = g->n_nodes; i-- > 0;) {
		const struct graph_node *n = &g->nodes[i];
		struct nn_value *v = &values[values[i].root];

		if (is_watched[i]) {
			v->need_h = v->h;
			v->need_w = v->w;
		}
		for (size_t k = 0; k < n->n_inputs; k++) {
			struct nn_value *in =
			    &values[values[n->inputs[k]].root];

			if (in != v || n->op == GRAPH_OUTPUT ||
			    n->op == GRAPH_FLATTEN || is_whole(n->op))
				find_need(n, v->need_h, v->need_w, in);
		}
	}
}

static bool
is_padded(const struct nn_value *v)
{
	return (v->pad_h != 0 || v->pad_w != 0);
}

/* The outputs are handed out without gaps: copied where they have some. */
static void
separate_output(const struct graph *g, struct nn_value *values)
{
	const size_t i = g->n_nodes - 1;
	const struct nn_value *root = &values[values[i].root];

	if (g->nodes[values[i].root].op == GRAPH_INPUT ||
	    is_padded(root)) {
		values[i].root = i;
		values[i].need_h = values[i].h;
		values[i].need_w = values[i].w;
	}
}

static enum ckpt_status
find_size(struct nn_value *v, bool is_input, bool copy_input,
    struct ckpt_error *err)
{
	uint64_t h, w;

	v->is_images = is_input && !copy_input && !is_padded(v);
	h = v->is_images ? v->h : is_padded(v) ?
	    (uint64_t)v->h + 2 * (uint64_t)v->pad_h : v->need_h;
	w = v->is_images ? v->w : is_padded(v) ?
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

static bool
lives_meet(const struct nn_value *a, const struct nn_value *b)
{
	return (a->last >= b->first && a->first <= b->last);
}

/* Whether v can be where the padded value u is: its border is u's, and no
 * value that is there lives at the same time. */
static bool
can_follow(const struct nn_value *values, size_t n, const struct nn_value *u)
{
	const struct nn_value *v = &values[n];

	if (!is_padded(u) || u->h != v->h || u->w != v->w || u->c < v->c ||
	    u->pad_h != v->pad_h || u->pad_w != v->pad_w)
		return (false);
	for (size_t i = 0; i < n; i++)
		if (values[i].root == i && values[i].size != 0 &&
		    values[i].start == u->start &&
		    lives_meet(&values[i], v))
			return (false);
	return (true);
}

/* The lowest place that no value living at the same time takes. */
static size_t
find_place(const struct nn_value *values, size_t n)
{
	const struct nn_value *v = &values[n];
	size_t start = 0;
	bool moved;

	for (size_t i = 0; i < n && is_padded(v); i++)
		if (values[i].root == i && can_follow(values, n, &values[i]))
			return (values[i].start);
	do {
		moved = false;
		for (size_t i = 0; i < n; i++) {
			const struct nn_value *u = &values[i];

			if (u->root == i && u->size != 0 &&
			    (lives_meet(u, v) || is_padded(u) ||
			    is_padded(v)) &&
			    u->start < start + v->size &&
			    start < u->start + u->size) {
				start = u->start + u->size;
				moved = true;
			}
		}
	} while (moved);
	return (start);
}

static void
find_lives(const struct graph *g, struct nn_value *values)
{
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct nn_value *v = &values[values[i].root];

		if (values[i].root == i)
			v->first = i;
		v->last = i;
		for (size_t k = 0; k < g->nodes[i].n_inputs; k++)
			values[values[g->nodes[i].inputs[k]].root].last = i;
	}
}

enum ckpt_status
nn_layout(const struct graph *g, struct nn_value *values, bool copy_input,
    const bool *is_watched, size_t *n_elements, struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t n = 0;

	for (size_t i = 0; i < g->n_nodes; i++)
		values[i] = (struct nn_value){ .root = i };
	find_roots(g, values, is_watched);
	find_needs(g, values, is_watched);
	separate_output(g, values);
	find_lives(g, values);
	for (size_t i = 0; i < g->n_nodes; i++) {
		struct nn_value *v = &values[i];

		if (v->root != i)
			continue;
		st = find_size(v, i == 0, copy_input, err);
		if (st != CKPT_OK)
			return (st);
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
