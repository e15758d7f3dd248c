/*
 * remote_http: one GET request after another over one libcurl handle.
 */
#ifndef CKPT_REMOTE_REMOTE_HTTP_H
#define CKPT_REMOTE_REMOTE_HTTP_H

#include "remote/remote_head.h"

struct remote_http;

struct remote_request {
	const char *url;
	const char *range;     /* "0-99", "100-", "-100"; NULL: the whole */
	const char *condition; /* a further header line, or NULL */
	void *arg;
	/* The response's head (after redirects), before any of its body.
	 * CKPT_END: the body is not wanted; this is no error. */
	enum ckpt_status (*head)(void *arg, const struct remote_head *h,
	    struct ckpt_error *err);
	enum ckpt_status (*body)(void *arg, const void *data, size_t n,
	    struct ckpt_error *err);
	void (*tick)(void *arg); /* now and then; or NULL */
};

/* `options` must live as long as the handle. */
CKPT_CHECKED enum ckpt_status remote_http_new(
    const struct remote_options *options, struct remote_http **out,
    struct ckpt_error *err);
void remote_http_free(struct remote_http *h); /* NULL does nothing */

/* CKPT_OK if a response of whatever status was received whole. Otherwise
 * *transient says whether a further try can help; it is false if one of the
 * callbacks failed, whose status and error are then returned. */
CKPT_CHECKED enum ckpt_status remote_http_get(struct remote_http *h,
    const struct remote_request *r, bool *transient,
    struct ckpt_error *err);

#endif
