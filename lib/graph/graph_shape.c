/* Shapes and parameters, operation by operation (ckpt-arch 4). */
#include "graph/graph_build.h"

static void
copy_shape(struct graph_node *node, const struct graph_node *in)
{
	node->c = in->c;
	node->h = in->h;
	node->w = in->w;
	node->is_vector = in->is_vector;
}

static enum ckpt_status
need_image(const struct graph_node *node, const struct graph_node *in,
    const char *op, struct ckpt_error *err)
{
	if (!in->is_vector)
		return (CKPT_OK);
	return (error_line(err, CKPT_INVALID, node->line,
	    "%s needs an image, but its input is a vector of %u", op, in->c));
}

/* Extent of the output along one side, or 0 if the window does not fit. */
static uint32_t
extent(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t padding,
    uint32_t dilation)
{
	uint64_t room = (uint64_t)in + 2 * (uint64_t)padding;
	uint64_t window = (uint64_t)dilation * (kernel - 1) + 1;

	return (window > room ? 0 : (uint32_t)((room - window) / stride + 1));
}

/* h and w from kernel, stride, padding and dilation. */
static enum ckpt_status
slide(struct graph_node *node, const struct graph_node *in,
    struct ckpt_error *err)
{
	node->h = extent(in->h, node->kernel[0], node->stride[0],
	    node->padding[0], node->dilation[0]);
	node->w = extent(in->w, node->kernel[1], node->stride[1],
	    node->padding[1], node->dilation[1]);
	if (node->h > 0 && node->w > 0)
		return (CKPT_OK);
	return (error_line(err, CKPT_INVALID, node->line,
	    "a window of %ux%u does not fit the input of %ux%u with padding "
	    "%ux%u", node->kernel[0], node->kernel[1], in->h, in->w,
	    node->padding[0], node->padding[1]));
}

/* out=, kernel= and the like, for both directions. */
static enum ckpt_status
window(struct graph_node *node, const struct graph_node *in,
    struct graph_line *l, struct ckpt_error *err)
{
	const struct {
		const char *key;
		bool is_required;
		uint32_t min, *out;
	} pairs[] = {
		{ "kernel", true, 1, node->kernel },
		{ "stride", false, 1, node->stride },
		{ "padding", false, 0, node->padding },
		{ "dilation", false, 1, node->dilation },
	};
	size_t i;
	enum ckpt_status st;

	node->stride[0] = node->stride[1] = 1;
	node->dilation[0] = node->dilation[1] = 1;
	node->groups = 1;
	st = graph_line_number(l, "out", true, 1, GRAPH_MAX_CHANNELS, &node->c,
	    err);
	for (i = 0; i < 4 && st == CKPT_OK; i++)
		st = graph_line_pair(l, pairs[i].key, pairs[i].is_required,
		    pairs[i].min, GRAPH_MAX_SIDE, pairs[i].out, err);
	if (st == CKPT_OK)
		st = graph_line_number(l, "groups", false, 1,
		    GRAPH_MAX_CHANNELS, &node->groups, err);
	if (st == CKPT_OK && (in->c % node->groups != 0 ||
	    node->c % node->groups != 0))
		st = error_line(err, CKPT_INVALID, l->number,
		    "groups=%u does not divide %u input and %u output "
		    "channels", node->groups, in->c, node->c);
	return (st);
}

static enum ckpt_status
shape_conv(struct graph_build *b, struct graph_node *node,
    const struct graph_node *in, struct graph_line *l,
    struct ckpt_error *err)
{
	uint64_t dims[4];
	enum ckpt_status st;

	st = need_image(node, in, "conv", err);
	if (st == CKPT_OK)
		st = window(node, in, l, err);
	if (st == CKPT_OK)
		st = slide(node, in, err);
	if (st != CKPT_OK)
		return (st);
	dims[0] = node->c;
	dims[1] = in->c / node->groups;
	dims[2] = node->kernel[0];
	dims[3] = node->kernel[1];
	return (graph_build_weights(b, node, l, 4, dims, err));
}

