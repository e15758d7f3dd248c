/*
 * plot: figures and what is in them.
 */
#include "plot_panel.h"

#include <math.h>

#define MARGIN 12   /* around the figure and between panels, units */
#define MAX_BYTES ((size_t)1 << 30)

struct plot {
	unsigned n_columns;
	size_t n;
	struct plot_panel **panels;
};

enum ckpt_status
plot_new(unsigned n_columns, struct plot **out, struct ckpt_error *err)
{
	struct plot *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->n_columns = n_columns == 0 ? 1 : n_columns;
	*out = p;
	return (CKPT_OK);
}

static void
mark_release(struct plot_mark *m)
{
	free(m->name);
	free(m->x);
	free(m->y);
	free(m->count);
}

static void
panel_free(struct plot_panel *panel)
{
	if (panel == NULL)
		return;
	for (size_t i = 0; i < panel->n; i++)
		mark_release(&panel->marks[i]);
	mark_release(&panel->beside[0]);
	mark_release(&panel->beside[1]);
	free(panel->marks);
	free(panel->title);
	free(panel->note);
	free(panel->x.label);
	free(panel->y.label);
	free(panel);
}

void
plot_free(struct plot *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		panel_free(p->panels[i]);
	free(p->panels);
	free(p);
}

/* A copy of a text, or NULL for NULL. */
static enum ckpt_status
copy_text(const char *text, char **out, struct ckpt_error *err)
{
	*out = NULL;
	if (text == NULL)
		return (CKPT_OK);
	*out = strdup(text);
	return (*out != NULL ? CKPT_OK : error_nomem(err, strlen(text)));
}

static enum ckpt_status
copy_axis(const struct plot_axis *a, double length, struct plot_scale *out,
    struct ckpt_error *err)
{
	out->low = a->low;
	out->high = a->high;
	out->is_integer = a->is_integer;
	out->length = length;
	return (copy_text(a->label, &out->label, err));
}

enum ckpt_status
plot_add(struct plot *p, const struct plot_style *style,
    struct plot_panel **out, struct ckpt_error *err)
{
	struct plot_panel *panel = calloc(1, sizeof(*panel));
	struct plot_panel **panels = realloc(p->panels, (p->n + 1) *
	    sizeof(*panels));
	enum ckpt_status st = CKPT_OK;

	if (panels != NULL)
		p->panels = panels;
	if (panel == NULL || panels == NULL)
		st = error_nomem(err, sizeof(*panel));
	if (st == CKPT_OK)
		st = copy_text(style->title, &panel->title, err);
	if (st == CKPT_OK)
		st = copy_text(style->note, &panel->note, err);
	if (st == CKPT_OK)
		st = copy_axis(&style->x, style->width > 0 ? style->width :
		    380, &panel->x, err);
	if (st == CKPT_OK)
		st = copy_axis(&style->y, style->height > 0 ? style->height :
		    240, &panel->y, err);
	if (st != CKPT_OK) {
		panel_free(panel);
		return (st);
	}
	p->panels[p->n++] = panel;
	*out = panel;
	return (CKPT_OK);
}

/* ---- marks ---- */

/* A copy of n numbers (NULL: none). */
static enum ckpt_status
copy_numbers(const double *from, size_t n, double **out,
    struct ckpt_error *err)
{
	*out = NULL;
	if (from == NULL)
		return (CKPT_OK);
	*out = malloc((n + 1) * sizeof(**out));
	if (*out == NULL)
		return (error_nomem(err, n * sizeof(**out)));
	memcpy(*out, from, n * sizeof(**out));
	return (CKPT_OK);
}

/* Copies what a mark borrows. */
static enum ckpt_status
own(const struct plot_mark *from, struct plot_mark *to,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	*to = *from;
	to->x = to->y = to->count = NULL;
	st = copy_text(from->name, &to->name, err);
	if (st == CKPT_OK)
		st = copy_numbers(from->x, from->n, &to->x, err);
	if (st == CKPT_OK)
		st = copy_numbers(from->y, from->n, &to->y, err);
	if (st == CKPT_OK)
		st = copy_numbers(from->count, from->n, &to->count, err);
	if (st != CKPT_OK)
		mark_release(to);
	return (st);
}

static enum ckpt_status
add(struct plot_panel *panel, struct plot_mark *mark, struct ckpt_error *err)
{
	struct plot_mark *marks = realloc(panel->marks, (panel->n + 1) *
	    sizeof(*marks));
	enum ckpt_status st;

	if (marks == NULL)
		return (error_nomem(err, sizeof(*marks)));
	panel->marks = marks;
	if (mark->name != NULL)
		mark->colour = (unsigned)panel->n_names;
	st = own(mark, &marks[panel->n], err);
	if (st != CKPT_OK)
		return (st);
	panel->n++;
	panel->n_names += mark->name != NULL && mark->kind != PLOT_RULE;
	return (CKPT_OK);
}

/* The mark borrows until it is owned; it does not write there. */
static double *
borrow(const double *x)
{
	return ((double *)(uintptr_t)x);
}

static char *
borrow_text(const char *s)
{
	return ((char *)(uintptr_t)s);
}

enum ckpt_status
plot_line(struct plot_panel *panel, const char *name, size_t n,
    const double *x, const double *y, struct ckpt_error *err)
{
	struct plot_mark m = { .kind = PLOT_LINE, .n = n, .x = borrow(x),
	    .y = borrow(y), .name = borrow_text(name) };

	return (add(panel, &m, err));
}

enum ckpt_status
plot_points(struct plot_panel *panel, const char *name, size_t n,
    const double *x, const double *y, struct ckpt_error *err)
{
	struct plot_mark m = { .kind = PLOT_POINTS, .n = n, .x = borrow(x),
	    .y = borrow(y), .name = borrow_text(name) };

	return (add(panel, &m, err));
}

