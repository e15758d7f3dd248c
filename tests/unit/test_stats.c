/*
 * The metrics against values computed by hand or with scikit-learn 1.2.
 */
#include "unit.h"

#include "stats/stats.h"

#include <math.h>

static void
near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-14))
		fail_msg("%.17g instead of %.17g", got, want);
}

/* `y` is a string of 0 and 1, 1 for positive. */
static void
detect(const char *y, const double *s, double auroc, double aupr,
    double nearest, double first, double interpolated)
{
	const double fpr95[] = { first, nearest, interpolated };
	const size_t n = strlen(y);

	for (int rule = 0; rule < 3; rule++) {
		double pos[32], neg[32], scratch[32];
		size_t n_pos = 0, n_neg = 0;
		struct stats_detection d;

		for (size_t i = 0; i < n; i++) {
			if (y[i] == '1')
				pos[n_pos++] = s[i];
			else
				neg[n_neg++] = s[i];
		}
		stats_detect(neg, n_neg, pos, n_pos, scratch,
		    (enum stats_fpr_rule)rule, &d);
		near(d.auroc, auroc);
		near(d.aupr, aupr);
		near(d.fpr95, fpr95[rule]);
	}
}

static void
detection(void **state)
{
	const double a[] = { .9, .8, .7, .6, .4, .2, .1 };
	const double b[] = { .1, .4, .35, .8, .8, .8, .4, .4 };
	const double c[] = { .3, .3, .3, .3 };
	double d[25];

	(void)state;
	detect("1010010", a, .66666666666666663, .72222222222222221, .75, .75,
	    .75);
	detect("00111010", b, .625, .60119047619047616, .75, .75, .75);
	detect("0001", c, .5, .25, 1, 1, .95);
	for (int i = 0; i < 14; i++)
		d[i] = 30 - i;
	d[14] = 5;
	for (int i = 0; i < 10; i++)
		d[15 + i] = 10 - i;
	detect("1111111111111110000000000", d, .96333333333333337,
	    .98095238095238102, .5, .6, .525);
}

static void
nothing_to_detect(void **state)
{
	double x[] = { 1, 2 }, y[] = { 3, NAN }, scratch[2];
	struct stats_detection d;

	(void)state;
	stats_detect(x, 1, NULL, 0, scratch, STATS_FPR_FIRST, &d);
	assert_true(isnan(d.auroc) && isnan(d.aupr) && isnan(d.fpr95));
	stats_detect(x, 2, y, 2, scratch, STATS_FPR_FIRST, &d);
	assert_true(isnan(d.auroc) && isnan(d.aupr) && isnan(d.fpr95));
	stats_detect(y, 2, x, 2, scratch, STATS_FPR_FIRST, &d);
	assert_true(isnan(d.auroc) && isnan(d.aupr) && isnan(d.fpr95));
}

static double
ece(const double *confidence, const char *right, unsigned n_bins)
{
	struct stats_scores s;
	struct stats_result r;

	stats_scores_init(&s, n_bins);
	for (size_t i = 0; i < strlen(right); i++)
		stats_scores_add(&s, &(struct stats_example){
		    right[i] == '1', confidence[i], 1, 0.5 });
	stats_scores_result(&s, &r);
	near(r.nll, 1);
	near(r.brier, 0.5);
	return (r.ece);
}

static void
calibration(void **state)
{
	const double a[] = { .95, 1.0 };
	const double b[] = { .1, .2, .2, .3, .4, .5, .6, .8, .9, 1 };
	struct stats_scores s;
	struct stats_result r;

	(void)state;
	near(ece(a, "10", 15), .475);
	near(ece(b, "0100111011", 10), .34);
	stats_scores_init(&s, 15);
	stats_scores_result(&s, &r);
	assert_true(isnan(r.acc) && isnan(r.ece));
}

