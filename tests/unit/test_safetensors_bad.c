/* The strictness of the safetensors reader. */
#include <stdlib.h>
#include <string.h>

#include "safefile.h"

static const struct {
	const char *header;
	size_t n_data;
	enum ckpt_status status;
	const char *text; /* of the message */
} bad[] = {
	/* not the header's grammar */
	{ "", 0, CKPT_INVALID, "does not begin with '{'" },
	{ " {}", 0, CKPT_INVALID, "does not begin with '{'" },
	{ "\n{}", 0, CKPT_INVALID, "does not begin with '{'" },
	{ "\xEF\xBB\xBF{}", 0, CKPT_INVALID, "does not begin with '{'" },
	{ "[]", 0, CKPT_INVALID, "does not begin with '{'" },
	{ "{", 0, CKPT_INVALID, "expected the name of a tensor" },
	{ "{}}", 0, CKPT_INVALID, "end of the header" },
	{ "{} {}", 0, CKPT_INVALID, "end of the header" },
	{ "{}x", 0, CKPT_INVALID, "end of the header" },
	{ "{,}", 0, CKPT_INVALID, "the name of a tensor" },
	{ "{\"a\"}", 0, CKPT_INVALID, "expected ':'" },
	{ "{\"a\":" GOOD ",}", 4, CKPT_INVALID, "the name of a tensor" },
	{ "{\"a\":" GOOD " \"b\":" GOOD "}", 4, CKPT_INVALID, "',' or '}'" },
	{ "{a:" GOOD "}", 4, CKPT_INVALID, "the name of a tensor" },
	{ "{'a':" GOOD "}", 4, CKPT_INVALID, "the name of a tensor" },
	{ "{\"a:" GOOD "}", 4, CKPT_INVALID, "" },
	{ "{\"a\":" GOOD, 4, CKPT_INVALID, "the end of the header" },
	{ "{/**/}", 0, CKPT_INVALID, "the name of a tensor" },
	/* strings */
	{ "{\"\x80\":" GOOD "}", 4, CKPT_INVALID, "UTF-8" },
	{ "{\"\xC0\x80\":" GOOD "}", 4, CKPT_INVALID, "UTF-8" },
	{ "{\"\xED\xA0\x80\":" GOOD "}", 4, CKPT_INVALID, "UTF-8" },
	{ "{\"\xF4\x90\x80\x80\":" GOOD "}", 4, CKPT_INVALID, "UTF-8" },
	{ "{\"a\tb\":" GOOD "}", 4, CKPT_INVALID, "control character" },
	{ "{\"a\\x\":" GOOD "}", 4, CKPT_INVALID, "unknown escape" },
	{ "{\"a\\u12\":" GOOD "}", 4, CKPT_INVALID, "four hex digits" },
	{ "{\"a\\ud800\":" GOOD "}", 4, CKPT_INVALID, "surrogate" },
	{ "{\"a\\udc00\":" GOOD "}", 4, CKPT_INVALID, "surrogate" },
	{ "{\"a\\ud800\\u0041\":" GOOD "}", 4, CKPT_INVALID, "surrogate" },
	/* names */
	{ "{\"\":" GOOD "}", 4, CKPT_INVALID, "name has 0 bytes" },
	{ "{\"a\\u0000\":" GOOD "}", 4, CKPT_INVALID, "NUL, LF or CR" },
	{ "{\"a\\nb\":" GOOD "}", 4, CKPT_INVALID, "NUL, LF or CR" },
	{ "{\"a\\rb\":" GOOD "}", 4, CKPT_INVALID, "NUL, LF or CR" },
	{ "{\"a\":" F32("[0]", "[0,0]") ",\"a\":" GOOD "}", 4, CKPT_INVALID,
	    "two tensors are named a" },
	{ "{\"a\":" F32("[0]", "[0,0]") ",\"\\u0061\":" GOOD "}", 4,
	    CKPT_INVALID, "two tensors are named a" },
	/* a tensor's keys */
	{ "{\"a\":[]}", 0, CKPT_INVALID, "a tensor's object" },
	{ "{\"a\":null}", 0, CKPT_INVALID, "a tensor's object" },
	{ "{\"a\":{}}", 0, CKPT_INVALID, "\"dtype\", \"shape\"" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, CKPT_INVALID,
	    "has no \"data_offsets\"" },
	{ "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
	    CKPT_INVALID, "has no \"shape\"" },
	{ "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
	    CKPT_INVALID, "has no \"dtype\"" },
	{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],"
	    "\"x\":1}}", 4, CKPT_INVALID, "unknown key \"x\"" },
	{ "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],"
	    "\"data_offsets\":[0,4]}}", 4, CKPT_INVALID,
	    "repeated key \"dtype\"" },
	/* dtypes */
	{ "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
	    4, CKPT_INVALID, "unknown dtype \"f32\"" },
	{ "{\"a\":{\"dtype\":\"F128\",\"shape\":[1],\"data_offsets\":"
	    "[0,16]}}", 16, CKPT_INVALID, "unknown dtype \"F128\"" },
	{ "{\"a\":{\"dtype\":\"\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
	    CKPT_INVALID, "unknown dtype" },
	{ "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
	    CKPT_INVALID, "a dtype, a string" },
	/* shapes */
	{ ONE(F32("1", "[0,4]")), 4, CKPT_INVALID, "a shape, an array" },
	{ ONE(F32("[-1]", "[0,4]")), 4, CKPT_INVALID, "non-negative" },
	{ ONE(F32("[1.0]", "[0,4]")), 4, CKPT_INVALID, "not an integer" },
	{ ONE(F32("[1e0]", "[0,4]")), 4, CKPT_INVALID, "not an integer" },
	{ ONE(F32("[01]", "[0,4]")), 4, CKPT_INVALID, "leading zero" },
	{ ONE(F32("[+1]", "[0,4]")), 4, CKPT_INVALID, "non-negative" },
	{ ONE(F32("[\"1\"]", "[0,4]")), 4, CKPT_INVALID, "non-negative" },
	{ ONE(F32("[1,]", "[0,4]")), 4, CKPT_INVALID, "non-negative" },
	{ ONE(F32("[1 1]", "[0,4]")), 4, CKPT_INVALID, "',' or ']'" },
	{ ONE(F32("[18446744073709551616]", "[0,4]")), 4, CKPT_INVALID,
	    "does not fit 64 bits" },
	{ ONE(F32("[18446744073709551615]", "[0,4]")), 4, CKPT_INVALID,
	    "overflows" },
	{ ONE(F32("[4294967296,4294967296]", "[0,0]")), 0, CKPT_INVALID,
	    "overflows" },
	{ ONE(F32("[4294967296,2147483648]", "[0,0]")), 0, CKPT_INVALID,
	    "overflows" },
	{ ONE(F32("[4611686018427387904]", "[0,0]")), 0, CKPT_INVALID,
	    "overflows" },
	/* offsets */
	{ ONE(F32("[1]", "4")), 4, CKPT_INVALID, "data_offsets, an array" },
	{ ONE(F32("[1]", "[]")), 4, CKPT_INVALID, "the first offset" },
	{ ONE(F32("[1]", "[0]")), 4, CKPT_INVALID, "a second offset" },
	{ ONE(F32("[1]", "[0,4,8]")), 4, CKPT_INVALID, "two data_offsets" },
	{ ONE(F32("[1]", "[-4,0]")), 4, CKPT_INVALID, "non-negative" },
	{ ONE(F32("[1]", "[0,4.0]")), 4, CKPT_INVALID, "not an integer" },
	{ ONE(F32("[1]", "[4,0]")), 4, CKPT_INVALID, "end before" },
	{ ONE(F32("[1]", "[0,18446744073709551616]")), 4, CKPT_INVALID,
	    "does not fit 64 bits" },
	{ ONE(F32("[1]", "[4,8]")), 8, CKPT_INVALID, "a hole" },
	{ ONE(F32("[1]", "[0,8]")), 8, CKPT_INVALID, "needs 4 bytes" },
	{ ONE(F32("[2]", "[0,4]")), 4, CKPT_INVALID, "needs 8 bytes" },
	{ ONE(F32("[]", "[0,8]")), 8, CKPT_INVALID, "needs 4 bytes" },
	{ ONE(F32("[0]", "[0,4]")), 4, CKPT_INVALID, "needs 0 bytes" },
	{ "{\"a\":" GOOD ",\"b\":" F32("[1]", "[8,12]") "}", 12,
	    CKPT_INVALID, "tensor b: its data begins at 8, expected 4" },
	{ "{\"a\":" GOOD ",\"b\":" F32("[1]", "[2,6]") "}", 6, CKPT_INVALID,
	    "an overlap" },
	{ "{\"a\":" GOOD ",\"b\":" GOOD "}", 4, CKPT_INVALID, "an overlap" },
	{ "{\"a\":" GOOD ",\"b\":" F32("[0]", "[2,2]") "}", 4, CKPT_INVALID,
	    "an overlap" },
	{ "{\"a\":" GOOD ",\"b\":" F32("[0]", "[8,8]") "}", 4, CKPT_INVALID,
	    "a hole" },
	/* sub-byte dtypes */
	{ "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}",
	    2, CKPT_INVALID, "whole bytes" },
	{ "{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[2],\"data_offsets\":"
	    "[0,2]}}", 2, CKPT_INVALID, "whole bytes" },
	/* metadata */
	{ "{\"__metadata__\":1}", 0, CKPT_INVALID, "an object" },
	{ "{\"__metadata__\":null}", 0, CKPT_INVALID, "an object" },
	{ "{\"__metadata__\":[]}", 0, CKPT_INVALID, "an object" },
	{ "{\"__metadata__\":{\"k\":1}}", 0, CKPT_INVALID, "a string" },
	{ "{\"__metadata__\":{\"k\":{}}}", 0, CKPT_INVALID, "a string" },
	{ "{\"__metadata__\":{\"k\":null}}", 0, CKPT_INVALID, "a string" },
	{ "{\"__metadata__\":{\"k\":\"v\",}}", 0, CKPT_INVALID, "a key" },
	{ "{\"__metadata__\":{\"k\":\"v\"", 0, CKPT_INVALID, "',' or '}'" },
	{ "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, CKPT_INVALID,
	    "key \"k\" twice" },
	{ "{\"__metadata__\":{\"k\":\"1\",\"\\u006b\":\"2\"}}", 0,
	    CKPT_INVALID, "key \"k\" twice" },
	{ "{\"__metadata__\":{},\"__metadata__\":{}}", 0, CKPT_INVALID,
	    "a second \"__metadata__\"" },
	{ "{\"__metadata__\":" GOOD "}", 4, CKPT_INVALID, "a string" },
	/* sizes */
	{ ONE(GOOD), 3, CKPT_TRUNCATED, "1 bytes too early" },
	{ ONE(GOOD), 0, CKPT_TRUNCATED, "4 bytes too early" },
	{ ONE(GOOD), 5, CKPT_INVALID, "1 bytes follow" },
	{ "{}", 1, CKPT_INVALID, "1 bytes follow" },
};

