/*
 * symmetry_derive: a table of symmetries while it is derived from a graph, in
 * three steps: classes of channels, operation by operation (symmetry_derive);
 * which of them are permuted alike or lie in blocks (symmetry_alike); the
 * lines of the table (symmetry_lines). See ckpt-orbits 1.3.
 */
#ifndef CKPT_GRAPH_SYMMETRY_DERIVE_H
#define CKPT_GRAPH_SYMMETRY_DERIVE_H

#include "graph/symmetry_units.h"

struct symmetry_derive {
	const struct graph *g;
	struct symmetry_units units;
	struct symmetry_view *views; /* of each node's result */
	uint32_t *ranks;             /* of each node */
	struct symmetry_derive_param {
		uint32_t rank;       /* 0: not used so far */
		struct symmetry_view views[2];   /* by axis; n == 0: none */
		enum symmetry_action actions[2];
		uint64_t slices;     /* of the input axis */
		bool is_diagonal;    /* axis that is not stored: see graph.h */
	} *params;
};

/* Divides classes until all that is permuted alike has like parts, and notes
 * what is, and what is in blocks. */
CKPT_CHECKED enum ckpt_status symmetry_alike(struct symmetry_derive *d,
    struct ckpt_error *err);

/* Axis lines and groups from the classes that have come out. */
CKPT_CHECKED enum ckpt_status symmetry_lines(struct symmetry_derive *d,
    struct symmetry *s, struct ckpt_error *err);

#endif
