/*
 * eval_mass: --mass: what models weigh, and what they would weigh at least.
 */
#include "eval.h"

#include <math.h>
#include <pthread.h>

#include "mass.h"
#include "plot.h"

#define N_COLUMNS 6

struct result {
	bool is_solved, has_least;
	struct match_mass_result mass;
	char *note;                /* a warning, or NULL */
	struct ckpt_error refusal; /* where it is not solved */
};

struct masses {
	const struct cli *cli;
	const struct eval_options *options;
	struct outfile *out;
	size_t n_refused;
	size_t n_excess;
	double *excess;       /* percent, of each model, for the plot */
	pthread_mutex_t lock; /* of the plans */
	size_t n_plans;
	struct mass_plan **plans;
};

/* ---- the work ---- */

static enum ckpt_status
find_plan(struct masses *m, const struct plan *plan,
    const struct mass_plan **out, struct ckpt_error *err)
{
	struct mass_plan *new, **all;
	enum ckpt_status st;

	for (size_t i = 0; i < m->n_plans; i++)
		if (m->plans[i]->plan == plan) {
			*out = m->plans[i];
			return (CKPT_OK);
		}
	all = realloc(m->plans, (m->n_plans + 1) * sizeof(*all));
	if (all == NULL)
		return (error_nomem(err, sizeof(*all)));
	m->plans = all;
	st = mass_plan_new(m->cli, plan, m->options->with_bias, &new, err);
	if (st != CKPT_OK)
		return (st);
	all[m->n_plans++] = new;
	*out = new;
	return (CKPT_OK);
}

/* A model that has no least mass is noted, and the others go on. */
static enum ckpt_status
work(void *arg, struct eval_one *one, struct ckpt_error *err)
{
	struct masses *m = arg;
	const struct mass_plan *plan = NULL;
	struct result *r = calloc(1, sizeof(*r));
	enum ckpt_status st;

	one->result = r;
	if (r == NULL)
		return (error_nomem(err, sizeof(*r)));
	(void)pthread_mutex_lock(&m->lock);
	st = find_plan(m, one->plan, &plan, err);
	(void)pthread_mutex_unlock(&m->lock);
	if (st != CKPT_OK)
		return (st);
	st = mass_solve(plan, plan->plan->sym, &one->model, &r->mass,
	    &r->note, &r->refusal);
	r->is_solved = st == CKPT_OK;
	r->has_least = plan->n_filters == 0;
	if (st == CKPT_OK || st == CKPT_INVALID || st == CKPT_LIMIT)
		return (CKPT_OK);
	if (err != NULL)
		*err = r->refusal;
	return (st);
}

static void
release(void *result)
{
	struct result *r = result;

	match_mass_result_release(&r->mass);
	free(r->note);
}

/* ---- rows ---- */

static double
excess_of(const struct match_mass_tensor *t, bool has_least)
{
	return (has_least ? 100 * ((t->mass - t->least) / t->least) : NAN);
}

static size_t
columns(const struct masses *m, const char *label, const char *tensor,
    const struct match_mass_tensor *t, bool has_least, struct eval_cell *out)
{
	size_t n = 0;

	out[n++] = (struct eval_cell){ "label", label, 0 };
	if (m->options->by_layer)
		out[n++] = (struct eval_cell){ "tensor", tensor, 0 };
	out[n++] = (struct eval_cell){ "mass", NULL, t->mass };
	out[n++] = (struct eval_cell){ "least_mass", NULL, t->least };
	out[n++] = (struct eval_cell){ "excess_percent", NULL,
	    excess_of(t, has_least) };
	out[n++] = (struct eval_cell){ "certificate", NULL, t->certificate };
	return (n);
}

static enum ckpt_status
put_row(struct masses *m, const char *label, const char *tensor,
    const struct match_mass_tensor *t, bool has_least,
    struct ckpt_error *err)
{
	struct eval_cell c[N_COLUMNS];

	return (eval_cells_row(m->options, m->out, c, columns(m, label,
	    tensor, t, has_least, c), err));
}

