/*
 * ckpt-eval: predictions and scores of models on data.
 */
#include "eval.h"

#include <math.h>

struct eval {
	struct cli cli;
	struct eval_options options;
	struct dataset in, ood;
	struct eval_plans *plans;
	struct model_source *source;
	struct outfile *output;
	struct eval_logits *logits;
	struct eval_ensemble *ensemble;
	size_t n_models, n_nan;
	/* A model that was read, but belongs to the next item; and what
	 * ended the stream. */
	struct model next;
	bool has_next;
	enum ckpt_status end;
	struct ckpt_error end_error;
};

/* ---- the pipeline ---- */

static void
drop(void *arg, void *item)
{
	(void)arg;
	eval_item_free(item);
}

/* Adds the model at hand to the item, if it belongs there. */
static enum ckpt_status
fill(struct eval *e, struct eval_item *item, struct ckpt_error *err)
{
	const struct eval_plan *plan;
	enum ckpt_status st;

	st = eval_plans_get(e->plans, &e->next.head, &plan, err);
	if (st != CKPT_OK)
		return (st);
	if (item->n > 0 && plan != item->plan)
		return (CKPT_END);
	item->plan = plan;
	item->models[item->n++].model = e->next;
	e->next = (struct model){ 0 };
	e->has_next = false;
	return (item->n < plan->n_models ? CKPT_OK : CKPT_END);
}

/* An item of models. What ends the stream is kept until the models before
 * it have been handed out. */
static enum ckpt_status
produce(void *arg, void **out, struct ckpt_error *err)
{
	struct eval *e = arg;
	struct eval_item *item = calloc(1, sizeof(*item));
	enum ckpt_status st = e->end;

	if (item == NULL)
		return (error_nomem(err, sizeof(*item)));
	while (st == CKPT_OK) {
		if (!e->has_next) {
			e->end = eval_load(e->source, &e->next,
			    &e->end_error);
			e->has_next = e->end == CKPT_OK;
		}
		if (e->has_next) {
			st = fill(e, item, &e->end_error);
			if (st != CKPT_OK && st != CKPT_END)
				e->end = st;
		}
		if (e->end != CKPT_OK)
			st = e->end;
	}
	if (item->n > 0) {
		*out = item;
		return (CKPT_OK);
	}
	eval_item_free(item);
	if (err != NULL && e->end != CKPT_END)
		*err = e->end_error;
	return (e->end);
}

static enum ckpt_status
work(void *arg, void *item, unsigned thread, struct ckpt_error *err)
{
	struct eval *e = arg;

	(void)thread;
	return (eval_item_run(&e->options, &e->in, item, err));
}

static void
warn(struct eval *e, const struct eval_model *m)
{
	const size_t n = m->in.n_nan + m->ood.n_nan;

	if (m->n_not_finite > 0)
		cli_warn(&e->cli, "%s: %zu weights are NaN or infinite",
		    m->model.head.label, m->n_not_finite);
	if (n == 0)
		return;
	e->n_nan++;
	cli_warn(&e->cli, "%s: %zu images have logits that are NaN or "
	    "infinite: not scored%s", m->model.head.label, n,
	    e->options.has_ensemble ? ", not in the ensemble" : "");
}

static enum ckpt_status
put_model(struct eval *e, const struct eval_plan *plan,
    const struct eval_model *m, struct ckpt_error *err)
{
	const char *label = m->model.head.label;
	enum ckpt_status st = CKPT_OK;

	warn(e, m);
	if (e->logits != NULL)
		st = eval_logits_add(e->logits, m->in.logits, plan->in->n,
		    nn_plan_classes(plan->nn), err);
	if (st == CKPT_OK && e->options.has_ensemble && m->in.n_nan == 0 &&
	    m->ood.n_nan == 0)
		st = eval_ensemble_add(&e->ensemble, plan, m, err);
	if (st != CKPT_OK)
		return (error_where(err, label));
	e->n_models++;
	return (eval_table_row(&e->options, e->output, label, &m->row, err));
}

static enum ckpt_status
consume(void *arg, void *p, struct ckpt_error *err)
{
	struct eval *e = arg;
	struct eval_item *item = p;
	enum ckpt_status st = CKPT_OK;

	for (size_t i = 0; i < item->n && st == CKPT_OK; i++)
		st = put_model(e, item->plan, &item->models[i], err);
	if (st == CKPT_OK && cli_wants_progress(&e->cli))
		(void)fprintf(stderr, "\r%s: %zu models", e->cli.tool,
		    e->n_models);
	eval_item_free(item);
	return (st);
}

/* ---- the whole ---- */

