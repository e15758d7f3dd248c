/*
 * align_options: the command line of ckpt-align.
 */
#include "base/banned.h"
#include "align.h"
#include "dataset.h"

enum {
	OPTION_ARCH = 256, OPTION_BARRIER, OPTION_CANONICAL, OPTION_CHECK,
	OPTION_CYCLES, OPTION_DATA, OPTION_DTYPE, OPTION_EXPLAIN,
	OPTION_LIMIT, OPTION_MEAN, OPTION_METHOD, OPTION_PASSES, OPTION_PLOT,
	OPTION_POINTS, OPTION_REPAIR, OPTION_REPORT, OPTION_RESTARTS,
	OPTION_RESTORE, OPTION_SCALE, OPTION_SEED, OPTION_SOFTMAX,
	OPTION_TABLE, OPTION_TO, OPTION_TRIPLES, OPTION_WINDOW,
	OPTION_WITH_BIAS
};

const struct cli_option align_options[] = {
	{ "canonical", OPTION_CANONICAL, "FORM", "exact or paper" },
	{ "to", OPTION_TO, "REF", "match FILE's first model, or FILE:LABEL" },
	{ "barrier", OPTION_BARRIER, "REF", "scores on the way to REF" },
	{ "restore", OPTION_RESTORE, NULL, "undo alignments" },
	{ "explain", OPTION_EXPLAIN, NULL, "print the groups of units" },
	{ "table", OPTION_TABLE, NULL, "print the table of symmetries" },
	{ "output", 'o', "FILE", "write there, not to standard output" },
	{ "scale", OPTION_SCALE, "SCALE", "none, pow2, unit or min-mass" },
	{ "softmax", OPTION_SOFTMAX, "center", "and without its translation" },
	{ "with-bias", OPTION_WITH_BIAS, NULL, "with min-mass: biases count" },
	{ "dtype", OPTION_DTYPE, "f64", "with exact: as the ID has it" },
	{ "method", OPTION_METHOD, "METHOD", "weights or activations" },
	{ "mean", OPTION_MEAN, "FILE", "with --to=mean: write the mean there" },
	{ "cycles", OPTION_CYCLES, "FILE", "and how far A>B>C>A leads home" },
	{ "triples", OPTION_TRIPLES, "N", "of models for it (default 100)" },
	{ "passes", OPTION_PASSES, "N", "at most N over the models" },
	{ "window", OPTION_WINDOW, "N", "the mean of N models, then onward" },
	{ "restarts", OPTION_RESTARTS, "N", "with --to: N more random starts" },
	{ "seed", OPTION_SEED, "N", "of the random starts (default 0)" },
	{ "report", OPTION_REPORT, "FILE", "a line of TSV for each model" },
	{ "check", OPTION_CHECK, "f64", "of the report: in f64, too" },
	{ "data", OPTION_DATA, "IMAGES[,LABELS]",
	    "inputs for the report, or to be scored" },
	{ "limit", OPTION_LIMIT, "N", "with --barrier: the first N images" },
	{ "points", OPTION_POINTS, "N", "on the way (default 11)" },
	{ "repair", OPTION_REPAIR, "[IMAGES]",
	    "and with batch norm's statistics reset" },
	{ "plot", OPTION_PLOT, "FILE.svg", "draw it, too" },
	{ "arch", OPTION_ARCH, "ARCH", "an .arch file or known name" },
	{ NULL, 0, NULL, NULL }
};

static void
set_method(struct align *a, enum align_method method)
{
	if (a->method != ALIGN_NONE && a->method != method)
		cli_usage_error(&a->cli, "--canonical, --to, --barrier and "
		    "--restore exclude one another");
	a->method = method;
}

static void
parse_canonical(struct align *a)
{
	if (strcmp(a->cli.value, "exact") == 0)
		set_method(a, ALIGN_EXACT);
	else if (strcmp(a->cli.value, "paper") == 0)
		set_method(a, ALIGN_PAPER);
	else
		cli_usage_error(&a->cli, "--canonical=%s: expected exact or "
		    "paper", a->cli.value);
}

static void
parse_scale(struct align *a)
{
	if (strcmp(a->cli.value, "none") == 0)
		a->scale = MATCH_SCALE_NONE;
	else if (strcmp(a->cli.value, "pow2") == 0)
		a->scale = MATCH_SCALE_POW2;
	else if (strcmp(a->cli.value, "unit") == 0)
		a->scale = MATCH_SCALE_UNIT;
	else if (strcmp(a->cli.value, "min-mass") == 0)
		a->scale = MATCH_SCALE_MASS;
	else
		cli_usage_error(&a->cli, "--scale=%s: expected none, pow2, "
		    "unit or min-mass", a->cli.value);
	a->has_scale = true;
}

static void
parse_method(struct align *a)
{
	a->by_activations = strcmp(a->cli.value, "activations") == 0;
	if (!a->by_activations && strcmp(a->cli.value, "weights") != 0)
		cli_usage_error(&a->cli, "--method=%s: expected weights or "
		    "activations", a->cli.value);
	a->has_method = true;
}

