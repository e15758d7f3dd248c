#include <fcntl.h>
#include <pthread.h>

#include "remote/remote_http.h"
#include "remote/remote_retry.h"

#define AHEAD 1048576 /* bytes asked for by sequential reading */

struct remote_bytes {
	const struct remote_options *o;
	char *url, *shown;
	pthread_mutex_t mutex;    /* over http: one request at a time */
	struct remote_http *http;
	uint64_t size;            /* of the file */
	char etag[REMOTE_MAX_VALIDATOR], last_modified[64];
	unsigned char *tail;      /* bytes tail_start to size - 1 */
	uint64_t tail_start;
	/* Sequential reading: */
	uint64_t at;
	unsigned char *ahead;
	size_t ahead_pos, ahead_len;
};

/* One range request under way. */
struct range {
	struct remote_bytes *b;
	uint64_t first;       /* offset of the first byte */
	size_t n, got;        /* bytes expected, and received */
	size_t max_tail;      /* not 0: it is the tail, of at most so many */
	unsigned char *out;
	bool later;           /* to be asked again */
	double wait_min;
};

/* The first response: how long the file is, and which state of it. */
static enum ckpt_status
take_tail(struct range *r, const struct remote_head *h,
    struct ckpt_error *err)
{
	struct remote_bytes *b = r->b;
	uint64_t n = h->last - h->first + 1;

	if (!h->has_range || h->total == REMOTE_UNKNOWN ||
	    h->last != h->total - 1 || n > r->max_tail)
		return (error_set(err, CKPT_NOT_OURS,
		    "the server does not serve the end of the file alone"));
	free(b->tail);
	b->tail = malloc((size_t)n);
	if (b->tail == NULL)
		return (error_nomem(err, n));
	b->tail_start = h->first;
	b->size = h->total;
	memcpy(b->etag, h->etag, sizeof(b->etag));
	memcpy(b->last_modified, h->last_modified, sizeof(b->last_modified));
	r->first = h->first;
	r->n = (size_t)n;
	r->out = b->tail;
	return (CKPT_OK);
}

static enum ckpt_status
check_range(const struct range *r, const struct remote_head *h,
    struct ckpt_error *err)
{
	const struct remote_bytes *b = r->b;

	if (!h->has_range || h->first != r->first ||
	    h->last != r->first + r->n - 1)
		return (error_set(err, CKPT_SYSTEM, "the server sent another "
		    "part than bytes %llu to %llu",
		    (unsigned long long)r->first,
		    (unsigned long long)(r->first + r->n - 1)));
	if ((h->total != REMOTE_UNKNOWN && h->total != b->size) ||
	    (b->etag[0] != '\0' && h->etag[0] != '\0' &&
	    strcmp(b->etag, h->etag) != 0))
		return (error_set(err, CKPT_MISMATCH,
		    "the file changed on the server while it was read"));
	return (CKPT_OK);
}

static enum ckpt_status
on_head(void *arg, const struct remote_head *h, struct ckpt_error *err)
{
	struct range *r = arg;
	char text[96];

	r->got = 0;
	if (h->status == 206)
		return (r->max_tail > 0 ? take_tail(r, h, err) :
		    check_range(r, h, err));
	if (h->status == 200 || (h->status == 416 && r->max_tail > 0))
		return (error_set(err, CKPT_NOT_OURS,
		    "the server does not serve ranges of this file"));
	if (h->status == 412)
		return (error_set(err, CKPT_MISMATCH,
		    "the file changed on the server while it was read"));
	remote_head_describe(h, text, sizeof(text));
	(void)error_set(err, CKPT_SYSTEM, "the server answered %s", text);
	if (!remote_head_is_transient(h))
		return (CKPT_SYSTEM);
	r->later = true;
	r->wait_min = remote_head_retry_after(h);
	if (r->wait_min < 0)
		r->wait_min = 0;
	return (CKPT_END);
}

static enum ckpt_status
on_body(void *arg, const void *data, size_t n, struct ckpt_error *err)
{
	struct range *r = arg;

	if (n > r->n - r->got)
		return (error_set(err, CKPT_SYSTEM,
		    "the server sent more than it announced"));
	memcpy(r->out + r->got, data, n);
	r->got += n;
	return (CKPT_OK);
}

/* Asks until it is answered. The mutex is held. */
static enum ckpt_status
get_range(struct range *r, const char *range, struct ckpt_error *err)
{
	struct remote_bytes *b = r->b;
	char condition[REMOTE_MAX_VALIDATOR + 32];
	struct remote_request q = { b->url, range, NULL, r, on_head, on_body,
	    NULL };
	struct remote_retry retry;
	enum ckpt_status st;
	bool transient;

	remote_retry_init(&retry, b->o);
	if (r->max_tail == 0 && b->etag[0] != '\0')
		(void)snprintf(condition, sizeof(condition), "If-Match: %s",
		    b->etag);
	else
		(void)snprintf(condition, sizeof(condition),
		    "If-Unmodified-Since: %s", b->last_modified);
	if (r->max_tail == 0 && (b->etag[0] != '\0' ||
	    b->last_modified[0] != '\0'))
		q.condition = condition;
	for (;;) {
		r->later = false;
		r->wait_min = 0;
		r->got = 0;
		st = remote_http_get(b->http, &q, &transient, err);
		if (st == CKPT_OK && !r->later && r->got == r->n)
			return (CKPT_OK);
		if (st != CKPT_OK && !transient)
			return (st);
		if (st == CKPT_OK && !r->later)
			(void)error_set(err, CKPT_SYSTEM,
			    "%zu of %zu bytes came", r->got, r->n);
		st = remote_retry_wait(&retry, r->wait_min, err);
		if (st != CKPT_OK)
			return (st);
	}
}

