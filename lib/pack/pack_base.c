/*
 * pack_base: the tensors of packs, found by ID, by name and by what moving
 * does not change.
 */
#include "id/id.h"
#include "pack/dedup.h"
#include "pack/index.h"

struct base_tensor {
	struct ckpt_id id;
	uint64_t ordinal;      /* model in its pack */
	uint32_t pack, tensor;
};

struct pack_base {
	struct pack_bases bases;
	size_t n_packs;
	struct pack_index **packs;
	struct buf tensors;    /* struct base_tensor */
	struct lookup ids, named, moved; /* index into tensors */
	size_t n_printed;      /* of the tensors: they are in `moved` */
};

static const struct base_tensor *
tensors_of(const struct pack_base *b)
{
	return ((const void *)b->tensors.data);
}

static const struct base_tensor *
find(const struct pack_base *b, const struct ckpt_id *id)
{
	const struct base_tensor *t = tensors_of(b);
	uint64_t i;

	if (!lookup_get(&b->ids, le64_load(id->bytes), &i) ||
	    !id_equal(&t[i].id, id))
		return (NULL);
	return (&t[i]);
}

static enum ckpt_status
base_read(void *arg, const struct ckpt_id *tensor, uint64_t begin, void *out,
    uint32_t n, unsigned limit, unsigned *height, struct ckpt_error *err)
{
	const struct pack_base *b = arg;
	const struct base_tensor *t = find(b, tensor);

	*height = 0;
	return (t == NULL ? CKPT_END : pack_index_base(b->packs[t->pack],
	    t->ordinal, t->tensor, begin, out, n, limit, height, err));
}

static enum ckpt_status
base_same(void *arg, const struct ckpt_id *tensor, bool *found,
    struct ckpt_error *err)
{
	(void)err;
	*found = find(arg, tensor) != NULL;
	return (CKPT_OK);
}

/* A tensor's description, valid until the pack's next group is read. */
static enum ckpt_status
describe(const struct pack_base *b, const struct base_tensor *t,
    const struct tensor_desc **out, struct ckpt_error *err)
{
	struct pack_index *x = b->packs[t->pack];
	enum ckpt_status status = index_group_of(x, t->ordinal, err);

	if (status == CKPT_OK)
		*out = &x->group.schema->tensors[t->tensor];
	return (status);
}

static enum ckpt_status
base_near(void *arg, const struct schema *schema, size_t tensor,
    struct ckpt_id *base, uint64_t *n_bytes, bool *found,
    struct ckpt_error *err)
{
	const struct pack_base *b = arg;
	const struct base_tensor *t = tensors_of(b);
	const struct tensor_desc *d;
	enum ckpt_status status;
	uint64_t i;

	*found = lookup_get(&b->named,
	    dedup_name_key(&schema->tensors[tensor]), &i);
	if (!*found)
		return (CKPT_OK);
	status = describe(b, &t[i], &d, err);
	if (status != CKPT_OK)
		return (status);
	*base = t[i].id;
	*n_bytes = d->n_bytes;
	return (CKPT_OK);
}

/* The print of a tensor; of one that is damaged there is none. */
static enum ckpt_status
print_tensor(struct pack_base *b, size_t i, struct ckpt_error *err)
{
	const struct base_tensor *t = &tensors_of(b)[i];
	const struct tensor_desc *d;
	struct moved_print print;
	struct moved_shape shape;
	struct ckpt_error why;
	unsigned char *raw;
	enum ckpt_status status;
	uint64_t first;

	status = describe(b, t, &d, err);
	if (status != CKPT_OK || !moved_shape_of(d, &shape))
		return (status);
	raw = malloc((size_t)d->n_bytes + 1);
	if (raw == NULL)
		return (error_nomem(err, d->n_bytes));
	if (pack_index_read(b->packs[t->pack], t->ordinal, t->tensor, raw,
	    &why) == CKPT_OK) {
		status = moved_print_of(&shape, raw, &print, err);
		if (status == CKPT_OK && !lookup_get(&b->moved, print.all,
		    &first))
			status = lookup_set(&b->moved, print.all, i, err);
		if (status == CKPT_OK)
			moved_print_release(&print);
	}
	free(raw);
	return (status);
}

