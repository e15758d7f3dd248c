#include <math.h>

#include "match/match_work.h"

static double
gain_at(const struct match_terms *t, double k)
{
	return (k * t->out + t->in / k - (k * k * t->norm_out +
	    t->norm_in / (k * k)) / 2);
}

/* The power of two with the largest gain: between the scale that the
 * incoming weights would take alone and the one of the outgoing ones. */
static double
best_scale(const struct match_terms *t, double *gain)
{
	double by_out = 1, by_in = 1, k, g, best = 1;
	int e, low, high;

	if (t->out > 0 && t->norm_out > 0)
		by_out = by_in = t->out / t->norm_out;
	if (t->in > 0 && t->norm_in > 0) {
		by_in = t->norm_in / t->in;
		by_out = t->out > 0 && t->norm_out > 0 ? by_out : by_in;
	}
	by_out = fmin(fmax(by_out, 0x1p-32), 0x1p32);
	by_in = fmin(fmax(by_in, 0x1p-32), 0x1p32);
	low = ilogb(fmin(by_out, by_in));
	high = ilogb(fmax(by_out, by_in)) + 1;
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
