/*
 * sym: the exact side of symmetries: group elements, canonical forms, the
 * orbit ID and witnesses.
 */
#ifndef CKPT_SYM_SYM_H
#define CKPT_SYM_SYM_H

#include "graph/graph.h"

/* A table of symmetries bound to a schema: which axis of which tensor each
 * group acts on, and in which order. Immutable; shared by threads. */
struct sym_plan;
CKPT_CHECKED enum ckpt_status sym_plan_new(const struct symmetry *table,
    struct schema *schema, struct sym_plan **out, struct ckpt_error *err);
void sym_plan_free(struct sym_plan *p); /* NULL does nothing */

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

/* The witness: the element as text (format-spec/ckpt-ids.md), compact. */
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
 * in's with the schema that results. */
CKPT_CHECKED enum ckpt_status sym_apply(const struct sym_plan *p,
    const struct sym_element *e, const struct model *in,
    enum ckpt_dtype dtype, struct model *out, struct ckpt_error *err);

/* The element that takes a model to its exact canonical form (identity.md:
 * scale, sign, order). `scale` false: signs and order only. CKPT_LIMIT where
 * the search for the order exceeds the stated limit. */
CKPT_CHECKED enum ckpt_status sym_canonical(const struct sym_plan *p,
    const struct model *m, bool scale, struct sym_element *out,
    struct ckpt_error *err);

/* The orbit ID: of the canonical form. */
CKPT_CHECKED enum ckpt_status sym_orbit_id(const struct sym_plan *p,
    const struct model *m, struct ckpt_id *out, struct ckpt_error *err);

#endif
