/*
 * eval_options: the command line of ckpt-eval.
 */
#include "eval.h"

enum {
	OPTION_DATA = 256, OPTION_OOD, OPTION_ENSEMBLE, OPTION_JSON,
	OPTION_LOGITS, OPTION_ARCH, OPTION_NORMALIZE, OPTION_BINS,
	OPTION_LIMIT, OPTION_FPR_RULE, OPTION_ORDER,
	OPTION_EXCHANGEABLE, OPTION_MARGINALS, OPTION_TITLES, OPTION_PLOT,
	OPTION_MASS, OPTION_WITH_BIAS, OPTION_BY_LAYER
};

static const struct cli_option options[] = {
	{ "data", OPTION_DATA, "IMAGES[,LABELS]",
	    "IDX (gzip or not) or .npy: scores of models" },
	{ "ood", OPTION_OOD, "IMAGES", "images from another distribution" },
	{ "ensemble", OPTION_ENSEMBLE, NULL,
	    "add the scores of the mean prediction" },
	{ "arch", OPTION_ARCH, "ARCH", ".arch file, or a known name" },
	{ "normalize", OPTION_NORMALIZE, "TEXT",
	    "'scale=A mean=M std=S' instead of the .arch's" },
	{ "bins", OPTION_BINS, "N",
	    "of the ECE (default 15) or histograms (48)" },
	{ "fpr-rule", OPTION_FPR_RULE, "RULE",
	    "first (default), nearest or interpolated" },
	{ "limit", OPTION_LIMIT, "N", "the first N images of each file" },
	{ "logits", OPTION_LOGITS, "FILE",
	    "write the logits as .npy, of the --data images" },
	{ "order", OPTION_ORDER, NULL,
	    "how the order of units changes, no data" },
	{ "mass", OPTION_MASS, NULL,
	    "mass, and the least under rescaling, no data" },
	{ "with-bias", OPTION_WITH_BIAS, NULL, "with --mass: biases count" },
	{ "by-layer", OPTION_BY_LAYER, NULL, "with --mass: rows of tensors" },
	{ "exchangeable", OPTION_EXCHANGEABLE, "TENSOR[:AXIS]",
	    "test where the largest weight lies, no data" },
	{ "marginals", OPTION_MARGINALS, "WEIGHT[,WEIGHT]...",
	    "distributions of t[0,1] and others, no data" },
	{ "titles", OPTION_TITLES, "TEXT[,TEXT]...",
	    "of the inputs, for --marginals" },
	{ "plot", OPTION_PLOT, "FILE.svg", "draw the statistic, too" },
	{ "json", OPTION_JSON, NULL, "one JSON object a line" },
	{ "output", 'o', "FILE", "write to FILE, complete or not at all" },
	{ NULL, 0, NULL, NULL }
};

/* Where the values go. */
struct parse {
	struct cli *cli;
	struct eval_options *options;
};

/* IMAGES or IMAGES,LABELS, split at the last comma. */
static void
parse_data(struct parse *p, char *value)
{
	p->options->images = value;
	if (!dataset_split(value, &p->options->labels))
		cli_usage_error(p->cli, "--data: expected IMAGES,LABELS");
}

static void
parse_fpr_rule(struct parse *p)
{
	const char *v = p->cli->value;

	if (strcmp(v, "first") == 0)
		p->options->fpr_rule = STATS_FPR_FIRST;
	else if (strcmp(v, "nearest") == 0)
		p->options->fpr_rule = STATS_FPR_NEAREST;
	else if (strcmp(v, "interpolated") == 0)
		p->options->fpr_rule = STATS_FPR_INTERPOLATED;
	else
		cli_usage_error(p->cli, "--fpr-rule=%s: expected first, "
		    "nearest or interpolated", v);
}

static void
set_mode(struct parse *p, enum eval_mode mode)
{
	if (p->options->mode != EVAL_SCORES && p->options->mode != mode)
		cli_usage_error(p->cli, "only one statistic at a time");
	p->options->mode = mode;
}

