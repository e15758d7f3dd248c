/*
 * graph_build: a graph while it is being read from its text.
 */
#ifndef CKPT_GRAPH_GRAPH_BUILD_H
#define CKPT_GRAPH_GRAPH_BUILD_H

#include "graph/graph.h"
#include "graph/graph_line.h"
#include "graph/graph_names.h"

/* Stated maxima of .arch files (ckpt-arch 2). */
#define GRAPH_MAX_TEXT 1048576      /* bytes of the file */
#define GRAPH_MAX_NODES 65536
#define GRAPH_MAX_NAME 255          /* bytes of a node's name */
#define GRAPH_MAX_CARRIED 1024
#define GRAPH_MAX_CHANNELS 1048576  /* channels, or numbers of a vector */
#define GRAPH_MAX_SIDE 65536        /* height, width, kernel, ... */
#define GRAPH_MAX_SIZE 268435456    /* c * h * w */

/* A name that stands for a number: "$NAME". */
struct graph_value {
	struct graph_word name;
	char text[12];        /* decimal */
	bool is_used;
};

/* Lines to be repeated under other names. */
struct graph_block {
	struct graph_word name;
	const char *text;     /* from the line after "block" */
	size_t n;             /* bytes, up to the line "end" */
	uint64_t line;        /* number of its first line */
};

#define GRAPH_MAX_VALUES 64
#define GRAPH_MAX_BLOCKS 64
#define GRAPH_MAX_DEPTH 8     /* blocks that use blocks */

struct graph_build {
	struct graph *g;
	const struct schema *schema; /* that the graph is made for, or NULL */
	size_t n_values;
	struct graph_value values[GRAPH_MAX_VALUES];
	size_t n_blocks;
	struct graph_block blocks[GRAPH_MAX_BLOCKS];
	unsigned depth;       /* of blocks that are being used */
	size_t n_aliases;     /* names of uses, as names of their last lines */
	char **aliases;
	size_t node_capacity, param_capacity;
	struct graph_names nodes, params;
	bool *is_read;        /* a node's result is used by another */
	bool has_name, has_normalize, has_output;
};

/* One statement; private to the readers of lines. */
CKPT_CHECKED enum ckpt_status graph_build_statement(struct graph_build *b,
    struct graph_line *l, struct ckpt_error *err);

/* "let NAME=N [of=TENSOR]". */
CKPT_CHECKED enum ckpt_status graph_build_let(struct graph_build *b,
    struct graph_line *l, struct ckpt_error *err);

/* Puts numbers in the place of "$NAME" in the values of keys. */
CKPT_CHECKED enum ckpt_status graph_build_values(struct graph_build *b,
    struct graph_line *l, struct ckpt_error *err);

/* "block NAME", with the text behind that line; *used are the bytes up to
 * the end of its "end" line, *n_lines their number. */
CKPT_CHECKED enum ckpt_status graph_build_block(struct graph_build *b,
    struct graph_line *l, const char *text, size_t n, size_t *used,
    uint64_t *n_lines, struct ckpt_error *err);

/* "use BLOCK NAME... [key=value]...": the block's lines, once a name. */
CKPT_CHECKED enum ckpt_status graph_build_use(struct graph_build *b,
    struct graph_line *l, struct ckpt_error *err);

/* Adds the operation of line `l` whose op is known; sets its shape. */
CKPT_CHECKED enum ckpt_status graph_build_op(struct graph_build *b,
    struct graph_line *l, enum graph_op op, struct ckpt_error *err);

/* The input of the graph: "input 1x28x28" or "input 784". */
CKPT_CHECKED enum ckpt_status graph_build_input(struct graph_build *b,
    struct graph_line *l, struct ckpt_error *err);

/* Room for one more node; it is zeroed, and counted by graph_build_push. */
CKPT_CHECKED enum ckpt_status graph_build_node(struct graph_build *b,
    uint64_t line, struct graph_node **out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status graph_build_push(struct graph_build *b,
    const struct graph_word *name, struct ckpt_error *err);

/* The tensor that a node uses: made, or found, if another node of the same
 * operation and shape shares it. */
CKPT_CHECKED enum ckpt_status graph_build_param(struct graph_build *b,
    const struct graph_node *node, const char *name, size_t n_name,
    unsigned n_dims, const uint64_t *dims, size_t *out,
    struct ckpt_error *err);

/* A tensor of an operation, into *param: KEY=TENSOR, or the operation's name
 * with `suffix`. */
CKPT_CHECKED enum ckpt_status graph_build_tensor(struct graph_build *b,
    struct graph_node *node, struct graph_line *l, const char *key,
    const char *suffix, unsigned n_dims, const uint64_t *dims,
    size_t *param, struct ckpt_error *err);

/* Keys of convolutions and linear: weight=, bias=; sets node->weight and
 * bias, which is one a channel of the result. */
CKPT_CHECKED enum ckpt_status graph_build_weights(struct graph_build *b,
    struct graph_node *node, struct graph_line *l, unsigned n_dims,
    const uint64_t *dims, struct ckpt_error *err);

/* Shape and parameters by operation: sets c, h, w, is_vector and the
 * operation's own fields; inputs are set. */
CKPT_CHECKED enum ckpt_status graph_build_shape(struct graph_build *b,
    struct graph_node *node, struct graph_line *l, struct ckpt_error *err);

#endif
