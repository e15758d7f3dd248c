#include "remote/remote_http.h"
#include "remote/remote_retry.h"
#include "remote/remote_transfer.h"

#define PROGRESS_INTERVAL 0.25 /* seconds between two reports */

/* What to do after a request, as far as the response has decided it. */
enum step {
	STEP_OPEN = 0,  /* by how the transfer ends */
	STEP_COMPLETE,  /* nothing: the file is complete */
	STEP_RESTART,   /* from the file's start, at once */
	STEP_LATER,     /* the same again, after a delay */
	STEP_FAIL       /* give up */
};

struct transfer {
	struct remote_cache *c;
	const struct remote_options *o;
	bool provable;
	struct remote_retry retry;
	uint64_t started;   /* bytes of an earlier call in the entry */
	double reported;    /* monotonic seconds of the last report */
	/* Of the request under way: */
	bool asked_range;   /* for the bytes from c->done on */
	bool asked_new;     /* only for a file that has changed */
	bool conditional;   /* with If-Match or its like */
	bool receiving;     /* bytes of the file */
	enum step step;
	double wait_min;    /* seconds, as remote_retry_wait */
	uint64_t end;       /* of the bytes to receive, or REMOTE_UNKNOWN */
};

static void
report(struct transfer *t, bool now)
{
	struct remote_progress p = { t->c->done, t->c->total, t->started };
	double s;

	if (t->o->progress == NULL)
		return;
	s = remote_retry_now();
	if (!now && s < t->reported + PROGRESS_INTERVAL)
		return;
	t->reported = s;
	t->o->progress(t->o->arg, &p);
}

static void
on_tick(void *arg)
{
	report(arg, false);
}

static enum ckpt_status
restart(struct transfer *t, struct ckpt_error *err)
{
	t->started = 0;
	return (remote_cache_restart(t->c, err));
}

/* Ends the request with a step; the error tells why. */
#define STOP(t, what, err, ...) \
	((t)->step = (what), \
	(void)error_set((err), CKPT_SYSTEM, __VA_ARGS__), CKPT_END)

/* The whole file, from its first byte. */
static enum ckpt_status
begin_whole(struct transfer *t, const struct remote_head *h,
    struct ckpt_error *err)
{
	struct remote_cache *c = t->c;
	enum ckpt_status st;

	if (t->asked_range)
		remote_retry_note(t->o, "the server ignores ranges; starting "
		    "over");
	st = restart(t, err);
	if (st != CKPT_OK)
		return (st);
	c->total = h->length;
	(void)snprintf(c->etag, sizeof(c->etag), "%s", h->etag);
	(void)snprintf(c->last_modified, sizeof(c->last_modified), "%s",
	    h->last_modified);
	c->n_responses = 1;
	t->end = h->length;
	if (h->length == REMOTE_UNKNOWN && !t->provable)
		remote_retry_note(t->o, "the server states no length: a cut "
		    "may go unnoticed");
	t->receiving = true;
	return (remote_cache_save(c, err));
}

/* The rest, if it is the rest of the same file. */
static enum ckpt_status
begin_rest(struct transfer *t, const struct remote_head *h,
    struct ckpt_error *err)
{
	struct remote_cache *c = t->c;

	if (!t->asked_range)
		return (STOP(t, STEP_LATER, err, "the server sent a part of "
		    "the file (206) that was not asked for"));
	if (!h->has_range || h->first != c->done)
		return (STOP(t, STEP_RESTART, err, "the server sent another "
		    "part than the one asked for (from byte %llu on)",
		    (unsigned long long)c->done));
	if (c->total != REMOTE_UNKNOWN && h->total != REMOTE_UNKNOWN &&
	    h->total != c->total)
		return (STOP(t, STEP_RESTART, err, "the file has changed "
		    "from %llu to %llu bytes", (unsigned long long)c->total,
		    (unsigned long long)h->total));
	if ((c->etag[0] != '\0' && h->etag[0] != '\0' &&
	    strcmp(c->etag, h->etag) != 0) ||
	    (c->etag[0] == '\0' && c->last_modified[0] != '\0' &&
	    h->last_modified[0] != '\0' &&
	    strcmp(c->last_modified, h->last_modified) != 0))
		return (STOP(t, STEP_RESTART, err,
		    "the file has changed on the server"));
	if (c->total == REMOTE_UNKNOWN)
		c->total = h->total;
	c->n_responses++;
	t->end = h->last + 1;
	t->receiving = true;
	return (remote_cache_save(c, err));
}

/* 416: nothing follows byte c->done. */
static enum ckpt_status
no_rest(struct transfer *t, const struct remote_head *h,
    struct ckpt_error *err)
{
	struct remote_cache *c = t->c;

	if (!t->asked_range)
		return (STOP(t, STEP_FAIL, err, "the server answered 416 to "
		    "a request without a range"));
	if (h->total == c->done && (c->total == REMOTE_UNKNOWN ||
	    c->total == c->done)) {
		t->step = STEP_COMPLETE;
		return (CKPT_END);
	}
	if (c->total != REMOTE_UNKNOWN && h->total == c->done)
		return (STOP(t, STEP_RESTART, err, "the server announced "
		    "%llu bytes and has %llu", (unsigned long long)c->total,
		    (unsigned long long)c->done));
	return (STOP(t, STEP_RESTART, err,
	    "the file has become shorter on the server"));
}

