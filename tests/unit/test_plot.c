/*
 * Figures: ticks, what must not get into an SVG, marks and their places.
 */
#include "unit.h"

#include "plot_panel.h"

#include <math.h>
#include <unistd.h>

static struct plot_scale
scale(double low, double high, double length)
{
	return ((struct plot_scale){ .low = low, .high = high,
	    .length = length });
}

/* The ticks of a range, joined by blanks. */
static void
ticks(double low, double high, double room, const char *want)
{
	struct plot_scale s = scale(low, high, 300);
	char got[4096] = "";
	size_t n = 0;

	plot_axis_resolve(&s, 0, 0, false, room);
	assert_true(s.low == low && s.high == high);
	for (size_t i = 0; i < s.n_ticks; i++) {
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s",
		    i > 0 ? " " : "", s.texts[i]);
		assert_true(s.ticks[i] >= low - 1e-9 * (high - low));
		assert_true(s.ticks[i] <= high + 1e-9 * (high - low));
	}
	assert_string_equal(got, want);
}

static void
nice_ticks(void **state)
{
	struct plot_scale s = scale(0.2, 2.8, 300);

	(void)state;
	ticks(0, 1, 60, "0 0.2 0.4 0.6 0.8 1.0");
	ticks(0.1, 1.05, 60, "0.2 0.4 0.6 0.8 1.0");
	ticks(-3, 7, 60, "\u22122 0 2 4 6");
	ticks(-0.013, 0.012, 60, "\u22120.010 \u22120.005 0 0.005 0.010");
	ticks(0, 2e6, 100, "0 1\u00d710\u2076 2\u00d710\u2076");
	ticks(-2e-12, 0, 100, "\u22122\u00d710\u207b\u00b9\u00b2 "
	    "\u22121\u00d710\u207b\u00b9\u00b2 0");
	ticks(1000.25, 1000.75, 100, "1000.4 1000.6");
	s.is_integer = true;
	plot_axis_resolve(&s, 0, 0, false, 30);
	assert_int_equal(s.n_ticks, 2);
	assert_string_equal(s.texts[0], "1");
}

static void
number(double v, int n_digits, const char *want)
{
	char got[64];

	plot_number(got, sizeof(got), v, n_digits);
	assert_string_equal(got, want);
}

static void
numbers(void **state)
{
	(void)state;
	number(0, 2, "0");
	number(0.165463, 2, "0.17");
	number(-12.34, 3, "\u221212.3");
	number(6.9e-9, 2, "6.9\u00d710\u207b\u2079");
	number(123456, 3, "1.23\u00d710\u2075");
	number(99999, 2, "99999");
	number(NAN, 2, "nan");
}

/* Ranges from data: margins, 0, nothing, one value, the largest doubles. */
static void
ranges(void **state)
{
	struct plot_scale s = scale(0, 0, 100);

	(void)state;
	plot_axis_resolve(&s, 10, 20, false, 50);
	assert_true(s.low < 10 && s.low > 9 && s.high > 20 && s.high < 21);
	s = scale(0, 0, 100);
	plot_axis_resolve(&s, 10, 20, true, 50);
	assert_true(s.low == 0 && s.high > 20 && s.high < 22);
	assert_true(plot_axis_place(&s, 0) == 0);
	s = scale(NAN, 1, 100);
	plot_axis_resolve(&s, INFINITY, -INFINITY, false, 50);
	assert_true(s.low <= 0 && s.high >= 1 && s.high < 2);
	s = scale(0, 0, 100);
	plot_axis_resolve(&s, -7, -7, false, 50);
	assert_true(s.low < -7 && s.high > -7);
	assert_true(fabs(plot_axis_place(&s, -7) - 50) < 1e-9);
	s = scale(0, 0, 100);
	plot_axis_resolve(&s, -1.7e308, 1.7e308, false, 50);
	assert_true(s.low < s.high && isfinite(s.high - s.low));
	s = scale(0, 0, 100);
	plot_axis_resolve(&s, 1, 1 + 2.3e-16, false, 50);
	assert_true(s.low < s.high);
}

