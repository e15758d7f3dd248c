#include <errno.h>
#include <pthread.h>

#include <curl/curl.h>

#include "remote/remote_http.h"
#include "remote/remote_retry.h"

#define BUFFER_MAX 262144 /* bytes that libcurl hands on at once, at most */
#define BUFFER_MIN 1024   /* the least that libcurl allows */

struct remote_http {
	const struct remote_options *o;
	CURL *curl;
	char message[CURL_ERROR_SIZE];
	/* Of the request under way: */
	const struct remote_request *r;
	struct ckpt_error *err;
	struct remote_head head;
	bool head_given;          /* to the callback */
	bool cancelled;
	enum ckpt_status status;  /* of the callbacks */
	/* Of --limit-rate: what has come since then. */
	double limit_since;       /* monotonic seconds, 0: nothing yet */
	double limit_bytes;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode once_code;

static void
init_once(void)
{
	once_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Hands the head on, once. */
static void
give_head(struct remote_http *h)
{
	if (h->head_given)
		return;
	h->head_given = true;
	remote_head_finish(&h->head);
	h->status = h->r->head(h->r->arg, &h->head, h->err);
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct remote_http *h = arg;

	if (!h->head_given)
		remote_head_line(&h->head, data, size * n);
	return (size * n);
}

/* Keeps the rate by not reading on: the server then waits, too. libcurl's
 * own limit lets the first seconds, or more, pass at full speed (7.88). */
static enum ckpt_status
limit_rate(struct remote_http *h, size_t n)
{
	double rate = (double)h->o->limit_rate, t = remote_retry_now();

	if (h->o->limit_rate == 0)
		return (CKPT_OK);
	/* what a slow second has saved is not made up for later */
	if (h->limit_since <= 0 ||
	    (t - h->limit_since) * rate > h->limit_bytes + rate) {
		h->limit_since = t;
		h->limit_bytes = 0;
	}
	h->limit_bytes += (double)n;
	return (remote_retry_sleep(h->o,
	    h->limit_since + h->limit_bytes / rate - t, h->err));
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct remote_http *h = arg;

	give_head(h);
	if (h->status == CKPT_OK)
		h->status = h->r->body(h->r->arg, data, size * n, h->err);
	if (h->status == CKPT_OK)
		h->status = limit_rate(h, size * n);
	/* anything but size * n stops the transfer */
	return (h->status == CKPT_OK ? size * n : 0);
}

static int
on_tick(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
    curl_off_t up_now)
{
	struct remote_http *h = arg;

	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	if (h->o->cancelled != NULL && h->o->cancelled(h->o->arg))
		h->cancelled = true;
	if (h->r != NULL && h->r->tick != NULL)
		h->r->tick(h->r->arg);
	return (h->cancelled ? 1 : 0);
}

/* Small enough for an even flow at a limited rate. */
static long
buffer_size(const struct remote_options *o)
{
	uint64_t n = o->limit_rate / 8;

	if (n == 0 || n > BUFFER_MAX)
		return (o->limit_rate == 0 || n > 0 ? BUFFER_MAX : BUFFER_MIN);
	return (n < BUFFER_MIN ? BUFFER_MIN : (long)n);
}

/* What is the same for all requests. Options that this libcurl does not
 * know are those of features that it then does not have either. */
static void
set_limits(CURL *c, const struct remote_options *o)
{
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)o->max_redirects);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS,
	    (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
	    (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	(void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, buffer_size(o));
	if (o->connect_timeout > 0)
		(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
		    (long)(o->connect_timeout * 1000 + 0.5));
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT,
	    (long)o->speed_limit);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
	    (long)o->speed_time);
}

