/*
 * pack: what is written is read back; what is damaged is told apart.
 */
#include "packs.h"
#include "unit.h"

static const struct pack_writer_options write_zstd = {
	.codec = PACK_CODEC_ZSTD, .n_threads = 2
};
static const struct pack_reader_options read_two = { .n_threads = 2 };

/* Random sets of small models with random options. */
static void
test_round_trip(void **state)
{
	struct packs_random r = { 1 };
	struct pack_writer_options o;
	struct packs_file f;
	struct packs_set set;
	int i;

	(void)state;
	for (i = 0; i < 60; i++) {
		set = packs_set_new(&r, 40, 12, i % 4 == 0 ? 100000 : 400);
		memset(&o, 0, sizeof(o));
		o.codec = i % 2 ? PACK_CODEC_ZSTD : PACK_CODEC_NONE;
		o.group_models = packs_below(&r, 5);
		o.n_threads = 1 + (unsigned)packs_below(&r, 3);
		o.has_ids = i % 3 == 0;
		f = packs_write(&set, &o, &r);
		packs_same(&f, &set, &read_two, &r);
		packs_file_free(&f);
		packs_set_free(&set);
	}
}

/* A schema of one f32 tensor of `n` elements and some small ones. */
static struct schema *
schema_of(uint64_t n)
{
	struct ckpt_error err = { .status = CKPT_OK };
	uint64_t dims[2] = { n, 3 };
	struct schema *s;

	must(schema_new(&s, &err), &err);
	must(schema_add(s, "bias", 4, CKPT_F32, 1, &dims[1], &err), &err);
	must(schema_add(s, "weight", 6, CKPT_F32, 1, dims, &err), &err);
	must(schema_add(s, "count", 5, CKPT_I64, 0, NULL, &err), &err);
	must(schema_finish(s, &err), &err);
	return (s);
}

/* Models above, at and below the sizes where something changes. */
static void
test_sizes(void **state)
{
	static const uint64_t sizes[] = {
		0, 1, 16379, 16380, 262143, 262144, 262145, 524289, 2097151,
		2097152, 2500000
	};
	struct packs_random r = { 2 };
	struct packs_set set;
	struct packs_file f;
	struct schema *s;
	size_t i;

	(void)state;
	set.n = 2;
	set.models = calloc(set.n, sizeof(*set.models));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		s = schema_of(sizes[i]);
		set.models[0] = packs_model(&r, s, "a");
		set.models[1] = packs_model(&r, s, "b");
		f = packs_write(&set, &write_zstd, &r);
		packs_same(&f, &set, &read_two, &r);
		packs_file_free(&f);
		model_release(&set.models[0]);
		model_release(&set.models[1]);
		schema_unref(s);
	}
	free(set.models);
}

/* The same bytes whatever the number of threads. */
static void
test_threads(void **state)
{
	struct packs_random r = { 3 }, same;
	struct pack_writer_options o = write_zstd;
	struct packs_file f, g;
	struct packs_set set;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		set = packs_set_new(&r, 12, 6, 3000000);
		same = r;
		o.n_threads = 1;
		f = packs_write(&set, &o, &r);
		o.n_threads = 4;
		r = same;
		g = packs_write(&set, &o, &r);
		assert_int_equal(f.n, g.n);
		assert_memory_equal(f.data, g.data, f.n);
		packs_file_free(&f);
		packs_file_free(&g);
		packs_set_free(&set);
	}
}

/* cat a.ckpk b.ckpk */
static void
test_cat(void **state)
{
	struct packs_random r = { 4 };
	struct packs_set a, b, both;
	struct packs_file f, g, h;

	(void)state;
	a = packs_set_new(&r, 20, 5, 300);
	b = packs_set_new(&r, 20, 5, 300);
	f = packs_write(&a, &write_zstd, &r);
	g = packs_write(&b, &write_zstd, &r);
	h.n = f.n + g.n;
	h.data = malloc(h.n);
	memcpy(h.data, f.data, f.n);
	memcpy(h.data + f.n, g.data, g.n);
	both.n = a.n + b.n;
	both.models = calloc(both.n + 1, sizeof(*both.models));
	memcpy(both.models, a.models, a.n * sizeof(*a.models));
	memcpy(both.models + a.n, b.models, b.n * sizeof(*b.models));
	packs_same(&h, &both, &read_two, &r);
	free(both.models);
	packs_file_free(&f);
	packs_file_free(&g);
	packs_file_free(&h);
	packs_set_free(&a);
	packs_set_free(&b);
}

