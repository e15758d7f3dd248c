/*
 * npy: the header of NumPy's array files (format versions 1 to 3).
 */
#ifndef CKPT_FOREIGN_NPY_H
#define CKPT_FOREIGN_NPY_H

#include "base/base.h"

#define NPY_MAX_DIMS 8
#define NPY_MAX_HEADER 65536 /* bytes of the header's text */

struct npy_header {
	enum ckpt_dtype dtype;
	bool is_swapped;  /* elements are big-endian */
	bool is_fortran;  /* column-major */
	unsigned n_dims;
	uint64_t dims[NPY_MAX_DIMS];
};

/* Reads the magic and the header. */
CKPT_CHECKED enum ckpt_status npy_header_read(struct bytes *in,
    struct npy_header *out, struct ckpt_error *err);

/* Appends a whole header, padded with spaces so that the data begin at a
 * multiple of 64 bytes and not before `min_size`. CKPT_USAGE for a dtype
 * that NumPy does not have. */
CKPT_CHECKED enum ckpt_status npy_header_print(const struct npy_header *h,
    size_t min_size, struct buf *out, struct ckpt_error *err);

#endif