static void
set_peers(CURL *c, const struct remote_options *o)
{
	if (o->proxy != NULL)
		(void)curl_easy_setopt(c, CURLOPT_PROXY, o->proxy);
	if (o->noproxy != NULL)
		(void)curl_easy_setopt(c, CURLOPT_NOPROXY, o->noproxy);
	if (o->cacert != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, o->cacert);
	if (o->capath != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAPATH, o->capath);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER,
	    o->insecure ? 0L : 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST,
	    o->insecure ? 0L : 2L);
	if (o->user != NULL)
		(void)curl_easy_setopt(c, CURLOPT_USERPWD, o->user);
	if (o->user_agent != NULL)
		(void)curl_easy_setopt(c, CURLOPT_USERAGENT, o->user_agent);
}

enum ckpt_status
remote_http_new(const struct remote_options *options,
    struct remote_http **out, struct ckpt_error *err)
{
	struct remote_http *h;
	CURL *c;

	if (pthread_once(&once, init_once) != 0 || once_code != CURLE_OK)
		return (error_set(err, CKPT_SYSTEM, "libcurl does not start"));
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	h->o = options;
	h->curl = c = curl_easy_init();
	if (c == NULL) {
		free(h);
		return (error_nomem(err, 0));
	}
	set_limits(c, options);
	set_peers(c, options);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->message);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	*out = h;
	return (CKPT_OK);
}

void
remote_http_free(struct remote_http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

static enum ckpt_status
make_headers(const struct remote_http *h, struct curl_slist **out,
    struct ckpt_error *err)
{
	struct curl_slist *list = NULL, *next;
	const char *const *p = h->o->headers;
	const char *s;

	while ((p != NULL && *p != NULL) || h->r->condition != NULL) {
		s = p != NULL && *p != NULL ? *p++ : NULL;
		next = curl_slist_append(list,
		    s != NULL ? s : h->r->condition);
		if (next == NULL) {
			curl_slist_free_all(list);
			return (error_nomem(err, 0));
		}
		list = next;
		if (s == NULL)
			break;
	}
	*out = list;
	return (CKPT_OK);
}

/* Whether another try may find the network or the server in a better mood.
 */
static bool
is_transient(CURL *c, CURLcode code)
{
	long os_errno = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return (true);
	case CURLE_SSL_CONNECT_ERROR:
		(void)curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &os_errno);
		return (os_errno == ECONNRESET || os_errno == ETIMEDOUT);
	default:
		return (false);
	}
}

/* The outcome of the transfer, from libcurl's code and the callbacks. */
static enum ckpt_status
judge(struct remote_http *h, CURLcode code, bool *transient)
{
	*transient = false;
	if (h->cancelled)
		return (error_set(h->err, CKPT_CANCELLED, "interrupted"));
	if (code == CURLE_OK)
		give_head(h);
	if (h->status == CKPT_END)
		return (CKPT_OK);
	if (h->status != CKPT_OK)
		return (h->status);
	if (code == CURLE_OK)
		return (CKPT_OK);
	*transient = is_transient(h->curl, code);
	return (error_set(h->err, CKPT_SYSTEM, "%s", h->message[0] != '\0' ?
	    h->message : curl_easy_strerror(code)));
}

enum ckpt_status
remote_http_get(struct remote_http *h, const struct remote_request *r,
    bool *transient, struct ckpt_error *err)
{
	struct curl_slist *headers = NULL;
	enum ckpt_status st;
	CURLcode code;

	*transient = false;
	h->r = r;
	h->err = err;
	h->head_given = h->cancelled = false;
	h->status = CKPT_OK;
	h->message[0] = '\0';
	remote_head_reset(&h->head);
	st = make_headers(h, &headers, err);
	if (st != CKPT_OK)
		return (st);
	code = curl_easy_setopt(h->curl, CURLOPT_URL, r->url);
	if (code == CURLE_OK)
		code = curl_easy_setopt(h->curl, CURLOPT_RANGE, r->range);
	if (code == CURLE_OK)
		code = curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	if (code == CURLE_OK)
		code = curl_easy_perform(h->curl);
	st = judge(h, code, transient);
	(void)curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	h->err = NULL;
	h->r = NULL;
	return (st);
}
