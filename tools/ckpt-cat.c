/*
 * ckpt-cat: models in any format to a pack, a selection of it, another
 * format, or a listing.
 */
#include <sys/stat.h>

#include "base_packs.h"
#include "cli.h"
#include "coding.h"
#include "copy.h"
#include "foreign/foreign.h"
#include "list.h"
#include "pack/pack.h"

struct cat {
	struct cli cli;
	enum { TO_PACK, TO_SAFETENSORS, TO_NPY } to;
	const char *output;    /* -o */
	const char *directory; /* -C */
	unsigned n_lists;      /* times -l was given */
	bool is_json;
	bool is_stats;
	bool limits;           /* --head was given */
	uint64_t head;
	size_t n_lost;  /* tensors, with --keep-going */
	struct cli_pack_options pack;
	struct meta set;
	struct copy *copy;
	struct list list;
	const char **bases; /* --base */
	size_t n_bases;
	struct pack_base *base;
};

enum {
	OPTION_TO = 256, OPTION_CODEC, OPTION_LEVEL, OPTION_GROUP,
	OPTION_JSON, OPTION_SELECT, OPTION_TENSOR, OPTION_TENSORS,
	OPTION_HEAD, OPTION_SET, OPTION_KEEP_GOING,
	OPTION_ARCHIVE, OPTION_BASE, OPTION_STATS
};

static const struct cli_option options[] = {
	{ "output", 'o', "FILE", "write FILE (default: standard output)" },
	{ "archive", OPTION_ARCHIVE, NULL,
	    "refer to what is stored already; with -o FILE" },
	{ "base", OPTION_BASE, "FILE",
	    "models that thin archives refer to" },
	{ "to", OPTION_TO, "FORMAT", "pack (default), safetensors or npy" },
	{ "directory", 'C', "DIR", "with --to=safetensors: write under DIR" },
	{ "codec", OPTION_CODEC, "CODEC", "float (default), zstd or none" },
	{ "level", OPTION_LEVEL, "N", "of zstd: 1 (default) to 19" },
	{ "group", OPTION_GROUP, "N", "at most N models a row group" },
	{ "list", 'l', NULL, "list the models; -ll lists the tensors" },
	{ "tensors", OPTION_TENSORS, NULL, "list the tensors, as -ll" },
	{ "json", OPTION_JSON, NULL, "list as JSON, an object a line" },
	{ "stats", OPTION_STATS, NULL,
	    "what each coding of a pack stores and saves" },
	{ "select", OPTION_SELECT, "PATTERN", "models by label or model ID" },
	{ "tensor", OPTION_TENSOR, "GLOB", "only tensors named like GLOB" },
	{ "head", OPTION_HEAD, "N", "only the first N models selected" },
	{ "set", OPTION_SET, "KEY=VALUE", "set metadata of every model" },
	{ "keep-going", OPTION_KEEP_GOING, NULL,
	    "of a damaged pack, take what is whole" },
	{ NULL, 0, NULL, NULL }
};

static void
parse_to(struct cat *c)
{
	const char *v = c->cli.value;

	if (strcmp(v, "pack") == 0)
		c->to = TO_PACK;
	else if (strcmp(v, "safetensors") == 0)
		c->to = TO_SAFETENSORS;
	else if (strcmp(v, "npy") == 0)
		c->to = TO_NPY;
	else
		cli_usage_error(&c->cli,
		    "--to=%s: expected pack, safetensors or npy", v);
}

static void
parse_codec(struct cat *c)
{
	const char *v = c->cli.value;

	if (strcmp(v, "float") == 0)
		c->pack.codec = PACK_CODEC_FLOAT;
	else if (strcmp(v, "zstd") == 0)
		c->pack.codec = PACK_CODEC_ZSTD;
	else if (strcmp(v, "none") == 0)
		c->pack.codec = PACK_CODEC_NONE;
	else
		cli_usage_error(&c->cli,
		    "--codec=%s: expected float, zstd or none", v);
	c->pack.has_codec = true;
}

static void
parse_set(struct cat *c)
{
	const char *equals = strchr(c->cli.value, '=');
	struct ckpt_error err = { 0 };
	enum ckpt_status st;
	char *key;

	if (equals == NULL)
		cli_usage_error(&c->cli, "--set=%s: expected KEY=VALUE",
		    c->cli.value);
	key = strndup(c->cli.value, (size_t)(equals - c->cli.value));
	st = key == NULL ? error_nomem(&err, strlen(c->cli.value)) :
	    meta_set(&c->set, key, equals + 1, &err);
	free(key);
	if (st != CKPT_OK)
		cli_usage_error(&c->cli, "--set=%s: %s", c->cli.value,
		    err.text);
}

