/* Arrays: IDX and .npy files, read and written. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "foreign/foreign.h"

#define MAX ((uint64_t)1 << 20)

static enum ckpt_status
read_memory(const void *data, size_t n, uint64_t max, struct array *a,
    struct ckpt_error *err)
{
	struct bytes *in;

	must(bytes_memory(data, n, &in, err), err);
	return (array_read_bytes(in, max, a, err));
}

static void
test_idx(void **state)
{
	static const unsigned char images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0,
	    0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6 };
	static const unsigned char floats[] = { 0, 0, 13, 1, 0, 0, 0, 2,
	    0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0 };
	static const unsigned char shorts[] = { 0, 0, 11, 1, 0, 0, 0, 1, 0x12,
	    0x34 };
	struct ckpt_error err = { 0 };
	struct array a;
	float f[2];
	size_t n;

	(void)state;
	must(read_memory(images, sizeof(images), MAX, &a, &err), &err);
	assert_int_equal(a.dtype, CKPT_U8);
	assert_int_equal(a.n_dims, 3);
	assert_int_equal(a.dims[0] * 100 + a.dims[1] * 10 + a.dims[2], 213);
	assert_int_equal(a.n_bytes, 6);
	assert_memory_equal(a.data, images + 16, 6);
	array_release(&a);
	must(read_memory(floats, sizeof(floats), MAX, &a, &err), &err);
	assert_int_equal(a.dtype, CKPT_F32);
	dtype_to_f32(CKPT_F32, a.data, f, 2);
	assert_true(f[0] == 1 && f[1] == -2);
	array_release(&a);
	must(read_memory(shorts, sizeof(shorts), MAX, &a, &err), &err);
	assert_int_equal(a.dtype, CKPT_I16);
	assert_int_equal(le16_load(a.data), 0x1234);
	array_release(&a);
	/* cut anywhere, or too long */
	for (n = 0; n < sizeof(images); n++) {
		assert_int_equal(read_memory(images, n, MAX, &a, &err),
		    CKPT_TRUNCATED);
		assert_int_equal(err.offset, n);
	}
	assert_int_equal(read_memory(images, sizeof(images), 5, &a, &err),
	    CKPT_LIMIT);
}

static void
test_bad_idx(void **state)
{
	static const struct {
		unsigned char file[16];
		size_t n;
		enum ckpt_status status;
	} bad[] = {
		{ { 1, 0, 8, 1, 0, 0, 0, 0 }, 8, CKPT_NOT_OURS },
		{ { 0, 1, 8, 1, 0, 0, 0, 0 }, 8, CKPT_NOT_OURS },
		{ { 0, 0, 7, 1, 0, 0, 0, 0 }, 8, CKPT_NOT_OURS },
		{ { 0, 0, 10, 1, 0, 0, 0, 0 }, 8, CKPT_NOT_OURS },
		{ { 0, 0, 15, 1, 0, 0, 0, 0 }, 8, CKPT_NOT_OURS },
		{ { 0, 0, 8, 0 }, 4, CKPT_INVALID },
		{ { 0, 0, 8, 9 }, 4, CKPT_INVALID },
		{ { 0, 0, 8, 1, 0, 0, 0, 1, 7, 7 }, 10, CKPT_INVALID },
		{ { 0, 0, 8, 1, 0, 0, 0, 3, 7, 7 }, 10, CKPT_TRUNCATED },
		{ { 0, 0, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF }, 8, CKPT_LIMIT },
		{ { 0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
		    0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, 16, CKPT_INVALID },
	};
	struct ckpt_error err = { 0 };
	struct array a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_memory(bad[i].file, bad[i].n, MAX, &a, &err) !=
		    bad[i].status)
			fail_msg("%zu: %s", i, err.text);
}

/* A .npy file of version `v` with that text as its header. */
static size_t
make_npy(unsigned char *file, unsigned char v, const char *text,
    size_t n_data)
{
	size_t n = strlen(text), prefix = v == 1 ? 10 : 12;

	memcpy(file, "\x93NUMPY", 6);
	file[6] = v;
	file[7] = 0;
	if (v == 1)
		le16_store(file + 8, (uint16_t)n);
	else
		le32_store(file + 8, (uint32_t)n);
	memcpy(file + prefix, text, n);
	memset(file + prefix + n, 7, n_data);
	return (prefix + n + n_data);
}

#define NPY(descr, order, shape) "{'descr': " descr \
	", 'fortran_order': " order ", 'shape': " shape ", }  \n"

