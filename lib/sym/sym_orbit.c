/* The orbit's representative and its ID: ckpt-orbits 5. */
#include "sym/sym_apply.h"
#include "sym/sym_bits.h"
#include "sym/sym_gather.h"

#define CHUNK 1024 /* elements of a tensor that is only converted */

/* -0 as +0, every NaN as one. */
static void
normalise(uint64_t *bits, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (bits[i] == SYM_BITS_SIGN)
			bits[i] = 0;
		else if ((bits[i] & ~SYM_BITS_SIGN) >
		    UINT64_C(0x7ff) << 52)
			bits[i] = SYM_BITS_NAN;
}

/* Rows of the representative of one floating tensor, handed to `put` as
 * little-endian bytes. */
typedef void put_func(void *arg, const void *data, size_t n);

static void
put_row(uint64_t *row, size_t n, put_func *put, void *arg)
{
	size_t i;

	normalise(row, n);
	for (i = 0; i < n; i++)
		le64_store((unsigned char *)&row[i], row[i]);
	put(arg, row, n * sizeof(*row));
}

/* A float dtype that is not acted on: carried, as f64. */
static void
put_converted(const struct tensor_desc *desc, const unsigned char *data,
    put_func *put, void *arg)
{
	size_t width = dtype_bits(desc->dtype) / 8, i, n;
	uint64_t bits[CHUNK];
	double x[CHUNK];

	for (i = 0; i < desc->n_elements; i += n) {
		n = desc->n_elements - i;
		if (n > CHUNK)
			n = CHUNK;
		dtype_to_f64(desc->dtype, data + i * width, x, n);
		memcpy(bits, x, n * sizeof(*x));
		put_row(bits, n, put, arg);
	}
}

static enum ckpt_status
put_tensor(struct sym_gather *g, size_t index, put_func *put, void *arg,
    struct ckpt_error *err)
{
	const struct model *m = g->m;
	const struct tensor_desc *desc = &m->head.schema->tensors[index];
	size_t n;
	uint64_t r;

	if (!dtype_is_float(desc->dtype)) {
		put(arg, m->data + desc->offset, (size_t)desc->n_bytes);
		return (CKPT_OK);
	}
	if (!dtype_is_weight(desc->dtype)) {
		put_converted(desc, m->data + desc->offset, put, arg);
		return (CKPT_OK);
	}
	sym_gather_tensor(g, index);
	for (r = 0; r < g->rows; r++) {
		n = sym_gather_row(g, r);
		put_row(g->row, n, put, arg);
	}
	if (g->inexact)
		return (error_set(err, CKPT_LIMIT,
		    "the tensor \"%.200s\" leaves the range of f64 when it "
		    "is rescaled: this orbit has no ID", desc->name));
	return (CKPT_OK);
}

static void
put_hash(void *arg, const void *data, size_t n)
{
	sha256_update(arg, data, n);
}

/* One line of the orbit's preimage. */
static enum ckpt_status
add_tensor(struct sym_gather *g, size_t index, struct sha256 *of_tensor,
    struct sha256 *of_orbit, struct ckpt_error *err)
{
	struct tensor_desc desc = g->m->head.schema->tensors[index];
	struct ckpt_id id;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st;

	if (dtype_is_float(desc.dtype))
		desc.dtype = CKPT_F64;
	st = id_tensor_begin(of_tensor, &desc, err);
	if (st == CKPT_OK)
		st = put_tensor(g, index, put_hash, of_tensor, err);
	if (st != CKPT_OK)
		return (st);
	sha256_final(of_tensor, &id);
	id_hex(&id, hex);
	sha256_update(of_orbit, hex, ID_HEX_SIZE - 1);
	sha256_update(of_orbit, "  ", 2);
	sha256_update(of_orbit, desc.name, strlen(desc.name));
	sha256_update(of_orbit, "\n", 1);
	return (CKPT_OK);
}

