#include <stdarg.h>
#include <sys/random.h>
#include <time.h>

#include "remote/remote_retry.h"

#define DELAY_MAX 60.0      /* seconds between tries, but for Retry-After */
#define GAIN (1024 * 1024)  /* bytes that make a try a success */
#define NAP 0.1             /* seconds between questions for a cancel */

void
remote_options_init(struct remote_options *o)
{
	memset(o, 0, sizeof(*o));
	o->retries = 5;
	o->retry_delay = 1;
	o->retry_max_time = 600;
	o->connect_timeout = 30;
	o->speed_limit = 1;
	o->speed_time = 30;
	o->max_redirects = 10;
}

double
remote_retry_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
}

void
remote_retry_init(struct remote_retry *t, const struct remote_options *o)
{
	memset(t, 0, sizeof(*t));
	t->o = o;
	if (getrandom(&t->random, sizeof(t->random), GRND_NONBLOCK) < 0)
		t->random = (uint64_t)(remote_retry_now() * 1e9);
	t->random |= 1;
}

void
remote_retry_gain(struct remote_retry *t, uint64_t done)
{
	if (done < t->best + GAIN)
		return;
	t->best = done;
	t->n = 0;
}

void
remote_retry_note(const struct remote_options *o, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	if (o->note == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->note(o->arg, text);
}

enum ckpt_status
remote_retry_sleep(const struct remote_options *o, double seconds,
    struct ckpt_error *err)
{
	double end = remote_retry_now() + seconds, left;
	struct timespec t;

	for (;;) {
		if (o->cancelled != NULL && o->cancelled(o->arg))
			return (error_set(err, CKPT_CANCELLED,
			    "interrupted"));
		left = end - remote_retry_now();
		if (left <= 0)
			return (CKPT_OK);
		if (left > NAP)
			left = NAP;
		t.tv_sec = 0;
		t.tv_nsec = (long)(left * 1e9);
		(void)nanosleep(&t, NULL);
	}
}

/* The delay before try n + 1: doubled each time, the upper half of it at
 * random (xorshift), so that many clients do not return together. */
static double
next_delay(struct remote_retry *t)
{
	double d = t->o->retry_delay;
	unsigned i;

	for (i = 1; i < t->n && d < DELAY_MAX; i++)
		d *= 2;
	if (d > DELAY_MAX)
		d = DELAY_MAX;
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (d * (0.5 + 0.5 * (double)(t->random >> 11) * 0x1p-53));
}

/* Adds to the text of the error. */
static enum ckpt_status
give_up(struct ckpt_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static enum ckpt_status
give_up(struct ckpt_error *err, const char *fmt, ...)
{
	size_t n = strlen(err->text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err->text + n, sizeof(err->text) - n, fmt, ap);
	va_end(ap);
	return (err->status);
}

enum ckpt_status
remote_retry_wait(struct remote_retry *t, double wait_min,
    struct ckpt_error *err)
{
	double delay, limit = t->o->retry_max_time;

	if (t->n == 0)
		t->since = remote_retry_now();
	if (t->n >= t->o->retries)
		return (t->n == 0 ? err->status : give_up(err,
		    " (%u tries)", t->n + 1));
	t->n++;
	delay = wait_min < 0 ? 0 : next_delay(t);
	if (delay < wait_min)
		delay = wait_min;
	if (limit > 0 && remote_retry_now() - t->since + delay > limit)
		return (give_up(err, " (the next try would be in %.0f s, "
		    "beyond %.0f s of trying)", delay, limit));
	remote_retry_note(t->o, "%s; try %u of %u in %.1f s", err->text,
	    t->n + 1, t->o->retries + 1, delay);
	return (remote_retry_sleep(t->o, delay, err));
}
