/*
 * cpu_time: the processor's time that a bench has taken.
 */
#ifndef CKPT_TESTS_CPU_TIME_H
#define CKPT_TESTS_CPU_TIME_H

#include <stdlib.h>
#include <time.h>

static inline double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
}

static inline int
cpu_time_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

/* Of `n` times, which are sorted. */
static inline double
median(double *time, size_t n)
{
	qsort(time, n, sizeof(*time), cpu_time_compare);
	return (time[n / 2]);
}

#endif
