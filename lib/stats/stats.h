/*
 * stats: the metrics of classifiers; of other numbers rank correlation, a
 * test of uniformity and densities. All sums are double, in the order of the
 * calls, so that the same calls give the same bits.
 */
#ifndef CKPT_STATS_STATS_H
#define CKPT_STATS_STATS_H

#include "base/base.h"

#define STATS_MAX_BINS 1000
#define STATS_DEFAULT_BINS 15

/* ---- scores of predictions ---- */

/* What is known of the prediction of one example. */
struct stats_example {
	bool is_right;     /* the top class is the label */
	double confidence; /* probability of the top class */
	double nll;        /* -log p(label), nats */
	double brier;      /* sum over classes of (p - onehot)^2: 0 to 2 */
};

/* Scores of a model in the making. */
struct stats_scores {
	unsigned n_bins;
	uint64_t n, n_right;
	double nll, brier;
	struct stats_bin {
		double confidence; /* sum */
		uint64_t n_right;
	} bins[STATS_MAX_BINS];
};

/* Means over all examples; NaN if there were none. */
struct stats_result {
	double acc, nll, brier;
	double ece; /* |mean confidence - accuracy|, weighted by the counts of
	               equal bins (lo, hi] of the confidence, 0 in the first */
};

/* `n_bins`: 1 to STATS_MAX_BINS, of equal width. */
void stats_scores_init(struct stats_scores *s, unsigned n_bins);
void stats_scores_add(struct stats_scores *s, const struct stats_example *e);
void stats_scores_result(const struct stats_scores *s,
    struct stats_result *out);

/* Index of the largest of `n` values, the first of ties. */
size_t stats_top(const double *p, size_t n);

/* Brier's score of probabilities: sum of (p - onehot)^2. */
double stats_brier(const double *p, size_t n, size_t label);

/* Entropy of probabilities, nats. */
double stats_entropy(const double *p, size_t n);

/* ---- detection: positives should score higher than negatives ---- */

/* Which false positive rate is "at 95 % recall"; three are in use. */
enum stats_fpr_rule {
	STATS_FPR_FIRST = 0, /* first threshold with recall >= 0.95 */
	STATS_FPR_NEAREST,   /* threshold with the recall nearest to 0.95, of
	                        equally near ones the lower threshold; none
	                        beyond the first with recall 1 */
	STATS_FPR_INTERPOLATED /* on the straight line between the two points
	                          of the ROC curve about recall 0.95 */
};

struct stats_detection {
	double auroc; /* ties count one half (mid-rank) */
	double aupr;  /* average precision: steps, not trapezoids */
	double fpr95;
};

/* Sorts both arrays of scores in place (ascending). All results are NaN if
 * one array is empty or a score is NaN. `scratch` has room for the larger of
 * the two counts. */
void stats_detect(double *negatives, size_t n_negatives, double *positives,
    size_t n_positives, double *scratch, enum stats_fpr_rule rule,
    struct stats_detection *out);

/* Sorts numbers that are not NaN, in time proportional to n. `scratch` has
 * room for `n`. -0 comes before 0. */
void stats_sort(double *x, size_t n, double *scratch);

/* ---- rank correlation ---- */

struct stats_pair {
	double x, y; /* neither is NaN */
};

/* Pairs of pairs, counted; sums of several sets may be pooled. */
struct stats_kendall {
	uint64_t n;          /* all */
	uint64_t discordant; /* one order by x, the other by y */
	uint64_t tied_x, tied_y, tied_both;
};

/* Adds the n(n-1)/2 pairs of a set to *k, in O(n log n) (Knight, JASA 1966).
 * Sorts `pairs`; `scratch` has room for n. -0 equals 0. */
void stats_kendall_add(struct stats_kendall *k, struct stats_pair *pairs,
    size_t n, struct stats_pair *scratch);

/* Kendall's tau-b, -1 to 1: (concordant - discordant) / sqrt((n - tied_x)
 * (n - tied_y)); NaN where all are tied in x or in y. */
double stats_kendall_tau(const struct stats_kendall *k);

/* ---- tests ---- */

/* Q(a, x), the regularised upper incomplete gamma function, a > 0, x >= 0;
 * NaN otherwise. The relative error is below 1e-12 where a is from 0.5 to 1e6
 * and the result above 1e-290. */
