#include <errno.h>
#include <stdarg.h>

#include "base/banned.h"
#include "base/error.h"

static void set(struct ckpt_error *err, enum ckpt_status status,
    const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

static void
set(struct ckpt_error *err, enum ckpt_status status, const char *fmt,
    va_list ap)
{
	char where[sizeof(err->where)];

	/* An outer layer may have named the input before it was read. */
	memcpy(where, err->where, sizeof(where));
	memset(err, 0, sizeof(*err));
	memcpy(err->where, where, sizeof(where));
	err->status = status;
	err->offset = CKPT_NO_OFFSET;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

enum ckpt_status
error_set(struct ckpt_error *err, enum ckpt_status status,
    const char *fmt, ...)
{
	va_list ap;

	if (err != NULL) {
		va_start(ap, fmt);
		set(err, status, fmt, ap);
		va_end(ap);
	}
	return (status);
}

enum ckpt_status
error_at(struct ckpt_error *err, enum ckpt_status status, uint64_t offset,
    const char *section, const char *fmt, ...)
{
	va_list ap;

	if (err != NULL) {
		va_start(ap, fmt);
		set(err, status, fmt, ap);
		va_end(ap);
		err->offset = offset;
		if (section != NULL)
			(void)snprintf(err->section, sizeof(err->section),
			    "%s", section);
	}
	return (status);
}

enum ckpt_status
error_line(struct ckpt_error *err, enum ckpt_status status, uint64_t line,
    const char *fmt, ...)
{
	va_list ap;

	if (err != NULL) {
		va_start(ap, fmt);
		set(err, status, fmt, ap);
		va_end(ap);
		err->line = line;
	}
	return (status);
}

enum ckpt_status
error_sys(struct ckpt_error *err, const char *fmt, ...)
{
	va_list ap;
	int saved = errno;
	size_t n;

	if (err != NULL) {
		va_start(ap, fmt);
		set(err, CKPT_SYSTEM, fmt, ap);
		va_end(ap);
		err->sys_errno = saved;
		n = strlen(err->text);
		(void)snprintf(err->text + n, sizeof(err->text) - n, ": %s",
		    strerrordesc_np(saved));
	}
	return (CKPT_SYSTEM);
}

enum ckpt_status
error_nomem(struct ckpt_error *err, uint64_t n_bytes)
{
	return (error_set(err, CKPT_NO_MEMORY,
	    "out of memory for %llu bytes", (unsigned long long)n_bytes));
}

enum ckpt_status
error_where(struct ckpt_error *err, const char *where)
{
	if (err == NULL)
		return (CKPT_SYSTEM);
	if (err->where[0] == '\0')
		(void)snprintf(err->where, sizeof(err->where), "%s", where);
	return (err->status);
}
