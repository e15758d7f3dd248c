/*
 * remote: files on servers. A whole file is fetched into a cache, resumed
 * and verified; or a file is read in place by ranges.
 *
 * URLs are file:, http: and https:. What a server does wrong is told apart
 * from what may pass: transient failures are tried again, with a growing
 * delay, as often as the options say.
 *
 * Errors are CKPT_SYSTEM for what the network, the server or the disk
 * refused, CKPT_MISMATCH for a wrong hash, CKPT_USAGE for a URL that is
 * none, CKPT_CANCELLED if the callback asked for it.
 */
#ifndef CKPT_REMOTE_REMOTE_H
#define CKPT_REMOTE_REMOTE_H

#include "id/id.h"

#define REMOTE_MAX_URL 8192       /* bytes of a URL */
#define REMOTE_MAX_TAIL 67108864  /* bytes of the tail of remote_bytes */
#define REMOTE_UNKNOWN UINT64_MAX /* a length that nobody has stated */

struct remote_progress {
	uint64_t done;    /* bytes on disk */
	uint64_t total;   /* of the file, or REMOTE_UNKNOWN */
	uint64_t started; /* of `done`, what was there before this call */
};

struct remote_options {
	/* Folder of partial downloads, made if it is missing (mode 0700).
	 * Needed by remote_fetch for http: and https:. */
	const char *cache_dir;

	unsigned retries;      /* tries after the first, in a row without a
	                        * gain of 1 MiB */
	double retry_delay;    /* seconds before the first; doubles each time,
	                        * up to a minute, less up to half at random */
	double retry_max_time; /* seconds of trying without a gain; a longer
	                        * Retry-After is not waited for; 0: no end */
	double connect_timeout; /* seconds; 0: the default of libcurl */
	uint64_t speed_limit;  /* bytes a second: slower than this ... */
	unsigned speed_time;   /* ... for so many seconds is a stall; 0: never
	                        * given up */
	uint64_t limit_rate;   /* bytes a second at most; 0: no limit */
	unsigned max_redirects;

	const char *proxy;     /* NULL: from the environment, as libcurl */
	const char *noproxy;   /* NULL: from the environment */
	const char *cacert, *capath; /* NULL: the system's */
	bool insecure;         /* certificates are not checked */
	const char *user;      /* "NAME:PASSWORD" or NULL */
	const char *const *headers; /* further "Name: value", NULL ends; or
	                        * NULL */
	const char *user_agent; /* or NULL */

	void *arg;
	/* A few times a second while bytes arrive, and at the end. */
	void (*progress)(void *arg, const struct remote_progress *p);
	/* One line about a retry, a restart, a lock that is waited for. */
	void (*note)(void *arg, const char *text);
	/* Whether to give up now; asked at least once a second. */
	bool (*cancelled)(void *arg);
};

/* The defaults that the tools document; no cache_dir. */
void remote_options_init(struct remote_options *o);

/* A URL, taken apart. */
struct remote_url {
	char *text;   /* as libcurl gets it; without the fragment */
	char *shown;  /* the same without user and password: for messages */
	char *name;   /* last part of the path, decoded; may be empty */
	char *path;   /* of a file: URL, decoded; else NULL */
	bool has_sha256;       /* the fragment was sha256=HEX */
	struct ckpt_id sha256;
};

/* CKPT_USAGE, with a hint, for anything that is not such a URL. */
CKPT_CHECKED enum ckpt_status remote_url_parse(const char *text,
    struct remote_url *out, struct ckpt_error *err);
void remote_url_release(struct remote_url *u);

/*
 * A complete file. Fetches into the cache what is not there yet:
 *
 * - A partial file of an earlier call, also of one that was killed, is
 *   resumed where it ends if the server had given a strong ETag or a usable
 *   Last-Modified for it, under the condition that this is still the same
 *   (If-Match, If-Unmodified-Since); else only if `sha256` can prove the
 *   result. If the file has changed, it is fetched anew from its start.
 * - A complete file of an earlier call is taken if its hash is `sha256`, or
 *   if the server says that it has not changed.
 * - Two processes never write to the same partial file: one waits.
 *
 * `sha256` (NULL: not known) is compared with the whole file; if it differs
 * the cache entry is removed and the error is CKPT_MISMATCH. On every other
 * error a partial file stays for the next call. A file: URL is opened where
 * it is.
 */
struct remote_file;
CKPT_CHECKED enum ckpt_status remote_fetch(const struct remote_url *url,
    const struct ckpt_id *sha256, const struct remote_options *options,
    struct remote_file **out, struct ckpt_error *err);

/* Its bytes, from the first, once. They outlive the remote_file; who has
 * read them and closed them can still remove the entry. */
CKPT_CHECKED enum ckpt_status remote_file_open(struct remote_file *f,
    struct bytes **out, struct ckpt_error *err);

/* Size in bytes. */
uint64_t remote_file_size(const struct remote_file *f);

/* Frees, and removes the cache entry; never the file of a file: URL. */
void remote_file_remove(struct remote_file *f);

/* Frees; the entry stays in the cache. NULL does nothing. */
void remote_file_close(struct remote_file *f);

/*
 * A file read in place: every bytes_pread is one range request, except that
 * the last `n_tail` bytes (at most REMOTE_MAX_TAIL) come with the first
 * request, made here, and are kept in memory. All requests are conditional:
 * a file that changes meanwhile is CKPT_MISMATCH. CKPT_NOT_OURS, and nothing
 * else done, if the server does not serve ranges. A file: URL is read
 * directly.
 */
CKPT_CHECKED enum ckpt_status remote_bytes_open(const struct remote_url *url,
    uint64_t n_tail, const struct remote_options *options,
    struct bytes **out, struct ckpt_error *err);

#endif
