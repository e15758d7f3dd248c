#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "foreign/tree_place.h"

/* What is done with each staged entry; CKPT_END: go into the directory. */
typedef enum ckpt_status visit(int from, int to, const char *name,
    struct ckpt_error *err);

/* Whether the entry could be moved. */
static enum ckpt_status
check_entry(int from, int to, const char *name, struct ckpt_error *err)
{
	struct stat a, b;

	if (fstatat(from, name, &a, AT_SYMLINK_NOFOLLOW) != 0)
		return (error_sys(err, "cannot stat a staged file"));
	if (fstatat(to, name, &b, AT_SYMLINK_NOFOLLOW) != 0)
		return (errno == ENOENT ? CKPT_OK :
		    error_sys(err, "cannot stat %.300s", name));
	if (!S_ISDIR(a.st_mode) && !S_ISDIR(b.st_mode))
		return (CKPT_OK);
	if (!S_ISDIR(a.st_mode))
		errno = EISDIR;
	else if (!S_ISDIR(b.st_mode))
		errno = ENOTDIR;
	else
		return (CKPT_END);
	return (S_ISDIR(a.st_mode) ? error_sys(err, "cannot open directory "
	    "%.300s (links are not followed)", name) :
	    error_sys(err, "cannot replace %.300s by a file", name));
}

/* Moves a file, or a directory that is not there yet whole. */
static enum ckpt_status
move_entry(int from, int to, const char *name, struct ckpt_error *err)
{
	struct stat sb;

	if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0)
		return (CKPT_OK);
	if (fstatat(from, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		return (error_sys(err, "cannot stat a staged file"));
	if (!S_ISDIR(sb.st_mode)) {
		if (renameat(from, name, to, name) == 0)
			return (CKPT_OK);
		return (error_sys(err, "cannot rename a file to %.300s",
		    name));
	}
	if (mkdirat(to, name, 0777) != 0 && errno != EEXIST)
		return (error_sys(err, "cannot create directory %.300s",
		    name));
	return (CKPT_END);
}

static enum ckpt_status walk(int from, int to, unsigned depth, visit *each,
    struct ckpt_error *err);

/* Goes into a directory that is on both sides. */
static enum ckpt_status
enter(int from, int to, const char *name, unsigned depth, visit *each,
    struct ckpt_error *err)
{
	int a = openat(from, name, TREE_OPEN_DIR);
	int b = openat(to, name, TREE_OPEN_DIR);
	enum ckpt_status st;

	if (a < 0 || b < 0 || depth == 0)
		st = error_sys(err, "cannot open directory %.300s (links "
		    "are not followed)", name);
	else
		st = walk(a, b, depth - 1, each, err);
	if (a >= 0)
		(void)close(a);
	if (b >= 0)
		(void)close(b);
	return (st);
}

/* Visits what the directory `from` holds. */
static enum ckpt_status
walk(int from, int to, unsigned depth, visit *each, struct ckpt_error *err)
{
	int fd = openat(from, ".", TREE_OPEN_DIR);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	enum ckpt_status st = CKPT_OK;

	if (d == NULL) {
		st = error_sys(err, "cannot read the staging directory");
		if (fd >= 0)
			(void)close(fd);
		return (st);
	}
	while (st == CKPT_OK && (errno = 0, e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		st = each(from, to, e->d_name, err);
		if (st == CKPT_END)
			st = enter(from, to, e->d_name, depth, each, err);
	}
	if (st == CKPT_OK && errno != 0)
		st = error_sys(err, "cannot read the staging directory");
	if (st == CKPT_OK && each == move_entry && fsync(to) != 0 &&
	    errno == EIO)
		st = error_sys(err, "cannot sync a directory");
	(void)closedir(d);
	return (st);
}

enum ckpt_status
tree_place(int from, int to, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = walk(from, to, TREE_MAX_DEPTH + 1, check_entry, err);
	if (st == CKPT_OK)
		st = walk(from, to, TREE_MAX_DEPTH + 1, move_entry, err);
	return (st);
}
