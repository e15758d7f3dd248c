/*
 * The public interface, used wrongly: calls out of order, what is not there,
 * and closing after a failure, for writers of packs, archives and stores.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ckpt.h"
#include "unit.h"

enum kind { PACK, ARCHIVE, STORE, N_KINDS };

static const uint64_t dims[2] = { 2, 2 };
static const struct ckpt_tensor tensor = { "w", CKPT_F32, 2, dims, 0 };
static const float data[5] = { 1, 2, 3, 4, 5 };

struct place {
	enum kind kind;
	FILE *file;
	char path[64];
	struct ckpt_store *store;
	struct ckpt_writer *w;
};

static int
remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return (remove(path));
}

static void
open_place(struct place *p, enum kind kind)
{
	struct ckpt_error err = { .status = CKPT_OK };

	memset(p, 0, sizeof(*p));
	p->kind = kind;
	if (kind == STORE) {
		strcpy(p->path, "/tmp/ckpt-misuse-XXXXXX");
		assert_non_null(mkdtemp(p->path));
		must(ckpt_store_init(p->path, &err), &err);
		must(ckpt_store_open(p->path, 0, 1, 0, &p->store, &err),
		    &err);
		must(ckpt_store_add(p->store, &p->w, &err), &err);
		return;
	}
	p->file = tmpfile();
	assert_non_null(p->file);
	must(kind == PACK ? ckpt_writer_open(fileno(p->file), 1, &p->w, &err) :
	    ckpt_writer_open_archive(fileno(p->file), 1, &p->w, &err), &err);
}

/* Models that are there when the writer is closed; -1: no whole pack. */
static int
count(const struct place *p)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_reader *r;
	enum ckpt_status st;
	int n = 0;

	if (p->kind == STORE) {
		must(ckpt_store_get(p->store, NULL, &r, &err), &err);
	} else {
		(void)lseek(fileno(p->file), 0, SEEK_SET);
		must(ckpt_reader_open(dup(fileno(p->file)), 1, 0, &r, &err),
		    &err);
	}
	while ((st = ckpt_reader_next(r, &err)) == CKPT_OK)
		n++;
	ckpt_reader_close(r);
	return (st == CKPT_END ? n : -1);
}

