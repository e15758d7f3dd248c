/*
 * plot: figures as SVG, for all tools that draw. A figure is a grid of
 * panels, filled row by row; a panel has axes and marks (lines, points,
 * bars, hexagons), which are drawn in the order in which they were added.
 * Colours are those of Okabe and Ito, told apart by the colour-blind; the
 * same calls give the same bytes.
 *
 *	struct plot *p;
 *	struct plot_panel *panel;
 *
 *	st = plot_new(1, &p, err);
 *	st = plot_add(p, &(struct plot_style){ .title = "Loss",
 *	    .x = { .label = "way from A to B", .low = 0, .high = 1 },
 *	    .y = { .label = "nll" } }, &panel, err);
 *	st = plot_line(panel, "as trained", 25, t, before, err);
 *	st = plot_line(panel, "aligned", 25, t, after, err);
 *	st = plot_save(p, "barrier.svg", err);
 *	plot_free(p);
 *
 * (with the status looked at in between).
 * All texts are copied and may hold any bytes. All data are copied; points
 * with a coordinate that is not finite are left out, and break a line.
 */
#ifndef CKPT_TOOLS_PLOT_H
#define CKPT_TOOLS_PLOT_H

#include "base/base.h"

struct plot;
struct plot_panel;

struct plot_axis {
	const char *label;  /* or NULL */
	/* The range. Where low < high does not hold, it is that of the data
	 * and a margin (none below 0 for bars). */
	double low, high;
	bool is_integer;    /* ticks at whole numbers only */
};

struct plot_style {
	const char *title;  /* at the left above the panel, or NULL */
	const char *note;   /* at the right above it, small, or NULL; with
	                       hexagons what is counted: "models" */
	struct plot_axis x, y;
	double width, height; /* of the area within the axes, in units of
	                         1/96 inch; 0: 380 and 240 */
};

/* A figure with `n_columns` panels side by side. */
CKPT_CHECKED enum ckpt_status plot_new(unsigned n_columns,
    struct plot **out, struct ckpt_error *err);
void plot_free(struct plot *p); /* NULL does nothing */

/* The next panel, which belongs to the figure. */
CKPT_CHECKED enum ckpt_status plot_add(struct plot *p,
    const struct plot_style *style, struct plot_panel **out,
    struct ckpt_error *err);

/* Writes the figure; nothing is left of it where that fails. */
CKPT_CHECKED enum ckpt_status plot_save(const struct plot *p,
    const char *path, struct ckpt_error *err);

/* A number for titles and notes, with n significant digits: "0.17",
 * "6.9×10⁻⁹". */
void plot_number(char *out, size_t size, double v, int n_digits);

/* ---- marks; `name` is the entry in the legend, NULL: none ---- */

/* A line through n points in the order given; those with a name take the
 * next colour, those without are thin and grey. */
CKPT_CHECKED enum ckpt_status plot_line(struct plot_panel *panel,
    const char *name, size_t n, const double *x, const double *y,
    struct ckpt_error *err);

/* A dot each point. */
CKPT_CHECKED enum ckpt_status plot_points(struct plot_panel *panel,
    const char *name, size_t n, const double *x, const double *y,
    struct ckpt_error *err);

/* A dashed horizontal line across the panel: a value to compare with. */
CKPT_CHECKED enum ckpt_status plot_rule(struct plot_panel *panel,
    const char *name, double y, struct ckpt_error *err);

/* Bar i stands from x = at[i] - width / 2 to at[i] + width / 2. */
struct plot_bars {
	size_t n;
	const double *at, *height;
	double width;
};
CKPT_CHECKED enum ckpt_status plot_bars(struct plot_panel *panel,
    const char *name, const struct plot_bars *bars, struct ckpt_error *err);

/* Bars beside the area, along its x axis (above) or y axis (at the right),
 * whose range they share. One each. */
CKPT_CHECKED enum ckpt_status plot_beside(struct plot_panel *panel,
    bool along_y, const struct plot_bars *bars, struct ckpt_error *err);

/* Hexagons with two upright sides, `width` apart, and `height` from tip to
 * tip, in units of the axes: the darker the more counts (on a logarithmic
 * scale, which a key explains). */
struct plot_hexagons {
	size_t n;
	const double *x, *y; /* centres */
	const double *count; /* 1 or more */
	double width, height;
};
CKPT_CHECKED enum ckpt_status plot_hexagons(struct plot_panel *panel,
    const struct plot_hexagons *h, struct ckpt_error *err);

#endif
