/*
 * net_draw: graphs of all operations at random.
 */
#include "net.h"

static struct net_window
draw_window(struct net_random *r, const struct graph_node *in, bool is_pool)
{
	const uint32_t size[2] = { in->h, in->w };
	struct net_window w;

	for (int i = 0; i < 2; i++) {
		do {
			w.kernel[i] = 1 + net_below(r, 5);
			w.stride[i] = 1 + net_below(r, 3);
			w.dilation[i] = 1 + net_below(r, 2);
			w.padding[i] = net_below(r, is_pool ?
			    w.kernel[i] / 2 + 1 : 4);
		} while (w.dilation[i] * (w.kernel[i] - 1) + 1 >
		    size[i] + 2 * w.padding[i]);
	}
	return (w);
}

static size_t
draw_map(struct net_random *r, struct graph *g, size_t in)
{
	static const enum graph_op maps[] = {
		GRAPH_RELU, GRAPH_LEAKY_RELU, GRAPH_TANH, GRAPH_SIGMOID,
		GRAPH_SILU, GRAPH_GELU, GRAPH_DROPOUT
	};

	return (net_map(g, in, maps[net_below(r, 7)], 0.125));
}

static size_t
draw_norm(struct net_random *r, struct graph *g, size_t in)
{
	const uint32_t c = g->nodes[in].c;
	const bool affine = net_below(r, 4) != 0;

	switch (net_below(r, 5)) {
	case 0:
		return (net_norm(g, in, GRAPH_FRN, 1, affine));
	case 1:
		return (net_norm(g, in, GRAPH_LAYER_NORM, 1, affine));
	case 2:
		return (net_norm(g, in, GRAPH_GROUP_NORM, c % 3 == 0 ? 3 :
		    c % 2 == 0 ? c / 2 : 1, affine));
	default:
		return (net_norm(g, in, GRAPH_BATCH_NORM, 1, affine));
	}
}

/* Sometimes a normalisation, sometimes an activation. */
static size_t
draw_tail(struct net_random *r, struct graph *g, size_t in)
{
	if (net_below(r, 2))
		in = draw_norm(r, g, in);
	return (net_below(r, 3) ? draw_map(r, g, in) : in);
}

static size_t
draw_transposed(struct net_random *r, struct graph *g, size_t in)
{
	const struct graph_node *n = &g->nodes[in];
	const uint32_t size[2] = { n->h, n->w };
	const uint32_t groups = n->c % 2 == 0 && net_below(r, 2) ? 2 : 1;
	struct net_window w;
	uint32_t more[2];

	for (int i = 0; i < 2; i++) {
		do {
			w.kernel[i] = 1 + net_below(r, 4);
			w.stride[i] = 1 + net_below(r, 3);
			w.dilation[i] = 1 + net_below(r, 2);
			w.padding[i] = net_below(r, 4);
			more[i] = net_below(r, w.stride[i] > w.dilation[i] ?
			    w.stride[i] : w.dilation[i]);
		} while ((size[i] - 1) * w.stride[i] + w.dilation[i] *
		    (w.kernel[i] - 1) + more[i] + 1 <= 2 * w.padding[i]);
	}
	return (net_transposed(g, in, groups * (1 + net_below(r, 6)), groups,
	    net_below(r, 2), &w, more));
}

static size_t
draw_spatial(struct net_random *r, struct graph *g, size_t in)
{
	const struct graph_node *n = &g->nodes[in];
	const uint32_t kind = net_below(r, 11);
	struct net_window w;
	uint32_t groups;
	size_t a;

	if (kind < 4) {
		w = draw_window(r, n, false);
		groups = n->c % 2 == 0 && kind == 0 ? 2 : kind == 1 ? n->c :
		    1;
		in = net_conv(g, in, groups * (1 + net_below(r, 21 / groups +
		    1)), groups, net_below(r, 2), &w);
		return (draw_tail(r, g, in));
	}
	if (kind == 8)
		return (draw_norm(r, g, in));
	/* Not over and over: it makes large images. */
	if (kind == 9 && n->h < 20 && n->w < 20)
		return (draw_tail(r, g, draw_transposed(r, g, in)));
	if (kind == 10) {
		a = draw_tail(r, g, in);
		return (net_concat(g, a, net_below(r, 2) ? in : a));
	}
	if (kind == 4 || kind == 5) {
		w = draw_window(r, n, true);
		return (net_pool(g, in, kind == 4 ? GRAPH_MAX_POOL :
		    GRAPH_AVG_POOL, &w));
	}
	if (kind == 6)
		return (draw_map(r, g, in));
	/* A residual sum: of the value and a convolution of the same shape. */
	w = (struct net_window){ { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1 } };
	a = net_conv(g, in, n->c, 1, true, &w);
	a = draw_tail(r, g, a);
	a = net_below(r, 2) ? net_add(g, in, a) : net_add(g, a, in);
	return (net_below(r, 2) ? draw_tail(r, g, a) : a);
}

struct graph *
net_draw(struct net_random *r)
{
	struct graph *g = net_new(1 + net_below(r, 3), 3 + net_below(r, 14),
	    3 + net_below(r, 14));
	uint32_t n = net_below(r, 6);
	size_t i = 0, a;

	while (n-- > 0)
		i = draw_spatial(r, g, i);
	switch (net_below(r, 4)) {
	case 0:
		i = net_pool(g, i, GRAPH_GLOBAL_AVG, NULL);
		break;
	case 1:
		i = net_map(g, i, GRAPH_FLATTEN, 0);
		i = draw_map(r, g, i);
		break;
	default:
		i = net_map(g, i, GRAPH_FLATTEN, 0);
		break;
	}
	for (n = net_below(r, 3); n > 0; n--) {
		a = net_linear(g, i, 1 + net_below(r, 40), net_below(r, 2));
		if (g->nodes[a].c == g->nodes[i].c && g->nodes[i].is_vector)
			a = net_add(g, a, i);
		i = net_below(r, 2) ? draw_tail(r, g, a) : a;
	}
	net_map(g, i, GRAPH_OUTPUT, 0);
	return (g);
}
