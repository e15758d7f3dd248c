/*
 * fetch: what ckpt-fetch works with: the files to fetch, the progress line,
 * the signals, and the models of the files as one stream.
 */
#ifndef CKPT_TOOLS_FETCH_H
#define CKPT_TOOLS_FETCH_H

#include "cli.h"
#include "remote/remote.h"
#include "select.h"

#define FETCH_MAX_LIST 100000 /* headers, hashes */

/* Letters of the options that have none. */
enum {
	FETCH_RAW = 256, FETCH_SHA256, FETCH_SELECT, FETCH_TENSOR, FETCH_KEEP,
	FETCH_RETRY, FETCH_RETRY_DELAY, FETCH_RETRY_MAX_TIME,
	FETCH_CONNECT_TIMEOUT, FETCH_SPEED_LIMIT, FETCH_SPEED_TIME,
	FETCH_LIMIT_RATE, FETCH_MAX_REDIRS, FETCH_NOPROXY, FETCH_CACERT,
	FETCH_CAPATH
};

/* Texts given by a repeated option. `items` ends with NULL. */
struct fetch_list {
	size_t n;
	char **items;
};

/* One URL of the command line, and what has become of it. */
struct fetch_item {
	struct remote_url url;
	bool has_sha256;
	struct ckpt_id sha256;
	struct remote_file *file; /* from its completion on, or NULL */
};

struct fetch {
	struct cli cli;
	struct remote_options remote;
	char *cache_dir;
	struct fetch_list headers, hashes;
	size_t n_items;
	struct fetch_item *items;
	const char *output;     /* -o, or NULL: standard output */
	struct select select;   /* --select, --tensor */
	uint64_t n_models;      /* written */
	bool is_raw;
	bool keeps_cache;
	/* Of the progress line: */
	const struct fetch_item *current;
	bool has_line;
	double line_time;       /* monotonic seconds of the last report */
	uint64_t line_done;     /* bytes at that time */
	double rate;            /* bytes a second, smoothed */
};

/* Reads the command line; a mistake in it ends the program. */
void fetch_parse_options(struct fetch *f, int argc, char **argv);

/* Adds a copy of `text`. */
CKPT_CHECKED enum ckpt_status fetch_list_add(struct fetch_list *l,
    const char *text, struct ckpt_error *err);
void fetch_list_release(struct fetch_list *l);

/* Sets the callbacks of f->remote, and catches SIGINT, SIGTERM and SIGHUP
 * where they are not ignored. */
void fetch_watch(struct fetch *f);

/* While nothing needs to be cleaned up, a signal kills at once. */
void fetch_watch_harmless(bool harmless);

/* The signal that was caught, or 0. */
int fetch_watch_caught(void);

/* Ends the progress line, if there is one. */
void fetch_watch_clear(struct fetch *f);

/* Completes and verifies item->file. */
CKPT_CHECKED enum ckpt_status fetch_get(struct fetch *f,
    struct fetch_item *item, struct ckpt_error *err);

/* The models of all items in order; each item is fetched when the one before
 * has been read. */
CKPT_CHECKED enum ckpt_status fetch_source_open(struct fetch *f,
    struct model_source **out, struct ckpt_error *err);

/* The selected models of a pack, read in place by ranges. CKPT_END if the
 * file has to be fetched whole: it is no sound pack, there is no selection,
 * a hash is to be verified, or the server serves no ranges. */
CKPT_CHECKED enum ckpt_status fetch_range_open(struct fetch *f,
    struct fetch_item *item, struct model_source **out,
    struct ckpt_error *err);

/* Writes the selected models of all items as a pack. */
CKPT_CHECKED enum ckpt_status fetch_models(struct fetch *f,
    struct ckpt_error *err);

#endif
