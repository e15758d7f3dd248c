/*
 * packs: random schemas, models and packs.
 */
#include <fcntl.h>
#include <unistd.h>

#include "packs.h"
#include "unit.h"

uint64_t
packs_next(struct packs_random *r)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (r->state >> 11);
}

uint64_t
packs_below(struct packs_random *r, uint64_t n)
{
	return (packs_next(r) % n);
}

/* A shape of at most `max` elements, sometimes 0-d, sometimes empty. */
static unsigned
random_dims(struct packs_random *r, uint64_t max, uint64_t *dims)
{
	unsigned n = (unsigned)packs_below(r, 5), i;

	for (i = 0; i < n; i++) {
		dims[i] = packs_below(r, 16) == 0 ? 0 :
		    1 + packs_below(r, max < 8 ? max : 8);
		max /= dims[i] == 0 ? 1 : dims[i];
		if (max == 0)
			max = 1;
	}
	if (n > 0 && packs_below(r, 2) == 0)
		dims[0] *= 1 + packs_below(r, max);
	return (n);
}

struct schema *
packs_schema(struct packs_random *r, size_t max_tensors, uint64_t max_bytes)
{
	struct ckpt_error err = { .status = CKPT_OK };
	uint64_t dims[8];
	struct schema *s;
	enum ckpt_dtype dtype;
	size_t i, n = (size_t)packs_below(r, max_tensors + 1);
	char name[64];
	unsigned n_dims;

	must(schema_new(&s, &err), &err);
	for (i = 0; i < n; i++) {
		dtype = (enum ckpt_dtype)(1 + packs_below(r, 22));
		n_dims = random_dims(r, 1 + max_bytes /
		    (dtype_bits(dtype) / 8 + 1), dims);
		if (n_dims == 0 && dtype_bits(dtype) % 8 != 0)
			dtype = CKPT_BF16;
		if (n_dims > 0 && dtype_bits(dtype) % 8 != 0)
			dims[n_dims - 1] *= 4; /* whole bytes */
		snprintf(name, sizeof(name), "%c%zu.\xC3\xA9",
		    (int)('a' + packs_below(r, 26)), i);
		must(schema_add(s, name, strlen(name), dtype, n_dims, dims,
		    &err), &err);
	}
	if (packs_below(r, 2) == 0)
		must(schema_set_layout(s, "{\"before\":", 10, " }  ",
		    (size_t)packs_below(r, 5), &err), &err);
	if (packs_below(r, 3) == 0)
		must(schema_set_symmetry(s, "ckpt symmetry 1\n", &err),
		    &err);
	must(schema_finish(s, &err), &err);
	return (s);
}

struct model
packs_model(struct packs_random *r, struct schema *s, const char *label)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model m = { .data = NULL };
	uint64_t i, mask = packs_below(r, 3) == 0 ? 255 : 15;
	char key[16], value[40];
	size_t n;

	m.head.schema = schema_ref(s);
	m.head.label = strdup(label);
	for (n = packs_below(r, 4); n > 0; n--) {
		snprintf(key, sizeof(key), "k%d.x_-",
		    (int)packs_below(r, 100));
		snprintf(value, sizeof(value), "v\n%d",
		    (int)packs_below(r, 1000));
		must(meta_set(&m.head.meta, key, n == 3 ? "" : value, &err),
		    &err);
	}
	if (packs_below(r, 2) == 0) {
		m.head.n_source_meta = (size_t)packs_below(r, 30);
		m.head.source_meta = malloc(m.head.n_source_meta + 1);
		memset(m.head.source_meta, '{', m.head.n_source_meta + 1);
	}
	must(model_alloc(&m, &err), &err);
	for (i = 0; i < s->n_bytes; i++)
		m.data[i] = (unsigned char)(packs_next(r) & mask);
	return (m);
}

struct packs_set
packs_set_new(struct packs_random *r, size_t max_models, size_t max_tensors,
    uint64_t max_bytes)
{
	struct packs_set set;
	struct schema *s = NULL;
	char label[40];
	size_t i;

	set.n = (size_t)packs_below(r, max_models + 1);
	set.models = calloc(set.n + 1, sizeof(*set.models));
	for (i = 0; i < set.n; i++) {
		if (s == NULL || packs_below(r, 8) == 0) {
			schema_unref(s);
			s = packs_schema(r, max_tensors, max_bytes);
		}
		snprintf(label, sizeof(label), "set/model_%d",
		    (int)packs_below(r, 2 * set.n));
		set.models[i] = packs_model(r, s, packs_below(r, 20) == 0 ?
		    "" : label);
	}
	schema_unref(s);
	return (set);
}

void
packs_set_free(struct packs_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		model_release(&set->models[i]);
	free(set->models);
}

static struct packs_file
read_file(const char *path)
{
	struct packs_file f;
	off_t size;
	int fd;

	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	f.n = (size_t)size;
	f.data = malloc(f.n + 1);
	assert_int_equal(pread(fd, f.data, f.n, 0), size);
	close(fd);
	return (f);
}

