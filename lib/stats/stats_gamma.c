/*
 * stats_gamma: the incomplete gamma function, by the series and the continued
 * fraction of the NIST Digital Library of Mathematical Functions.
 */
#include "stats/stats.h"

#include <float.h>
#include <math.h>

#define MAX_TERMS 100000000

/* x^a e^-x / Gamma(a). For large a the three factors would cancel: there
 * Gamma(a) = sqrt(2 pi / a) (a / e)^a exp(1/(12 a) - ...) (DLMF 5.11.1). */
static double
front(double a, double x)
{
	const double mu = (x - a) / a, r = 1 / (a * a);
	double rest;
	int sign;

	if (a < 32)
		return (exp(a * log(x) - x - lgamma_r(a, &sign)));
	rest = (1. / 12 - r * (1. / 360 - r * (1. / 1260 - r / 1680))) / a;
	return (sqrt(a / (2 * M_PI)) * exp(-a * (mu - log1p(mu)) - rest));
}

/* P(a, x), for x < a + 1: DLMF 8.7.1. */
static double
lower(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int k = 1; k < MAX_TERMS && term > sum * (DBL_EPSILON / 4);
	    k++) {
		term *= x / (a + k);
		sum += term;
	}
	return (front(a, x) * sum);
}

/* Q(a, x), for x >= a + 1: DLMF 8.9.2 in even form, evaluated from the front
 * (Lentz's method). */
static double
upper(double a, double x)
{
	double b = x + 1 - a, c = INFINITY, d = 1 / b, f = d, step = 0;

	for (int k = 1; k < MAX_TERMS && fabs(step - 1) > DBL_EPSILON;
	    k++) {
		const double an = k * (a - k);

		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		step = c * d;
		f *= step;
	}
	return (front(a, x) * f);
}

double
stats_gamma_q(double a, double x)
{
	if (!(a > 0) || !(x >= 0) || isinf(a))
		return (NAN);
	if (x == 0)
		return (1);
	if (isinf(x))
		return (0);
	return (x < a + 1 ? fmax(0, 1 - lower(a, x)) : upper(a, x));
}
