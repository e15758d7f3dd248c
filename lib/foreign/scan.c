#include <stdarg.h>

#include "foreign/scan.h"

enum ckpt_status
scan_error(const struct scan *s, struct ckpt_error *err, const char *fmt,
    ...)
{
	char text[sizeof(((struct ckpt_error *)0)->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return (error_at(err, CKPT_INVALID, s->base + s->pos, NULL, "%s",
	    text));
}

/* What stands at the present position, for messages. */
static const char *
found(const struct scan *s, char out[16])
{
	unsigned char c;

	if (s->pos >= s->n)
		return ("the end of the header");
	c = s->text[s->pos];
	if (c > 0x20 && c < 0x7F)
		(void)snprintf(out, 16, "'%c'", c);
	else
		(void)snprintf(out, 16, "byte 0x%02X", c);
	return (out);
}

void
scan_space(struct scan *s)
{
	while (s->pos < s->n && (s->text[s->pos] == ' ' ||
	    s->text[s->pos] == '\t' || s->text[s->pos] == '\n' ||
	    s->text[s->pos] == '\r'))
		s->pos++;
}

bool
scan_try(struct scan *s, char c)
{
	scan_space(s);
	if (s->pos >= s->n || s->text[s->pos] != (unsigned char)c)
		return (false);
	s->pos++;
	return (true);
}

enum ckpt_status
scan_expect(struct scan *s, char c, const char *what, struct ckpt_error *err)
{
	char text[16];

	if (scan_try(s, c))
		return (CKPT_OK);
	return (scan_error(s, err, "expected %s, found %s", what,
	    found(s, text)));
}

/* Four hex digits at the present position, or a value above 0xFFFF. */
static unsigned
hex4(struct scan *s)
{
	unsigned i, digit, x = 0;

	if (s->n - s->pos < 4)
		return (0x10000);
	for (i = 0; i < 4; i++) {
		digit = s->text[s->pos + i];
		if (digit >= '0' && digit <= '9')
			digit -= '0';
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			digit = (digit | 0x20) - 'a' + 10;
		else
			return (0x10000);
		x = x << 4 | digit;
	}
	s->pos += 4;
	return (x);
}

static size_t
utf8_store(unsigned c, unsigned char out[4])
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return (1);
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xC0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 0x3F));
		return (2);
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xE0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (unsigned char)(0x80 | (c & 0x3F));
		return (3);
	}
	out[0] = (unsigned char)(0xF0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (unsigned char)(0x80 | (c & 0x3F));
	return (4);
}

/* What follows "\u": one code point, of two escapes if a surrogate pair. */
static enum ckpt_status
unicode_escape(struct scan *s, struct buf *out, struct ckpt_error *err)
{
	unsigned char utf8[4];
	unsigned c, low;

	c = hex4(s);
	if (c > 0xFFFF)
		return (scan_error(s, err,
		    "expected four hex digits after \\u"));
	if (c >= 0xD800 && c < 0xE000) {
		if (c >= 0xDC00 || s->n - s->pos < 6 ||
		    s->text[s->pos] != '\\' || s->text[s->pos + 1] != 'u')
			return (scan_error(s, err,
			    "a surrogate stands alone in a string"));
		s->pos += 2;
		low = hex4(s);
		if (low < 0xDC00 || low >= 0xE000)
			return (scan_error(s, err,
			    "a surrogate stands alone in a string"));
		c = 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
	}
	return (buf_append(out, utf8, utf8_store(c, utf8), err));
}

/* What follows a backslash. */
static enum ckpt_status
escape(struct scan *s, struct buf *out, struct ckpt_error *err)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *p;
	char text[16];

	if (s->pos >= s->n)
		return (scan_error(s, err, "a string does not end"));
	if (s->text[s->pos] == 'u') {
		s->pos++;
		return (unicode_escape(s, out, err));
	}
	p = memchr(names, s->text[s->pos], sizeof(names) - 1);
	if (p == NULL)
		return (scan_error(s, err, "unknown escape in a string: %s",
		    found(s, text)));
	s->pos++;
	return (buf_append(out, &values[p - names], 1, err));
}

enum ckpt_status
scan_string(struct scan *s, struct buf *out, const char *what,
    struct ckpt_error *err)
{
	size_t start;
	enum ckpt_status st;
	unsigned char c;

	st = scan_expect(s, '"', what, err);
	if (st != CKPT_OK)
		return (st);
	for (;;) {
		start = s->pos;
		while (s->pos < s->n && (c = s->text[s->pos]) != '"' &&
		    c != '\\' && c >= 0x20)
			s->pos++;
		st = buf_append(out, s->text + start, s->pos - start, err);
		if (st != CKPT_OK)
			return (st);
		if (s->pos >= s->n)
			return (scan_error(s, err, "a string does not end"));
		c = s->text[s->pos];
		if (c < 0x20)
			return (scan_error(s, err,
			    "control character 0x%02X in a string", c));
		s->pos++;
		if (c == '"')
			return (CKPT_OK);
		st = escape(s, out, err);
		if (st != CKPT_OK)
			return (st);
	}
}

enum ckpt_status
scan_integer(struct scan *s, uint64_t *out, const char *what,
    struct ckpt_error *err)
{
	uint64_t x = 0;
	size_t start;
	char text[16];

	scan_space(s);
	start = s->pos;
	for (; s->pos < s->n && s->text[s->pos] >= '0' &&
	    s->text[s->pos] <= '9'; s->pos++)
		if (__builtin_mul_overflow(x, (uint64_t)10, &x) ||
		    __builtin_add_overflow(x,
		    (uint64_t)(s->text[s->pos] - '0'), &x)) {
			s->pos = start;
			return (scan_error(s, err,
			    "%s does not fit 64 bits", what));
		}
	if (s->pos == start)
		return (scan_error(s, err,
		    "expected %s, a non-negative integer, found %s", what,
		    found(s, text)));
	if (s->text[start] == '0' && s->pos - start > 1) {
		s->pos = start;
		return (scan_error(s, err, "%s has a leading zero", what));
	}
	if (s->pos < s->n && (s->text[s->pos] == '.' ||
	    s->text[s->pos] == 'e' || s->text[s->pos] == 'E')) {
		s->pos = start;
		return (scan_error(s, err, "%s is not an integer", what));
	}
	*out = x;
	return (CKPT_OK);
}
