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

static enum ckpt_status
shape_conv(struct graph_build *b, struct graph_node *node,
    const struct graph_node *in, struct graph_line *l,
    struct ckpt_error *err)
{
	uint64_t dims[4];
	enum ckpt_status st;

	node->stride[0] = node->stride[1] = 1;
	node->dilation[0] = node->dilation[1] = 1;
	node->groups = 1;
	st = need_image(node, in, "conv", err);
	if (st == CKPT_OK)
		st = graph_line_number(l, "out", true, 1, GRAPH_MAX_CHANNELS,
		    &node->c, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "kernel", true, 1, GRAPH_MAX_SIDE,
		    node->kernel, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "stride", false, 1, GRAPH_MAX_SIDE,
		    node->stride, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "padding", false, 0, GRAPH_MAX_SIDE,
		    node->padding, err);
	if (st == CKPT_OK)
		st = graph_line_pair(l, "dilation", false, 1, GRAPH_MAX_SIDE,
		    node->dilation, err);
	if (st == CKPT_OK)
		st = graph_line_number(l, "groups", false, 1,
		    GRAPH_MAX_CHANNELS, &node->groups, err);
	if (st == CKPT_OK && (in->c % node->groups != 0 ||
	    node->c % node->groups != 0))
		st = error_line(err, CKPT_INVALID, l->number,
		    "groups=%u does not divide %u input and %u output "
		    "channels", node->groups, in->c, node->c);
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
	case GRAPH_INPUT:
	case GRAPH_RELU:
	case GRAPH_TANH:
	case GRAPH_SIGMOID:
	case GRAPH_OUTPUT:
		break;
	}
	return (CKPT_OK);
}
