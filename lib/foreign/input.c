#include <errno.h>

#include "foreign/input.h"

enum ckpt_status
input_new(struct bytes *in, struct input **out, struct ckpt_error *err)
{
	struct input *i = malloc(sizeof(*i));

	if (i == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*i)));
	}
	memset(i, 0, offsetof(struct input, block));
	i->in = in;
	i->is_random = bytes_is_random(in, &i->size);
	*out = i;
	return (CKPT_OK);
}

void
input_free(struct input *i)
{
	if (i == NULL)
		return;
	bytes_close(i->in);
	free(i);
}

static la_ssize_t
read_block(struct archive *a, void *arg, const void **out)
{
	struct input *i = arg;
	size_t n = sizeof(i->block);

	if (i->is_random) {
		if (n > i->size - i->pos)
			n = (size_t)(i->size - i->pos);
		i->status = bytes_pread(i->in, i->block, n, i->pos, &i->err);
		i->pos += n;
	} else {
		i->status = bytes_read(i->in, i->block, n, &n, &i->err);
	}
	if (i->status != CKPT_OK) {
		archive_set_error(a, EIO, "cannot read");
		return (-1);
	}
	*out = i->block;
	return ((la_ssize_t)n);
}

static la_int64_t
skip_bytes(struct archive *a, void *arg, la_int64_t n)
{
	struct input *i = arg;

	(void)a;
	if (!i->is_random || n <= 0)
		return (0);
	if ((uint64_t)n > i->size - i->pos)
		n = (la_int64_t)(i->size - i->pos);
	i->pos += (uint64_t)n;
	return (n);
}

static la_int64_t
seek_to(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct input *i = arg;
	la_int64_t base = whence == SEEK_CUR ? (la_int64_t)i->pos :
	    whence == SEEK_END ? (la_int64_t)i->size : 0;

	(void)a;
	if (__builtin_add_overflow(base, offset, &base) || base < 0 ||
	    (uint64_t)base > i->size)
		return (ARCHIVE_FATAL);
	i->pos = (uint64_t)base;
	return (base);
}

enum ckpt_status
input_open(struct input *i, struct archive *a, struct ckpt_error *err)
{
	if (archive_read_set_read_callback(a, read_block) != ARCHIVE_OK ||
	    archive_read_set_callback_data(a, i) != ARCHIVE_OK ||
	    (i->is_random &&
	    (archive_read_set_skip_callback(a, skip_bytes) != ARCHIVE_OK ||
	    archive_read_set_seek_callback(a, seek_to) != ARCHIVE_OK)) ||
	    archive_read_open1(a) != ARCHIVE_OK)
		return (input_error(i, a, err));
	return (CKPT_OK);
}

enum ckpt_status
input_error(const struct input *i, struct archive *a, struct ckpt_error *err)
{
	const char *text = archive_error_string(a);
	enum ckpt_status st = CKPT_CORRUPT;
	uint64_t offset = i->is_random ? i->pos : bytes_offset(i->in);

	if (i->status != CKPT_OK) {
		if (err != NULL)
			*err = i->err;
		return (i->status);
	}
	if (text == NULL)
		text = "the archive ends too early (truncated)";
	/* libarchive tells it in words only */
	if (strcasestr(text, "truncated") != NULL)
		st = CKPT_TRUNCATED;
	else if (strcasestr(text, "can't allocate") != NULL)
		st = CKPT_NO_MEMORY;
	return (error_at(err, st, offset, NULL, "%s", text));
}

enum ckpt_status
input_drain(struct input *i, struct ckpt_error *err)
{
	size_t got = 1;
	enum ckpt_status st = CKPT_OK;

	while (!i->is_random && st == CKPT_OK && got > 0)
		st = bytes_read(i->in, i->block, sizeof(i->block), &got, err);
	return (st);
}