static void
test_bad_headers(void **state)
{
	struct ckpt_error err;
	struct model m;
	unsigned char *file;
	size_t i, n;
	enum ckpt_status st;

	(void)state;
	assert_true(sizeof(bad) / sizeof(bad[0]) >= 60);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		file = safefile_make(bad[i].header, strlen(bad[i].header),
		    bad[i].n_data, &n);
		st = safefile_load(file, n, MEMORY, &m, &err);
		if (st != bad[i].status || err.status != st ||
		    strstr(err.text, bad[i].text) == NULL)
			fail_msg("%s: status %d, \"%s\"", bad[i].header,
			    (int)st, err.text);
		/* all of these have a place in the file but one */
		if (err.offset == CKPT_NO_OFFSET &&
		    strstr(err.text, "two tensors") == NULL)
			fail_msg("%s: no offset", bad[i].header);
		if (err.offset != CKPT_NO_OFFSET && err.offset > n)
			fail_msg("%s: offset %llu", bad[i].header,
			    (unsigned long long)err.offset);
		free(file);
	}
}

/* Offsets point at what is wrong. */
static void
test_offsets(void **state)
{
	static const char header[] = "{\"a\":{\"dtype\":\"F32\","
	    "\"shape\":[1,-1],\"data_offsets\":[0,4]}}";
	struct ckpt_error err = { 0 };
	struct model m;
	size_t n;
	unsigned char *file = safefile_make(header, sizeof(header) - 1, 4, &n);

	(void)state;
	assert_int_equal(safefile_load(file, n, MEMORY, &m, &err),
	    CKPT_INVALID);
	assert_int_equal(err.offset, 8 + (strchr(header, '-') - header));
	file[8 + 5] = 0xFF;
	assert_int_equal(safefile_load(file, n, MEMORY, &m, &err),
	    CKPT_INVALID);
	assert_int_equal(err.offset, 8 + 5);
	free(file);
}

