/*
 * plot_marks: lines, points, bars and hexagons.
 */
#include "plot_panel.h"

#include <math.h>

#define SWATCH 22
#define N_COLOURS 7

/* Okabe and Ito, "Color Universal Design" (2008), without the yellow, which
 * is too light for lines on white. */
static const char *const colours[N_COLOURS] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
	"#000000"
};

#define BARS "#4292c6" /* without a name */
#define N_LEVELS 64    /* of hexagons' shades */

static const char *
colour_of(const struct plot_mark *m)
{
	if (m->kind == PLOT_RULE)
		return (PLOT_INK);
	if (m->name == NULL)
		return (m->kind == PLOT_BARS ? BARS : "#b0b0b0");
	return (colours[m->colour % N_COLOURS]);
}

/* Colours that come round again are dashed. */
static const char *
dash_of(const struct plot_mark *m)
{
	if (m->kind == PLOT_RULE)
		return ("2 3");
	switch (m->colour / N_COLOURS) {
	case 0:
		return ("none");
	case 1:
		return ("6 3");
	default:
		return ("6 2 1 2");
	}
}

void
plot_marks_shade(double part, char out[8])
{
	/* one hue, evenly darker */
	static const double stops[][3] = {
		{ 209, 226, 243 }, { 158, 202, 225 }, { 107, 174, 214 },
		{ 66, 146, 198 }, { 33, 113, 181 }, { 8, 81, 156 },
		{ 8, 48, 107 }
	};
	const double last = sizeof(stops) / sizeof(*stops) - 1;
	const double at = fmax(0, fmin(1, part)) * last;
	const size_t i = at >= last ? (size_t)last - 1 : (size_t)at;
	unsigned c[3];

	for (int k = 0; k < 3; k++)
		c[k] = (unsigned)lround(stops[i][k] + (at - (double)i) *
		    (stops[i + 1][k] - stops[i][k])) & 255;
	(void)snprintf(out, 8, "#%02x%02x%02x", c[0], c[1], c[2]);
}

void
plot_marks_range(const struct plot_mark *m, bool along_y, double *low,
    double *high)
{
	const double *v = along_y ? m->y : m->x;
	double half = 0;

	if (m->kind == PLOT_RULE && !along_y)
		return;
	if (m->kind == PLOT_BARS && !along_y)
		half = m->width / 2;
	if (m->kind == PLOT_HEXAGONS)
		half = (along_y ? m->height : m->width) / 2;
	for (size_t i = 0; i < m->n; i++)
		if (isfinite(m->x[i]) && isfinite(m->y[i])) {
			*low = fmin(*low, v[i] - half);
			*high = fmax(*high, v[i] + half);
		}
}

/* Coordinates on the page. */
struct place {
	const struct plot_panel *panel;
	double x, y; /* the area's upper left corner */
};

static double
page_x(const struct place *p, double v)
{
	return (p->x + plot_axis_place(&p->panel->x, v));
}

static double
page_y(const struct place *p, double v)
{
	return (p->y + p->panel->y.length -
	    plot_axis_place(&p->panel->y, v));
}

static bool
is_drawn(const struct plot_mark *m, size_t i)
{
	return (isfinite(m->x[i]) && isfinite(m->y[i]));
}

static void
draw_line(struct plot_svg *s, const struct plot_mark *m,
    const struct place *p)
{
	bool is_on = false;

	plot_svg_put(s, "<path fill=\"none\" stroke=\"%s\" "
	    "stroke-width=\"%s\" stroke-dasharray=\"%s\" "
	    "stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
	    colour_of(m), m->name == NULL ? "1" : "1.8", dash_of(m));
	for (size_t i = 0; i < m->n; i++) {
		if (is_drawn(m, i))
			plot_svg_put(s, "%c%.2f %.2f", is_on ? 'L' : 'M',
			    page_x(p, m->x[i]), page_y(p, m->y[i]));
		is_on = is_drawn(m, i);
	}
	plot_svg_put(s, "\"/>\n");
}

static void
draw_points(struct plot_svg *s, const struct plot_mark *m,
    const struct place *p)
{
	plot_svg_put(s, "<g fill=\"%s\" fill-opacity=\"%s\">\n",
	    colour_of(m), m->n > 200 ? "0.4" : "0.8");
	for (size_t i = 0; i < m->n; i++)
		if (is_drawn(m, i))
			plot_svg_put(s, "<circle cx=\"%.2f\" cy=\"%.2f\" "
			    "r=\"%s\"/>\n", page_x(p, m->x[i]),
			    page_y(p, m->y[i]), m->n > 200 ? "2" : "3");
	plot_svg_put(s, "</g>\n");
}

static void
draw_rule(struct plot_svg *s, const struct plot_mark *m,
    const struct place *p)
{
	const double y = page_y(p, m->y[0]);

	plot_svg_put(s, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" "
	    "y2=\"%.2f\" stroke=\"%s\" stroke-width=\"1.5\" "
	    "stroke-dasharray=\"%s\"/>\n", p->x, y, p->x +
	    p->panel->x.length, y, colour_of(m), dash_of(m));
}

static void
put_box(struct plot_svg *s, double x, double y, double w, double h)
{
	if (w > 0 && h > 0)
		plot_svg_put(s, "<rect x=\"%.2f\" y=\"%.2f\" "
		    "width=\"%.2f\" height=\"%.2f\"/>\n", x, y, w, h);
}

