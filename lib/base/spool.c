#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/spool.h"

/* Where the file system has no files without a name, one with a name. */
static int
open_named(const char *dir)
{
	char path[PATH_MAX];
	int fd, n = snprintf(path, sizeof(path), "%s/ckpt.XXXXXX", dir);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return (fd);
}

int
spool_fd(void)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == EINVAL))
		fd = open_named(dir);
	return (fd);
}

FILE *
spool_open(void)
{
	int fd = spool_fd(), saved;
	FILE *f;

	if (fd < 0)
		return (NULL);
	f = fdopen(fd, "w+");
	if (f == NULL) {
		saved = errno;
		(void)close(fd);
		errno = saved;
	}
	return (f);
}
