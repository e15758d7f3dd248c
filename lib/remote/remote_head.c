#include <ctype.h>
#include <strings.h>

#include <curl/curl.h>

#include "remote/remote_head.h"

void
remote_head_reset(struct remote_head *h)
{
	memset(h, 0, sizeof(*h));
	h->length = h->total = REMOTE_UNKNOWN;
	h->date = -1;
}

/* Digits at *s to *out, and *s behind them; false if there are none or too
 * many. */
static bool
take_number(const char **s, uint64_t *out)
{
	uint64_t x = 0;
	unsigned digit;

	if (!isdigit((unsigned char)**s))
		return (false);
	while (isdigit((unsigned char)**s)) {
		digit = (unsigned)(*(*s)++ - '0');
		if (x > (UINT64_MAX - 1 - digit) / 10)
			return (false);
		x = x * 10 + digit;
	}
	*out = x;
	return (true);
}

static void
take_length(struct remote_head *h, const char *s)
{
	uint64_t x;

	if (take_number(&s, &x) && *s == '\0')
		h->length = x;
}

/* "bytes FIRST-LAST/TOTAL", with "*" for the range or the total. */
static void
take_range(struct remote_head *h, const char *s)
{
	uint64_t first = 0, last = 0, total = REMOTE_UNKNOWN;
	bool has_range = false;

	if (strncasecmp(s, "bytes", 5) != 0)
		return;
	s += 5;
	while (*s == ' ')
		s++;
	if (*s == '*') {
		s++;
	} else {
		if (!take_number(&s, &first) || *s++ != '-' ||
		    !take_number(&s, &last) || last < first)
			return;
		has_range = true;
	}
	if (*s++ != '/')
		return;
	if (*s == '*')
		s++;
	else if (!take_number(&s, &total))
		return;
	if (*s != '\0' || (has_range && last >= total))
		return;
	h->has_range = has_range;
	h->first = first;
	h->last = last;
	h->total = total;
}

/* Whether `s` is printable ASCII, and shorter than `max`. */
static bool
is_plain(const char *s, size_t max)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e)
			return (false);
	}
	return (i < max);
}

/* A strong ETag is a quoted string; a weak one does not tell bytes apart. */
static void
take_etag(struct remote_head *h, const char *s)
{
	size_t n = strlen(s);

	if (n >= 2 && is_plain(s, sizeof(h->etag)) && s[0] == '"' &&
	    s[n - 1] == '"')
		memcpy(h->etag, s, n + 1);
}

static void
take_text(char *out, size_t max, const char *s)
{
	if (is_plain(s, max))
		(void)snprintf(out, max, "%s", s);
}

static void
take_field(struct remote_head *h, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0)
		take_length(h, value);
	else if (strcasecmp(name, "content-range") == 0)
		take_range(h, value);
	else if (strcasecmp(name, "etag") == 0)
		take_etag(h, value);
	else if (strcasecmp(name, "last-modified") == 0)
		take_text(h->last_modified, sizeof(h->last_modified), value);
	else if (strcasecmp(name, "retry-after") == 0)
		take_text(h->retry_after, sizeof(h->retry_after), value);
	else if (strcasecmp(name, "date") == 0)
		h->date = curl_getdate(value, NULL);
}

/* "HTTP/1.1 404 Not Found" */
static void
take_status(struct remote_head *h, const char *line)
{
	const char *s = strchr(line, ' ');
	uint64_t status;

	remote_head_reset(h);
	if (s == NULL)
		return;
	s++;
	if (take_number(&s, &status) && status < 1000)
		h->status = (int)status;
	if (*s == ' ')
		(void)snprintf(h->reason, sizeof(h->reason), "%.60s", s + 1);
}

void
remote_head_line(struct remote_head *h, const char *data, size_t n)
{
	char line[1024], *value;
	size_t i;

	while (n > 0 && isspace((unsigned char)data[n - 1]))
		n--;
	if (n >= sizeof(line))
		return; /* no field that matters is so long */
	for (i = 0; i < n; i++) {
		/* control bytes would reach the terminal in messages */
		line[i] = (unsigned char)data[i] < 0x20 ? ' ' : data[i];
	}
	line[n] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0) {
		take_status(h, line);
		return;
	}
	value = strchr(line, ':');
	if (value == NULL)
		return;
	*value++ = '\0';
	while (*value == ' ')
		value++;
	take_field(h, line, value);
}

void
remote_head_finish(struct remote_head *h)
{
	time_t modified = curl_getdate(h->last_modified, NULL);

	if (modified == -1 || (h->date != -1 && h->date - modified < 1))
		h->last_modified[0] = '\0';
}

double
remote_head_retry_after(const struct remote_head *h)
{
	const char *s = h->retry_after;
	uint64_t seconds;
	time_t when;

	if (take_number(&s, &seconds))
		return (*s == '\0' ? (double)seconds : -1);
	when = curl_getdate(h->retry_after, NULL);
	if (when == -1)
		return (-1);
	when -= h->date != -1 ? h->date : time(NULL);
	return (when > 0 ? (double)when : 0);
}

bool
remote_head_is_transient(const struct remote_head *h)
{
	switch (h->status) {
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return (true);
	default:
		return (false);
	}
}

void
remote_head_describe(const struct remote_head *h, char *out, size_t n)
{
	(void)snprintf(out, n, "%d%s%s", h->status,
	    h->reason[0] != '\0' ? " " : "", h->reason);
}