/* A small pack with two groups, two schemas, metadata, both codecs. */
static struct packs_file
small_pack(struct packs_set *set)
{
	struct packs_random r = { 11 };
	struct schema *s = schema_of(40), *t = schema_of(7);

	set->n = 3;
	set->models = calloc(3, sizeof(*set->models));
	set->models[0] = packs_model(&r, s, "a");
	set->models[1] = packs_model(&r, s, "b");
	set->models[2] = packs_model(&r, t, "c");
	schema_unref(s);
	schema_unref(t);
	return (packs_write(set, &write_zstd, &r));
}

static void
test_truncation(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_set set;
	struct packs_file f = small_pack(&set);
	unsigned char *cut;
	size_t n;

	(void)state;
	for (n = 0; n < f.n; n++) {
		cut = malloc(n + 1); /* of its own, for the sanitizer */
		memcpy(cut, f.data, n);
		memset(&err, 0, sizeof(err));
		assert_int_equal(packs_read(cut, n, false, &err),
		    CKPT_TRUNCATED);
		assert_int_equal(err.offset, n);
		assert_string_not_equal(err.section, "");
		free(cut);
	}
	assert_int_equal(packs_read(f.data, f.n, true, &err), CKPT_END);
	packs_file_free(&f);
	packs_set_free(&set);
}

static void
test_flips(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_set set;
	struct packs_file f = small_pack(&set);
	enum ckpt_status status;
	size_t bit;

	(void)state;
	for (bit = 0; bit < 8 * f.n; bit++) {
		f.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		memset(&err, 0, sizeof(err));
		status = packs_read(f.data, f.n, false, &err);
		assert_int_equal(status, bit < 32 ? CKPT_NOT_OURS :
		    CKPT_CORRUPT);
		assert_true(err.offset <= bit / 8);
		assert_string_not_equal(err.section, "");
		f.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	packs_file_free(&f);
	packs_set_free(&set);
}

/* A wrong ID under good checksums is a mismatch. */
static void
test_wrong_ids(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct pack_reader_options o = { .n_threads = 1 };
	struct ckpt_id ids[3] = { { { 0 } } };
	struct packs_random r = { 5 };
	struct model_source *src;
	struct packs_set set = { 1, NULL };
	struct packs_file f;
	struct schema *s;
	struct bytes *in;
	struct model m;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		s = schema_of(i == 0 ? 10 : i == 1 ? 20000 : 3000000);
		set.models = calloc(1, sizeof(*set.models));
		set.models[0] = packs_model(&r, s, "a");
		schema_unref(s);
		f = packs_write(&set, &write_zstd, &r);
		must(bytes_memory(f.data, f.n, &in, &err), &err);
		must(pack_source_open(in, &o, &src, &err), &err);
		must(model_load(src, 1 << 26, &m, &err), &err);
		assert_int_equal(model_confirm(src, ids, &err),
		    CKPT_MISMATCH);
		model_release(&m);
		model_source_close(src);
		packs_file_free(&f);
		packs_set_free(&set);
	}
}

/* What the reader says when it has read all of a pack of `n` models. */
static void
count_models(const struct packs_file *f, uint64_t memory, size_t n,
    enum ckpt_status expected)
{
	struct pack_reader_options o = { .n_threads = 1, .memory = memory };
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	struct bytes *in;
	struct model m;
	enum ckpt_status status;
	size_t i = 0;

	must(bytes_memory(f->data, f->n, &in, &err), &err);
	must(pack_source_open(in, &o, &src, &err), &err);
	while ((status = model_load(src, 1 << 20, &m, &err)) == CKPT_OK) {
		model_release(&m);
		i++;
	}
	assert_int_equal(status, expected);
	if (expected == CKPT_END)
		assert_int_equal(i, n);
	model_source_close(src);
}

