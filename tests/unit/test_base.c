/*
 * base: text, conversions, schemas, metadata, byte sources.
 */
#include <math.h>
#include <unistd.h>

#include "base/base.h"
#include "unit.h"

/* A small generator of its own, so that a failure can be repeated. */
static uint64_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 11);
}

static void
test_natural_order(void **state)
{
	static const char *const sorted[] = {
		"", "a", "a0", "a00", "a1", "a1b", "a01", "a2", "a10",
		"a10.c", "a010", "a99999999999999999999999999",
		"a100000000000000000000000000", "a:", "ab", "b1", "\xC3\xA9",
	};
	size_t i, j, n = sizeof(sorted) / sizeof(sorted[0]);
	int c;

	(void)state;
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			c = text_natural_cmp(sorted[i], sorted[j]);
			assert_int_equal(c < 0, i < j);
			assert_int_equal(c > 0, i > j);
		}
}

static void
test_escape(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct buf b = BUF_INIT(1000);
	char bad[] = "a\\x", *s;

	(void)state;
	must(text_escape(&b, "a\\b\nc\rd", &err), &err);
	must(buf_append(&b, "", 1, &err), &err);
	s = (char *)b.data;
	assert_string_equal(s, "a\\\\b\\nc\\rd");
	assert_true(text_unescape(s));
	assert_string_equal(s, "a\\b\nc\rd");
	assert_false(text_unescape(bad));
	b.len = 0;
	must(text_json(&b, "q\"\\\x01\x7F\xFF\xC3\xA9", &err), &err);
	must(buf_append(&b, "", 1, &err), &err);
	assert_string_equal((char *)b.data,
	    "\"q\\\"\\\\\\u0001\\u007f\xEF\xBF\xBD\xC3\xA9\"");
	buf_release(&b);
}

static void
test_utf8(void **state)
{
	static const char *const good[] = {
		"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
		"\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80",
		"\xF4\x8F\xBF\xBF",
	};
	static const char *const bad[] = {
		"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41",
		"\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80", "\xE1\x80\xC0",
		"\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
		"\xFF",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_utf8(good[i], strlen(good[i])));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		unsigned long long n;
	} good[] = {
		{ "0", 0 }, { "64", 64 }, { "64K", 65536 }, { "1k", 1024 },
		{ "32MiB", 32 << 20 }, { "2G", 2ULL << 30 }, { "1TB",
		1ULL << 40 }, { "16777215T", 16777215ULL << 40 },
	};
	static const char *const bad[] = {
		"", "-1", "K", "1X", "1KK", "1Ki", "16777216T", " 1", "1 ",
		"18446744073709551616", "0x10",
	};
	unsigned long long n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_parse_size(good[i].text, &n));
		assert_true(n == good[i].n);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_parse_size(bad[i], &n));
}

static void
test_buf_maximum(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct buf b = BUF_INIT(300);
	char data[300] = { 0 };

	(void)state;
	must(buf_append(&b, data, 299, &err), &err);
	assert_int_equal(buf_append(&b, data, 2, &err), CKPT_LIMIT);
	assert_int_equal(buf_append(&b, data, SIZE_MAX, &err), CKPT_LIMIT);
	must(buf_append(&b, data, 1, &err), &err);
	assert_int_equal(b.len, 300);
	buf_release(&b);
}

/* Every f16 and bf16 goes to double and back to its own bits. */
static void
test_halves(void **state)
{
	static const enum ckpt_dtype types[2] = { CKPT_F16, CKPT_BF16 };
	unsigned char in[2], out[2];
	unsigned u, i;
	double x;
	float f;

	(void)state;
	for (i = 0; i < 2; i++)
		for (u = 0; u < 65536; u++) {
			le16_store(in, (uint16_t)u);
			dtype_to_f64(types[i], in, &x, 1);
			dtype_to_f32(types[i], in, &f, 1);
			assert_true(isnan(x) ? isnan(f) : x == (double)f);
			assert_int_equal(dtype_from_f64(types[i], &x, out,
			    1), 0);
			if (!isnan(x))
				assert_memory_equal(in, out, 2);
		}
}

