/*
 * sym: the exact side of symmetries: group elements, canonical forms, the
 * orbit ID and witnesses.
 */
#ifndef CKPT_SYM_SYM_H
#define CKPT_SYM_SYM_H

#include "graph/graph.h"

/* A table of symmetries bound to a schema: which axis of which tensor each
 * group acts on, and in which order. Immutable; shared by threads. It keeps
 * copies of the table and a reference to the schema. CKPT_INVALID names the
 * tensor that is missing, of a wrong shape, or of a dtype that is not
 * computed with (acted tensors are f16, bf16, f32 or f64). */
struct sym_plan;
CKPT_CHECKED enum ckpt_status sym_plan_new(const struct symmetry *table,
    struct schema *schema, struct sym_plan **out, struct ckpt_error *err);
void sym_plan_free(struct sym_plan *p); /* NULL does nothing */

/* ---- the plan's structure, for whoever works on units ---- */

/* What a group does to one axis of a tensor. */
struct sym_side {
	size_t group;          /* SIZE_MAX: the axis is fixed */
	uint64_t block;        /* indices along the axis a unit; 1 if fixed */
	enum symmetry_action action;
};

/*
 * A tensor that is acted on, seen as a matrix of rows x cols cells of `inner`
 * contiguous elements (kernel positions): element (r, c, k) is number first +
 * r * pitch + c * inner + k of the tensor. A bias has one column. Axis 0 is
 * `row`, axis 1 is `col`, but where axis 0 is 1 long and is not what writes
 * or reads: there axis 1 is `row` (beta of shape (1, n, 1, 1)).
 *
 * Of a tensor whose axes have several lines (behind a concatenation) each
 * part that has one group a side is a tensor here; the parts tile it, also
 * where neither side is acted on. Elsewhere first is 0, pitch cols * inner.
 */
struct sym_tensor {
	size_t index;          /* in schema->tensors */
	uint64_t rows, cols, inner;
	uint64_t first, pitch; /* elements of the tensor */
	struct sym_side row, col;
	uint64_t slices;       /* of the column axis; 1: not sliced */
	uint32_t rank;         /* as in struct symmetry_axis */
};

/* Where a group acts: tensors[tensor].row or .col. */
struct sym_use {
	size_t tensor;         /* index into sym_plan_tensors() */
	bool is_col;
};

const struct symmetry *sym_plan_table(const struct sym_plan *p);
struct schema *sym_plan_schema(const struct sym_plan *p); /* borrowed */

/* The acted tensors in order: rank, more dimensions first (weights before
 * biases), name. */
const struct sym_tensor *sym_plan_tensors(const struct sym_plan *p,
    size_t *n);

/* The uses of a group in the order of the tensors, row before col. What
 * writes its units has action SYMMETRY_OUT, what reads them SYMMETRY_IN.
 * A group of blocks without an axis of its own has none. */
const struct sym_use *sym_plan_uses(const struct sym_plan *p, size_t group,
    size_t *n);

/* The unit of the row's group (or the index, where it is fixed). */
static inline uint64_t
sym_row_unit(const struct sym_tensor *t, uint64_t r)
{
	return (r / t->row.block);
}

/* The unit of the column's group at row r, column c. */
static inline uint64_t
sym_col_unit(const struct sym_tensor *t, uint64_t r, uint64_t c)
{
	if (t->slices > 1)
		c += r / (t->rows / t->slices) * t->cols;
	return (c / t->col.block);
}

/* The elements of `t` from and to the bytes of its tensor (struct model's,
 * from the tensor's offset on): x[rows][cols][inner]. */
void sym_tensor_load(const struct sym_tensor *t, enum ckpt_dtype dtype,
    const unsigned char *data, double *x);
void sym_tensor_store(const struct sym_tensor *t, enum ckpt_dtype dtype,
    const double *x, unsigned char *data);

/* ---- group elements ---- */