static enum ckpt_status
on_pread(void *ctx, void *to, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct remote_bytes *b = ctx;
	struct ckpt_error own;
	struct range r;
	enum ckpt_status st;
	char text[64];
	size_t part = n;

	if (offset + n > b->tail_start) {
		/* the end of it, or all, is in memory */
		part = offset < b->tail_start ?
		    (size_t)(b->tail_start - offset) : 0;
		memcpy((unsigned char *)to + part,
		    b->tail + (offset + part - b->tail_start), n - part);
	}
	if (part == 0)
		return (CKPT_OK);
	if (err == NULL) {
		memset(&own, 0, sizeof(own));
		err = &own;
	}
	memset(&r, 0, sizeof(r));
	r.b = b;
	r.first = offset;
	r.n = part;
	r.out = to;
	(void)snprintf(text, sizeof(text), "%llu-%llu",
	    (unsigned long long)offset,
	    (unsigned long long)(offset + part - 1));
	(void)pthread_mutex_lock(&b->mutex);
	st = get_range(&r, text, err);
	(void)pthread_mutex_unlock(&b->mutex);
	if (st != CKPT_OK)
		(void)error_where(err, b->shown);
	return (st);
}

static enum ckpt_status
on_read(void *ctx, void *out, size_t n, size_t *got, struct ckpt_error *err)
{
	struct remote_bytes *b = ctx;
	uint64_t left = b->size - b->at;
	enum ckpt_status st;

	*got = 0;
	if (b->ahead == NULL) {
		b->ahead = malloc(AHEAD);
		if (b->ahead == NULL)
			return (error_nomem(err, AHEAD));
	}
	if (b->ahead_pos == b->ahead_len) {
		b->ahead_pos = 0;
		b->ahead_len = left < AHEAD ? (size_t)left : AHEAD;
		st = on_pread(b, b->ahead, b->ahead_len, b->at, err);
		if (st != CKPT_OK) {
			b->ahead_len = 0;
			return (st);
		}
		b->at += b->ahead_len;
	}
	if (n > b->ahead_len - b->ahead_pos)
		n = b->ahead_len - b->ahead_pos;
	memcpy(out, b->ahead + b->ahead_pos, n);
	b->ahead_pos += n;
	*got = n;
	return (CKPT_OK);
}

static void
on_close(void *ctx)
{
	struct remote_bytes *b = ctx;

	remote_http_free(b->http);
	(void)pthread_mutex_destroy(&b->mutex);
	free(b->url);
	free(b->shown);
	free(b->tail);
	free(b->ahead);
	free(b);
}

static const struct bytes_ops ops = { on_read, on_pread, on_close };

static enum ckpt_status
open_http(const struct remote_url *url, uint64_t n_tail,
    const struct remote_options *o, struct bytes **out,
    struct ckpt_error *err)
{
	struct remote_bytes *b = calloc(1, sizeof(*b));
	struct range r;
	enum ckpt_status st;
	char text[32];

	if (b == NULL)
		return (error_nomem(err, sizeof(*b)));
	b->o = o;
	(void)pthread_mutex_init(&b->mutex, NULL);
	b->url = strdup(url->text);
	b->shown = strdup(url->shown);
	if (b->url == NULL || b->shown == NULL) {
		st = error_nomem(err, strlen(url->text));
		goto err0;
	}
	st = remote_http_new(o, &b->http, err);
	if (st != CKPT_OK)
		goto err0;
	memset(&r, 0, sizeof(r));
	r.b = b;
	r.max_tail = (size_t)n_tail;
	(void)snprintf(text, sizeof(text), "-%llu",
	    (unsigned long long)n_tail);
	st = get_range(&r, text, err);
	if (st != CKPT_OK)
		goto err0;
	return (bytes_new(&ops, b, b->size, out, err));

err0:
	(void)error_where(err, url->shown);
	on_close(b);
	return (st);
}

enum ckpt_status
remote_bytes_open(const struct remote_url *url, uint64_t n_tail,
    const struct remote_options *options, struct bytes **out,
    struct ckpt_error *err)
{
	struct ckpt_error own;
	int fd;

	if (err == NULL) {
		memset(&own, 0, sizeof(own));
		err = &own;
	}
	if (n_tail == 0 || n_tail > REMOTE_MAX_TAIL)
		return (error_set(err, CKPT_USAGE, "a tail of %llu bytes; "
		    "expected 1 to %d", (unsigned long long)n_tail,
		    REMOTE_MAX_TAIL));
	if (url->path == NULL)
		return (open_http(url, n_tail, options, out, err));
	fd = open(url->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)error_sys(err, "cannot open");
		return (error_where(err, url->shown));
	}
	return (bytes_fd(fd, out, err));
}
