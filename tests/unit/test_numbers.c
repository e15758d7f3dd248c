/*
 * Statistics of numbers: rank correlation and the test of uniformity against
 * scipy 1.10's kendalltau and chisquare, the incomplete gamma function
 * against mpmath with 40 digits, densities by what they must add up to.
 */
#include "unit.h"

#include "stats/stats.h"

#include <math.h>

static void
near(double got, double want, double relative)
{
	if (!(fabs(got - want) <= relative * fabs(want)))
		fail_msg("%.17g instead of %.17g", got, want);
}

static uint64_t state_of_random = 1;

/* 0 to n - 1. */
static unsigned
draw(unsigned n)
{
	state_of_random = state_of_random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((unsigned)(state_of_random >> 33) % n);
}

/* ---- Kendall's tau ---- */

#define MAX_N 200

static struct stats_kendall
count(const double *x, const double *y, size_t n)
{
	struct stats_pair pairs[MAX_N], scratch[MAX_N];
	struct stats_kendall k = { 0 };

	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct stats_pair){ x[i], y[i] };
	stats_kendall_add(&k, pairs, n, scratch);
	return (k);
}

static void
tau_is(const double *x, const double *y, size_t n, double want)
{
	const struct stats_kendall k = count(x, y, n);
	const double got = stats_kendall_tau(&k);

	if (!(fabs(got - want) <= 1e-15))
		fail_msg("tau %.17g instead of %.17g", got, want);
}

static void
tau_vectors(void **state)
{
	const double up[] = { 1, 2, 3, 4, 5 }, down[] = { 5, 4, 3, 2, 1 };
	const double same[] = { 7, 7, 7, 7, 7 };
	const double cx[] = { 12, 2, 1, 12, 2 }, cy[] = { 1, 4, 7, 1, 0 };
	const double dx[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
	const double dy[] = { 2, 7, 1, 8, 2, 8, 1, 8 };
	const double ex[] = { 1, 1, 2, 2, 3, 3 }, ey[] = { 1, 2, 1, 2, 1, 2 };
	const double fx[] = { .5, -1, 0, -0.0, 2, 7, 7, 7 };
	const double fy[] = { 1, 1, 1, 2, 2, 3, 3, 1 };
	struct stats_kendall k;

	(void)state;
	tau_is(up, up, 5, 1);
	tau_is(up, down, 5, -1);
	tau_is(cx, cy, 5, -0.47140452079103162);
	tau_is(dx, dy, 8, 0.16051447078102563);
	tau_is(ex, ey, 6, 0);
	tau_is(fx, fy, 8, 0.50207901104640229);
	k = count(up, same, 5);
	assert_true(isnan(stats_kendall_tau(&k)));
	k = count(up, up, 1);
	assert_true(isnan(stats_kendall_tau(&k)));
	k = count(up, down, 5);
	assert_int_equal(k.n, 10);
	assert_int_equal(k.discordant, 10);
}

/* Against all pairs one by one; sets pooled. */
static void
tau_random(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		const size_t n = draw(MAX_N);
		const unsigned n_values = 1 + draw(round % 2 ? 10 : 100000);
		struct stats_pair pairs[MAX_N], scratch[MAX_N];
		struct stats_kendall want = { 0 }, got = { 0 };

		for (size_t i = 0; i < n; i++)
			pairs[i] = (struct stats_pair){ draw(n_values),
			    draw(n_values) };
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++) {
				const double a = pairs[i].x - pairs[j].x;
				const double b = pairs[i].y - pairs[j].y;

				want.n++;
				want.discordant += a * b < 0;
				want.tied_x += fabs(a) < 0.5;
				want.tied_y += fabs(b) < 0.5;
				want.tied_both += fabs(a) + fabs(b) < 0.5;
			}
		stats_kendall_add(&got, pairs, n, scratch);
		assert_memory_equal(&got, &want, sizeof(got));
		stats_kendall_add(&got, pairs, n, scratch);
		assert_int_equal(got.n, 2 * want.n);
		assert_int_equal(got.discordant, 2 * want.discordant);
	}
}

