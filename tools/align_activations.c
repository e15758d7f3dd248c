#include <math.h>

#include "base/banned.h"
#include "align_activations.h"
#include "dataset.h"

/* Of one node: sums over all images and positions. */
struct sums {
	size_t group, node;
	size_t n_units;
	size_t n_cells;       /* positions times images of a block */
	float *ref;           /* the reference's values: [unit][cell] */
	double *products;     /* [unit of the reference][of the model] */
	double *mean[2];      /* sums; of the reference, of the model */
	double *square[2];
};

struct align_activations {
	struct dataset data;
	struct nn_images images;
	struct ckpt_id data_id;
	struct nn_plan *plan;  /* of the reference */
	float *weights;
	size_t n_nodes;
	struct align_node *nodes;
	size_t *watch;         /* the nodes alone */
};

/* The work on one model. */
struct pass {
	const struct align_activations *all;
	struct sums *sums;     /* [watched node] */
	float *values;         /* of the largest node */
	float *product;        /* of the largest group */
};

/* ---- what is common to all models ---- */

static enum ckpt_status
pack(const struct nn_plan *plan, const struct model *m, float **out,
    struct ckpt_error *err)
{
	size_t n = (nn_plan_weights(plan) * sizeof(**out) + 64) / 64 * 64;
	size_t n_bad;

	*out = aligned_alloc(64, n);
	if (*out == NULL)
		return (error_nomem(err, n));
	nn_weights_pack(plan, m->data, *out, &n_bad);
	return (CKPT_OK);
}

static enum ckpt_status
plan_of(const struct align_activations *k, const struct graph *g,
    const struct model *m, struct nn_plan **out, struct ckpt_error *err)
{
	const struct nn_options options = { .path = NN_PATH_BEST,
	    .block = NN_BLOCK, .watch = k->watch, .n_watch = k->n_nodes };

	return (nn_plan_new(g, m->head.schema, &options, out, err));
}

static enum ckpt_status
list_nodes(struct align_activations *k, const struct plan *plan,
    struct ckpt_error *err)
{
	const size_t n = plan->graph->n_nodes + 1;
	enum ckpt_status st;
	size_t i;

	k->nodes = calloc(n, sizeof(*k->nodes));
	k->watch = calloc(n, sizeof(*k->watch));
	if (k->nodes == NULL || k->watch == NULL)
		return (error_nomem(err, n * sizeof(*k->nodes)));
	st = align_nodes(plan->graph, plan->table, k->nodes, &k->n_nodes,
	    err);
	for (i = 0; st == CKPT_OK && i < k->n_nodes; i++)
		k->watch[i] = k->nodes[i].node;
	return (st);
}

enum ckpt_status
align_activations_open(struct align *a, struct ckpt_error *err)
{
	const struct plan *plan = a->ref_plan->plan;
	struct align_activations *k = calloc(1, sizeof(*k));
	enum ckpt_status st;

	if (k == NULL)
		return (error_nomem(err, sizeof(*k)));
	a->activations = k;
	if (plan->graph == NULL)
		return (error_set(err, CKPT_USAGE, "--method=activations "
		    "needs to know the architecture: --arch"));
	st = dataset_read(a->data, NULL, UINT64_MAX, &k->data, err);
	if (st == CKPT_OK)
		st = dataset_images(&k->data, plan->graph, &k->images, err);
	if (st == CKPT_OK)
		st = id_text(k->data.images.data, k->data.images.n_bytes,
		    &k->data_id, err);
	if (st == CKPT_OK)
		st = list_nodes(k, plan, err);
	if (st == CKPT_OK)
		st = plan_of(k, plan->graph, &a->ref, &k->plan, err);
	if (st == CKPT_OK)
		st = pack(k->plan, &a->ref, &k->weights, err);
	return (st);
}

void
align_activations_free(struct align_activations *k)
{
	if (k == NULL)
		return;
	nn_plan_free(k->plan);
	nn_images_release(&k->images);
	dataset_release(&k->data);
	free(k->weights);
	free(k->nodes);
	free(k->watch);
	free(k);
}

