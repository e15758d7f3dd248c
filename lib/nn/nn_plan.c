/*
 * nn_plan: from a graph and a schema to a plan.
 */
#include "nn/nn_plan.h"

/* Bytes of the inputs and outputs of a step that fit well in a common
 * second-level cache; beyond it more images side by side cost more than
 * they save (measured: LeNet-5 and OptuNets want 16, a wide MLP 32). */
#define WORKING_SET ((size_t)192 << 10)
#define MAX_BLOCK NN_MAX_BLOCK

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
choose_block(struct nn_build *b, unsigned block, struct ckpt_error *err)
{
	const struct graph *g = b->graph;
	struct nn_plan *p = b->plan;
	size_t n_elements, set;
	enum ckpt_status st;

	st = nn_layout(g, b->values, block > NN_BLOCK, b->is_watched,
	    &n_elements, err);
	if (st != CKPT_OK)
		return (st);
	set = nn_layout_working_set(g, b->values) * NN_BLOCK * sizeof(float);
	p->block = block;
	if (block == 0) {
		p->block = NN_BLOCK;
		while (p->block < 64 && set * 2 * p->block / NN_BLOCK <=
		    WORKING_SET)
			p->block *= 2;
		st = nn_layout(g, b->values, p->block > NN_BLOCK,
		    b->is_watched, &n_elements, err);
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
make_steps(struct nn_build *b, struct ckpt_error *err)
{
	const struct graph *g = b->graph;
	const struct graph_node *last = &g->nodes[g->n_nodes - 1];
	struct nn_plan *p = b->plan;
	enum ckpt_status st;

	for (size_t i = 0; i < g->n_nodes; i++) {
		st = nn_step_make(b, i, err);
		if (st != CKPT_OK)
			return (st);
		if (b->is_watched[i])
			p->watches[p->n_watches++] = (struct nn_watch){
				i, p->n_steps, nn_view_of(p, b->values, i)
			};
	}
	p->n_elements = (size_t)g->nodes[0].c * g->nodes[0].h * g->nodes[0].w;
	p->n_classes = (size_t)last->c * last->h * last->w;
	p->output = nn_view_of(p, b->values, g->n_nodes - 1).origin;
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

static enum ckpt_status
choose_watches(struct nn_build *b, const struct nn_options *options,
    struct ckpt_error *err)
{
	const size_t n = options ? options->n_watch : 0;

	for (size_t i = 0; i < n; i++) {
		if (options->watch[i] >= b->graph->n_nodes)
			return (error_set(err, CKPT_USAGE, "there is no node "
			    "%zu to watch", options->watch[i]));
		b->is_watched[options->watch[i]] = true;
	}
	b->plan->watches = calloc(n + 1, sizeof(*b->plan->watches));
	if (b->plan->watches == NULL)
		return (error_nomem(err, n * sizeof(*b->plan->watches)));
	return (CKPT_OK);
}

static void
build_release(struct nn_build *b)
{
	free(b->map);
	free(b->values);
	free(b->is_watched);
}

enum ckpt_status
nn_plan_new(const struct graph *g, const struct schema *schema,
    const struct nn_options *options, struct nn_plan **out,
    struct ckpt_error *err)
{
	const unsigned block = options ? options->block : 0;
	struct nn_build b = { .graph = g, .schema = schema };
	struct nn_plan *p;
	enum ckpt_status st;

	if (block % NN_BLOCK != 0 || block > MAX_BLOCK)
		return (error_set(err, CKPT_USAGE, "blocks of %u images; "
		    "multiples of %d up to %d are possible", block, NN_BLOCK,
		    MAX_BLOCK));
	b.plan = p = calloc(1, sizeof(*p));
	b.values = calloc(g->n_nodes, sizeof(*b.values));
	b.is_watched = calloc(g->n_nodes, sizeof(*b.is_watched));
	b.map = calloc(g->n_params + 1, sizeof(*b.map));
	if (p == NULL || b.values == NULL || b.is_watched == NULL ||
	    b.map == NULL) {
		st = error_nomem(err, g->n_nodes * sizeof(*b.values));
		goto err0;
	}
	if ((st = choose_path(p, options ? options->path : NN_PATH_BEST,
	    err)) != CKPT_OK ||
	    (st = choose_watches(&b, options, err)) != CKPT_OK ||
	    (st = graph_bind(g, schema, b.map, err)) != CKPT_OK ||
	    (st = check_dtypes(g, schema, b.map, err)) != CKPT_OK ||
	    (st = choose_block(&b, block, err)) != CKPT_OK ||
	    (st = make_steps(&b, err)) != CKPT_OK)
		goto err0;
	build_release(&b);
	*out = p;
	return (CKPT_OK);

err0:
	build_release(&b);
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
		free(p->steps[i].tap_at);
	}
	free(p->steps);
	free(p->watches);
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

		if (s->kind == NN_STEP_TAPS || s->kind == NN_STEP_WINOGRAD)
			n += (uint64_t)s->n_groups * s->n_out * s->n_taps *
			    s->out.h * s->out.w;
	}
	return (n);
}
