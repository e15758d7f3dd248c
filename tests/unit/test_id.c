/*
 * The vectors of format-spec/ckpt-ids.md, and IDs of bytes in pieces.
 */
#include "id/id.h"
#include "unit.h"

static const unsigned char one[4] = { 0, 0, 0x80, 0x3F };
static const unsigned char halves[12] = {
	0, 0x3C, 0, 0, 0, 0x80, 1, 0, 0xFF, 0x7B, 0, 0x7E
};

#define VECTOR_SCALAR \
	"aa8f3c5f9489fd8d61dda329513bb40b0fdcf924e685e9a8f93744aa000f87a6"
#define VECTOR_HALVES \
	"32bbf4c52d1c1cafdad19110be2b87d6848d8f906eec996cdc6a7d4fd9645815"
#define VECTOR_EMPTY \
	"e9d257d89a9def8cb3588986b060fb05bd5cc359c7059940fee0ddf300858109"
#define VECTOR_MODEL \
	"8f034955e808e357a1a19ed5de514969fe06e97a5f3018a0818f879294daf36c"
#define VECTOR_RECORD \
	"c487d1dccc1da889dd34454733b27a17a96e8c7cbdec211388f3ddbc01b36c6b"
#define VECTOR_PLAIN_RECORD \
	"a90d2c79c92e7ce304d306b96e142944efbb979a6a8e7754b114e164bcf9e07b"
#define VECTOR_RELEASE \
	"58af11585143bb6c60b250155beef8c7387272b969ab55d1bc997d16dec8fc0f"

/* b, a.weight, then the third, in an order that is not that of names. */
static struct model
make_model(void)
{
	struct ckpt_error err = { .status = CKPT_OK };
	static const uint64_t dims_a[2] = { 2, 3 }, dims_e[2] = { 0, 4 };
	struct model m = { .data = NULL };

	must(schema_new(&m.head.schema, &err), &err);
	must(schema_add(m.head.schema, "b", 1, CKPT_F32, 0, NULL, &err),
	    &err);
	must(schema_add(m.head.schema, "\xC3\xA9", 2, CKPT_U8, 2, dims_e,
	    &err), &err);
	must(schema_add(m.head.schema, "a.weight", 8, CKPT_F16, 2, dims_a,
	    &err), &err);
	must(schema_finish(m.head.schema, &err), &err);
	must(model_alloc(&m, &err), &err);
	memcpy(m.data, one, 4);
	memcpy(m.data + 4, halves, 12);
	return (m);
}

static void
assert_id(const struct ckpt_id *id, const char *hex)
{
	char found[ID_HEX_SIZE];

	id_hex(id, found);
	assert_string_equal(found, hex);
}

static void
test_vectors(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model m = make_model();
	struct meta none = { 0, NULL };
	struct ckpt_id tensors[3], model, records[2], release;
	struct sha256 *h;

	(void)state;
	must(id_of_model(&m, tensors, &model, &err), &err);
	assert_id(&tensors[0], VECTOR_SCALAR);
	assert_id(&tensors[2], VECTOR_HALVES);
	assert_id(&tensors[1], VECTOR_EMPTY);
	assert_id(&model, VECTOR_MODEL);
	must(meta_set(&m.head.meta, "epoch", "3", &err), &err);
	must(meta_set(&m.head.meta, "arch", "optunet", &err), &err);
	must(sha256_new(&h, &err), &err);
	must(id_record(h, &model, "dir/version_0\\\n.safetensors",
	    &m.head.meta, &records[0], &err), &err);
	assert_id(&records[0], VECTOR_RECORD);
	must(id_record(h, &model, "x", &none, &records[1], &err), &err);
	assert_id(&records[1], VECTOR_PLAIN_RECORD);
	must(id_release(records, 2, &release, &err), &err);
	assert_id(&release, VECTOR_RELEASE);
	sha256_free(h);
	model_release(&m);
}

static void
test_pieces(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model m = make_model();
	struct id_stream *s;
	const struct ckpt_id *ids;
	struct ckpt_id id;
	size_t n, i, part;

	(void)state;
	must(id_stream_new(&s, &err), &err);
	for (n = 1; n <= 16; n++) {
		must(id_stream_begin(s, m.head.schema, &err), &err);
		for (i = 0; i < 16; i += part) {
			part = n < 16 - i ? n : 16 - i;
			must(id_stream_update(s, m.data + i, part, &err),
			    &err);
		}
		must(id_stream_end(s, &ids, &id, &err), &err);
		assert_id(&id, VECTOR_MODEL);
	}
	assert_int_equal(id_stream_update(s, m.data, 1, &err), CKPT_USAGE);
	must(id_stream_begin(s, m.head.schema, &err), &err);
	assert_int_equal(id_stream_end(s, &ids, &id, &err), CKPT_USAGE);
	id_stream_free(s);
	model_release(&m);
}

static void
test_hex(void **state)
{
	struct ckpt_id id;
	char bad[ID_HEX_SIZE];
	size_t i;

	(void)state;
	assert_true(id_parse(VECTOR_MODEL, &id));
	assert_id(&id, VECTOR_MODEL);
	for (i = 0; i < 64; i++) {
		memcpy(bad, VECTOR_MODEL, sizeof(bad));
		bad[i] = i % 3 == 0 ? 'g' : i % 3 == 1 ? 'A' : '\0';
		assert_false(id_parse(bad, &id));
	}
}

/* The public calls give the same IDs, and refuse what is not allowed. */
static void
test_public(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	static const uint64_t dims[2] = { 2, 3 }, none[2] = { 0, 4 };
	static const char *const names[3] = { "b", "a.weight", "\xC3\xA9" };
	static const char *const twice[2] = { "b", "b" };
	static const char *const keys[2] = { "epoch", "arch" };
	static const char *const values[2] = { "3", "optunet" };
	struct ckpt_id t[3], model, records[2], release;

	(void)state;
	must(ckpt_tensor_id(CKPT_F32, 0, NULL, one, 4, &t[0], &err), &err);
	must(ckpt_tensor_id(CKPT_F16, 2, dims, halves, 12, &t[1], &err),
	    &err);
	must(ckpt_tensor_id(CKPT_U8, 2, none, NULL, 0, &t[2], &err), &err);
	assert_id(&t[1], VECTOR_HALVES);
	must(ckpt_model_id(names, t, 3, &model, &err), &err);
	assert_id(&model, VECTOR_MODEL);
	must(ckpt_record_id(&model, "dir/version_0\\\n.safetensors", keys,
	    values, 2, &records[0], &err), &err);
	assert_id(&records[0], VECTOR_RECORD);
	must(ckpt_record_id(&model, "x", NULL, NULL, 0, &records[1], &err),
	    &err);
	must(ckpt_release_id(records, 2, &release, &err), &err);
	assert_id(&release, VECTOR_RELEASE);
	assert_int_equal(ckpt_tensor_id(CKPT_F16, 2, dims, halves, 11, &t[0],
	    &err), CKPT_USAGE);
	assert_int_equal(ckpt_model_id(twice, t, 2, &model, &err),
	    CKPT_INVALID);
	assert_int_equal(ckpt_record_id(&model, "x", twice, values, 2,
	    &records[0], &err), CKPT_USAGE);
	assert_int_equal(ckpt_id_parse(VECTOR_MODEL "0", &model, &err),
	    CKPT_INVALID);
	must(ckpt_id_parse(VECTOR_MODEL, &model, &err), &err);
	assert_id(&model, VECTOR_MODEL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_public),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
