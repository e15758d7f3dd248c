#include <stdarg.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/error.h"

void
buf_init(struct buf *b, size_t max)
{
	b->data = NULL;
	b->len = 0;
	b->capacity = 0;
	b->max = max;
}

void
buf_release(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

enum ckpt_status
buf_reserve(struct buf *b, size_t n, struct ckpt_error *err)
{
	size_t capacity;
	unsigned char *data;

	if (n <= b->capacity - b->len)
		return (CKPT_OK);
	if (n > b->max - b->len)
		return (error_set(err, CKPT_LIMIT,
		    "%zu bytes are needed where at most %zu are allowed",
		    n > SIZE_MAX - b->len ? SIZE_MAX : b->len + n, b->max));
	capacity = b->capacity < 128 ? 256 : b->capacity;
	while (capacity - b->len < n)
		capacity = capacity > b->max / 2 ? b->max : capacity * 2;
	if (capacity > b->max)
		capacity = b->max;
	data = realloc(b->data, capacity);
	if (data == NULL)
		return (error_nomem(err, capacity));
	b->data = data;
	b->capacity = capacity;
	return (CKPT_OK);
}

enum ckpt_status
buf_append(struct buf *b, const void *data, size_t n, struct ckpt_error *err)
{
	enum ckpt_status st = buf_reserve(b, n, err);

	if (st != CKPT_OK)
		return (st);
	if (n > 0)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	return (CKPT_OK);
}

enum ckpt_status
buf_printf(struct buf *b, struct ckpt_error *err, const char *fmt, ...)
{
	va_list ap;
	int n;
	enum ckpt_status st;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return (error_set(err, CKPT_USAGE, "cannot format text"));
	st = buf_reserve(b, (size_t)n + 1, err);
	if (st != CKPT_OK)
		return (st);
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return (CKPT_OK);
}
