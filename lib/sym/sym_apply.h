/*
 * sym_apply: applying elements, for the files of this folder.
 */
#ifndef CKPT_SYM_SYM_APPLY_H
#define CKPT_SYM_SYM_APPLY_H

#include "sym/sym_plan.h"

/* Applies `e` (NULL: the identity) and writes each tensor in the dtype that
 * `to` (in's schema, or one that differs in weight dtypes only) has for it.
 * Where that is not exact, *inexact is set and nothing made. */
CKPT_CHECKED enum ckpt_status sym_apply_schema(const struct sym_plan *p,
    const struct sym_element *e, const struct model *in, struct schema *to,
    struct model *out, bool *inexact, struct ckpt_error *err);

/* The schema with other dtypes for its weight tensors: dtypes[i], or `all`
 * where `dtypes` is NULL. */
CKPT_CHECKED enum ckpt_status sym_apply_dtypes(const struct schema *s,
    const enum ckpt_dtype *dtypes, enum ckpt_dtype all, struct schema **out,
    struct ckpt_error *err);

#endif
