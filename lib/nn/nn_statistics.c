/*
 * nn_statistics: batch norm's statistics over a data set.
 *
 * The plan has a step of its own for each batch norm, and shows what it
 * reads. All blocks of images of a batch, each in a work space of its own,
 * are brought up to the next batch norm's step; then its statistics are
 * known, and become the weights of that step.
 */
#include "nn/nn_plan.h"

#include <math.h>

/* Of one batch norm. Sums of numbers up to float's precision, in double: the
 * variance is good to 1e-10 where the mean is below 1000 deviations. */
struct norm {
	size_t step;      /* its own */
	size_t input;     /* the node that it normalises */
	size_t n_channels;
	uint64_t n;       /* numbers of a channel, in `all` */
	double *blocks;   /* [block of the batch][channel][sum, square] */
	double *batch;    /* [channel][sum, square] */
	double *all;      /* over all batches */
};

struct statistics {
	const struct graph *graph;
	const struct nn_images *images;
	struct nn_plan *plan;
	struct model *model; /* the new one */
	float *weights;
	size_t n_norms;
	struct norm *norms;  /* in the order of their steps */
	size_t n_works;
	struct nn_work **works;
	/* The steps that are done now, of the blocks from first_block on. */
	size_t first_step, end_step, first_block;
};

/* The sums of a channel over the block's images. */
static void
sum_channel(const struct nn_seen *s, const float *in, double out[2])
{
	double sum[NN_MAX_BLOCK] = { 0 }, square[NN_MAX_BLOCK] = { 0 };

	for (size_t y = 0; y < s->h; y++, in += s->row)
		for (size_t x = 0; x < s->w * s->block; x += NN_BLOCK) {
			double *a = sum + x % s->block;
			double *b = square + x % s->block;

			for (size_t i = 0; i < NN_BLOCK; i++) {
				const double v = in[x + i];

				a[i] += v;
				b[i] += v * v;
			}
		}
	out[0] = out[1] = 0;
	for (size_t i = 0; i < s->n_images; i++) {
		out[0] += sum[i];
		out[1] += square[i];
	}
}

static void
gather(struct statistics *s, size_t block, const struct nn_seen *seen)
{
	for (size_t i = 0; i < s->n_norms; i++) {
		struct norm *n = &s->norms[i];
		double *out = n->blocks + block * n->n_channels * 2;

		if (n->input != seen->node)
			continue;
		for (size_t c = 0; c < n->n_channels; c++)
			sum_channel(seen, seen->data + c * seen->channel,
			    out + 2 * c);
	}
}

/* The steps at hand of one block. */
static enum ckpt_status
run_block(void *arg, size_t block, unsigned thread, struct ckpt_error *err)
{
	struct statistics *s = arg;
	const struct nn_plan *p = s->plan;
	const size_t first = (s->first_block + block) * (p->block / NN_BLOCK);

	(void)thread;
	(void)err;
	for (size_t i = s->first_step; i < s->end_step; i++) {
		nn_step_run(p, i, s->weights, s->works[block], s->images,
		    first);
		for (size_t k = 0; k < p->n_watches; k++) {
			struct nn_seen seen;

			if (p->watches[k].n_steps != i + 1)
				continue;
			seen = nn_watch_see(p, &p->watches[k],
			    s->works[block], s->images, first);
			gather(s, block, &seen);
		}
	}
	return (CKPT_OK);
}

/* What is seen before the first step: the images themselves. */
static void
gather_images(struct statistics *s, size_t n_blocks)
{
	const struct nn_plan *p = s->plan;

	for (size_t k = 0; k < p->n_watches; k++)
		for (size_t b = 0; b < n_blocks; b++) {
			struct nn_seen seen;

			if (p->watches[k].n_steps != 0)
				continue;
			seen = nn_watch_see(p, &p->watches[k], s->works[b],
			    s->images, (s->first_block + b) * (p->block /
			    NN_BLOCK));
			gather(s, b, &seen);
		}
}

/* A number of channel c into the new model; as it is read back. */
static double
store(struct statistics *s, const struct nn_source *t, size_t c, double x)
{
	unsigned char *at = s->model->data + t->offset + c *
	    (dtype_bits(t->dtype) / 8);

	dtype_from_f64(t->dtype, &x, at, 1);
	dtype_to_f64(t->dtype, at, &x, 1);
	return (x);
}

