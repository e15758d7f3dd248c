/*
 * graph_names: a table from names to indices.
 */
#ifndef CKPT_GRAPH_GRAPH_NAMES_H
#define CKPT_GRAPH_GRAPH_NAMES_H

#include "base/base.h"

/* Zero it before the first use. The names are the caller's. */
struct graph_names {
	size_t n, capacity; /* capacity: a power of two, or 0 */
	struct graph_names_slot {
		const char *name;
		size_t value;
	} *slots;
};

/* The value of a name of `n` bytes, or SIZE_MAX. */
size_t graph_names_find(const struct graph_names *t, const char *name,
    size_t n);

/* Adds a name that is not there yet. */
CKPT_CHECKED enum ckpt_status graph_names_add(struct graph_names *t,
    const char *name, size_t value, struct ckpt_error *err);

void graph_names_release(struct graph_names *t);

#endif
