#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "foreign/tree.h"

#define MAX_DEPTH 128 /* directories under DIR */

struct tree {
	int dir;      /* DIR */
	int staging;  /* the staging directory in it */
	char name[24]; /* of the staging directory */
	/* the parent of the file last created, since the next one often
	 * lies beside it */
	char *parent;
	int parent_fd;
};

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static enum ckpt_status
make_staging(struct tree *t, const char *dir, struct ckpt_error *err)
{
	unsigned tries, random;

	for (tries = 0; tries < 100; tries++) {
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (unsigned)getpid() + tries;
		(void)snprintf(t->name, sizeof(t->name), ".ckpt-%08x",
		    random);
		if (mkdirat(t->dir, t->name, 0777) == 0) {
			t->staging = openat(t->dir, t->name, OPEN_DIR);
			if (t->staging >= 0)
				return (CKPT_OK);
			break;
		}
		if (errno != EEXIST)
			break;
	}
	t->name[0] = '\0';
	return (error_sys(err, "cannot create a directory in %.400s", dir));
}

enum ckpt_status
tree_open(const char *dir, struct tree **out, struct ckpt_error *err)
{
	struct tree *t = calloc(1, sizeof(*t));
	enum ckpt_status st;

	if (t == NULL)
		return (error_nomem(err, sizeof(*t)));
	t->staging = t->parent_fd = -1;
	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		t->dir = -1;
		st = error_sys(err, "cannot create directory %.400s", dir);
		goto err0;
	}
	t->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0) {
		st = error_sys(err, "cannot open directory %.400s", dir);
		goto err0;
	}
	st = make_staging(t, dir, err);
	if (st != CKPT_OK)
		goto err0;
	*out = t;
	return (CKPT_OK);

err0:
	tree_abort(t);
	return (st);
}

/* ---- creating ---- */

enum ckpt_status
tree_check(const char *path, struct ckpt_error *err)
{
	const char *p = path;
	size_t n, depth = 0;

	if (*p == '/')
		return (error_set(err, CKPT_INVALID,
		    "the label %.300s is an absolute path", path));
	for (;; p += n + 1) {
		n = strcspn(p, "/");
		if (n == 0)
			return (error_set(err, CKPT_INVALID, "the label "
			    "\"%.300s\" has an empty component", path));
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return (error_set(err, CKPT_INVALID,
			    "the label %.300s holds \"..\"", path));
		if (p[n] == '\0')
			break;
		if (++depth > MAX_DEPTH)
			return (error_set(err, CKPT_LIMIT, "the label %.300s "
			    "is deeper than %d directories", path,
			    MAX_DEPTH));
	}
	return (CKPT_OK);
}

/* Opens the directory of `n` bytes of path below `fd`, making what lacks.
 * Closes `fd`. */
static int
descend(int fd, const char *path, size_t n)
{
	char name[256];
	size_t len;
	int child;

	for (; fd >= 0 && n > 0; path += len, n -= len) {
		len = strcspn(path, "/") + 1;
		if (len > sizeof(name)) {
			(void)close(fd);
			errno = ENAMETOOLONG;
			return (-1);
		}
		memcpy(name, path, len - 1);
		name[len - 1] = '\0';
		child = openat(fd, name, OPEN_DIR);
		if (child < 0 && errno == ENOENT &&
		    (mkdirat(fd, name, 0777) == 0 || errno == EEXIST))
			child = openat(fd, name, OPEN_DIR);
		len = len < n ? len : n;
		(void)close(fd);
		fd = child;
	}
	return (fd);
}

/* Makes parent_fd the directory of `n` bytes of path, slash included. */
static enum ckpt_status
enter_parent(struct tree *t, const char *path, size_t n,
    struct ckpt_error *err)
{
	if (t->parent_fd >= 0 && strlen(t->parent) == n &&
	    memcmp(t->parent, path, n) == 0)
		return (CKPT_OK);
	if (t->parent_fd >= 0)
		(void)close(t->parent_fd);
	free(t->parent);
	t->parent_fd = -1;
	t->parent = strndup(path, n);
	if (t->parent == NULL)
		return (error_nomem(err, n));
	t->parent_fd = descend(openat(t->staging, ".", OPEN_DIR), path, n);
	if (t->parent_fd < 0)
		return (error_sys(err, "cannot create the directory of "
		    "%.300s", path));
	return (CKPT_OK);
}

