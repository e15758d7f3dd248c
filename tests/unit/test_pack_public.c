/*
 * The public interface of packs: a program that includes ckpt.h only.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ckpt.h"
#include "unit.h"

static const uint64_t dims[2] = { 2, 3 };
static const struct ckpt_tensor tensors[2] = {
	{ "weight", CKPT_F32, 2, dims, 0 },
	{ "step", CKPT_I64, 0, NULL, 0 }
};
static const char *const keys[2] = { "seed", "epoch" };
static const char *const values[2] = { "7", "10" };

/* Three models into a descriptor; the last stays unfinished if `cut`. */
static void
write_pack(int fd, int cut)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_writer *w;
	unsigned char data[32];
	char label[8];
	int i;

	must(ckpt_writer_open(fd, 2, &w, &err), &err);
	for (i = 0; i < 3; i++) {
		snprintf(label, sizeof(label), "m%d", i);
		memset(data, i, sizeof(data));
		must(ckpt_writer_begin(w, label, tensors, 2, keys, values,
		    i == 1 ? 2 : 0, &err), &err);
		must(ckpt_writer_write(w, data, 20, &err), &err);
		must(ckpt_writer_write(w, data + 20, 12, &err), &err);
		must(ckpt_writer_end(w, &err), &err);
	}
	if (cut)
		ckpt_writer_abort(w);
	else
		must(ckpt_writer_close(w, &err), &err);
}

static void
read_model(struct ckpt_reader *r, int i)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_id ids[2], id, expected;
	static const char *const names[2] = { "weight", "step" };
	unsigned char data[32], same[32];
	struct ckpt_tensor t;
	const char *key, *value;

	must(ckpt_reader_next(r, &err), &err);
	assert_int_equal(ckpt_reader_label(r)[1], '0' + i);
	assert_int_equal(ckpt_reader_n_tensors(r), 2);
	ckpt_reader_tensor(r, 0, &t);
	assert_string_equal(t.name, "weight");
	assert_int_equal(t.dims[1], 3);
	assert_int_equal(t.n_bytes, 24);
	assert_int_equal(ckpt_reader_n_meta(r), i == 1 ? 2 : 0);
	if (i == 1) {
		ckpt_reader_meta(r, 0, &key, &value);
		assert_string_equal(key, "epoch");
		assert_string_equal(value, "10");
	}
	must(ckpt_reader_read(r, data, 31, &err), &err);
	assert_int_equal(ckpt_reader_model_id(r, &id, &err), CKPT_USAGE);
	assert_int_equal(ckpt_reader_read(r, data + 31, 2, &err),
	    CKPT_USAGE);
	must(ckpt_reader_read(r, data + 31, 1, &err), &err);
	memset(same, i, sizeof(same));
	assert_memory_equal(data, same, 32);
	must(ckpt_reader_model_id(r, &id, &err), &err);
	must(ckpt_tensor_id(CKPT_F32, 2, dims, data, 24, &ids[0], &err),
	    &err);
	must(ckpt_tensor_id(CKPT_I64, 0, NULL, data + 24, 8, &ids[1], &err),
	    &err);
	must(ckpt_model_id(names, ids, 2, &expected, &err), &err);
	assert_memory_equal(&id, &expected, sizeof(id));
}

static void
test_pipe(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_reader *r;
	int cut, i, fds[2];

	(void)state;
	for (cut = 0; cut < 2; cut++) {
		assert_int_equal(pipe(fds), 0);
		write_pack(fds[1], cut); /* it fits into the pipe */
		close(fds[1]);
		must(ckpt_reader_open(fds[0], 1, 0, &r, &err), &err);
		for (i = 0; i < 3 && !cut; i++)
			read_model(r, i);
		assert_int_equal(ckpt_reader_next(r, &err), cut ?
		    CKPT_TRUNCATED : CKPT_END);
		ckpt_reader_close(r);
	}
}

