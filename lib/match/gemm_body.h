/*
 * gemm_body: what gemm.h promises, for the instruction set that the including
 * file is compiled for; GEMM_NAME is the function's name. c is cut into tiles
 * that fit the registers; for each column of tiles the numbers of b are
 * brought into the order in which they are needed, those of a are read where
 * they are.
 */
#include <string.h>

#include "match/gemm.h"

#if defined(__AVX512F__)
#define LANES 16
#define ROWS 12 /* of a tile: 24 sums in 32 registers */
#elif defined(__AVX2__)
#define LANES 8
#define ROWS 6  /* 12 sums in 16 registers */
#else
#define LANES 4
#define ROWS 6
#endif
#define COLS (2 * LANES)
#define DEPTH 256 /* terms at a time: a column of tiles' b fits the L1 cache */

/* A loop whose bounds are constants, to be written out. */
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4),
    may_alias));

/* Numbers [from, from + k) of rows [j, j + n) of b to [k][COLS]. */
static void
pack(const struct gemm_matrix *b, size_t j, size_t n, size_t from, size_t k,
    float *out)
{
	const float *p = b->p + j * b->down + from * b->right;
	size_t i, x;

	if (n < COLS)
		memset(out, 0, k * COLS * sizeof(*out));
	if (n == COLS && b->down == 1) {
		for (i = 0; i < k; i++)
			memcpy(out + i * COLS, p + i * b->right,
			    COLS * sizeof(*out));
	} else if (n == COLS) {
		for (i = 0; i < k; i++)
			for (x = 0; x < COLS; x++)
				out[i * COLS + x] =
				    p[x * b->down + i * b->right];
	} else {
		for (i = 0; i < k; i++)
			for (x = 0; x < n; x++)
				out[i * COLS + x] =
				    p[x * b->down + i * b->right];
	}
}

/* A tile's sums: rows of a at row[], `right` from one number to the next;
 * b as packed. */
static inline void
tile(size_t k, const float *const *row, size_t right, const float *b,
    float out[ROWS][COLS])
{
	vec sum[ROWS][2];
	vec b0, b1;
	size_t i, at;
	int r;

	UNROLLED
	for (r = 0; r < ROWS; r++)
		sum[r][0] = sum[r][1] = (vec){ 0 };
	for (i = 0, at = 0; i < k; i++, at += right) {
		b0 = *(const vec *)(b + i * COLS);
		b1 = *(const vec *)(b + i * COLS + LANES);
		UNROLLED
		for (r = 0; r < ROWS; r++) {
			sum[r][0] += row[r][at] * b0;
			sum[r][1] += row[r][at] * b1;
		}
	}
	UNROLLED
	for (r = 0; r < ROWS; r++) {
		*(vec *)out[r] = sum[r][0];
		*(vec *)(out[r] + LANES) = sum[r][1];
	}
}

/* A column of tiles: b as packed, n <= COLS of it. */
static void
column(size_t m, size_t n, size_t k, const struct gemm_matrix *a,
    size_t from, const float *b, float *c, size_t stride)
{
	float out[ROWS][COLS];
	const float *row[ROWS];
	size_t i, r, x, last;

	for (i = 0; i < m; i += ROWS) {
		for (r = 0; r < ROWS; r++) {
			last = i + r < m ? i + r : m - 1;
			row[r] = a->p + last * a->down + from * a->right;
		}
		if (a->right == 1)
			tile(k, row, 1, b, out);
		else
			tile(k, row, a->right, b, out);
		for (r = 0; r < ROWS && i + r < m; r++)
			for (x = 0; x < n; x++)
				c[(i + r) * stride + x] += out[r][x];
	}
}

void
GEMM_NAME(size_t m, size_t n, size_t k, const struct gemm_matrix *a,
    const struct gemm_matrix *b, float *c, size_t stride)
{
	float packed[DEPTH * COLS];
	size_t from, depth, j, width;

	for (from = 0; from < k; from += depth) {
		depth = k - from < DEPTH ? k - from : DEPTH;
		for (j = 0; j < n; j += width) {
			width = n - j < COLS ? n - j : COLS;
			pack(b, j, width, from, depth, packed);
			column(m, width, depth, a, from, packed, c + j,
			    stride);
		}
	}
}
