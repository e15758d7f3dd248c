/*
 * ckpt-store: a directory that holds models safely.
 */
#include "select.h"
#include "store.h"

enum {
	OPTION_META = 256, OPTION_SCHEMA, OPTION_ARCH, OPTION_JSON,
	OPTION_REPAIR, OPTION_REBUILD
};

static const struct cli_option options[] = {
	{ "output", 'o', "FILE", "get: write FILE (default: standard output)" },
	{ "directory", 'C', "DIR", "get: write safetensors files under DIR" },
	{ "meta", OPTION_META, "KEY[=GLOB]", "only models with such metadata" },
	{ "schema", OPTION_SCHEMA, "ID", "only models of this schema" },
	{ "arch", OPTION_ARCH, "ARCH", "only models of this architecture" },
	{ "json", OPTION_JSON, NULL, "ls: JSON, an object a line" },
	{ "repair", OPTION_REPAIR, NULL, "fsck: save what is whole" },
	{ "rebuild", OPTION_REBUILD, NULL, "fsck: make the catalog anew" },
	{ NULL, 0, NULL, NULL }
};

static const struct command {
	const char *name;
	int (*run)(struct store_tool *t);
	bool selects;       /* takes patterns and filters */
	bool takes_inputs;
} commands[] = {
	{ "init", store_tool_init, false, false },
	{ "add", store_tool_add, false, true },
	{ "get", store_tool_get, true, true },
	{ "ls", store_tool_ls, true, true },
	{ "rm", store_tool_rm, true, true },
	{ "gc", store_tool_gc, false, false },
	{ "fsck", store_tool_fsck, false, false },
	{ "stat", store_tool_stat, false, false }
};

static void
take_option(struct store_tool *t, int letter)
{
	switch (letter) {
	case 'o':
		t->output = t->cli.value;
		break;
	case 'C':
		t->directory = t->cli.value;
		break;
	case OPTION_META:
		if (select_add(&t->meta, &t->n_meta, t->cli.value, NULL) !=
		    CKPT_OK)
			cli_usage_error(&t->cli, "out of memory");
		break;
	case OPTION_SCHEMA:
		t->schema = t->cli.value;
		break;
	case OPTION_ARCH:
		t->arch = t->cli.value;
		break;
	case OPTION_JSON:
		t->is_json = true;
		break;
	case OPTION_REPAIR:
		t->repairs = true;
		break;
	case OPTION_REBUILD:
		t->rebuilds = true;
		break;
	}
}

static const struct command *
find_command(const struct store_tool *t)
{
	size_t i;

	if (t->cli.n_args < 1)
		cli_usage_error(&t->cli, "no command; see --help");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, t->cli.args[0]) == 0)
			return (&commands[i]);
	cli_usage_error(&t->cli, "%s: expected init, add, get, ls, rm, gc, "
	    "fsck or stat", t->cli.args[0]);
}

/* Options of another command would be without effect. */
static void
check_options(const struct store_tool *t, const struct command *c)
{
	bool filters = t->n_meta > 0 || t->schema != NULL || t->arch != NULL;

	if (t->cli.n_args < 2)
		cli_usage_error(&t->cli, "%s: no store is named", c->name);
	if (t->cli.n_args > 2 && !c->takes_inputs)
		cli_usage_error(&t->cli, "%s takes a store only", c->name);
	if (filters && !c->selects)
		cli_usage_error(&t->cli,
		    "--meta, --schema and --arch are of get, ls and rm");
	if ((t->output != NULL || t->directory != NULL) &&
	    c->run != store_tool_get)
		cli_usage_error(&t->cli, "--output and -C are of get");
	if (t->output != NULL && t->directory != NULL)
		cli_usage_error(&t->cli, "-C excludes -o");
	if (t->is_json && c->run != store_tool_ls)
		cli_usage_error(&t->cli, "--json is of ls");
	if ((t->repairs || t->rebuilds) && c->run != store_tool_fsck)
		cli_usage_error(&t->cli, "--repair and --rebuild are of fsck");
}

int
main(int argc, char **argv)
{
	struct store_tool t = { .cli = {
		.tool = "ckpt-store",
		.synopsis = "[OPTION]... COMMAND STORE [INPUT|PATTERN]...",
		.purpose = "Keep models in a directory: init, add, get, ls, "
		    "rm, gc, fsck, stat.",
		.options = options,
	} };
	const struct command *c;
	int letter, status;

	cli_begin(&t.cli, argc, argv);
	while ((letter = cli_next_option(&t.cli)) != -1)
		take_option(&t, letter);
	c = find_command(&t);
	check_options(&t, c);
	t.path = t.cli.args[1];
	t.args = t.cli.args + 2;
	t.n_args = t.cli.n_args - 2;
	status = c->run(&t);
	free(t.meta);
	free(t.fits);
	return (cli_end(&t.cli, status));
}