static void
test_refusals(void **state)
{
	struct ckpt_tensor bad = { "a\nb", CKPT_F32, 0, NULL, 0 };
	struct ckpt_error err = { .status = CKPT_OK };
	const char *twice[2] = { "k", "k" };
	struct ckpt_reader *r;
	struct ckpt_writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	must(ckpt_writer_open(fds[1], 1, &w, &err), &err);
	assert_int_equal(ckpt_writer_begin(w, "x", &bad, 1, NULL, NULL, 0,
	    &err), CKPT_INVALID);
	ckpt_writer_abort(w);
	must(ckpt_writer_open(fds[1], 1, &w, &err), &err);
	assert_int_equal(ckpt_writer_begin(w, "x", tensors, 2, twice, values,
	    2, &err), CKPT_USAGE);
	ckpt_writer_abort(w);
	assert_int_equal(write(fds[1], "no pack", 7), 7);
	close(fds[1]);
	must(ckpt_reader_open(fds[0], 1, 0, &r, &err), &err);
	assert_int_equal(ckpt_reader_n_tensors(r), 0);
	assert_int_equal(ckpt_reader_next(r, &err), CKPT_NOT_OURS);
	assert_int_equal(err.offset, 0);
	assert_string_equal(err.section, "2.1");
	ckpt_reader_close(r);
	ckpt_reader_close(NULL);
	ckpt_writer_abort(NULL);
}

/* An archive of a model, a near one and a copy; single tensors out of it. */
static void
test_archive(void **state)
{
	enum { N = 50000 };
	static float data[3][N], got[N];
	const uint64_t n = N;
	const struct ckpt_tensor t = { "w", CKPT_F32, 1, &n, 0 };
	static const char *const labels[3] = { "a", "b", "c" };
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_tensor found;
	struct ckpt_writer *w;
	struct ckpt_index *x;
	FILE *f = tmpfile();
	uint64_t model;
	int i, k;

	(void)state;
	assert_non_null(f);
	for (k = 0; k < N; k++) {
		data[0][k] = (float)(k * 2654435761u % 65537) / 65537;
		data[1][k] = data[0][k] * 1.0001f;
		data[2][k] = data[0][k];
	}
	must(ckpt_writer_open_archive(fileno(f), 1, &w, &err), &err);
	for (i = 0; i < 3; i++) {
		must(ckpt_writer_begin(w, labels[i], &t, 1, NULL, NULL, 0,
		    &err), &err);
		must(ckpt_writer_write(w, data[i], sizeof(data[i]), &err),
		    &err);
		must(ckpt_writer_end(w, &err), &err);
	}
	must(ckpt_writer_close(w, &err), &err);
	assert_true(lseek(fileno(f), 0, SEEK_END) < 7 * N);
	must(ckpt_index_open(dup(fileno(f)), 0, &x, &err), &err);
	assert_int_equal(ckpt_index_n_models(x), 3);
	assert_int_equal(ckpt_index_n_tensors(x), 0);
	assert_int_equal(ckpt_index_read(x, 0, got, &err), CKPT_USAGE);
	assert_int_equal(ckpt_index_go(x, 3, &err), CKPT_USAGE);
	assert_int_equal(ckpt_index_find(x, "d", &model, &err), CKPT_END);
	for (i = 2; i >= 0; i--) {
		must(ckpt_index_find(x, labels[i], &model, &err), &err);
		assert_int_equal(model, i);
		must(ckpt_index_go(x, model, &err), &err);
		assert_string_equal(ckpt_index_label(x), labels[i]);
		assert_int_equal(ckpt_index_tensor_named(x, "v"), 1);
		assert_int_equal(ckpt_index_tensor_named(x, "w"), 0);
		ckpt_index_tensor(x, 0, &found);
		assert_int_equal(found.n_bytes, sizeof(got));
		must(ckpt_index_read(x, 0, got, &err), &err);
		assert_memory_equal(got, data[i], sizeof(got));
	}
	ckpt_index_close(x);
	ckpt_index_close(NULL);
	fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_archive),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
