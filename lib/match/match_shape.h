/*
 * match_shape: the parts of making a shape. Private to match/.
 */
#ifndef CKPT_MATCH_MATCH_SHAPE_H
#define CKPT_MATCH_MATCH_SHAPE_H

#include "match/match.h"

/* Fills in s->writers and s->first_writer. */
CKPT_CHECKED enum ckpt_status match_writers_list(struct match_shape *s,
    struct ckpt_error *err);

#endif
