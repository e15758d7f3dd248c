#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <jansson.h>

#include "remote/remote_cache.h"

#define VERSION 1          /* of the file's layout */
#define MAX_SIZE 65536     /* bytes of the file */
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_SIZE 64       /* bytes of its content, with a NUL */

/* A name for this boot of the system; empty where there is none. */
static void
read_boot(char out[BOOT_SIZE])
{
	ssize_t n = 0;
	int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, out, BOOT_SIZE - 1);
		(void)close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* A string member of at most max - 1 bytes; a missing one is empty. */
static bool
get_string(const json_t *root, const char *key, char *out, size_t max)
{
	const json_t *v = json_object_get(root, key);

	out[0] = '\0';
	if (v == NULL)
		return (true);
	if (!json_is_string(v) || json_string_length(v) >= max)
		return (false);
	(void)snprintf(out, max, "%s", json_string_value(v));
	return (true);
}

/* A number that is not negative; a missing one is `missing`. */
static bool
get_number(const json_t *root, const char *key, uint64_t missing,
    uint64_t *out)
{
	const json_t *v = json_object_get(root, key);

	*out = missing;
	if (v == NULL)
		return (true);
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return (false);
	*out = (uint64_t)json_integer_value(v);
	return (true);
}

static bool
take(struct remote_cache *c, const json_t *root, bool *same_boot)
{
	const char *url = json_string_value(json_object_get(root, "url"));
	char boot[BOOT_SIZE], this_boot[BOOT_SIZE];
	uint64_t version, n;

	if (url == NULL || strcmp(url, c->url) != 0 ||
	    !get_number(root, "version", 0, &version) || version != VERSION ||
	    !get_number(root, "length", REMOTE_UNKNOWN, &c->total) ||
	    !get_number(root, "bytes", 0, &c->synced) ||
	    !get_number(root, "responses", 2, &n) || n > UINT32_MAX ||
	    !get_string(root, "boot", boot, sizeof(boot)) ||
	    !get_string(root, "etag", c->etag, sizeof(c->etag)) ||
	    !get_string(root, "last_modified", c->last_modified,
	    sizeof(c->last_modified)))
		return (false);
	c->n_responses = (unsigned)n;
	read_boot(this_boot);
	*same_boot = boot[0] != '\0' && strcmp(boot, this_boot) == 0;
	return (true);
}

bool
remote_cache_load(struct remote_cache *c, bool *same_boot)
{
	char *text = malloc(MAX_SIZE);
	json_t *root = NULL;
	ssize_t n = -1;
	bool ok = false;
	int fd = open(c->json, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && text != NULL)
		n = read(fd, text, MAX_SIZE);
	if (n > 0)
		root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES,
		    NULL);
	if (root != NULL)
		ok = take(c, root, same_boot);
	json_decref(root);
	if (fd >= 0)
		(void)close(fd);
	free(text);
	return (ok);
}

static json_t *
make(const struct remote_cache *c)
{
	json_t *root = json_object();
	char boot[BOOT_SIZE];
	int bad = 0;

	read_boot(boot);

	/* json_object_set_new frees the value and fails if it is NULL */
	bad |= json_object_set_new(root, "version", json_integer(VERSION));
	bad |= json_object_set_new(root, "url", json_string_nocheck(c->url));
	if (c->etag[0] != '\0')
		bad |= json_object_set_new(root, "etag",
		    json_string(c->etag));
	if (c->last_modified[0] != '\0')
		bad |= json_object_set_new(root, "last_modified",
		    json_string(c->last_modified));
	if (c->total <= INT64_MAX)
		bad |= json_object_set_new(root, "length",
		    json_integer((json_int_t)c->total));
	bad |= json_object_set_new(root, "bytes",
	    json_integer((json_int_t)c->done));
	if (boot[0] != '\0')
		bad |= json_object_set_new(root, "boot", json_string(boot));
	bad |= json_object_set_new(root, "responses",
	    json_integer(c->n_responses));
	if (bad != 0) {
		json_decref(root);
		root = NULL;
	}
	return (root);
}

enum ckpt_status
remote_cache_save(struct remote_cache *c, struct ckpt_error *err)
{
	struct outfile *f;
	enum ckpt_status st;
	json_t *root;
	char *text;

	if (c->done > c->synced && fdatasync(c->fd) != 0)
		return (error_sys(err, "cannot sync %.400s", c->part));
	root = make(c);
	if (root == NULL)
		return (error_nomem(err, 0));
	text = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (text == NULL)
		return (error_nomem(err, 0));
	st = outfile_open(c->json, &f, err);
	if (st != CKPT_OK)
		goto err0;
	st = outfile_write(f, text, strlen(text), err);
	if (st == CKPT_OK)
		st = outfile_write(f, "\n", 1, err);
	if (st != CKPT_OK) {
		outfile_abort(f);
		goto err0;
	}
	st = outfile_commit(f, err);
	if (st == CKPT_OK)
		c->synced = c->done;
err0:
	free(text);
	return (st);
}
