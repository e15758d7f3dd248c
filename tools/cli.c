#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

#include "config.h"
#include "cli.h"
#include "guard.h"

#define MAX_OPTIONS 64
#define COLUMNS 80
#define HELP_COLUMN 26

enum { OPTION_MEMORY = 100000 };

static const struct cli_option common_options[] = {
	{ "threads", 'j', "N", "threads (default: all processors)" },
	{ "memory", OPTION_MEMORY, "SIZE",
	    "memory beside the model (default 32M)" },
	{ "quiet", 'q', NULL, "no warnings, no progress" },
	{ "help", 'h', NULL, "this help" },
	{ "version", 'V', NULL, "name and version" },
	{ NULL, 0, NULL, NULL }
};

/* A tool started with a standard descriptor closed would write its output
 * into whatever it opens first. */
static void
open_standard_fds(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/* reads and writes of it fail, as they should */
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY)
			    != fd)
				_exit(CLI_TROUBLE);
}

/* argv is needed by every call of getopt_long. */
static int main_argc;
static char **main_argv;

void
cli_begin(struct cli *c, int argc, char **argv)
{
	open_standard_fds();
	guard_begin();
	main_argc = argc;
	main_argv = argv;
	c->n_threads = threads_available();
	c->memory = 32 << 20;
	c->quiet = false;
	c->n_lost = NULL;
	c->value = NULL;
	c->n_args = 0;
	c->args = NULL;
}

static void
print_option(const struct cli_option *o)
{
	char left[COLUMNS];
	int n;

	if (o->letter < 256)
		n = snprintf(left, sizeof(left), "  -%c, --%s", o->letter,
		    o->name);
	else
		n = snprintf(left, sizeof(left), "      --%s", o->name);
	if (o->value != NULL && o->value[0] == '[')
		n += snprintf(left + n, sizeof(left) - (size_t)n, "[=%s",
		    o->value + 1);
	else if (o->value != NULL)
		n += snprintf(left + n, sizeof(left) - (size_t)n, "=%s",
		    o->value);
	if (n >= HELP_COLUMN - 1)
		(void)printf("%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
	else
		(void)printf("%-*s%s\n", HELP_COLUMN, left, o->help);
}

static _Noreturn void
print_help(const struct cli *c)
{
	const struct cli_option *o;

	(void)printf("Usage: %s %s\n%s\n\n", c->tool, c->synopsis,
	    c->purpose);
	for (o = c->options; o->name != NULL; o++)
		print_option(o);
	for (o = common_options; o->name != NULL; o++)
		print_option(o);
	exit(cli_end(c, CLI_YES));
}

static _Noreturn void
print_version(const struct cli *c)
{
	(void)printf("%s (ckpt) %s\n", c->tool, PACKAGE_VERSION);
	exit(cli_end(c, CLI_YES));
}

/* Adds a table to getopt's, and its letters to the short options. */
static void
add_options(const struct cli_option *o, struct option *longs, size_t *n_longs,
    char *shorts, size_t *n_shorts)
{
	for (; o->name != NULL && *n_longs + 1 < MAX_OPTIONS; o++) {
		longs[*n_longs] = (struct option){ o->name,
		    o->value == NULL ? no_argument : o->value[0] == '[' ?
		    optional_argument : required_argument, NULL, o->letter };
		(*n_longs)++;
		if (o->letter > 255)
			continue;
		shorts[(*n_shorts)++] = (char)o->letter;
		if (o->value != NULL)
			shorts[(*n_shorts)++] = ':';
	}
}

/* Handles what every tool takes; whether it was one of these. */
static bool
take_common(struct cli *c, int letter)
{
	unsigned long long n;

	switch (letter) {
	case 'j':
		c->n_threads = (unsigned)cli_number(c, 1, 1024);
		return (true);
	case OPTION_MEMORY:
		if (!text_parse_size(c->value, &n) || n < 1 << 20)
			cli_usage_error(c, "--memory=%s: expected a size of "
			    "at least 1M", c->value);
		c->memory = n;
		return (true);
	case 'q':
		c->quiet = true;
		return (true);
	case 'h':
		print_help(c);
	case 'V':
		print_version(c);
	default:
		return (false);
	}
}

/* The long name of an option. */
static const char *
name_of(const struct cli_option *options, int letter)
{
	const struct cli_option *o;

	for (o = options; o->name != NULL; o++)
		if (o->letter == letter)
			return (o->name);
	for (o = common_options; o->name != NULL; o++)
		if (o->letter == letter)
			return (o->name);
	return ("");
}

int
cli_next_option(struct cli *c)
{
	struct option longs[MAX_OPTIONS] = { 0 };
	char shorts[2 * MAX_OPTIONS + 1] = { 0 };
	size_t n_longs = 0, n_shorts = 0;
	int letter;

	add_options(c->options, longs, &n_longs, shorts, &n_shorts);
	add_options(common_options, longs, &n_longs, shorts, &n_shorts);
	main_argv[0] = (char *)(uintptr_t)c->tool; /* getopt's messages */
	do {
		letter = getopt_long(main_argc, main_argv, shorts, longs,
		    NULL);
		c->value = optarg;
		c->name = name_of(c->options, letter);
		if (letter == '?') {
			(void)fprintf(stderr,
			    "%s: try '%s --help'\n", c->tool, c->tool);
			exit(CLI_TROUBLE);
		}
	} while (letter != -1 && take_common(c, letter));
	if (letter == -1) {
		c->n_args = main_argc - optind;
		c->args = main_argv + optind;
	}
	return (letter);
}

unsigned long long
cli_number(const struct cli *c, unsigned long long min,
    unsigned long long max)
{
	unsigned long long n = 0;
	char *end = NULL;

	errno = 0;
	if (c->value[0] >= '0' && c->value[0] <= '9')
		n = strtoull(c->value, &end, 10);
	if (end == NULL || *end != '\0' || errno != 0 || n < min || n > max)
		cli_usage_error(c, "--%s=%s: expected a number from %llu to "
		    "%llu", c->name, c->value, min, max);
	return (n);
}

void
cli_usage_error(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s: ", c->tool);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n%s: try '%s --help'\n", c->tool, c->tool);
	exit(CLI_TROUBLE);
}