/* Rounding to the nearest, ties to even: against the two neighbours. */
static void
test_rounding(void **state)
{
	static const enum ckpt_dtype types[3] = {
		CKPT_F16, CKPT_BF16, CKPT_F32
	};
	uint64_t random = 1, bits;
	unsigned char out[4], near[4];
	double x, y, z;
	size_t i, t;
	uint32_t u;
	int step;

	(void)state;
	for (i = 0; i < 300000; i++) {
		t = i % 3;
		bits = next_random(&random);
		x = ldexp((double)(bits & 0xFFFFFFF) / 0x10000000,
		    (int)(bits >> 40 & 63) - 40);
		if (i % 5 == 0) /* a tie of f16 and a little more or less */
			x = ldexp(2 * (double)(bits & 1023) + 2049 +
			    ((int)(bits >> 20 & 3) - 1) * 1e-9,
			    (int)(bits >> 40 & 31) - 26);
		if (bits >> 50 & 1)
			x = -x;
		(void)dtype_from_f64(types[t], &x, out, 1);
		dtype_to_f64(types[t], out, &y, 1);
		for (step = -1; step <= 1 && isfinite(y); step += 2) {
			u = t < 2 ? le16_load(out) : le32_load(out);
			u += (uint32_t)step;
			if (t < 2)
				le16_store(near, (uint16_t)u);
			else
				le32_store(near, u);
			dtype_to_f64(types[t], near, &z, 1);
			if (isnan(z) || isinf(z) || (z < 0) != (x < 0))
				continue;
			assert_true(fabs(y - x) < fabs(z - x) ||
			    (fabs(y - x) == fabs(z - x) && (out[0] & 1) == 0));
		}
	}
	x = 65519.999;
	(void)dtype_from_f64(CKPT_F16, &x, out, 1);
	assert_int_equal(le16_load(out), 0x7BFF);
	x = 65520;
	assert_int_equal(dtype_from_f64(CKPT_F16, &x, out, 1), 1);
	assert_int_equal(le16_load(out), 0x7C00);
}

static void
test_bytes_of_8_bits(void **state)
{
	static const struct {
		enum ckpt_dtype dtype;
		unsigned char bits;
		double value;
	} t[] = {
		{ CKPT_F8_E4M3, 0x7E, 448 }, { CKPT_F8_E4M3, 0x01, 0x1p-9 },
		{ CKPT_F8_E5M2, 0x7B, 57344 }, { CKPT_F8_E5M2, 0x81,
		-0x1p-16 }, { CKPT_F8_E5M2, 0x7C, HUGE_VAL },
		{ CKPT_F8_E4M3FNUZ, 0x7F, 240 }, { CKPT_F8_E5M2FNUZ, 0x7F,
		57344 }, { CKPT_F8_E8M0, 127, 1 }, { CKPT_F8_E8M0, 0,
		0x1p-127 }, { CKPT_F8_E4M3, 0x7F, NAN },
		{ CKPT_F8_E4M3FNUZ, 0x80, NAN }, { CKPT_F8_E8M0, 255, NAN },
	};
	size_t i;
	double x;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		dtype_to_f64(t[i].dtype, &t[i].bits, &x, 1);
		assert_true(isnan(t[i].value) ? isnan(x) : x == t[i].value);
	}
}