/* Extent of the output of a transposed convolution, 0 if it is impossible. */
static uint32_t
spread(uint32_t in, const struct graph_node *n, int i)
{
	uint64_t whole = (uint64_t)(in - 1) * n->stride[i] +
	    (uint64_t)n->dilation[i] * (n->kernel[i] - 1) + 1 +
	    n->output_padding[i];

	if (whole <= 2 * (uint64_t)n->padding[i] ||
	    whole - 2 * (uint64_t)n->padding[i] > GRAPH_MAX_SIDE)
		return (0);
	return ((uint32_t)(whole - 2 * (uint64_t)n->padding[i]));
}

static enum ckpt_status
shape_conv_transpose(struct graph_build *b, struct graph_node *node,
    const struct graph_node *in, struct graph_line *l,
    struct ckpt_error *err)
{
	uint64_t dims[4];
	enum ckpt_status st;

	st = need_image(node, in, "convtranspose", err);
	if (st == CKPT_OK)
		st = window(node, in, l, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "output_padding", false, 0,
		    GRAPH_MAX_SIDE, node->output_padding, err);
	if (st != CKPT_OK)
		return (st);
	node->h = spread(in->h, node, 0);
	node->w = spread(in->w, node, 1);
	if (node->h == 0 || node->w == 0)
		return (error_line(err, CKPT_INVALID, l->number,
		    "the result of convtranspose has no size, or a side of "
		    "more than %d", GRAPH_MAX_SIDE));
	if ((node->output_padding[0] >= node->stride[0] &&
	    node->output_padding[0] >= node->dilation[0]) ||
	    (node->output_padding[1] >= node->stride[1] &&
	    node->output_padding[1] >= node->dilation[1]))
		return (error_line(err, CKPT_INVALID, l->number,
		    "output_padding must be smaller than stride or dilation"));
	dims[0] = in->c;
	dims[1] = node->c / node->groups;
	dims[2] = node->kernel[0];
	dims[3] = node->kernel[1];
	return (graph_build_weights(b, node, l, 4, dims, err));
}

static enum ckpt_status
shape_linear(struct graph_build *b, struct graph_node *node,
    const struct graph_node *in, struct graph_line *l,
    struct ckpt_error *err)
{
	uint64_t dims[2];
	enum ckpt_status st;

	if (in->h != 1 || in->w != 1)
		return (error_line(err, CKPT_INVALID, l->number,
		    "linear needs a vector, but its input is %ux%ux%u: put a "
		    "flatten or globalavgpool line before it", in->c, in->h,
		    in->w));
	node->h = node->w = 1;
	node->is_vector = true;
	node->groups = 1;
	st = graph_line_number(l, "out", true, 1, GRAPH_MAX_CHANNELS,
	    &node->c, err);
	if (st != CKPT_OK)
		return (st);
	dims[0] = node->c;
	dims[1] = in->c;
	return (graph_build_weights(b, node, l, 2, dims, err));
}

static enum ckpt_status
shape_pool(struct graph_node *node, const struct graph_node *in,
    struct graph_line *l, struct ckpt_error *err)
{
	const char *op = node->op == GRAPH_MAX_POOL ? "maxpool" : "avgpool";
	enum ckpt_status st;

	node->dilation[0] = node->dilation[1] = 1;
	node->c = in->c;
	st = need_image(node, in, op, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "kernel", true, 1, GRAPH_MAX_SIDE,
		    node->kernel, err);
	memcpy(node->stride, node->kernel, sizeof(node->stride));
	if (st == CKPT_OK)
		st = graph_line_pair(l, "stride", false, 1, GRAPH_MAX_SIDE,
		    node->stride, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "padding", false, 0, GRAPH_MAX_SIDE,
		    node->padding, err);
	if (st == CKPT_OK && node->op == GRAPH_MAX_POOL)
		st = graph_line_pair(l, "dilation", false, 1, GRAPH_MAX_SIDE,
		    node->dilation, err);
	/* else a window could lie in the padding alone */
	if (st == CKPT_OK && (node->padding[0] > node->kernel[0] / 2 ||
	    node->padding[1] > node->kernel[1] / 2))
		st = error_line(err, CKPT_INVALID, l->number,
		    "the padding of %s is at most half of its kernel", op);
	if (st != CKPT_OK)
		return (st);
	return (slide(node, in, err));
}