static void
add_pattern(struct cat *c, const char ***list, size_t *n)
{
	if (select_add(list, n, c->cli.value, NULL) != CKPT_OK)
		cli_usage_error(&c->cli, "out of memory");
}

static void
take_option(struct cat *c, int letter, struct select *select)
{
	switch (letter) {
	case 'o':
		c->output = c->cli.value;
		break;
	case 'C':
		c->directory = c->cli.value;
		break;
	case 'l':
		c->n_lists++;
		break;
	case OPTION_TENSORS:
		c->n_lists = 2;
		break;
	case OPTION_JSON:
		c->is_json = true;
		break;
	case OPTION_TO:
		parse_to(c);
		break;
	case OPTION_CODEC:
		parse_codec(c);
		break;
	case OPTION_LEVEL:
		c->pack.level = (int)cli_number(&c->cli, 1, 19);
		break;
	case OPTION_GROUP:
		c->pack.group_models = cli_number(&c->cli, 1, 65536);
		break;
	case OPTION_SELECT:
		add_pattern(c, &select->models, &select->n_models);
		break;
	case OPTION_TENSOR:
		add_pattern(c, &select->tensors, &select->n_tensors);
		break;
	case OPTION_HEAD:
		c->head = cli_number(&c->cli, 0, UINT64_MAX);
		c->limits = true;
		break;
	case OPTION_STATS:
		c->is_stats = true;
		break;
	case OPTION_ARCHIVE:
		c->pack.is_archive = true;
		break;
	case OPTION_BASE:
		add_pattern(c, &c->bases, &c->n_bases);
		break;
	case OPTION_KEEP_GOING:
		c->cli.n_lost = &c->n_lost;
		break;
	case OPTION_SET:
		parse_set(c);
		break;
	}
}

/* Options that contradict each other or would be without effect. */
static void
check_options(const struct cat *c)
{
	bool file = c->output != NULL && strcmp(c->output, "-") != 0;
	bool packs = c->to == TO_PACK && c->n_lists == 0 &&
	    (!c->is_stats || file);

	if (c->is_stats && (c->n_lists > 0 || c->to != TO_PACK ||
	    (c->output != NULL && !file) || (!file && (c->limits ||
	    c->set.n > 0 || c->cli.n_lost != NULL || c->cli.n_args == 0))))
		cli_usage_error(&c->cli, "--stats takes packs and no other "
		    "option of what is written, or is of the pack of -o FILE");
	if (c->is_json && c->n_lists == 0)
		cli_usage_error(&c->cli, "--json goes with --list");
	if (c->n_lists > 0 && (c->to != TO_PACK || c->output != NULL))
		cli_usage_error(&c->cli, "--list goes to standard output "
		    "and excludes --to and --output");
	if ((c->directory != NULL) != (c->to == TO_SAFETENSORS))
		cli_usage_error(&c->cli,
		    "--to=safetensors and -C DIR go together");
	if (c->directory != NULL && c->output != NULL)
		cli_usage_error(&c->cli, "-C excludes -o");
	if (!packs && (c->pack.has_codec || c->pack.level != 0 ||
	    c->pack.group_models != 0 || c->pack.is_archive))
		cli_usage_error(&c->cli, "--archive, --codec, --level and "
		    "--group are of packs");
	if (c->pack.is_archive && !file)
		cli_usage_error(&c->cli, "--archive needs -o FILE: what it "
		    "refers to is read again");
	if (c->pack.level != 0 && c->pack.has_codec &&
	    c->pack.codec == PACK_CODEC_NONE)
		cli_usage_error(&c->cli, "--level is not of --codec=none");
}

static enum ckpt_status
open_sink(struct cat *c, struct model_sink **sink, struct ckpt_error *err)
{
	switch (c->to) {
	case TO_SAFETENSORS:
		return (safetensors_dir_open(c->directory, sink, err));
	case TO_NPY:
		if (c->output == NULL || strcmp(c->output, "-") == 0)
			cli_refuse_terminal(&c->cli);
		return (npy_matrix_open(c->output, sink, err));
	default:
		c->pack.has_ids = true; /* copy_write gives them */
		return (cli_open_pack(&c->cli, c->output, &c->pack, sink,
		    err));
	}
}

