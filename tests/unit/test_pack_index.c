/*
 * pack_index: random access, counted in reads and bytes.
 */
#include "packs.h"
#include "unit.h"

static const struct pack_writer_options write_plain = {
	.codec = PACK_CODEC_NONE, .n_threads = 2
};
static const struct pack_writer_options write_zstd = {
	.codec = PACK_CODEC_ZSTD, .n_threads = 2
};

/* ---- bytes that count what is read of them ---- */

struct counter {
	const struct packs_file *f;
	size_t n_reads;
	unsigned char *touched; /* a flag a byte */
};

static enum ckpt_status
counter_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	(void)ctx, (void)out, (void)n, (void)got;
	return (error_set(err, CKPT_USAGE, "sequential read"));
}

static enum ckpt_status
counter_pread(void *ctx, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct counter *c = ctx;

	(void)err;
	assert_true(offset + n <= c->f->n);
	memcpy(out, c->f->data + offset, n);
	memset(c->touched + offset, 1, n);
	c->n_reads++;
	return (CKPT_OK);
}

static const struct bytes_ops counter_ops = {
	counter_read, counter_pread, NULL
};

static struct pack_index *
open_counted(struct counter *c, const struct packs_file *f)
{
	struct pack_reader_options o = { .n_threads = 2 };
	struct ckpt_error err = { .status = CKPT_OK };
	struct pack_index *x;
	struct bytes *in;

	c->f = f;
	c->n_reads = 0;
	c->touched = calloc(f->n, 1);
	must(bytes_new(&counter_ops, c, f->n, &in, &err), &err);
	must(pack_index_open(in, &o, &x, &err), &err);
	return (x);
}

static size_t
count_touched(const struct counter *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->f->n; i++)
		n += c->touched[i];
	return (n);
}

/* One tensor of one model by label: three reads; with a second part four;
 * none but those of the tail, the group's index and its pages. */
static void
test_three_reads(void **state)
{
	static const uint64_t sizes[][2] = {
		{ 3000, 500 }, { 200000, 1500000 }, { 3000000, 6000000 }
	};
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 21 };
	struct packs_file f, two;
	struct packs_set set;
	struct pack_index *x;
	struct counter c;
	unsigned char *out;
	uint64_t ordinal;
	size_t i, parts, n;

	(void)state;
	for (i = 0; i < 6; i++) {
		n = i / 2 == 0 ? 3000 : 6;
		set = packs_set_two(&r, n, sizes[i / 2][0], sizes[i / 2][1]);
		f = packs_write(&set, &write_plain, &r);
		assert_true(f.n > 3 << 20);
		parts = 1 + i % 2;
		two = packs_join(&f, &f);
		if (parts == 1)
			two.n = f.n;
		x = open_counted(&c, &two);
		assert_int_equal(pack_index_n_parts(x), parts);
		must(pack_index_find(x, "m2", &ordinal, &err), &err);
		assert_int_equal(ordinal, 2);
		out = malloc(sizes[i / 2][1]);
		must(pack_index_read(x, ordinal, 1, out, &err), &err);
		assert_memory_equal(out, set.models[2].data +
		    sizes[i / 2][0], sizes[i / 2][1]);
		assert_int_equal(c.n_reads, 2 + parts);
		free(out);
		pack_index_free(x);
		free(c.touched);
		packs_file_free(&f);
		packs_file_free(&two);
		packs_set_free(&set);
	}
}

static enum ckpt_status
add_up(void *arg, uint64_t ordinal, const struct tensor_desc *t,
    uint64_t begin, const void *data, size_t n, struct ckpt_error *err)
{
	const struct packs_set *set = *(const struct packs_set **)arg;
	const struct model *m = &set->models[ordinal];

	(void)err;
	assert_true(begin + n <= t->n_bytes);
	assert_memory_equal(data, m->data + m->head.schema->tensors
	    [schema_find(m->head.schema, t->name)].offset + begin, n);
	return (CKPT_OK);
}

/* A column costs its own bytes, the tail and the indexes. */
static void
test_column(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 22 };
	struct packs_set set = packs_set_two(&r, 6000, 4000, 40), *arg = &set;
	struct packs_file f = packs_write(&set, &write_plain, &r);
	struct counter c;
	struct pack_index *x = open_counted(&c, &f);

	(void)state;
	must(pack_index_column(x, "b", add_up, &arg, &err), &err);
	assert_in_range(count_touched(&c), 6000 * 40,
	    6000 * 40 + 6000 * 80 + (1 << 20));
	assert_true(f.n > 6000 * 4000);
	pack_index_free(x);
	free(c.touched);
	packs_file_free(&f);
	packs_set_free(&set);
}

