#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

#define TRIES 100
#define PINS ".pins"

/* Whether `name` still is the file of `fd`: gc may have removed it between
 * its creation and its lock. */
static bool
is_same(struct store *s, const char *name, int fd)
{
	struct stat a, b;

	return (fstat(fd, &a) == 0 &&
	    fstatat(s->dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Lists a name for removal should the program be told to die. */
static enum ckpt_status
list_name(struct store *s, const char *name, struct temporary **out,
    struct ckpt_error *err)
{
	struct buf path = BUF_INIT(1 << 16);
	enum ckpt_status st;

	st = buf_printf(&path, err, "%s/%s%c", s->path, name, 0);
	if (st == CKPT_OK)
		st = temporary_new((char *)path.data, out, err);
	buf_release(&path);
	return (st);
}

static void
unlist(struct temporary **t)
{
	if (*t == NULL)
		return;
	temporary_begin();
	temporary_end(*t);
	*t = NULL;
}

/* Creates and locks `name`. *fd is -1 if somebody has it already. */
static enum ckpt_status
create(struct store *s, const char *name, struct temporary **listed,
    int *fd, struct ckpt_error *err)
{
	enum ckpt_status st = list_name(s, name, listed, err);

	*fd = -1;
	if (st != CKPT_OK)
		return (st);
	*fd = openat(s->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    0666);
	if (*fd < 0 && errno != EEXIST)
		st = error_sys(err, "cannot create %s", name);
	if (*fd >= 0 && (flock(*fd, LOCK_EX | LOCK_NB) != 0 ||
	    !is_same(s, name, *fd))) {
		(void)close(*fd); /* gc has it: another name */
		*fd = -1;
	}
	if (*fd < 0)
		unlist(listed);
	return (st);
}

enum ckpt_status
store_stage_open(struct store *s, struct store_stage *stage,
    struct ckpt_error *err)
{
	uint64_t random;
	unsigned i;
	enum ckpt_status st = CKPT_OK;

	memset(stage, 0, sizeof(*stage));
	stage->fd = stage->pins = -1;
	for (i = 0; i < TRIES && stage->fd < 0 && st == CKPT_OK; i++) {
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (uint64_t)getpid() << 32 | i;
		(void)snprintf(stage->name, sizeof(stage->name),
		    "tmp/%016llx", (unsigned long long)random);
		st = create(s, stage->name, &stage->listed, &stage->fd, err);
	}
	if (st == CKPT_OK && stage->fd < 0)
		st = error_set(err, CKPT_SYSTEM, "cannot create a temporary "
		    "file in %.300s/tmp", s->path);
	return (st);
}

enum ckpt_status
store_stage_pin(struct store *s, struct store_stage *stage,
    const struct ckpt_id *model, struct ckpt_error *err)
{
	char line[ID_HEX_SIZE];
	enum ckpt_status st = CKPT_OK;

	if (stage->pins < 0) {
		(void)snprintf(stage->pins_name, sizeof(stage->pins_name),
		    "%.80s" PINS, stage->name);
		st = create(s, stage->pins_name, &stage->pins_listed,
		    &stage->pins, err);
		if (st == CKPT_OK && stage->pins < 0)
			st = error_set(err, CKPT_SYSTEM,
			    "cannot create %s", stage->pins_name);
		if (st != CKPT_OK)
			return (st);
	}
	id_hex(model, line);
	line[ID_HEX_SIZE - 1] = '\n';
	if (write(stage->pins, line, sizeof(line)) != (ssize_t)sizeof(line))
		return (error_sys(err, "cannot write %s", stage->pins_name));
	return (CKPT_OK);
}

enum ckpt_status
store_stage_publish(struct store *s, struct store_stage *stage,
    const char *dir, const char *name, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	temporary_begin();
	if (renameat(s->dir, stage->name, s->dir, name) != 0)
		st = error_sys(err, "cannot rename %s to %s", stage->name,
		    name);
	temporary_end(st == CKPT_OK ? stage->listed : NULL);
	if (st != CKPT_OK)
		return (st);
	stage->listed = NULL;
	stage->name[0] = '\0';
	return (store_sync_dir(s, dir, err));
}

static void
discard(struct store *s, int *fd, const char *name,
    struct temporary **listed)
{
	if (*fd < 0)
		return;
	if (name[0] != '\0')
		(void)unlinkat(s->dir, name, 0);
	(void)close(*fd);
	*fd = -1;
	unlist(listed);
}

void
store_stage_close(struct store *s, struct store_stage *stage)
{
	discard(s, &stage->fd, stage->name, &stage->listed);
	discard(s, &stage->pins, stage->pins_name, &stage->pins_listed);
}

/* ---- sweeping ---- */

/* What a living writer has pinned; a line that is not whole is being
 * written by nobody: pins are written under the lock. */
static enum ckpt_status
read_pins(int fd, enum ckpt_status (*pin)(void *arg,
	const struct ckpt_id *model, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	char line[ID_HEX_SIZE];
	struct ckpt_id id;
	off_t offset = 0;
	ssize_t n;
	enum ckpt_status st = CKPT_OK;

	while (st == CKPT_OK && (n = pread(fd, line, sizeof(line), offset)) ==
	    (ssize_t)sizeof(line)) {
		offset += n;
		if (id_parse(line, &id))
			st = pin(arg, &id, err);
	}
	if (st == CKPT_OK && n < 0)
		st = error_sys(err, "cannot read pins");
	return (st);
}

static bool
is_pins(const char *name)
{
	size_t n = strlen(name);

	return (n > strlen(PINS) &&
	    strcmp(name + n - strlen(PINS), PINS) == 0);
}

struct sweep {
	struct store *store;
	uint64_t *n_removed;
	enum ckpt_status (*pin)(void *arg, const struct ckpt_id *model,
	    struct ckpt_error *err);
	void *arg;
};

static enum ckpt_status
sweep_one(const struct sweep *w, const char *base, struct ckpt_error *err)
{
	char name[STORE_NAME_SIZE + 256];
	enum ckpt_status st = CKPT_OK;
	int dir = w->store->dir, fd;

	(void)snprintf(name, sizeof(name), "tmp/%.255s", base);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return (errno == ENOENT ? CKPT_OK :
		    error_sys(err, "cannot open %.200s", name));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (unlinkat(dir, name, 0) == 0)
			++*w->n_removed;
		else if (errno != ENOENT)
			st = error_sys(err, "cannot remove %.200s", name);
	} else if (errno != EWOULDBLOCK) {
		st = error_sys(err, "cannot lock %.200s", name);
	} else if (is_pins(base) && w->pin != NULL) {
		st = read_pins(fd, w->pin, w->arg, err);
	}
	(void)close(fd);
	return (st);
}

/* Calls `each` for every name below "tmp". */
static enum ckpt_status
walk(struct store *s, enum ckpt_status (*each)(void *arg, const char *name,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	struct dirent *entry;
	enum ckpt_status st = CKPT_OK;
	int fd = openat(s->dir, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL && errno == ENOENT)
		return (CKPT_OK);
	if (d == NULL) {
		st = error_sys(err, "cannot read tmp");
		if (fd >= 0)
			(void)close(fd);
		return (st);
	}
	while (st == CKPT_OK && (errno = 0, entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			st = each(arg, entry->d_name, err);
	if (st == CKPT_OK && errno != 0)
		st = error_sys(err, "cannot read tmp");
	(void)closedir(d);
	return (st);
}

static enum ckpt_status
sweep_each(void *arg, const char *name, struct ckpt_error *err)
{
	struct sweep *w = arg;

	return (sweep_one(w, name, err));
}

enum ckpt_status
store_stage_sweep(struct store *s, uint64_t *n_removed,
    enum ckpt_status (*pin)(void *arg, const struct ckpt_id *model,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	struct sweep w = { s, n_removed, pin, arg };

	return (walk(s, sweep_each, &w, err));
}

static enum ckpt_status
count_each(void *arg, const char *name, struct ckpt_error *err)
{
	uint64_t *n = arg;

	(void)name;
	(void)err;
	++*n;
	return (CKPT_OK);
}

enum ckpt_status
store_stage_count(struct store *s, uint64_t *out, struct ckpt_error *err)
{
	*out = 0;
	return (walk(s, count_each, out, err));
}