static void
take_option(struct parse *p, int letter)
{
	struct eval_options *o = p->options;

	switch (letter) {
	case OPTION_DATA:
		parse_data(p, (char *)(uintptr_t)p->cli->value);
		break;
	case OPTION_OOD:
		o->ood = p->cli->value;
		break;
	case OPTION_ENSEMBLE:
		o->has_ensemble = true;
		break;
	case OPTION_JSON:
		o->is_json = true;
		break;
	case OPTION_LOGITS:
		o->logits = p->cli->value;
		break;
	case OPTION_ARCH:
		o->arch = p->cli->value;
		break;
	case OPTION_NORMALIZE:
		o->normalize = p->cli->value;
		break;
	case OPTION_BINS:
		o->n_bins = (unsigned)cli_number(p->cli, 1, STATS_MAX_BINS);
		break;
	case OPTION_LIMIT:
		o->limit = cli_number(p->cli, 1, UINT32_MAX);
		break;
	case OPTION_FPR_RULE:
		parse_fpr_rule(p);
		break;
	case OPTION_ORDER:
		set_mode(p, EVAL_ORDER);
		break;
	case OPTION_EXCHANGEABLE:
		set_mode(p, EVAL_EXCHANGEABLE);
		o->exchangeable = p->cli->value;
		break;
	case OPTION_MARGINALS:
		set_mode(p, EVAL_MARGINALS);
		o->marginals = p->cli->value;
		break;
	case OPTION_TITLES:
		o->titles = p->cli->value;
		break;
	case OPTION_MASS:
		set_mode(p, EVAL_MASS);
		break;
	case OPTION_WITH_BIAS:
		o->with_bias = true;
		break;
	case OPTION_BY_LAYER:
		o->by_layer = true;
		break;
	case OPTION_PLOT:
		o->plot = p->cli->value;
		break;
	case 'o':
		o->output = p->cli->value;
		break;
	}
}

static void
check_data(const struct parse *p)
{
	const struct eval_options *o = p->options;

	if (o->images == NULL)
		cli_usage_error(p->cli, "--data=IMAGES,LABELS is missing");
	if (o->labels == NULL && o->ood == NULL && o->logits == NULL)
		cli_usage_error(p->cli, "--data without labels needs --ood "
		    "or --logits");
	if (o->labels == NULL && o->ood == NULL && o->has_ensemble)
		cli_usage_error(p->cli, "--ensemble needs labels or --ood");
	if (o->plot != NULL)
		cli_usage_error(p->cli, "there is no plot of scores");
}

static void
check_statistic(const struct parse *p)
{
	const struct eval_options *o = p->options;

	if (o->images != NULL || o->ood != NULL || o->logits != NULL ||
	    o->has_ensemble || o->normalize != NULL)
		cli_usage_error(p->cli, "statistics of weights need no "
		    "data: --data, --ood, --ensemble, --logits and "
		    "--normalize are for scores");
}

void
eval_options_parse(struct cli *c, struct eval_options *o, int argc,
    char **argv)
{
	struct parse parse = { c, o }, *p = &parse;
	int letter;

	o->limit = UINT64_MAX;
	c->options = options;
	cli_begin(c, argc, argv);
	while ((letter = cli_next_option(c)) != -1)
		take_option(p, letter);
	if (o->mode == EVAL_SCORES)
		check_data(p);
	else
		check_statistic(p);
	if (o->mode != EVAL_MASS && (o->with_bias || o->by_layer))
		cli_usage_error(c, "--with-bias and --by-layer go with "
		    "--mass");
	if (o->mode != EVAL_MARGINALS && o->titles != NULL)
		cli_usage_error(c, "--titles is for --marginals");
	if (o->n_bins == 0)
		o->n_bins = o->mode == EVAL_SCORES ? STATS_DEFAULT_BINS :
		    EVAL_BINS;
}
