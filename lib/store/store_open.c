#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

/* ---- init ---- */

/* Whether a directory holds nothing, or only what an interrupted
 * store_init has made. */
static bool
is_free(int dir)
{
	static const char *const ours[] = {
		".", "..", "packs", "tombstones", "tmp", "lock",
		STORE_MARKER ".new"
	};
	struct dirent *entry;
	bool is = true;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t i;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return (false);
	}
	while (is && (entry = readdir(d)) != NULL) {
		is = false;
		for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			is |= strcmp(entry->d_name, ours[i]) == 0;
	}
	(void)closedir(d);
	return (is);
}

static enum ckpt_status
make_dir(int dir, const char *name, struct ckpt_error *err)
{
	if (mkdirat(dir, name, 0777) != 0 && errno != EEXIST)
		return (error_sys(err, "cannot create %s", name));
	return (CKPT_OK);
}

/* Also those that a copy of a store without empty directories lacks. */
static enum ckpt_status
make_dirs(int dir, struct ckpt_error *err)
{
	enum ckpt_status st = make_dir(dir, "packs", err);

	if (st == CKPT_OK)
		st = make_dir(dir, "tombstones", err);
	return (st == CKPT_OK ? make_dir(dir, "tmp", err) : st);
}

/* The marker comes last: a directory with it is a whole store. */
static enum ckpt_status
make_marker(int dir, struct ckpt_error *err)
{
	static const char text[] = STORE_MARKER_TEXT;
	enum ckpt_status st = CKPT_OK;
	int fd = openat(dir, STORE_MARKER ".new",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return (error_sys(err, "cannot create " STORE_MARKER));
	if (write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1 ||
	    fsync(fd) != 0)
		st = error_sys(err, "cannot write " STORE_MARKER);
	if (close(fd) != 0 && st == CKPT_OK)
		st = error_sys(err, "cannot write " STORE_MARKER);
	if (st == CKPT_OK &&
	    renameat(dir, STORE_MARKER ".new", dir, STORE_MARKER) != 0)
		st = error_sys(err, "cannot rename " STORE_MARKER);
	if (st != CKPT_OK)
		(void)unlinkat(dir, STORE_MARKER ".new", 0);
	else if (fsync(dir) != 0)
		st = error_sys(err, "cannot sync the directory");
	return (st);
}

static enum ckpt_status
fill(int dir, struct ckpt_error *err)
{
	enum ckpt_status st;
	int fd;

	if (faccessat(dir, STORE_MARKER, F_OK, 0) == 0)
		return (make_dirs(dir, err));
	if (!is_free(dir))
		return (error_set(err, CKPT_USAGE,
		    "the directory is no store, and it is not empty"));
	st = make_dirs(dir, err);
	if (st != CKPT_OK)
		return (st);
	fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return (error_sys(err, "cannot create lock"));
	(void)close(fd);
	return (make_marker(dir, err));
}

/* The entry of `path` itself, in the directory above it. */
static enum ckpt_status
sync_parent(int dir, struct ckpt_error *err)
{
	int fd = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum ckpt_status st = CKPT_OK;

	/* where it may not be read, its owner has made `path` */
	if (fd >= 0) {
		if (fsync(fd) != 0 && errno == EIO)
			st = error_sys(err, "cannot sync the directory");
		(void)close(fd);
	}
	return (st);
}

enum ckpt_status
store_init(const char *path, struct ckpt_error *err)
{
	enum ckpt_status st;
	int dir;

	if (mkdir(path, 0777) != 0 && errno != EEXIST) {
		(void)error_sys(err, "cannot create the directory");
		return (error_where(err, path));
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	st = dir < 0 ? error_sys(err, "cannot open the directory") :
	    fill(dir, err);
	if (st == CKPT_OK)
		st = sync_parent(dir, err);
	if (dir >= 0)
		(void)close(dir);
	return (st == CKPT_OK ? CKPT_OK : error_where(err, path));
}

/* ---- the lock ---- */

enum ckpt_status
store_lock(struct store *s, int how, struct ckpt_error *err)
{
	if (s->lock >= 0)
		while (flock(s->lock, how) != 0)
			if (errno != EINTR)
				return (error_sys(err,
				    "cannot lock the store"));
	s->is_locked = true;
	return (CKPT_OK);
}

void
store_unlock(struct store *s)
{
	if (s->lock >= 0)
		(void)flock(s->lock, LOCK_UN);
	s->is_locked = false;
}

/* ---- open ---- */

static enum ckpt_status
check_marker(int dir, struct ckpt_error *err)
{
	static const char text[] = STORE_MARKER_TEXT;
	char found[sizeof(text)] = "";
	ssize_t n;
	int fd = openat(dir, STORE_MARKER, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return (errno == ENOENT ? error_set(err, CKPT_NOT_OURS,
		    "not a store: it has no file " STORE_MARKER) :
		    error_sys(err, "cannot open " STORE_MARKER));
	n = read(fd, found, sizeof(found));
	(void)close(fd);
	if (n < 0)
		return (error_sys(err, "cannot read " STORE_MARKER));
	if (n == (ssize_t)sizeof(text) - 1 && memcmp(found, text, n) == 0)
		return (CKPT_OK);
	if (n >= 11 && memcmp(found, text, 11) == 0)
		return (error_at(err, CKPT_NEWER, 11, "ckpt-store 2",
		    "the store is of a version that this program does not "
		    "know"));
	return (error_at(err, CKPT_NOT_OURS, 0, "ckpt-store 2",
	    "not a store: " STORE_MARKER " does not say \"ckpt store 1\""));
}

enum ckpt_status
store_attach(const char *path, const struct store_options *options,
    struct store **out, struct ckpt_error *err)
{
	struct store *s = calloc(1, sizeof(*s));
	enum ckpt_status st = CKPT_OK;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->options = *options;
	s->lock = -1;
	s->path = strdup(path);
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->path == NULL)
		st = error_nomem(err, strlen(path));
	else if (s->dir < 0)
		st = error_sys(err, "cannot open the store");
	if (st == CKPT_OK)
		st = check_marker(s->dir, err);
	if (st == CKPT_OK)
		st = sha256_new(&s->hash, err);
	if (st == CKPT_OK) {
		s->lock = openat(s->dir, "lock", O_RDWR | O_CLOEXEC);
		if (s->lock < 0 && options->is_reader)
			s->lock = openat(s->dir, "lock", O_RDONLY | O_CLOEXEC);
		if (s->lock < 0 && !options->is_reader)
			st = error_sys(err, "cannot open lock");
		else if (!options->is_reader)
			st = make_dirs(s->dir, err);
	}
	if (st != CKPT_OK) {
		(void)error_where(err, path);
		store_close(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}

/* The catalog in the directory, if it can be had and needs nothing done;
 * *is_usable tells. */
static enum ckpt_status
open_catalog(struct store *s, bool is_reader, bool *is_usable,
    struct ckpt_error *err)
{
	struct buf path = BUF_INIT(1 << 16);
	enum ckpt_status st;

	*is_usable = false;
	st = buf_printf(&path, err, "%s/" STORE_CATALOG "%c", s->path, 0);
	if (st == CKPT_OK)
		st = store_catalog_open((char *)path.data, is_reader,
		    &s->catalog, err);
	buf_release(&path);
	if (st == CKPT_OK)
		st = store_index_is_current(s, is_usable, err);
	return (st);
}

/* A reader that may not write: what is there, if it is complete, else a
 * catalog in memory made from the packs. */
static enum ckpt_status
open_reader(struct store *s, struct ckpt_error *err)
{
	bool is_usable = false;
	enum ckpt_status st;

	st = s->options.ignores_catalog ? CKPT_END :
	    open_catalog(s, true, &is_usable, err);
	if (st == CKPT_OK && is_usable)
		return (CKPT_OK);
	if (st == CKPT_NO_MEMORY)
		return (st);
	store_catalog_close(s->catalog);
	s->catalog = NULL;
	s->is_private = true;
	st = store_catalog_open(NULL, false, &s->catalog, err);
	return (st == CKPT_OK ? store_index(s, NULL, NULL, err) : st);
}

static enum ckpt_status
open_writer(struct store *s, struct ckpt_error *err)
{
	bool is_usable;
	enum ckpt_status st;

	st = open_catalog(s, false, &is_usable, err);
	if (st != CKPT_OK || is_usable)
		return (st);
	store_unlock(s);
	st = store_lock(s, LOCK_EX, err);
	return (st == CKPT_OK ? store_index(s, NULL, NULL, err) : st);
}

enum ckpt_status
store_open(const char *path, const struct store_options *options,
    struct store **out, struct ckpt_error *err)
{
	struct store *s;
	bool may_write;
	enum ckpt_status st;

	st = store_attach(path, options, &s, err);
	if (st != CKPT_OK)
		return (st);
	may_write = faccessat(s->dir, ".", W_OK, AT_EACCESS) == 0;
	st = store_lock(s, LOCK_SH, err);
	if (st == CKPT_OK)
		st = options->is_reader &&
		    (!may_write || options->ignores_catalog) ?
		    open_reader(s, err) : open_writer(s, err);
	if (st != CKPT_OK && st != CKPT_NO_MEMORY && options->is_reader &&
	    !s->is_private) {
		/* a full disk, a damaged catalog: reading needs neither */
		s->options.ignores_catalog = true;
		st = open_reader(s, err);
	}
	store_unlock(s);
	if (st != CKPT_OK) {
		(void)error_where(err, path);
		store_close(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_catalog_close(s->catalog);
	sha256_free(s->hash);
	if (s->lock >= 0)
		(void)close(s->lock);
	if (s->dir >= 0)
		(void)close(s->dir);
	free(s->path);
	free(s);
}