/* Control characters of hostile names must not reach a terminal. */
static void
put_clean(const char *s)
{
	for (; *s != '\0'; s++)
		(void)putc((unsigned char)*s < 0x20 || *s == 0x7F ? '?' : *s,
		    stderr);
}

/* What of a pack's file is at fault; others say so in their text. */
static const char *
verdict(enum ckpt_status st)
{
	switch (st) {
	case CKPT_NEWER:
		return ("made by a newer version; ");
	case CKPT_CORRUPT:
		return ("corrupt; ");
	default:
		return ("");
	}
}

void
cli_report(const struct cli *c, const struct ckpt_error *err)
{
	(void)fprintf(stderr, "%s: ", c->tool);
	if (err->where[0] != '\0') {
		put_clean(err->where);
		(void)fputs(": ", stderr);
	}
	if (err->line > 0)
		(void)fprintf(stderr, "line %llu: ",
		    (unsigned long long)err->line);
	if (err->offset != CKPT_NO_OFFSET)
		(void)fprintf(stderr, "byte %llu: ",
		    (unsigned long long)err->offset);
	put_clean(err->text);
	if (err->section[0] != '\0')
		(void)fprintf(stderr, " (%s%s%s)", verdict(err->status),
		    err->section[0] <= '9' ? "ckpt-pack " : "",
		    err->section);
	(void)putc('\n', stderr);
}

void
cli_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;
	char text[1024];

	if (c->quiet)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s: warning: ", c->tool);
	put_clean(text);
	(void)putc('\n', stderr);
}

bool
cli_wants_progress(const struct cli *c)
{
	return (!c->quiet && isatty(STDERR_FILENO));
}

void
cli_refuse_terminal(const struct cli *c)
{
	if (isatty(STDOUT_FILENO))
		cli_usage_error(c, "a pack is binary data and is not written "
		    "to a terminal; use -o FILE or a pipe");
}

int
cli_end(const struct cli *c, int status)
{
	/* fclose reports what a buffered write could not */
	if (ferror(stdout) || fclose(stdout) != 0) {
		if (errno != EPIPE)
			(void)fprintf(stderr,
			    "%s: cannot write standard output: %s\n",
			    c->tool, strerror(errno));
		status = CLI_TROUBLE;
	}
	return (status);
}
