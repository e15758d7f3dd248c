/*
 * gemm_generic: for any CPU.
 */
#define GEMM_NAME gemm_generic
#include "match/gemm_body.h"
