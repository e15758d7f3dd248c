/*
 * nn_norm: the steps of normalisations.
 */
#include "nn/nn_plan.h"

static void
affine(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out)
{
	const struct nn_view *a = &s->in[0], *o = &s->out;

	for (size_t c = 0; c < o->c; c++)
		for (size_t y = 0; y < o->h; y++)
			p->kernel->affine(out + c * o->channel + y * o->row,
			    in + c * a->channel + y * a->row,
			    o->w * p->block, weights[s->packed + c],
			    weights[s->packed_bias + c], s->end, s->slope);
}

/* The input is read whole. */
static void
norm(const struct nn_plan *p, const struct nn_step *s, const float *weights,
    const float *in, float *out)
{
	const struct nn_view *a = &s->in[0], *o = &s->out;
	float mean[NN_MAX_BLOCK] = { 0 }, scale[NN_MAX_BLOCK];
	struct kernel_norm k = {
		.channel = a->channel, .row = a->row,
		.n_channels = s->n_channels, .n_lanes = p->block,
		.mean = mean, .scale = scale, .out_channel = o->channel,
		.out_row = o->row
	};

	for (size_t c = 0; c < o->c; c += s->n_channels) {
		k.in = in + c * a->channel;
		k.out = out + c * o->channel;
		k.n_rows = a->h;
		k.n_positions = a->w;
		k.factor = weights + s->packed + c;
		k.shift = weights + s->packed_bias + c;
		if (s->norm.op == GRAPH_FRN)
			k.floor = k.shift + o->c;
		else
			p->kernel->norm_mean(&k);
		p->kernel->norm_scale(&k, (float)s->norm.eps);
		k.n_rows = o->h;
		k.n_positions = o->w;
		p->kernel->norm_apply(&k);
	}
}

static void
layer_norm(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out)
{
	const struct nn_view *a = &s->in[0], *o = &s->out;
	struct kernel_layer_norm k = {
		.channel = a->channel, .out_channel = o->channel,
		.n_channels = o->c, .n = o->w * p->block,
		.factor = weights + s->packed,
		.shift = weights + s->packed_bias, .eps = (float)s->norm.eps
	};

	for (size_t y = 0; y < o->h; y++) {
		k.in = in + y * a->row;
		k.out = out + y * o->row;
		p->kernel->layer_norm(&k);
	}
}

void
nn_norm_run(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out)
{
	if (s->kind == NN_STEP_AFFINE)
		affine(p, s, weights, in, out);
	else if (s->kind == NN_STEP_NORM)
		norm(p, s, weights, in, out);
	else
		layer_norm(p, s, weights, in, out);
}
