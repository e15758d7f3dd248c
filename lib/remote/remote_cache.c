#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "remote/remote_cache.h"
#include "remote/remote_retry.h"

#define LOCK_NAP 0.05 /* seconds between two looks at a lock */
#define SYNC_EVERY (256 * 1048576ULL) /* bytes between two saves */

/* The directory and those above it, private where they are made. */
static enum ckpt_status
make_dir(const char *dir, struct ckpt_error *err)
{
	char *path = strdup(dir), *p;
	enum ckpt_status st = CKPT_OK;

	if (path == NULL)
		return (error_nomem(err, strlen(dir)));
	for (p = path + 1; st == CKPT_OK && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			st = error_sys(err, "cannot make %.300s", path);
		*p = '/';
	}
	if (st == CKPT_OK && mkdir(path, 0700) != 0 && errno != EEXIST)
		st = error_sys(err, "cannot make %.300s", path);
	free(path);
	return (st);
}

static char *
make_path(const char *dir, const char *key, const char *suffix)
{
	size_t n = strlen(dir) + strlen(key) + strlen(suffix) + 2;
	char *path = malloc(n);

	if (path != NULL)
		(void)snprintf(path, n, "%s/%s%s", dir, key, suffix);
	return (path);
}

static enum ckpt_status
make_paths(struct remote_cache *c, const char *dir, struct ckpt_error *err)
{
	struct ckpt_id id;
	char key[ID_HEX_SIZE];
	enum ckpt_status st;

	st = id_text(c->url, strlen(c->url), &id, err);
	if (st != CKPT_OK)
		return (st);
	id_hex(&id, key);
	c->part = make_path(dir, key, ".part");
	c->json = make_path(dir, key, ".json");
	c->lock = make_path(dir, key, ".lock");
	if (c->part == NULL || c->json == NULL || c->lock == NULL)
		return (error_nomem(err, strlen(dir)));
	return (CKPT_OK);
}

static bool
is_file(const char *path, dev_t dev, ino_t ino)
{
	struct stat sb;

	return (stat(path, &sb) == 0 && sb.st_dev == dev && sb.st_ino == ino);
}

/* One attempt: CKPT_END if another process has the lock, or has removed the
 * file in the meantime. */
static enum ckpt_status
try_lock(struct remote_cache *c, struct ckpt_error *err)
{
	struct stat sb;
	int fd = open(c->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return (error_sys(err, "cannot open %.400s", c->lock));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			(void)error_sys(err, "cannot lock %.400s", c->lock);
			(void)close(fd);
			return (CKPT_SYSTEM);
		}
		(void)close(fd);
		return (CKPT_END);
	}
	if (fstat(fd, &sb) != 0 || !is_file(c->lock, sb.st_dev, sb.st_ino)) {
		(void)close(fd);
		return (CKPT_END);
	}
	c->lock_fd = fd;
	return (CKPT_OK);
}

