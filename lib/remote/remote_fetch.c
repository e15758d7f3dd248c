#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "remote/remote_retry.h"
#include "remote/remote_transfer.h"

#define CHUNK 1048576 /* bytes read at once for the hash */

struct remote_file {
	struct remote_cache *cache; /* NULL: a file: URL */
	int fd;                     /* -1 once it was given away */
	uint64_t size;
};

/* SHA-256 of the `size` bytes of `fd`. */
static enum ckpt_status
hash_file(int fd, uint64_t size, const struct remote_options *o,
    struct ckpt_id *out, struct ckpt_error *err)
{
	unsigned char *chunk = malloc(CHUNK);
	struct sha256 *h = NULL;
	enum ckpt_status st;
	uint64_t at = 0;
	ssize_t n;

	if (chunk == NULL)
		return (error_nomem(err, CHUNK));
	st = sha256_new(&h, err);
	while (st == CKPT_OK && at < size) {
		n = pread(fd, chunk, CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = error_sys(err, "cannot read what was fetched");
		else if (n == 0)
			st = error_set(err, CKPT_TRUNCATED,
			    "the file became shorter while it was read");
		else if (o->cancelled != NULL && o->cancelled(o->arg))
			st = error_set(err, CKPT_CANCELLED, "interrupted");
		if (st != CKPT_OK)
			break;
		sha256_update(h, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	if (st == CKPT_OK)
		sha256_final(h, out);
	sha256_free(h);
	free(chunk);
	return (st);
}

/* Whether the file starts as a web page does: a hint for a message. */
static bool
is_html(int fd)
{
	char s[16];
	ssize_t n = pread(fd, s, sizeof(s), 0);

	return (n == (ssize_t)sizeof(s) &&
	    (strncasecmp(s, "<!doctype html", 14) == 0 ||
	    strncasecmp(s, "<html", 5) == 0));
}

/* CKPT_MISMATCH with both hashes. `expected` NULL is never a mismatch. */
static enum ckpt_status
check_hash(int fd, uint64_t size, const struct ckpt_id *expected,
    const struct remote_options *o, struct ckpt_error *err)
{
	char want[ID_HEX_SIZE], have[ID_HEX_SIZE];
	struct ckpt_id id;
	enum ckpt_status st;

	if (expected == NULL)
		return (CKPT_OK);
	st = hash_file(fd, size, o, &id, err);
	if (st != CKPT_OK || id_equal(&id, expected))
		return (st);
	id_hex(expected, want);
	id_hex(&id, have);
	return (error_set(err, CKPT_MISMATCH, "the SHA-256 is %s, expected "
	    "%s%s", have, want, is_html(fd) ?
	    " (what came is an HTML page)" : ""));
}

/* Completes the entry. If its hash is wrong and not all of it came in one
 * response to this call, the file may have changed in between: once more,
 * from its start. */
static enum ckpt_status
complete(const struct remote_url *url, const struct ckpt_id *sha256,
    const struct remote_options *o, struct remote_cache *c,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	bool reused, again = false;

	/* what an earlier call has completed needs no server */
	if (sha256 != NULL && c->done > 0 && c->done == c->total) {
		st = check_hash(c->fd, c->done, sha256, o, err);
		if (st != CKPT_MISMATCH)
			return (st);
		st = remote_cache_restart(c, err);
		if (st != CKPT_OK)
			return (st);
	}
	for (;;) {
		st = remote_transfer(url->text, c, sha256 != NULL, o, &reused,
		    err);
		if (st != CKPT_OK)
			return (st);
		st = check_hash(c->fd, c->done, sha256, o, err);
		if (st != CKPT_MISMATCH || again ||
		    (!reused && c->n_responses == 1))
			return (st);
		again = true;
		remote_retry_note(o, "the parts do not make up the file with "
		    "the SHA-256 expected; starting over");
		st = remote_cache_restart(c, err);
		if (st != CKPT_OK)
			return (st);
	}
}

static enum ckpt_status
fetch_http(const struct remote_url *url, const struct ckpt_id *sha256,
    const struct remote_options *o, struct remote_file *f,
    struct ckpt_error *err)
{
	struct remote_cache *c;
	enum ckpt_status st;

	st = remote_cache_open(url->shown, o, &c, err);
	if (st != CKPT_OK)
		return (st);
	st = complete(url, sha256, o, c, err);
	if (st != CKPT_OK) {
		if (c->done > 0 && st != CKPT_MISMATCH) {
			remote_cache_settle(c);
			remote_cache_close(c);
		} else {
			remote_cache_remove(c);
		}
		return (st);
	}
	remote_cache_unlock(c);
	f->cache = c;
	f->fd = c->fd;
	f->size = c->done;
	return (CKPT_OK);
}

static enum ckpt_status
fetch_file(const struct remote_url *url, const struct ckpt_id *sha256,
    const struct remote_options *o, struct remote_file *f,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	struct stat sb;
	int fd;

	fd = open(url->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return (error_sys(err, "cannot open"));
	if (fstat(fd, &sb) != 0) {
		st = error_sys(err, "cannot stat");
		goto err0;
	}
	if (!S_ISREG(sb.st_mode)) {
		st = error_set(err, CKPT_USAGE, "not a regular file");
		goto err0;
	}
	st = check_hash(fd, (uint64_t)sb.st_size, sha256, o, err);
	if (st != CKPT_OK)
		goto err0;
	f->cache = NULL;
	f->fd = fd;
	f->size = (uint64_t)sb.st_size;
	return (CKPT_OK);

err0:
	(void)close(fd);
	return (st);
}

enum ckpt_status
remote_fetch(const struct remote_url *url, const struct ckpt_id *sha256,
    const struct remote_options *options, struct remote_file **out,
    struct ckpt_error *err)
{
	struct ckpt_error own;
	struct remote_file *f;
	enum ckpt_status st;

	if (err == NULL) {
		memset(&own, 0, sizeof(own));
		err = &own;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return (error_nomem(err, sizeof(*f)));
	if (url->path != NULL)
		st = fetch_file(url, sha256, options, f, err);
	else
		st = fetch_http(url, sha256, options, f, err);
	if (st != CKPT_OK) {
		(void)error_where(err, url->shown);
		free(f);
		return (st);
	}
	*out = f;
	return (CKPT_OK);
}

enum ckpt_status
remote_file_open(struct remote_file *f, struct bytes **out,
    struct ckpt_error *err)
{
	int fd = f->fd;

	if (fd < 0)
		return (error_set(err, CKPT_USAGE, "opened before"));
	if (lseek(fd, 0, SEEK_SET) != 0)
		return (error_sys(err, "cannot read what was fetched"));
	f->fd = -1;
	if (f->cache != NULL)
		f->cache->fd = -1;
	return (bytes_fd(fd, out, err));
}

uint64_t
remote_file_size(const struct remote_file *f)
{
	return (f->size);
}

void
remote_file_remove(struct remote_file *f)
{
	if (f != NULL && f->cache != NULL) {
		remote_cache_remove(f->cache);
		free(f);
	} else {
		remote_file_close(f);
	}
}

void
remote_file_close(struct remote_file *f)
{
	if (f == NULL)
		return;
	if (f->cache != NULL) {
		remote_cache_settle(f->cache);
		remote_cache_close(f->cache);
	} else if (f->fd >= 0) {
		(void)close(f->fd);
	}
	free(f);
}