static void
test_lengths(void **state)
{
	struct ckpt_error err = { 0 };
	struct model m;
	unsigned char file[32] = { 0 };
	char *header = malloc(3 << 20);
	unsigned char *large;
	size_t n;

	(void)state;
	for (n = 0; n < 8; n++)
		assert_int_equal(safefile_load(file, n, MEMORY, &m, &err),
		    CKPT_TRUNCATED);
	le64_store(file, UINT64_MAX);
	assert_int_equal(safefile_load(file, 32, MEMORY, &m, &err),
	    CKPT_INVALID);
	le64_store(file, 100000001);
	assert_int_equal(safefile_load(file, 32, MEMORY, &m, &err),
	    CKPT_INVALID);
	assert_int_equal(err.offset, 0);
	/* as long as it may be, and not there; no such memory is taken */
	le64_store(file, 100000000);
	assert_int_equal(safefile_load(file, 32, 1 << 30, &m, &err),
	    CKPT_TRUNCATED);
	assert_int_equal(err.offset, 32);
	assert_int_equal(safefile_load(file, 32, MEMORY, &m, &err), CKPT_LIMIT);
	/* a long header of spaces is a header */
	memset(header, ' ', 3 << 20);
	memcpy(header, "{}", 2);
	large = safefile_make(header, 3 << 20, 0, &n);
	assert_int_equal(safefile_load(large, n, 1 << 20, &m, &err),
	    CKPT_LIMIT);
	must(safefile_load(large, n, MEMORY, &m, &err), &err);
	assert_int_equal(m.head.schema->n_tensors, 0);
	model_release(&m);
	free(large);
	free(header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_lengths),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