static enum ckpt_status
take_lock(struct remote_cache *c, const struct remote_options *o,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	bool told = false;

	while ((st = try_lock(c, err)) == CKPT_END) {
		if (!told)
			remote_retry_note(o, "waiting for another process "
			    "that fetches it");
		told = true;
		st = remote_retry_sleep(o, LOCK_NAP, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (st);
}

/* Takes over what is there, or starts with nothing. */
static enum ckpt_status
open_part(struct remote_cache *c, struct ckpt_error *err)
{
	struct stat sb;
	bool same_boot;

	if (!remote_cache_load(c, &same_boot))
		return (remote_cache_restart(c, err));
	c->fd = open(c->part, O_RDWR | O_APPEND | O_CLOEXEC);
	if (c->fd < 0 || fstat(c->fd, &sb) != 0 || !S_ISREG(sb.st_mode) ||
	    (uint64_t)sb.st_size > c->total)
		return (remote_cache_restart(c, err));
	if (!same_boot && (uint64_t)sb.st_size > c->synced) {
		if (ftruncate(c->fd, (off_t)c->synced) != 0)
			return (remote_cache_restart(c, err));
		sb.st_size = (off_t)c->synced;
	}
	c->done = (uint64_t)sb.st_size;
	c->dev = sb.st_dev;
	c->ino = sb.st_ino;
	return (CKPT_OK);
}

enum ckpt_status
remote_cache_open(const char *url, const struct remote_options *o,
    struct remote_cache **out, struct ckpt_error *err)
{
	struct remote_cache *c;
	enum ckpt_status st;

	if (o->cache_dir == NULL || o->cache_dir[0] == '\0')
		return (error_set(err, CKPT_USAGE, "no cache directory"));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	c->lock_fd = c->fd = -1;
	c->total = REMOTE_UNKNOWN;
	c->url = strdup(url);
	if (c->url == NULL) {
		st = error_nomem(err, strlen(url));
		goto err0;
	}
	st = make_dir(o->cache_dir, err);
	if (st != CKPT_OK)
		goto err0;
	st = make_paths(c, o->cache_dir, err);
	if (st != CKPT_OK)
		goto err0;
	st = take_lock(c, o, err);
	if (st != CKPT_OK)
		goto err0;
	st = open_part(c, err);
	if (st != CKPT_OK)
		goto err0;
	*out = c;
	return (CKPT_OK);

err0:
	remote_cache_close(c);
	return (st);
}

enum ckpt_status
remote_cache_restart(struct remote_cache *c, struct ckpt_error *err)
{
	struct stat sb;

	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	if ((unlink(c->json) != 0 && errno != ENOENT) ||
	    (unlink(c->part) != 0 && errno != ENOENT))
		return (error_sys(err, "cannot remove %.400s", c->part));
	c->done = c->synced = 0;
	c->total = REMOTE_UNKNOWN;
	c->etag[0] = c->last_modified[0] = '\0';
	c->n_responses = 0;
	c->fd = open(c->part, O_RDWR | O_APPEND | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	if (c->fd < 0 || fstat(c->fd, &sb) != 0)
		return (error_sys(err, "cannot create %.400s", c->part));
	c->dev = sb.st_dev;
	c->ino = sb.st_ino;
	return (CKPT_OK);
}

enum ckpt_status
remote_cache_append(struct remote_cache *c, const void *data, size_t n,
    struct ckpt_error *err)
{
	const unsigned char *p = data;
	ssize_t r;

	while (n > 0) {
		r = write(c->fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return (error_sys(err, "cannot write %.300s (the %llu "
			    "bytes fetched so far stay for the next try)",
			    c->part, (unsigned long long)c->done));
		p += r;
		n -= (size_t)r;
		c->done += (uint64_t)r;
	}
	if (c->done - c->synced >= SYNC_EVERY)
		return (remote_cache_save(c, err));
	return (CKPT_OK);
}

/* Takes the lock again, for an entry that was unlocked: whether it is still
 * the one that was opened. The lock's file does not outlive the entry. */
static bool
regain(struct remote_cache *c)
{
	if (c->lock_fd < 0 && try_lock(c, NULL) != CKPT_OK)
		return (false);
	if (is_file(c->part, c->dev, c->ino))
		return (true);
	if (access(c->part, F_OK) != 0)
		(void)unlink(c->lock);
	return (false);
}

void
remote_cache_settle(struct remote_cache *c)
{
	enum ckpt_status st = CKPT_OK;

	if (!regain(c))
		return;
	if (c->fd < 0)
		c->fd = open(c->part, O_RDONLY | O_CLOEXEC);
	/* if this fails, what was saved before still holds */
	if (c->fd >= 0)
		st = remote_cache_save(c, NULL);
	(void)st;
}

void
remote_cache_unlock(struct remote_cache *c)
{
	if (c->lock_fd >= 0)
		(void)close(c->lock_fd);
	c->lock_fd = -1;
}

void
remote_cache_remove(struct remote_cache *c)
{
	/* If another process has the lock, then it works with the entry:
	 * removing is left to it. */
	if (regain(c)) {
		(void)unlink(c->json);
		(void)unlink(c->part);
		(void)unlink(c->lock);
	}
	remote_cache_close(c);
}

void
remote_cache_close(struct remote_cache *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		(void)close(c->fd);
	remote_cache_unlock(c);
	free(c->part);
	free(c->json);
	free(c->lock);
	free(c->url);
	free(c);
}