enum ckpt_status
plot_rule(struct plot_panel *panel, const char *name, double y,
    struct ckpt_error *err)
{
	double x = 0;
	struct plot_mark m = { .kind = PLOT_RULE, .n = 1, .x = &x, .y = &y,
	    .name = borrow_text(name) };

	return (add(panel, &m, err));
}

static struct plot_mark
mark_of_bars(const char *name, const struct plot_bars *bars)
{
	return ((struct plot_mark){ .kind = PLOT_BARS, .n = bars->n,
	    .x = borrow(bars->at), .y = borrow(bars->height),
	    .width = bars->width, .name = borrow_text(name) });
}

enum ckpt_status
plot_bars(struct plot_panel *panel, const char *name,
    const struct plot_bars *bars, struct ckpt_error *err)
{
	struct plot_mark m = mark_of_bars(name, bars);

	return (add(panel, &m, err));
}

enum ckpt_status
plot_beside(struct plot_panel *panel, bool along_y,
    const struct plot_bars *bars, struct ckpt_error *err)
{
	const struct plot_mark m = mark_of_bars(NULL, bars);
	struct plot_mark copy;
	enum ckpt_status st = own(&m, &copy, err);

	if (st != CKPT_OK)
		return (st);
	mark_release(&panel->beside[along_y]);
	panel->beside[along_y] = copy;
	panel->has_beside[along_y] = true;
	return (CKPT_OK);
}

enum ckpt_status
plot_hexagons(struct plot_panel *panel, const struct plot_hexagons *h,
    struct ckpt_error *err)
{
	struct plot_mark m = { .kind = PLOT_HEXAGONS, .n = h->n,
	    .x = borrow(h->x), .y = borrow(h->y), .count = borrow(h->count),
	    .width = h->width, .height = h->height };

	return (add(panel, &m, err));
}

/* ---- the figure ---- */

/* Places along the page: where the areas of each column (or row) begin, and
 * the end of all. Each is as wide as its widest. */
static double
lay_out(const struct plot *p, bool rows, double *begin)
{
	const size_t n = rows ? (p->n + p->n_columns - 1) / p->n_columns :
	    p->n_columns;
	double at = MARGIN;

	for (size_t k = 0; k < n; k++) {
		double before = 0, within = 0, after = 0;

		for (size_t i = 0; i < p->n; i++) {
			const struct plot_panel *q = p->panels[i];

			if ((rows ? i / p->n_columns : i % p->n_columns) != k)
				continue;
			before = fmax(before, rows ? plot_draw_above(q) :
			    q->left);
			within = fmax(within, rows ? q->y.length :
			    q->x.length);
			after = fmax(after, rows ? q->below : q->right);
		}
		begin[k] = at + before;
		at = begin[k] + within + after + MARGIN;
	}
	return (at);
}

/* Titles side by side stand on one line. */
static void
level_titles(const struct plot *p)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = i - i % p->n_columns; k < p->n &&
		    k / p->n_columns == i / p->n_columns; k++)
			if (p->panels[k]->title_rows >
			    p->panels[i]->title_rows)
				p->panels[i]->title_rows =
				    p->panels[k]->title_rows;
}

static void
draw(const struct plot *p, struct plot_svg *s, double *x, double *y)
{
	double width, height;

	for (size_t i = 0; i < p->n; i++)
		plot_draw_prepare(p->panels[i]);
	level_titles(p);
	width = ceil(lay_out(p, false, x));
	height = ceil(lay_out(p, true, y));
	plot_svg_put(s, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
	    "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\""
	    "Helvetica, Arial, 'Liberation Sans', sans-serif\">\n"
	    "<rect width=\"%.0f\" height=\"%.0f\" fill=\"white\"/>\n", width,
	    height, width, height, width, height);
	for (size_t i = 0; i < p->n; i++)
		plot_draw_panel(s, p->panels[i], i, x[i % p->n_columns],
		    y[i / p->n_columns]);
	plot_svg_put(s, "</svg>\n");
}

enum ckpt_status
plot_save(const struct plot *p, const char *path, struct ckpt_error *err)
{
	struct plot_svg s = { .st = CKPT_OK, .err = err };
	double *x = calloc(p->n_columns, sizeof(*x));
	double *y = calloc(p->n + 1, sizeof(*y));
	struct outfile *f;

	buf_init(&s.out, MAX_BYTES);
	if (x == NULL || y == NULL)
		s.st = error_nomem(err, (p->n + 1) * sizeof(*y));
	else
		draw(p, &s, x, y);
	if (s.st == CKPT_OK)
		s.st = outfile_open(path, &f, err);
	if (s.st == CKPT_OK) {
		s.st = outfile_write(f, s.out.data, s.out.len, err);
		if (s.st == CKPT_OK)
			s.st = outfile_commit(f, err);
		else
			outfile_abort(f);
	}
	if (s.st != CKPT_OK)
		(void)error_where(err, path);
	buf_release(&s.out);
	free(x);
	free(y);
	return (s.st);
}

void
plot_number(char *out, size_t size, double v, int n_digits)
{
	const double a = fabs(v);
	const int e = a > 0 && isfinite(a) ? (int)floor(log10(a)) : 0;
	const bool is_plain = a >= 1e-3 && a < 1e5;
	const int decimals = n_digits - 1 - (is_plain ? e : 0);

	if (!isfinite(v))
		(void)snprintf(out, size, "%g", v);
	else
		plot_axis_number(out, size, is_plain ? v : v / pow(10, e),
		    decimals > 0 ? decimals : 0, is_plain ? 0 : e);
}
