#include <errno.h>

#include "config.h"
#include "fetch.h"

#define HEADER_FILE_MAX 65536 /* bytes of a file of headers */
#define SECONDS_MAX 1e9

/* The value of the last option, as seconds with or without a fraction. */
static double
take_seconds(const struct cli *c)
{
	char *end = NULL;
	double x = 0;

	if (c->value[strspn(c->value, "0123456789.")] == '\0')
		x = strtod(c->value, &end);
	if (end == NULL || end == c->value || *end != '\0' ||
	    x > SECONDS_MAX)
		cli_usage_error(c, "'%s': expected seconds, as 30 or 0.5",
		    c->value);
	return (x);
}

static uint64_t
take_size(const struct cli *c)
{
	unsigned long long n;

	if (!text_parse_size(c->value, &n) || n > INT64_MAX)
		cli_usage_error(c, "'%s': expected a size, as 100K",
		    c->value);
	return (n);
}

static void
take_text(struct fetch *f, struct fetch_list *l, const char *text)
{
	struct ckpt_error err = { .status = CKPT_OK };

	if (fetch_list_add(l, text, &err) != CKPT_OK)
		cli_usage_error(&f->cli, "%s", err.text);
}

/* A line "Name: value", or "Name;" for an empty value, as curl takes it. */
static void
take_header(struct fetch *f, char *line)
{
	size_t n = strlen(line);

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	if (n == 0)
		return;
	if (strpbrk(line, "\r\n") != NULL || strpbrk(line, ":;") == NULL)
		cli_usage_error(&f->cli, "--header: expected 'Name: value'");
	take_text(f, &f->headers, line);
}

/* -H @FILE keeps secrets out of the list of processes. */
static void
take_header_option(struct fetch *f)
{
	char line[HEADER_FILE_MAX];
	FILE *in;

	if (f->cli.value[0] != '@') {
		if (strlen(f->cli.value) >= sizeof(line))
			cli_usage_error(&f->cli, "--header is too long");
		(void)snprintf(line, sizeof(line), "%s", f->cli.value);
		take_header(f, line);
		return;
	}
	in = fopen(f->cli.value + 1, "re");
	if (in == NULL)
		cli_usage_error(&f->cli, "cannot open %s: %s",
		    f->cli.value + 1, strerror(errno));
	while (fgets(line, sizeof(line), in) != NULL)
		take_header(f, line);
	(void)fclose(in);
}

static void
take_network_option(struct fetch *f, int letter)
{
	const struct cli *c = &f->cli;
	struct remote_options *o = &f->remote;

	switch (letter) {
	case FETCH_RETRY:
		o->retries = (unsigned)cli_number(c, 0, 1000000);
		break;
	case FETCH_RETRY_DELAY:
		o->retry_delay = take_seconds(c);
		break;
	case FETCH_RETRY_MAX_TIME:
		o->retry_max_time = take_seconds(c);
		break;
	case FETCH_CONNECT_TIMEOUT:
		o->connect_timeout = take_seconds(c);
		break;
	case FETCH_SPEED_LIMIT:
		o->speed_limit = take_size(c);
		break;
	case FETCH_SPEED_TIME:
		o->speed_time = (unsigned)cli_number(c, 0, 1000000);
		break;
	case FETCH_LIMIT_RATE:
		o->limit_rate = take_size(c);
		break;
	case FETCH_MAX_REDIRS:
		o->max_redirects = (unsigned)cli_number(c, 0, 1000);
		break;
	}
}

static void
take_peer_option(struct fetch *f, int letter)
{
	struct remote_options *o = &f->remote;

	switch (letter) {
	case 'x':
		o->proxy = f->cli.value;
		break;
	case FETCH_NOPROXY:
		o->noproxy = f->cli.value;
		break;
	case FETCH_CACERT:
		o->cacert = f->cli.value;
		break;
	case FETCH_CAPATH:
		o->capath = f->cli.value;
		break;
	case 'k':
		o->insecure = true;
		break;
	case 'H':
		take_header_option(f);
		break;
	case 'u':
		o->user = f->cli.value;
		break;
	default:
		take_network_option(f, letter);
		break;
	}
}

