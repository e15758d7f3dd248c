/*
 * eval_marginals_put: histograms and hexagons, as a table and as a plot.
 */
#include "eval_marginals.h"
#include "plot.h"

#include <math.h>

#define N_COLUMNS 9
#define SIDE 320 /* of a panel, units */

/* ---- the table ---- */

/* What a row's cells are cells of; y is NULL for bins. */
struct of {
	const char *title, *x, *y;
	double n; /* models */
};

static enum ckpt_status
put_cell(const struct marginals *m, const struct of *of,
    const struct stats_cells *c, size_t i, struct ckpt_error *err)
{
	/* a hexagon is three quarters of the box about it */
	const double area = of->y == NULL ? c->width :
	    c->width * c->height * 0.75;
	const struct eval_cell cells[N_COLUMNS] = {
		{ "collection", of->title, 0 },
		{ "x", of->x, 0 },
		{ "y", of->y == NULL ? "-" : of->y, 0 },
		{ "x_centre", NULL, c->n == 0 ? 0 : c->x[i] },
		{ "y_centre", NULL, of->y == NULL ? NAN : c->y[i] },
		{ "x_width", NULL, c->width },
		{ "y_width", NULL, of->y == NULL ? NAN : c->height },
		{ "count", NULL, c->n == 0 ? 0 : c->count[i] },
		{ "density", NULL, c->n == 0 ? 0 : c->count[i] / of->n /
		    area },
	};

	if (c->n == 0)
		return (eval_cells_head(m->options, m->out, cells, N_COLUMNS,
		    err));
	return (eval_cells_row(m->options, m->out, cells, N_COLUMNS, err));
}

static enum ckpt_status
put_cells(const struct marginals *m, const struct of *of,
    struct stats_cells *c, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	for (size_t i = 0; i < c->n && st == CKPT_OK; i++)
		st = put_cell(m, of, c, i, err);
	stats_cells_release(c);
	return (st);
}

static enum ckpt_status
make_bins(const struct marginals *m, const struct collection *k, size_t w,
    struct stats_cells *out, struct ckpt_error *err)
{
	return (stats_bins(k->values[w], k->n, k->range[w][0],
	    k->range[w][1], m->n_bins, out, err));
}

static enum ckpt_status
make_hexagons(const struct marginals *m, const struct collection *k,
    size_t v, size_t w, struct stats_cells *out, struct ckpt_error *err)
{
	return (stats_hexbin(k->values[v], k->values[w], k->n, k->range[v],
	    k->range[w], m->n_across, out, err));
}

/* All bins, then all hexagons, of each pair of weights. */
static enum ckpt_status
put_collection(const struct marginals *m, const struct collection *k,
    struct ckpt_error *err)
{
	struct stats_cells c;
	struct of of = { .title = k->title, .n = (double)k->n };
	enum ckpt_status st = CKPT_OK;

	for (size_t v = 0; v < m->n_weights && st == CKPT_OK; v++) {
		of.x = m->weights[v].name;
		st = make_bins(m, k, v, &c, err);
		if (st == CKPT_OK)
			st = put_cells(m, &of, &c, err);
	}
	for (size_t v = 0; v < m->n_weights; v++)
		for (size_t w = v + 1; w < m->n_weights && st == CKPT_OK;
		    w++) {
			of.x = m->weights[v].name;
			of.y = m->weights[w].name;
			st = make_hexagons(m, k, v, w, &c, err);
			if (st == CKPT_OK)
				st = put_cells(m, &of, &c, err);
		}
	return (st);
}

enum ckpt_status
eval_marginals_put(const struct marginals *m, struct ckpt_error *err)
{
	struct stats_cells none = { .n = 0 };
	enum ckpt_status st;

	st = put_cell(m, &(struct of){ .title = "" }, &none, 0, err);
	for (size_t i = 0; i < m->n_collections && st == CKPT_OK; i++)
		st = put_collection(m, &m->collections[i], err);
	return (st);
}

/* ---- the plot ---- */

static struct plot_bars
as_bars(const struct stats_cells *c)
{
	return ((struct plot_bars){ c->n, c->x, c->count, c->width });
}

/* One weight: a histogram. */
static enum ckpt_status
draw_single(const struct marginals *m, const struct collection *k,
    struct plot *p, struct ckpt_error *err)
{
	const struct eval_histogram h = { .title = k->title,
	    .label = m->weights[0].name, .values = k->values[0], .n = k->n,
	    .low = k->range[0][0], .high = k->range[0][1],
	    .n_bins = m->n_bins };

	return (eval_histogram_add(&h, p, err));
}

static enum ckpt_status
draw_beside(const struct marginals *m, const struct collection *k, size_t w,
    bool along_y, struct plot_panel *panel, struct ckpt_error *err)
{
	struct stats_cells c;
	struct plot_bars bars;
	enum ckpt_status st = make_bins(m, k, w, &c, err);

	if (st != CKPT_OK)
		return (st);
	bars = as_bars(&c);
	st = plot_beside(panel, along_y, &bars, err);
	stats_cells_release(&c);
	return (st);
}

/* Two weights: hexagons, with their histograms beside them. */
static enum ckpt_status
draw_pair(const struct marginals *m, const struct collection *k, size_t v,
    size_t w, struct plot *p, struct ckpt_error *err)
{
	struct plot_panel *panel;
	struct stats_cells c;
	char models[64], note[80];
	enum ckpt_status st;

	eval_histogram_count(models, sizeof(models), k->n);
	(void)snprintf(note, sizeof(note), "of %s", models);
	st = plot_add(p, &(struct plot_style){ .title = k->title,
	    .note = note, .width = SIDE, .height = SIDE,
	    .x = { .label = m->weights[v].name, .low = k->range[v][0],
	    .high = k->range[v][1] },
	    .y = { .label = m->weights[w].name, .low = k->range[w][0],
	    .high = k->range[w][1] } }, &panel, err);
	if (st == CKPT_OK)
		st = draw_beside(m, k, v, false, panel, err);
	if (st == CKPT_OK)
		st = draw_beside(m, k, w, true, panel, err);
	if (st == CKPT_OK)
		st = make_hexagons(m, k, v, w, &c, err);
	if (st != CKPT_OK)
		return (st);
	st = plot_hexagons(panel, &(struct plot_hexagons){ c.n, c.x, c.y,
	    c.count, c.width, c.height }, err);
	stats_cells_release(&c);
	return (st);
}

/* A column of panels for each collection, a row for each pair of weights. */
enum ckpt_status
eval_marginals_draw(const struct marginals *m, struct ckpt_error *err)
{
	const size_t n = m->n_collections;
	struct plot *p;
	enum ckpt_status st = plot_new((unsigned)n, &p, err);

	if (st != CKPT_OK)
		return (st);
	for (size_t i = 0; i < n && m->n_weights == 1 && st == CKPT_OK; i++)
		st = draw_single(m, &m->collections[i], p, err);
	for (size_t v = 0; v < m->n_weights; v++)
		for (size_t w = v + 1; w < m->n_weights; w++)
			for (size_t i = 0; i < n && st == CKPT_OK; i++)
				st = draw_pair(m, &m->collections[i], v, w,
				    p, err);
	if (st == CKPT_OK)
		st = plot_save(p, m->options->plot, err);
	plot_free(p);
	return (st);
}
