/*
 * plot_draw: a panel: title, legend, axes, marks.
 */
#include "plot_panel.h"

#include <math.h>

#define TITLE 14
#define LABEL 12
#define TICK 11
#define TITLE_ROW 26  /* heights of rows above the area */
#define LEGEND_ROW 18
#define SWATCH_ROOM 28
#define KEY_WIDTH 60
#define KEY_ROOM (KEY_WIDTH + 20) /* with the 1 before it */
#define N_SHADES 20

/* ---- the room that a panel needs ---- */

/* The legend, in rows as wide as the area, the first with its base line at y.
 * Without `s` nothing is drawn. Returns the number of rows. */
static unsigned
legend(struct plot_svg *s, const struct plot_panel *panel, double x,
    double y)
{
	double at = 0, width;
	unsigned n_rows = 0;

	for (size_t i = 0; i < panel->n; i++) {
		const struct plot_mark *m = &panel->marks[i];

		if (m->name == NULL)
			continue;
		width = SWATCH_ROOM + plot_svg_width(m->name, TICK) + 16;
		if (n_rows == 0 || at + width > panel->x.length + 16) {
			n_rows++;
			at = 0;
		}
		if (s != NULL) {
			const double base = y + (n_rows - 1) * LEGEND_ROW;

			plot_marks_swatch(s, m, x + at, base - 4);
			plot_svg_text(s, &(struct plot_text){ .x = x + at +
			    SWATCH_ROOM, .y = base, .size = TICK,
			    .fill = PLOT_INK }, m->name);
		}
		at += width;
	}
	return (n_rows);
}

/* The mark whose shades the key explains. */
static const struct plot_mark *
shaded(const struct plot_panel *panel)
{
	for (size_t i = 0; i < panel->n; i++)
		if (panel->marks[i].kind == PLOT_HEXAGONS)
			return (&panel->marks[i]);
	return (NULL);
}

/* How far to the right the note reaches: over the bars at the side, too. */
static double
right_of(const struct plot_panel *panel)
{
	return (panel->x.length + (panel->has_beside[1] ? PLOT_STRIP +
	    PLOT_GAP : 0));
}

/* Rows above the area for title and note: two where one is too short. */
static unsigned
title_rows(const struct plot_panel *panel)
{
	const bool has_note = panel->note != NULL || shaded(panel) != NULL;
	double width = 20;

	if (panel->title == NULL || !has_note)
		return (panel->title != NULL || has_note);
	width += 1.1 * plot_svg_width(panel->title, TITLE);
	if (panel->note != NULL)
		width += plot_svg_width(panel->note, TICK);
	if (shaded(panel) != NULL)
		width += KEY_ROOM + plot_svg_width("1000 ", TICK);
	return (width > right_of(panel) ? 2 : 1);
}

static bool
has_bars(const struct plot_panel *panel)
{
	for (size_t i = 0; i < panel->n; i++)
		if (panel->marks[i].kind == PLOT_BARS)
			return (true);
	return (false);
}

static void
resolve(struct plot_panel *panel, bool along_y)
{
	struct plot_scale *scale = along_y ? &panel->y : &panel->x;
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < panel->n; i++)
		plot_marks_range(&panel->marks[i], along_y, &low, &high);
	plot_axis_resolve(scale, low, high, along_y && has_bars(panel),
	    along_y ? 45 : 65);
}

void
plot_draw_prepare(struct plot_panel *panel)
{
	resolve(panel, false);
	resolve(panel, true);
	panel->left = 10 + plot_axis_texts(&panel->y) +
	    (panel->y.label != NULL ? 22 : 4);
	panel->right = panel->has_beside[1] ? PLOT_STRIP + PLOT_GAP : 12;
	panel->title_rows = title_rows(panel);
	panel->below = 20 + (panel->x.label != NULL ? 20 : 0);
}

double
plot_draw_above(const struct plot_panel *panel)
{
	return ((panel->has_beside[0] ? PLOT_STRIP + PLOT_GAP : 4) +
	    legend(NULL, panel, 0, 0) * LEGEND_ROW +
	    panel->title_rows * TITLE_ROW);
}

/* ---- drawing ---- */

