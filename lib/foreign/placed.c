#include <errno.h>
#include <unistd.h>

#include "foreign/placed.h"

#define BUFFER_MAX ((size_t)1 << 18)

void
placed_init(struct placed *p)
{
	p->fd = -1;
	p->offset = 0;
	buf_init(&p->buf, BUFFER_MAX);
}

void
placed_release(struct placed *p)
{
	buf_release(&p->buf);
}

void
placed_begin(struct placed *p, int fd)
{
	p->fd = fd;
	p->buf.len = 0;
}

static enum ckpt_status
write_at(struct placed *p, const unsigned char *data, size_t n,
    uint64_t offset, struct ckpt_error *err)
{
	ssize_t r;

	while (n > 0) {
		r = pwrite(p->fd, data, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return (error_sys(err, "cannot write"));
		data += r;
		n -= (size_t)r;
		offset += (uint64_t)r;
	}
	return (CKPT_OK);
}

enum ckpt_status
placed_flush(struct placed *p, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = write_at(p, p->buf.data, p->buf.len, p->offset, err);
	p->buf.len = 0;
	return (st);
}

enum ckpt_status
placed_put(struct placed *p, const void *data, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	if (p->buf.len > 0 && (offset != p->offset + p->buf.len ||
	    n > BUFFER_MAX - p->buf.len))
		st = placed_flush(p, err);
	if (st != CKPT_OK)
		return (st);
	if (n >= BUFFER_MAX)
		return (write_at(p, data, n, offset, err));
	if (p->buf.len == 0)
		p->offset = offset;
	return (buf_append(&p->buf, data, n, err));
}
