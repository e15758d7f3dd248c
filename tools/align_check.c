#include <math.h>

#include "base/banned.h"
#include "align.h"
#include "dataset.h"

/*
 * How much a method changes the function: the outputs of the original and of
 * the result on the same inputs, and those of the original with its units
 * permuted alone, which computes the same sums in another order. With
 * --check=f64 the same again in double, where what rounding does to weights
 * that are written as f32 is left out: then only a mistake is left.
 */

#define N_INPUTS 64
#define N_INPUTS_F64 8 /* in double it takes long */

/* In double: more than this part of the largest output, and more than ORDERS
 * times what the order of sums changes, is a mistake. */
#define MAX_F64_CHANGE 1e-10
#define MAX_F64_ORDERS 16

/* The schemas that a model of a plan can have, before and after. */
enum { AS_IS, AS_F32, AS_F64, N_FORMS };

struct align_check {
	const struct graph *graph;
	struct nn_images images;
	struct nn_plan *plans[N_FORMS];
	size_t n_classes;
	bool is_f64; /* --check=f64 */
	unsigned n_threads;
	struct nn_work **works; /* [thread * N_FORMS + form], when needed */
};

/* SplitMix64 and Box-Muller: the same inputs everywhere. */
static double
next_normal(uint64_t *state)
{
	double u[2];
	uint64_t z;
	int i;

	for (i = 0; i < 2; i++) {
		z = *state += 0x9E3779B97F4A7C15;
		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
		u[i] = ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
	}
	return (sqrt(-2 * log(u[0])) * cos(6.283185307179586 * u[1]));
}

/* Normal after the architecture's preprocessing: undone here. */
static enum ckpt_status
random_images(const struct graph *g, struct nn_images *out,
    struct ckpt_error *err)
{
	const struct graph_node *in = &g->nodes[0];
	size_t i, c, size = (size_t)in->h * in->w, n = N_INPUTS * in->c * size;
	uint64_t state = 0;
	double *x = malloc((n + 1) * sizeof(*x));
	enum ckpt_status st;

	if (x == NULL)
		return (error_nomem(err, n * sizeof(*x)));
	for (i = 0; i < n; i++) {
		c = g->n_mean > 1 ? i / size % in->c : 0;
		x[i] = (next_normal(&state) * g->std[c] + g->mean[c]) /
		    g->input_scale;
	}
	st = nn_images_make(g, CKPT_F64, x, N_INPUTS, out, err);
	free(x);
	return (st);
}

/* The first images of --data, whose shape must be the input's. */
static enum ckpt_status
read_images(const struct graph *g, const char *path, struct nn_images *out,
    struct ckpt_error *err)
{
	struct dataset d;
	enum ckpt_status st;

	st = dataset_read(path, NULL, N_INPUTS, &d, err);
	if (st != CKPT_OK)
		return (st);
	st = dataset_images(&d, g, out, err);
	dataset_release(&d);
	return (st);
}

void
align_check_free(struct align_check *k)
{
	size_t i;

	if (k == NULL)
		return;
	for (i = 0; k->works != NULL && i < k->n_threads * N_FORMS; i++)
		nn_work_free(k->works[i]);
	for (i = 0; i < N_FORMS; i++)
		nn_plan_free(k->plans[i]);
	nn_images_release(&k->images);
	free(k->works);
	free(k);
}

enum ckpt_status
align_check_new(const struct align *a, const struct align_plan *p,
    struct align_check **out, struct ckpt_error *err)
{
	const struct graph *g = p->plan->graph;
	const struct schema *schemas[N_FORMS] = { p->same, p->as_f32,
	    p->as_f64 };
	struct nn_options options = { .path = NN_PATH_BEST };
	struct align_check *k = calloc(1, sizeof(*k));
	enum ckpt_status st;
	size_t i;

	if (k == NULL)
		return (error_nomem(err, sizeof(*k)));
	k->graph = g;
	k->is_f64 = a->is_f64_check;
	k->n_threads = a->cli.n_threads;
	k->works = calloc((size_t)k->n_threads * N_FORMS,
	    sizeof(*k->works));
	if (k->works == NULL) {
		st = error_nomem(err, k->n_threads * sizeof(*k->works));
		goto err0;
	}
	st = a->data != NULL ? read_images(g, a->data, &k->images, err) :
	    random_images(g, &k->images, err);
	for (i = 0; st == CKPT_OK && i < N_FORMS; i++)
		st = nn_plan_new(g, schemas[i], &options, &k->plans[i], err);
	if (st != CKPT_OK)
		goto err0;
	k->n_classes = nn_plan_classes(k->plans[0]);
	*out = k;
	return (CKPT_OK);

err0:
	align_check_free(k);
	return (st);
}

/* ---- outputs, [image][class] ---- */

