/* remote: heads of responses, URLs, and how long to wait. */
#include "remote/remote_head.h"
#include "remote/remote_retry.h"
#include "unit.h"

static void
feed(struct remote_head *h, const char *const *lines)
{
	remote_head_reset(h);
	for (; *lines != NULL; lines++)
		remote_head_line(h, *lines, strlen(*lines));
	remote_head_finish(h);
}

static void
test_head(void **state)
{
	static const char *const lines[] = {
		"HTTP/1.1 302 Found\r\n", "ETag: \"old\"\r\n", "\r\n",
		"HTTP/1.1 206 Partial Content\r\n",
		"content-length:  50\r\n", "Content-Range: bytes 50-99/100\r\n",
		"ETag: \"a b\"\r\n", "Date: Tue, 03 Jan 2023 00:00:10 GMT\r\n",
		"Last-Modified: Tue, 03 Jan 2023 00:00:09 GMT\r\n", "\r\n",
		NULL
	};
	struct remote_head h;
	char text[96];

	(void)state;
	feed(&h, lines);
	assert_int_equal(h.status, 206);
	assert_int_equal(h.length, 50);
	assert_true(h.has_range);
	assert_int_equal(h.first, 50);
	assert_int_equal(h.last, 99);
	assert_int_equal(h.total, 100);
	assert_string_equal(h.etag, "\"a b\"");
	assert_string_equal(h.last_modified, "Tue, 03 Jan 2023 00:00:09 GMT");
	remote_head_describe(&h, text, sizeof(text));
	assert_string_equal(text, "206 Partial Content");
}

/* One header line after a status line. */
static struct remote_head
head_of(const char *line)
{
	const char *lines[] = { "HTTP/2 200 \r\n", line, NULL };
	struct remote_head h;

	feed(&h, lines);
	return (h);
}

static void
test_range(void **state)
{
	static const char *const bad[] = {
		"bytes 5-4/10", "bytes 5-10/10", "bytes 5-9", "bytes 5-9/",
		"bytes -9/10", "bytes 5/10", "lines 5-9/10", "bytes 5-9/10x",
		"bytes 5-99999999999999999999/*", "", "bytes"
	};
	struct remote_head h;
	char line[64];
	size_t i;

	(void)state;
	h = head_of("Content-Range: bytes 5-9/*");
	assert_true(h.has_range);
	assert_true(h.total == REMOTE_UNKNOWN);
	h = head_of("Content-Range: bytes */77");
	assert_false(h.has_range);
	assert_int_equal(h.total, 77);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(line, sizeof(line), "Content-Range: %s",
		    bad[i]);
		h = head_of(line);
		assert_false(h.has_range);
		assert_true(h.total == REMOTE_UNKNOWN);
	}
}

static void
test_validators(void **state)
{
	struct remote_head h;
	char line[1000];

	(void)state;
	assert_string_equal(head_of("ETag: W/\"a\"").etag, "");
	assert_string_equal(head_of("ETag: a").etag, "");
	assert_string_equal(head_of("ETag: \"").etag, "");
	assert_string_equal(head_of("ETag: \"\xff\"").etag, "");
	assert_string_equal(head_of("ETAG:\"a\"").etag, "\"a\"");
	(void)snprintf(line, sizeof(line), "ETag: \"%0400d\"", 0);
	assert_string_equal(head_of(line).etag, "");
	assert_string_equal(head_of("Last-Modified: yesterday").last_modified,
	    "");
	assert_int_equal(head_of("Content-Length: -5").length,
	    REMOTE_UNKNOWN);
	assert_int_equal(head_of("Content-Length: 18446744073709551616").length,
	    REMOTE_UNKNOWN);
	h = head_of("X: \x1b[31m");
	assert_int_equal(h.status, 200);
}

