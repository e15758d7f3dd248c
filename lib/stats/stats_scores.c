/*
 * stats_scores: accuracy, NLL, Brier's score and calibration.
 */
#include "stats/stats.h"

#include <assert.h>
#include <math.h>

void
stats_scores_init(struct stats_scores *s, unsigned n_bins)
{
	assert(n_bins >= 1 && n_bins <= STATS_MAX_BINS);
	*s = (struct stats_scores){ .n_bins = n_bins };
}

/* The bin (lo, hi] of a confidence. The edges are i / n_bins in double, so
 * that 0.3 lies in the third of ten bins as it does on paper. */
static unsigned
find_bin(double confidence, unsigned n_bins)
{
	unsigned i;

	if (!(confidence > 0))
		return (0);
	if (confidence >= 1)
		return (n_bins - 1);
	i = (unsigned)(confidence * n_bins);
	if (i > 0 && confidence <= (double)i / n_bins)
		i--;
	else if (confidence > (double)(i + 1) / n_bins)
		i++;
	return (i < n_bins ? i : n_bins - 1);
}

void
stats_scores_add(struct stats_scores *s, const struct stats_example *e)
{
	struct stats_bin *b = &s->bins[find_bin(e->confidence, s->n_bins)];

	s->n++;
	s->n_right += e->is_right;
	s->nll += e->nll;
	s->brier += e->brier;
	b->confidence += e->confidence;
	b->n_right += e->is_right;
}

void
stats_scores_result(const struct stats_scores *s, struct stats_result *out)
{
	const double n = (double)s->n;
	double ece = 0;

	for (unsigned i = 0; i < s->n_bins; i++)
		ece += fabs(s->bins[i].confidence -
		    (double)s->bins[i].n_right);
	out->acc = (double)s->n_right / n;
	out->nll = s->nll / n;
	out->brier = s->brier / n;
	out->ece = ece / n;
}

size_t
stats_top(const double *p, size_t n)
{
	size_t top = 0;

	for (size_t i = 1; i < n; i++)
		if (p[i] > p[top])
			top = i;
	return (top);
}

double
stats_brier(const double *p, size_t n, size_t label)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		const double d = p[i] - (i == label);

		sum += d * d;
	}
	return (sum);
}

double
stats_entropy(const double *p, size_t n)
{
	const size_t top = stats_top(p, n);
	double rest = 0, sum = 0;

	/* The top term, from the others: log p loses its digits near 1. */
	for (size_t i = 0; i < n; i++) {
		if (i == top)
			continue;
		rest += p[i];
		if (p[i] > 0)
			sum -= p[i] * log(p[i]);
	}
	return (rest < 1 ? sum - (1 - rest) * log1p(-rest) : sum);
}
