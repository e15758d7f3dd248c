#include <math.h>

#include "match/match_work.h"

static double
gain_at(const struct match_terms *t, double k)
{
	return (k * t->out + t->in / k - (k * k * t->norm_out +
	    t->norm_in / (k * k)) / 2);
}

/* Where the gain k out + in / k - (k^2 norm_out + norm_in / k^2) / 2 has its
 * maximum, at least: between the scales at which the two sides alone would
 * have theirs. A side whose product is not positive has none, and pulls as
 * far as the other's norm lets it: the bounds follow from the derivative,
 *
 *	norm_in / k^2 = in / k + k^2 norm_out - k out
 *
 * in which the largest term of a side is at least a third of the other side.
 */
static double
least_scale(double in, double norm_in, double out, double norm_out)
{
	double k = 0x1p32;

	if (in > 0)
		k = fmin(k, norm_in / (3 * in));
	if (norm_out > 0)
		k = fmin(k, sqrt(sqrt(norm_in / (3 * norm_out))));
	if (out < 0)
		k = fmin(k, cbrt(norm_in / (-3 * out)));
	return (fmax(k, 0x1p-32));
}

static void
scale_range(const struct match_terms *t, int *low, int *high)
{
	bool has_out = t->out > 0 && t->norm_out > 0;
	bool has_in = t->in > 0 && t->norm_in > 0;
	double by_out = 1, by_in = 1;

	if (has_out)
		by_out = t->out / t->norm_out;
	else if (t->norm_in > 0)
		by_out = least_scale(t->in, t->norm_in, t->out, t->norm_out);
	if (has_in)
		by_in = t->norm_in / t->in;
	else if (t->norm_out > 0)
		by_in = 1 / least_scale(t->out, t->norm_out, t->in,
		    t->norm_in);
	if (!has_out && t->norm_in <= 0)
		by_out = by_in;
	if (!has_in && t->norm_out <= 0)
		by_in = by_out;
	by_out = fmin(fmax(by_out, 0x1p-32), 0x1p32);
	by_in = fmin(fmax(by_in, 0x1p-32), 0x1p32);
	*low = ilogb(fmin(by_out, by_in));
	*high = ilogb(fmax(by_out, by_in)) + 1;
}

/* The power of two with the largest gain. */
static double
best_scale(const struct match_terms *t, double *gain)
{
	double k, g, best = 1;
	int e, low, high;

	scale_range(t, &low, &high);
	*gain = gain_at(t, 1);
	for (e = low; e <= high; e++) {
		k = ldexp(1, e);
		g = gain_at(t, k);
		if (g > *gain) {
			*gain = g;
			best = k;
		}
	}
	return (best);
}

double
match_terms_best(const struct match_terms *t, unsigned flags, double parent,
    double *factor)
{
	struct match_terms p = *t;
	double gain, turned, k;

	*factor = 1;
	p.out += parent * p.dep;
	if (flags == 0)
		return (p.none + p.out + p.in);
	if (!(flags & MATCH_POW2)) {
		if (p.out + p.in < 0)
			*factor = -1;
		return (p.none + fabs(p.out + p.in));
	}
	*factor = best_scale(&p, &gain);
	if (flags & MATCH_SIGN) {
		p.out = -p.out;
		p.in = -p.in;
		k = best_scale(&p, &turned);
		if (turned > gain) {
			gain = turned;
			*factor = -k;
		}
	}
	return (p.none + gain);
}
