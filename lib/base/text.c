#include <errno.h>
#include <fnmatch.h>

#include "base/banned.h"
#include "base/text.h"

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* Compares the digit runs at *a and *b as numbers, then by length, and
 * moves behind them. */
static int
number_cmp(const char **a, const char **b)
{
	const char *p = *a, *q = *b;
	size_t n_a, n_b;
	int c;

	while (*p == '0')
		p++;
	while (*q == '0')
		q++;
	for (n_a = 0; is_digit(p[n_a]); n_a++)
		;
	for (n_b = 0; is_digit(q[n_b]); n_b++)
		;
	if (n_a != n_b)
		return (n_a < n_b ? -1 : 1);
	c = memcmp(p, q, n_a);
	if (c != 0)
		return (c);
	p += n_a;
	q += n_b;
	n_a = (size_t)(p - *a);
	n_b = (size_t)(q - *b);
	*a = p;
	*b = q;
	return (n_a < n_b ? -1 : n_a > n_b);
}

int
text_natural_cmp(const char *a, const char *b)
{
	int c;

	while (*a != '\0' && *b != '\0') {
		if (is_digit(*a) && is_digit(*b)) {
			c = number_cmp(&a, &b);
			if (c != 0)
				return (c);
		} else if (*a != *b) {
			break;
		} else {
			a++;
			b++;
		}
	}
	return ((unsigned char)*a - (unsigned char)*b);
}

enum ckpt_status
text_escape(struct buf *out, const char *s, struct ckpt_error *err)
{
	size_t n;
	enum ckpt_status st;

	while (*s != '\0') {
		n = strcspn(s, "\\\n\r");
		st = buf_append(out, s, n, err);
		if (st != CKPT_OK)
			return (st);
		s += n;
		if (*s == '\0')
			break;
		st = buf_append(out, *s == '\n' ? "\\n" :
		    *s == '\r' ? "\\r" : "\\\\", 2, err);
		if (st != CKPT_OK)
			return (st);
		s++;
	}
	return (CKPT_OK);
}

bool
text_unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		s++;
		if (*s == 'n')
			*to++ = '\n';
		else if (*s == 'r')
			*to++ = '\r';
		else if (*s == '\\')
			*to++ = '\\';
		else
			return (false);
	}
	*to = '\0';
	return (true);
}

/* Length of the valid UTF-8 sequence at `s` (of `n` > 0 bytes), or 0. */
static size_t
utf8_sequence(const unsigned char *s, size_t n)
{
	size_t len, i;
	unsigned min_second = 0x80, max_second = 0xBF;

	if (s[0] < 0x80)
		return (1);
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return (0);
	len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (s[0] == 0xE0)
		min_second = 0xA0; /* overlong */
	else if (s[0] == 0xED)
		max_second = 0x9F; /* surrogates */
	else if (s[0] == 0xF0)
		min_second = 0x90; /* overlong */
	else if (s[0] == 0xF4)
		max_second = 0x8F; /* beyond U+10FFFF */
	if (n < len || s[1] < min_second || s[1] > max_second)
		return (0);
	for (i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xBF)
			return (0);
	return (len);
}

bool
text_is_utf8(const void *text, size_t n)
{
	const unsigned char *s = text;
	size_t len;

	while (n > 0) {
		len = utf8_sequence(s, n);
		if (len == 0)
			return (false);
		s += len;
		n -= len;
	}
	return (true);
}

enum ckpt_status
text_json(struct buf *out, const char *text, struct ckpt_error *err)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = strlen(text), len;
	enum ckpt_status st = buf_append(out, "\"", 1, err);

	for (; st == CKPT_OK && n > 0; s += len, n -= len) {
		len = utf8_sequence(s, n);
		if (len == 0) {
			len = 1;
			st = buf_append(out, "\xEF\xBF\xBD", 3, err);
		} else if (*s == '"' || *s == '\\') {
			st = buf_printf(out, err, "\\%c", *s);
		} else if (*s < 0x20 || *s == 0x7F) {
			st = buf_printf(out, err, "\\u%04x", *s);
		} else {
			st = buf_append(out, s, len, err);
		}
	}
	if (st != CKPT_OK)
		return (st);
	return (buf_append(out, "\"", 1, err));
}

bool
text_glob(const char *pattern, const char *s)
{
	return (strcmp(pattern, s) == 0 || fnmatch(pattern, s, 0) == 0);
}

bool
text_parse_size(const char *s, unsigned long long *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	unsigned long long n;
	unsigned shift = 0;

	if (!is_digit(*s))
		return (false);
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno != 0)
		return (false);
	if (*end != '\0' && (unit = strchr(units,
	    *end >= 'a' && *end <= 'z' ? *end - 'a' + 'A' : *end)) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (strcmp(end, "iB") == 0)
			end += 2;
		else if (strcmp(end, "B") == 0)
			end++;
	}
	if (*end != '\0' || n > (~0ULL >> shift))
		return (false);
	*out = n << shift;
	return (true);
}