enum ckpt_status
tree_create(struct tree *t, const char *path, int *fd,
    struct ckpt_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	enum ckpt_status st = tree_check(path, err);
	int new;

	if (st == CKPT_OK)
		st = enter_parent(t, path, n, err);
	if (st != CKPT_OK)
		return (st);
	new = openat(t->parent_fd, path + n,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (new < 0 && errno == EEXIST)
		return (error_set(err, CKPT_INVALID,
		    "the label %.300s is repeated", path));
	if (new < 0)
		return (error_sys(err, "cannot create %.300s", path));
	*fd = new;
	return (CKPT_OK);
}

/* ---- moving into place ---- */

static enum ckpt_status
move_entry(int from, int to, const char *name, unsigned depth,
    struct ckpt_error *err);

/* Moves what the directory `from` holds to the directory `to`. Closes
 * both. */
static enum ckpt_status
move_entries(int from, int to, unsigned depth, struct ckpt_error *err)
{
	DIR *d = fdopendir(from);
	struct dirent *e;
	enum ckpt_status st = CKPT_OK;

	if (d == NULL) {
		st = error_sys(err, "cannot read the staging directory");
		(void)close(from);
		(void)close(to);
		return (st);
	}
	while (st == CKPT_OK && (errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			st = move_entry(from, to, e->d_name, depth, err);
	if (st == CKPT_OK && errno != 0)
		st = error_sys(err, "cannot read the staging directory");
	if (st == CKPT_OK && fsync(to) != 0 && errno == EIO)
		st = error_sys(err, "cannot sync a directory");
	(void)closedir(d);
	(void)close(to);
	return (st);
}

/* Moves a file, or a directory that is not there yet whole. */
static enum ckpt_status
move_entry(int from, int to, const char *name, unsigned depth,
    struct ckpt_error *err)
{
	int source, target;
	enum ckpt_status st;

	if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0)
		return (CKPT_OK);
	source = openat(from, name, OPEN_DIR);
	if (source < 0 && errno == ENOTDIR) {
		if (renameat(from, name, to, name) == 0)
			return (CKPT_OK);
		return (error_sys(err, "cannot rename a file to %.300s",
		    name));
	}
	if (source < 0 || depth == 0)
		return (error_sys(err, "cannot open a staged directory"));
	if (mkdirat(to, name, 0777) != 0 && errno != EEXIST) {
		st = error_sys(err, "cannot create directory %.300s", name);
		goto err0;
	}
	target = openat(to, name, OPEN_DIR);
	if (target < 0) {
		st = error_sys(err, "cannot open directory %.300s (links "
		    "are not followed)", name);
		goto err0;
	}
	st = move_entries(source, target, depth - 1, err);
	if (st == CKPT_OK && unlinkat(from, name, AT_REMOVEDIR) != 0)
		st = error_sys(err, "cannot remove a staging directory");
	return (st);

err0:
	(void)close(source);
	return (st);
}

enum ckpt_status
tree_commit(struct tree *t, struct ckpt_error *err)
{
	enum ckpt_status st;
	int from, to;

	/* once for all files: an fsync each would take milliseconds each */
	if (syncfs(t->staging) != 0) {
		st = error_sys(err, "cannot sync the file system");
		goto err0;
	}
	from = openat(t->staging, ".", OPEN_DIR);
	to = openat(t->dir, ".", OPEN_DIR);
	if (from < 0 || to < 0) {
		st = error_sys(err, "cannot open the directory again");
		if (from >= 0)
			(void)close(from);
		if (to >= 0)
			(void)close(to);
		goto err0;
	}
	st = move_entries(from, to, MAX_DEPTH + 1, err);
err0:
	tree_abort(t);
	return (st);
}

/* ---- removing ---- */

/* Removes what the directory `fd` holds, and closes it. */
static void
remove_entries(int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int child;

	if (d == NULL) {
		(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    unlinkat(fd, e->d_name, 0) == 0 || depth == 0)
			continue;
		child = openat(fd, e->d_name, OPEN_DIR);
		if (child < 0)
			continue;
		remove_entries(child, depth - 1);
		(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	(void)closedir(d);
}

void
tree_abort(struct tree *t)
{
	if (t == NULL)
		return;
	if (t->parent_fd >= 0)
		(void)close(t->parent_fd);
	free(t->parent);
	if (t->staging >= 0)
		remove_entries(t->staging, MAX_DEPTH + 1);
	if (t->dir >= 0) {
		if (t->name[0] != '\0')
			(void)unlinkat(t->dir, t->name, AT_REMOVEDIR);
		(void)close(t->dir);
	}
	free(t);
}