enum ckpt_status
sym_orbit_id_of(const struct sym_plan *p, const struct sym_element *e,
    const struct model *m, struct ckpt_id *out, struct ckpt_error *err)
{
	static const char heading[] = "ckpt orbit 1\n";
	const struct schema *s = m->head.schema;
	struct sha256 *of_tensor, *of_orbit;
	struct sym_gather g;
	char hex[ID_HEX_SIZE];
	size_t i;
	enum ckpt_status st;

	st = sym_plan_check(p, s, err);
	if (st != CKPT_OK)
		return (st);
	st = sha256_new(&of_tensor, err);
	if (st != CKPT_OK)
		return (st);
	st = sha256_new(&of_orbit, err);
	if (st != CKPT_OK)
		goto err0;
	st = sym_gather_new(p, e, m, &g, err);
	if (st != CKPT_OK)
		goto err1;
	sha256_reset(of_orbit);
	id_hex(&p->id, hex);
	hex[ID_HEX_SIZE - 1] = '\n';
	sha256_update(of_orbit, heading, strlen(heading));
	sha256_update(of_orbit, hex, ID_HEX_SIZE);
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++)
		st = add_tensor(&g, s->by_name[i], of_tensor, of_orbit, err);
	if (st == CKPT_OK)
		sha256_final(of_orbit, out);
	sym_gather_release(&g);
err1:
	sha256_free(of_orbit);
err0:
	sha256_free(of_tensor);
	return (st);
}

enum ckpt_status
sym_orbit_id(const struct sym_plan *p, const struct model *m,
    struct ckpt_id *out, struct ckpt_error *err)
{
	struct sym_element e;
	enum ckpt_status st = sym_canonical(p, m, true, &e, err);

	if (st != CKPT_OK)
		return (st);
	st = sym_orbit_id_of(p, &e, m, out, err);
	sym_element_release(&e);
	return (st);
}

/* ---- the representative as a model ---- */

static void
put_memory(void *arg, const void *data, size_t n)
{
	unsigned char **at = arg;

	memcpy(*at, data, n);
	*at += n;
}

static enum ckpt_status
representative_schema(const struct schema *s, struct schema **out,
    struct ckpt_error *err)
{
	const struct tensor_desc *t;
	struct schema *r;
	size_t i;
	enum ckpt_status st;

	st = schema_new(&r, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++) {
		t = &s->tensors[i];
		st = schema_add(r, t->name, strlen(t->name),
		    dtype_is_float(t->dtype) ? CKPT_F64 : t->dtype,
		    t->n_dims, t->dims, err);
	}
	if (st == CKPT_OK)
		st = schema_finish(r, err);
	if (st == CKPT_OK)
		st = schema_set_symmetry(r, s->symmetry, err);
	if (st != CKPT_OK) {
		schema_unref(r);
		return (st);
	}
	*out = r;
	return (CKPT_OK);
}

enum ckpt_status
sym_representative(const struct sym_plan *p, const struct sym_element *e,
    const struct model *m, struct model *out, struct ckpt_error *err)
{
	const struct schema *s = m->head.schema;
	struct model r = { 0 };
	struct schema *to;
	struct sym_gather g;
	unsigned char *at;
	size_t i;
	enum ckpt_status st;

	st = sym_plan_check(p, s, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_gather_new(p, e, m, &g, err);
	if (st != CKPT_OK)
		return (st);
	st = representative_schema(s, &to, err);
	if (st != CKPT_OK)
		goto err0;
	st = model_head_copy(&m->head, &r.head, err);
	if (st != CKPT_OK) {
		schema_unref(to);
		goto err0;
	}
	schema_unref(r.head.schema);
	r.head.schema = to;
	st = model_alloc(&r, err);
	if (st != CKPT_OK)
		goto err1;
	at = r.data;
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++)
		st = put_tensor(&g, i, put_memory, &at, err);
	if (st != CKPT_OK)
		goto err2;
	sym_gather_release(&g);
	*out = r;
	return (CKPT_OK);

err2:
	free(r.data);
err1:
	model_head_release(&r.head);
err0:
	sym_gather_release(&g);
	return (st);
}
