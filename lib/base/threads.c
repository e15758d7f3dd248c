#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/threads.h"

#define THREADS_MAX 1024

unsigned
threads_available(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return (n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n);
}

/* Runs main(arg, thread) on n threads, of which the caller is the first.
 * A thread that cannot be started is done without. */
struct crew_member {
	pthread_t id;
	bool is_running;
	unsigned thread;
	void *arg;
	void (*main)(void *arg, unsigned thread);
};

static void *
crew_main(void *member)
{
	struct crew_member *m = member;

	m->main(m->arg, m->thread);
	return (NULL);
}

static void
crew_run(unsigned n, void (*run)(void *arg, unsigned thread), void *arg)
{
	struct crew_member *crew;
	unsigned i;

	crew = n > 1 ? calloc(n, sizeof(*crew)) : NULL;
	for (i = 1; crew != NULL && i < n; i++) {
		crew[i].thread = i;
		crew[i].arg = arg;
		crew[i].main = run;
		crew[i].is_running = pthread_create(&crew[i].id, NULL,
		    crew_main, &crew[i]) == 0;
	}
	run(arg, 0);
	for (i = 1; crew != NULL && i < n; i++)
		if (crew[i].is_running)
			(void)pthread_join(crew[i].id, NULL);
	free(crew);
}

/* ---- threads_for ---- */

struct loop {
	pthread_mutex_t lock;
	size_t next, n;
	size_t failed; /* lowest index that failed, or n */
	enum ckpt_status status;
	struct ckpt_error error;
	enum ckpt_status (*work)(void *arg, size_t i, unsigned thread,
	    struct ckpt_error *err);
	void *arg;
};

static void
loop_main(void *arg, unsigned thread)
{
	struct loop *l = arg;
	struct ckpt_error error;
	enum ckpt_status st;
	size_t i;

	for (;;) {
		(void)pthread_mutex_lock(&l->lock);
		i = l->failed < l->n ? l->n : l->next;
		if (i < l->n)
			l->next++;
		(void)pthread_mutex_unlock(&l->lock);
		if (i >= l->n)
			break;
		memset(&error, 0, sizeof(error));
		st = l->work(l->arg, i, thread, &error);
		if (st == CKPT_OK)
			continue;
		(void)pthread_mutex_lock(&l->lock);
		if (i < l->failed) {
			l->failed = i;
			l->status = st;
			l->error = error;
		}
		(void)pthread_mutex_unlock(&l->lock);
	}
}

