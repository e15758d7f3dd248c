/*
 * eval_item: predictions and scores of a few models.
 *
 * The loop over blocks of images is outside the one over models, so that
 * images pass through the caches once for all models of an item. A model's
 * numbers do not depend on its neighbours nor on the thread.
 */
#include "eval.h"
#include "score.h"

#include <math.h>

/* One of the two sets of images, for all models of the item. */
struct pass {
	const struct eval_options *options;
	const struct nn_plan *nn;
	const struct nn_images *images;
	const uint32_t *labels; /* or NULL */
	struct nn_work *work;
	size_t n_classes, block;
};

size_t
eval_item_bytes(const struct eval_options *o, size_t n_in, size_t n_ood,
    size_t n_classes)
{
	size_t n = sizeof(struct eval_model);

	if (o->has_ensemble)
		n += (n_in + n_ood) * n_classes * sizeof(float) +
		    n_in * sizeof(float);
	if (o->logits != NULL)
		n += n_in * n_classes * sizeof(float);
	if (o->ood != NULL)
		n += (n_in + n_ood) * 2 * sizeof(double);
	return (n);
}

static void
set_free(struct eval_set *s)
{
	free(s->p);
	free(s->log_p);
	free(s->logits);
	free(s->msp);
	free(s->entropy);
}

void
eval_item_free(struct eval_item *item)
{
	if (item == NULL)
		return;
	for (size_t i = 0; i < item->n; i++) {
		set_free(&item->models[i].in);
		set_free(&item->models[i].ood);
		model_release(&item->models[i].model);
	}
	free(item);
}

static enum ckpt_status
set_new(const struct eval_options *o, bool is_ood, bool has_labels,
    size_t n, size_t n_classes, struct eval_set *out, struct ckpt_error *err)
{
	if (n > SIZE_MAX / sizeof(double) / n_classes)
		return (error_set(err, CKPT_LIMIT,
		    "%zu images of %zu classes do not fit the memory", n,
		    n_classes));
	if (o->has_ensemble)
		out->p = malloc(n * n_classes * sizeof(float));
	if (o->has_ensemble && has_labels)
		out->log_p = malloc(n * sizeof(float));
	if (o->logits != NULL && !is_ood)
		out->logits = malloc(n * n_classes * sizeof(float));
	if (o->ood != NULL) {
		out->msp = malloc(n * sizeof(double));
		out->entropy = malloc(n * sizeof(double));
	}
	if ((o->has_ensemble && out->p == NULL) ||
	    (o->has_ensemble && has_labels && out->log_p == NULL) ||
	    (o->logits != NULL && !is_ood && out->logits == NULL) ||
	    (o->ood != NULL && (out->msp == NULL || out->entropy == NULL)))
		return (error_nomem(err, n * n_classes * sizeof(float)));
	return (CKPT_OK);
}

/* The label's part of an image's scores. */
static void
score_label(const struct pass *p, struct eval_model *m,
    struct eval_set *set, const struct nn_softmax *s, const float *logits,
    size_t i, size_t image)
{
	const struct stats_example e = score_example(s, logits, p->block, i,
	    p->labels[image]);

	stats_scores_add(&m->scores, &e);
	if (set->log_p != NULL)
		set->log_p[image] = (float)-e.nll;
}

/* 1 - p of the top class, but for a factor that keeps the order, and the
 * entropy. In double: all images of a network that has learnt little are
 * equally uncertain but for the last digits of a float. */
static void
score_ood(const struct pass *p, struct eval_set *set,
    const struct nn_softmax *s, const float *logits, size_t i, size_t image)
{
	const size_t top = (size_t)s->top[i];
	double rest = 0, spread = 0;

	for (size_t c = 0; c < p->n_classes; c++) {
		const double d = (double)logits[c * p->block + i] -
		    (double)s->max[i];
		const double e = c == top ? 0 : exp(d);

		if (e > 0) {
			rest += e;
			spread -= e * d;
		}
	}
	set->msp[image] = rest;
	set->entropy[image] = log1p(rest) + spread / (1 + rest);
}

/* Lane `i` of a block, which is image number `image`. */
static void
score_image(const struct pass *p, struct eval_model *m, struct eval_set *set,
    const struct nn_softmax *s, const float *logits, size_t i, size_t image)
{
	const size_t n = p->n_classes, block = p->block;

	if (set->logits != NULL)
		for (size_t c = 0; c < n; c++)
			set->logits[image * n + c] = logits[c * block + i];
	if (set->p != NULL)
		for (size_t c = 0; c < n; c++)
			set->p[image * n + c] = s->exps[c * block + i] /
			    (1 + s->rest[i]);
	if (isnan(s->rest[i])) {
		set->n_nan++;
		return;
	}
	if (set->msp != NULL)
		score_ood(p, set, s, logits, i, image);
	if (p->labels != NULL)
		score_label(p, m, set, s, logits, i, image);
}

