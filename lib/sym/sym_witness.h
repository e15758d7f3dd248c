/*
 * sym_witness: reading witnesses, for the files of this folder.
 */
#ifndef CKPT_SYM_SYM_WITNESS_H
#define CKPT_SYM_SYM_WITNESS_H

#include "sym/sym_plan.h"

#define SYM_MAX_EXPONENT 1000000 /* of a unit, either way */

/* Reads an element at the beginning of *text and moves *text behind it. */
CKPT_CHECKED enum ckpt_status sym_witness_element(const struct sym_plan *p,
    const char **text, struct sym_element *out, struct ckpt_error *err);

#endif
