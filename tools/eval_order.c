/*
 * eval_order: how the order of the units in the paper's form changes from one
 * model to the next.
 */
#include "eval.h"

#include "plot.h"

#include <math.h>

#define MAX_LINES 7 /* of groups in a plot with a name each */
#define N_COLUMNS 7

/* What has been seen of a group; the last entry is all groups together. */
struct series {
	char *name;
	size_t units;
	double *tau;          /* of each step */
	double sum_tau, sum_exchanged;
	size_t n_tau, n_changed; /* steps with a tau; in which it changed */
	uint64_t pairs;       /* of one step */
};

struct order {
	const struct cli *cli;
	const struct eval_options *options;
	struct outfile *out;
	struct match_shape *shape;
	size_t n_groups;
	struct series *series; /* n_groups + 1 */
	struct stats_pair *pairs, *scratch;
	struct match_order last;
	size_t n_steps, capacity;
};

/* What work hands to consume. */
struct result {
	struct match_order order;
	size_t n_not_finite;
};

/* ---- the first model ---- */

/* Whether units of a group may change places: not if each keeps to a block of
 * its own, as those behind a normalisation do, which follow those before. */
static bool
is_sorted(const struct order *r, size_t group)
{
	return (!r->shape->table->groups[group].is_fixed &&
	    match_order_block(r->shape, group) > 1);
}

static enum ckpt_status
name_group(struct order *r, size_t group, struct ckpt_error *err)
{
	struct series *s = &r->series[group];

	s->units = r->shape->table->groups[group].n_units;
	if (is_sorted(r, group))
		r->series[r->n_groups].units += s->units;
	return (eval_group_name(r->shape, group, &s->name, err));
}

static enum ckpt_status
begin(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct order *r = arg;
	enum ckpt_status st = match_shape_new(one->plan->sym, &r->shape, err);

	if (st != CKPT_OK)
		return (st);
	r->n_groups = r->shape->n_groups;
	r->series = calloc(r->n_groups + 1, sizeof(*r->series));
	r->pairs = malloc((r->shape->max_units + 1) * sizeof(*r->pairs));
	r->scratch = malloc((r->shape->max_units + 1) *
	    sizeof(*r->scratch));
	if (r->series == NULL || r->pairs == NULL || r->scratch == NULL)
		return (error_nomem(err, r->shape->max_units *
		    sizeof(*r->pairs)));
	for (size_t g = 0; g < r->n_groups && st == CKPT_OK; g++)
		st = name_group(r, g, err);
	if (st == CKPT_OK && r->series[r->n_groups].units == 0)
		st = error_set(err, CKPT_INVALID, "its symmetries permute "
		    "no units");
	if (st != CKPT_OK)
		return (st);
	r->series[r->n_groups].name = strdup("(all)");
	return (r->series[r->n_groups].name != NULL ? CKPT_OK :
	    error_nomem(err, 6));
}

/* ---- each model ---- */

static enum ckpt_status
work(void *arg, struct eval_one *one, struct ckpt_error *err)
{
	const struct order *r = arg;
	struct result *result;
	enum ckpt_status st;

	if (!match_fits(r->shape, one->plan->sym))
		return (error_set(err, CKPT_INVALID, "its tensors or "
		    "symmetries are not those of the first model"));
	result = calloc(1, sizeof(*result));
	if (result == NULL)
		return (error_nomem(err, sizeof(*result)));
	st = match_order_of(r->shape, one->plan->sym, &one->model,
	    &result->order, &result->n_not_finite, err);
	if (st != CKPT_OK)
		free(result);
	else
		one->result = result;
	return (st);
}

/* Compares a group's units, block by block; whether a place has changed. */
static bool
compare_group(struct order *r, const struct match_order *next, size_t group,
    struct stats_kendall *k)
{
	const size_t begin = next->begin[group], end = next->begin[group + 1];
	const size_t n = match_order_block(r->shape, group);

