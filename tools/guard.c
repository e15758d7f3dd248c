#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/base.h"
#include "guard.h"

/* Removing allocates and locks, which a signal handler may not: it wakes a
 * thread by a pipe. */
static int ends[2];

static void
on_signal(int number)
{
	unsigned char byte = (unsigned char)number;
	int error = errno;

	if (write(ends[1], &byte, 1) != 1)
		_exit(128 + number);
	errno = error;
}

static void *
wait_for_signal(void *arg)
{
	unsigned char byte;
	ssize_t n;

	do
		n = read(ends[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1) {
		temporary_remove_all();
		(void)signal(byte, SIG_DFL);
		(void)kill(getpid(), byte);
	}
	return (arg);
}

void
guard_begin(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action, old;
	pthread_t thread;
	size_t i;

	/* without it, the signals do what they always do */
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	if (pthread_create(&thread, NULL, wait_for_signal, NULL) != 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return;
	}
	(void)pthread_detach(thread);
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
}
