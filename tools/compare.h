/*
 * compare: what differs between two tensors of one shape, as their elements
 * pass by.
 */
#ifndef CKPT_TOOLS_COMPARE_H
#define CKPT_TOOLS_COMPARE_H

#include "base/base.h"

/* Sums over the elements that are finite on both sides, in double. */
struct compare {
	enum ckpt_dtype a, b;
	uint64_t n_elements;
	uint64_t n_differ;   /* by their bits; as numbers, if the dtypes
	                        differ */
	uint64_t max_ulps;
	double max_abs;
	uint64_t n_nan;      /* NaN on one side only */
	double squares_a, squares_b, squares_diff, products;
};

void compare_begin(struct compare *c, enum ckpt_dtype a, enum ckpt_dtype b);

/* The next `n` elements, as stored. Where elements are no whole bytes, `n`
 * but for the last call is a multiple of 8. */
void compare_add(struct compare *c, const void *a, const void *b, size_t n);

/* Whether the elements are the same (their dtypes may differ). */
bool compare_is_equal(const struct compare *c);

/* Whether there are ulps: one dtype on both sides, f16, bf16, f32 or f64. */
bool compare_has_ulps(const struct compare *c);

/* Whether there are distances: both dtypes floating, of whole bytes. */
bool compare_has_numbers(const struct compare *c);

/* |a - b| / |a|; 0 where both are 0. */
double compare_relative(const struct compare *c);

/* a b / (|a| |b|); 1 where both are 0, NaN where one is. */
double compare_cosine(const struct compare *c);

#endif