	for (size_t at = begin; at < end; at += n) {
		for (size_t u = 0; u < n; u++)
			r->pairs[u] = (struct stats_pair){
			    r->last.first[at + u], next->first[at + u] };
		stats_kendall_add(k, r->pairs, n, r->scratch);
	}
	return (memcmp(r->last.rank + begin, next->rank + begin,
	    (end - begin) * sizeof(*next->rank)) != 0);
}

/* A row, or without a label the header. */
static enum ckpt_status
put_row(const struct order *r, const char *label, const struct series *s,
    double tau, double exchanged, double changed, struct ckpt_error *err)
{
	const struct eval_cell cells[N_COLUMNS] = {
		{ "label", label, 0 },
		{ "group", s->name, 0 },
		{ "units", NULL, (double)s->units },
		{ "pairs", NULL, (double)s->pairs },
		{ "tau", NULL, tau },
		{ "exchanged", NULL, exchanged },
		{ "changed", NULL, changed },
	};

	if (label == NULL)
		return (eval_cells_head(r->options, r->out, cells,
		    N_COLUMNS, err));
	return (eval_cells_row(r->options, r->out, cells, N_COLUMNS, err));
}

/* A step of one series. */
static enum ckpt_status
put_step(struct order *r, const char *label, struct series *s,
    const struct stats_kendall *k, bool is_changed, struct ckpt_error *err)
{
	const double tau = stats_kendall_tau(k);

	s->pairs = k->n;
	s->tau[r->n_steps] = tau;
	s->sum_exchanged += (double)k->discordant;
	s->n_changed += is_changed;
	if (!isnan(tau)) {
		s->sum_tau += tau;
		s->n_tau++;
	}
	return (put_row(r, label, s, tau, (double)k->discordant, is_changed,
	    err));
}

static enum ckpt_status
grow(struct order *r, struct ckpt_error *err)
{
	const size_t n = 2 * r->capacity + 64;
	double *longer;

	if (r->n_steps < r->capacity)
		return (CKPT_OK);
	for (size_t g = 0; g <= r->n_groups; g++) {
		longer = realloc(r->series[g].tau, n * sizeof(*longer));
		if (longer == NULL)
			return (error_nomem(err, n * sizeof(*longer)));
		r->series[g].tau = longer;
	}
	r->capacity = n;
	return (CKPT_OK);
}

static enum ckpt_status
step(struct order *r, const char *label, const struct match_order *next,
    struct ckpt_error *err)
{
	struct stats_kendall all = { 0 };
	bool any = false;
	enum ckpt_status st = grow(r, err);

	for (size_t g = 0; g < r->n_groups && st == CKPT_OK; g++) {
		struct stats_kendall k = { 0 };
		bool is_changed;

		if (!is_sorted(r, g))
			continue;
		is_changed = compare_group(r, next, g, &k);
		any = any || is_changed;
		all.n += k.n;
		all.discordant += k.discordant;
		all.tied_x += k.tied_x;
		all.tied_y += k.tied_y;
		all.tied_both += k.tied_both;
		st = put_step(r, label, &r->series[g], &k, is_changed, err);
	}
	if (st == CKPT_OK)
		st = put_step(r, label, &r->series[r->n_groups], &all, any,
		    err);
	r->n_steps += st == CKPT_OK;
	return (st);
}

static enum ckpt_status
consume(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct order *r = arg;
	struct result *next = one->result;
	enum ckpt_status st = CKPT_OK;

	if (next->n_not_finite > 0)
		cli_warn(r->cli, "%s: %zu weights are NaN or infinite: "
		    "counted as 0", one->model.head.label,
		    next->n_not_finite);
	if (r->last.begin != NULL)
		st = step(r, one->model.head.label, &next->order, err);
	match_order_release(&r->last);
	r->last = next->order;
	next->order = (struct match_order){ 0 };
	return (st);
}

static void
release(void *result)
{
	match_order_release(&((struct result *)result)->order);
}

/* ---- the whole ---- */

