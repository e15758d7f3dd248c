/*
 * gemm_avx512: for AVX-512F.
 */
#define GEMM_NAME gemm_avx512
#include "match/gemm_body.h"
