/*
 * nn_step: the steps that a node becomes.
 */
#include "nn/nn_plan.h"

/* A transposed convolution makes many; all others one or none. */
#define MAX_STEPS 65536

struct nn_view
nn_view_of(const struct nn_plan *p, const struct nn_value *values,
    size_t node)
{
	const struct nn_value *v = &values[values[node].root];

	return ((struct nn_view){
		.is_images = v->is_images,
		.origin = (v->is_images ? 0 : v->origin) * p->block,
		.row = v->row * p->block,
		.channel = v->channel * p->block,
		.c = v->c,
		.h = v->need_h,
		.w = v->need_w
	});
}

enum ckpt_status
nn_step_new(struct nn_build *b, size_t node, struct nn_step **out,
    struct ckpt_error *err)
{
	const struct graph_node *n = &b->graph->nodes[node];
	struct nn_plan *p = b->plan;
	struct nn_step *step;

	if (p->n_steps == b->max_steps) {
		const size_t more = b->max_steps * 2 + 16;

		if (more > MAX_STEPS)
			return (error_set(err, CKPT_LIMIT,
			    "a graph of more than %d steps", MAX_STEPS));
		step = realloc(p->steps, more * sizeof(*step));
		if (step == NULL)
			return (error_nomem(err, more * sizeof(*step)));
		p->steps = step;
		b->max_steps = more;
	}
	step = &p->steps[p->n_steps++];
	*step = (struct nn_step){ .node = node, .n_inputs = n->n_inputs };
	step->out = nn_view_of(p, b->values, node);
	for (size_t k = 0; k < n->n_inputs; k++)
		step->in[k] = nn_view_of(p, b->values, n->inputs[k]);
	*out = step;
	return (CKPT_OK);
}

struct nn_source
nn_source_of(const struct nn_build *b, size_t param)
{
	const struct tensor_desc *t;

	if (param == GRAPH_NONE)
		return ((struct nn_source){ .is_present = false });
	t = &b->schema->tensors[b->map[param]];
	return ((struct nn_source){ true, t->offset, t->dtype });
}

static void
set_norm(const struct nn_build *b, const struct graph_node *n,
    struct nn_norm *out)
{
	*out = (struct nn_norm){
		.op = n->op,
		.eps = n->eps,
		.weight = nn_source_of(b, n->weight),
		.bias = nn_source_of(b, n->bias),
		.mean = nn_source_of(b, n->mean),
		.var = nn_source_of(b, n->var),
		.tau = nn_source_of(b, n->tau)
	};
}

void
nn_step_fuse(const struct nn_build *b, size_t node, struct nn_step *step)
{
	const struct graph *g = b->graph;

	for (size_t i = node + 1; i < g->n_nodes; i++) {
		const struct graph_node *n = &g->nodes[i];

		if (!b->values[i].is_fused || b->values[i].step_node != node)
			continue;
		if (n->op == GRAPH_BATCH_NORM) {
			set_norm(b, n, &step->norm);
			continue;
		}
		step->slope = (float)n->slope;
		step->end = n->op == GRAPH_LEAKY_RELU && step->slope != 0 ?
		    KERNEL_END_LEAKY : KERNEL_END_RELU;
	}
}

static void
make_pool(struct nn_step *step, const struct graph_node *n,
    const struct nn_value *in)
{
	const bool is_global = n->op == GRAPH_GLOBAL_AVG;

	step->kind = n->op == GRAPH_MAX_POOL ? NN_STEP_MAX_POOL :
	    NN_STEP_AVG_POOL;
	step->in_h = in->h;
	step->in_w = in->w;
	for (int i = 0; i < 2; i++) {
		step->kernel[i] = is_global ? (i ? in->w : in->h) :
		    n->kernel[i];
		step->stride[i] = is_global ? 1 : n->stride[i];
		step->padding[i] = is_global ? 0 : n->padding[i];
		step->dilation[i] = is_global ? 1 : n->dilation[i];
	}
}

static void
make_map(const struct nn_plan *p, struct nn_step *step,
    const struct graph_node *n)
{
	step->kind = NN_STEP_MAP;
	step->slope = 0;
	switch (n->op) {
	case GRAPH_TANH:
		step->map = p->kernel->tanh;
		return;
	case GRAPH_SIGMOID:
		step->map = p->kernel->sigmoid;
		return;
	case GRAPH_SILU:
		step->map = p->kernel->silu;
		return;
	case GRAPH_GELU:
		step->map = p->kernel->gelu;
		return;
	default:
		step->map = p->kernel->relu;
		if (n->op == GRAPH_LEAKY_RELU)
			step->slope = (float)n->slope;
		return;
	}
}

static void
make_norm(struct nn_build *b, size_t node, struct nn_step *step)
{
	const struct graph_node *n = &b->graph->nodes[node];

	step->kind = n->op == GRAPH_BATCH_NORM ? NN_STEP_AFFINE :
	    n->op == GRAPH_LAYER_NORM ? NN_STEP_LAYER_NORM : NN_STEP_NORM;
	set_norm(b, n, &step->norm);
	step->n_channels = n->op == GRAPH_GROUP_NORM ? n->c / n->groups : 1;
	step->packed = b->plan->n_weights;
	step->packed_bias = step->packed + n->c;
	b->plan->n_weights += (size_t)n->c * (n->op == GRAPH_FRN ? 3 : 2);
	nn_step_fuse(b, node, step);
}

static void
make_load(struct nn_step *step, const struct graph_node *n)
{
	step->kind = NN_STEP_LOAD;
	step->n_inputs = 1;
	step->in[0] = (struct nn_view){
		.is_images = true,
		.row = (size_t)n->w * NN_BLOCK,
		.channel = (size_t)n->h * n->w * NN_BLOCK,
		.c = n->c, .h = n->h, .w = n->w
	};
}

enum ckpt_status
nn_step_make(struct nn_build *b, size_t node, struct ckpt_error *err)
{
	const struct graph_node *n = &b->graph->nodes[node];
	const struct nn_value *v = &b->values[node];
	struct nn_step *step;
	enum ckpt_status st;

	if (v->is_fused || b->values[v->root].is_images)
		return (CKPT_OK);
	if (v->root != node && (n->op == GRAPH_OUTPUT ||
	    n->op == GRAPH_FLATTEN || n->op == GRAPH_DROPOUT))
		return (CKPT_OK);
	if (n->op == GRAPH_CONV_TRANSPOSE)
		return (nn_transposed_make(b, node, err));
	st = nn_step_new(b, node, &step, err);
	if (st != CKPT_OK)
		return (st);
	switch (n->op) {
	case GRAPH_CONV:
	case GRAPH_LINEAR:
		return (nn_taps_make(b, node, step, err));
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
	case GRAPH_GLOBAL_AVG:
		make_pool(step, n, &b->values[b->values[n->inputs[0]].root]);
		return (CKPT_OK);
	case GRAPH_ADD:
		step->kind = NN_STEP_ADD;
		nn_step_fuse(b, node, step);
		return (CKPT_OK);
	case GRAPH_CONCAT:
		step->kind = NN_STEP_CONCAT;
		return (CKPT_OK);
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
	case GRAPH_LAYER_NORM:
	case GRAPH_GROUP_NORM:
		make_norm(b, node, step);
		return (CKPT_OK);
	case GRAPH_INPUT:
		make_load(step, n);
		return (CKPT_OK);
	case GRAPH_FLATTEN:
	case GRAPH_OUTPUT:
		step->kind = NN_STEP_COPY;
		return (CKPT_OK);
	default:
		make_map(b->plan, step, n);
		return (CKPT_OK);
	}
}