static void
draw_bars(struct plot_svg *s, const struct plot_mark *m,
    const struct place *p)
{
	const double bottom = page_y(p, fmax(0, p->panel->y.low));

	plot_svg_put(s, "<g fill=\"%s\" fill-opacity=\"%s\">\n",
	    colour_of(m), m->name == NULL ? "1" : "0.7");
	for (size_t i = 0; i < m->n; i++) {
		const double x = page_x(p, m->x[i] - m->width / 2);
		const double w = page_x(p, m->x[i] + m->width / 2) - x;
		const double y = page_y(p, m->y[i]);
		const double gap = w > 12 ? w * 0.15 : w > 3 ? 0.5 : 0;

		if (is_drawn(m, i))
			put_box(s, x + gap / 2, y, w - gap, bottom - y);
	}
	plot_svg_put(s, "</g>\n");
}

static double
most_of(const double *v, size_t n)
{
	double most = 1;

	for (size_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return (most);
}

/* The hexagons of one shade as one path. */
static void
draw_level(struct plot_svg *s, const struct plot_mark *m,
    const struct place *p, int level)
{
	const double scale = (N_LEVELS - 1) / log(most_of(m->count, m->n));
	const double w = p->panel->x.length * m->width /
	    (p->panel->x.high - p->panel->x.low) / 2;
	const double h = p->panel->y.length * m->height /
	    (p->panel->y.high - p->panel->y.low) / 4;
	char shade[8];
	bool is_open = false;

	plot_marks_shade(level / (N_LEVELS - 1.), shade);
	for (size_t i = 0; i < m->n; i++) {
		/* where all are single, they are as dark as the most */
		const int own = !isfinite(scale) ? N_LEVELS - 1 :
		    (int)lround(log(m->count[i]) * scale);

		if (own != level || !is_drawn(m, i))
			continue;
		if (!is_open)
			plot_svg_put(s, "<path fill=\"%s\" stroke=\"%s\" "
			    "stroke-width=\"0.3\" d=\"", shade, shade);
		plot_svg_put(s, "%sM%.1f %.1fl%.2f %.2fv%.2fl%.2f %.2fl%.2f "
		    "%.2fv%.2fz", is_open ? "\n" : "", page_x(p, m->x[i]),
		    page_y(p, m->y[i]) - 2 * h, w, h, 2 * h, -w, h, -w, -h,
		    -2 * h);
		is_open = true;
	}
	if (is_open)
		plot_svg_put(s, "\"/>\n");
}

void
plot_marks_draw(struct plot_svg *s, const struct plot_panel *panel,
    const struct plot_mark *m, double x, double y)
{
	const struct place p = { panel, x, y };

	switch (m->kind) {
	case PLOT_LINE:
		draw_line(s, m, &p);
		break;
	case PLOT_POINTS:
		draw_points(s, m, &p);
		break;
	case PLOT_RULE:
		draw_rule(s, m, &p);
		break;
	case PLOT_BARS:
		draw_bars(s, m, &p);
		break;
	case PLOT_HEXAGONS:
		for (int level = 0; level < N_LEVELS; level++)
			draw_level(s, m, &p, level);
		break;
	}
}

void
plot_marks_beside(struct plot_svg *s, const struct plot_panel *panel,
    bool along_y, double x, double y)
{
	const struct plot_scale *scale = along_y ? &panel->y : &panel->x;
	const struct plot_mark *m = &panel->beside[along_y];
	const double most = most_of(m->y, m->n);

	plot_svg_put(s, "<g fill=\"%s\">\n", BARS);
	for (size_t i = 0; i < m->n; i++) {
		const double a = plot_axis_place(scale, fmax(scale->low,
		    m->x[i] - m->width / 2));
		const double b = plot_axis_place(scale, fmin(scale->high,
		    m->x[i] + m->width / 2));
		const double size = PLOT_STRIP * m->y[i] / most;

		if (along_y)
			put_box(s, x + panel->x.length + PLOT_GAP, y +
			    panel->y.length - b, size, b - a);
		else
			put_box(s, x + a, y - PLOT_GAP - size, b - a, size);
	}
	plot_svg_put(s, "</g>\n");
}

void
plot_marks_swatch(struct plot_svg *s, const struct plot_mark *m, double x,
    double y)
{
	switch (m->kind) {
	case PLOT_POINTS:
		plot_svg_put(s, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"3\" "
		    "fill=\"%s\"/>\n", x + SWATCH / 2., y, colour_of(m));
		break;
	case PLOT_BARS:
	case PLOT_HEXAGONS:
		plot_svg_put(s, "<rect x=\"%.2f\" y=\"%.2f\" width=\"10\" "
		    "height=\"10\" fill=\"%s\"/>\n", x + 6, y - 5,
		    colour_of(m));
		break;
	case PLOT_LINE:
	case PLOT_RULE:
		plot_svg_put(s, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" "
		    "y2=\"%.2f\" stroke=\"%s\" stroke-width=\"1.8\" "
		    "stroke-dasharray=\"%s\"/>\n", x, y, x + SWATCH, y,
		    colour_of(m), dash_of(m));
		break;
	}
}