static enum ckpt_status
shape_leaky(struct graph_node *node, struct graph_line *l,
    struct ckpt_error *err)
{
	size_t n = 1;

	node->slope = 0.01; /* PyTorch's default */
	return (graph_line_reals(l, "slope", 1, &node->slope, &n, err));
}

static enum ckpt_status
shape_add(const struct graph_build *b, struct graph_node *node,
    struct ckpt_error *err)
{
	const struct graph_node *a = &b->g->nodes[node->inputs[0]], *x;
	size_t i;

	for (i = 1; i < node->n_inputs; i++) {
		x = &b->g->nodes[node->inputs[i]];
		if (x->c != a->c || x->h != a->h || x->w != a->w ||
		    x->is_vector != a->is_vector)
			return (error_line(err, CKPT_INVALID, node->line,
			    "add joins shapes that differ: %ux%ux%u%s and "
			    "%ux%ux%u%s", a->c, a->h, a->w,
			    a->is_vector ? " (vector)" : "", x->c, x->h, x->w,
			    x->is_vector ? " (vector)" : ""));
	}
	return (CKPT_OK);
}

static enum ckpt_status
shape_flatten(struct graph_node *node, const struct graph_node *in,
    struct ckpt_error *err)
{
	uint64_t c = (uint64_t)in->c * in->h * in->w;

	if (c > GRAPH_MAX_CHANNELS)
		return (error_line(err, CKPT_LIMIT, node->line,
		    "a vector of %llu numbers is too long: at most %d",
		    (unsigned long long)c, GRAPH_MAX_CHANNELS));
	node->c = (uint32_t)c;
	node->h = node->w = 1;
	node->is_vector = true;
	return (CKPT_OK);
}

static enum ckpt_status
shape_concat(const struct graph_build *b, struct graph_node *node,
    struct ckpt_error *err)
{
	const struct graph_node *a = &b->g->nodes[node->inputs[0]], *x;
	uint64_t c = a->c;
	size_t i;

	for (i = 1; i < node->n_inputs; i++) {
		x = &b->g->nodes[node->inputs[i]];
		c += x->c;
		if (x->h != a->h || x->w != a->w ||
		    x->is_vector != a->is_vector)
			return (error_line(err, CKPT_INVALID, node->line,
			    "concat joins images of other sizes: %ux%u and "
			    "%ux%u", a->h, a->w, x->h, x->w));
	}
	if (c > GRAPH_MAX_CHANNELS)
		return (error_line(err, CKPT_LIMIT, node->line,
		    "%llu channels are too many: at most %d",
		    (unsigned long long)c, GRAPH_MAX_CHANNELS));
	node->c = (uint32_t)c;
	return (CKPT_OK);
}

/* A tensor of one number a channel, unless KEY=no. */
static enum ckpt_status
channel_tensor(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, const char *key, const char *suffix, size_t *param,
    struct ckpt_error *err)
{
	uint64_t one[1] = { node->c }, four[4] = { 1, node->c, 1, 1 };
	const struct graph_word *w = graph_line_find(l, key);
	bool is_frn = node->op == GRAPH_FRN;

	if (w != NULL && graph_word_is(w, "no"))
		return (CKPT_OK);
	return (graph_build_tensor(b, node, l, key, suffix, is_frn ? 4 : 1,
	    is_frn ? four : one, param, err));
}

