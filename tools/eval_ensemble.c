/*
 * eval_ensemble: the mean prediction of all models, in their order.
 */
#include "eval.h"

#include <math.h>

struct eval_ensemble {
	size_t n_classes, n_in, n_ood;
	struct stats_ensemble *in, *ood; /* ood is NULL without --ood */
};

void
eval_ensemble_free(struct eval_ensemble *e)
{
	if (e == NULL)
		return;
	stats_ensemble_free(e->in);
	stats_ensemble_free(e->ood);
	free(e);
}

static enum ckpt_status
ensemble_new(const struct eval_plan *plan, struct eval_ensemble **out,
    struct ckpt_error *err)
{
	struct eval_ensemble *e = calloc(1, sizeof(*e));
	enum ckpt_status st;

	if (e == NULL)
		return (error_nomem(err, sizeof(*e)));
	e->n_classes = nn_plan_classes(plan->nn);
	e->n_in = plan->in->n;
	st = stats_ensemble_new(e->n_in, e->n_classes, &e->in, err);
	if (st == CKPT_OK && plan->ood != NULL) {
		e->n_ood = plan->ood->n;
		st = stats_ensemble_new(e->n_ood, e->n_classes, &e->ood,
		    err);
	}
	if (st != CKPT_OK) {
		eval_ensemble_free(e);
		return (st);
	}
	*out = e;
	return (CKPT_OK);
}

enum ckpt_status
eval_ensemble_add(struct eval_ensemble **e, const struct eval_plan *plan,
    const struct eval_model *m, struct ckpt_error *err)
{
	enum ckpt_status st;

	if (*e == NULL) {
		st = ensemble_new(plan, e, err);
		if (st != CKPT_OK)
			return (st);
	}
	if ((*e)->n_classes != nn_plan_classes(plan->nn))
		return (error_set(err, CKPT_INVALID, "%zu classes, %zu "
		    "before: no mean prediction", nn_plan_classes(plan->nn),
		    (*e)->n_classes));
	stats_ensemble_add((*e)->in, m->in.p, m->in.log_p);
	if ((*e)->ood != NULL)
		stats_ensemble_add((*e)->ood, m->ood.p, NULL);
	return (CKPT_OK);
}

/* (1 - p) of the top class, without a cancellation; and the entropy. */
static void
ood_scores(const struct stats_ensemble *e, size_t n, size_t n_classes,
    double *p, double *msp, double *entropy)
{
	for (size_t i = 0; i < n; i++) {
		size_t top;

		stats_ensemble_mean(e, i, p);
		top = stats_top(p, n_classes);
		msp[i] = 0;
		for (size_t c = 0; c < n_classes; c++)
			msp[i] += c == top ? 0 : p[c];
		entropy[i] = stats_entropy(p, n_classes);
	}
}

static enum ckpt_status
detect(const struct eval_ensemble *e, const struct eval_options *o,
    double *p, struct eval_row *row, struct ckpt_error *err)
{
	const size_t n_all = e->n_in + e->n_ood;
	double *in = malloc(3 * n_all * sizeof(*in));
	double *ood, *scratch;

	if (in == NULL)
		return (error_nomem(err, 3 * n_all * sizeof(*in)));
	ood = in + 2 * e->n_in;
	scratch = ood + 2 * e->n_ood;
	ood_scores(e->in, e->n_in, e->n_classes, p, in, in + e->n_in);
	ood_scores(e->ood, e->n_ood, e->n_classes, p, ood, ood + e->n_ood);
	stats_detect(in, e->n_in, ood, e->n_ood, scratch, o->fpr_rule,
	    &row->msp);
	stats_detect(in + e->n_in, e->n_in, ood + e->n_ood, e->n_ood,
	    scratch, o->fpr_rule, &row->entropy);
	free(in);
	return (CKPT_OK);
}

enum ckpt_status
eval_ensemble_row(const struct eval_ensemble *e,
    const struct eval_options *o, const struct dataset *in,
    struct eval_row *out, struct ckpt_error *err)
{
	struct stats_scores s;
	double *p = malloc(e->n_classes * sizeof(*p));
	enum ckpt_status st = CKPT_OK;

	if (p == NULL)
		return (error_nomem(err, e->n_classes * sizeof(*p)));
	stats_scores_init(&s, o->n_bins);
	for (size_t i = 0; in->labels != NULL && i < e->n_in; i++) {
		size_t top;

		stats_ensemble_mean(e->in, i, p);
		top = stats_top(p, e->n_classes);
		stats_scores_add(&s, &(struct stats_example){
		    .is_right = top == in->labels[i], .confidence = p[top],
		    .nll = stats_ensemble_nll(e->in, i),
		    .brier = stats_brier(p, e->n_classes, in->labels[i]) });
	}
	stats_scores_result(&s, &out->scores);
	if (e->ood != NULL)
		st = detect(e, o, p, out, err);
	free(p);
	return (st);
}