static void
test_schema(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	static const uint64_t huge[2] = { 1ULL << 40, 1ULL << 40 };
	static const uint64_t zero[3] = { 1ULL << 60, 0, 1ULL << 60 };
	static const uint64_t three[1] = { 3 };
	struct schema *s, *d;
	bool keep[2] = { false, true };

	(void)state;
	must(schema_new(&s, &err), &err);
	assert_int_equal(schema_add(s, "", 0, CKPT_F32, 0, NULL, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "a\nb", 3, CKPT_F32, 0, NULL, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "a\0b", 3, CKPT_F32, 0, NULL, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "\xFF", 1, CKPT_F32, 0, NULL, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "a", 1, CKPT_F32, 2, huge, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "a", 1, CKPT_F4, 1, three, &err),
	    CKPT_INVALID);
	assert_int_equal(schema_add(s, "a", 1, (enum ckpt_dtype)99, 1, three,
	    &err), CKPT_INVALID);
	must(schema_add(s, "z", 1, CKPT_F32, 1, three, &err), &err);
	assert_int_equal(schema_add(s, "y", 1, CKPT_F32, 3, zero, &err),
	    CKPT_INVALID);
	must(schema_add(s, "a", 1, CKPT_F16, 1, three, &err), &err);
	must(schema_finish(s, &err), &err);
	assert_int_equal(s->n_bytes, 18);
	assert_int_equal(schema_find(s, "a"), 1);
	assert_int_equal(schema_find(s, "z"), 0);
	assert_true(schema_find(s, "b") == SIZE_MAX);
	must(schema_derive(s, keep, CKPT_F64, &d, &err), &err);
	assert_int_equal(d->n_tensors, 1);
	assert_int_equal(d->n_bytes, 24);
	assert_false(schema_equal(s, d));
	schema_unref(d);
	must(schema_derive(s, NULL, (enum ckpt_dtype)0, &d, &err), &err);
	assert_true(schema_equal(s, d));
	must(schema_set_symmetry(d, "x", &err), &err);
	assert_false(schema_equal(s, d));
	schema_unref(d);
	schema_unref(s);
	must(schema_new(&s, &err), &err);
	must(schema_add(s, "a", 1, CKPT_F32, 0, NULL, &err), &err);
	must(schema_add(s, "a", 1, CKPT_F32, 0, NULL, &err), &err);
	assert_int_equal(schema_finish(s, &err), CKPT_INVALID);
	schema_unref(s);
}

static void
test_meta(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct meta m = { 0, NULL }, copy;

	(void)state;
	must(meta_set(&m, "b", "1", &err), &err);
	must(meta_set(&m, "a.x-_9", "2\n", &err), &err);
	must(meta_set(&m, "b", "3", &err), &err);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.entries[0].key, "a.x-_9");
	assert_string_equal(meta_get(&m, "b"), "3");
	assert_int_equal(meta_set(&m, "B", "", &err), CKPT_USAGE);
	assert_int_equal(meta_set(&m, "", "", &err), CKPT_USAGE);
	must(meta_copy(&m, &copy, &err), &err);
	meta_remove(&m, "a.x-_9");
	assert_null(meta_get(&m, "a.x-_9"));
	assert_string_equal(meta_get(&copy, "a.x-_9"), "2\n");
	meta_release(&m);
	meta_release(&copy);
}

static void
test_bytes_pipe(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct bytes *b;
	const unsigned char *seen;
	char out[8];
	size_t got;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "0123456789", 10), 10);
	assert_int_equal(close(fds[1]), 0);
	must(bytes_fd(fds[0], &b, &err), &err);
	assert_false(bytes_is_random(b, NULL));
	must(bytes_peek(b, 3, &seen, &got, &err), &err);
	assert_memory_equal(seen, "012", 3);
	must(bytes_read_all(b, out, 2, &err), &err);
	must(bytes_peek(b, 4, &seen, &got, &err), &err);
	assert_int_equal(got, 4);
	assert_memory_equal(seen, "2345", 4);
	must(bytes_read_all(b, out, 6, &err), &err);
	assert_memory_equal(out, "234567", 6);
	assert_int_equal(bytes_offset(b), 8);
	assert_int_equal(bytes_read_all(b, out, 3, &err), CKPT_TRUNCATED);
	assert_int_equal(err.offset, 10);
	bytes_close(b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_natural_order),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_buf_maximum),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_bytes_of_8_bits),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_bytes_pipe),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
