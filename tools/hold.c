#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hold.h"

struct hold {
	uint64_t memory;
	struct buf data;
	int fd;          /* of the temporary file, or -1 */
	bool is_on_disk; /* the present bytes */
	uint64_t n;      /* how many there are */
};

enum ckpt_status
hold_new(uint64_t memory, struct hold **out, struct ckpt_error *err)
{
	struct hold *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	h->memory = memory;
	h->fd = -1;
	buf_init(&h->data, memory < SIZE_MAX ? (size_t)memory : SIZE_MAX);
	*out = h;
	return (CKPT_OK);
}

void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	if (h->fd >= 0)
		(void)close(h->fd);
	buf_release(&h->data);
	free(h);
}

static enum ckpt_status
open_temporary(struct hold *h, struct ckpt_error *err)
{
	h->fd = spool_fd();
	return (h->fd >= 0 ? CKPT_OK : error_sys(err,
	    "cannot make a temporary file"));
}

enum ckpt_status
hold_begin(struct hold *h, uint64_t n_bytes, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	h->n = 0;
	h->data.len = 0;
	h->is_on_disk = n_bytes > h->memory;
	if (h->is_on_disk && h->fd < 0)
		st = open_temporary(h, err);
	if (st == CKPT_OK && h->is_on_disk && ftruncate(h->fd, 0) != 0)
		st = error_sys(err, "cannot empty a temporary file");
	return (st);
}

static enum ckpt_status
write_at(struct hold *h, const void *data, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	const unsigned char *p = data;
	ssize_t r;

	while (n > 0) {
		r = pwrite(h->fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return (error_sys(err,
			    "cannot write a temporary file"));
		p += r;
		n -= (size_t)r;
		offset += (uint64_t)r;
	}
	return (CKPT_OK);
}

/* What there is goes to the file. */
static enum ckpt_status
move_to_disk(struct hold *h, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;

	if (h->fd < 0)
		st = open_temporary(h, err);
	if (st == CKPT_OK && h->data.len > 0)
		st = write_at(h, h->data.data, h->data.len, 0, err);
	h->is_on_disk = true;
	buf_release(&h->data);
	return (st);
}

enum ckpt_status
hold_add(struct hold *h, const void *data, size_t n, struct ckpt_error *err)
{
	enum ckpt_status st;

	if (!h->is_on_disk && h->n + n > h->memory) {
		st = move_to_disk(h, err);
		if (st != CKPT_OK)
			return (st);
	}
	st = h->is_on_disk ? write_at(h, data, n, h->n, err) :
	    buf_append(&h->data, data, n, err);
	h->n += n;
	return (st);
}

enum ckpt_status
hold_read(struct hold *h, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	unsigned char *p = out;
	ssize_t r;

	if (!h->is_on_disk) {
		if (n > 0)
			memcpy(p, h->data.data + offset, n);
		return (CKPT_OK);
	}
	while (n > 0) {
		r = pread(h->fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return (error_sys(err,
			    "cannot read a temporary file"));
		p += r;
		n -= (size_t)r;
		offset += (uint64_t)r;
	}
	return (CKPT_OK);
}

enum ckpt_status
hold_write(struct hold *h, const void *data, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	if (h->is_on_disk)
		return (write_at(h, data, n, offset, err));
	if (n > 0)
		memcpy(h->data.data + offset, data, n);
	return (CKPT_OK);
}