struct packs_file
packs_write(const struct packs_set *set,
    const struct pack_writer_options *options, struct packs_random *r)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_id *ids;
	struct packs_file f;
	struct model_sink *sink;
	struct outfile *out;
	const struct model *m;
	char path[64];
	size_t i, at, part, left;

	snprintf(path, sizeof(path), "packs-%d.tmp", (int)getpid());
	must(outfile_open(path, &out, &err), &err);
	must(pack_writer_open(out, options, &sink, &err), &err);
	for (i = 0; i < set->n; i++) {
		m = &set->models[i];
		must(model_begin(sink, &m->head, &err), &err);
		for (at = 0; at < m->head.schema->n_bytes; at += part) {
			left = (size_t)m->head.schema->n_bytes - at;
			part = 1 + (size_t)packs_below(r, left);
			must(model_write(sink, m->data + at, part, &err),
			    &err);
		}
		ids = calloc(m->head.schema->n_tensors + 1, sizeof(*ids));
		if (options->has_ids || packs_below(r, 2) == 0) {
			struct ckpt_id id;

			must(id_of_model(m, ids, &id, &err), &err);
			must(model_end(sink, ids, &err), &err);
		} else {
			must(model_end(sink, NULL, &err), &err);
		}
		free(ids);
	}
	must(model_sink_close(sink, &err), &err);
	f = read_file(path);
	unlink(path);
	return (f);
}

void
packs_file_free(struct packs_file *f)
{
	free(f->data);
}

void
packs_same_head(const struct model_head *a, const struct model_head *b)
{
	size_t i;

	assert_true(schema_equal(a->schema, b->schema));
	assert_string_equal(a->label, b->label);
	assert_int_equal(a->meta.n, b->meta.n);
	for (i = 0; i < a->meta.n; i++) {
		assert_string_equal(a->meta.entries[i].key,
		    b->meta.entries[i].key);
		assert_string_equal(a->meta.entries[i].value,
		    b->meta.entries[i].value);
	}
	assert_int_equal(a->source_meta == NULL, b->source_meta == NULL);
	assert_int_equal(a->n_source_meta, b->n_source_meta);
	if (a->n_source_meta > 0)
		assert_memory_equal(a->source_meta, b->source_meta,
		    a->n_source_meta);
}

/* One model of a source, in pieces, against the one expected. */
static void
same_model(struct model_source *src, const struct model *expected,
    struct packs_random *r)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_head head = { .schema = NULL };
	struct model m = { .data = NULL };
	struct ckpt_id *ids, id;
	size_t at, part, left;

	must(model_next(src, &head, &err), &err);
	packs_same_head(&head, &expected->head);
	m.head = head;
	must(model_alloc(&m, &err), &err);
	for (at = 0; at < head.schema->n_bytes; at += part) {
		left = (size_t)head.schema->n_bytes - at;
		part = 1 + (size_t)packs_below(r, left);
		must(model_read(src, m.data + at, part, &err), &err);
	}
	assert_memory_equal(m.data, expected->data, head.schema->n_bytes);
	ids = calloc(head.schema->n_tensors + 1, sizeof(*ids));
	must(id_of_model(&m, ids, &id, &err), &err);
	must(model_confirm(src, ids, &err), &err);
	free(ids);
	model_release(&m);
}

void
packs_same(const struct packs_file *f, const struct packs_set *set,
    const struct pack_reader_options *options, struct packs_random *r)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_head head = { .schema = NULL };
	struct model_source *src;
	struct bytes *in;
	size_t i;

	must(bytes_memory(f->data, f->n, &in, &err), &err);
	must(pack_source_open(in, options, &src, &err), &err);
	for (i = 0; i < set->n; i++)
		same_model(src, &set->models[i], r);
	assert_int_equal(model_next(src, &head, &err), CKPT_END);
	assert_int_equal(model_next(src, &head, &err), CKPT_END);
	model_source_close(src);
}

enum ckpt_status
packs_read(const void *data, size_t n, bool confirm, struct ckpt_error *err)
{
	struct pack_reader_options options = { .n_threads = 1 };
	struct model_source *src;
	struct bytes *in;
	struct ckpt_id *ids, id;
	struct model m;
	enum ckpt_status status;

	must(bytes_memory(data, n, &in, err), err);
	must(pack_source_open(in, &options, &src, err), err);
	while ((status = model_load(src, 1 << 26, &m, err)) == CKPT_OK) {
		ids = calloc(m.head.schema->n_tensors + 1, sizeof(*ids));
		must(id_of_model(&m, ids, &id, err), err);
		if (confirm)
			status = model_confirm(src, ids, err);
		free(ids);
		model_release(&m);
		if (status != CKPT_OK)
			break;
	}
	model_source_close(src);
	return (status);
}

struct packs_file
packs_join(const struct packs_file *a, const struct packs_file *b)
{
	struct packs_file f = { malloc(a->n + b->n), a->n + b->n };

	memcpy(f.data, a->data, a->n);
	memcpy(f.data + a->n, b->data, b->n);
	return (f);
}

static struct schema *
schema_two(uint64_t a, uint64_t b)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct schema *s;

	must(schema_new(&s, &err), &err);
	must(schema_add(s, "a", 1, CKPT_U8, 1, &a, &err), &err);
	must(schema_add(s, "b", 1, CKPT_U8, 1, &b, &err), &err);
	must(schema_finish(s, &err), &err);
	return (s);
}

struct packs_set
packs_set_two(struct packs_random *r, size_t n, uint64_t a, uint64_t b)
{
	struct schema *s = schema_two(a, b);
	struct packs_set set = { n, calloc(n, sizeof(*set.models)) };
	char label[40];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(label, sizeof(label), "m%zu", i);
		set.models[i] = packs_model(r, s, label);
	}
	schema_unref(s);
	return (set);
}

void
packs_same_tensors(const struct model *m, const struct model *expected)
{
	const struct schema *s = m->head.schema;
	size_t i, j;

	assert_string_equal(m->head.label, expected->head.label);
	for (i = 0; i < s->n_tensors; i++) {
		j = schema_find(expected->head.schema, s->tensors[i].name);
		assert_true(j != SIZE_MAX);
		assert_memory_equal(m->data + s->tensors[i].offset,
		    expected->data + expected->head.schema->tensors[j].offset,
		    s->tensors[i].n_bytes);
	}
}
