/*
 * lap_dense_avx512: for AVX-512F.
 */
#include "match/lap_dense_body.h"

const struct lap_dense lap_dense_avx512 = { range, quantize, lower, below };
