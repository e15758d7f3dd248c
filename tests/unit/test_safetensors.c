/* Round trips of safetensors files. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "safefile.h"

/* ---- good files ---- */

/* Headers that are unusual and right, all of them for 12 bytes of data. */
static const char *const good[] = {
	"{\"b\":" F32("[2]", "[4,12]") ",\"a\":" GOOD "}",
	"{ \"a\"\t:\n{ \"dtype\" : \"F32\" ,\r\"shape\" : [ 3 ] , "
	    "\"data_offsets\" : [ 0 , 12 ] } }   ",
	"{\"a\":{\"data_offsets\":[0,12],\"shape\":[1,3,1],\"dtype\":"
	    "\"F32\"}}\n",
	"{\"__metadata__\":{},\"a\":" F32("[3]", "[0,12]") "}",
	"{\"__metadata__\":{\"format\":\"pt\"},\"a\":" F32("[3]", "[0,12]")
	    "}",
	"{\"__metadata__\" : { \"z\" : \"\\u0000\\ud83d\\ude00\" , \"a\":"
	    "\"x\\\"}\" } , \"a\":" F32("[3]", "[0,12]") "}  ",
	"{\"a\":" GOOD ",\"__metadata__\":{\"k\":\"v\"},\"b\":"
	    F32("[2]", "[4,12]") "}",
	"{\"a\":" F32("[3]", "[0,12]") ",\"__metadata__\":{\"k\":\"v\"}}",
	"{\"a\":" F32("[3]", "[0,12]") ",\"__meta\\u0064ata__\":{}}",
	/* empty tensors at every place, scalars */
	"{\"e\":" F32("[0]", "[12,12]") ",\"d\":" F32("[0,7]", "[4,4]")
	    ",\"c\":" F32("[5,0]", "[0,0]") ",\"b\":" F32("[2]", "[4,12]")
	    ",\"a\":" F32("[]", "[0,4]") ",\"f\":" F32("[0]", "[0,0]") "}",
	/* escapes in names */
	"{\"\\u00e9\\/\\\"\\\\\\b\\t\":" F32("[3]", "[0,12]") "}",
	"{\"\xC3\xA9/\xF0\x9F\x98\x80\":" F32("[3]", "[0,12]") "}",
};

static char scratch[] = "/tmp/test_safetensors.XXXXXX";

static void
compare_file(const char *path, const unsigned char *data, size_t n)
{
	unsigned char *found = malloc(n + 1);
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		fail_msg("%s is missing", path);
	assert_non_null(found);
	assert_int_equal(fread(found, 1, n + 1, f), n);
	assert_memory_equal(found, data, n);
	(void)fclose(f);
	free(found);
	(void)unlink(path);
}

static void
write_one(const struct model *m, const char *dir, struct ckpt_error *err)
{
	struct model_sink *sink;

	must(safetensors_dir_open(dir, &sink, err), err);
	must(model_put(sink, m, err), err);
	must(model_sink_close(sink, err), err);
}

static void
test_round_trips(void **state)
{
	struct ckpt_error err = { 0 };
	struct model m;
	unsigned char *file;
	char path[64];
	size_t i, n;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/x.safetensors", scratch);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		file = safefile_make(good[i], strlen(good[i]), 12, &n);
		if (safefile_load(file, n, MEMORY, &m, &err) != CKPT_OK)
			fail_msg("%s: %s", good[i], err.text);
		write_one(&m, scratch, &err);
		compare_file(path, file, n);
		model_release(&m);
		free(file);
	}
}

/* Tensors come in the order of their data, empty ones as in the header. */
static void
test_order(void **state)
{
	static const char *const names[] = { "c", "f", "a", "d", "b", "e" };
	struct ckpt_error err = { 0 };
	struct model m;
	size_t i, n;
	unsigned char *file = safefile_make(good[9], strlen(good[9]), 12, &n);

	(void)state;
	must(safefile_load(file, n, MEMORY, &m, &err), &err);
	assert_int_equal(m.head.schema->n_tensors, 6);
	for (i = 0; i < 6; i++)
		assert_string_equal(m.head.schema->tensors[i].name, names[i]);
	assert_int_equal(m.head.schema->tensors[2].n_dims, 0);
	assert_memory_equal(m.data, file + n - 12, 12);
	model_release(&m);
	free(file);
}

