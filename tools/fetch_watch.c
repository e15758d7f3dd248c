#include <signal.h>
#include <time.h>

#include "fetch.h"

#define LINE 79 /* columns of the progress line */

static volatile sig_atomic_t caught, harmless_now;

static void
on_signal(int number)
{
	caught = number;
	if (harmless_now) {
		(void)signal(number, SIG_DFL);
		(void)raise(number); /* pending until the handler returns */
	}
}

static bool
is_cancelled(void *arg)
{
	(void)arg;
	return (caught != 0);
}

void
fetch_watch_harmless(bool harmless)
{
	harmless_now = harmless;
}

int
fetch_watch_caught(void)
{
	return (caught);
}

/* "12.3M" into `out`. */
static void
format_size(double x, char out[16])
{
	static const char units[] = " KMGTP";
	size_t i = 0;

	while (x >= 1000 && units[i + 1] != '\0') {
		x /= 1024;
		i++;
	}
	if (i == 0)
		(void)snprintf(out, 16, "%.0f", x);
	else
		(void)snprintf(out, 16, "%.1f%c", x, units[i]);
}

/* "1:02:03" or "2:03" into `out`. */
static void
format_time(double s, char out[32])
{
	unsigned long long t = s < 1e9 ? (unsigned long long)(s + 0.5) : 0;

	if (s >= 360000)
		(void)snprintf(out, 32, "%llu days", t / 86400);
	else if (t >= 3600)
		(void)snprintf(out, 32, "%llu:%02llu:%02llu", t / 3600,
		    t / 60 % 60, t % 60);
	else
		(void)snprintf(out, 32, "%llu:%02llu", t / 60, t % 60);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
}

/* Follows the rate: an average that forgets half in about two seconds. */
static void
measure(struct fetch *f, uint64_t done)
{
	double t = now(), dt = t - f->line_time, rate;

	if (f->line_time > 0 && dt > 0 && done >= f->line_done) {
		rate = (double)(done - f->line_done) / dt;
		f->rate = f->rate <= 0 ? rate : f->rate +
		    (rate - f->rate) * (dt < 2 ? dt / 3 : 0.7);
	}
	f->line_time = t;
	f->line_done = done;
}

static void
on_progress(void *arg, const struct remote_progress *p)
{
	struct fetch *f = arg;
	char done[16], total[16], rate[16], left[32], text[160];

	measure(f, p->done);
	format_size((double)p->done, done);
	format_size(f->rate, rate);
	if (p->total == REMOTE_UNKNOWN || p->total == 0) {
		(void)snprintf(text, sizeof(text), "%.30s  %s  %s/s",
		    f->current->url.name, done, rate);
	} else {
		format_size((double)p->total, total);
		if (f->rate > 0)
			format_time((double)(p->total - p->done) / f->rate,
			    left);
		else
			(void)snprintf(left, sizeof(left), "-");
		(void)snprintf(text, sizeof(text),
		    "%.30s  %3.0f%%  %s/%s  %s/s  ETA %s",
		    f->current->url.name, (double)p->done * 100 /
		    (double)p->total, done, total, rate, left);
	}
	(void)fprintf(stderr, "\r%-*.*s", LINE, LINE, text);
	(void)fflush(stderr);
	f->has_line = true;
}

void
fetch_watch_clear(struct fetch *f)
{
	if (f->has_line)
		(void)putc('\n', stderr);
	f->has_line = false;
	f->line_time = 0;
	f->rate = 0;
}

static void
on_note(void *arg, const char *text)
{
	struct fetch *f = arg;

	fetch_watch_clear(f);
	cli_warn(&f->cli, "%s: %s", f->current != NULL ?
	    f->current->url.shown : "", text);
}

void
fetch_watch(struct fetch *f)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action, old;
	size_t i;

	f->remote.arg = f;
	f->remote.cancelled = is_cancelled;
	f->remote.note = on_note;
	if (cli_wants_progress(&f->cli))
		f->remote.progress = on_progress;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sigaction(numbers[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
	}
}