/* The means over all steps. */
static enum ckpt_status
put_means(const struct order *r, struct ckpt_error *err)
{
	const double n = (double)r->n_steps;
	enum ckpt_status st = CKPT_OK;

	for (size_t g = 0; g <= r->n_groups && st == CKPT_OK; g++) {
		const struct series *s = &r->series[g];

		if (g < r->n_groups && !is_sorted(r, g))
			continue;
		st = put_row(r, "(mean)", s, s->n_tau == 0 ? NAN :
		    s->sum_tau / (double)s->n_tau, s->sum_exchanged / n,
		    (double)s->n_changed / n, err);
	}
	return (st);
}

static enum ckpt_status
draw_lines(const struct order *r, struct plot_panel *panel, const double *x,
    struct ckpt_error *err)
{
	const bool is_few = r->n_groups < MAX_LINES;
	enum ckpt_status st = CKPT_OK;

	for (size_t g = 0; g <= r->n_groups && st == CKPT_OK; g++) {
		const struct series *s = &r->series[g];

		if (g < r->n_groups && !is_sorted(r, g))
			continue;
		st = plot_line(panel, g == r->n_groups ? "all units" :
		    is_few ? s->name : NULL, r->n_steps, x, s->tau, err);
	}
	return (st);
}

static enum ckpt_status
draw(const struct order *r, struct ckpt_error *err)
{
	const struct plot_style style = {
		.title = "Order of units, step by step",
		.x = { .label = "step between successive models",
		    .is_integer = true },
		.y = { .label = "Kendall\u2019s tau", .low = -1.05,
		    .high = 1.05 },
		.width = 480,
	};
	struct plot *p;
	struct plot_panel *panel;
	double *x = malloc((r->n_steps + 1) * sizeof(*x));
	enum ckpt_status st;

	if (x == NULL)
		return (error_nomem(err, r->n_steps * sizeof(*x)));
	for (size_t i = 0; i < r->n_steps; i++)
		x[i] = (double)(i + 1);
	st = plot_new(1, &p, err);
	if (st == CKPT_OK) {
		st = plot_add(p, &style, &panel, err);
		if (st == CKPT_OK)
			st = draw_lines(r, panel, x, err);
		if (st == CKPT_OK)
			st = plot_save(p, r->options->plot, err);
		plot_free(p);
	}
	free(x);
	return (st);
}

static enum ckpt_status
run(struct order *r, struct plans *plans, struct ckpt_error *err)
{
	const struct eval_pass pass = { .cli = r->cli, .plans = plans,
	    .arg = r, .begin = begin, .work = work, .consume = consume,
	    .release = release };
	const struct series none = { .name = NULL };
	enum ckpt_status st;

	st = put_row(r, NULL, &none, 0, 0, 0, err);
	if (st == CKPT_OK)
		st = eval_pass_run(&pass, r->cli->args, r->cli->n_args, err);
	if (st == CKPT_OK && r->n_steps == 0)
		st = error_set(err, CKPT_INVALID, "--order compares "
		    "successive models: one is not enough");
	if (st == CKPT_OK)
		st = put_means(r, err);
	if (st == CKPT_OK && r->options->plot != NULL)
		st = draw(r, err);
	return (st);
}

enum ckpt_status
eval_order(const struct cli *c, const struct eval_options *o,
    struct outfile *out, struct ckpt_error *err)
{
	struct order r = { .cli = c, .options = o, .out = out };
	struct plans *plans = NULL;
	enum ckpt_status st = plans_new(c, o->arch, PLANS_TABLE_ALONE,
	    &plans, err);

	if (st == CKPT_OK)
		st = run(&r, plans, err);
	for (size_t g = 0; r.series != NULL && g <= r.n_groups; g++) {
		free(r.series[g].name);
		free(r.series[g].tau);
	}
	free(r.series);
	free(r.pairs);
	free(r.scratch);
	match_order_release(&r.last);
	match_shape_free(r.shape);
	plans_free(plans);
	return (st);
}
