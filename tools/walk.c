#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "walk.h"

#define MAX_DEPTH 256

/* A directory that is being walked: names[next] comes next. Names of
 * directories end in '/'. */
struct level {
	char *path; /* without a slash at the end, unless it is "/" */
	char **names;
	size_t n, capacity, next;
};

struct walk {
	char **paths;
	size_t n_paths, next;
	char *file; /* the path last returned */
	struct level levels[MAX_DEPTH];
	size_t depth;
};

static char standard_input[] = "-";
static char *no_paths[] = { standard_input };

enum ckpt_status
walk_new(char **paths, int n_paths, struct walk **out,
    struct ckpt_error *err)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, sizeof(*w)));
	w->paths = n_paths > 0 ? paths : no_paths;
	w->n_paths = n_paths > 0 ? (size_t)n_paths : 1;
	*out = w;
	return (CKPT_OK);
}

static void
leave(struct walk *w)
{
	struct level *l = &w->levels[--w->depth];

	while (l->n > 0)
		free(l->names[--l->n]);
	free(l->names);
	free(l->path);
	memset(l, 0, sizeof(*l));
}

void
walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	while (w->depth > 0)
		leave(w);
	free(w->file);
	free(w);
}

static char *
join(const char *dir, const char *name, const char *end)
{
	size_t n = strlen(dir);
	const char *slash = n > 0 && dir[n - 1] == '/' ? "" : "/";
	char *path;

	n += strlen(name) + strlen(end) + 2;
	path = malloc(n);
	if (path != NULL)
		(void)snprintf(path, n, "%s%s%s%s", dir, slash, name, end);
	return (path);
}

/* Adds a name to a level if it is a file or a directory. */
static enum ckpt_status
add_name(struct level *l, int fd, const char *name, struct ckpt_error *err)
{
	struct stat sb, link;
	char **names, *copy;
	size_t n = strlen(name) + 2;

	if (fstatat(fd, name, &sb, 0) != 0 ||
	    fstatat(fd, name, &link, AT_SYMLINK_NOFOLLOW) != 0)
		return (error_sys(err, "cannot stat %.300s", name));
	if (!S_ISREG(sb.st_mode) && !S_ISDIR(link.st_mode))
		return (CKPT_OK);
	if (l->n == l->capacity) {
		l->capacity = l->capacity == 0 ? 64 : 2 * l->capacity;
		names = realloc(l->names, l->capacity * sizeof(*names));
		if (names == NULL)
			return (error_nomem(err, l->capacity));
		l->names = names;
	}
	copy = malloc(n);
	if (copy == NULL)
		return (error_nomem(err, n));
	(void)snprintf(copy, n, "%s%s", name,
	    S_ISDIR(link.st_mode) ? "/" : "");
	l->names[l->n++] = copy;
	return (CKPT_OK);
}

static int
name_cmp(const void *a, const void *b)
{
	return (text_natural_cmp(*(char *const *)a, *(char *const *)b));
}

/* Reads a directory; takes `path` over. */
static enum ckpt_status
enter(struct walk *w, char *path, struct ckpt_error *err)
{
	struct level *l = &w->levels[w->depth];
	struct dirent *e;
	DIR *d;
	enum ckpt_status st = CKPT_OK;

	if (w->depth == MAX_DEPTH) {
		st = error_set(err, CKPT_LIMIT,
		    "directories are nested deeper than %d", MAX_DEPTH);
		(void)error_where(err, path);
		free(path);
		return (st);
	}
	l->path = path;
	w->depth++;
	d = opendir(path);
	if (d == NULL) {
		(void)error_sys(err, "cannot open directory");
		return (error_where(err, path));
	}
	while (st == CKPT_OK && (errno = 0, e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			st = add_name(l, dirfd(d), e->d_name, err);
	if (st == CKPT_OK && errno != 0)
		st = error_sys(err, "cannot read directory");
	(void)closedir(d);
	if (st != CKPT_OK)
		return (error_where(err, path));
	if (l->n > 1)
		qsort(l->names, l->n, sizeof(*l->names), name_cmp);
	return (CKPT_OK);
}

/* The next entry of the innermost directory: sets w->file, or enters it. */
static enum ckpt_status
step(struct walk *w, struct ckpt_error *err)
{
	struct level *l = &w->levels[w->depth - 1];
	char *name, *path;
	size_t n;
	bool is_dir;

	if (l->next == l->n) {
		leave(w);
		return (CKPT_OK);
	}
	name = l->names[l->next++];
	n = strlen(name);
	is_dir = name[n - 1] == '/';
	if (is_dir)
		name[n - 1] = '\0';
	path = join(l->path, name, "");
	if (path == NULL)
		return (error_nomem(err, n));
	if (is_dir)
		return (enter(w, path, err));
	w->file = path;
	return (CKPT_OK);
}

enum ckpt_status
walk_next(struct walk *w, const char **path, bool *is_given,
    struct ckpt_error *err)
{
	struct stat sb;
	char *given, *copy;
	enum ckpt_status st;

	free(w->file);
	w->file = NULL;
	for (;;) {
		while (w->depth > 0 && w->file == NULL) {
			st = step(w, err);
			if (st != CKPT_OK)
				return (st);
		}
		*is_given = w->file == NULL;
		if (w->file != NULL)
			break;
		if (w->next == w->n_paths)
			return (CKPT_END);
		given = w->paths[w->next++];
		copy = strdup(given);
		if (copy == NULL)
			return (error_nomem(err, strlen(given)));
		if (strcmp(given, "-") == 0 || stat(given, &sb) != 0 ||
		    !S_ISDIR(sb.st_mode)) {
			w->file = copy;
			break;
		}
		st = enter(w, copy, err);
		if (st != CKPT_OK)
			return (st);
	}
	*path = w->file;
	return (CKPT_OK);
}
