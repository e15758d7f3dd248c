#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/bytes.h"
#include "base/error.h"

#define PEEK_MAX 4096

struct bytes {
	const struct bytes_ops *ops;
	void *ctx;
	uint64_t size;   /* if ops->pread */
	uint64_t offset; /* of the next byte to be read */
	/* Bytes read ahead: [ahead_pos, ahead_len). */
	size_t ahead_pos, ahead_len;
	unsigned char ahead[PEEK_MAX];
};

enum ckpt_status
bytes_new(const struct bytes_ops *ops, void *ctx, uint64_t size,
    struct bytes **out, struct ckpt_error *err)
{
	struct bytes *b = malloc(sizeof(*b));

	if (b == NULL) {
		if (ops->close != NULL)
			ops->close(ctx);
		return (error_nomem(err, sizeof(*b)));
	}
	b->ops = ops;
	b->ctx = ctx;
	b->size = size;
	b->offset = 0;
	b->ahead_pos = b->ahead_len = 0;
	*out = b;
	return (CKPT_OK);
}

void
bytes_close(struct bytes *b)
{
	if (b == NULL)
		return;
	if (b->ops->close != NULL)
		b->ops->close(b->ctx);
	free(b);
}

/* Reads until `n` bytes are there or the source ends. */
static enum ckpt_status
fill(struct bytes *b, unsigned char *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t part;

	*got = 0;
	while (*got < n) {
		st = b->ops->read(b->ctx, out + *got, n - *got, &part, err);
		if (st != CKPT_OK)
			return (st);
		if (part == 0)
			break;
		*got += part;
	}
	return (CKPT_OK);
}

enum ckpt_status
bytes_read(struct bytes *b, void *to, size_t n, size_t *got,
    struct ckpt_error *err)
{
	unsigned char *out = to;
	size_t ahead = b->ahead_len - b->ahead_pos, part;
	enum ckpt_status st;

	if (ahead > n)
		ahead = n;
	if (ahead > 0) {
		memcpy(out, b->ahead + b->ahead_pos, ahead);
		b->ahead_pos += ahead;
		b->offset += ahead;
	}
	st = fill(b, out + ahead, n - ahead, &part, err);
	b->offset += part;
	*got = ahead + part;
	return (st);
}

enum ckpt_status
bytes_read_all(struct bytes *b, void *out, size_t n, struct ckpt_error *err)
{
	size_t got;
	enum ckpt_status st = bytes_read(b, out, n, &got, err);

	if (st != CKPT_OK)
		return (st);
	if (got < n)
		return (error_at(err, CKPT_TRUNCATED, b->offset, NULL,
		    "the input ends here, %zu bytes too early", n - got));
	return (CKPT_OK);
}

enum ckpt_status
bytes_peek(struct bytes *b, size_t n, const unsigned char **out,
    size_t *got, struct ckpt_error *err)
{
	size_t have = b->ahead_len - b->ahead_pos, part;
	enum ckpt_status st;

	if (n > PEEK_MAX)
		n = PEEK_MAX;
	if (have < n) {
		memmove(b->ahead, b->ahead + b->ahead_pos, have);
		b->ahead_pos = 0;
		b->ahead_len = have;
		st = fill(b, b->ahead + have, n - have, &part, err);
		b->ahead_len += part;
		if (st != CKPT_OK)
			return (st);
		have = b->ahead_len;
	}
	*out = b->ahead + b->ahead_pos;
	*got = have < n ? have : n;
	return (CKPT_OK);
}

enum ckpt_status
bytes_skip(struct bytes *b, uint64_t n, struct ckpt_error *err)
{
	unsigned char trash[16384];
	size_t part;
	enum ckpt_status st;

	while (n > 0) {
		part = n < sizeof(trash) ? (size_t)n : sizeof(trash);
		st = bytes_read_all(b, trash, part, err);
		if (st != CKPT_OK)
			return (st);
		n -= part;
	}
	return (CKPT_OK);
}

