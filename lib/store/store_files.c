#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

void
store_pack_name(const struct ckpt_id *hash, char out[STORE_NAME_SIZE])
{
	char hex[ID_HEX_SIZE];

	id_hex(hash, hex);
	(void)snprintf(out, STORE_NAME_SIZE, "packs/%s.ckpk", hex);
}

void
store_tomb_name(const struct ckpt_id *hash, char out[STORE_NAME_SIZE])
{
	char hex[ID_HEX_SIZE];

	id_hex(hash, hex);
	(void)snprintf(out, STORE_NAME_SIZE, "tombstones/%s", hex);
}

enum ckpt_status
store_open_file(struct store *s, const char *name, int *out,
    struct ckpt_error *err)
{
	struct stat sb;
	/* a FIFO would keep us waiting */
	int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);

	if (fd < 0 && (errno != ENOENT ||
	    fstatat(s->dir, name, &sb, AT_SYMLINK_NOFOLLOW) != 0))
		return (error_sys(err, "cannot open %s", name));
	if (fd < 0 || fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		if (fd >= 0)
			(void)close(fd);
		(void)error_set(err, CKPT_NOT_OURS, "it is no regular file");
		return (err != NULL ? error_where(err, name) : CKPT_NOT_OURS);
	}
	*out = fd;
	return (CKPT_OK);
}

enum ckpt_status
store_sync_dir(struct store *s, const char *name, struct ckpt_error *err)
{
	int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum ckpt_status st = CKPT_OK;

	if (fd < 0)
		return (error_sys(err, "cannot open %s", name));
	if (fsync(fd) != 0)
		st = error_sys(err, "cannot sync %s", name);
	(void)close(fd);
	return (st);
}

enum ckpt_status
store_unlink(struct store *s, const char *dir, const char *name,
    struct ckpt_error *err)
{
	if (unlinkat(s->dir, name, 0) != 0)
		return (errno == ENOENT ? CKPT_OK :
		    error_sys(err, "cannot remove %s", name));
	return (store_sync_dir(s, dir, err));
}

/* The hash in a name: HEX and, of packs, ".ckpk". */
static bool
parse_name(const char *name, bool is_pack, struct ckpt_id *out)
{
	return (strlen(name) == (is_pack ? 69 : 64) &&
	    id_parse(name, out) &&
	    (!is_pack || strcmp(name + 64, ".ckpk") == 0));
}

static int
compare(const void *a, const void *b)
{
	return (memcmp(a, b, sizeof(struct ckpt_id)));
}

static enum ckpt_status
append(struct ckpt_id **ids, size_t n, const struct ckpt_id *id,
    struct ckpt_error *err)
{
	struct ckpt_id *more;

	if ((n & (n - 1)) == 0) { /* doubled at powers of two */
		more = realloc(*ids, (n == 0 ? 1 : 2 * n) * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, 2 * n * sizeof(*more)));
		*ids = more;
	}
	(*ids)[n] = *id;
	return (CKPT_OK);
}

enum ckpt_status
store_hashes(struct store *s, const char *dir, struct ckpt_id **out,
    size_t *n_out, void (*strange)(void *arg, const char *name), void *arg,
    struct ckpt_error *err)
{
	bool is_pack = strcmp(dir, "packs") == 0;
	struct ckpt_id *ids = NULL, id;
	struct dirent *entry;
	size_t n = 0;
	enum ckpt_status st = CKPT_OK;
	int fd = openat(s->dir, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL && errno == ENOENT) { /* a copy may lack empty ones */
		*out = NULL;
		*n_out = 0;
		return (CKPT_OK);
	}
	if (d == NULL) {
		st = error_sys(err, "cannot read %s", dir);
		if (fd >= 0)
			(void)close(fd);
		return (st);
	}
	while (st == CKPT_OK && (errno = 0, entry = readdir(d)) != NULL) {
		if (parse_name(entry->d_name, is_pack, &id)) {
			st = append(&ids, n, &id, err);
			n += st == CKPT_OK;
		} else if (strange != NULL && entry->d_name[0] != '.') {
			strange(arg, entry->d_name);
		}
	}
	if (st == CKPT_OK && errno != 0)
		st = error_sys(err, "cannot read %s", dir);
	(void)closedir(d);
	if (st != CKPT_OK) {
		free(ids);
		return (st);
	}
	if (n > 0)
		qsort(ids, n, sizeof(*ids), compare);
	*out = ids;
	*n_out = n;
	return (CKPT_OK);
}

enum ckpt_status
store_hash_fd(struct store *s, int fd, struct ckpt_id *out,
    uint64_t *n_bytes, struct ckpt_error *err)
{
	unsigned char *chunk = malloc(STORE_CHUNK);
	enum ckpt_status st = CKPT_OK;
	uint64_t n = 0;
	ssize_t r;

	if (chunk == NULL)
		return (error_nomem(err, STORE_CHUNK));
	sha256_reset(s->hash);
	do {
		r = pread(fd, chunk, STORE_CHUNK, (off_t)n);
		if (r > 0) {
			sha256_update(s->hash, chunk, (size_t)r);
			n += (uint64_t)r;
		}
	} while (r > 0 || (r < 0 && errno == EINTR));
	if (r < 0)
		st = error_sys(err, "cannot read a pack");
	free(chunk);
	sha256_final(s->hash, out);
	*n_bytes = n;
	return (st);
}