static void
close_place(struct place *p)
{
	if (p->kind == STORE) {
		ckpt_store_close(p->store);
		(void)nftw(p->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	} else {
		(void)fclose(p->file);
	}
}

static enum ckpt_status
begin(struct place *p, const char *label, struct ckpt_error *err)
{
	return (ckpt_writer_begin(p->w, label, &tensor, 1, NULL, NULL, 0,
	    err));
}

/* ---- ways to go wrong, each after one model that is whole ---- */

static int
stop(void *arg, uint64_t n_bytes)
{
	(void)arg;
	(void)n_bytes;
	return (1);
}

static enum ckpt_status
write_first(struct place *p, struct ckpt_error *err)
{
	return (ckpt_writer_write(p->w, data, 16, err));
}

static enum ckpt_status
end_first(struct place *p, struct ckpt_error *err)
{
	return (ckpt_writer_end(p->w, err));
}

static enum ckpt_status
begin_twice(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	return (begin(p, "c", err));
}

static enum ckpt_status
write_more(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	must(ckpt_writer_write(p->w, data, 8, err), err);
	return (ckpt_writer_write(p->w, data, 12, err));
}

static enum ckpt_status
end_early(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	must(ckpt_writer_write(p->w, data, 15, err), err);
	return (ckpt_writer_end(p->w, err));
}

static enum ckpt_status
write_nothing(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	return (ckpt_writer_write(p->w, NULL, 16, err));
}

static enum ckpt_status
begin_null(struct place *p, struct ckpt_error *err)
{
	return (begin(p, NULL, err));
}

static enum ckpt_status
begin_no_tensors(struct place *p, struct ckpt_error *err)
{
	return (ckpt_writer_begin(p->w, "b", NULL, 1, NULL, NULL, 0, err));
}

static enum ckpt_status
begin_no_keys(struct place *p, struct ckpt_error *err)
{
	return (ckpt_writer_begin(p->w, "b", &tensor, 1, NULL, NULL, 1,
	    err));
}

static enum ckpt_status
begin_twins(struct place *p, struct ckpt_error *err)
{
	const struct ckpt_tensor twins[2] = { tensor, tensor };

	return (ckpt_writer_begin(p->w, "b", twins, 2, NULL, NULL, 0, err));
}

static enum ckpt_status
cancel(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	ckpt_writer_watch(p->w, stop, NULL);
	return (ckpt_writer_write(p->w, data, 16, err));
}

/* The last model is not ended: it is close that fails. */
static enum ckpt_status
no_end(struct place *p, struct ckpt_error *err)
{
	must(begin(p, "b", err), err);
	must(ckpt_writer_write(p->w, data, 16, err), err);
	return (CKPT_OK);
}

static const struct {
	enum ckpt_status (*go)(struct place *p, struct ckpt_error *err);
	enum ckpt_status expected;
} ways[] = {
	{ write_first, CKPT_USAGE }, { end_first, CKPT_USAGE },
	{ begin_twice, CKPT_USAGE }, { write_more, CKPT_USAGE },
	{ end_early, CKPT_USAGE }, { write_nothing, CKPT_USAGE },
	{ begin_null, CKPT_USAGE }, { begin_no_tensors, CKPT_USAGE },
	{ begin_no_keys, CKPT_USAGE }, { begin_twins, CKPT_INVALID },
	{ cancel, CKPT_CANCELLED }, { no_end, CKPT_USAGE }
};

static void
go_wrong(enum kind kind, size_t way, int n_before)
{
	struct ckpt_error err = { .status = CKPT_OK }, again;
	enum ckpt_status st;
	struct place p;
	int i;

	open_place(&p, kind);
	for (i = 0; i < n_before; i++) {
		must(begin(&p, "a", &err), &err);
		must(ckpt_writer_write(p.w, data + 1, 16, &err), &err);
		must(ckpt_writer_end(p.w, &err), &err);
	}
	st = ways[way].go(&p, &err);
	if (st != CKPT_OK) {
		assert_int_equal(st, ways[way].expected);
		assert_int_equal(err.status, st);
		assert_int_not_equal(err.text[0], '\0');
		/* whatever follows gives the same */
		memset(&again, 0, sizeof(again));
		assert_int_equal(begin(&p, "d", &again), st);
		assert_string_equal(again.text, err.text);
		assert_int_equal(ckpt_writer_write(p.w, data, 16, NULL), st);
		assert_int_equal(ckpt_writer_end(p.w, &again), st);
	}
	memset(&again, 0, sizeof(again));
	assert_int_equal(ckpt_writer_close(p.w, &again), ways[way].expected);
	assert_int_equal(again.status, ways[way].expected);
	assert_int_not_equal(again.text[0], '\0');
	assert_int_equal(count(&p), kind == STORE ? 0 : -1);
	close_place(&p);
}

static void
test_writers(void **state)
{
	size_t way;
	int kind, n;

	(void)state;
	for (kind = 0; kind < N_KINDS; kind++)
		for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
			for (n = 0; n < 2; n++)
				go_wrong(kind, way, n);
}

/* The same, done right: what the others are told from. */
static void
test_right(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct place p;
	int kind, n, i;

	(void)state;
	for (kind = 0; kind < N_KINDS; kind++)
		for (n = 0; n < 3; n++) {
			open_place(&p, kind);
			for (i = 0; i < n; i++) {
				must(begin(&p, i == 0 ? "a" : "b", &err),
				    &err);
				must(write_first(&p, &err), &err);
				must(ckpt_writer_write(p.w, NULL, 0, &err),
				    &err);
				must(end_first(&p, &err), &err);
			}
			must(ckpt_writer_close(p.w, &err), &err);
			assert_int_equal(count(&p), n);
			close_place(&p);
		}
}

/* ---- readers ---- */

static void
test_readers(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_tensor t = tensor;
	const char *key = "k", *value = "v";
	struct ckpt_reader *r;
	struct ckpt_id id;
	struct place p;
	float got[5];
	int i;

	(void)state;
	open_place(&p, STORE);
	must(begin(&p, "a", &err), &err);
	must(write_first(&p, &err), &err);
	must(end_first(&p, &err), &err);
	must(ckpt_writer_close(p.w, &err), &err);
	must(ckpt_store_get(p.store, NULL, &r, &err), &err);
	for (i = 0; i < 2; i++) { /* before the first, after the last */
		assert_null(ckpt_reader_label(r));
		assert_int_equal(ckpt_reader_n_tensors(r), 0);
		ckpt_reader_tensor(r, 0, &t);
		assert_null(t.name);
		ckpt_reader_meta(r, 0, &key, &value);
		assert_null(key);
		assert_int_equal(ckpt_reader_read(r, got, 1, &err),
		    CKPT_USAGE);
		assert_int_equal(ckpt_reader_model_id(r, &id, &err),
		    CKPT_USAGE);
		if (i == 1)
			break;
		must(ckpt_reader_next(r, &err), &err);
		ckpt_reader_tensor(r, 1, &t);
		assert_null(t.name);
		assert_int_equal(ckpt_reader_read(r, got, 17, &err),
		    CKPT_USAGE);
		must(ckpt_reader_read(r, got, 16, &err), &err);
		assert_memory_equal(got, data, 16);
		assert_int_equal(ckpt_reader_next(r, &err), CKPT_END);
	}
	ckpt_reader_close(r);
	/* cancelled: nothing follows */
	must(ckpt_store_get(p.store, NULL, &r, &err), &err);
	ckpt_reader_watch(r, stop, NULL);
	must(ckpt_reader_next(r, &err), &err);
	assert_int_equal(ckpt_reader_read(r, got, 8, &err), CKPT_CANCELLED);
	assert_int_equal(ckpt_reader_read(r, got, 8, &err), CKPT_CANCELLED);
	assert_int_equal(ckpt_reader_next(r, &err), CKPT_CANCELLED);
	assert_int_equal(ckpt_reader_model_id(r, &id, &err), CKPT_USAGE);
	ckpt_reader_close(r);
	close_place(&p);
}

static void
test_index(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_tensor t = tensor;
	struct ckpt_index *x;
	struct place p;
	float got[4];

	(void)state;
	open_place(&p, PACK);
	must(begin(&p, "a", &err), &err);
	must(write_first(&p, &err), &err);
	must(end_first(&p, &err), &err);
	must(ckpt_writer_close(p.w, &err), &err);
	must(ckpt_index_open(dup(fileno(p.file)), 0, &x, &err), &err);
	assert_null(ckpt_index_label(x));
	ckpt_index_tensor(x, 0, &t);
	assert_null(t.name);
	assert_int_equal(ckpt_index_read(x, 0, got, &err), CKPT_USAGE);
	must(ckpt_index_go(x, 0, &err), &err);
	ckpt_index_tensor(x, 1, &t);
	assert_null(t.name);
	assert_int_equal(ckpt_index_read(x, 1, got, &err), CKPT_USAGE);
	must(ckpt_index_read(x, 0, got, &err), &err);
	ckpt_index_close(x);
	close_place(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_index),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
