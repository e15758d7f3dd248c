/*
 * nn_plan: from a graph to the list of steps.
 */
#include "nn/nn_plan.h"

/* Bytes of the inputs and outputs of a step that fit well in a common
 * second-level cache; beyond it more images side by side cost more than
 * they save (measured: LeNet-5 and OptuNets want 16, a wide MLP 32). */
#define WORKING_SET ((size_t)192 << 10)
#define MAX_BLOCK 256

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
	if (n->op == GRAPH_TANH) {
		step->map = p->kernel->tanh;
	} else if (n->op == GRAPH_SIGMOID) {
		step->map = p->kernel->sigmoid;
	} else {
		step->map = p->kernel->relu;
		if (n->op == GRAPH_LEAKY_RELU)
			step->slope = (float)n->slope;
	}
}

enum ckpt_status
nn_step_make(struct nn_plan *p, const struct graph *g,
    const struct nn_value *values, size_t node, struct ckpt_error *err)
{
	const struct graph_node *n = &g->nodes[node];
	const struct nn_value *v = &values[node];
	struct nn_step *step = &p->steps[p->n_steps];

	if (v->is_fused || values[v->root].is_images)
		return (CKPT_OK);
	if (v->root != node && (n->op == GRAPH_OUTPUT ||
	    n->op == GRAPH_FLATTEN))
		return (CKPT_OK);
	*step = (struct nn_step){ .n_inputs = n->n_inputs };
	step->out = nn_view_of(p, values, node);
	for (size_t k = 0; k < n->n_inputs; k++)
		step->in[k] = nn_view_of(p, values, n->inputs[k]);
	p->n_steps++;
	switch (n->op) {
	case GRAPH_CONV:
	case GRAPH_LINEAR:
		return (nn_taps_make(p, g, values, node, step, err));
	case GRAPH_MAX_POOL:
	case GRAPH_AVG_POOL:
	case GRAPH_GLOBAL_AVG:
		make_pool(step, n, &values[values[n->inputs[0]].root]);
		return (CKPT_OK);
	case GRAPH_ADD:
		step->kind = NN_STEP_ADD;
		return (CKPT_OK);
	case GRAPH_INPUT:
		step->kind = NN_STEP_LOAD;
		step->n_inputs = 1;
		step->in[0] = (struct nn_view){
			.is_images = true,
			.row = (size_t)n->w * NN_BLOCK,
			.channel = (size_t)n->h * n->w * NN_BLOCK,
			.c = n->c, .h = n->h, .w = n->w
		};
		return (CKPT_OK);
	case GRAPH_FLATTEN:
	case GRAPH_OUTPUT:
		step->kind = NN_STEP_COPY;
		return (CKPT_OK);
	default:
		make_map(p, step, n);
		return (CKPT_OK);
	}
}

/* Where the weights of the last step come from. */
static void
bind_tensors(struct nn_step *step, const struct graph_node *n,
    const struct schema *schema, const size_t *map)
{
	const struct tensor_desc *t = &schema->tensors[map[n->weight]];

	step->weight_tensor = t->offset;
	step->weight_dtype = t->dtype;
	step->bias_tensor = GRAPH_NONE;
	if (n->bias == GRAPH_NONE)
		return;
	t = &schema->tensors[map[n->bias]];
	step->bias_tensor = t->offset;
	step->bias_dtype = t->dtype;
}

static enum ckpt_status
check_dtypes(const struct graph *g, const struct schema *schema,
    const size_t *map, struct ckpt_error *err)
{
	for (size_t i = 0; i < g->n_params; i++) {
		const struct tensor_desc *t;

		if (g->params[i].node == GRAPH_NONE)
			continue;
		t = &schema->tensors[map[i]];
		if (!dtype_is_weight(t->dtype))
			return (error_set(err, CKPT_INVALID, "tensor %s is %s;"
			    " weights are f16, bf16, f32 or f64", t->name,
			    dtype_name(t->dtype)));
	}
	return (CKPT_OK);
}

/* Chooses the images of a run, then lays the values out. */
static enum ckpt_status
choose_block(struct nn_plan *p, const struct graph *g,
    struct nn_value *values, unsigned block, struct ckpt_error *err)
{
	size_t n_elements, set;
	enum ckpt_status st;

	st = nn_layout(g, values, block > NN_BLOCK, &n_elements, err);
	if (st != CKPT_OK)
		return (st);
	set = nn_layout_working_set(g, values) * NN_BLOCK * sizeof(float);
	p->block = block;
	if (block == 0) {
		p->block = NN_BLOCK;
		while (p->block < 64 && set * 2 * p->block / NN_BLOCK <=
		    WORKING_SET)
			p->block *= 2;
		st = nn_layout(g, values, p->block > NN_BLOCK, &n_elements,
		    err);
		if (st != CKPT_OK)
			return (st);
	}
	if (n_elements > NN_MAX_WORK / sizeof(float) / p->block)
		return (error_set(err, CKPT_LIMIT, "the layers take more than "
		    "%zu bytes for %zu images", NN_MAX_WORK, p->block));
	p->arena = n_elements * p->block;
	return (CKPT_OK);
}