static void
test_npy(void **state)
{
	static const struct {
		unsigned char version;
		const char *text;
		size_t n_data;
		enum ckpt_dtype dtype;
		unsigned n_dims;
	} good[] = {
		{ 1, NPY("'<f4'", "False", "(2, 3)"), 24, CKPT_F32, 2 },
		{ 2, NPY("'<f8'", "False", "(3,)"), 24, CKPT_F64, 1 },
		{ 3, NPY("'|u1'", "False", "()"), 1, CKPT_U8, 0 },
		{ 1, NPY("'<i8'", "False", "(0,)"), 0, CKPT_I64, 1 },
		{ 1, NPY("'>f2'", "False", "(2,1,)"), 4, CKPT_F16, 2 },
		{ 1, NPY("'|b1'", "True", "(4,)"), 4, CKPT_BOOL, 1 },
		{ 1, "{\"shape\":(2,),\"descr\":\"<c8\","
		    "\"fortran_order\":False}", 16, CKPT_C64, 1 },
	};
	struct ckpt_error err = { 0 };
	struct array a;
	unsigned char file[512];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		n = make_npy(file, good[i].version, good[i].text,
		    good[i].n_data);
		if (read_memory(file, n, MAX, &a, &err) != CKPT_OK)
			fail_msg("%s: %s", good[i].text, err.text);
		assert_int_equal(a.dtype, good[i].dtype);
		assert_int_equal(a.n_dims, good[i].n_dims);
		assert_int_equal(a.n_bytes, good[i].n_data);
		array_release(&a);
		while (n-- > 0)
			assert_int_equal(read_memory(file, n, MAX, &a, &err),
			    CKPT_TRUNCATED);
	}
}

static void
test_bad_npy(void **state)
{
	static const struct {
		unsigned char version;
		const char *text;
		enum ckpt_status status;
		const char *says;
	} bad[] = {
		{ 4, NPY("'<f4'", "False", "(1,)"), CKPT_NEWER, "version" },
		{ 0, NPY("'<f4'", "False", "(1,)"), CKPT_NEWER, "version" },
		{ 1, NPY("'|O'", "False", "(1,)"), CKPT_INVALID, "objects" },
		{ 1, NPY("'<U4'", "False", "(1,)"), CKPT_INVALID, "<U4" },
		{ 1, NPY("'|V2'", "False", "(2,)"), CKPT_INVALID, "|V2" },
		{ 1, NPY("'f4'", "False", "(1,)"), CKPT_INVALID, "type" },
		{ 1, NPY("'|f4'", "False", "(1,)"), CKPT_INVALID, "type" },
		{ 1, NPY("''", "False", "(1,)"), CKPT_INVALID, "type" },
		{ 1, NPY("[('a', '<f4')]", "False", "(1,)"), CKPT_INVALID,
		    "structured" },
		{ 1, NPY("'<f4'", "True", "(1, 1)"), CKPT_INVALID,
		    "Fortran" },
		{ 1, NPY("'<f4'", "false", "(1,)"), CKPT_INVALID, "True" },
		{ 1, NPY("'<f4'", "False", "(1)"), CKPT_INVALID, "','" },
		{ 1, NPY("'<f4'", "False", "(1 1)"), CKPT_INVALID, "','" },
		{ 1, NPY("'<f4'", "False", "(,)"), CKPT_INVALID, "" },
		{ 1, NPY("'<f4'", "False", "(-1,)"), CKPT_INVALID, "" },
		{ 1, NPY("'<f4'", "False", "[1]"), CKPT_INVALID, "'('" },
		{ 1, NPY("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"),
		    CKPT_INVALID, "8 dimensions" },
		{ 1, NPY("'<f4'", "False", "(99999999999999999999,)"),
		    CKPT_INVALID, "overflows" },
		{ 1, NPY("'<f4'", "False", "(4294967296, 4294967296)"),
		    CKPT_INVALID, "overflows" },
		{ 1, NPY("'<f4'", "False", "(4294967296,)"), CKPT_LIMIT,
		    "at most" },
		{ 1, "{'descr': '<f4', 'fortran_order': False}", CKPT_INVALID,
		    "keys" },
		{ 1, "{'descr': '<f4', 'descr': '<f4'}", CKPT_INVALID,
		    "repeated" },
		{ 1, "{'x': 1}", CKPT_INVALID, "unknown" },
		{ 1, NPY("'<f4'", "False", "(1,)") "x", CKPT_INVALID, "end" },
		{ 1, "", CKPT_INVALID, "'{'" },
	};
	struct ckpt_error err = { 0 };
	struct array a;
	unsigned char file[512];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = make_npy(file, bad[i].version, bad[i].text, 4);
		if (read_memory(file, n, MAX, &a, &err) != bad[i].status ||
		    strstr(err.text, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].text, err.text);
	}
	n = make_npy(file, 1, NPY("'<f4'", "False", "(1,)"), 5);
	assert_int_equal(read_memory(file, n, MAX, &a, &err), CKPT_INVALID);
}