static enum ckpt_status
on_head(void *arg, const struct remote_head *h, struct ckpt_error *err)
{
	struct transfer *t = arg;
	char text[96];

	remote_head_describe(h, text, sizeof(text));
	switch (h->status) {
	case 200:
		return (begin_whole(t, h, err));
	case 206:
		return (begin_rest(t, h, err));
	case 304:
		if (!t->asked_new)
			break;
		t->step = STEP_COMPLETE;
		return (CKPT_END);
	case 412:
		if (!t->conditional)
			break;
		return (STOP(t, STEP_RESTART, err,
		    "the file has changed on the server"));
	case 416:
		return (no_rest(t, h, err));
	default:
		break;
	}
	t->wait_min = remote_head_retry_after(h);
	if (t->wait_min < 0)
		t->wait_min = 0;
	return (STOP(t, remote_head_is_transient(h) ? STEP_LATER :
	    STEP_FAIL, err, "the server answered %s", text));
}

static enum ckpt_status
on_body(void *arg, const void *data, size_t n, struct ckpt_error *err)
{
	struct transfer *t = arg;
	enum ckpt_status st;

	if (t->end != REMOTE_UNKNOWN && n > t->end - t->c->done)
		return (STOP(t, STEP_RESTART, err,
		    "the server sent more than it announced"));
	st = remote_cache_append(t->c, data, n, err);
	if (st == CKPT_OK)
		report(t, false);
	return (st);
}

/* What to ask for, given what is there. */
static enum ckpt_status
plan(struct transfer *t, struct ckpt_error *err)
{
	const struct remote_cache *c = t->c;
	bool known = c->etag[0] != '\0' || c->last_modified[0] != '\0';
	bool whole = c->done > 0 && c->done == c->total;

	t->asked_range = t->asked_new = t->receiving = false;
	t->step = STEP_OPEN;
	t->wait_min = 0;
	t->end = REMOTE_UNKNOWN;
	t->conditional = known && c->done > 0;
	if (c->done == 0)
		return (CKPT_OK);
	if (whole && known) {
		t->asked_new = true;
	} else if (!whole && (known || t->provable)) {
		t->asked_range = true;
	} else {
		remote_retry_note(t->o, "the server gave no validator for "
		    "the %llu bytes that are there; starting over",
		    (unsigned long long)c->done);
		return (restart(t, err));
	}
	return (CKPT_OK);
}

static void
make_condition(const struct transfer *t, char *out, size_t n)
{
	const struct remote_cache *c = t->c;

	if (c->etag[0] != '\0')
		(void)snprintf(out, n, "If-%sMatch: %s",
		    t->asked_new ? "None-" : "", c->etag);
	else
		(void)snprintf(out, n, "If-%s-Since: %s",
		    t->asked_new ? "Modified" : "Unmodified",
		    c->last_modified);
}

/* After a response of which nothing is missing. */
static enum ckpt_status
check_end(struct transfer *t, struct ckpt_error *err)
{
	struct remote_cache *c = t->c;

	if (t->end != REMOTE_UNKNOWN && c->done != t->end)
		return (STOP(t, STEP_LATER, err, "the response ended early"));
	if (c->total == REMOTE_UNKNOWN) {
		c->total = c->done;
		return (remote_cache_save(c, err));
	}
	if (c->done != c->total)
		return (STOP(t, STEP_LATER, err, "%llu of %llu bytes came",
		    (unsigned long long)c->done,
		    (unsigned long long)c->total));
	return (CKPT_OK);
}

/* One request. CKPT_OK: the file is complete. CKPT_END: try again, by
 * t->step. Else it is hopeless. */
static enum ckpt_status
try_once(struct transfer *t, struct remote_http *http, const char *url,
    struct ckpt_error *err)
{
	char range[32], condition[REMOTE_MAX_VALIDATOR + 32];
	struct remote_request r = { url, NULL, NULL, t, on_head, on_body,
	    on_tick };
	enum ckpt_status st;
	bool transient;

	st = plan(t, err);
	if (st != CKPT_OK)
		return (st);
	if (t->asked_range) {
		(void)snprintf(range, sizeof(range), "%llu-",
		    (unsigned long long)t->c->done);
		r.range = range;
	}
	if (t->c->done > 0 && t->conditional) {
		make_condition(t, condition, sizeof(condition));
		r.condition = condition;
	}
	st = remote_http_get(http, &r, &transient, err);
	if (transient)
		return (CKPT_END);
	if (st != CKPT_OK)
		return (st);
	switch (t->step) {
	case STEP_OPEN:
		return (check_end(t, err));
	case STEP_COMPLETE:
		t->c->total = t->c->done;
		return (CKPT_OK);
	case STEP_FAIL:
		return (CKPT_SYSTEM);
	default:
		return (CKPT_END);
	}
}

enum ckpt_status
remote_transfer(const char *url, struct remote_cache *c, bool provable,
    const struct remote_options *o, bool *reused, struct ckpt_error *err)
{
	struct transfer t;
	struct remote_http *http;
	enum ckpt_status st;

	memset(&t, 0, sizeof(t));
	t.c = c;
	t.o = o;
	t.provable = provable;
	t.started = c->done;
	remote_retry_init(&t.retry, o);
	st = remote_http_new(o, &http, err);
	if (st != CKPT_OK)
		return (st);
	while ((st = try_once(&t, http, url, err)) == CKPT_END) {
		remote_retry_gain(&t.retry, c->done);
		if (t.step == STEP_RESTART) {
			/* at once, but counted: it may never end */
			t.wait_min = -1;
			st = restart(&t, err);
			if (st != CKPT_OK)
				break;
		}
		st = remote_retry_wait(&t.retry, t.wait_min, err);
		if (st != CKPT_OK)
			break;
	}
	remote_http_free(http);
	if (st == CKPT_OK)
		report(&t, true);
	*reused = t.started > 0;
	return (st);
}
