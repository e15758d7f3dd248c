/*
 * plot_panel: what the parts of plot share. Not for others.
 */
#ifndef CKPT_TOOLS_PLOT_PANEL_H
#define CKPT_TOOLS_PLOT_PANEL_H

#include "plot.h"

#define PLOT_INK "#222222"
#define PLOT_MUTED "#666666"
#define PLOT_GRID "#e6e6e6"

#define PLOT_MAX_TICKS 32
#define PLOT_STRIP 54 /* height of bars beside the area, units */
#define PLOT_GAP 6    /* between the area and what stands beside it */

enum plot_kind {
	PLOT_LINE, PLOT_POINTS, PLOT_RULE, PLOT_BARS, PLOT_HEXAGONS
};

struct plot_mark {
	enum plot_kind kind;
	char *name;            /* or NULL */
	unsigned colour;       /* number among the marks with a name */
	size_t n;
	double *x, *y, *count; /* bars: y is the height; count: hexagons' */
	double width, height;  /* of bars and hexagons, units of the axes */
};

/* An axis as it is drawn. */
struct plot_scale {
	char *label;
	double low, high;      /* low < high once it is resolved */
	bool is_integer;
	double length;         /* on the page, units */
	size_t n_ticks;
	double ticks[PLOT_MAX_TICKS];
	char texts[PLOT_MAX_TICKS][48]; /* of the ticks, UTF-8 */
};

struct plot_panel {
	char *title, *note;
	struct plot_scale x, y;
	size_t n, n_names;     /* marks; those with a colour of their own */
	struct plot_mark *marks;
	bool has_beside[2];    /* [along_y] */
	struct plot_mark beside[2];
	/* what is needed around the area; above: plot_draw_above */
	double left, right, below;
	unsigned title_rows;   /* 0 to 2; one for all side by side */
};

/* ---- plot_axis ---- */

/* Finds the range where none was given, and ticks about `room` apart. The
 * data reach from `low` to `high`, low > high if there are none; with
 * `from_zero` the range begins at 0 unless they lie below. */
void plot_axis_resolve(struct plot_scale *s, double low, double high,
    bool from_zero, double room);

/* A number with a typographic minus, times 10^e where e is not 0. */
void plot_axis_number(char *out, size_t size, double v, int decimals, int e);

/* Where a value lies along the axis, units from its low end. */
double plot_axis_place(const struct plot_scale *s, double v);

/* Width of the widest text of a tick. */
double plot_axis_texts(const struct plot_scale *s);

/* ---- plot_svg: text in the making ---- */

/* Once something has failed, all else does nothing. */
struct plot_svg {
	struct buf out;
	enum ckpt_status st;
	struct ckpt_error *err;
};

void plot_svg_put(struct plot_svg *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

enum plot_anchor { PLOT_START, PLOT_MIDDLE, PLOT_END };

struct plot_text {
	double x, y;           /* of the base line's anchor */
	double size;
	enum plot_anchor anchor;
	const char *fill;
	bool is_bold, is_upright; /* upright: read from below */
};
void plot_svg_text(struct plot_svg *s, const struct plot_text *t,
    const char *text);

/* An element's name, as a tooltip or as the figure's title. */
void plot_svg_escape(struct plot_svg *s, const char *text);

/* About how wide a text will be. */
double plot_svg_width(const char *text, double size);

/* ---- plot_marks ---- */

/* The range of a mark's data along an axis joins low and high. */
void plot_marks_range(const struct plot_mark *m, bool along_y, double *low,
    double *high);

/* A mark within the area whose upper left corner is (x, y). */
void plot_marks_draw(struct plot_svg *s, const struct plot_panel *panel,
    const struct plot_mark *m, double x, double y);

/* Bars beside the area. */
void plot_marks_beside(struct plot_svg *s, const struct plot_panel *panel,
    bool along_y, double x, double y);

/* The small picture of a mark in the legend, 22 wide, about (x, y). */
void plot_marks_swatch(struct plot_svg *s, const struct plot_mark *m,
    double x, double y);

/* The colour of part 0 (few) to 1 (most), as "#rrggbb". */
void plot_marks_shade(double part, char out[8]);

/* ---- plot_draw ---- */

/* Ranges, ticks and the room around the area. */
void plot_draw_prepare(struct plot_panel *panel);
double plot_draw_above(const struct plot_panel *panel);

/* The whole panel; `number` makes its clip path's name unique. */
void plot_draw_panel(struct plot_svg *s, const struct plot_panel *panel,
    size_t number, double x, double y);

#endif
