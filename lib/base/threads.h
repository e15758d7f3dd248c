/*
 * threads: loops over indices and ordered pipelines on several threads.
 */
#ifndef CKPT_BASE_THREADS_H
#define CKPT_BASE_THREADS_H

#include <stddef.h>

#include "ckpt.h"

/* Processors that this process may use, at least 1. */
unsigned threads_available(void);

/* Calls work(arg, i, thread) for i in 0 .. n-1 on `n_threads` threads
 * (thread is 0 .. n_threads-1). The first error, by index, is returned; the
 * remaining indices may then be left out. */
CKPT_CHECKED enum ckpt_status threads_for(unsigned n_threads, size_t n,
    enum ckpt_status (*work)(void *arg, size_t i, unsigned thread,
	struct ckpt_error *err), void *arg, struct ckpt_error *err);

/*
 * An ordered map over a stream: `produce` makes items one at a time (END
 * ends it), `work` transforms them in parallel, `consume` takes them in the
 * order of production. produce and consume are each called by one thread at
 * a time, never for two items at once; at most `window` items are alive.
 * `drop` frees an item that was not consumed because of an error. An item
 * for which consume was called is the consumer's.
 */
struct threads_pipe {
	unsigned n_threads;
	size_t window; /* 0: twice the threads */
	void *arg;
	enum ckpt_status (*produce)(void *arg, void **item,
	    struct ckpt_error *err);
	enum ckpt_status (*work)(void *arg, void *item, unsigned thread,
	    struct ckpt_error *err);
	enum ckpt_status (*consume)(void *arg, void *item,
	    struct ckpt_error *err);
	void (*drop)(void *arg, void *item);
};

CKPT_CHECKED enum ckpt_status threads_pipe_run(const struct threads_pipe *p,
    struct ckpt_error *err);

#endif
