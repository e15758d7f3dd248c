#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inner.h"

#define HEAD "ckpt tombstones 1\n"
#define MAX_BYTES ((size_t)1 << 30)

/*
 * The text: HEAD, a line "ORDINAL" for each record removed, ascending, and
 * "end XXXXXXXXXXXXXXXX", XXH3-64 of all before it.
 */
static enum ckpt_status
parse(const char *text, size_t n, const char *name, uint64_t **out,
    size_t *n_out, struct ckpt_error *err)
{
	const char *p = text, *last = text + n;
	uint64_t *ordinals = malloc((n / 2 + 1) * sizeof(*ordinals)), value;
	char end[32];
	size_t found = 0;

	if (ordinals == NULL)
		return (error_nomem(err, n / 2 * sizeof(*ordinals)));
	if (n < strlen(HEAD) + 21 || memcmp(p, HEAD, strlen(HEAD)) != 0)
		goto bad;
	(void)snprintf(end, sizeof(end), "end %016llx\n",
	    (unsigned long long)xxh3_64(text, n - 21));
	if (memcmp(last - 21, end, 21) != 0)
		goto bad;
	last -= 21;
	for (p += strlen(HEAD); p < last; p++) {
		for (value = 0; p < last && *p >= '0' && *p <= '9'; p++)
			value = value * 10 + (uint64_t)(*p - '0');
		if (p == last || *p != '\n' ||
		    (found > 0 && value <= ordinals[found - 1]))
			goto bad;
		ordinals[found++] = value;
	}
	*out = ordinals;
	*n_out = found;
	return (CKPT_OK);

bad:
	free(ordinals);
	(void)error_at(err, CKPT_CORRUPT, (uint64_t)(p - text),
	    "ckpt-store 5",
	    "a list of removed records is damaged");
	return (error_where(err, name));
}

static enum ckpt_status
load(int fd, struct buf *text, struct ckpt_error *err)
{
	struct stat sb;
	ssize_t n = 1;
	enum ckpt_status st;

	if (fstat(fd, &sb) != 0)
		return (error_sys(err, "cannot read tombstones"));
	st = buf_reserve(text, (size_t)sb.st_size + 1, err);
	while (st == CKPT_OK && n > 0 && text->len < text->capacity) {
		n = read(fd, text->data + text->len,
		    text->capacity - text->len);
		if (n < 0)
			return (error_sys(err, "cannot read tombstones"));
		text->len += (size_t)n;
	}
	return (st);
}

enum ckpt_status
store_tomb_read(struct store *s, const struct ckpt_id *pack, uint64_t **out,
    size_t *n, struct ckpt_error *err)
{
	struct buf text = BUF_INIT(MAX_BYTES);
	char name[STORE_NAME_SIZE];
	struct stat sb;
	enum ckpt_status st;
	int fd;

	store_tomb_name(pack, name);
	if (fstatat(s->dir, name, &sb, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT) {
		*out = NULL;
		*n = 0;
		return (CKPT_OK);
	}
	st = store_open_file(s, name, &fd, err);
	if (st != CKPT_OK)
		return (st);
	st = load(fd, &text, err);
	(void)close(fd);
	if (st == CKPT_OK)
		st = parse((char *)text.data, text.len, name, out, n, err);
	buf_release(&text);
	return (st);
}

static enum ckpt_status
write_all(int fd, const struct buf *text, struct ckpt_error *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < text->len) {
		n = write(fd, text->data + done, text->len - done);
		if (n < 0 && errno != EINTR)
			return (error_sys(err, "cannot write tombstones"));
		done += n > 0 ? (size_t)n : 0;
	}
	return (fsync(fd) == 0 ? CKPT_OK :
	    error_sys(err, "cannot sync tombstones"));
}

enum ckpt_status
store_tomb_write(struct store *s, const struct ckpt_id *pack,
    const uint64_t *ordinals, size_t n, struct ckpt_error *err)
{
	struct buf text = BUF_INIT(MAX_BYTES);
	char name[STORE_NAME_SIZE];
	struct store_stage stage;
	size_t i;
	enum ckpt_status st;

	st = buf_append(&text, HEAD, strlen(HEAD), err);
	for (i = 0; i < n && st == CKPT_OK; i++)
		st = buf_printf(&text, err, "%llu\n",
		    (unsigned long long)ordinals[i]);
	if (st == CKPT_OK)
		st = buf_printf(&text, err, "end %016llx\n",
		    (unsigned long long)xxh3_64(text.data, text.len));
	if (st != CKPT_OK)
		goto err0;
	st = store_stage_open(s, &stage, err);
	if (st == CKPT_OK)
		st = write_all(stage.fd, &text, err);
	store_tomb_name(pack, name);
	if (st == CKPT_OK)
		st = store_stage_publish(s, &stage, "tombstones", name, err);
	store_stage_close(s, &stage);
err0:
	buf_release(&text);
	return (st);
}

void
store_tomb_stamp(struct store *s, const struct ckpt_id *pack,
    char out[STORE_STAMP_SIZE])
{
	char name[STORE_NAME_SIZE];
	struct stat sb;

	store_tomb_name(pack, name);
	out[0] = '\0';
	if (fstatat(s->dir, name, &sb, 0) == 0)
		(void)snprintf(out, STORE_STAMP_SIZE, "%lld %lld.%09ld %llu",
		    (long long)sb.st_size, (long long)sb.st_mtim.tv_sec,
		    sb.st_mtim.tv_nsec, (unsigned long long)sb.st_ino);
}
