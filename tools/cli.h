/*
 * cli: what the tools share: options, messages, exit, inputs, outputs.
 *
 * A tool is: a table of options, cli_begin, a loop over cli_next_option,
 * its work, cli_end. The same table feeds the parser, --help, and the test
 * that compares --help with the man page.
 */
#ifndef CKPT_TOOLS_CLI_H
#define CKPT_TOOLS_CLI_H

#include "base/base.h"

/* Exit statuses, as diff's and grep's. */
enum { CLI_YES = 0, CLI_NO = 1, CLI_TROUBLE = 2 };

struct cli_option {
	const char *name;  /* long name, without dashes */
	int letter;        /* short form, or a number above 255 */
	/* Name of its value in --help, or NULL: a flag. "[NAME]": it may be
	 * left out (long options only), and cli.value is NULL then. */
	const char *value;
	const char *help;  /* one line, at most 50 columns; NULL continues */
};

/* What every tool takes; read by cli_next_option itself:
 * -j, --threads=N; --memory=SIZE; -q, --quiet; -h, --help; -V, --version. */
struct pack_bases;

struct cli {
	const char *tool;     /* "ckpt-cat" */
	const char *synopsis; /* "[OPTION]... INPUT..." */
	const char *purpose;  /* one line of --help */
	const struct cli_option *options; /* ends with a NULL name */
	unsigned n_threads;   /* -j; default: all processors */
	uint64_t memory;      /* --memory, bytes; default 32 MiB */
	bool quiet;
	/* Damage to a pack that can be read at any place is reported and
	 * counted here, and reading goes on; NULL: it is an error. */
	size_t *n_lost;
	/* What thin packs refer to, or NULL: there is nothing. */
	const struct pack_bases *bases;
	const char *name;     /* long name of the option last returned */
	const char *value;    /* its value */
	int n_args;           /* operands, after the last option */
	char **args;
};

/* Makes fds 0 to 2 valid, sees to it that temporary files go also where the
 * program is told to die, takes defaults. */
void cli_begin(struct cli *c, int argc, char **argv);

/* The letter of the next option, or -1 when only operands are left. Usage
 * errors end the program with status 2; --help and --version with 0. */
int cli_next_option(struct cli *c);

/* The value of the last option as a number in [min, max], else exit 2. */
unsigned long long cli_number(const struct cli *c, unsigned long long min,
    unsigned long long max);

/* "TOOL: text" on stderr, status 2, when a usage error is found late. */
_Noreturn void cli_usage_error(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One line on stderr: tool, input, byte offset or line, text. */
void cli_report(const struct cli *c, const struct ckpt_error *err);

/* "TOOL: warning: text", unless --quiet. */
void cli_warn(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether stderr is a terminal and --quiet is not given. */
bool cli_wants_progress(const struct cli *c);

/* Exits 2 if binary data would go to a terminal. */
void cli_refuse_terminal(const struct cli *c);

/* Closes stdout; a failed close makes the status CLI_TROUBLE. Returns the
 * exit status for main. */
int cli_end(const struct cli *c, int status);

/* A stream of all models of the inputs in order. An input is a file or a
 * directory (its files in natural order, recursively), "-" or none at all is
 * standard input; a pack, a safetensors file, an archive of these. */
CKPT_CHECKED enum ckpt_status cli_open_inputs(const struct cli *c,
    char **paths, int n_paths, struct model_source **out,
    struct ckpt_error *err);

/* The same of one source of bytes, which it takes over, also on failure.
 * `name` is its label if it is a single model, and stands in messages. */
CKPT_CHECKED enum ckpt_status cli_open_bytes(const struct cli *c,
    struct bytes *in, const char *name, struct model_source **out,
    struct ckpt_error *err);

/* The same where not all is wanted: of packs with random access only what
 * `selection` keeps is read, other inputs are read whole, and the caller
 * selects. `selection` (of pack/pack.h, or NULL) must outlive the source. */
struct pack_selection;
CKPT_CHECKED enum ckpt_status cli_open_selected(const struct cli *c,
    char **paths, int n_paths, const struct pack_selection *selection,
    struct model_source **out, struct ckpt_error *err);

/* A pack written to `path` (NULL: standard output). */
struct cli_pack_options {
	bool has_codec;
	unsigned codec;       /* enum pack_codec */
	int level;            /* of zstd; 0: default */
	uint64_t group_models; /* --group=N; 0: by size only */
	bool is_archive;      /* --archive */
	bool has_ids;         /* model_end gets those of the tensors */
};
CKPT_CHECKED enum ckpt_status cli_open_pack(const struct cli *c,
    const char *path, const struct cli_pack_options *options,
    struct model_sink **out, struct ckpt_error *err);

#endif