static enum ckpt_status
put_ensemble(struct eval *e, struct ckpt_error *err)
{
	struct eval_row row = {
		{ NAN, NAN, NAN, NAN }, { NAN, NAN, NAN }, { NAN, NAN, NAN }
	};
	enum ckpt_status st = CKPT_OK;

	if (e->ensemble != NULL)
		st = eval_ensemble_row(e->ensemble, &e->options, &e->in,
		    &row, err);
	if (st != CKPT_OK)
		return (st);
	return (eval_table_row(&e->options, e->output, "(ensemble)", &row,
	    err));
}

/* Opens all that the pipeline needs. What is open when one fails is closed
 * by the caller. */
static enum ckpt_status
open_all(struct eval *e, struct ckpt_error *err)
{
	const struct eval_options *o = &e->options;
	enum ckpt_status st;

	st = dataset_read(o->images, o->labels, o->limit, &e->in, err);
	if (st == CKPT_OK && o->ood != NULL)
		st = dataset_read(o->ood, NULL, o->limit, &e->ood, err);
	if (st == CKPT_OK)
		st = eval_plans_new(&e->cli, o, &e->in, o->ood == NULL ?
		    NULL : &e->ood, &e->plans, err);
	if (st == CKPT_OK && o->logits != NULL)
		st = eval_logits_open(o->logits, &e->logits, err);
	if (st == CKPT_OK)
		st = cli_open_inputs(&e->cli, e->cli.args, e->cli.n_args,
		    &e->source, err);
	if (st == CKPT_OK)
		st = outfile_open(o->output, &e->output, err);
	return (st);
}

static enum ckpt_status
run(struct eval *e, struct ckpt_error *err)
{
	const struct threads_pipe pipe = {
		.n_threads = e->cli.n_threads, .arg = e,
		.produce = produce, .work = work, .consume = consume,
		.drop = drop
	};
	enum ckpt_status st;

	st = eval_table_head(&e->options, e->output, err);
	if (st == CKPT_OK)
		st = threads_pipe_run(&pipe, err);
	if (e->n_models > 0 && cli_wants_progress(&e->cli))
		(void)fputc('\n', stderr);
	if (st == CKPT_OK && e->options.has_ensemble)
		st = put_ensemble(e, err);
	if (st == CKPT_OK && e->n_models == 0)
		st = error_set(err, CKPT_INVALID, "no models in the input");
	if (st == CKPT_OK && e->logits != NULL) {
		st = eval_logits_close(e->logits, err);
		e->logits = NULL;
	}
	if (st == CKPT_OK) {
		st = outfile_commit(e->output, err);
		e->output = NULL;
	}
	return (st);
}

/* What is known from the weights alone. */
static enum ckpt_status
run_statistic(struct eval *e, struct ckpt_error *err)
{
	enum ckpt_status st = outfile_open(e->options.output, &e->output,
	    err);

	if (st != CKPT_OK)
		return (st);
	switch (e->options.mode) {
	case EVAL_ORDER:
		st = eval_order(&e->cli, &e->options, e->output, err);
		break;
	case EVAL_EXCHANGEABLE:
		st = eval_exchange(&e->cli, &e->options, e->output, err);
		break;
	case EVAL_MARGINALS:
		st = eval_marginals(&e->cli, &e->options, e->output, err);
		break;
	case EVAL_MASS:
		st = eval_mass(&e->cli, &e->options, e->output, &e->n_nan,
		    err);
		break;
	case EVAL_SCORES:
		break;
	}
	if (st == CKPT_OK) {
		st = outfile_commit(e->output, err);
		e->output = NULL;
	}
	return (st);
}

static enum ckpt_status
run_scores(struct eval *e, struct ckpt_error *err)
{
	enum ckpt_status st = open_all(e, err);

	return (st == CKPT_OK ? run(e, err) : st);
}

int
main(int argc, char **argv)
{
	struct eval e = { .cli = {
		.tool = "ckpt-eval",
		.synopsis = "--data=IMAGES,LABELS|--order|--mass "
		    "[OPTION]... [INPUT]...",
		.purpose = "Score models on data, or take statistics of "
		    "their symmetries.",
	} };
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status st;
	int status;

	eval_options_parse(&e.cli, &e.options, argc, argv);
	st = e.options.mode == EVAL_SCORES ? run_scores(&e, &err) :
	    run_statistic(&e, &err);
	if (st != CKPT_OK)
		cli_report(&e.cli, &err);
	status = st != CKPT_OK ? CLI_TROUBLE : e.n_nan > 0 ? CLI_NO : CLI_YES;
	outfile_abort(e.output);
	eval_logits_abort(e.logits);
	model_source_close(e.source);
	model_release(&e.next);
	eval_ensemble_free(e.ensemble);
	eval_plans_free(e.plans);
	dataset_release(&e.in);
	dataset_release(&e.ood);
	return (cli_end(&e.cli, status));
}