/* Models that differ in metadata only share one schema. */
static void
test_sharing(void **state)
{
	static const char *const headers[] = {
		"{\"__metadata__\":{\"epoch\":\"1\"},\"a\":" GOOD "}",
		"{\"__metadata__\":{\"epoch\":\"23\"},\"a\":" GOOD "}",
		"{\"__metadata__\":{},\"a\":" GOOD "}",
		/* the first's beginning and end, and not its tensors */
		"{\"__metadata__\":{},\"b\":" F32("[0]", "[0,0]") ",\"a\":"
		    GOOD "}",
		"{\"a\":" GOOD "}",
		"{\"a\":" GOOD "}",
	};
	struct ckpt_error err = { 0 };
	struct safetensors_cache *cache;
	struct model_source *src;
	struct schema *schemas[6];
	struct model_head head;
	struct bytes *in;
	unsigned char *file;
	size_t i, n;

	(void)state;
	must(safetensors_cache_new(&cache, &err), &err);
	for (i = 0; i < 6; i++) {
		file = safefile_make(headers[i], strlen(headers[i]), 4, &n);
		must(bytes_memory(file, n, &in, &err), &err);
		must(safetensors_open_cached(in, "x", MEMORY, cache, &src,
		    &err), &err);
		must(model_next(src, &head, &err), &err);
		assert_int_equal(head.source_meta != NULL, i < 4);
		schemas[i] = schema_ref(head.schema);
		model_head_release(&head);
		model_source_close(src);
		free(file);
	}
	assert_ptr_equal(schemas[0], schemas[1]);
	assert_ptr_equal(schemas[0], schemas[2]);
	assert_ptr_not_equal(schemas[0], schemas[3]);
	assert_int_equal(schemas[3]->n_tensors, 2);
	assert_ptr_not_equal(schemas[3], schemas[4]);
	assert_ptr_equal(schemas[4], schemas[5]);
	safetensors_cache_free(cache);
	for (i = 0; i < 6; i++)
		schema_unref(schemas[i]);
}

/* All dtypes, written as the reference writer does without a layout. */
static void
test_canonical(void **state)
{
	/* wide first, then the order of the reference writer's list */
	static const char expected[] = "U64 I64 F64 C64 F32 U32 I32 BF16 F16 "
	    "U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3 F8_E5M2 I8 U8 "
	    "F6_E3M2 F6_E2M3 F4 BOOL ";
	struct ckpt_error err = { 0 };
	struct model m = { .data = NULL }, back;
	struct schema *s;
	const uint64_t dims[2] = { 2, 4 };
	char name[8], path[64], found[256] = "";
	unsigned char *file;
	size_t n, i;
	FILE *f;
	int d;

	(void)state;
	must(schema_new(&s, &err), &err);
	for (d = CKPT_BOOL; d <= CKPT_F4; d++) {
		(void)snprintf(name, sizeof(name), "t%d", d);
		must(schema_add(s, name, strlen(name), (enum ckpt_dtype)d, 2,
		    dims, &err), &err);
	}
	must(schema_finish(s, &err), &err);
	m.head.schema = s;
	m.head.label = strdup("all");
	must(model_alloc(&m, &err), &err);
	for (i = 0; i < s->n_bytes; i++)
		m.data[i] = (unsigned char)(i * 13);
	write_one(&m, scratch, &err);
	(void)snprintf(path, sizeof(path), "%s/all.safetensors", scratch);
	f = fopen(path, "rb");
	assert_non_null(f);
	file = malloc(1 << 16);
	n = fread(file, 1, 1 << 16, f);
	(void)fclose(f);
	(void)unlink(path);
	assert_int_equal(le64_load(file) % 8, 0);
	must(safefile_load(file, n, MEMORY, &back, &err), &err);
	for (i = 0; i < 22; i++) {
		const struct tensor_desc *t = &back.head.schema->tensors[i];
		const struct tensor_desc *o =
		    &s->tensors[schema_find(s, t->name)];

		(void)snprintf(found + strlen(found),
		    sizeof(found) - strlen(found), "%s ",
		    dtype_upper_name(t->dtype));
		assert_int_equal(o->dtype, t->dtype);
		assert_memory_equal(back.data + t->offset,
		    m.data + o->offset, t->n_bytes);
	}
	assert_string_equal(found, expected);
	model_release(&back);
	model_release(&m);
	free(file);
}