static size_t
count_parts(const struct packs_file *f)
{
	struct pack_reader_options o = { .n_threads = 1 };
	struct ckpt_error err = { .status = CKPT_OK };
	struct pack_index *x;
	struct bytes *in;
	size_t n;

	must(bytes_memory(f->data, f->n, &in, &err), &err);
	must(pack_index_open(in, &o, &x, &err), &err);
	n = pack_index_n_parts(x);
	pack_index_free(x);
	return (n);
}

/* A directory that is full, and one schema too many, begin new parts. */
static void
test_parts(void **state)
{
	struct pack_writer_options o = { .group_models = 1, .n_threads = 1 };
	struct packs_random r = { 6 };
	struct packs_set set = { 38000, NULL };
	struct packs_file f;
	struct schema *s = schema_of(0);
	size_t i;

	(void)state;
	set.models = calloc(set.n, sizeof(*set.models));
	for (i = 0; i < set.n; i++)
		set.models[i] = packs_model(&r, s, "m");
	schema_unref(s);
	f = packs_write(&set, &o, &r);
	count_models(&f, 0, set.n, CKPT_END);
	assert_int_equal(count_parts(&f), 2);
	packs_file_free(&f);
	for (i = 0; i < 600; i++) {
		model_release(&set.models[i]);
		s = schema_of(i);
		set.models[i] = packs_model(&r, s, "m");
		schema_unref(s);
	}
	for (i = 600; i < set.n; i++)
		model_release(&set.models[i]);
	set.n = 600;
	f = packs_write(&set, &o, &r);
	packs_same(&f, &set, &read_two, &r);
	assert_int_equal(count_parts(&f), 3);
	packs_file_free(&f);
	packs_set_free(&set);
}

/* Large schemas: no more than 8 MiB of them a part, and none beyond the
 * reader's budget. */
static void
test_large_schemas(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 7 };
	struct packs_set set = { 4, calloc(4, sizeof(*set.models)) };
	struct packs_file f;
	struct schema *s;
	char *name = malloc(60001);
	size_t i, j;

	(void)state;
	memset(name, 'n', 60000);
	name[60000] = '\0';
	for (i = 0; i < set.n; i++) {
		must(schema_new(&s, &err), &err);
		for (j = 0; j < 60; j++) {
			name[0] = (char)('a' + i);
			name[1] = (char)(' ' + j);
			must(schema_add(s, name, 60000, CKPT_U8, 0, NULL,
			    &err), &err);
		}
		must(schema_finish(s, &err), &err);
		set.models[i] = packs_model(&r, s, "m");
		schema_unref(s);
	}
	f = packs_write(&set, &write_zstd, &r);
	packs_same(&f, &set, &read_two, &r);
	assert_int_equal(count_parts(&f), 2);
	count_models(&f, 1 << 20, set.n, CKPT_LIMIT);
	packs_file_free(&f);
	packs_set_free(&set);
	free(name);
}

/* The sink refuses what its contract forbids. */
static void
test_misuse(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct packs_random r = { 8 };
	struct schema *s = schema_of(4);
	struct model m = packs_model(&r, s, "m");
	struct model_sink *sink;
	struct outfile *out;

	(void)state;
	must(outfile_open("/dev/null", &out, &err), &err);
	must(pack_writer_open(out, &write_zstd, &sink, &err), &err);
	assert_int_equal(model_end(sink, NULL, &err), CKPT_USAGE);
	assert_int_equal(model_write(sink, m.data, 1, &err), CKPT_USAGE);
	must(model_begin(sink, &m.head, &err), &err);
	assert_int_equal(model_begin(sink, &m.head, &err), CKPT_USAGE);
	must(model_write(sink, m.data, 5, &err), &err);
	assert_int_equal(model_end(sink, NULL, &err), CKPT_USAGE);
	assert_int_equal(model_sink_close(sink, &err), CKPT_USAGE);
	model_release(&m);
	schema_unref(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_cat),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_wrong_ids),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_large_schemas),
		cmocka_unit_test(test_misuse),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