const struct ckpt_id *
align_activations_data(const struct align_activations *k)
{
	return (&k->data_id);
}

/* ---- sums over the images ---- */

/* The values of a node, channel by channel without gaps; 0 for images that
 * are made up. */
static void
gather(const struct nn_seen *s, float *out)
{
	size_t c, y, x, i;
	const float *in;

	for (c = 0; c < s->c; c++)
		for (y = 0; y < s->h; y++)
			for (x = 0; x < s->w; x++, out += s->block) {
				in = s->data + c * s->channel + y * s->row +
				    x * s->block;
				memcpy(out, in, s->block * sizeof(*out));
				for (i = s->n_images; i < s->block; i++)
					out[i] = 0;
			}
}

static void
add_moments(const struct sums *s, unsigned side, const float *values)
{
	double sum, square, x;
	size_t u, i;

	for (u = 0; u < s->n_units; u++) {
		sum = square = 0;
		for (i = 0; i < s->n_cells; i++) {
			x = (double)*values++;
			sum += x;
			square += x * x;
		}
		s->mean[side][u] += sum;
		s->square[side][u] += square;
	}
}

static struct sums *
sums_of(const struct pass *p, size_t node)
{
	size_t i;

	for (i = 0; p->sums[i].node != node;)
		i++;
	return (&p->sums[i]);
}

static void
see_reference(void *arg, const struct nn_seen *seen)
{
	const struct pass *p = arg;
	struct sums *s = sums_of(p, seen->node);

	gather(seen, s->ref);
	add_moments(s, 0, s->ref);
}

static void
see_model(void *arg, const struct nn_seen *seen)
{
	const struct pass *p = arg;
	struct sums *s = sums_of(p, seen->node);
	size_t i, n2 = s->n_units * s->n_units;

	gather(seen, p->values);
	add_moments(s, 1, p->values);
	memset(p->product, 0, n2 * sizeof(*p->product));
	match_product(s->n_units, s->n_units, s->n_cells, s->ref, s->n_cells,
	    p->values, s->n_cells, p->product);
	for (i = 0; i < n2; i++)
		s->products[i] += (double)p->product[i];
}

static enum ckpt_status
run(struct pass *p, const struct graph *g, const struct model *m,
    struct ckpt_error *err)
{
	const struct align_activations *k = p->all;
	struct nn_plan *plan = NULL;
	struct nn_work *ref = NULL, *work = NULL;
	float *weights = NULL;
	enum ckpt_status st;
	size_t b;

	st = plan_of(k, g, m, &plan, err);
	if (st == CKPT_OK)
		st = pack(plan, m, &weights, err);
	if (st == CKPT_OK)
		st = nn_work_new(k->plan, &ref, err);
	if (st == CKPT_OK)
		st = nn_work_new(plan, &work, err);
	for (b = 0; b < k->images.n_blocks && st == CKPT_OK; b++) {
		(void)nn_run_watched(k->plan, k->weights, ref, &k->images, b,
		    see_reference, p);
		(void)nn_run_watched(plan, weights, work, &k->images, b,
		    see_model, p);
	}
	nn_work_free(work);
	nn_work_free(ref);
	free(weights);
	nn_plan_free(plan);
	return (st);
}

/* ---- correlations ---- */

static double
deviation(const struct sums *s, unsigned side, size_t u, double n)
{
	double mean = s->mean[side][u] / n;
	double v = s->square[side][u] / n - mean * mean;

	/* what is left of a constant is rounding */
	return (v > 1e-12 * s->square[side][u] / n ? sqrt(v) : 0);
}

/* Pearson's correlation of each pair, added to the group's gains; 0 with a
 * unit that is constant or not finite. */