/* The first question reads all tensors. */
static enum ckpt_status
base_moved(void *arg, const struct tensor_desc *t, uint64_t print,
    struct ckpt_id *base, bool *found, struct ckpt_error *err)
{
	struct pack_base *b = arg;
	const struct tensor_desc *d;
	enum ckpt_status status = CKPT_OK;
	size_t n = b->tensors.len / sizeof(struct base_tensor);
	uint64_t i;

	while (b->n_printed < n && status == CKPT_OK)
		status = print_tensor(b, b->n_printed++, err);
	*found = status == CKPT_OK && lookup_get(&b->moved, print, &i);
	if (!*found)
		return (status);
	status = describe(b, &tensors_of(b)[i], &d, err);
	if (status != CKPT_OK)
		return (status);
	*found = d->n_bytes == t->n_bytes;
	*base = tensors_of(b)[i].id;
	return (CKPT_OK);
}

enum ckpt_status
pack_base_new(struct pack_base **out, struct ckpt_error *err)
{
	struct pack_base *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return (error_nomem(err, sizeof(*b)));
	buf_init(&b->tensors, SIZE_MAX / 2);
	b->bases.arg = b;
	b->bases.read = base_read;
	b->bases.same = base_same;
	b->bases.near = base_near;
	b->bases.moved = base_moved;
	*out = b;
	return (CKPT_OK);
}

void
pack_base_free(struct pack_base *b)
{
	size_t i;

	if (b == NULL)
		return;
	for (i = 0; i < b->n_packs; i++)
		pack_index_free(b->packs[i]);
	free(b->packs);
	buf_release(&b->tensors);
	lookup_release(&b->ids);
	lookup_release(&b->named);
	lookup_release(&b->moved);
	free(b);
}

const struct pack_bases *
pack_base_bases(const struct pack_base *b)
{
	return (&b->bases);
}

/* The tensors of one model; the last one of a name is the nearest. */
static enum ckpt_status
add_model(struct pack_base *b, uint64_t ordinal, struct ckpt_error *err)
{
	struct pack_index *x = b->packs[b->n_packs - 1];
	struct base_tensor t = { .ordinal = ordinal,
	    .pack = (uint32_t)(b->n_packs - 1) };
	const struct ckpt_id *ids;
	enum ckpt_status status;
	uint64_t at, i;

	status = pack_index_tensor_ids(x, ordinal, &ids, err);
	for (i = 0; status == CKPT_OK && ids != NULL &&
	    i < x->group.schema->n_tensors; i++) {
		if (x->group.schema->tensors[i].n_bytes < DEDUP_MIN_TENSOR)
			continue;
		t.id = ids[i];
		t.tensor = (uint32_t)i;
		at = b->tensors.len / sizeof(t);
		status = buf_append(&b->tensors, &t, sizeof(t), err);
		if (status == CKPT_OK)
			status = lookup_set(&b->ids,
			    le64_load(ids[i].bytes), at, err);
		if (status == CKPT_OK)
			status = lookup_set(&b->named, dedup_name_key(
			    &x->group.schema->tensors[i]), at, err);
	}
	return (status);
}

enum ckpt_status
pack_base_add(struct pack_base *b, struct bytes *in,
    const struct pack_reader_options *options, struct ckpt_error *err)
{
	struct pack_reader_options o = *options;
	struct pack_index **packs, *x;
	enum ckpt_status status;
	uint64_t i;

	o.bases = &b->bases;
	status = pack_index_open(in, &o, &x, err);
	if (status != CKPT_OK)
		return (status);
	packs = realloc(b->packs, (b->n_packs + 1) * sizeof(*packs));
	if (packs == NULL) {
		pack_index_free(x);
		return (error_nomem(err, sizeof(struct pack_index *)));
	}
	b->packs = packs;
	b->packs[b->n_packs++] = x;
	for (i = 0; i < pack_index_n_models(x) && status == CKPT_OK; i++)
		status = add_model(b, i, err);
	return (status);
}
