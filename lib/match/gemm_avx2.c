/*
 * gemm_avx2: for AVX2 and FMA.
 */
#define GEMM_NAME gemm_avx2
#include "match/gemm_body.h"