static void
parse_reference(struct align *a, bool is_barrier)
{
	if (!is_barrier && strcmp(a->cli.value, "mean") == 0) {
		set_method(a, ALIGN_MEAN);
		return;
	}
	set_method(a, ALIGN_TO);
	if (a->reference != NULL && a->barrier_options.is_wanted !=
	    is_barrier)
		cli_usage_error(&a->cli, "--to and --barrier exclude one "
		    "another");
	a->reference = a->cli.value;
	a->barrier_options.is_wanted = is_barrier;
}

/* What goes with --barrier alone. */
static void
parse_barrier(struct align *a, int letter)
{
	struct align_barrier_options *o = &a->barrier_options;

	switch (letter) {
	case OPTION_LIMIT:
		o->limit = cli_number(&a->cli, 1, UINT32_MAX);
		break;
	case OPTION_PLOT:
		o->plot = a->cli.value;
		break;
	case OPTION_POINTS:
		o->n_points = (size_t)cli_number(&a->cli, 2, 10001);
		break;
	case OPTION_REPAIR:
		o->is_repaired = true;
		o->repair = a->cli.value;
		break;
	}
}

/* What goes with --to=mean alone. */
static void
parse_mean(struct align *a, int letter)
{
	struct align_mean_options *o = &a->mean_options;

	switch (letter) {
	case OPTION_CYCLES:
		o->cycles = a->cli.value;
		break;
	case OPTION_MEAN:
		o->path = a->cli.value;
		break;
	case OPTION_PASSES:
		o->n_passes = (unsigned)cli_number(&a->cli, 1, 100000);
		break;
	case OPTION_TRIPLES:
		o->n_triples = cli_number(&a->cli, 1, UINT32_MAX);
		break;
	case OPTION_WINDOW:
		o->window = cli_number(&a->cli, 1, UINT32_MAX);
		break;
	}
}

static void
parse_option(struct align *a, int letter)
{
	switch (letter) {
	case 'o':
		a->output = a->cli.value;
		break;
	case OPTION_ARCH:
		a->arch = a->cli.value;
		break;
	case OPTION_BARRIER:
	case OPTION_TO:
		parse_reference(a, letter == OPTION_BARRIER);
		break;
	case OPTION_LIMIT:
	case OPTION_PLOT:
	case OPTION_POINTS:
	case OPTION_REPAIR:
		parse_barrier(a, letter);
		break;
	case OPTION_CYCLES:
	case OPTION_MEAN:
	case OPTION_PASSES:
	case OPTION_TRIPLES:
	case OPTION_WINDOW:
		parse_mean(a, letter);
		break;
	case OPTION_CANONICAL:
		parse_canonical(a);
		break;
	case OPTION_CHECK:
		if (strcmp(a->cli.value, "f64") != 0)
			cli_usage_error(&a->cli, "--check=%s: expected f64",
			    a->cli.value);
		a->is_f64_check = true;
		break;
	case OPTION_DATA:
		a->data = a->cli.value;
		break;
	case OPTION_DTYPE:
		if (strcmp(a->cli.value, "f64") != 0)
			cli_usage_error(&a->cli, "--dtype=%s: expected f64",
			    a->cli.value);
		a->dtype = CKPT_F64;
		break;
	case OPTION_EXPLAIN:
		a->is_explain = true;
		break;
	case OPTION_TABLE:
		a->is_explain = a->is_table = true;
		break;
	case OPTION_METHOD:
		parse_method(a);
		break;
	case OPTION_REPORT:
		a->report = a->cli.value;
		break;
	case OPTION_RESTARTS:
		a->n_restarts = (unsigned)cli_number(&a->cli, 0, 1000000);
		break;
	case OPTION_RESTORE:
		set_method(a, ALIGN_RESTORE);
		break;
	case OPTION_SCALE:
		parse_scale(a);
		break;
	case OPTION_SOFTMAX:
		if (strcmp(a->cli.value, "center") != 0)
			cli_usage_error(&a->cli, "--softmax=%s: expected "
			    "center", a->cli.value);
		a->is_centered = true;
		break;
	case OPTION_WITH_BIAS:
		a->with_bias = true;
		break;
	case OPTION_SEED:
		a->seed = cli_number(&a->cli, 0, UINT64_MAX);
		break;
	}
}

static bool
is_stdout(const char *path)
{
	return (path != NULL && strcmp(path, "-") == 0);
}

