/*
 * lap_dense_avx2: for AVX2.
 */
#include "match/lap_dense_body.h"

const struct lap_dense lap_dense_avx2 = { range, quantize, lower, below };