/* A group element: for each group and each unit i of the *result*,
 * source[i] is the unit of the input that goes there, and the input's unit
 * is multiplied by sign * 2^exponent. Indices are those of the result. */
struct sym_element {
	size_t n_groups;
	struct sym_unit {
		uint32_t source;
		int32_t exponent;
		int32_t sign; /* 1 or -1 */
	} **units;            /* [group][unit] */
	uint32_t *n_units;
};

CKPT_CHECKED enum ckpt_status sym_element_identity(const struct sym_plan *p,
    struct sym_element *out, struct ckpt_error *err);
void sym_element_release(struct sym_element *e);

/* first a, then b */
CKPT_CHECKED enum ckpt_status sym_element_compose(
    const struct sym_element *a, const struct sym_element *b,
    struct sym_element *out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status sym_element_invert(
    const struct sym_element *e, struct sym_element *out,
    struct ckpt_error *err);

/* Units whose place, sign or scale differs from the identity's. */
uint64_t sym_element_moved(const struct sym_element *e);

/* The element as text (format-spec/ckpt-orbits.md), compact, one line. */
CKPT_CHECKED enum ckpt_status sym_element_print(const struct sym_element *e,
    struct buf *out, struct ckpt_error *err);
/* Checked against the plan: kinds, permutations, blocks, ranges. */
CKPT_CHECKED enum ckpt_status sym_element_parse(const struct sym_plan *p,
    const char *text, struct sym_element *out, struct ckpt_error *err);

/* Applies an element. Tensors keep their dtypes if every value is exact
 * there; else all weight tensors become f32 if that is exact, else f64, else
 * CKPT_LIMIT. `dtype` 0: that rule; otherwise that dtype for all weight
 * tensors, CKPT_LIMIT if a value is not exact in it. -0, NaN payloads and
 * infinities are kept (a sign flips their sign bit). out->head is a copy of
 * in's with the schema that results (in's own where no dtype changed). */
CKPT_CHECKED enum ckpt_status sym_apply(const struct sym_plan *p,
    const struct sym_element *e, const struct model *in,
    enum ckpt_dtype dtype, struct model *out, struct ckpt_error *err);

/* The witness: the element that was applied, and the dtypes of the original
 * where the result has others. */
CKPT_CHECKED enum ckpt_status sym_witness_print(const struct sym_element *e,
    const struct schema *original, const struct schema *result,
    struct buf *out, struct ckpt_error *err);

/* Undoes sym_apply, bit for bit. `p` is the plan of in's schema. */
CKPT_CHECKED enum ckpt_status sym_restore(const struct sym_plan *p,
    const char *witness, const struct model *in, struct model *out,
    struct ckpt_error *err);

/* ---- the exact canonical form ---- */

/* The element that takes a model to its exact canonical form (ckpt-orbits:
 * scale, sign, order). `scale` false: signs and order only. CKPT_LIMIT where
 * the search for the order exceeds the stated limit. */
CKPT_CHECKED enum ckpt_status sym_canonical(const struct sym_plan *p,
    const struct model *m, bool scale, struct sym_element *out,
    struct ckpt_error *err);

/* The orbit's representative: `e` (from sym_canonical) applied to `m`, all
 * floating tensors as f64, -0 as +0, one NaN. Its model preimage under the
 * heading of an orbit is that of the orbit ID. */
CKPT_CHECKED enum ckpt_status sym_representative(const struct sym_plan *p,
    const struct sym_element *e, const struct model *m, struct model *out,
    struct ckpt_error *err);

/* The orbit ID of `m`, whose canonical element is `e`. */
CKPT_CHECKED enum ckpt_status sym_orbit_id_of(const struct sym_plan *p,
    const struct sym_element *e, const struct model *m, struct ckpt_id *out,
    struct ckpt_error *err);

/* Both steps. */
CKPT_CHECKED enum ckpt_status sym_orbit_id(const struct sym_plan *p,
    const struct model *m, struct ckpt_id *out, struct ckpt_error *err);

#endif
