/*
 * eval_exchange_put: the counts and their test, as a table and as a plot.
 */
#include "eval_exchange.h"
#include "plot.h"

#include <math.h>

#define N_COLUMNS 10
#define LEAST_EXPECTED 5 /* in a cell, for the chi-square distribution */

struct row {
	const char *all;     /* instead of a unit's number, or NULL */
	double unit, count, statistic, df, p;
};

static enum ckpt_status
put_row(const struct exchange *x, const struct axis *a, const struct row *r,
    double expected, struct ckpt_error *err)
{
	const struct eval_cell cells[N_COLUMNS] = {
		{ "tensor", x->tensor, 0 },
		{ "axis", NULL, a == NULL ? 0 : a->number },
		{ "group", a == NULL ? "" : a->group_name, 0 },
		{ "unit", r->all, r->unit },
		{ "count", NULL, r->count },
		{ "expected", NULL, expected },
		{ "chi2", NULL, r->statistic },
		{ "df", NULL, r->df },
		{ "p", NULL, r->p },
		{ "note", expected < LEAST_EXPECTED ? "small" : "-", 0 },
	};

	if (a == NULL)
		return (eval_cells_head(x->options, x->out, cells, N_COLUMNS,
		    err));
	return (eval_cells_row(x->options, x->out, cells, N_COLUMNS, err));
}

static enum ckpt_status
put_axis(const struct exchange *x, const struct axis *a,
    struct ckpt_error *err)
{
	struct stats_uniform test;
	enum ckpt_status st = CKPT_OK;

	stats_uniform_test(a->counts, a->n_cells, &test);
	for (size_t i = 0; i < a->n_cells && st == CKPT_OK; i++) {
		const double n = (double)a->counts[i];
		const struct row r = { NULL, (double)i, n,
		    (n - test.expected) * (n - test.expected) /
		    test.expected, NAN, NAN };

		st = put_row(x, a, &r, test.expected, err);
	}
	if (st == CKPT_OK)
		st = put_row(x, a, &(struct row){ "(all)", 0,
		    test.expected * (double)a->n_cells, test.statistic,
		    (double)test.df, test.p }, test.expected, err);
	return (st);
}

enum ckpt_status
eval_exchange_put(const struct exchange *x, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = put_row(x, NULL, &(struct row){ .count = 0 }, 0, err);
	for (size_t i = 0; i < x->n_axes && st == CKPT_OK; i++)
		st = put_axis(x, &x->axes[i], err);
	return (st);
}

/* ---- the plot ---- */

static enum ckpt_status
draw_axis(const struct exchange *x, const struct axis *a, struct plot *p,
    struct ckpt_error *err)
{
	double *at = malloc((a->n_cells + 1) * 2 * sizeof(*at));
	struct stats_uniform test;
	struct plot_panel *panel;
	char title[300], p_value[64], note[80];
	enum ckpt_status st;

	if (at == NULL)
		return (error_nomem(err, a->n_cells * 2 * sizeof(*at)));
	stats_uniform_test(a->counts, a->n_cells, &test);
	for (size_t i = 0; i < a->n_cells; i++) {
		at[i] = (double)i;
		at[a->n_cells + i] = (double)a->counts[i];
	}
	(void)snprintf(title, sizeof(title), "%.200s, axis %u", x->tensor,
	    a->number);
	plot_number(p_value, sizeof(p_value), test.p, 2);
	(void)snprintf(note, sizeof(note), "p = %s", p_value);
	st = plot_add(p, &(struct plot_style){ .title = title, .note = note,
	    .x = { .label = "unit with the largest weight", .low = -0.75,
	    .high = (double)a->n_cells - 0.25, .is_integer = true },
	    .y = { .label = "models" }, .height = 200 }, &panel, err);
	if (st == CKPT_OK)
		st = plot_bars(panel, NULL, &(struct plot_bars){ a->n_cells,
		    at, at + a->n_cells, 1 }, err);
	if (st == CKPT_OK)
		st = plot_rule(panel, "expected", test.expected, err);
	free(at);
	return (st);
}

enum ckpt_status
eval_exchange_draw(const struct exchange *x, struct ckpt_error *err)
{
	struct plot *p;
	enum ckpt_status st = plot_new(x->n_axes > 1 ? 2 : 1, &p, err);

	if (st != CKPT_OK)
		return (st);
	for (size_t i = 0; i < x->n_axes && st == CKPT_OK; i++)
		st = draw_axis(x, &x->axes[i], p, err);
	if (st == CKPT_OK)
		st = plot_save(p, x->options->plot, err);
	plot_free(p);
	return (st);
}
