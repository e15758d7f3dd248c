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
	bool is_outside;       /* it refers to what stands outside */
};

/* A base may refer to another tensor of its own pack, which then is read
 * while it is read: by a further index. */
struct base_pack {
	struct bytes *in;         /* the first index's */
	struct pack_reader_options options;
	struct pack_index *levels[WIRE_MAX_DEPTH + 1]; /* NULL: not yet */
};

struct pack_base {
	struct pack_bases bases;
	size_t n_packs;
	struct base_pack *packs;
	struct buf tensors;    /* struct base_tensor */
	struct lookup ids, named, moved; /* index into tensors; of several of
	                          one ID the first that refers to nothing
	                          outside, since another may lead back to
	                          itself */
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

/* Bytes that another source holds. */
static enum ckpt_status
borrowed_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	(void)ctx, (void)out, (void)n, (void)got;
	return (error_set(err, CKPT_USAGE, "only for random access"));
}

static enum ckpt_status
borrowed_pread(void *ctx, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	return (bytes_pread(ctx, out, n, offset, err));
}

static void
borrowed_close(void *ctx)
{
	(void)ctx;
}

static const struct bytes_ops borrowed_ops = {
	.read = borrowed_read,
	.pread = borrowed_pread,
	.close = borrowed_close
};

/* An index of the pack that is not reading at this moment. */
static enum ckpt_status
idle_index(struct base_pack *p, const struct ckpt_id *tensor,
    struct pack_index **out, struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	enum ckpt_status status;
	struct bytes *in;
	uint64_t size;
	unsigned i;

	for (i = 0; i <= WIRE_MAX_DEPTH; i++) {
		if (p->levels[i] == NULL) {
			(void)bytes_is_random(p->in, &size);
			status = bytes_new(&borrowed_ops, p->in, size, &in,
			    err);
			if (status == CKPT_OK)
				status = pack_index_open(in, &p->options,
				    &p->levels[i], err);
			if (status != CKPT_OK)
				return (status);
		}
		*out = p->levels[i];
		if (!p->levels[i]->is_reading)
			return (CKPT_OK);
	}
	id_hex(tensor, hex);
	return (error_at(err, CKPT_CORRUPT, 0, "15", "bases lead back to "
	    "tensor %s, or through too many", hex));
}

