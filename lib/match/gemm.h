/*
 * gemm: products of matrices of floats, compiled once for each instruction
 * set. Private to match/.
 */
#ifndef CKPT_MATCH_GEMM_H
#define CKPT_MATCH_GEMM_H

#include <stddef.h>

/* A matrix in memory: element (i, j) is p[i * down + j * right]. */
struct gemm_matrix {
	const float *p;
	size_t down, right;
};

/* c[m][n] += a[m][k] * b[n][k]^T, c row-major with `stride` from one row to
 * the next. In a fixed order for each path; paths differ by rounding. */
typedef void gemm_add(size_t m, size_t n, size_t k,
    const struct gemm_matrix *a, const struct gemm_matrix *b, float *c,
    size_t stride);

/* The paths from the fastest on; NULL for one that this CPU has not. */
#define GEMM_PATHS 3
gemm_add *gemm_path(unsigned i);
gemm_add *gemm_best(void);

gemm_add gemm_generic;
gemm_add gemm_avx2;   /* only on x86-64 */
gemm_add gemm_avx512; /* only on x86-64 */

#endif