double stats_gamma_q(double a, double x);

/* Pearson's test of counts against the uniform distribution. */
struct stats_uniform {
	double expected;  /* in each cell */
	double statistic; /* sum of (count - expected)^2 / expected */
	uint64_t df;      /* degrees of freedom: cells - 1 */
	double p;         /* chance of at least that under uniformity, by the
	                     chi-square distribution; 1 for a single cell */
};

/* All is NaN, df excepted, where nothing was counted. n >= 1. */
void stats_uniform_test(const uint64_t *counts, size_t n,
    struct stats_uniform *out);

/* ---- densities ---- */

/* The range of the values but for the outermost half percent at each end,
 * and 6 % of that on both sides; low < high. `scratch` has room for 2 n. The
 * values are finite, and there is at least one. */
void stats_range(const double *v, size_t n, double *scratch, double *low,
    double *high);

/* Counts in cells of one size, at their centres. */
struct stats_cells {
	size_t n;
	double *x, *y;   /* y: NULL for bins */
	double *count;
	double width, height; /* of a cell; bins: height is 0 */
};

/* Bins of equal width, of which [low, high] holds `n_bins`; these, empty or
 * not, and the bins beyond that are not empty, by x. The counts sum to n. */
CKPT_CHECKED enum ckpt_status stats_bins(const double *v, size_t n,
    double low, double high, unsigned n_bins, struct stats_cells *out,
    struct ckpt_error *err);

/* Hexagons with two upright sides, `width` apart, `height` from tip to tip,
 * of which `n_across` cover [x_low, x_high]; regular where both ranges are
 * drawn at one length. Only those that are not empty, by y, then x. Each
 * point belongs to the nearest centre. The counts sum to n. */
CKPT_CHECKED enum ckpt_status stats_hexbin(const double *x, const double *y,
    size_t n, const double x_range[2], const double y_range[2],
    unsigned n_across, struct stats_cells *out, struct ckpt_error *err);

void stats_cells_release(struct stats_cells *c);

/* ---- the mean prediction of an ensemble ---- */

struct stats_ensemble;
CKPT_CHECKED enum ckpt_status stats_ensemble_new(size_t n_examples,
    size_t n_classes, struct stats_ensemble **out, struct ckpt_error *err);
void stats_ensemble_free(struct stats_ensemble *e); /* NULL does nothing */

/* The next member: probabilities [example][class]; log p(label) for each
 * example, or NULL where there are no labels. */
void stats_ensemble_add(struct stats_ensemble *e, const float *p,
    const float *log_p);

uint64_t stats_ensemble_members(const struct stats_ensemble *e);

/* The mean prediction of an example, into n_classes doubles. */
void stats_ensemble_mean(const struct stats_ensemble *e, size_t example,
    double *p);

/* -log of the mean probability of the label: log M - logsumexp over the
 * members of log p. */
double stats_ensemble_nll(const struct stats_ensemble *e, size_t example);

/* ---- what coding floats by their leading bits could reach ---- */

/*
 * A bound of bytes: for each tensor of f16, bf16, f32, f64 or an 8-bit float
 * with a sign, the entropy of the exponent and the top bits of the mantissa
 * (3 of f16, 6 of the wider ones, all of the 8-bit ones), each symbol by
 * itself, with the correction of Miller and Madow (1955); all other bits, and
 * all other dtypes, as they are. Tensors of fewer than 2^17 elements are
 * pooled by dtype. References to other tensors may go below it.
 */
struct stats_bound;

CKPT_CHECKED enum ckpt_status stats_bound_new(struct stats_bound **out,
    struct ckpt_error *err);
void stats_bound_free(struct stats_bound *b); /* NULL does nothing */

/* The next tensor, of `n` bytes, which follow in calls of stats_bound_add
 * in pieces of whole elements. */
CKPT_CHECKED enum ckpt_status stats_bound_tensor(struct stats_bound *b,
    enum ckpt_dtype dtype, uint64_t n, struct ckpt_error *err);
void stats_bound_add(struct stats_bound *b, const void *data, size_t n);

/* Bytes of the tensors of a dtype so far, and of their bound. */
void stats_bound_result(struct stats_bound *b, enum ckpt_dtype dtype,
    uint64_t *raw, double *bound);

#endif