/* What comes from a pack is not believed. */
static void
test_false_layout(void **state)
{
	struct ckpt_error err = { 0 };
	struct model_sink *sink;
	struct model m;
	size_t n;
	unsigned char *file = safefile_make(ONE(GOOD), strlen(ONE(GOOD)), 4,
	    &n);

	(void)state;
	must(safefile_load(file, n, MEMORY, &m, &err), &err);
	must(schema_set_layout(m.head.schema, "{\"b\":" GOOD "}",
	    strlen("{\"b\":" GOOD "}"), "", 0, &err), &err);
	must(safetensors_dir_open(scratch, &sink, &err), &err);
	assert_int_equal(model_put(sink, &m, &err), CKPT_CORRUPT);
	model_sink_abort(sink);
	must(schema_set_layout(m.head.schema, "junk", 4, "", 0, &err), &err);
	must(safetensors_dir_open(scratch, &sink, &err), &err);
	assert_int_equal(model_put(sink, &m, &err), CKPT_INVALID);
	model_sink_abort(sink);
	model_release(&m);
	free(file);
}

static void
test_labels(void **state)
{
	static const char *const refused[] = { "", "/x", "/", "../x", "a/../x",
	    "a/..", "a//x", "a/", "..", "//x" };
	struct ckpt_error err = { 0 };
	struct model_sink *sink;
	struct model m;
	size_t i, n;
	unsigned char *file = safefile_make(ONE(GOOD), strlen(ONE(GOOD)), 4,
	    &n);
	char path[128];

	(void)state;
	must(safefile_load(file, n, MEMORY, &m, &err), &err);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		free(m.head.label);
		m.head.label = strdup(refused[i]);
		must(safetensors_dir_open(scratch, &sink, &err), &err);
		if (model_put(sink, &m, &err) != CKPT_INVALID)
			fail_msg("label \"%s\" is not refused", refused[i]);
		model_sink_abort(sink);
	}
	/* repeated, also in other words */
	must(safetensors_dir_open(scratch, &sink, &err), &err);
	free(m.head.label);
	m.head.label = strdup("d/x");
	must(model_put(sink, &m, &err), &err);
	free(m.head.label);
	m.head.label = strdup("./d/./x.safetensors");
	assert_int_equal(model_put(sink, &m, &err), CKPT_INVALID);
	assert_non_null(strstr(err.text, "repeated"));
	model_sink_abort(sink);
	/* a link in DIR that leads out of it is not followed */
	(void)snprintf(path, sizeof(path), "%s/d", scratch);
	assert_int_equal(symlink("/tmp", path), 0);
	must(safetensors_dir_open(scratch, &sink, &err), &err);
	must(model_put(sink, &m, &err), &err);
	assert_int_equal(model_sink_close(sink, &err), CKPT_SYSTEM);
	assert_int_equal(access("/tmp/x.safetensors", F_OK), -1);
	(void)unlink(path);
	/* nothing is left behind */
	model_release(&m);
	free(file);
}

static int
make_scratch(void **state)
{
	(void)state;
	return (mkdtemp(scratch) == NULL);
}

/* Fails if a test has left anything. */
static int
remove_scratch(void **state)
{
	(void)state;
	return (rmdir(scratch));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_false_layout),
		cmocka_unit_test(test_labels),
	};

	return (cmocka_run_group_tests(tests, make_scratch, remove_scratch));
}
