/*
 * stats_detect: the ROC curve and the precision-recall curve.
 *
 * Both are walked from the highest threshold down; equal scores are one
 * threshold. Counts are integers, so nothing depends on an order of sums
 * but the average precision's, which is that of the thresholds.
 */
#include "stats/stats.h"

#include <math.h>

/* The curve's last two points, and what has been found. */
struct walk {
	enum stats_fpr_rule rule;
	double n_pos, n_neg;
	uint64_t tp, fp;
	double area, precision;
	double fpr, nearest;
	bool is_found;
};

/* The curve goes on to (tp, fp). */
static void
step(struct walk *w, uint64_t tp, uint64_t fp)
{
	const double recall = (double)tp / w->n_pos;
	const double before = (double)w->tp / w->n_pos;
	const double fpr = (double)fp / w->n_neg;
	const double fpr_before = (double)w->fp / w->n_neg;
	const double distance = fabs(recall - 0.95);
	/* recall >= 0.95 without a rounding */
	const bool is_there = (double)tp * 20 >= w->n_pos * 19;

	w->area += (double)(fp - w->fp) * ((double)tp + (double)w->tp) / 2;
	w->precision += (recall - before) * (double)tp / (double)(tp + fp);
	switch (w->rule) {
	case STATS_FPR_FIRST:
		if (is_there && !w->is_found)
			w->fpr = fpr;
		break;
	case STATS_FPR_NEAREST:
		if (w->tp < w->n_pos && distance <= w->nearest) {
			w->nearest = distance;
			w->fpr = fpr;
		}
		break;
	case STATS_FPR_INTERPOLATED:
		if (is_there && !w->is_found)
			w->fpr = fpr_before + (fpr - fpr_before) *
			    (0.95 - before) / (recall - before);
		break;
	}
	w->is_found = w->is_found || is_there;
	w->tp = tp;
	w->fp = fp;
}

static bool
has_nan(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(x[i]))
			return (true);
	return (false);
}

void
stats_detect(double *negatives, size_t n_negatives, double *positives,
    size_t n_positives, double *scratch, enum stats_fpr_rule rule,
    struct stats_detection *out)
{
	struct walk w = {
		.rule = rule, .n_pos = (double)n_positives,
		.n_neg = (double)n_negatives, .nearest = INFINITY
	};
	size_t i = n_positives, j = n_negatives;

	if (n_negatives == 0 || n_positives == 0 ||
	    has_nan(negatives, n_negatives) ||
	    has_nan(positives, n_positives)) {
		*out = (struct stats_detection){ NAN, NAN, NAN };
		return;
	}
	stats_sort(negatives, n_negatives, scratch);
	stats_sort(positives, n_positives, scratch);
	while (i > 0 || j > 0) {
		double at = -INFINITY;

		if (i > 0)
			at = positives[i - 1];
		if (j > 0 && (i == 0 || negatives[j - 1] > at))
			at = negatives[j - 1];
		while (i > 0 && positives[i - 1] == at)
			i--;
		while (j > 0 && negatives[j - 1] == at)
			j--;
		step(&w, n_positives - i, n_negatives - j);
	}
	out->auroc = w.area / (w.n_pos * w.n_neg);
	out->aupr = w.precision;
	out->fpr95 = w.fpr;
}
