/*
 * nn_winograd: 3x3 convolutions of stride 1 with fewer products.
 */
#include "nn/nn_plan.h"

#define PLACES 16

/* Few channels do not pay for the sums before and after the products. */
#define MIN_CHANNELS 8

bool
nn_winograd_fits(const struct graph_node *n, const struct nn_view *in,
    const struct nn_view *out)
{
	const uint64_t squares = (uint64_t)((out->h + 1) / 2) *
	    ((out->w + 1) / 2);

	if (n->op != GRAPH_CONV || n->groups != 1 || in->c < MIN_CHANNELS ||
	    n->c < MIN_CHANNELS)
		return (false);
	for (int i = 0; i < 2; i++)
		if (n->kernel[i] != 3 || n->stride[i] != 1 ||
		    n->dilation[i] != 1)
			return (false);
	/* Half squares at the edges are computed whole. */
	return (squares * 8 <= (uint64_t)out->h * out->w * 3);
}

void
nn_winograd_make(struct nn_build *b, size_t node, struct nn_step *step)
{
	const struct graph_node *n = &b->graph->nodes[node];
	const struct kernel *k = b->plan->kernel;
	struct nn_view *in = &step->in[0];
	size_t squares, n_floats;

	step->n_groups = 1;
	step->n_out = n->c;
	step->n_taps = (size_t)in->c * 9;
	step->weight_out = step->n_taps;
	step->out_column = b->plan->block;
	in->origin -= in->row * n->padding[0] + b->plan->block *
	    n->padding[1];
	squares = (size_t)((step->out.h + 1) / 2) * ((step->out.w + 1) / 2);
	step->n_vecs = squares * b->plan->block / k->lanes;
	nn_taps_finish(b, node, step, (size_t)in->c * PLACES);
	step->kind = NN_STEP_WINOGRAD;
	/* See struct kernel_winograd. */
	n_floats = PLACES * k->lanes * (in->c * (size_t)KERNEL_MAX_VECS +
	    k->accumulators) + in->c;
	if (b->plan->scratch < n_floats)
		b->plan->scratch = n_floats;
}

/* G g G^T: the 3x3 weights of one pair of channels to 16 numbers. */
static void
spread(const double g[9], double out[PLACES])
{
	double t[12];

	for (int i = 0; i < 3; i++) {
		t[i] = g[i];
		t[3 + i] = (g[i] + g[3 + i] + g[6 + i]) / 2;
		t[6 + i] = (g[i] - g[3 + i] + g[6 + i]) / 2;
		t[9 + i] = g[6 + i];
	}
	for (int i = 0; i < 4; i++) {
		const double *r = t + 3 * i;

		out[4 * i] = r[0];
		out[4 * i + 1] = (r[0] + r[1] + r[2]) / 2;
		out[4 * i + 2] = (r[0] - r[1] + r[2]) / 2;
		out[4 * i + 3] = r[2];
	}
}

void
nn_winograd_pack(const double weights[9], size_t n_in, size_t c, float *dst,
    size_t step)
{
	double places[PLACES];

	spread(weights, places);
	for (size_t i = 0; i < PLACES; i++)
		dst[(i * n_in + c) * step] = (float)places[i];
}

void
nn_winograd_run(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out, float *scratch)
{
	const size_t n_in = s->in[0].c;
	const struct kernel_winograd k = {
		.in = in, .in_channel = s->in[0].channel,
		.in_row = s->in[0].row, .n_in = n_in,
		.weights = weights + s->packed,
		.bias = weights + s->packed_bias, .n_out = s->n_out,
		.n_tiles = s->n_tiles, .out = out,
		.out_channel = s->out.channel, .out_row = s->out.row,
		.h = s->out.h, .w = s->out.w, .n_lanes = p->block,
		.end = s->end, .slope = s->slope,
		.scratch = scratch, .off = (uint32_t *)(void *)(scratch +
		    p->scratch - n_in)
	};

	p->kernel->winograd(&k);
}