/* ---- the test of uniformity ---- */

static void
gamma_vectors(void **state)
{
	static const double vectors[][3] = {
		{ 0.5, 0.5, 0.3173105078629141 },
		{ 0.5, 20, 2.539628589470865e-10 },
		{ 1, 1, 0.36787944117144232 },
		{ 4.5, 2.2, 0.88317137842416826 },
		{ 4.5, 40, 1.6161314156534603e-13 },
		{ 31.9, 30, 0.61178083852179231 },
		{ 31.9, 33, 0.40072971014308424 },
		{ 32, 33.5, 0.37453166426293703 },
		{ 100, 100, 0.48670120172085134 },
		{ 100, 300, 1.4110215102111521e-41 },
		{ 511.5, 520.25, 0.34479113775885317 },
		{ 511.5, 700, 3.1647198028030544e-14 },
		{ 1000, 900, 0.99945009773428822 },
		{ 5000, 5100, 0.079328881077618977 },
		{ 250000, 250700, 0.080852231813455239 },
		{ 0.5, 600, 6.0995688148084337e-263 },
		{ 12.5, 1e-8, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		near(stats_gamma_q(vectors[i][0], vectors[i][1]),
		    vectors[i][2], 1e-12);
	assert_true(stats_gamma_q(3, 0) == 1);
	assert_true(stats_gamma_q(3, INFINITY) == 0);
	assert_true(stats_gamma_q(3, 1e5) == 0);
	assert_true(isnan(stats_gamma_q(0, 1)));
	assert_true(isnan(stats_gamma_q(1, -1)));
	assert_true(isnan(stats_gamma_q(NAN, 1)));
}

static void
uniform_is(const uint64_t *counts, size_t n, double statistic, double p)
{
	struct stats_uniform u;

	stats_uniform_test(counts, n, &u);
	assert_int_equal(u.df, n - 1);
	assert_true(fabs(u.statistic - statistic) <= 1e-13 * statistic);
	near(u.p, p, 1e-12);
}

static void
uniform(void **state)
{
	const uint64_t a[] = { 10, 12, 8, 14, 6 }, b[] = { 100, 0, 0, 0 };
	const uint64_t c[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	const uint64_t one[] = { 5 }, none[] = { 0, 0 };
	struct stats_uniform u;

	(void)state;
	uniform_is(a, 5, 4, 0.40600584970983794);
	uniform_is(b, 4, 300, 9.9487583463275882e-65);
	uniform_is(c, 10, 11, 0.27570893677222197);
	uniform_is(one, 1, 0, 1);
	stats_uniform_test(none, 2, &u);
	assert_true(isnan(u.p) && isnan(u.statistic) && u.df == 1);
}

/* ---- densities ---- */

static void
bins(void **state)
{
	const double v[] = { 0, 0.1, 0.24, 0.26, 0.99, -3.1, 7.6, 1 };
	struct stats_cells c;
	struct ckpt_error err = { .status = CKPT_OK };

	(void)state;
	must(stats_bins(v, 8, 0, 1, 4, &c, &err), &err);
	/* one below, four within, that of 1 and one above */
	assert_int_equal(c.n, 7);
	near(c.width, 0.25, 0);
	for (size_t i = 0; i < c.n; i++) {
		static const double at[] = { -3.125, 0.125, 0.375, 0.625,
			0.875, 1.125, 7.625 };
		static const double n[] = { 1, 3, 1, 0, 1, 1, 1 };

		near(c.x[i], at[i], 1e-15);
		assert_true(c.count[i] == n[i]);
	}
	stats_cells_release(&c);
}

/* Every point is in the hexagon of the nearest centre: no centre of any cell
 * is nearer, and it is within a half width and a half height of its own. */
static void
hexagons(void **state)
{
	enum { N = 3000 };
	static double x[N], y[N], scratch[2 * N];
	double rx[2], ry[2], sum = 0;
	struct stats_cells c;
	struct ckpt_error err = { .status = CKPT_OK };

	(void)state;
	for (size_t i = 0; i < N; i++) {
		x[i] = (draw(1000) + draw(1000)) * 1e-3;
		y[i] = 50 * x[i] + draw(1000) * 0.1;
	}
	x[7] = 1e9; /* far outside, and counted */
	y[8] = -1e12;
	stats_range(x, N, scratch, &rx[0], &rx[1]);
	stats_range(y, N, scratch, &ry[0], &ry[1]);
	assert_true(rx[0] > -0.2 && rx[0] < 0.2 && rx[1] > 1.8 && rx[1] < 3);
	must(stats_hexbin(x, y, N, rx, ry, 20, &c, &err), &err);
	for (size_t k = 0; k < c.n; k++)
		sum += c.count[k];
	assert_true(sum == N);
	for (size_t k = 1; k < c.n; k++)
		assert_true(c.y[k] > c.y[k - 1] || c.x[k] > c.x[k - 1]);
	for (size_t i = 0; i < N; i++) {
		const double dy = c.height * sqrt(3) / 2;
		double least = INFINITY;

		if (i == 7 || i == 8)
			continue;
		for (size_t k = 0; k < c.n; k++)
			least = fmin(least, hypot((x[i] - c.x[k]) / c.width,
			    (y[i] - c.y[k]) / dy));
		assert_true(least <= 1 / sqrt(3) + 1e-9);
	}
	stats_cells_release(&c);
}

/* Counts of each cell, by an independent search over a patch of lattice. */
static void
hexagons_nearest(void **state)
{
	enum { N = 400, SIDE = 16 };
	const double r[2] = { 0, SIDE };
	double x[N], y[N];
	struct stats_cells c;
	struct ckpt_error err = { .status = CKPT_OK };

	(void)state;
	for (size_t i = 0; i < N; i++) {
		x[i] = 2.0003 + draw(12000) * 1e-3; /* no ties */
		y[i] = 2 + draw(12000) * 1e-3;
	}
	must(stats_hexbin(x, y, N, r, r, SIDE, &c, &err), &err);
	for (size_t i = 0; i < N; i++) {
		double best = INFINITY, bx = 0, by = 0;
		size_t k = 0;

		for (int row = 0; row < 2 * SIDE; row++)
			for (int col = 0; col < SIDE + 1; col++) {
				const double cx = col + (row % 2) * 0.5;
				const double cy = row * sqrt(3) / 2;
				const double d = hypot(x[i] - cx, y[i] - cy);

				if (d < best) {
					best = d;
					bx = cx;
					by = cy;
				}
			}
		while (k < c.n && hypot(c.x[k] - bx, c.y[k] - by) > 1e-9)
			k++;
		assert_true(k < c.n);
		assert_true(c.count[k]-- > 0);
	}
	for (size_t k = 0; k < c.n; k++)
		assert_true(c.count[k] == 0);
	stats_cells_release(&c);
}

/* Of one value a range remains, and a histogram. */
static void
constant(void **state)
{
	const double v[] = { 2, 2, 2 }, zero[] = { 0 };
	double scratch[6], r[2];
	struct stats_cells c;
	struct ckpt_error err = { .status = CKPT_OK };

	(void)state;
	stats_range(v, 3, scratch, &r[0], &r[1]);
	assert_true(r[0] < 2 && r[1] > 2);
	must(stats_bins(v, 3, r[0], r[1], 10, &c, &err), &err);
	assert_int_equal(c.n, 10);
	stats_cells_release(&c);
	must(stats_hexbin(v, v, 3, r, r, 5, &c, &err), &err);
	assert_int_equal(c.n, 1);
	assert_true(c.count[0] == 3);
	stats_cells_release(&c);
	stats_range(zero, 1, scratch, &r[0], &r[1]);
	assert_true(r[0] < 0 && r[1] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tau_vectors),
		cmocka_unit_test(tau_random),
		cmocka_unit_test(gamma_vectors),
		cmocka_unit_test(uniform),
		cmocka_unit_test(bins),
		cmocka_unit_test(hexagons),
		cmocka_unit_test(hexagons_nearest),
		cmocka_unit_test(constant),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
