#include <ctype.h>
#include <strings.h>

#include <curl/curl.h>

#include "remote/remote.h"

#define EXPECTED "expected a file:, http: or https: URL"

/* Length of the scheme "name:" at the start of `s`, without the colon. */
static size_t
scheme_length(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)s[0]))
		return (0);
	while (isalnum((unsigned char)s[n]) || s[n] == '+' || s[n] == '-' ||
	    s[n] == '.')
		n++;
	return (s[n] == ':' ? n : 0);
}

/* Refuses what is no URL of ours, before libcurl guesses. */
static enum ckpt_status
check_scheme(const char *s, struct ckpt_error *err)
{
	static const char *const ours[] = { "file", "http", "https" };
	size_t n = scheme_length(s), i;

	if (strlen(s) > REMOTE_MAX_URL)
		return (error_set(err, CKPT_LIMIT,
		    "the URL has more than %d bytes", REMOTE_MAX_URL));
	if (n == 0)
		return (error_set(err, CKPT_USAGE,
		    "%.200s: not a URL; " EXPECTED " (a file on this machine "
		    "is read by ckpt-cat)", s));
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strlen(ours[i]) == n && strncasecmp(s, ours[i], n) == 0)
			return (CKPT_OK);
	}
	return (error_set(err, CKPT_USAGE,
	    "%.200s: %.*s: is not supported; " EXPECTED, s, (int)n, s));
}

/* A copy of a part of the URL, or NULL if it has none. */
static char *
get_part(CURLU *h, CURLUPart part, unsigned flags)
{
	char *s, *copy;

	if (curl_url_get(h, part, &s, flags) != CURLUE_OK)
		return (NULL);
	copy = strdup(s);
	curl_free(s);
	return (copy);
}

static enum ckpt_status
take_fragment(CURLU *h, struct remote_url *u, struct ckpt_error *err)
{
	char *s = get_part(h, CURLUPART_FRAGMENT, 0);
	enum ckpt_status st = CKPT_OK;

	if (s != NULL && strncmp(s, "sha256=", 7) == 0) {
		u->has_sha256 = true;
		if (strlen(s) != 7 + 64 || !id_parse(s + 7, &u->sha256))
			st = error_set(err, CKPT_USAGE, "the fragment "
			    "#%.100s has not 64 lower-case hex digits", s);
	}
	free(s);
	(void)curl_url_set(h, CURLUPART_FRAGMENT, NULL, 0);
	return (st);
}

/* The last part of `path`; empty if it ends in a slash. */
static char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (strdup(slash == NULL ? path : slash + 1));
}

static enum ckpt_status
take_parts(CURLU *h, struct remote_url *u, struct ckpt_error *err)
{
	char *scheme, *path;
	enum ckpt_status st;

	st = take_fragment(h, u, err);
	if (st != CKPT_OK)
		return (st);
	scheme = get_part(h, CURLUPART_SCHEME, 0);
	path = get_part(h, CURLUPART_PATH, CURLU_URLDECODE);
	u->text = get_part(h, CURLUPART_URL, 0);
	(void)curl_url_set(h, CURLUPART_USER, NULL, 0);
	(void)curl_url_set(h, CURLUPART_PASSWORD, NULL, 0);
	u->shown = get_part(h, CURLUPART_URL, 0);
	if (path != NULL)
		u->name = last_part(path);
	if (scheme == NULL || u->text == NULL || u->shown == NULL ||
	    u->name == NULL)
		st = error_set(err, CKPT_USAGE, "the URL's path holds "
		    "encoded control bytes");
	if (st == CKPT_OK && strcmp(scheme, "file") == 0) {
		u->path = path;
		path = NULL;
	}
	free(path);
	free(scheme);
	return (st);
}

enum ckpt_status
remote_url_parse(const char *text, struct remote_url *out,
    struct ckpt_error *err)
{
	struct remote_url u;
	enum ckpt_status st;
	CURLUcode code;
	CURLU *h;

	memset(&u, 0, sizeof(u));
	st = check_scheme(text, err);
	if (st != CKPT_OK)
		return (st);
	h = curl_url();
	if (h == NULL)
		return (error_nomem(err, 0));
	code = curl_url_set(h, CURLUPART_URL, text, 0);
	if (code != CURLUE_OK) {
#if LIBCURL_VERSION_NUM >= 0x075000
		st = error_set(err, CKPT_USAGE, "%.200s: not a URL: %s", text,
		    curl_url_strerror(code));
#else
		st = error_set(err, CKPT_USAGE, "%.200s: not a URL", text);
#endif
	}
	if (st == CKPT_OK)
		st = take_parts(h, &u, err);
	curl_url_cleanup(h);
	if (st != CKPT_OK) {
		remote_url_release(&u);
		return (st);
	}
	*out = u;
	return (CKPT_OK);
}

void
remote_url_release(struct remote_url *u)
{
	free(u->text);
	free(u->shown);
	free(u->name);
	free(u->path);
	memset(u, 0, sizeof(*u));
}