/* $XDG_CACHE_HOME/ckpt, or ~/.cache/ckpt; NULL if there is neither. */
static char *
find_cache_dir(void)
{
	const char *dir = getenv("XDG_CACHE_HOME"), *middle = "";
	size_t n;
	char *out;

	/* a relative one is to be ignored, says the XDG specification */
	if (dir == NULL || dir[0] != '/') {
		dir = getenv("HOME");
		middle = "/.cache";
	}
	if (dir == NULL || dir[0] == '\0')
		return (NULL);
	n = strlen(dir) + strlen(middle) + sizeof("/ckpt");
	out = malloc(n);
	if (out != NULL)
		(void)snprintf(out, n, "%s%s/ckpt", dir, middle);
	return (out);
}

/* The certificates that curl's variables name. */
static void
take_environment(struct remote_options *o)
{
	if (o->cacert == NULL && o->capath == NULL) {
		o->cacert = getenv("CURL_CA_BUNDLE");
		if (o->cacert == NULL)
			o->cacert = getenv("SSL_CERT_FILE");
		o->capath = getenv("SSL_CERT_DIR");
	}
}

static void
make_item(struct fetch *f, size_t i)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct fetch_item *item = &f->items[i];
	const char *hex;

	if (remote_url_parse(f->cli.args[i], &item->url, &err) != CKPT_OK)
		cli_usage_error(&f->cli, "%s", err.text);
	if (item->url.path == NULL && f->cache_dir == NULL)
		cli_usage_error(&f->cli, "neither XDG_CACHE_HOME nor HOME "
		    "is set: no place for partial downloads");
	item->has_sha256 = item->url.has_sha256;
	item->sha256 = item->url.sha256;
	if (f->hashes.n == 0)
		return;
	hex = f->hashes.items[i];
	if (strlen(hex) != 64 || !id_parse(hex, &item->sha256))
		cli_usage_error(&f->cli, "--sha256=%s: expected 64 "
		    "lower-case hex digits", hex);
	if (item->has_sha256 &&
	    !id_equal(&item->sha256, &item->url.sha256))
		cli_usage_error(&f->cli, "%s: --sha256 and the fragment "
		    "differ", item->url.shown);
	item->has_sha256 = true;
}

/* The URLs with their hashes. */
static void
make_items(struct fetch *f)
{
	size_t i, n = (size_t)f->cli.n_args;

	if (n == 0)
		cli_usage_error(&f->cli, "no URL given");
	if (f->hashes.n != 0 && f->hashes.n != n)
		cli_usage_error(&f->cli, "%zu --sha256 for %zu URLs; expected "
		    "one for each", f->hashes.n, n);
	f->items = calloc(n, sizeof(*f->items));
	if (f->items == NULL)
		cli_usage_error(&f->cli, "out of memory");
	f->n_items = n;
	for (i = 0; i < n; i++)
		make_item(f, i);
}

static void
add_pattern(struct fetch *f, const char ***list, size_t *n)
{
	if (select_add(list, n, f->cli.value, NULL) != CKPT_OK)
		cli_usage_error(&f->cli, "out of memory");
}

void
fetch_parse_options(struct fetch *f, int argc, char **argv)
{
	int letter;

	cli_begin(&f->cli, argc, argv);
	remote_options_init(&f->remote);
	while ((letter = cli_next_option(&f->cli)) != -1) {
		switch (letter) {
		case 'o':
			f->output = strcmp(f->cli.value, "-") == 0 ? NULL :
			    f->cli.value;
			break;
		case FETCH_RAW:
			f->is_raw = true;
			break;
		case FETCH_SHA256:
			take_text(f, &f->hashes, f->cli.value);
			break;
		case FETCH_SELECT:
			add_pattern(f, &f->select.models, &f->select.n_models);
			break;
		case FETCH_TENSOR:
			add_pattern(f, &f->select.tensors,
			    &f->select.n_tensors);
			break;
		case FETCH_KEEP:
			f->keeps_cache = true;
			break;
		default:
			take_peer_option(f, letter);
			break;
		}
	}
	if (f->is_raw && f->select.n_models + f->select.n_tensors > 0)
		cli_usage_error(&f->cli, "--raw takes no --select and no "
		    "--tensor");
	f->cache_dir = find_cache_dir();
	f->remote.cache_dir = f->cache_dir;
	f->remote.headers = (const char *const *)f->headers.items;
	f->remote.user_agent = "ckpt-fetch/" PACKAGE_VERSION;
	take_environment(&f->remote);
	make_items(f);
	if (f->output == NULL && !f->is_raw)
		cli_refuse_terminal(&f->cli);
}