/* eps and the constants of each channel. */
static enum ckpt_status
shape_norm(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, struct ckpt_error *err)
{
	const struct graph_word *affine = graph_line_find(l, "affine");
	bool is_frn = node->op == GRAPH_FRN, is_affine = true;
	size_t n = 1;
	enum ckpt_status st;

	/* PyTorch's defaults, and that of FRN's authors */
	node->eps = is_frn ? 1e-6 : 1e-5;
	st = graph_line_reals(l, "eps", 1, &node->eps, &n, err);
	if (st != CKPT_OK)
		return (st);
	if (!(node->eps >= 0))
		return (error_line(err, CKPT_INVALID, l->number,
		    "eps must not be negative"));
	if (affine != NULL && graph_word_is(affine, "no"))
		is_affine = false;
	else if (affine != NULL && !graph_word_is(affine, "yes"))
		return (error_line(err, CKPT_INVALID, l->number,
		    "affine=%.*s: yes or no is expected",
		    GRAPH_WORD_ARGS(*affine)));
	if (is_affine)
		st = channel_tensor(b, node, l, "weight", is_frn ? ".gamma" :
		    ".weight", &node->weight, err);
	if (is_affine && st == CKPT_OK)
		st = channel_tensor(b, node, l, "bias", is_frn ? ".beta" :
		    ".bias", &node->bias, err);
	if (is_frn && st == CKPT_OK)
		st = channel_tensor(b, node, l, "tau", ".tau", &node->tau,
		    err);
	if (node->op != GRAPH_BATCH_NORM || st != CKPT_OK)
		return (st);
	st = graph_build_tensor(b, node, l, "mean", ".running_mean", 1,
	    &(uint64_t){ node->c }, &node->mean, err);
	if (st != CKPT_OK)
		return (st);
	return (graph_build_tensor(b, node, l, "var", ".running_var", 1,
	    &(uint64_t){ node->c }, &node->var, err));
}

static enum ckpt_status
shape_group_norm(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = graph_line_number(l, "groups", true, 1, GRAPH_MAX_CHANNELS,
	    &node->groups, err);
	if (st == CKPT_OK && node->c % node->groups != 0)
		st = error_line(err, CKPT_INVALID, l->number,
		    "groups=%u does not divide %u channels", node->groups,
		    node->c);
	return (st != CKPT_OK ? st : shape_norm(b, node, l, err));
}

enum ckpt_status
graph_build_shape(struct graph_build *b, struct graph_node *node,
    struct graph_line *l, struct ckpt_error *err)
{
	const struct graph_node *in = &b->g->nodes[node->inputs[0]];

	copy_shape(node, in);
	switch (node->op) {
	case GRAPH_CONV:
		node->is_vector = false;
		return (shape_conv(b, node, in, l, err));
	case GRAPH_LINEAR:
		return (shape_linear(b, node, in, l, err));
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
		return (shape_pool(node, in, l, err));
	case GRAPH_GLOBAL_AVG:
		node->h = node->w = 1;
		return (need_image(node, in, "globalavgpool", err));
	case GRAPH_FLATTEN:
		return (shape_flatten(node, in, err));
	case GRAPH_LEAKY_RELU:
		return (shape_leaky(node, l, err));
	case GRAPH_ADD:
		return (shape_add(b, node, err));
	case GRAPH_DROPOUT:
		/* p= says how training went; nothing depends on it */
		(void)graph_line_find(l, "p");
		return (CKPT_OK);
	case GRAPH_CONCAT:
		return (shape_concat(b, node, err));
	case GRAPH_CONV_TRANSPOSE:
		node->is_vector = false;
		return (shape_conv_transpose(b, node, in, l, err));
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
	case GRAPH_LAYER_NORM:
		return (shape_norm(b, node, l, err));
	case GRAPH_GROUP_NORM:
		return (shape_group_norm(b, node, l, err));
	case GRAPH_INPUT:
	case GRAPH_RELU:
	case GRAPH_TANH:
	case GRAPH_SIGMOID:
	case GRAPH_SILU:
	case GRAPH_GELU:
	case GRAPH_OUTPUT:
		break;
	}
	return (CKPT_OK);
}