/* Every edge i / n of n bins belongs to the bin below it. */
static void
edges(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 100; n++)
		for (unsigned i = 1; i <= n; i++) {
			const double edge = (double)i / n;
			const double x[] = { edge, nextafter(edge, 2) };
			struct stats_scores s;

			for (int k = 0; k < 2; k++) {
				const unsigned bin = i - 1 + (k == 1 &&
				    i < n);

				stats_scores_init(&s, n);
				stats_scores_add(&s, &(struct stats_example){
				    true, x[k], 0, 0 });
				assert_true(s.bins[bin].n_right == 1);
			}
		}
}

static void
brier_and_entropy(void **state)
{
	const double a[2][2] = { { .8, .2 }, { .3, .7 } };
	const double b[2][3] = { { .6, .3, .1 }, { .2, .5, .3 } };
	const double sure[] = { 1, 1e-30, 0 };
	const double tie[] = { .4, .4, .2 };

	(void)state;
	near((stats_brier(a[0], 2, 0) + stats_brier(a[1], 2, 1)) / 2, .13);
	near((stats_brier(b[0], 3, 0) + stats_brier(b[1], 3, 2)) / 2, .52);
	near(stats_entropy(b[0], 3), -.6 * log(.6) - .3 * log(.3) -
	    .1 * log(.1));
	near(stats_entropy(sure, 3) / (1e-30 * (1 - log(1e-30))), 1);
	assert_int_equal(stats_top(tie, 3), 0);
}

static void
ensemble(void **state)
{
	const float p[2][4] = { { .75f, .25f, .5f, .5f },
	    { .25f, .75f, 1, 0 } };
	const float log_p[2][2] = { { -2000, -1 }, { -2001, -INFINITY } };
	struct stats_ensemble *e;
	struct ckpt_error err = { 0 };
	double mean[2];

	(void)state;
	must(stats_ensemble_new(2, 2, &e, &err), &err);
	for (int i = 0; i < 2; i++)
		stats_ensemble_add(e, p[i], log_p[i]);
	assert_int_equal(stats_ensemble_members(e), 2);
	stats_ensemble_mean(e, 1, mean);
	near(mean[0], .75);
	near(mean[1], .25);
	/* log 2 - logsumexp(-2000, -2001); log 2 - logsumexp(-1, -inf) */
	near(stats_ensemble_nll(e, 0) / (2000 + log(2) - log1p(exp(-1))), 1);
	near(stats_ensemble_nll(e, 1), 1 + log(2));
	stats_ensemble_free(e);
	must(stats_ensemble_new(1, 2, &e, &err), &err);
	for (int i = 1; i >= 0; i--)
		stats_ensemble_add(e, p[i], log_p[i]);
	near(stats_ensemble_nll(e, 0) / (2000 + log(2) - log1p(exp(-1))), 1);
	stats_ensemble_free(e);
}

static int
ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

static void
sorting(void **state)
{
	static double x[5000], y[5000], scratch[5000];
	uint32_t r = 1;

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		const size_t n = kind == 3 ? 100 : 5000;

		for (size_t i = 0; i < n; i++) {
			r = r * 1664525 + 1013904223;
			x[i] = kind == 0 ? (double)(float)(r / 1e9) :
			    kind == 1 ? (r / 2147483648.0 - 1) / 3 :
			    kind == 2 ? (double)(r >> 30) :
			    ldexp(r / 4294967296.0 - .5, (int)(r % 2000) -
				1000);
			y[i] = x[i];
		}
		stats_sort(x, n, scratch);
		qsort(y, n, sizeof(*y), ascending);
		assert_memory_equal(x, y, n * sizeof(*x));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detection),
		cmocka_unit_test(nothing_to_detect),
		cmocka_unit_test(calibration),
		cmocka_unit_test(edges),
		cmocka_unit_test(brier_and_entropy),
		cmocka_unit_test(ensemble),
		cmocka_unit_test(sorting),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