/* Every tensor of random packs by ordinal, and what is found by label. */
static void
test_random_access(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 23 };
	struct packs_set set;
	struct packs_file f;
	struct pack_index *x;
	struct counter c;
	const struct model *m;
	unsigned char *out;
	uint64_t at;
	size_t i, t, k;
	int round;

	(void)state;
	for (round = 0; round < 25; round++) {
		set = packs_set_new(&r, 30, 8, round % 3 == 0 ? 2000000 :
		    500);
		f = packs_write(&set, &write_zstd, &r);
		x = open_counted(&c, &f);
		assert_int_equal(pack_index_n_models(x), set.n);
		for (k = 0; k < set.n; k++) {
			i = (size_t)packs_below(&r, set.n);
			m = &set.models[i];
			for (t = 0; t < m->head.schema->n_tensors; t++) {
				const struct tensor_desc *d =
				    &m->head.schema->tensors[t];

				out = malloc(d->n_bytes + 1);
				must(pack_index_read(x, i, t, out, &err),
				    &err);
				assert_memory_equal(out, m->data + d->offset,
				    d->n_bytes);
				free(out);
			}
			must(pack_index_find(x, m->head.label, &at, &err),
			    &err);
			assert_true(at <= i);
			assert_string_equal(set.models[at].head.label,
			    m->head.label);
		}
		assert_int_equal(pack_index_find(x, "no such", &at, &err),
		    CKPT_END);
		pack_index_free(x);
		free(c.touched);
		packs_file_free(&f);
		packs_set_free(&set);
	}
}

/* ---- selections ---- */

static bool
keep_odd(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	(void)arg, (void)head, (void)tensor_ids;
	return (ordinal % 2 == 1);
}

static bool
keep_early(void *arg, const struct tensor_desc *t)
{
	(void)arg;
	return (t->name[0] < 'n');
}

/* A tensor of 10 MiB by a selection: three reads, as of a small one. */
static bool
keep_b(void *arg, const struct tensor_desc *t)
{
	(void)arg;
	return (t->name[0] == 'b');
}

static void
test_selected_reads(void **state)
{
	struct pack_selection sel = {
		.label = "m1", .keep_tensor = keep_b, .max_models = 1
	};
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 25 };
	struct packs_set set = packs_set_two(&r, 3, 2000000, 10 << 20);
	struct packs_file f = packs_write(&set, &write_plain, &r);
	struct model_source *src;
	struct counter c;
	struct model m;

	(void)state;
	must(pack_index_source(open_counted(&c, &f), &sel, &src, &err),
	    &err);
	must(model_load(src, 1 << 26, &m, &err), &err);
	packs_same_tensors(&m, &set.models[1]);
	assert_int_equal(c.n_reads, 3);
	model_release(&m);
	assert_int_equal(model_load(src, 1 << 26, &m, &err), CKPT_END);
	assert_int_equal(c.n_reads, 3);
	model_source_close(src);
	free(c.touched);
	packs_file_free(&f);
	packs_set_free(&set);
}

static void
test_selection(void **state)
{
	struct pack_selection sel = { NULL, keep_odd, keep_early, NULL, 0 };
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 24 };
	struct model_source *src;
	struct packs_set set;
	struct packs_file f;
	struct counter c;
	struct model m;
	size_t i, t, n;
	int round;

	(void)state;
	for (round = 0; round < 25; round++) {
		set = packs_set_new(&r, 20, 8, round % 3 == 0 ? 3000000 :
		    500);
		f = packs_write(&set, &write_zstd, &r);
		must(pack_index_source(open_counted(&c, &f), &sel, &src,
		    &err), &err);
		for (i = 1; i < set.n; i += 2) {
			must(model_load(src, 1 << 26, &m, &err), &err);
			packs_same_tensors(&m, &set.models[i]);
			for (n = t = 0; t < set.models[i].head.schema->
			    n_tensors; t++)
				n += set.models[i].head.schema->tensors[t].
				    name[0] < 'n';
			assert_int_equal(m.head.schema->n_tensors, n);
			model_release(&m);
		}
		assert_int_equal(model_load(src, 1 << 26, &m, &err),
		    CKPT_END);
		model_source_close(src);
		free(c.touched);
		packs_file_free(&f);
		packs_set_free(&set);
	}
}

/* A damaged or cut pack cannot be opened by its end, for the right reason. */
static void
test_open_fails(void **state)
{
	struct pack_reader_options o = { .n_threads = 1 };
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 33 };
	struct packs_set set = packs_set_two(&r, 3, 5, 6);
	struct packs_file f = packs_write(&set, &write_plain, &r);
	struct pack_index *x;
	struct bytes *in;
	size_t n;

	(void)state;
	for (n = 0; n < f.n; n++) {
		must(bytes_memory(f.data, n, &in, &err), &err);
		assert_int_equal(pack_index_open(in, &o, &x, &err),
		    CKPT_TRUNCATED);
	}
	f.data[1] ^= 1;
	must(bytes_memory(f.data, f.n - 1, &in, &err), &err);
	assert_int_equal(pack_index_open(in, &o, &x, &err), CKPT_NOT_OURS);
	packs_file_free(&f);
	packs_set_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_reads),
		cmocka_unit_test(test_column),
		cmocka_unit_test(test_random_access),
		cmocka_unit_test(test_selected_reads),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_open_fails),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
