/*
 * remote_retry: how often, and after what delay, to try again.
 */
#ifndef CKPT_REMOTE_REMOTE_RETRY_H
#define CKPT_REMOTE_REMOTE_RETRY_H

#include "remote/remote.h"

struct remote_retry {
	const struct remote_options *o;
	unsigned n;        /* failures in a row */
	double since;      /* monotonic seconds of the first of them */
	uint64_t best;     /* bytes: the most that there ever was */
	uint64_t random;   /* state of the generator */
};

void remote_retry_init(struct remote_retry *t,
    const struct remote_options *o);

/* Tells that `done` bytes are there: 1 MiB more than ever starts the count
 * of failures anew. */
void remote_retry_gain(struct remote_retry *t, uint64_t done);

/* After a failure that `err` describes: waits until the next try, and at
 * least `wait_min` seconds, or at once if that is negative (the fault is
 * known and mended); returns CKPT_OK. Otherwise, when no try is left, the
 * error's own status, with the number of tries added to its text; or
 * CKPT_CANCELLED. */
CKPT_CHECKED enum ckpt_status remote_retry_wait(struct remote_retry *t,
    double wait_min, struct ckpt_error *err);

/* A formatted line for options->note. */
void remote_retry_note(const struct remote_options *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Sleeps; CKPT_CANCELLED as soon as the callback asks for it. */
CKPT_CHECKED enum ckpt_status remote_retry_sleep(
    const struct remote_options *o, double seconds, struct ckpt_error *err);

/* Seconds of the monotonic clock. */
double remote_retry_now(void);

#endif