static void
put_line(struct plot_svg *s, double x1, double y1, double x2, double y2,
    const char *colour)
{
	plot_svg_put(s, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" "
	    "y2=\"%.2f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, colour);
}

static void
draw_x_axis(struct plot_svg *s, const struct plot_panel *panel, double x,
    double y)
{
	const struct plot_scale *a = &panel->x;
	const double bottom = y + panel->y.length;

	for (size_t i = 0; i < a->n_ticks; i++) {
		const double at = x + plot_axis_place(a, a->ticks[i]);

		put_line(s, at, y, at, bottom, PLOT_GRID);
		plot_svg_text(s, &(struct plot_text){ .x = at,
		    .y = bottom + 16, .size = TICK, .anchor = PLOT_MIDDLE,
		    .fill = PLOT_MUTED }, a->texts[i]);
	}
	if (a->label != NULL)
		plot_svg_text(s, &(struct plot_text){ .x = x + a->length / 2,
		    .y = bottom + 34, .size = LABEL, .anchor = PLOT_MIDDLE,
		    .fill = PLOT_INK }, a->label);
}

static void
draw_y_axis(struct plot_svg *s, const struct plot_panel *panel, double x,
    double y)
{
	const struct plot_scale *a = &panel->y;

	for (size_t i = 0; i < a->n_ticks; i++) {
		const double at = y + a->length - plot_axis_place(a,
		    a->ticks[i]);

		put_line(s, x, at, x + panel->x.length, at, PLOT_GRID);
		plot_svg_text(s, &(struct plot_text){ .x = x - 6,
		    .y = at + 4, .size = TICK, .anchor = PLOT_END,
		    .fill = PLOT_MUTED }, a->texts[i]);
	}
	if (a->label != NULL)
		plot_svg_text(s, &(struct plot_text){ .x = x - 16 -
		    plot_axis_texts(a), .y = y + a->length / 2,
		    .size = LABEL, .anchor = PLOT_MIDDLE, .fill = PLOT_INK,
		    .is_upright = true }, a->label);
}

/* The shades, from one count to the most, with the note behind it that says
 * of what, right-aligned at x. */
static void
draw_key(struct plot_svg *s, const struct plot_mark *m, const char *note,
    double x, double y)
{
	struct plot_text t = { .x = x, .y = y, .size = TICK,
	    .anchor = PLOT_END, .fill = PLOT_MUTED };
	double most = 1;
	char text[256], shade[8];

	for (size_t i = 0; i < m->n; i++)
		most = m->count[i] > most ? m->count[i] : most;
	(void)snprintf(text, sizeof(text), "%.0f%s%.200s", most,
	    note != NULL ? " " : "", note != NULL ? note : "");
	plot_svg_text(s, &t, text);
	x -= plot_svg_width(text, TICK) + 5 + KEY_WIDTH;
	for (int i = 0; i < N_SHADES; i++) {
		plot_marks_shade(i / (N_SHADES - 1.), shade);
		plot_svg_put(s, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
		    "height=\"9\" fill=\"%s\"/>\n", x + i * (double)KEY_WIDTH /
		    N_SHADES, y - 8.5, (double)KEY_WIDTH / N_SHADES +
		    (i < N_SHADES - 1 ? 0.5 : 0), shade);
	}
	t.x = x - 5;
	plot_svg_text(s, &t, "1");
}

/* The title, and the note in the same row or the one below. */
static void
draw_title(struct plot_svg *s, const struct plot_panel *panel, double x,
    double y)
{
	const struct plot_mark *m = shaded(panel);
	const double right = x + right_of(panel);

	if (panel->title != NULL)
		plot_svg_text(s, &(struct plot_text){ .x = x, .y = y,
		    .size = TITLE, .is_bold = true, .fill = PLOT_INK },
		    panel->title);
	if (panel->title_rows == 2)
		y += TITLE_ROW;
	if (m != NULL)
		draw_key(s, m, panel->note, right, y);
	else if (panel->note != NULL)
		plot_svg_text(s, &(struct plot_text){ .x = right, .y = y,
		    .size = TICK, .anchor = PLOT_END, .fill = PLOT_MUTED },
		    panel->note);
}

void
plot_draw_panel(struct plot_svg *s, const struct plot_panel *panel,
    size_t number, double x, double y)
{
	double top = y - plot_draw_above(panel);

	draw_title(s, panel, x, top + TITLE);
	top += panel->title_rows * TITLE_ROW;
	(void)legend(s, panel, x, top + TICK);
	draw_x_axis(s, panel, x, y);
	draw_y_axis(s, panel, x, y);
	plot_svg_put(s, "<clipPath id=\"area%zu\"><rect x=\"%.2f\" "
	    "y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/></clipPath>\n"
	    "<g clip-path=\"url(#area%zu)\">\n", number, x, y,
	    panel->x.length, panel->y.length, number);
	for (size_t i = 0; i < panel->n; i++)
		plot_marks_draw(s, panel, &panel->marks[i], x, y);
	plot_svg_put(s, "</g>\n<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
	    "height=\"%.2f\" fill=\"none\" stroke=\"%s\"/>\n", x, y,
	    panel->x.length, panel->y.length, PLOT_MUTED);
	for (int k = 0; k < 2; k++)
		if (panel->has_beside[k])
			plot_marks_beside(s, panel, k == 1, x, y);
}
