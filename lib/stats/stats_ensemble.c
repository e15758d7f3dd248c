/*
 * stats_ensemble: the mean prediction, while members pass by.
 *
 * Probabilities are added as doubles. The label's is also kept as
 * exp(max) * sum, so that its logarithm is right where all members give it
 * less than the smallest double.
 */
#include "stats/stats.h"

#include <math.h>

struct stats_ensemble {
	size_t n_examples, n_classes;
	uint64_t n_members;
	double *sum;     /* [example][class] */
	double *max;     /* [example]: the largest log p(label) so far */
	double *scaled;  /* [example]: sum of exp(log p - max) */
};

enum ckpt_status
stats_ensemble_new(size_t n_examples, size_t n_classes,
    struct stats_ensemble **out, struct ckpt_error *err)
{
	struct stats_ensemble *e;

	if (n_classes != 0 && n_examples > SIZE_MAX / 16 / n_classes)
		return (error_set(err, CKPT_LIMIT,
		    "%zu examples of %zu classes do not fit the memory",
		    n_examples, n_classes));
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return (error_nomem(err, sizeof(*e)));
	e->n_examples = n_examples;
	e->n_classes = n_classes;
	e->sum = calloc(n_examples * n_classes + 1, sizeof(double));
	e->max = malloc((n_examples + 1) * sizeof(double));
	e->scaled = calloc(n_examples + 1, sizeof(double));
	if (e->sum == NULL || e->max == NULL || e->scaled == NULL) {
		stats_ensemble_free(e);
		return (error_nomem(err, n_examples * n_classes *
		    sizeof(double)));
	}
	for (size_t i = 0; i < n_examples; i++)
		e->max[i] = -INFINITY;
	*out = e;
	return (CKPT_OK);
}

void
stats_ensemble_free(struct stats_ensemble *e)
{
	if (e == NULL)
		return;
	free(e->sum);
	free(e->max);
	free(e->scaled);
	free(e);
}

void
stats_ensemble_add(struct stats_ensemble *e, const float *p,
    const float *log_p)
{
	e->n_members++;
	for (size_t i = 0; i < e->n_examples * e->n_classes; i++)
		e->sum[i] += (double)p[i];
	if (log_p == NULL)
		return;
	for (size_t i = 0; i < e->n_examples; i++) {
		const double x = (double)log_p[i];

		if (x == -INFINITY)
			continue;
		if (x <= e->max[i]) {
			e->scaled[i] += exp(x - e->max[i]);
		} else {
			e->scaled[i] = e->scaled[i] * exp(e->max[i] - x) + 1;
			e->max[i] = x;
		}
	}
}

uint64_t
stats_ensemble_members(const struct stats_ensemble *e)
{
	return (e->n_members);
}

void
stats_ensemble_mean(const struct stats_ensemble *e, size_t example,
    double *p)
{
	const double *sum = e->sum + example * e->n_classes;

	for (size_t i = 0; i < e->n_classes; i++)
		p[i] = sum[i] / (double)e->n_members;
}

double
stats_ensemble_nll(const struct stats_ensemble *e, size_t example)
{
	return (log((double)e->n_members) - e->max[example] -
	    log(e->scaled[example]));
}
