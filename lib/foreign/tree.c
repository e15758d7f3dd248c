#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "foreign/tree.h"
#include "foreign/tree_place.h"

struct tree {
	int dir;      /* DIR */
	int staging;  /* the staging directory in it */
	char name[24]; /* of the staging directory */
	struct temporary *listed; /* while it exists */
	/* the parent of the file last created, since the next one often
	 * lies beside it */
	char *parent;
	int parent_fd;
};

/* So that it goes also where the program is told to die. */
static enum ckpt_status
list_staging(struct tree *t, const char *dir, struct ckpt_error *err)
{
	size_t n = strlen(dir) + sizeof(t->name) + 1;
	char *path = malloc(n);
	enum ckpt_status st;

	if (path == NULL)
		return (error_nomem(err, n));
	(void)snprintf(path, n, "%s/%s", dir, t->name);
	st = temporary_new(path, &t->listed, err);
	free(path);
	return (st);
}

static void
forget_staging(struct tree *t)
{
	temporary_begin();
	temporary_end(t->listed);
	t->listed = NULL;
}

static enum ckpt_status
make_staging(struct tree *t, const char *dir, struct ckpt_error *err)
{
	unsigned tries, random;
	enum ckpt_status st;
	int error;

	for (tries = 0; tries < 100; tries++) {
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (unsigned)getpid() + tries;
		(void)snprintf(t->name, sizeof(t->name), ".ckpt-%08x",
		    random);
		st = list_staging(t, dir, err);
		if (st != CKPT_OK) {
			t->name[0] = '\0';
			return (st);
		}
		if (mkdirat(t->dir, t->name, 0777) == 0) {
			t->staging = openat(t->dir, t->name, TREE_OPEN_DIR);
			if (t->staging >= 0)
				return (CKPT_OK);
			break;
		}
		error = errno;
		forget_staging(t);
		errno = error;
		if (error != EEXIST)
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
		if (++depth > TREE_MAX_DEPTH)
			return (error_set(err, CKPT_LIMIT, "the label %.300s "
			    "is deeper than %d directories", path,
			    TREE_MAX_DEPTH));
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
		child = openat(fd, name, TREE_OPEN_DIR);
		if (child < 0 && errno == ENOENT &&
		    (mkdirat(fd, name, 0777) == 0 || errno == EEXIST))
			child = openat(fd, name, TREE_OPEN_DIR);
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
	t->parent_fd = descend(openat(t->staging, ".", TREE_OPEN_DIR), path, n);
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

/* ---- the end ---- */

enum ckpt_status
tree_commit(struct tree *t, struct ckpt_error *err)
{
	enum ckpt_status st;

	/* once for all files: an fsync each would take milliseconds each */
	if (syncfs(t->staging) != 0) {
		st = error_sys(err, "cannot sync the file system");
		goto err0;
	}
	/* all of them, or none if the program is told to die */
	temporary_begin();
	st = tree_place(t->staging, t->dir, err);
	temporary_end(NULL);
err0:
	tree_abort(t);
	return (st);
}

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
		child = openat(fd, e->d_name, TREE_OPEN_DIR);
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
		remove_entries(t->staging, TREE_MAX_DEPTH + 1);
	if (t->dir >= 0) {
		if (t->name[0] != '\0')
			(void)unlinkat(t->dir, t->name, AT_REMOVEDIR);
		(void)close(t->dir);
	}
	if (t->listed != NULL)
		forget_staging(t);
	free(t);
}