/* Keeps a model's excess for the plot. */
static enum ckpt_status
note_excess(struct masses *m, double excess, struct ckpt_error *err)
{
	double *longer;

	if (m->options->plot == NULL || !isfinite(excess))
		return (CKPT_OK);
	if ((m->n_excess & (m->n_excess - 1)) == 0) { /* a power of two */
		longer = realloc(m->excess, (2 * m->n_excess + 1) *
		    sizeof(*longer));
		if (longer == NULL)
			return (error_nomem(err, m->n_excess * 16));
		m->excess = longer;
	}
	m->excess[m->n_excess++] = excess;
	return (CKPT_OK);
}

static enum ckpt_status
consume(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct masses *m = arg;
	const struct result *r = one->result;
	const char *label = one->model.head.label;
	struct match_mass_tensor all = { 0, NAN, NAN, NAN };
	enum ckpt_status st;

	if (!r->is_solved) {
		m->n_refused++;
		cli_warn(m->cli, "%s: %s", label, r->refusal.text);
		return (put_row(m, label, "(all)", &all, r->has_least, err));
	}
	if (r->note != NULL)
		cli_warn(m->cli, "%s: %s", label, r->note);
	all.mass = r->mass.mass;
	all.least = r->mass.least;
	all.certificate = r->mass.certificate;
	st = note_excess(m, excess_of(&all, r->has_least), err);
	if (st == CKPT_OK)
		st = put_row(m, label, "(all)", &all, r->has_least, err);
	for (size_t i = 0; m->options->by_layer && i < r->mass.n_tensors &&
	    st == CKPT_OK; i++)
		st = put_row(m, label, one->model.head.schema->
		    tensors[r->mass.tensors[i].index].name,
		    &r->mass.tensors[i], r->has_least, err);
	return (st);
}

static enum ckpt_status
draw(const struct masses *m, struct ckpt_error *err)
{
	struct eval_histogram h = { .title = "Excess over the least mass",
	    .label = "excess, percent", .values = m->excess,
	    .n = m->n_excess, .n_bins = m->options->n_bins };
	double *scratch = malloc((2 * h.n + 1) * sizeof(*scratch));
	struct plot *p;
	enum ckpt_status st;

	if (h.n == 0) {
		cli_warn(m->cli, "no model has a least mass: no plot");
		free(scratch);
		return (CKPT_OK);
	}
	if (scratch == NULL)
		return (error_nomem(err, 2 * h.n * sizeof(*scratch)));
	stats_range(h.values, h.n, scratch, &h.low, &h.high);
	free(scratch);
	st = plot_new(1, &p, err);
	if (st != CKPT_OK)
		return (st);
	st = eval_histogram_add(&h, p, err);
	if (st == CKPT_OK)
		st = plot_save(p, m->options->plot, err);
	plot_free(p);
	return (st);
}

static enum ckpt_status
run(struct masses *m, struct plans *plans, struct ckpt_error *err)
{
	const struct eval_pass pass = { .cli = m->cli, .plans = plans,
	    .arg = m, .work = work, .consume = consume, .release = release };
	const struct match_mass_tensor none = { 0 };
	struct eval_cell c[N_COLUMNS];
	enum ckpt_status st;

	st = eval_cells_head(m->options, m->out, c, columns(m, "", "", &none,
	    true, c), err);
	if (st == CKPT_OK)
		st = eval_pass_run(&pass, m->cli->args, m->cli->n_args, err);
	if (st == CKPT_OK && m->options->plot != NULL)
		st = draw(m, err);
	return (st);
}

enum ckpt_status
eval_mass(const struct cli *c, const struct eval_options *o,
    struct outfile *out, size_t *n_refused, struct ckpt_error *err)
{
	struct masses m = { .cli = c, .options = o, .out = out };
	struct plans *plans = NULL;
	enum ckpt_status st;

	if (pthread_mutex_init(&m.lock, NULL) != 0)
		return (error_nomem(err, sizeof(m.lock)));
	st = plans_new(c, o->arch, PLANS_GRAPH, &plans, err);
	if (st == CKPT_OK)
		st = run(&m, plans, err);
	*n_refused = m.n_refused;
	free(m.excess);
	for (size_t i = 0; i < m.n_plans; i++)
		mass_plan_free(m.plans[i]);
	free(m.plans);
	plans_free(plans);
	(void)pthread_mutex_destroy(&m.lock);
	return (st);
}
