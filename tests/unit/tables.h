/*
 * tables: the tables of symmetries of .arch texts, for unit tests.
 */
#ifndef CKPT_TESTS_TABLES_H
#define CKPT_TESTS_TABLES_H

#include "graph/graph.h"

/* The table of a text. */
struct symmetry *table_of(const char *arch);

/* Fails unless it is printed so, behind its first line, and read again. */
void table_is(const char *arch, const char *table);

#endif
