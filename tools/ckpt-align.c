/*
 * ckpt-align: brings models to a canonical form or to a reference, and back.
 */
#include "base/banned.h"
#include "align.h"

/* --barrier: no models come out, but a table. */
static enum ckpt_status
align_along(struct align *a, struct ckpt_error *err)
{
	enum ckpt_status st = align_barrier_open(a, err);

	if (st == CKPT_OK)
		st = align_run(a, err);
	return (st == CKPT_OK ? align_barrier_close(a, err) : st);
}

/* Opens everything, runs, and completes the output or throws it away. */
static enum ckpt_status
align_inputs(struct align *a, struct ckpt_error *err)
{
	struct cli_pack_options pack = { .has_codec = false };
	enum ckpt_status st, closed;

	if (a->method == ALIGN_TO) {
		st = align_open_reference(a, err);
		if (st != CKPT_OK)
			return (st);
	}
	st = cli_open_inputs(&a->cli, a->cli.args, a->cli.n_args, &a->source,
	    err);
	if (st != CKPT_OK)
		return (st);
	if (a->barrier_options.is_wanted)
		return (align_along(a, err));
	st = align_report_open(a, err);
	if (st == CKPT_OK && a->method == ALIGN_MEAN)
		st = align_mean_open(a, err);
	if (st != CKPT_OK)
		return (st);
	st = cli_open_pack(&a->cli, a->output, &pack, &a->sink, err);
	if (st == CKPT_OK) {
		st = a->method == ALIGN_MEAN ? align_mean_run(a, err) :
		    align_run(a, err);
		if (st != CKPT_OK)
			model_sink_abort(a->sink);
		else
			st = model_sink_close(a->sink, err);
	}
	if (st == CKPT_OK && a->method == ALIGN_MEAN)
		st = align_mean_close(a, err);
	closed = align_report_close(a, st == CKPT_OK ? err : NULL);
	return (st == CKPT_OK ? closed : st);
}

static void
align_release(struct align *a)
{
	size_t i;

	model_source_close(a->source);
	align_barrier_free(a->barrier);
	align_mean_free(a);
	align_close_reference(a);
	for (i = 0; i < a->n_plans; i++)
		align_plan_free(a->per_plan[i]);
	free(a->per_plan);
	plans_free(a->plans);
}

/* What the forward pass, or constants of normalisations, are needed for. */
static enum plans_graph
wanted_graph(const struct align *a)
{
	if (a->report != NULL || a->by_activations ||
	    a->barrier_options.is_wanted || a->scale == MATCH_SCALE_MASS ||
	    a->is_centered)
		return (PLANS_GRAPH);
	return (a->method == ALIGN_PAPER ? PLANS_GRAPH_OF_NORMS :
	    PLANS_TABLE_ALONE);
}

int
main(int argc, char **argv)
{
	struct align a = { .cli = {
		.tool = "ckpt-align",
		.synopsis = "[OPTION]... [INPUT]...",
		.purpose = "Bring models to a canonical form or to a "
		    "reference, and back.",
		.options = align_options,
	},
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .changed = PTHREAD_COND_INITIALIZER,
	};
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	enum ckpt_status st;
	int status = CLI_YES;

	align_parse_options(&a, argc, argv);
	st = plans_new(&a.cli, a.arch, wanted_graph(&a), &a.plans, &err);
	if (st == CKPT_OK)
		st = a.is_explain ? align_explain(&a, &err) :
		    align_inputs(&a, &err);
	if (st != CKPT_OK) {
		cli_report(&a.cli, &err);
		status = CLI_TROUBLE;
	} else if (a.has_nan) {
		status = CLI_NO;
	}
	align_release(&a);
	return (cli_end(&a.cli, status));
}