/* A figure with everything in it, into a string. */
static char *
gallery(const char *title)
{
	const double x[6] = { 0, 1, NAN, 3, 4, 1e300 };
	const double y[6] = { 2, INFINITY, 1, -5, 0.5, -1e300 };
	const double ones[6] = { 1, 2, 3, 4, 5, 6 };
	const struct plot_bars bars = { 6, ones, ones, 0.5 };
	const struct plot_hexagons hexagons = { 6, x, y, ones, 0.5, 0.6 };
	const struct plot_style style = { .title = title, .note = title,
	    .x = { .label = title, .low = 0, .high = 5 },
	    .y = { .label = title } };
	char path[] = "/tmp/ckpt-test-plot.XXXXXX";
	struct ckpt_error err = { .status = CKPT_OK };
	struct plot *p = NULL;
	struct plot_panel *a = NULL;
	char *text = calloc(1, 1 << 20);
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0 && text != NULL);
	must(plot_new(2, &p, &err), &err);
	must(plot_add(p, &style, &a, &err), &err);
	must(plot_line(a, title, 6, x, y, &err), &err);
	must(plot_points(a, title, 6, x, y, &err), &err);
	must(plot_rule(a, title, 0.25, &err), &err);
	must(plot_add(p, &style, &a, &err), &err);
	must(plot_bars(a, title, &bars, &err), &err);
	must(plot_add(p, &style, &a, &err), &err);
	must(plot_hexagons(a, &hexagons, &err), &err);
	must(plot_beside(a, false, &bars, &err), &err);
	must(plot_beside(a, true, &bars, &err), &err);
	must(plot_add(p, &(struct plot_style){ .title = NULL }, &a, &err),
	    &err);
	must(plot_line(a, NULL, 0, NULL, NULL, &err), &err);
	must(plot_save(p, path, &err), &err);
	plot_free(p);
	(void)close(fd); /* of the file that was replaced */
	f = fopen(path, "re");
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 1000);
	(void)fclose(f);
	(void)unlink(path);
	return (text);
}

/* Tags are closed in the order in which they were opened. */
static void
well_formed(const char *s)
{
	const char *open[64];
	size_t n = 0, len;

	s = strstr(s, "?>") + 2;
	for (; (s = strchr(s, '<')) != NULL; s++) {
		len = strcspn(s + 1, " >/");
		if (s[1] == '/') {
			assert_true(n > 0);
			len = strcspn(s + 2, ">");
			assert_memory_equal(open[--n], s + 2, len);
			continue;
		}
		assert_true(s[1] >= 'a' && s[1] <= 'z');
		if (strchr(s, '>')[-1] != '/') {
			assert_true(n < 64);
			open[n++] = s + 1;
		}
		s += len;
	}
	assert_int_equal(n, 0);
}

static void
hostile(void **state)
{
	static const char *const bad[] = { "<script>", "\x01", "\xff",
		"\xef\xbf\xbf", "nan", "inf", "& " };
	char *s = gallery("a <script> & \"b\" \x01 \xef\xbf\xbf c");
	char *again = gallery("a <script> & \"b\" \x01 \xef\xbf\xbf c");
	char *bytes = gallery("\xff\xfe d");

	(void)state;
	well_formed(s);
	well_formed(bytes);
	assert_string_equal(s, again);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (strstr(s, bad[i]) != NULL)
			fail_msg("the SVG holds '%s'", bad[i]);
		assert_null(strstr(bytes, bad[i]));
	}
	assert_non_null(strstr(s, "a &#60;script&#62; &#38; &#34;b&#34; ?"));
	assert_non_null(strstr(bytes, "?? d"));
	free(s);
	free(again);
	free(bytes);
}

/* A figure that cannot be written leaves one error, which names it. */
static void
unwritable(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct plot *p = NULL;

	(void)state;
	must(plot_new(1, &p, &err), &err);
	assert_int_equal(plot_save(p, "/nonexistent/x.svg", &err),
	    CKPT_SYSTEM);
	assert_string_equal(err.where, "/nonexistent/x.svg");
	plot_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nice_ticks),
		cmocka_unit_test(numbers),
		cmocka_unit_test(ranges),
		cmocka_unit_test(hostile),
		cmocka_unit_test(unwritable),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
