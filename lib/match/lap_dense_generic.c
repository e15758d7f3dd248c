/*
 * lap_dense_generic: for any CPU.
 */
#include "match/lap_dense_body.h"

const struct lap_dense lap_dense_generic = { range, quantize, lower, below };
