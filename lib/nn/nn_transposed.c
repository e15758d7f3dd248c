/*
 * nn_transposed: transposed convolutions as sums over taps.
 *
 * Input y reaches the outputs y * stride - padding + k * dilation. Seen from
 * an output o, the taps are those k for which o + padding - k * dilation is
 * a multiple of the stride. They are the same for all outputs of one
 * remainder of o divided by the stride; these are a convolution of stride 1,
 * whose outputs lie a stride apart.
 */
#include "nn/nn_plan.h"

/* Taps of one axis of one step. */
struct axis {
	size_t remainder;     /* of the outputs */
	size_t n;             /* taps */
	uint32_t *tap;        /* [kernel] their k */
	uint32_t *at;         /* [kernel] their input, from the lowest's */
	int64_t first;        /* the lowest's for the first output */
};

static void
find_taps(const struct graph_node *n, int axis, struct axis *a)
{
	const int64_t stride = n->stride[axis];
	int64_t x;

	a->n = 0;
	a->first = 0;
	/* The last tap reaches the lowest input. */
	for (uint32_t k = n->kernel[axis]; k-- > 0;) {
		x = (int64_t)a->remainder + n->padding[axis] -
		    (int64_t)k * n->dilation[axis];
		if (x % stride != 0)
			continue;
		if (a->n == 0)
			a->first = x / stride;
		a->tap[a->n] = k;
		a->at[a->n++] = (uint32_t)(x / stride - a->first);
	}
}

static enum ckpt_status
make_taps(const struct nn_build *b, const struct graph_node *n,
    struct nn_step *step, const struct axis axes[2], struct ckpt_error *err)
{
	const struct nn_view *in = &step->in[0];
	const size_t n_c = in->c / n->groups;
	const size_t area = (size_t)n->kernel[0] * n->kernel[1];
	size_t k = 0;

	step->weight_out = area;
	step->weight_group = n_c * step->n_out * area;
	if (n_c * step->n_out > UINT32_MAX / area)
		return (error_set(err, CKPT_LIMIT, "a transposed convolution "
		    "of more than %u weights", UINT32_MAX));
	step->n_taps = n_c * axes[0].n * axes[1].n;
	step->off = malloc((step->n_taps + 1) * sizeof(*step->off));
	step->tap_at = malloc((step->n_taps + 1) * sizeof(*step->tap_at));
	if (step->off == NULL || step->tap_at == NULL)
		return (error_nomem(err, step->n_taps * sizeof(*step->off)));
	for (size_t c = 0; c < n_c; c++)
		for (size_t y = 0; y < axes[0].n; y++)
			for (size_t x = 0; x < axes[1].n; x++, k++) {
				step->off[k] = (uint32_t)(c * in->channel +
				    axes[0].at[y] * in->row +
				    axes[1].at[x] * b->plan->block);
				step->tap_at[k] = (uint32_t)(c * step->n_out *
				    area + (size_t)axes[0].tap[y] *
				    n->kernel[1] + axes[1].tap[x]);
			}
	step->group = n_c * in->channel;
	return (CKPT_OK);
}

static enum ckpt_status
make_step(struct nn_build *b, size_t node, const struct axis axes[2],
    struct ckpt_error *err)
{
	const struct graph_node *n = &b->graph->nodes[node];
	struct nn_plan *p = b->plan;
	struct nn_step *step;
	struct nn_view *o, *in;
	enum ckpt_status st;

	st = nn_step_new(b, node, &step, err);
	if (st != CKPT_OK)
		return (st);
	o = &step->out;
	in = &step->in[0];
	step->n_groups = n->groups;
	step->n_out = n->c / n->groups;
	st = make_taps(b, n, step, axes, err);
	if (st != CKPT_OK)
		return (st);
	/* Offsets before the origin lie in the border. */
	in->origin += (size_t)(axes[0].first * (int64_t)in->row +
	    axes[1].first * (int64_t)p->block);
	step->in_row = in->row;
	o->origin += axes[0].remainder * o->row +
	    axes[1].remainder * p->block;
	o->h = (uint32_t)((o->h - axes[0].remainder - 1) / n->stride[0] + 1);
	o->w = (uint32_t)((o->w - axes[1].remainder - 1) / n->stride[1] + 1);
	o->row *= n->stride[0];
	step->out_column = p->block * n->stride[1];
	step->n_vecs = (size_t)o->w * p->block / p->kernel->lanes;
	if (n->stride[1] > 1 && p->scratch < step->n_out * o->w * p->block)
		p->scratch = step->n_out * o->w * p->block;
	nn_taps_finish(b, node, step, step->n_taps);
	return (CKPT_OK);
}

static bool
axis_alloc(struct axis *a, uint32_t kernel)
{
	a->tap = calloc((size_t)kernel + 1, sizeof(*a->tap));
	a->at = calloc((size_t)kernel + 1, sizeof(*a->at));
	return (a->tap != NULL && a->at != NULL);
}

enum ckpt_status
nn_transposed_make(struct nn_build *b, size_t node, struct ckpt_error *err)
{
	const struct graph_node *n = &b->graph->nodes[node];
	const struct nn_value *v = &b->values[b->values[node].root];
	struct axis axes[2] = { { 0 } };
	enum ckpt_status st = CKPT_OK;

	if (!axis_alloc(&axes[0], n->kernel[0]) ||
	    !axis_alloc(&axes[1], n->kernel[1])) {
		st = error_nomem(err, n->kernel[0]);
		goto out;
	}
	for (uint32_t y = 0; y < n->stride[0] && y < v->need_h; y++) {
		axes[0].remainder = y;
		find_taps(n, 0, &axes[0]);
		for (uint32_t x = 0; x < n->stride[1] && x < v->need_w; x++) {
			axes[1].remainder = x;
			find_taps(n, 1, &axes[1]);
			st = make_step(b, node, axes, err);
			if (st != CKPT_OK)
				goto out;
		}
	}
out:
	for (int i = 0; i < 2; i++) {
		free(axes[i].tap);
		free(axes[i].at);
	}
	return (st);
}