static void
check_mean(struct align *a)
{
	const struct align_mean_options *o = &a->mean_options;

	if (a->method != ALIGN_MEAN && (o->cycles != NULL ||
	    o->path != NULL || o->n_passes != 0 || o->n_triples != 0 ||
	    o->window != 0))
		cli_usage_error(&a->cli, "--mean, --cycles, --triples, "
		    "--passes and --window go with --to=mean");
	if (o->n_triples != 0 && o->cycles == NULL)
		cli_usage_error(&a->cli, "--triples goes with --cycles");
	if ((a->output == NULL || is_stdout(a->output)) +
	    is_stdout(a->report) + is_stdout(o->path) +
	    is_stdout(o->cycles) > 1 && a->method == ALIGN_MEAN)
		cli_usage_error(&a->cli, "of --output, --report, --mean and "
		    "--cycles only one can be standard output");
}

static void
check_barrier(struct align *a)
{
	struct align_barrier_options *o = &a->barrier_options;

	if (!o->is_wanted) {
		if (o->limit != 0 || o->n_points != 0 || o->is_repaired ||
		    o->plot != NULL)
			cli_usage_error(&a->cli, "--limit, --points, "
			    "--repair and --plot go with --barrier");
		return;
	}
	/* ours: it points into the arguments */
	if (a->data == NULL || !dataset_split((char *)(uintptr_t)a->data,
	    &o->labels) || o->labels == NULL)
		cli_usage_error(&a->cli, "--barrier needs "
		    "--data=IMAGES,LABELS");
	if (a->report != NULL)
		cli_usage_error(&a->cli, "--barrier takes no --report");
	if (o->limit == 0)
		o->limit = UINT64_MAX;
	if (o->n_points == 0)
		o->n_points = 11;
}

static void
check_matching(const struct align *a)
{
	const struct cli *c = &a->cli;

	if (a->has_method && a->method != ALIGN_TO)
		cli_usage_error(c, "--method goes with --to or --barrier");
	if (!a->by_activations)
		return;
	if (a->data == NULL)
		cli_usage_error(c, "--method=activations needs "
		    "--data=IMAGES");
	if (a->scale != MATCH_SCALE_NONE || a->n_restarts > 0)
		cli_usage_error(c, "--method=activations takes no --scale "
		    "and no --restarts: scales change no correlation, and "
		    "one assignment is the best");
}

/* Options that make no sense together; the scales that methods have. */
static void
check_options(struct align *a)
{
	const bool is_mass = a->has_scale && a->scale == MATCH_SCALE_MASS;

	if (a->method == ALIGN_NONE && (is_mass || a->is_centered ||
	    (a->has_scale && a->scale == MATCH_SCALE_UNIT)))
		a->method = ALIGN_SCALE;
	if (a->is_centered && a->method != ALIGN_SCALE &&
	    a->method != ALIGN_PAPER)
		cli_usage_error(&a->cli, "--softmax=center rounds: it goes "
		    "alone, with --scale or with --canonical=paper");
	if (is_mass && a->method != ALIGN_SCALE && a->method != ALIGN_PAPER)
		cli_usage_error(&a->cli, "--scale=min-mass goes alone or "
		    "with --canonical=paper");
	if (a->with_bias && !is_mass)
		cli_usage_error(&a->cli, "--with-bias goes with "
		    "--scale=min-mass");
	if (a->method == ALIGN_NONE && !a->is_explain)
		cli_usage_error(&a->cli, "expected --canonical, --to, "
		    "--scale, --softmax, --restore or --explain");
	if (!a->has_scale)
		a->scale = a->method == ALIGN_EXACT ? MATCH_SCALE_POW2 :
		    a->method == ALIGN_PAPER ? MATCH_SCALE_UNIT :
		    MATCH_SCALE_NONE;
	else if (a->method == ALIGN_EXACT && a->scale == MATCH_SCALE_UNIT)
		cli_usage_error(&a->cli, "--scale=unit rounds: the exact "
		    "form takes none or pow2");
	if (a->dtype != 0 && (a->method != ALIGN_EXACT ||
	    a->scale != MATCH_SCALE_POW2))
		cli_usage_error(&a->cli, "--dtype=f64 goes with "
		    "--canonical=exact --scale=pow2");
	if (a->method == ALIGN_RESTORE && (a->has_scale ||
	    a->report != NULL))
		cli_usage_error(&a->cli, "--restore takes no --scale and no "
		    "--report");
	if (a->is_f64_check && a->report == NULL)
		cli_usage_error(&a->cli, "--check goes with --report");
	check_barrier(a);
	check_mean(a);
	check_matching(a);
	if (a->data != NULL && a->report == NULL && !a->by_activations &&
	    !a->barrier_options.is_wanted)
		cli_usage_error(&a->cli, "--data goes with --report, "
		    "--barrier or --method=activations");
	if (a->report != NULL && strcmp(a->report, "-") == 0 &&
	    (a->output == NULL || strcmp(a->output, "-") == 0))
		cli_usage_error(&a->cli, "--report=- needs -o FILE");
}

void
align_parse_options(struct align *a, int argc, char **argv)
{
	int letter;

	cli_begin(&a->cli, argc, argv);
	while ((letter = cli_next_option(&a->cli)) != -1)
		parse_option(a, letter);
	check_options(a);
}
