#include "base/banned.h"
#include "diff.h"

/* Bytes of one side that are held at a time; whole elements of any dtype. */
#define CHUNK ((size_t)768 * 1024)

/* The bytes [offset, offset + n) of a side. A source is read forwards. */
static enum ckpt_status
side_read(struct diff_side *s, uint64_t offset, size_t n, unsigned char *out,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	size_t m;

	if (s->source == NULL) {
		memcpy(out, s->data + offset, n);
		return (CKPT_OK);
	}
	while (s->at < offset) {
		m = offset - s->at < CHUNK ? (size_t)(offset - s->at) : CHUNK;
		st = model_read(s->source, out, m, err);
		if (st != CKPT_OK)
			return (st);
		s->at += m;
	}
	st = model_read(s->source, out, n, err);
	if (st == CKPT_OK)
		s->at += n;
	return (st);
}

enum ckpt_status
diff_load(struct diff_side *s, struct model *out, struct ckpt_error *err)
{
	struct model m = { .data = NULL };
	enum ckpt_status st;

	st = model_head_copy(s->head, &m.head, err);
	if (st != CKPT_OK)
		return (st);
	st = model_alloc(&m, err);
	if (st == CKPT_OK)
		st = side_read(s, 0, (size_t)m.head.schema->n_bytes, m.data,
		    err);
	if (st != CKPT_OK) {
		model_release(&m);
		return (st);
	}
	*out = m;
	return (CKPT_OK);
}

static bool
same_shape(const struct tensor_desc *a, const struct tensor_desc *b)
{
	return (a->n_dims == b->n_dims &&
	    memcmp(a->dims, b->dims, a->n_dims * sizeof(*a->dims)) == 0);
}

/* Whether the tensors that both have follow one another in one order, so
 * that both sides can be read front to back. */
static bool
same_order(const struct schema *a, const struct schema *b)
{
	size_t i, j;
	uint64_t last = 0;

	for (i = 0; i < a->n_tensors; i++) {
		j = schema_find(b, a->tensors[i].name);
		if (j == SIZE_MAX)
			continue;
		if (b->tensors[j].offset < last)
			return (false);
		last = b->tensors[j].offset;
	}
	return (true);
}

static size_t
bytes_of(const struct tensor_desc *t, size_t n)
{
	return (n * dtype_bits(t->dtype) / 8);
}

static enum ckpt_status
compare_tensor(const struct tensor_desc *a, const struct tensor_desc *b,
    struct diff_side *p, struct diff_side *q, unsigned char *buffers,
    struct compare *c, struct ckpt_error *err)
{
	size_t n, step = CHUNK / 8;
	uint64_t i;
	enum ckpt_status st;

	compare_begin(c, a->dtype, b->dtype);
	for (i = 0; i < a->n_elements; i += n) {
		n = a->n_elements - i < step ? (size_t)(a->n_elements - i) :
		    step;
		st = side_read(p, a->offset + i * dtype_bits(a->dtype) / 8,
		    bytes_of(a, n), buffers, err);
		if (st != CKPT_OK)
			return (st);
		st = side_read(q, b->offset + i * dtype_bits(b->dtype) / 8,
		    bytes_of(b, n), buffers + CHUNK, err);
		if (st != CKPT_OK)
			return (st);
		compare_add(c, buffers, buffers + CHUNK, n);
	}
	return (CKPT_OK);
}

/* A tensor of a, and b's of the same name if there is one. */
static enum ckpt_status
diff_tensor(struct diff *d, const char *label, const struct tensor_desc *t,
    const struct tensor_desc *u, struct diff_side *a, struct diff_side *b,
    unsigned char *buffers, bool *differ, struct ckpt_error *err)
{
	enum diff_result result = DIFF_EQUAL;
	struct compare c;
	enum ckpt_status st;

	if (u == NULL || !same_shape(t, u)) {
		*differ = true;
		return (diff_put_tensor(d, label, t, u, u == NULL ?
		    DIFF_ONLY_A : DIFF_SHAPE, NULL, err));
	}
	st = compare_tensor(t, u, a, b, buffers, &c, err);
	if (st != CKPT_OK)
		return (st);
	if (t->dtype != u->dtype)
		result = DIFF_DTYPE;
	if (!compare_is_equal(&c))
		result = DIFF_NUMBERS;
	*differ |= result != DIFF_EQUAL;
	return (diff_put_tensor(d, label, t, u, result, &c, err));
}

static enum ckpt_status
diff_tensors(struct diff *d, const char *label, struct diff_side *a,
    struct diff_side *b, unsigned char *buffers, bool *differ,
    struct ckpt_error *err)
{
	const struct schema *s = a->head->schema, *t = b->head->schema;
	bool is_short = d->is_brief || d->cli.quiet;
	enum ckpt_status st;
	size_t i, j;

	for (i = 0; i < s->n_tensors && !(is_short && *differ); i++) {
		j = schema_find(t, s->tensors[i].name);
		st = diff_tensor(d, label, &s->tensors[i],
		    j == SIZE_MAX ? NULL : &t->tensors[j], a, b, buffers,
		    differ, err);
		if (st != CKPT_OK)
			return (st);
	}
	for (j = 0; j < t->n_tensors; j++) {
		if (schema_find(s, t->tensors[j].name) != SIZE_MAX)
			continue;
		*differ = true;
		st = diff_put_tensor(d, label, NULL, &t->tensors[j],
		    DIFF_ONLY_B, NULL, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (CKPT_OK);
}

enum ckpt_status
diff_models(struct diff *d, const char *label, struct diff_side *a,
    struct diff_side *b, bool *differ, struct ckpt_error *err)
{
	struct model whole = { .data = NULL };
	struct diff_side in_memory;
	unsigned char *buffers;
	enum ckpt_status st = CKPT_OK;

	*differ = false;
	buffers = malloc(2 * CHUNK);
	if (buffers == NULL)
		return (error_nomem(err, 2 * CHUNK));
	if (b->source != NULL && !same_order(a->head->schema,
	    b->head->schema)) {
		st = diff_load(b, &whole, err);
		in_memory = (struct diff_side){ .head = &whole.head,
		    .data = whole.data };
		b = &in_memory;
	}
	if (st == CKPT_OK)
		st = diff_tensors(d, label, a, b, buffers, differ, err);
	if (whole.data != NULL)
		model_release(&whole);
	free(buffers);
	return (st);
}

enum ckpt_status
diff_pair(struct diff *d, const char *label, struct diff_side *a,
    struct diff_side *b, struct ckpt_error *err)
{
	struct model p, q;
	enum ckpt_status st;
	bool differ = false;

	if (!d->is_modulo) {
		st = diff_models(d, label, a, b, &differ, err);
		goto out;
	}
	st = diff_load(a, &p, err);
	if (st != CKPT_OK)
		return (st);
	st = diff_load(b, &q, err);
	if (st == CKPT_OK) {
		st = diff_modulo(d, label, &p, &q, &differ, err);
		model_release(&q);
	}
	model_release(&p);
out:
	if (st != CKPT_OK)
		return (st);
	d->n_differ += differ;
	return (!differ ? CKPT_OK : diff_put_brief(d, label, a->head->label,
	    b->head->label, err));
}
