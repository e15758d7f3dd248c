/*
 * lap_dense: the passes of the assignment solver over whole rows of costs,
 * one table of them for each instruction set; all give the same results.
 * Private to match/.
 */
#ifndef CKPT_MATCH_LAP_DENSE_H
#define CKPT_MATCH_LAP_DENSE_H

#include <stddef.h>
#include <stdint.h>

/* Hits that one block of a pass may add. */
#define LAP_DENSE_BLOCK 16

struct lap_dense {
	/* The least and the largest of n numbers; NaN or infinite where one
	 * of them is. n > 0. */
	void (*range)(const float *c, size_t n, float *least, float *most);

	/* c[j], in place, becomes the integer (c[j] - least) * scale, rounded
	 * towards 0. */
	void (*quantize)(float *c, size_t n, double least, double scale);

	/* v[j] becomes the lesser of v[j] and c[j]; row[j] becomes i where
	 * that is c[j]. */
	void (*lower)(const int32_t *c, size_t n, uint32_t i, int32_t *v,
	    uint32_t *row);

	/* The j from *from on with c[j] - v[j] < limit go into at[room], with
	 * room >= LAP_DENSE_BLOCK; returns how many. Stops where the next
	 * block might not fit; *from becomes the first j not seen. */
	size_t (*below)(const int32_t *c, const int32_t *v, size_t n,
	    int32_t limit, size_t *from, uint32_t *at, size_t room);
};

/* The paths from the fastest on; NULL for one that this CPU has not. */
#define LAP_DENSE_PATHS 3
const struct lap_dense *lap_dense_path(unsigned i);
const struct lap_dense *lap_dense_best(void);

extern const struct lap_dense lap_dense_generic;
extern const struct lap_dense lap_dense_avx2;   /* only on x86-64 */
extern const struct lap_dense lap_dense_avx512; /* only on x86-64 */

#endif
