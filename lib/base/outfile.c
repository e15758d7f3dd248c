#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/outfile.h"
#include "base/temporary.h"

struct outfile {
	int fd;
	char *path;      /* NULL: standard output */
	char *temporary; /* NULL: written through */
	struct temporary *listed; /* while it exists */
	uint64_t offset;
};

/* Whether `path` is something other than a regular file to be replaced. */
static bool
is_special(const char *path)
{
	struct stat sb;

	return (stat(path, &sb) == 0 && !S_ISREG(sb.st_mode));
}

/* The temporary name is no longer there. */
static void
forget(struct outfile *f)
{
	temporary_begin();
	temporary_end(f->listed);
	f->listed = NULL;
}

/* Opens path.tmpXXXXXXXX, a name that nobody has, with the umask's mode. */
static enum ckpt_status
open_temporary(struct outfile *f, struct ckpt_error *err)
{
	size_t n = strlen(f->path) + sizeof(".tmp01234567");
	unsigned tries, random;
	enum ckpt_status st;
	int error;

	f->temporary = malloc(n);
	if (f->temporary == NULL)
		return (error_nomem(err, n));
	for (tries = 0; tries < 100 && f->fd < 0; tries++) {
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (unsigned)getpid() + tries;
		(void)snprintf(f->temporary, n, "%s.tmp%08x", f->path,
		    random);
		st = temporary_new(f->temporary, &f->listed, err);
		if (st != CKPT_OK)
			return (st);
		f->fd = open(f->temporary,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (f->fd >= 0)
			break;
		error = errno;
		forget(f);
		errno = error;
		if (error != EEXIST)
			break;
	}
	if (f->fd >= 0)
		return (CKPT_OK);
	(void)error_sys(err, "cannot create %.400s", f->temporary);
	free(f->temporary);
	f->temporary = NULL;
	return (CKPT_SYSTEM);
}

enum ckpt_status
outfile_open(const char *path, struct outfile **out, struct ckpt_error *err)
{
	struct outfile *f = calloc(1, sizeof(*f));
	enum ckpt_status st = CKPT_NO_MEMORY;

	if (f == NULL)
		return (error_nomem(err, sizeof(*f)));
	f->fd = -1;
	if (path == NULL || strcmp(path, "-") == 0) {
		f->fd = STDOUT_FILENO;
		*out = f;
		return (CKPT_OK);
	}
	f->path = strdup(path);
	if (f->path == NULL) {
		(void)error_nomem(err, strlen(path));
		goto err0;
	}
	if (is_special(path)) {
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
		st = f->fd >= 0 ? CKPT_OK :
		    error_sys(err, "cannot open %.400s", path);
	} else {
		st = open_temporary(f, err);
	}
	if (st != CKPT_OK)
		goto err0;
	*out = f;
	return (CKPT_OK);

err0:
	outfile_abort(f);
	return (st);
}

enum ckpt_status
outfile_borrow(int fd, struct outfile **out, struct ckpt_error *err)
{
	struct outfile *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return (error_nomem(err, sizeof(*f)));
	f->fd = fd;
	*out = f;
	return (CKPT_OK);
}

enum ckpt_status
outfile_write(struct outfile *f, const void *data, size_t n,
    struct ckpt_error *err)
{
	const unsigned char *p = data;
	ssize_t r;

	while (n > 0) {
		r = write(f->fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return (error_sys(err, "cannot write %.400s",
			    f->path != NULL ? f->path : f->fd ==
			    STDOUT_FILENO ? "standard output" : "the output"));
		p += r;
		n -= (size_t)r;
		f->offset += (uint64_t)r;
	}
	return (CKPT_OK);
}

int
outfile_fd(const struct outfile *f)
{
	return (f->temporary != NULL ? f->fd : -1);
}

bool
outfile_is_readable(const struct outfile *f)
{
	struct stat sb;
	int flags = fcntl(f->fd, F_GETFL);

	return (flags >= 0 && (flags & O_ACCMODE) == O_RDWR &&
	    fstat(f->fd, &sb) == 0 && S_ISREG(sb.st_mode) &&
	    lseek(f->fd, 0, SEEK_CUR) == (off_t)f->offset);
}

enum ckpt_status
outfile_pread(const struct outfile *f, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	unsigned char *p = out;
	ssize_t r;

	for (; n > 0; n -= (size_t)r, p += r, offset += (uint64_t)r) {
		r = pread(f->fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r < 0)
			return (error_sys(err, "cannot read what was written "
			    "to %.400s", f->path != NULL ? f->path :
			    "the output"));
		else if (r == 0)
			return (error_set(err, CKPT_USAGE,
			    "a read beyond what was written"));
	}
	return (CKPT_OK);
}

uint64_t
outfile_offset(const struct outfile *f)
{
	return (f->offset);
}

/* Makes the rename durable: syncs the directory that holds `path`. */
static enum ckpt_status
sync_directory(const char *path, struct ckpt_error *err)
{
	char *copy = strdup(path);
	int fd;
	enum ckpt_status st = CKPT_OK;

	if (copy == NULL)
		return (error_nomem(err, strlen(path)));
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* a directory that cannot be opened or synced (a network file
	 * system) has done all that it can */
	if (fd >= 0) {
		if (fsync(fd) != 0 && errno == EIO)
			st = error_sys(err, "cannot sync the directory of "
			    "%.400s", path);
		(void)close(fd);
	}
	free(copy);
	return (st);
}

enum ckpt_status
outfile_commit(struct outfile *f, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	int fd;

	if (f->temporary != NULL) {
		if (fsync(f->fd) != 0) {
			st = error_sys(err, "cannot sync %.400s",
			    f->temporary);
			goto err0;
		}
	}
	if (f->path != NULL) {
		fd = f->fd;
		f->fd = -1;
		if (close(fd) != 0) {
			st = error_sys(err, "cannot close %.400s", f->path);
			goto err0;
		}
	}
	if (f->temporary != NULL) {
		temporary_begin();
		if (rename(f->temporary, f->path) != 0)
			st = error_sys(err, "cannot rename %.200s to %.200s",
			    f->temporary, f->path);
		temporary_end(st == CKPT_OK ? f->listed : NULL);
		if (st != CKPT_OK)
			goto err0;
		f->listed = NULL;
		free(f->temporary);
		f->temporary = NULL;
		st = sync_directory(f->path, err);
		if (st != CKPT_OK)
			goto err0;
	}
	outfile_abort(f);
	return (CKPT_OK);

err0:
	outfile_abort(f);
	return (st);
}

void
outfile_abort(struct outfile *f)
{
	if (f == NULL)
		return;
	if (f->path != NULL && f->fd >= 0)
		(void)close(f->fd);
	if (f->temporary != NULL)
		(void)unlink(f->temporary);
	if (f->listed != NULL)
		forget(f);
	free(f->temporary);
	free(f->path);
	free(f);
}