/* Mean and variance from the sums over n numbers a channel. */
static enum ckpt_status
settle(struct statistics *s, const struct norm *norm, const double *sums,
    double n, struct ckpt_error *err)
{
	const struct nn_step *step = &s->plan->steps[norm->step];
	const struct graph_node *node = &s->graph->nodes[step->node];

	if (n < 2)
		return (error_set(err, CKPT_INVALID, "%s: one number has no "
		    "variance", s->graph->params[node->var].name));
	for (size_t c = 0; c < norm->n_channels; c++) {
		const double mean = sums[2 * c] / n;
		double var = (sums[2 * c + 1] - n * mean * mean) / (n - 1);

		if (var < 0)
			var = 0;
		if (!isfinite(store(s, &step->norm.mean, c, mean)) ||
		    !isfinite(store(s, &step->norm.var, c, var)))
			return (error_set(err, CKPT_INVALID, "%s: channel %zu "
			    "has mean %g and variance %g over the images",
			    s->graph->params[node->mean].name, c, mean,
			    var));
	}
	nn_weights_pack_step(step, s->model->data, s->weights);
	return (CKPT_OK);
}

static enum ckpt_status
settle_batch(struct statistics *s, struct norm *norm, size_t n_blocks,
    struct ckpt_error *err)
{
	const struct nn_view *v = &s->plan->steps[norm->step].in[0];
	const size_t first = s->first_block * s->plan->block;
	const size_t end = (s->first_block + n_blocks) * s->plan->block;
	const size_t n_images = (end < s->images->n ? end : s->images->n) -
	    first;
	const uint64_t n = (uint64_t)n_images * v->h * v->w;

	for (size_t i = 0; i < norm->n_channels * 2; i++) {
		double sum = 0;

		for (size_t b = 0; b < n_blocks; b++)
			sum += norm->blocks[b * norm->n_channels * 2 + i];
		norm->batch[i] = sum;
		norm->all[i] += sum;
	}
	norm->n += n;
	return (settle(s, norm, norm->batch, (double)n, err));
}

/* All norms over the blocks [first, first + n). */
static enum ckpt_status
run_batch(struct statistics *s, size_t first, size_t n, unsigned n_threads,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	s->first_block = first;
	s->first_step = 0;
	gather_images(s, n);
	for (size_t i = 0; i < s->n_norms; i++) {
		s->end_step = s->norms[i].step;
		st = threads_for(n_threads, n, run_block, s, err);
		if (st == CKPT_OK)
			st = settle_batch(s, &s->norms[i], n, err);
		if (st != CKPT_OK)
			return (st);
		s->first_step = s->end_step;
	}
	return (CKPT_OK);
}

static enum ckpt_status
run_all(struct statistics *s, unsigned n_threads, struct ckpt_error *err)
{
	const size_t per_block = s->plan->block;
	const size_t n_blocks = (s->images->n + per_block - 1) / per_block;
	const size_t n_batches = (n_blocks + s->n_works - 1) / s->n_works;
	enum ckpt_status st = CKPT_OK;

	if (n_blocks == 0 && s->n_norms > 0)
		return (error_set(err, CKPT_USAGE, "statistics of no images"));
	for (size_t i = 0; i < n_batches && st == CKPT_OK; i++) {
		const size_t first = i * n_blocks / n_batches;
		const size_t end = (i + 1) * n_blocks / n_batches;

		st = run_batch(s, first, end - first, n_threads, err);
	}
	for (size_t i = 0; i < s->n_norms && st == CKPT_OK && n_batches > 1;
	    i++)
		st = settle(s, &s->norms[i], s->norms[i].all,
		    (double)s->norms[i].n, err);
	return (st);
}

/* A plan that shows what batch norms read. */
static enum ckpt_status
make_plan(struct statistics *s, const struct nn_options *options,
    struct ckpt_error *err)
{
	const struct graph *g = s->graph;
	struct nn_options own = { 0 };
	size_t *watch = calloc(g->n_nodes, sizeof(*watch));
	enum ckpt_status st;

