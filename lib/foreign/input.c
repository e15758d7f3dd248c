#include <errno.h>

#include "foreign/input.h"

#define END_RECORD ((size_t)22)   /* of a zip file */
#define TAIL (END_RECORD + 65535) /* with the longest comment */

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
	free(i->tail);
	free(i);
}

static void
note_tail(struct input *i, size_t n)
{
	size_t keep = n < TAIL ? TAIL - n : 0;

	if (i->tail == NULL || n == 0)
		return;
	if (keep > i->n_tail)
		keep = i->n_tail;
	memmove(i->tail, i->tail + i->n_tail - keep, keep);
	if (n > TAIL)
		n = TAIL;
	i->n_tail = keep + n;
}

/* The next block of a stream. */
static enum ckpt_status
read_stream(struct input *i, size_t *got, struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t n;

	st = bytes_read(i->in, i->block, sizeof(i->block), got, err);
	if (st == CKPT_OK && i->tail != NULL && *got > 0) {
		note_tail(i, *got);
		n = *got < TAIL ? *got : TAIL;
		memcpy(i->tail + i->n_tail - n, i->block + *got - n, n);
	}
	return (st);
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
		i->status = read_stream(i, &n, &i->err);
	}
	i->is_ended = n == 0;
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
	bool is_ended;

	if (i->status != CKPT_OK) {
		if (err != NULL)
			*err = i->err;
		return (i->status);
	}
	/* libarchive tells the kinds of trouble apart in words only, and
	 * some cuts by what its decoders say when they get no more input */
	is_ended = i->is_ended || (i->is_random && i->pos >= i->size);
	if (text == NULL || (is_ended &&
	    (strstr(text, "No progress is possible") != NULL ||
	    strstr(text, "decompression failed (-5)") != NULL ||
	    (offset < 512 &&
	    strstr(text, "Unrecognized archive format") != NULL))))
		text = "the archive ends too early (truncated)";
	if (strcasestr(text, "truncated") != NULL)
		st = CKPT_TRUNCATED;
	else if (strcasestr(text, "can't allocate") != NULL)
		st = CKPT_NO_MEMORY;
	return (error_at(err, st, offset, NULL, "%s", text));
}

enum ckpt_status
input_keep_tail(struct input *i, struct ckpt_error *err)
{
	if (i->is_random)
		return (CKPT_OK);
	i->tail = malloc(TAIL);
	return (i->tail == NULL ? error_nomem(err, TAIL) : CKPT_OK);
}

enum ckpt_status
input_has_zip_end(struct input *i, bool *out, struct ckpt_error *err)
{
	const unsigned char *tail = i->tail, *p;
	size_t n = i->n_tail;
	enum ckpt_status st;

	if (i->is_random) {
		n = i->size < TAIL ? (size_t)i->size : TAIL;
		st = bytes_pread(i->in, i->block, n, i->size - n, err);
		if (st != CKPT_OK)
			return (st);
		tail = i->block;
	}
	*out = false;
	while (!*out && n >= END_RECORD &&
	    (p = memmem(tail, n, "PK\x05\x06", 4)) != NULL) {
		n -= (size_t)(p - tail);
		*out = n >= END_RECORD &&
		    n - END_RECORD >= le16_load(p + END_RECORD - 2);
		tail = p + 1;
		n--;
	}
	return (CKPT_OK);
}

enum ckpt_status
input_drain(struct input *i, struct ckpt_error *err)
{
	size_t got = 1;
	enum ckpt_status st = CKPT_OK;

	while (!i->is_random && st == CKPT_OK && got > 0)
		st = read_stream(i, &got, err);
	return (st);
}
