/*
 * ckpt-fetch: files from servers: resumed, verified, and given out as a
 * stream of their models or as they are.
 */
#include <signal.h>

#include "config.h"
#include "fetch.h"
#include "foreign/foreign.h"
#include "formats.h"

#define CHUNK 1048576 /* bytes copied at once by --raw */

static const struct cli_option options[] = {
	{ "output", 'o', "FILE", "write to FILE (default: standard output)" },
	{ "raw", FETCH_RAW, NULL, "the bytes themselves, not a pack" },
	{ "sha256", FETCH_SHA256, "HEX", "expected hash; once for each URL" },
	{ "select", FETCH_SELECT, "PATTERN", "models by label or model ID" },
	{ "tensor", FETCH_TENSOR, "GLOB", "only tensors named like GLOB" },
	{ "keep-cache", FETCH_KEEP, NULL, "keep what was fetched" },
	{ "retry", FETCH_RETRY, "N", "tries after a failure (default 5)" },
	{ "retry-delay", FETCH_RETRY_DELAY, "SECONDS",
	    "before the first of them, then doubled (1)" },
	{ "retry-max-time", FETCH_RETRY_MAX_TIME, "SECONDS",
	    "give up after (default 600; 0: never)" },
	{ "connect-timeout", FETCH_CONNECT_TIMEOUT, "SECONDS",
	    "to connect (default 30)" },
	{ "speed-limit", FETCH_SPEED_LIMIT, "SIZE",
	    "bytes a second that are a stall (1)" },
	{ "speed-time", FETCH_SPEED_TIME, "SECONDS",
	    "length of a stall (default 30; 0: any)" },
	{ "limit-rate", FETCH_LIMIT_RATE, "SIZE",
	    "bytes a second at most" },
	{ "max-redirs", FETCH_MAX_REDIRS, "N", "redirects (default 10)" },
	{ "proxy", 'x', "URL", "proxy (default: from the environment)" },
	{ "noproxy", FETCH_NOPROXY, "HOSTS", "hosts without a proxy" },
	{ "cacert", FETCH_CACERT, "FILE", "certificates to trust (PEM)" },
	{ "capath", FETCH_CAPATH, "DIR", "the same, a directory" },
	{ "insecure", 'k', NULL, "do not check certificates" },
	{ "header", 'H', "LINE", "send this header; @FILE: its lines" },
	{ "user", 'u', "NAME:PASS", "user and password for the server" },
	{ NULL, 0, NULL, NULL }
};

/* A login or error page with status 200 is not what was published, unless a
 * page was asked for, or the hash says so. */
static enum ckpt_status
check_page(struct fetch_item *item, struct bytes *in, struct ckpt_error *err)
{
	const char *name = item->url.name;
	enum foreign_kind kind;
	enum ckpt_status st;

	if (item->has_sha256 || formats_has_suffix(name, ".html") ||
	    formats_has_suffix(name, ".htm"))
		return (CKPT_OK);
	st = foreign_detect(in, &kind, err);
	if (st != CKPT_OK || kind != FOREIGN_HTML)
		return (st);
	remote_file_remove(item->file);
	item->file = NULL;
	st = error_set(err, CKPT_NOT_OURS, "this is an HTML page, perhaps a "
	    "server's error message; --sha256 would take it all the same");
	(void)error_where(err, item->url.shown);
	return (st);
}

/* Copies the bytes of an item that has been fetched. */
static enum ckpt_status
copy_item(struct fetch_item *item, struct outfile *out,
    unsigned char *chunk, struct ckpt_error *err)
{
	struct bytes *in;
	enum ckpt_status st;
	size_t n;

	st = remote_file_open(item->file, &in, err);
	if (st != CKPT_OK)
		return (st);
	st = check_page(item, in, err);
	while (st == CKPT_OK) {
		st = bytes_read(in, chunk, CHUNK, &n, err);
		if (st == CKPT_OK)
			st = outfile_write(out, chunk, n, err);
		if (st == CKPT_OK && fetch_watch_caught() != 0)
			st = error_set(err, CKPT_CANCELLED, "interrupted");
		if (st != CKPT_OK || n < CHUNK)
			break;
	}
	bytes_close(in);
	return (st);
}

static enum ckpt_status
run_raw(struct fetch *f, struct ckpt_error *err)
{
	unsigned char *chunk = malloc(CHUNK);
	struct outfile *out = NULL;
	enum ckpt_status st = CKPT_OK;
	size_t i;

	if (chunk == NULL)
		return (error_nomem(err, CHUNK));
	for (i = 0; st == CKPT_OK && i < f->n_items; i++) {
		st = fetch_get(f, &f->items[i], err);
		/* not before there is something to write */
		if (st == CKPT_OK && out == NULL)
			st = outfile_open(f->output, &out, err);
		if (st == CKPT_OK)
			st = copy_item(&f->items[i], out, chunk, err);
	}
	if (st == CKPT_OK)
		st = outfile_commit(out, err);
	else
		outfile_abort(out);
	free(chunk);
	return (st);
}

/* The entries of what was passed on go; all others stay for the next run. */
static void
finish_items(struct fetch *f, bool done)
{
	size_t i;

	for (i = 0; i < f->n_items; i++) {
		if (done && !f->keeps_cache)
			remote_file_remove(f->items[i].file);
		else
			remote_file_close(f->items[i].file);
		remote_url_release(&f->items[i].url);
	}
	free(f->items);
	free(f->cache_dir);
	free(f->select.models);
	free(f->select.tensors);
	fetch_list_release(&f->headers);
	fetch_list_release(&f->hashes);
}

int
main(int argc, char **argv)
{
	struct fetch f = { .cli = {
		.tool = "ckpt-fetch",
		.synopsis = "[OPTION]... URL...",
		.purpose = "Fetch models: whole, verified, resumed.",
		.options = options,
	} };
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status st;
	int status = CLI_YES;
	bool is_selective;

	fetch_parse_options(&f, argc, argv);
	is_selective = f.select.n_models + f.select.n_tensors > 0;
	fetch_watch(&f);
	st = f.is_raw ? run_raw(&f, &err) : fetch_models(&f, &err);
	fetch_watch_clear(&f);
	finish_items(&f, st == CKPT_OK);
	if (st == CKPT_CANCELLED && fetch_watch_caught() != 0) {
		(void)signal(fetch_watch_caught(), SIG_DFL);
		(void)raise(fetch_watch_caught());
	}
	if (st != CKPT_OK) {
		cli_report(&f.cli, &err);
		status = CLI_TROUBLE;
	} else if (f.n_models == 0 && is_selective) {
		status = CLI_NO; /* as grep: nothing was selected */
	}
	return (cli_end(&f.cli, status));
}