enum ckpt_status
threads_for(unsigned n_threads, size_t n, enum ckpt_status (*work)(void *arg,
    size_t i, unsigned thread, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	struct loop l = { .n = n, .failed = n, .work = work, .arg = arg };
	enum ckpt_status st;
	size_t i;

	if (n_threads < 2 || n < 2) {
		for (i = 0; i < n; i++) {
			st = work(arg, i, 0, err);
			if (st != CKPT_OK)
				return (st);
		}
		return (CKPT_OK);
	}
	if (pthread_mutex_init(&l.lock, NULL) != 0)
		return (error_nomem(err, sizeof(l.lock)));
	crew_run(n < n_threads ? (unsigned)n : n_threads, loop_main, &l);
	(void)pthread_mutex_destroy(&l.lock);
	if (l.failed < n && err != NULL)
		*err = l.error;
	return (l.failed < n ? l.status : CKPT_OK);
}

/* ---- threads_pipe ---- */

/*
 * One ring of slots. Any thread that finds nothing to work on takes the
 * role of producer or consumer if it is free, so that no thread is idle
 * while there is something to do and none is needed beyond n_threads.
 */
struct slot {
	enum { EMPTY, FRESH, BUSY, DONE } state;
	void *item;
	enum ckpt_status status;
	struct ckpt_error error;
};

struct ring {
	const struct threads_pipe *p;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot *slots;
	size_t window;
	/* item numbers: consumed <= worked on <= produced */
	size_t n_consumed, n_taken, n_produced;
	bool is_producing, is_consuming;
	bool at_end;
	enum ckpt_status status; /* of the first error in order */
	struct ckpt_error error;
};

static struct slot *
slot_of(struct ring *r, size_t i)
{
	return (&r->slots[i % r->window]);
}

/* Each step is called with the lock held and returns whether it ran. */

static bool
step_consume(struct ring *r)
{
	struct slot *s = slot_of(r, r->n_consumed);
	struct ckpt_error error = { .status = CKPT_OK };
	enum ckpt_status st;

	if (r->is_consuming || r->n_consumed == r->n_taken ||
	    s->state != DONE || r->status != CKPT_OK)
		return (false);
	if (s->status != CKPT_OK) {
		r->status = s->status;
		r->error = s->error;
		return (true);
	}
	r->is_consuming = true;
	(void)pthread_mutex_unlock(&r->lock);
	st = r->p->consume(r->p->arg, s->item, &error);
	(void)pthread_mutex_lock(&r->lock);
	r->is_consuming = false;
	s->state = EMPTY;
	s->item = NULL;
	r->n_consumed++;
	if (st != CKPT_OK) {
		r->status = st;
		r->error = error;
	}
	return (true);
}

static bool
step_work(struct ring *r, unsigned thread)
{
	struct slot *s = slot_of(r, r->n_taken);

	if (r->n_taken == r->n_produced || r->status != CKPT_OK ||
	    s->state != FRESH)
		return (false);
	s->state = BUSY;
	r->n_taken++;
	(void)pthread_mutex_unlock(&r->lock);
	memset(&s->error, 0, sizeof(s->error));
	s->status = r->p->work(r->p->arg, s->item, thread, &s->error);
	(void)pthread_mutex_lock(&r->lock);
	s->state = DONE;
	return (true);
}

static bool
step_produce(struct ring *r)
{
	struct slot *s = slot_of(r, r->n_produced);
	struct ckpt_error error = { .status = CKPT_OK };
	enum ckpt_status st;

	if (r->is_producing || r->at_end || r->status != CKPT_OK ||
	    r->n_produced - r->n_consumed >= r->window)
		return (false);
	r->is_producing = true;
	(void)pthread_mutex_unlock(&r->lock);
	st = r->p->produce(r->p->arg, &s->item, &error);
	(void)pthread_mutex_lock(&r->lock);
	r->is_producing = false;
	if (st == CKPT_OK) {
		s->state = FRESH;
		r->n_produced++;
	} else {
		r->at_end = true;
		if (st != CKPT_END) {
			/* told when all items before it are consumed */
			s->item = NULL;
			s->state = DONE;
			s->status = st;
			s->error = error;
			r->n_produced++;
		}
	}
	return (true);
}

/* A failed producer's slot is DONE already: it is passed over. */
static void
skip_done(struct ring *r)
{
	while (r->n_taken < r->n_produced &&
	    slot_of(r, r->n_taken)->state == DONE)
		r->n_taken++;
}

static bool
is_finished(const struct ring *r)
{
	return (r->status != CKPT_OK ||
	    (r->at_end && r->n_consumed == r->n_produced));
}

static void
ring_main(void *arg, unsigned thread)
{
	struct ring *r = arg;

	(void)pthread_mutex_lock(&r->lock);
	while (!is_finished(r)) {
		skip_done(r);
		if (step_consume(r) || step_work(r, thread) ||
		    step_produce(r))
			(void)pthread_cond_broadcast(&r->changed);
		else
			(void)pthread_cond_wait(&r->changed, &r->lock);
	}
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
}

static enum ckpt_status
run_alone(const struct threads_pipe *p, struct ckpt_error *err)
{
	enum ckpt_status st;
	void *item;

	while ((st = p->produce(p->arg, &item, err)) == CKPT_OK) {
		st = p->work(p->arg, item, 0, err);
		if (st != CKPT_OK) {
			p->drop(p->arg, item);
			return (st);
		}
		st = p->consume(p->arg, item, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (st == CKPT_END ? CKPT_OK : st);
}

enum ckpt_status
threads_pipe_run(const struct threads_pipe *p, struct ckpt_error *err)
{
	struct ring r = { .p = p };
	enum ckpt_status st = CKPT_NO_MEMORY;
	size_t i;

	if (p->n_threads < 2)
		return (run_alone(p, err));
	r.window = p->window > 0 ? p->window : 2 * (size_t)p->n_threads;
	r.slots = calloc(r.window, sizeof(*r.slots));
	if (r.slots == NULL)
		return (error_nomem(err, r.window * sizeof(*r.slots)));
	if (pthread_mutex_init(&r.lock, NULL) != 0) {
		(void)error_nomem(err, sizeof(r.lock));
		goto err0;
	}
	if (pthread_cond_init(&r.changed, NULL) != 0) {
		(void)error_nomem(err, sizeof(r.changed));
		goto err1;
	}
	crew_run(p->n_threads, ring_main, &r);
	for (i = 0; i < r.window; i++)
		if (r.slots[i].state != EMPTY && r.slots[i].item != NULL)
			p->drop(p->arg, r.slots[i].item);
	st = r.status;
	if (st != CKPT_OK && err != NULL)
		*err = r.error;
	(void)pthread_cond_destroy(&r.changed);
err1:
	(void)pthread_mutex_destroy(&r.lock);
err0:
	free(r.slots);
	return (st);
}
