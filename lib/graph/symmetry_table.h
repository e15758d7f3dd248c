/*
 * symmetry_table: what the readers and makers of tables share.
 */
#ifndef CKPT_GRAPH_SYMMETRY_TABLE_H
#define CKPT_GRAPH_SYMMETRY_TABLE_H

#include "graph/graph.h"

/* Stated maxima of tables (ckpt-orbits 1). */
#define SYMMETRY_MAX_AXES 262144
#define SYMMETRY_MAX_GROUPS 262144
#define SYMMETRY_MAX_UNITS 1048576   /* of a group */
#define SYMMETRY_MAX_TEXT 16777216   /* bytes: a value of metadata */
#define SYMMETRY_MAX_LENGTH 4294967296 /* indices along an axis */

/* By tensor's name as bytes, then axis. */
int symmetry_axis_cmp(const void *a, const void *b);

/* Refuses a table that breaks the rules of ckpt-orbits 1. */
CKPT_CHECKED enum ckpt_status symmetry_check(const struct symmetry *s,
    struct ckpt_error *err);

#endif