/* What is written is read again, and is NumPy's own layout. */
static void
test_writer(void **state)
{
	static const unsigned char data[24] = "abcdefghijklmnopqrstuvw";
	static const uint64_t dims[2] = { 2, 3 };
	char path[] = "/tmp/test_array.XXXXXX";
	struct ckpt_error err = { 0 };
	struct npy_writer *w;
	struct array a;
	unsigned char head[128];
	FILE *f;

	(void)state;
	assert_true(close(mkstemp(path)) == 0);
	must(npy_writer_open(path, CKPT_F32, 2, dims, &w, &err), &err);
	must(npy_writer_write(w, data, 10, &err), &err);
	must(npy_writer_write(w, data + 10, 14, &err), &err);
	assert_int_equal(npy_writer_write(w, data, 1, &err), CKPT_USAGE);
	must(npy_writer_close(w, &err), &err);
	must(array_read(path, MAX, &a, &err), &err);
	assert_int_equal(a.dims[0] * 10 + a.dims[1], 23);
	assert_memory_equal(a.data, data, 24);
	array_release(&a);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(head, 1, 128, f), 128);
	(void)fclose(f);
	assert_memory_equal(head, "\x93NUMPY\x01\0\x76\0{'descr': '<f4', "
	    "'fortran_order': False, 'shape': (2, 3), }", 69);
	assert_int_equal(head[127], '\n');
	/* incomplete: the file stays what it was */
	must(npy_writer_open(path, CKPT_U8, 2, dims, &w, &err), &err);
	must(npy_writer_write(w, data, 5, &err), &err);
	assert_int_equal(npy_writer_close(w, &err), CKPT_USAGE);
	must(array_read(path, MAX, &a, &err), &err);
	assert_int_equal(a.dtype, CKPT_F32);
	array_release(&a);
	assert_int_equal(npy_writer_open(path, CKPT_BF16, 2, dims, &w, &err),
	    CKPT_USAGE);
	(void)unlink(path);
}

/* The matrix: rows of the floating tensors by name, whatever their order
 * among the bytes, in pieces of any size. */
static void
test_matrix(void **state)
{
	static const uint64_t two = 2, three = 3;
	static const float expected[2][5] = { { 1, 2, 3, 4, 5 },
	    { 1, 2, 3, 4, 5 } };
	char path[] = "/tmp/test_array.XXXXXX";
	struct ckpt_error err = { 0 };
	struct model_head head = { .label = path };
	struct model_sink *sink;
	struct array a;
	unsigned char data[2 * 3 + 3 + 4 * 2];
	double wide[3] = { 3, 4, 5 };
	float narrow[2] = { 1, 2 };
	size_t step, i, part, row;

	(void)state;
	must(schema_new(&head.schema, &err), &err);
	must(schema_add(head.schema, "b", 1, CKPT_F16, 1, &three, &err),
	    &err);
	must(schema_add(head.schema, "n", 1, CKPT_U8, 1, &three, &err), &err);
	must(schema_add(head.schema, "a", 1, CKPT_F32, 1, &two, &err), &err);
	must(schema_finish(head.schema, &err), &err);
	assert_int_equal(dtype_from_f64(CKPT_F16, wide, data, 3), 0);
	memcpy(data + 9, narrow, 8);
	assert_true(close(mkstemp(path)) == 0);
	for (step = 1; step <= sizeof(data); step++) {
		must(npy_matrix_open(path, &sink, &err), &err);
		for (row = 0; row < 2; row++) {
			must(model_begin(sink, &head, &err), &err);
			for (i = 0; i < sizeof(data); i += part) {
				part = sizeof(data) - i < step ?
				    sizeof(data) - i : step;
				must(model_write(sink, data + i, part, &err),
				    &err);
			}
			must(model_end(sink, NULL, &err), &err);
		}
		must(model_sink_close(sink, &err), &err);
		must(array_read(path, MAX, &a, &err), &err);
		assert_int_equal(a.dtype, CKPT_F32);
		assert_int_equal(a.dims[0] * 10 + a.dims[1], 25);
		assert_memory_equal(a.data, expected, sizeof(expected));
		array_release(&a);
	}
	schema_unref(head.schema);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idx),
		cmocka_unit_test(test_bad_idx),
		cmocka_unit_test(test_npy),
		cmocka_unit_test(test_bad_npy),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_matrix),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
