/*
 * ckpt-diff: what differs between two models, two streams of them, or a
 * stream and a base.
 */
#include "base/banned.h"
#include "diff.h"

enum { OPTION_BASE = 256, OPTION_MODULO, OPTION_ARCH, OPTION_JSON };

static const struct cli_option options[] = {
	{ "all", 'a', NULL, "print equal tensors too" },
	{ "arch", OPTION_ARCH, "ARCH", "for --modulo: .arch file or name" },
	{ "base", OPTION_BASE, "REF", "compare each model with REF's first" },
	{ "brief", 'b', NULL, "one line for each model that differs" },
	{ "json", OPTION_JSON, NULL, "one JSON object a line" },
	{ "modulo", OPTION_MODULO, "symmetry",
	    "take equal functions of symmetry as equal" },
	{ NULL, 0, NULL, NULL }
};

static void
parse_options(struct diff *d, int argc, char **argv)
{
	int letter;

	cli_begin(&d->cli, argc, argv);
	while ((letter = cli_next_option(&d->cli)) != -1) {
		switch (letter) {
		case 'a':
			d->shows_all = true;
			break;
		case 'b':
			d->is_brief = true;
			break;
		case OPTION_ARCH:
			d->arch = d->cli.value;
			break;
		case OPTION_BASE:
			d->base = d->cli.value;
			break;
		case OPTION_JSON:
			d->is_json = true;
			break;
		case OPTION_MODULO:
			if (strcmp(d->cli.value, "symmetry") != 0)
				cli_usage_error(&d->cli,
				    "--modulo=%s: expected symmetry",
				    d->cli.value);
			d->is_modulo = true;
			break;
		}
	}
	if (d->base == NULL && d->cli.n_args != 2)
		cli_usage_error(&d->cli, "expected two inputs, A and B, or "
		    "--base=REF");
	if (d->base == NULL && strcmp(d->cli.args[0], "-") == 0 &&
	    strcmp(d->cli.args[1], "-") == 0)
		cli_usage_error(&d->cli, "standard input can be one of the "
		    "two only");
}

int
main(int argc, char **argv)
{
	struct diff d = { .cli = {
		.tool = "ckpt-diff",
		.synopsis = "[OPTION]... A B | --base=REF [INPUT]...",
		.purpose = "Compare models tensor by tensor.",
		.options = options,
	} };
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	enum ckpt_status st;
	int status;

	parse_options(&d, argc, argv);
	st = plans_new(&d.cli, d.arch, PLANS_TABLE_ALONE, &d.plans, &err);
	if (st == CKPT_OK && d.base != NULL)
		st = diff_base(&d, &err);
	else if (st == CKPT_OK)
		st = diff_streams(&d, d.cli.args[0], d.cli.args[1], &err);
	plans_free(d.plans);
	status = d.n_differ > 0 ? CLI_NO : CLI_YES;
	if (st != CKPT_OK) {
		cli_report(&d.cli, &err);
		status = CLI_TROUBLE;
	}
	return (cli_end(&d.cli, status));
}
