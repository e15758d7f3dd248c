#include <math.h>

#include "base/banned.h"
#include "align.h"
#include "foreign/foreign.h"
#include "nn/nn.h"

/*
 * How much a method changes the function: the outputs of the original and of
 * the result on the same inputs, and those of the original with its units
 * permuted alone, which computes the same sums in another order.
 */

#define N_INPUTS 64
#define MAX_DATA ((uint64_t)1 << 30) /* bytes of --data */

/* The schemas that a model of a plan can have, before and after. */
enum { AS_IS, AS_F32, AS_F64, N_FORMS };

struct align_check {
	struct nn_images images;
	struct nn_plan *plans[N_FORMS];
	size_t n_classes;
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
	const struct graph_node *in = &g->nodes[0];
	struct array a;
	uint64_t size = 1;
	enum ckpt_status st;
	unsigned i;

	st = array_read(path, MAX_DATA, &a, err);
	if (st != CKPT_OK)
		return (error_where(err, path));
	for (i = 1; i < a.n_dims; i++)
		size *= a.dims[i];
	if (a.n_dims < 2 || a.dims[0] == 0 ||
	    size != (uint64_t)in->c * in->h * in->w)
		st = error_set(err, CKPT_INVALID, "its images have %llu "
		    "elements; %s takes %ux%ux%u", (unsigned long long)size,
		    g->name, in->c, in->h, in->w);
	else
		st = nn_images_make(g, a.dtype, a.data, a.dims[0] < N_INPUTS ?
		    (size_t)a.dims[0] : N_INPUTS, out, err);
	array_release(&a);
	return (st == CKPT_OK ? st : error_where(err, path));
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

/* The outputs of a model, [class][image], into out. */
static enum ckpt_status
outputs(struct align_check *k, const struct align_plan *p, unsigned thread,
    const struct model *m, float *out, struct ckpt_error *err)
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
	for (b = 0; b < k->images.n_blocks; b += block / NN_BLOCK) {
		z = nn_run(plan, weights, *work, &k->images, b);
		for (c = 0; c < k->n_classes; c++)
			for (i = 0; i < block; i++)
				if (b * NN_BLOCK + i < k->images.n)
					out[c * N_INPUTS + b * NN_BLOCK + i] =
					    z[c * block + i];
	}
	free(weights);
	return (CKPT_OK);
}

/* The largest difference; NaN if one side alone is NaN. */
static double
largest(const struct align_check *k, const float *p, const float *q)
{
	double max = 0, d;
	size_t i;

	for (i = 0; i < k->n_classes * N_INPUTS; i++) {
		if (i % N_INPUTS >= k->images.n || (isnan(p[i]) &&
		    isnan(q[i])) || (!(p[i] < q[i]) && !(p[i] > q[i]) &&
		    !isnan(p[i]) && !isnan(q[i])))
			continue;
		d = fabs((double)p[i] - (double)q[i]);
		if (!(d <= max))
			max = d;
		if (isnan(d))
			break;
	}
	return (max);
}

enum ckpt_status
align_check_item(struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	struct align_check *k = item->plan->check;
	size_t n = k->n_classes * N_INPUTS, i;
	struct model moved;
	float *z = calloc(3 * n + 1, sizeof(*z)), *zero;
	enum ckpt_status st;

	if (z == NULL)
		return (error_nomem(err, 3 * n * sizeof(*z)));
	st = outputs(k, item->plan, thread, &item->in, z, err);
	if (st == CKPT_OK)
		st = outputs(k, item->plan, thread, &item->out, z + n, err);
	if (st == CKPT_OK)
		st = sym_apply(item->plan->plan->sym, &item->order, &item->in,
		    0, &moved, err);
	if (st != CKPT_OK)
		goto err0;
	st = outputs(k, item->plan, thread, &moved, z + 2 * n, err);
	model_release(&moved);
	if (st != CKPT_OK)
		goto err0;
	item->change.output = largest(k, z, z + n);
	item->change.order = largest(k, z, z + 2 * n);
	zero = z + n;
	for (i = 0; i < n; i++)
		zero[i] = 0;
	item->change.max_logit = largest(k, z, zero);
err0:
	free(z);
	return (st);
}
