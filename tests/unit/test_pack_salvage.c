/*
 * salvage: what is left of a damaged pack.
 */
#include "packs.h"
#include "unit.h"

static const struct pack_writer_options write_plain = {
	.codec = PACK_CODEC_NONE, .n_threads = 2
};

struct losses {
	size_t n;
	char texts[16][512];
};

static void
note_loss(void *arg, const struct ckpt_error *err)
{
	struct losses *l = arg;

	assert_true(l->n < 16);
	snprintf(l->texts[l->n++], sizeof(l->texts[0]), "%s", err->text);
}

/* Each tensor that a model lacks must have been named. */
static size_t
count_missing(const struct losses *l, const struct model *m,
    const struct model *expected)
{
	const struct schema *s = expected->head.schema;
	char text[64];
	size_t i, j, n = 0;

	for (i = 0; i < s->n_tensors; i++) {
		if (schema_find(m->head.schema, s->tensors[i].name) !=
		    SIZE_MAX)
			continue;
		n++;
		snprintf(text, sizeof(text), "lost: tensor %s of model %s:",
		    s->tensors[i].name, m->head.label);
		for (j = 0; j < l->n; j++)
			if (strncmp(l->texts[j], text, strlen(text)) == 0)
				break;
		assert_true(j < l->n);
	}
	return (n);
}

/* Reads what is left; returns the number of missing tensors, having checked
 * that all others are right and that each missing one was told. */
static size_t
recover(const struct packs_file *f, const struct packs_set *set)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct losses l = { .n = 0 };
	struct pack_reader_options o = {
		.n_threads = 1, .arg = &l, .lost = note_loss
	};
	struct model_source *src;
	struct bytes *in;
	struct model m;
	size_t i, missing = 0;

	must(bytes_memory(f->data, f->n, &in, &err), &err);
	must(pack_source_open(in, &o, &src, &err), &err);
	for (i = 0; i < set->n; i++) {
		must(model_load(src, 1 << 26, &m, &err), &err);
		packs_same_tensors(&m, &set->models[i]);
		missing += count_missing(&l, &m, &set->models[i]);
		model_release(&m);
	}
	assert_int_equal(model_load(src, 1 << 26, &m, &err), CKPT_END);
	assert_int_equal(l.n, missing);
	model_source_close(src);
	return (missing);
}

/* Whatever byte of a pack is damaged, no more than the tensors of one page
 * are lost, and none by damage outside of pages. */
static void
test_recovery(void **state)
{
	struct pack_writer_options o = { .codec = PACK_CODEC_ZSTD,
		.n_threads = 1, .group_models = 2 };
	struct packs_random r = { 31 };
	struct packs_set a = packs_set_two(&r, 3, 50, 90);
	struct packs_set set = packs_set_two(&r, 5, 9, 7);
	struct packs_set both = { 8, calloc(8, sizeof(*both.models)) };
	struct packs_file f = packs_write(&a, &o, &r);
	struct packs_file g = packs_write(&set, &o, &r), h = packs_join(&f, &g);
	size_t at, missing, total = 0;

	(void)state;
	memcpy(both.models, a.models, 3 * sizeof(*a.models));
	memcpy(both.models + 3, set.models, 5 * sizeof(*a.models));
	for (at = 0; at < h.n; at++) {
		h.data[at] ^= 0x55;
		missing = recover(&h, &both);
		assert_true(missing <= 2);
		total += missing;
		h.data[at] ^= 0x55;
	}
	assert_true(total > 0);
	/* the end of one part and the head of the next, in one spot */
	memset(h.data + f.n - 56, 0, 56 + 32);
	assert_int_equal(recover(&h, &both), 0);
	packs_file_free(&f);
	packs_file_free(&g);
	packs_file_free(&h);
	packs_set_free(&a);
	packs_set_free(&set);
	free(both.models);
}

/* A damaged sector costs what lies in it; a large model loses one tensor. */
static void
test_recovery_large(void **state)
{
	struct packs_random r = { 32 };
	struct packs_set set = packs_set_two(&r, 3, 9000000, 2000000);
	struct packs_file f = packs_write(&set, &write_plain, &r);
	size_t at, missing;
	int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		at = (size_t)packs_below(&r, f.n - 4096);
		memset(f.data + at, 0xA5, 4096);
		missing = recover(&f, &set);
		assert_true(missing <= 2);
		packs_file_free(&f);
		f = packs_write(&set, &write_plain, &r);
	}
	packs_file_free(&f);
	packs_set_free(&set);
}

/* Where both descriptions of a group are damaged its models are gone, and
 * that is told; the other groups are read. */
static void
test_group_lost(void **state)
{
	struct pack_writer_options o = { .codec = PACK_CODEC_NONE,
		.n_threads = 1, .group_models = 2 };
	struct ckpt_error err = { .status = CKPT_OK };
	struct losses l = { .n = 0 };
	struct pack_reader_options read = {
		.n_threads = 1, .arg = &l, .lost = note_loss
	};
	struct packs_random r = { 33 };
	struct packs_set set = packs_set_two(&r, 6, 30, 30);
	struct packs_file f = packs_write(&set, &o, &r);
	struct model_source *src;
	struct bytes *in;
	struct model m;
	size_t at, n = 0;

	(void)state;
	for (at = 0; at + 4 < f.n; at++) {
		if (memcmp(f.data + at, "GRUP", 4) != 0 &&
		    memcmp(f.data + at, "GIDX", 4) != 0)
			continue;
		if (n++ / 2 == 1) /* head and index of the second group */
			f.data[at + 40] ^= 1;
	}
	assert_int_equal(n, 6);
	must(bytes_memory(f.data, f.n, &in, &err), &err);
	must(pack_source_open(in, &read, &src, &err), &err);
	for (n = 0; n < 4; n++) {
		must(model_load(src, 1 << 20, &m, &err), &err);
		packs_same_tensors(&m, &set.models[n < 2 ? n : n + 2]);
		assert_int_equal(m.head.schema->n_tensors, 2);
		model_release(&m);
	}
	assert_int_equal(model_load(src, 1 << 20, &m, &err), CKPT_END);
	assert_int_equal(l.n, 1);
	assert_non_null(strstr(l.texts[0], "a whole group of models"));
	model_source_close(src);
	packs_file_free(&f);
	packs_set_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_recovery_large),
		cmocka_unit_test(test_group_lost),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