static void
run_block(const struct pass *p, const float *weights, size_t first,
    struct eval_model *m, struct eval_set *set)
{
	const size_t image = first * NN_BLOCK;
	const size_t left = p->images->n - image;
	const float *logits;
	struct nn_softmax s;

	logits = nn_run(p->nn, weights, p->work, p->images, first);
	nn_softmax(p->nn, p->work, &s);
	for (size_t i = 0; i < p->block && i < left; i++)
		score_image(p, m, set, &s, logits, i, image + i);
}

static enum ckpt_status
run_pass(const struct pass *p, struct eval_item *item, float *const *weights,
    bool is_ood, struct ckpt_error *err)
{
	enum ckpt_status st;

	for (size_t k = 0; k < item->n; k++) {
		struct eval_model *m = &item->models[k];

		st = set_new(p->options, is_ood, p->labels != NULL,
		    p->images->n, p->n_classes, is_ood ? &m->ood : &m->in,
		    err);
		if (st != CKPT_OK)
			return (st);
	}
	for (size_t b = 0; b < p->images->n_blocks; b += p->block / NN_BLOCK)
		for (size_t k = 0; k < item->n; k++) {
			struct eval_model *m = &item->models[k];

			run_block(p, weights[k], b, m, is_ood ? &m->ood :
			    &m->in);
		}
	return (CKPT_OK);
}

/* AUROC and the others of a model; the sets' scores are sorted. */
static enum ckpt_status
detect(const struct eval_options *o, const struct eval_plan *plan,
    struct eval_model *m, struct ckpt_error *err)
{
	const struct stats_detection none = { NAN, NAN, NAN };
	const size_t n_in = plan->in->n, n_ood = plan->ood->n;
	double *scratch;

	m->row.msp = m->row.entropy = none;
	if (m->in.n_nan != 0 || m->ood.n_nan != 0)
		return (CKPT_OK);
	scratch = malloc((n_in > n_ood ? n_in : n_ood) * sizeof(*scratch));
	if (scratch == NULL)
		return (error_nomem(err, n_in * sizeof(*scratch)));
	stats_detect(m->in.msp, n_in, m->ood.msp, n_ood, scratch,
	    o->fpr_rule, &m->row.msp);
	stats_detect(m->in.entropy, n_in, m->ood.entropy, n_ood, scratch,
	    o->fpr_rule, &m->row.entropy);
	free(scratch);
	return (CKPT_OK);
}

static enum ckpt_status
finish(const struct eval_options *o, const struct eval_plan *plan,
    struct eval_model *m, struct ckpt_error *err)
{
	if (m->in.n_nan != 0)
		m->row.scores = (struct stats_result){ NAN, NAN, NAN, NAN };
	else
		stats_scores_result(&m->scores, &m->row.scores);
	return (plan->ood == NULL ? CKPT_OK : detect(o, plan, m, err));
}

/* All weights of the item, in one piece; weights[k] is model k's. */
static enum ckpt_status
pack_weights(struct eval_item *item, float **weights, float **memory,
    struct ckpt_error *err)
{
	const size_t n = (nn_plan_weights(item->plan->nn) + 15) / 16 * 16;

	*memory = aligned_alloc(64, (n * item->n + 16) * sizeof(float));
	if (*memory == NULL)
		return (error_nomem(err, n * item->n * sizeof(float)));
	for (size_t k = 0; k < item->n; k++) {
		struct eval_model *m = &item->models[k];

		weights[k] = *memory + k * n;
		nn_weights_pack(item->plan->nn, m->model.data, weights[k],
		    &m->n_not_finite);
		free(m->model.data);
		m->model.data = NULL;
	}
	return (CKPT_OK);
}

enum ckpt_status
eval_item_run(const struct eval_options *o, const struct dataset *in,
    struct eval_item *item, struct ckpt_error *err)
{
	const struct eval_plan *plan = item->plan;
	struct pass p = {
		.options = o, .nn = plan->nn, .images = plan->in,
		.labels = in->labels, .block = nn_plan_block(plan->nn),
		.n_classes = nn_plan_classes(plan->nn)
	};
	float *weights[EVAL_MAX_BATCH], *memory;
	enum ckpt_status st;

	st = nn_work_new(plan->nn, &p.work, err);
	if (st != CKPT_OK)
		return (st);
	st = pack_weights(item, weights, &memory, err);
	if (st != CKPT_OK)
		goto err0;
	for (size_t k = 0; k < item->n; k++)
		stats_scores_init(&item->models[k].scores, o->n_bins);
	st = run_pass(&p, item, weights, false, err);
	if (st == CKPT_OK && plan->ood != NULL) {
		p.images = plan->ood;
		p.labels = NULL;
		st = run_pass(&p, item, weights, true, err);
	}
	for (size_t k = 0; k < item->n && st == CKPT_OK; k++)
		st = finish(o, plan, &item->models[k], err);
	free(memory);
err0:
	nn_work_free(p.work);
	return (st);
}
