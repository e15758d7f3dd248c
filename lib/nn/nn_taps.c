/*
 * nn_taps: convolutions and linear layers as sums over taps.
 *
 * A tap is one weight of an output: its input lies at a fixed distance from
 * the window's corner, so one table of distances serves all positions. A
 * linear layer is the same with one position, whose taps are all elements
 * of its input wherever they lie.
 */
#include "nn/nn_plan.h"

/* Cycles of a tile and tap on a machine with two multiplications and two
 * loads a cycle and a latency of four. */
static double
tile_cost(size_t n_out, size_t n_vecs)
{
	const double sums = (double)(n_out * n_vecs) / 2;
	const double loads = (double)(n_out + n_vecs) / 2;
	const double cost = sums > loads ? sums : loads;

	return (cost > 4 ? cost : 4);
}

/* The number of tiles that makes a row of outputs cheapest. All tiles take
 * as many vectors as the widest can. */
static size_t
choose_tiles(const struct kernel *k, size_t n_out, size_t n_vecs,
    size_t n_taps)
{
	double best = 0;
	size_t best_tiles = 0;

	for (size_t most = KERNEL_MAX_OUT; most >= 1; most--) {
		const size_t n_tiles = (n_out + most - 1) / most;
		const size_t widest = kernel_tile_width(n_out, n_tiles, 0);
		const size_t narrow = kernel_tile_width(n_out, n_tiles,
		    n_tiles - 1);
		const double n_widest = widest == narrow ? (double)n_tiles :
		    (double)(n_out % n_tiles);
		size_t v = k->accumulators / widest, n;
		double cost = 0;

		if (v > KERNEL_MAX_VECS)
			v = KERNEL_MAX_VECS;
		n = (n_vecs + v - 1) / v;
		for (size_t j = 0; j < n; j++) {
			const size_t w = kernel_tile_width(n_vecs, n, j);

			cost += 10 * (double)n_tiles + (double)n_taps *
			    (n_widest * tile_cost(widest, w) +
			    ((double)n_tiles - n_widest) *
			    tile_cost(narrow, w));
		}
		if (best_tiles == 0 || cost < best) {
			best = cost;
			best_tiles = n_tiles;
		}
	}
	return (best_tiles);
}

/* The distances of all taps of one group. */
static enum ckpt_status
make_offsets(struct nn_plan *p, const struct graph_node *n,
    const struct nn_view *in, struct nn_step *step, struct ckpt_error *err)
{
	const bool is_conv = n->op == GRAPH_CONV;
	const size_t n_c = is_conv ? in->c / n->groups : in->c;
	const size_t n_y = is_conv ? n->kernel[0] : in->h;
	const size_t n_x = is_conv ? n->kernel[1] : in->w;
	const size_t by_y = in->row * (is_conv ? n->dilation[0] : 1);
	const size_t by_x = p->block * (is_conv ? n->dilation[1] : 1);
	uint32_t *off;

	if (n_y != 0 && n_x != 0 && n_c > NN_MAX_WORK / n_y / n_x)
		return (error_set(err, CKPT_LIMIT,
		    "a layer has more than %zu weights an output",
		    NN_MAX_WORK));
	step->n_taps = n_c * n_y * n_x;
	step->group = n_c * in->channel;
	off = malloc((step->n_taps + 1) * sizeof(*off));
	if (off == NULL)
		return (error_nomem(err, step->n_taps * sizeof(*off)));
	step->off = off;
	for (size_t c = 0; c < n_c; c++)
		for (size_t y = 0; y < n_y; y++)
			for (size_t x = 0; x < n_x; x++)
				*off++ = (uint32_t)(c * in->channel +
				    y * by_y + x * by_x);
	return (CKPT_OK);
}

/* Where the vectors of an output row read, if columns are skipped. */
static enum ckpt_status
make_columns(struct nn_plan *p, const struct graph_node *n,
    struct nn_step *step, struct ckpt_error *err)
{
	const size_t per_position = p->block / p->kernel->lanes;

	step->x = NULL;
	if (n->op != GRAPH_CONV || n->stride[1] == 1)
		return (CKPT_OK);
	step->x = malloc((step->n_vecs + 1) * sizeof(*step->x));
	if (step->x == NULL)
		return (error_nomem(err, step->n_vecs * sizeof(*step->x)));
	for (size_t v = 0; v < step->n_vecs; v++)
		step->x[v] = (uint32_t)(v / per_position * n->stride[1] *
		    p->block + v % per_position * p->kernel->lanes);
	return (CKPT_OK);
}

void
nn_taps_finish(struct nn_build *b, size_t node, struct nn_step *step,
    size_t n_packed)
{
	const struct graph_node *n = &b->graph->nodes[node];
	struct nn_plan *p = b->plan;

	step->kind = NN_STEP_TAPS;
	step->n_tiles = choose_tiles(p->kernel, step->n_out, step->n_vecs,
	    step->n_taps);
	step->n_packed = n_packed;
	step->packed = p->n_weights;
	step->packed_bias = step->packed + n->c * n_packed;
	p->n_weights = step->packed_bias + n->c;
	step->weight = nn_source_of(b, n->weight);
	step->bias = nn_source_of(b, n->bias);
	nn_step_fuse(b, node, step);
}

enum ckpt_status
nn_taps_make(struct nn_build *b, size_t node, struct nn_step *step,
    struct ckpt_error *err)
{
	const struct graph_node *n = &b->graph->nodes[node];
	struct nn_plan *p = b->plan;
	struct nn_view *in = &step->in[0];
	enum ckpt_status st;

	if (nn_winograd_fits(n, in, &step->out)) {
		nn_winograd_make(b, node, step);
		return (CKPT_OK);
	}
	step->n_groups = n->op == GRAPH_CONV ? n->groups : 1;
	step->n_out = n->c / step->n_groups;
	step->n_vecs = (size_t)step->out.w * p->block / p->kernel->lanes;
	step->out_column = p->block;
	st = make_offsets(p, n, in, step, err);
	if (st != CKPT_OK)
		return (st);
	st = make_columns(p, n, step, err);
	if (st != CKPT_OK)
		return (st);
	step->weight_out = step->n_taps;
	step->weight_group = step->n_out * step->n_taps;
	step->in_row = 0;
	if (n->op == GRAPH_CONV) {
		step->in_row = in->row * n->stride[0];
		in->origin -= in->row * n->padding[0] +
		    p->block * n->padding[1];
	}
	nn_taps_finish(b, node, step, step->n_taps);
	return (CKPT_OK);
}