static void
add_correlations(const struct sums *s, double n, float *gains)
{
	size_t a, b;
	double x, y, r;

	for (a = 0; a < s->n_units; a++) {
		x = deviation(s, 0, a, n);
		for (b = 0; b < s->n_units; b++) {
			y = deviation(s, 1, b, n);
			r = (s->products[a * s->n_units + b] / n -
			    s->mean[0][a] / n * (s->mean[1][b] / n)) /
			    (x * y);
			if (x > 0 && y > 0 && isfinite(r))
				gains[a * s->n_units + b] += (float)r;
		}
	}
}

static enum ckpt_status
correlate(const struct pass *p, float **gains, struct ckpt_error *err)
{
	const struct sums *s;
	size_t i, n2;

	for (i = 0; i < p->all->n_nodes; i++) {
		s = &p->sums[i];
		n2 = s->n_units * s->n_units;
		if (gains[s->group] == NULL)
			gains[s->group] = calloc(n2 + 1, sizeof(**gains));
		if (gains[s->group] == NULL)
			return (error_nomem(err, n2 * sizeof(**gains)));
		add_correlations(s, (double)(s->n_cells / NN_BLOCK *
		    p->all->images.n), gains[s->group]);
	}
	return (CKPT_OK);
}

/* ---- a model ---- */

static void
pass_release(struct pass *p)
{
	size_t i;

	for (i = 0; p->sums != NULL && i < p->all->n_nodes; i++) {
		free(p->sums[i].ref);
		free(p->sums[i].products);
		free(p->sums[i].mean[0]);
	}
	free(p->sums);
	free(p->values);
	free(p->product);
}

static enum ckpt_status
pass_new(const struct align_activations *k, const struct graph *g,
    struct pass *p, struct ckpt_error *err)
{
	size_t i, n, n_values = 1, n_units = 1;
	const struct graph_node *node;
	struct sums *s;

	p->all = k;
	p->sums = calloc(k->n_nodes + 1, sizeof(*p->sums));
	for (i = 0; p->sums != NULL && i < k->n_nodes; i++) {
		s = &p->sums[i];
		node = &g->nodes[k->nodes[i].node];
		s->node = k->nodes[i].node;
		s->group = k->nodes[i].group;
		s->n_units = n = node->c;
		s->n_cells = (size_t)node->h * node->w * NN_BLOCK;
		s->ref = malloc(n * s->n_cells * sizeof(*s->ref));
		s->products = calloc(n * n, sizeof(*s->products));
		s->mean[0] = calloc(4 * n, sizeof(**s->mean));
		if (s->ref == NULL || s->products == NULL ||
		    s->mean[0] == NULL)
			return (error_nomem(err, n * s->n_cells *
			    sizeof(*s->ref)));
		s->mean[1] = s->mean[0] + n;
		s->square[0] = s->mean[1] + n;
		s->square[1] = s->square[0] + n;
		n_units = n > n_units ? n : n_units;
		n_values = n * s->n_cells > n_values ? n * s->n_cells :
		    n_values;
	}
	p->values = malloc(n_values * sizeof(*p->values));
	p->product = malloc(n_units * n_units * sizeof(*p->product));
	if (p->sums == NULL || p->values == NULL || p->product == NULL)
		return (error_nomem(err, n_values * sizeof(*p->values)));
	return (CKPT_OK);
}

enum ckpt_status
align_activations_match(const struct align *a, const struct align_item *item,
    struct match_map *out, struct ckpt_error *err)
{
	const struct graph *g = a->ref_plan->plan->graph;
	const size_t n = a->ref_plan->shape->n_groups;
	struct pass p = { .sums = NULL };
	float **gains = calloc(n + 1, sizeof(*gains));
	enum ckpt_status st;
	size_t i;

	if (gains == NULL)
		return (error_nomem(err, n * sizeof(*gains)));
	st = pass_new(a->activations, g, &p, err);
	if (st == CKPT_OK)
		st = run(&p, g, &item->in, err);
	if (st == CKPT_OK)
		st = correlate(&p, gains, err);
	pass_release(&p);
	if (st == CKPT_OK)
		st = match_assign(a->problem, gains, out, err);
	for (i = 0; i < n; i++)
		free(gains[i]);
	free(gains);
	return (st);
}