static enum ckpt_status
make_steps(struct nn_plan *p, const struct graph *g,
    const struct nn_value *values, const struct schema *schema,
    const size_t *map, struct ckpt_error *err)
{
	const struct graph_node *last = &g->nodes[g->n_nodes - 1];
	enum ckpt_status st;

	p->steps = calloc(g->n_nodes, sizeof(*p->steps));
	if (p->steps == NULL)
		return (error_nomem(err, g->n_nodes * sizeof(*p->steps)));
	for (size_t i = 0; i < g->n_nodes; i++) {
		const enum graph_op op = g->nodes[i].op;

		st = nn_step_make(p, g, values, i, err);
		if (st != CKPT_OK)
			return (st);
		if (op == GRAPH_CONV || op == GRAPH_LINEAR)
			bind_tensors(&p->steps[p->n_steps - 1], &g->nodes[i],
			    schema, map);
	}
	p->n_elements = (size_t)g->nodes[0].c * g->nodes[0].h * g->nodes[0].w;
	p->n_classes = (size_t)last->c * last->h * last->w;
	p->output = nn_view_of(p, values, g->n_nodes - 1).origin;
	if (p->n_classes == 0 || p->n_classes > NN_MAX_CLASSES)
		return (error_set(err, CKPT_LIMIT,
		    "%zu outputs; the most is %d", p->n_classes,
		    NN_MAX_CLASSES));
	return (CKPT_OK);
}

static enum ckpt_status
choose_path(struct nn_plan *p, enum nn_path path, struct ckpt_error *err)
{
	p->path = path;
	if (path == NN_PATH_BEST) {
		p->path = NN_PATH_AVX512;
		while (nn_path_kernel(p->path) == NULL)
			p->path--;
	}
	p->kernel = nn_path_kernel(p->path);
	if (p->kernel == NULL)
		return (error_set(err, CKPT_USAGE, "this processor or build "
		    "has no %s kernels", nn_path_name(path)));
	return (CKPT_OK);
}

enum ckpt_status
nn_plan_new(const struct graph *g, const struct schema *schema,
    const struct nn_options *options, struct nn_plan **out,
    struct ckpt_error *err)
{
	const unsigned block = options ? options->block : 0;
	struct nn_plan *p;
	struct nn_value *values;
	size_t *map;
	enum ckpt_status st;

	if (block % NN_BLOCK != 0 || block > MAX_BLOCK)
		return (error_set(err, CKPT_USAGE, "blocks of %u images; "
		    "multiples of %d up to %d are possible", block, NN_BLOCK,
		    MAX_BLOCK));
	p = calloc(1, sizeof(*p));
	values = calloc(g->n_nodes, sizeof(*values));
	map = calloc(g->n_params + 1, sizeof(*map));
	if (p == NULL || values == NULL || map == NULL) {
		st = error_nomem(err, g->n_nodes * sizeof(*values));
		goto err0;
	}
	if ((st = choose_path(p, options ? options->path : NN_PATH_BEST,
	    err)) != CKPT_OK ||
	    (st = graph_bind(g, schema, map, err)) != CKPT_OK ||
	    (st = check_dtypes(g, schema, map, err)) != CKPT_OK ||
	    (st = choose_block(p, g, values, block, err)) != CKPT_OK ||
	    (st = make_steps(p, g, values, schema, map, err)) != CKPT_OK)
		goto err0;
	free(map);
	free(values);
	*out = p;
	return (CKPT_OK);

err0:
	free(map);
	free(values);
	nn_plan_free(p);
	return (st);
}

void
nn_plan_free(struct nn_plan *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_steps; i++) {
		free(p->steps[i].off);
		free(p->steps[i].x);
	}
	free(p->steps);
	free(p);
}

size_t
nn_plan_block(const struct nn_plan *p)
{
	return (p->block);
}

size_t
nn_plan_classes(const struct nn_plan *p)
{
	return (p->n_classes);
}

size_t
nn_plan_weights(const struct nn_plan *p)
{
	return (p->n_weights);
}

enum nn_path
nn_plan_path(const struct nn_plan *p)
{
	return (p->path);
}

uint64_t
nn_plan_products(const struct nn_plan *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct nn_step *s = &p->steps[i];

		if (s->kind == NN_STEP_TAPS)
			n += (uint64_t)s->n_groups * s->n_out * s->n_taps *
			    s->out.h * s->out.w;
	}
	return (n);
}
