/*
 * schema: what models of one kind have in common: names, dtypes and shapes
 * of their tensors, in the order in which their bytes follow one another.
 *
 * A schema is immutable once made and counted by references, so that models
 * of one collection share one. The count is atomic: schemas may be shared
 * by threads.
 */
#ifndef CKPT_BASE_SCHEMA_H
#define CKPT_BASE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ckpt.h"

struct tensor_desc {
	char *name;          /* valid UTF-8, no NUL, LF, CR */
	enum ckpt_dtype dtype;
	unsigned n_dims;     /* 0 for a scalar */
	uint64_t *dims;
	uint64_t n_elements;
	uint64_t n_bytes;
	uint64_t offset;     /* of its first byte among the model's bytes */
};

/* How the source file wrote its header, so that it can be written again
 * byte for byte. The __metadata__ object's text is not here but with each
 * model (struct model_head): models of a collection differ in it. */
struct schema_layout {
	unsigned char *before; /* header text up to the metadata object */
	size_t n_before;
	unsigned char *after;  /* and after it, padding included */
	size_t n_after;
};

struct schema {
	size_t n_tensors;
	struct tensor_desc *tensors; /* in stream order */
	size_t *by_name;             /* indices of tensors sorted by name */
	uint64_t n_bytes;            /* of one model */
	bool has_layout;
	struct schema_layout layout;
	char *symmetry;   /* table of symmetries (ckpt-orbits 1), or NULL */
	_Atomic int refs; /* private */
};

/* An unfinished schema with one reference. */
CKPT_CHECKED enum ckpt_status schema_new(struct schema **out,
    struct ckpt_error *err);

/* Adds a tensor at the end. Checks name, dims, overflow and whole bytes;
 * CKPT_INVALID says which of them is wrong. */
CKPT_CHECKED enum ckpt_status schema_add(struct schema *s, const char *name,
    size_t n_name, enum ckpt_dtype dtype, unsigned n_dims,
    const uint64_t *dims, struct ckpt_error *err);

/* Sorts, and refuses duplicate names. Required before any other use. */
CKPT_CHECKED enum ckpt_status schema_finish(struct schema *s,
    struct ckpt_error *err);

/* Copies the layout's texts in, before schema_finish or after a copy. */
CKPT_CHECKED enum ckpt_status schema_set_layout(struct schema *s,
    const void *before, size_t n_before, const void *after, size_t n_after,
    struct ckpt_error *err);

/* Sets (NULL: removes) the table of symmetries of a schema that is not
 * shared yet. */
CKPT_CHECKED enum ckpt_status schema_set_symmetry(struct schema *s,
    const char *table, struct ckpt_error *err);

/* A new schema of the tensors chosen by `keep` (n_tensors flags, NULL: all),
 * with float tensors of dtype `weight_dtype` instead where that is not 0.
 * The layout is kept only if all tensors are kept as they are. */
CKPT_CHECKED enum ckpt_status schema_derive(const struct schema *s,
    const bool *keep, enum ckpt_dtype weight_dtype, struct schema **out,
    struct ckpt_error *err);

struct schema *schema_ref(struct schema *s);
void schema_unref(struct schema *s); /* NULL does nothing */

/* Same tensors in the same order, same layout, same symmetries. */
bool schema_equal(const struct schema *a, const struct schema *b);

/* Index of a tensor by name, or SIZE_MAX. */
size_t schema_find(const struct schema *s, const char *name);

/* Name of the dtype that all tensors have, or "mixed", or "none". */
const char *schema_dtype_name(const struct schema *s);

/* Number of elements of all tensors. */
uint64_t schema_n_elements(const struct schema *s);

#endif
