/*
 * plot_axis: ranges and ticks.
 */
#include "plot_panel.h"

#include <float.h>
#include <math.h>

#define TICK_SIZE 11 /* of the text */

/* A range about the data, with a margin. */
static void
choose_range(struct plot_scale *s, double low, double high, bool from_zero)
{
	double margin;

	if (!(low <= high)) {
		low = 0;
		high = 1;
	}
	if (from_zero && low > 0)
		low = 0;
	margin = 0.04 * (high - low);
	if (!(margin > 0))
		margin = high != 0 ? 0.05 * fabs(high) : 1;
	s->low = from_zero && low >= 0 ? low : low - margin;
	s->high = high + margin;
	if (isfinite(s->high - s->low) && s->low < s->high)
		return;
	s->low = -DBL_MAX / 4;
	s->high = DBL_MAX / 4;
}

/* A step of 1, 2 or 5 times a power of ten that gives about `n` ticks. */
static double
nice_step(double span, double n)
{
	const double raw = span / n;
	const double power = pow(10, floor(log10(raw)));
	const double f = raw / power;

	return (power * (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10));
}

/* Digits after the point that show a step. */
static int
decimals(double step)
{
	const double n = -floor(log10(step) + 1e-9);

	return (n <= 0 ? 0 : n > 15 ? 15 : (int)n);
}

void
plot_axis_number(char *out, size_t size, double v, int digits, int e)
{
	static const char *const raised[] = { "\u2070", "\u00b9", "\u00b2",
		"\u00b3", "\u2074", "\u2075", "\u2076", "\u2077", "\u2078",
		"\u2079" };
	const unsigned k = (unsigned)abs(e);
	char power[24] = "";

	if (e != 0 && v != 0)
		(void)snprintf(power, sizeof(power), "\u00d710%s%s%s%s",
		    e < 0 ? "\u207b" : "", k > 99 ? raised[k / 100] : "",
		    k > 9 ? raised[k / 10 % 10] : "", raised[k % 10]);
	(void)snprintf(out, size, "%s%.*f%s", v < 0 ? "\u2212" : "",
	    v == 0 ? 0 : digits, fabs(v), power);
}

static void
set_ticks(struct plot_scale *s, double room)
{
	double step = nice_step(s->high - s->low, s->length / room);
	double first, last, most;
	int e = 0, digits;

	if (s->is_integer && step < 1)
		step = 1;
	first = ceil(s->low / step - 1e-9);
	last = floor(s->high / step + 1e-9);
	if (!(step > 0) || !(fabs(first) < 1e15) || !(fabs(last) < 1e15) ||
	    last - first >= PLOT_MAX_TICKS)
		return; /* no digits would tell them apart */
	most = fmax(fabs(first), fabs(last)) * step;
	if (most > 0 && (most >= 1e5 || most < 1e-3))
		e = (int)floor(log10(most) + 1e-9);
	digits = decimals(step / pow(10, e));
	for (double i = first; i <= last; i++) {
		s->ticks[s->n_ticks] = i * step;
		plot_axis_number(s->texts[s->n_ticks], sizeof(*s->texts),
		    i * (step / pow(10, e)), digits, e);
		s->n_ticks++;
	}
}

void
plot_axis_resolve(struct plot_scale *s, double low, double high,
    bool from_zero, double room)
{
	if (!(s->low < s->high) || !isfinite(s->high - s->low))
		choose_range(s, low, high, from_zero);
	s->n_ticks = 0;
	set_ticks(s, room);
}

double
plot_axis_place(const struct plot_scale *s, double v)
{
	/* far outside is as good as anything outside, and prints */
	const double part = (v - s->low) / (s->high - s->low);

	return (fmax(-100, fmin(100, part)) * s->length);
}

double
plot_axis_texts(const struct plot_scale *s)
{
	double width = 0, w;

	for (size_t i = 0; i < s->n_ticks; i++) {
		w = plot_svg_width(s->texts[i], TICK_SIZE);
		width = w > width ? w : width;
	}
	return (width);
}