/* Lists or writes all models that are selected; counts them. */
static enum ckpt_status
run(struct cat *c, struct model_sink *sink, uint64_t *n,
    struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	const struct copy_model *m;

	if (sink == NULL)
		list_begin(&c->list);
	for (*n = 0; !c->limits || *n < c->head; ++*n) {
		st = copy_next(c->copy, &m, err);
		if (st != CKPT_OK)
			break;
		if (sink != NULL) {
			st = copy_write(c->copy, sink, err);
		} else {
			st = copy_hash(c->copy, err);
			if (st == CKPT_OK)
				st = list_model(&c->list, &m->head,
				    m->tensor_ids, &m->id, err);
		}
		if (st != CKPT_OK)
			break;
	}
	return (st == CKPT_END ? CKPT_OK : st);
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return (b != NULL && stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino);
}

/* What thin archives refer to. */
static enum ckpt_status
open_bases(struct cat *c, struct ckpt_error *err)
{
	size_t i;

	enum ckpt_status st;

	for (i = 0; i < c->n_bases; i++)
		if (is_same_file(c->bases[i], c->output))
			cli_usage_error(&c->cli, "--base=%s is the output, "
			    "too: it would be lost", c->bases[i]);
	if (c->n_bases == 0)
		return (CKPT_OK);
	st = base_packs_open(&c->cli, c->bases, c->n_bases, &c->base, err);
	if (st == CKPT_OK)
		c->cli.bases = pack_base_bases(c->base);
	return (st);
}

/* The table of the packs given, or of the one that was written. */
static int
stats(struct cat *c, struct ckpt_error *err)
{
	char *written = (char *)(uintptr_t)c->output;

	if (written != NULL)
		return (coding_table(&c->cli, &written, 1));
	if (open_bases(c, err) != CKPT_OK) {
		cli_report(&c->cli, err);
		return (CLI_TROUBLE);
	}
	return (coding_table(&c->cli, c->cli.args, c->cli.n_args));
}

static int
cat(struct cat *c, struct select *select, struct ckpt_error *err)
{
	struct pack_selection wanted;
	bool is_part = select_pack(select, &wanted);
	struct model_source *source;
	struct model_sink *sink = NULL;
	uint64_t n = 0;
	enum ckpt_status st;

	st = open_bases(c, err);
	if (st != CKPT_OK)
		goto err0;
	st = cli_open_selected(&c->cli, c->cli.args, c->cli.n_args,
	    is_part ? &wanted : NULL, &source, err);
	if (st != CKPT_OK)
		goto err0;
	st = copy_new(&c->cli, source, select, &c->set, &c->copy, err);
	if (st != CKPT_OK)
		goto err1;
	if (c->n_lists == 0)
		st = open_sink(c, &sink, err);
	if (st != CKPT_OK)
		goto err2;
	st = run(c, sink, &n, err);
	if (st != CKPT_OK)
		model_sink_abort(sink);
	else if (sink != NULL)
		st = model_sink_close(sink, err);
err2:
	copy_free(c->copy);
err1:
	model_source_close(source);
err0:
	if (st != CKPT_OK) {
		cli_report(&c->cli, err);
		return (CLI_TROUBLE);
	}
	if (c->n_lost > 0)
		return (CLI_TROUBLE);
	/* as grep: nothing was selected */
	return (n == 0 && (select->n_models > 0 || select->n_tensors > 0) &&
	    !(c->limits && c->head == 0) ? CLI_NO : CLI_YES);
}

int
main(int argc, char **argv)
{
	struct cat c = { .cli = {
		.tool = "ckpt-cat",
		.synopsis = "[OPTION]... [INPUT]...",
		.purpose = "Write models of any format as a pack, or list "
		    "them.",
		.options = options,
	} };
	struct select select = { 0 };
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	int letter, status = CLI_YES;

	cli_begin(&c.cli, argc, argv);
	while ((letter = cli_next_option(&c.cli)) != -1)
		take_option(&c, letter, &select);
	check_options(&c);
	list_init(&c.list, c.is_json, c.n_lists > 1);
	if (!c.is_stats || c.output != NULL)
		status = cat(&c, &select, &err);
	if (c.is_stats && status == CLI_YES)
		status = stats(&c, &err);
	list_release(&c.list);
	meta_release(&c.set);
	pack_base_free(c.base);
	free(c.bases);
	free(select.models);
	free(select.tensors);
	return (cli_end(&c.cli, status));
}
