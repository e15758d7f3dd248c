/*
 * shim: preloaded, makes one call of a kind fail, or kills at it.
 *
 * CKPT_FAULT=KIND:N:MODE: the N-th call (from 1) of KIND (write, sync,
 * rename, unlink, malloc) fails, with MODE "fail" (ENOSPC, EIO or no memory) or
 * "all" (this and all that follow fail), or with MODE "kill" or "half" the
 * process is killed before it; "half": after half of the bytes are written.
 * CKPT_FAULT_FIRED: a file that is made when it happens.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, UNLINK, MALLOC, N_KINDS };
enum mode { FAIL, ALL, KILL, HALF, N_MODES };

static const char *const kinds[] = {
	"write", "sync", "rename", "unlink", "malloc"
};
static const char *const modes[] = { "fail", "all", "kill", "half" };

static enum kind wanted = N_KINDS;
static enum mode mode;
static long number;
static atomic_long seen;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

__attribute__((constructor)) static void
start(void)
{
	const char *p = getenv("CKPT_FAULT"), *q;
	enum kind k;
	enum mode m;

	if (p == NULL)
		return;
	for (k = WRITE; k < N_KINDS; k++)
		if (strncmp(p, kinds[k], strlen(kinds[k])) == 0)
			break;
	q = strrchr(p, ':');
	for (m = FAIL; m < N_MODES; m++)
		if (q != NULL && strcmp(q + 1, modes[m]) == 0)
			break;
	p = strchr(p, ':');
	if (k == N_KINDS || m == N_MODES || p == NULL)
		_exit(99);
	number = strtol(p + 1, NULL, 10);
	mode = m;
	wanted = k;
}

/* Whether this call is to fail. */
static int
hit(enum kind k)
{
	const char *fired;
	long n;
	int fd;

	if (k != wanted)
		return (0);
	n = atomic_fetch_add(&seen, 1) + 1;
	if (n != number && !(mode == ALL && n > number))
		return (0);
	fired = getenv("CKPT_FAULT_FIRED");
	if (fired != NULL && n == number) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, fired,
		    O_WRONLY | O_CREAT, 0666);
		if (fd >= 0)
			(void)syscall(SYS_close, fd);
	}
	if (mode == KILL)
		(void)kill(getpid(), SIGKILL);
	return (1);
}

/* Standard output and error are not what is tested. */
static int
hit_write(int fd, const void *data, size_t n, off_t offset)
{
	if (fd <= 2 || !hit(WRITE))
		return (0);
	if (mode == HALF) {
		if (offset < 0)
			(void)syscall(SYS_write, fd, data, n / 2);
		else
			(void)syscall(SYS_pwrite64, fd, data, n / 2, offset);
		(void)kill(getpid(), SIGKILL);
	}
	errno = ENOSPC;
	return (1);
}

ssize_t
write(int fd, const void *data, size_t n)
{
	return (hit_write(fd, data, n, -1) ? -1 :
	    syscall(SYS_write, fd, data, n));
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t offset)
{
	return (hit_write(fd, data, n, offset) ? -1 :
	    syscall(SYS_pwrite64, fd, data, n, offset));
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t offset)
{
	return (pwrite(fd, data, n, offset));
}

static int
fails(enum kind k, int error)
{
	if (!hit(k))
		return (0);
	errno = error;
	return (1);
}

int
fsync(int fd)
{
	return (fails(SYNC, EIO) ? -1 : (int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return (fails(SYNC, EIO) ? -1 : (int)syscall(SYS_fdatasync, fd));
}

int
rename(const char *from, const char *to)
{
	return (fails(RENAME, EIO) ? -1 : (int)syscall(SYS_renameat,
	    AT_FDCWD, from, AT_FDCWD, to));
}

int
renameat(int a, const char *from, int b, const char *to)
{
	return (fails(RENAME, EIO) ? -1 :
	    (int)syscall(SYS_renameat, a, from, b, to));
}

int
unlink(const char *path)
{
	return (fails(UNLINK, EIO) ? -1 :
	    (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int
unlinkat(int dir, const char *path, int flags)
{
	return (fails(UNLINK, EIO) ? -1 :
	    (int)syscall(SYS_unlinkat, dir, path, flags));
}

void *
malloc(size_t n)
{
	return (fails(MALLOC, ENOMEM) ? NULL : __libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return (fails(MALLOC, ENOMEM) ? NULL : __libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	return (fails(MALLOC, ENOMEM) ? NULL : __libc_realloc(p, n));
}