	if (watch == NULL)
		return (error_nomem(err, g->n_nodes * sizeof(*watch)));
	if (options != NULL) {
		own.path = options->path;
		own.block = options->block;
	}
	own.watch = watch;
	for (size_t i = 0; i < g->n_nodes; i++)
		if (g->nodes[i].op == GRAPH_BATCH_NORM)
			watch[own.n_watch++] = g->nodes[i].inputs[0];
	st = nn_plan_new(g, s->model->head.schema, &own, &s->plan, err);
	free(watch);
	return (st);
}

static enum ckpt_status
make_norms(struct statistics *s, struct ckpt_error *err)
{
	const struct nn_plan *p = s->plan;

	s->norms = calloc(p->n_steps + 1, sizeof(*s->norms));
	if (s->norms == NULL)
		return (error_nomem(err, p->n_steps * sizeof(*s->norms)));
	for (size_t i = 0; i < p->n_steps; i++) {
		const size_t n = p->steps[i].out.c;
		struct norm *norm = &s->norms[s->n_norms];

		if (p->steps[i].kind != NN_STEP_AFFINE)
			continue;
		norm->step = i;
		norm->input = s->graph->nodes[p->steps[i].node].inputs[0];
		norm->n_channels = n;
		norm->blocks = calloc(s->n_works * n * 2, sizeof(double));
		norm->batch = calloc(n * 2, sizeof(double));
		norm->all = calloc(n * 2, sizeof(double));
		s->n_norms++;
		if (norm->blocks == NULL || norm->batch == NULL ||
		    norm->all == NULL)
			return (error_nomem(err, s->n_works * n * 2 *
			    sizeof(double)));
	}
	return (CKPT_OK);
}

static enum ckpt_status
make_works(struct statistics *s, size_t batch, struct ckpt_error *err)
{
	const struct nn_plan *p = s->plan;
	const size_t n_blocks = (s->images->n + p->block - 1) / p->block;
	const size_t n_weights = (nn_plan_weights(p) + 15) / 16 * 16 + 16;
	size_t n_bad, most = NN_MAX_WORK / sizeof(float) / (p->arena +
	    p->scratch + (6 + p->n_classes) * p->block);
	enum ckpt_status st;

	if (batch != 0 && batch / p->block < most)
		most = batch / p->block;
	if (most > n_blocks)
		most = n_blocks;
	if (most == 0)
		most = 1;
	s->weights = aligned_alloc(64, n_weights * sizeof(float));
	s->works = calloc(most, sizeof(*s->works));
	if (s->weights == NULL || s->works == NULL)
		return (error_nomem(err, n_weights * sizeof(float)));
	nn_weights_pack(p, s->model->data, s->weights, &n_bad);
	for (; s->n_works < most; s->n_works++) {
		st = nn_work_new(p, &s->works[s->n_works], err);
		if (st != CKPT_OK)
			return (st);
	}
	return (CKPT_OK);
}

static void
release(struct statistics *s)
{
	for (size_t i = 0; i < s->n_norms; i++) {
		free(s->norms[i].blocks);
		free(s->norms[i].batch);
		free(s->norms[i].all);
	}
	free(s->norms);
	for (size_t i = 0; i < s->n_works; i++)
		nn_work_free(s->works[i]);
	free(s->works);
	free(s->weights);
	nn_plan_free(s->plan);
}

enum ckpt_status
nn_batch_statistics(const struct graph *g, const struct model *m,
    const struct nn_images *images, const struct nn_options *options,
    size_t batch, unsigned n_threads, struct model *out,
    struct ckpt_error *err)
{
	struct model copy = { 0 };
	struct statistics s = {
		.graph = g, .images = images, .model = &copy
	};
	enum ckpt_status st;

	st = model_head_copy(&m->head, &copy.head, err);
	if (st != CKPT_OK)
		return (st);
	st = model_alloc(&copy, err);
	if (st != CKPT_OK)
		goto err0;
	memcpy(copy.data, m->data, m->head.schema->n_bytes);
	if ((st = make_plan(&s, options, err)) != CKPT_OK ||
	    (st = make_works(&s, batch, err)) != CKPT_OK ||
	    (st = make_norms(&s, err)) != CKPT_OK ||
	    (st = run_all(&s, n_threads, err)) != CKPT_OK)
		goto err1;
	release(&s);
	*out = copy;
	return (CKPT_OK);

err1:
	release(&s);
err0:
	model_release(&copy);
	return (st);
}