static enum ckpt_status
float_outputs(struct align_check *k, const struct align_plan *p,
    unsigned thread, const struct model *m, double *out,
    struct ckpt_error *err)
{
	size_t form = m->head.schema == p->as_f32 ? AS_F32 :
	    m->head.schema == p->as_f64 ? AS_F64 : AS_IS;
	const struct nn_plan *plan = k->plans[form];
	struct nn_work **work = &k->works[thread * N_FORMS + form];
	size_t n = nn_plan_weights(plan), block = nn_plan_block(plan), i, c, b;
	const float *z;
	float *weights;
	enum ckpt_status st;

	if (*work == NULL) {
		st = nn_work_new(plan, work, err);
		if (st != CKPT_OK)
			return (st);
	}
	n = (n * sizeof(*weights) + 64) / 64 * 64;
	weights = aligned_alloc(64, n);
	if (weights == NULL)
		return (error_nomem(err, n));
	nn_weights_pack(plan, m->data, weights, &i);
	for (b = 0; b < k->images.n; b += block) {
		z = nn_run(plan, weights, *work, &k->images, b / NN_BLOCK);
		for (i = 0; i < block && b + i < k->images.n; i++)
			for (c = 0; c < k->n_classes; c++)
				out[(b + i) * k->n_classes + c] =
				    (double)z[c * block + i];
	}
	free(weights);
	return (CKPT_OK);
}

/* ---- their changes ---- */

/* The largest of |p - q|, where q NULL is 0; NaN if one side alone is NaN. */
static double
largest(size_t n, const double *p, const double *q)
{
	double max = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		const double other = q != NULL ? q[i] : 0;

		if ((isnan(p[i]) && (q == NULL || isnan(other))) ||
		    (!(p[i] < other) && !(p[i] > other) && !isnan(p[i]) &&
		    !isnan(other)))
			continue;
		d = fabs(p[i] - other);
		if (isnan(d))
			return (d);
		if (d > max)
			max = d;
	}
	return (max);
}

/* The models whose outputs are compared, and whether only up to a number
 * added to all outputs of an image. */
struct trio {
	const struct model *before, *after, *moved;
	bool is_centered;
};

/* Takes their mean off the outputs of each of `n` / `n_classes` images. */
static void
center(size_t n, size_t n_classes, double *z)
{
	double mean;
	size_t i, c;

	for (i = 0; i < n; i += n_classes) {
		for (mean = 0, c = 0; c < n_classes; c++)
			mean += z[i + c];
		mean /= (double)n_classes;
		for (c = 0; c < n_classes; c++)
			z[i + c] -= mean;
	}
}

static enum ckpt_status
compare(struct align_check *k, const struct align_plan *p, unsigned thread,
    const struct trio *t, bool is_f64, struct align_change *out,
    struct ckpt_error *err)
{
	const struct model *models[3] = { t->before, t->after, t->moved };
	const size_t n_images = is_f64 && k->images.n > N_INPUTS_F64 ?
	    N_INPUTS_F64 : k->images.n;
	const size_t n = n_images * k->n_classes;
	double *z = calloc(3 * n + 1, sizeof(*z));
	enum ckpt_status st = CKPT_OK;
	size_t i;

	if (z == NULL)
		return (error_nomem(err, 3 * n * sizeof(*z)));
	for (i = 0; i < 3 && st == CKPT_OK; i++)
		st = is_f64 ? nn_exact_run(k->graph, models[i]->head.schema,
		    models[i]->data, &k->images, 0, n_images, z + i * n,
		    err) : float_outputs(k, p, thread, models[i], z + i * n,
		    err);
	if (t->is_centered)
		center(3 * n, k->n_classes, z);
	out->output = largest(n, z, z + n);
	out->order = largest(n, z, z + 2 * n);
	out->max_logit = largest(n, z, NULL);
	free(z);
	return (st);
}

/* In double nothing but the order of sums may show. */
static enum ckpt_status
judge(const struct align_item *item, struct ckpt_error *err)
{
	const struct align_change *c = &item->change_f64;

	if (item->n_not_finite > 0 || item->is_near ||
	    c->output <= MAX_F64_CHANGE * c->max_logit ||
	    c->output <= MAX_F64_ORDERS * c->order)
		return (CKPT_OK);
	return (error_set(err, CKPT_MISMATCH, "%s changes its outputs by %g "
	    "in f64, where the largest is %g and the order of sums changes "
	    "%g", item->stage, c->output, c->max_logit, c->order));
}

enum ckpt_status
align_check_item(struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	const struct align_plan *p = item->plan;
	struct model moved;
	struct trio t = { &item->in, &item->out, &moved, item->is_centered };
	enum ckpt_status st;

	st = sym_apply(p->plan->sym, &item->order, &item->in, 0, &moved, err);
	if (st != CKPT_OK)
		return (st);
	st = compare(p->check, p, thread, &t, false, &item->change, err);
	if (st == CKPT_OK && p->check->is_f64) {
		if (item->unrounded.data != NULL)
			t.after = &item->unrounded;
		st = compare(p->check, p, thread, &t, true,
		    &item->change_f64, err);
		if (st == CKPT_OK)
			st = judge(item, err);
	}
	model_release(&moved);
	return (st);
}