static enum ckpt_status
base_read(void *arg, const struct ckpt_id *tensor, uint64_t begin, void *out,
    uint32_t n, unsigned limit, unsigned *height, struct ckpt_error *err)
{
	const struct pack_base *b = arg;
	const struct base_tensor *t = find(b, tensor);
	struct pack_index *x;
	enum ckpt_status status;

	*height = 0;
	if (t == NULL)
		return (CKPT_END);
	status = idle_index(&b->packs[t->pack], tensor, &x, err);
	return (status != CKPT_OK ? status : pack_index_base(x, t->ordinal,
	    t->tensor, begin, out, n, limit, height, err));
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
	struct pack_index *x = b->packs[t->pack].levels[0];
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
	    pack_base_key(&schema->tensors[tensor]), &i);
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
	struct moved_shape shape;
	struct ckpt_error why;
	unsigned char *raw;
	enum ckpt_status status;
	uint64_t first, key;

	status = describe(b, t, &d, err);
	if (status != CKPT_OK || !moved_shape_of(d, &shape))
		return (status);
	raw = malloc((size_t)d->n_bytes + 1);
	if (raw == NULL)
		return (error_nomem(err, d->n_bytes));
	if (pack_index_read(b->packs[t->pack].levels[0], t->ordinal,
	    t->tensor, raw, &why) == CKPT_OK) {
		key = moved_key_of(&shape, raw);
		if (!lookup_get(&b->moved, key, &first))
			status = lookup_set(&b->moved, key, i, err);
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

uint64_t
pack_base_key(const struct tensor_desc *t)
{
	uint64_t part[2 + CKPT_MAX_DIMS] = { 0 };
	unsigned i;

	part[0] = xxh3_64(t->name, strlen(t->name));
	part[1] = (uint64_t)t->dtype << 8 | t->n_dims;
	for (i = 1; i < t->n_dims; i++)
		part[1 + i] = t->dims[i];
	return (xxh3_64(part, sizeof(part)));
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
	unsigned k;

	if (b == NULL)
		return;
	for (i = 0; i < b->n_packs; i++)
		for (k = WIRE_MAX_DEPTH + 1; k-- > 0;)
			pack_index_free(b->packs[i].levels[k]);
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

/* A tensor of a model that refers to what stands outside of its pack. */
struct leaving {
	uint64_t ordinal;
	size_t tensor;
};

/* Notes one in a buf of them, which stays in order. */
static enum ckpt_status
note_leaving(void *arg, uint64_t ordinal, size_t tensor,
    const struct ckpt_id *base, struct ckpt_error *err)
{
	struct leaving l = { ordinal, tensor };

	(void)base;
	return (buf_append(arg, &l, sizeof(l), err));
}

/* Whether the tensor is the next of these, or several of them. */
static bool
take_leaving(const struct buf *leaving, size_t *next, uint64_t ordinal,
    size_t tensor)
{
	const struct leaving *l = (const void *)leaving->data;
	bool found = false;

	for (; *next < leaving->len / sizeof(*l) &&
	    (l[*next].ordinal < ordinal || (l[*next].ordinal == ordinal &&
	    l[*next].tensor <= tensor)); ++*next)
		found = l[*next].ordinal == ordinal &&
		    l[*next].tensor == tensor;
	return (found);
}

static enum ckpt_status
add_id(struct pack_base *b, const struct base_tensor *t, size_t at,
    struct ckpt_error *err)
{
	const struct base_tensor *first = find(b, &t->id);

	if (first != NULL && (!first->is_outside || t->is_outside))
		return (CKPT_OK);
	return (lookup_set(&b->ids, le64_load(t->id.bytes), at, err));
}

/* The tensors of one model; the last one of a name is the nearest. */
static enum ckpt_status
add_model(struct pack_base *b, uint64_t ordinal, const struct buf *leaving,
    size_t *next, struct ckpt_error *err)
{
	struct pack_index *x = b->packs[b->n_packs - 1].levels[0];
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
		t.is_outside = take_leaving(leaving, next, ordinal, i);
		at = b->tensors.len / sizeof(t);
		status = buf_append(&b->tensors, &t, sizeof(t), err);
		if (status == CKPT_OK)
			status = add_id(b, &t, at, err);
		if (status == CKPT_OK)
			status = lookup_set(&b->named, pack_base_key(
			    &x->group.schema->tensors[i]), at, err);
	}
	return (status);
}

enum ckpt_status
pack_base_add(struct pack_base *b, struct bytes *in,
    const struct pack_reader_options *options, struct ckpt_error *err)
{
	struct base_pack *packs, p = { .in = in, .options = *options };
	struct buf leaving = BUF_INIT(SIZE_MAX / 2);
	struct pack_index *x;
	enum ckpt_status status;
	size_t next = 0;
	uint64_t i;

	p.options.bases = &b->bases;
	status = pack_index_open(in, &p.options, &p.levels[0], err);
	if (status != CKPT_OK)
		return (status);
	x = p.levels[0];
	packs = realloc(b->packs, (b->n_packs + 1) * sizeof(*packs));
	if (packs == NULL) {
		pack_index_free(x);
		return (error_nomem(err, sizeof(*packs)));
	}
	b->packs = packs;
	b->packs[b->n_packs++] = p;
	status = pack_index_outside(x, note_leaving, &leaving, err);
	for (i = 0; i < pack_index_n_models(x) && status == CKPT_OK; i++)
		status = add_model(b, i, &leaving, &next, err);
	buf_release(&leaving);
	return (status);
}