uint64_t
bytes_offset(const struct bytes *b)
{
	return (b->offset);
}

bool
bytes_is_random(const struct bytes *b, uint64_t *size)
{
	if (b->ops->pread == NULL)
		return (false);
	if (size != NULL)
		*size = b->size;
	return (true);
}

enum ckpt_status
bytes_pread(struct bytes *b, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	if (b->ops->pread == NULL)
		return (error_set(err, CKPT_USAGE,
		    "this input has no random access"));
	if (offset > b->size || n > b->size - offset)
		return (error_at(err, CKPT_TRUNCATED, b->size, NULL,
		    "the input ends here; %zu bytes at offset %llu are "
		    "needed", n, (unsigned long long)offset));
	return (b->ops->pread(b->ctx, out, n, offset, err));
}

/* ---- a file descriptor ---- */

struct fd_ctx {
	int fd;
};

static enum ckpt_status
fd_read(void *ctx, void *out, size_t n, size_t *got, struct ckpt_error *err)
{
	const struct fd_ctx *f = ctx;
	ssize_t r;

	do
		r = read(f->fd, out, n);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		*got = 0;
		return (error_sys(err, "cannot read"));
	}
	*got = (size_t)r;
	return (CKPT_OK);
}

static enum ckpt_status
fd_pread(void *ctx, void *to, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	const struct fd_ctx *f = ctx;
	unsigned char *out = to;
	ssize_t r;

	while (n > 0) {
		r = pread(f->fd, out, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return (error_sys(err, "cannot read"));
		if (r == 0)
			return (error_at(err, CKPT_TRUNCATED, offset, NULL,
			    "the file has become shorter while it is read"));
		out += r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
	return (CKPT_OK);
}

static void
fd_close(void *ctx)
{
	struct fd_ctx *f = ctx;

	(void)close(f->fd);
	free(f);
}

static const struct bytes_ops fd_stream_ops = { fd_read, NULL, fd_close };
static const struct bytes_ops fd_file_ops = { fd_read, fd_pread, fd_close };

enum ckpt_status
bytes_fd(int fd, struct bytes **out, struct ckpt_error *err)
{
	struct stat sb;
	struct fd_ctx *f;
	bool is_file;

	if (fstat(fd, &sb) != 0) {
		(void)error_sys(err, "cannot stat");
		(void)close(fd);
		return (CKPT_SYSTEM);
	}
	f = malloc(sizeof(*f));
	if (f == NULL) {
		(void)close(fd);
		return (error_nomem(err, sizeof(*f)));
	}
	f->fd = fd;
	/* a descriptor in the middle of a file is read as a stream: what
	 * stands before is not ours */
	is_file = S_ISREG(sb.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
	return (bytes_new(is_file ? &fd_file_ops : &fd_stream_ops, f,
	    is_file ? (uint64_t)sb.st_size : 0, out, err));
}

/* ---- memory ---- */

struct memory_ctx {
	const unsigned char *data;
	size_t n, pos;
};

static enum ckpt_status
memory_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	struct memory_ctx *m = ctx;

	(void)err;
	*got = n < m->n - m->pos ? n : m->n - m->pos;
	if (*got > 0)
		memcpy(out, m->data + m->pos, *got);
	m->pos += *got;
	return (CKPT_OK);
}

static enum ckpt_status
memory_pread(void *ctx, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	const struct memory_ctx *m = ctx;

	(void)err;
	if (n > 0)
		memcpy(out, m->data + offset, n);
	return (CKPT_OK);
}

static const struct bytes_ops memory_ops = {
	memory_read, memory_pread, free
};

enum ckpt_status
bytes_memory(const void *data, size_t n, struct bytes **out,
    struct ckpt_error *err)
{
	struct memory_ctx *m = malloc(sizeof(*m));

	if (m == NULL)
		return (error_nomem(err, sizeof(*m)));
	m->data = data;
	m->n = n;
	m->pos = 0;
	return (bytes_new(&memory_ops, m, n, out, err));
}