static void
test_retry_after(void **state)
{
	static const char *const date[] = {
		"HTTP/1.1 503 x", "Date: Tue, 03 Jan 2023 00:00:10 GMT",
		"Retry-After: Tue, 03 Jan 2023 00:01:10 GMT", NULL
	};
	struct remote_head h;

	(void)state;
	feed(&h, date);
	assert_true(remote_head_retry_after(&h) == 60);
	h = head_of("Retry-After: 120");
	assert_true(remote_head_retry_after(&h) == 120);
	h = head_of("Retry-After: Tue, 03 Jan 2023 00:01:10 GMT");
	assert_true(remote_head_retry_after(&h) == 0);
	h = head_of("Retry-After: 5 minutes");
	assert_true(remote_head_retry_after(&h) == -1);
	h = head_of("Retry-After:");
	assert_true(remote_head_retry_after(&h) == -1);
}

static void
test_url(void **state)
{
	static const char *const bad[] = {
		"", "nets.tgz", "/srv/nets.tgz", "s3://bucket/key", "http://",
		"ftp://host/x", "http//host/x", "http://a b/", "C:\\x",
		"http://host/x#sha256=12", "http://host/%00"
	};
	struct ckpt_error err = { .status = CKPT_OK };
	struct remote_url u;
	char hex[ID_HEX_SIZE], text[200];
	size_t i;

	(void)state;
	assert_int_equal(remote_url_parse("HTTPS://me:pw@h:8443/a/b%20c?q=1#x",
	    &u, &err), CKPT_OK);
	assert_string_equal(u.text, "https://me:pw@h:8443/a/b%20c?q=1");
	assert_string_equal(u.shown, "https://h:8443/a/b%20c?q=1");
	assert_string_equal(u.name, "b c");
	assert_null(u.path);
	assert_false(u.has_sha256);
	remote_url_release(&u);

	(void)snprintf(text, sizeof(text), "file:///a/b%%25c#sha256=%064d", 7);
	assert_int_equal(remote_url_parse(text, &u, &err), CKPT_OK);
	assert_string_equal(u.path, "/a/b%c");
	assert_string_equal(u.shown, "file:///a/b%25c");
	assert_true(u.has_sha256);
	id_hex(&u.sha256, hex);
	assert_string_equal(hex, strchr(text, '=') + 1);
	remote_url_release(&u);

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(remote_url_parse(bad[i], &u, &err),
		    CKPT_USAGE);
}

struct notes {
	unsigned n;
	double last; /* seconds */
};

static void
on_note(void *arg, const char *text)
{
	struct notes *notes = arg;

	notes->n++;
	notes->last = strtod(strstr(text, " in ") + 4, NULL);
}

static void
test_retry(void **state)
{
	struct remote_options o;
	struct remote_retry t;
	struct notes notes = { 0, 0 };
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status st = CKPT_OK;

	(void)state;
	remote_options_init(&o);
	o.retries = 4;
	o.retry_delay = 0.02;
	o.arg = &notes;
	o.note = on_note;
	remote_retry_init(&t, &o);
	while (st == CKPT_OK) {
		(void)error_set(&err, CKPT_SYSTEM, "broken");
		st = remote_retry_wait(&t, 0, &err);
		if (st == CKPT_OK && notes.n == 2) {
			/* a gain starts anew, a small one does not */
			remote_retry_gain(&t, 1000);
			assert_int_equal(t.n, 2);
			remote_retry_gain(&t, 1048576);
			assert_int_equal(t.n, 0);
		}
	}
	assert_int_equal(notes.n, 6);
	assert_string_equal(err.text, "broken (5 tries)");
	/* 0.02 doubled three times, less up to half: shown as 0.1 or 0.2 */
	assert_true(notes.last > 0.05 && notes.last < 0.25);

	o.retry_max_time = 10;
	remote_retry_init(&t, &o);
	(void)error_set(&err, CKPT_SYSTEM, "broken");
	assert_int_equal(remote_retry_wait(&t, 11, &err), CKPT_SYSTEM);
	assert_non_null(strstr(err.text, "the next try would be in 11 s"));
	o.retries = 0;
	remote_retry_init(&t, &o);
	(void)error_set(&err, CKPT_SYSTEM, "broken");
	assert_int_equal(remote_retry_wait(&t, 0, &err), CKPT_SYSTEM);
	assert_string_equal(err.text, "broken");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_validators),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_retry),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
