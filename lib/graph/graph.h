/*
 * graph: .arch files (format-spec/ckpt-arch.md), the graph of operations
 * that they describe, and the table of symmetries that follows from it.
 */
#ifndef CKPT_GRAPH_GRAPH_H
#define CKPT_GRAPH_GRAPH_H

#include "id/id.h"

enum graph_op {
	GRAPH_INPUT = 1,
	GRAPH_CONV,       /* weight (out, in / groups, kh, kw), bias (out) */
	GRAPH_LINEAR,     /* weight (out, in), bias (out) */
	GRAPH_RELU,
	GRAPH_LEAKY_RELU, /* slope */
	GRAPH_TANH,
	GRAPH_SIGMOID,
	GRAPH_MAX_POOL,
	GRAPH_AVG_POOL,   /* padding counts as zeros, as PyTorch's default */
	GRAPH_GLOBAL_AVG, /* (c, h, w) to (c, 1, 1) */
	GRAPH_FLATTEN,
	GRAPH_ADD,
	GRAPH_OUTPUT,
	GRAPH_CONV_TRANSPOSE, /* weight (in, out / groups, kh, kw), bias (out);
	                         output_padding */
	GRAPH_SILU,           /* x * sigmoid(x) */
	GRAPH_GELU,           /* x * Phi(x), Phi by erf */
	GRAPH_DROPOUT,        /* the identity, as in evaluation */
	GRAPH_CONCAT,         /* of channels, input by input */
	/* Normalisations; channels are independent but for layer and group
	 * norm. eps; weight (gamma) and bias (beta) unless affine=no. */
	GRAPH_BATCH_NORM,     /* by running mean and var: all of shape (c) */
	GRAPH_FRN,            /* by the mean square over h, w; weight, bias and
	                         tau of shape (1, c, 1, 1); the result is
	                         max(y, tau) unless tau is GRAPH_NONE */
	GRAPH_LAYER_NORM,     /* over the channels at each position; (c) */
	GRAPH_GROUP_NORM      /* over h, w and the channels of each of
	                         `groups`; (c) */
};

/* A result with channels that are normalised, then scaled and shifted. */
static inline bool
graph_op_is_norm(enum graph_op op)
{
	return (op >= GRAPH_BATCH_NORM);
}

/* Convolutions and linear layers. */
static inline bool
graph_op_is_product(enum graph_op op)
{
	return (op == GRAPH_CONV || op == GRAPH_LINEAR ||
	    op == GRAPH_CONV_TRANSPOSE);
}

#define GRAPH_MAX_INPUTS 8
#define GRAPH_NONE SIZE_MAX

struct graph_node {
	enum graph_op op;
	char *name;              /* given or generated; unique */
	uint64_t line;           /* in the .arch file */
	size_t n_inputs;
	size_t inputs[GRAPH_MAX_INPUTS]; /* indices of earlier nodes */
	/* Shape of one example's output: (c, h, w), or (c) with h = w = 1
	 * after flatten or for a vector input. */
	uint32_t c, h, w;
	bool is_vector;
	/* conv and pooling; (h, w) each */
	uint32_t kernel[2], stride[2], padding[2], dilation[2];
	uint32_t output_padding[2]; /* transposed convolution */
	uint32_t groups;
	double slope;            /* leaky relu */
	double eps;              /* of normalisations */
	/* index into graph->params, or GRAPH_NONE */
	size_t weight, bias;
	size_t mean, var;        /* running statistics of batch norm */
	size_t tau;              /* threshold of FRN */
};

/* A tensor that the graph uses, or carries unchanged. */
struct graph_param {
	char *name;
	unsigned n_dims;
	uint64_t dims[4];
	size_t node;      /* GRAPH_NONE for a carried tensor (any shape) */
};

struct graph {
	char *name;               /* "optunet" */
	size_t n_nodes;
	struct graph_node *nodes; /* inputs before users; [0] is the input,
	                             the last is the output */
	size_t n_params;
	struct graph_param *params;
	/* x -> (x * scale - mean[c]) / std[c] on the raw numbers of the data
	 * file. n_channels of mean and std is 1 or the input's c. */
	double input_scale;
	size_t n_mean;
	double mean[16], std[16];
	char **carried;           /* globs of tensors carried unchanged */
	size_t n_carried;
	char *prefix;             /* of the tensors' names, or "" */
};

/* Parses an .arch text of `n` bytes; errors carry the line. */
CKPT_CHECKED enum ckpt_status graph_parse(const char *text, size_t n,
    struct graph **out, struct ckpt_error *err);
void graph_free(struct graph *g); /* NULL does nothing */

/* The same for models of schema `s`: numbers that the text leaves to the
 * tensors are taken from them, and all tensors may bear a prefix such as
 * "module." (ckpt-arch 5). Errors as of both; also those of graph_bind. */
CKPT_CHECKED enum ckpt_status graph_parse_for(const char *text, size_t n,
    const struct schema *s, struct graph **out, struct ckpt_error *err);

/* Index of each param's tensor in the schema (params are matched by name
 * and shape). `map` holds n_params entries. CKPT_INVALID names the first
 * tensor that is missing, of a wrong shape, or not known to the graph. */
CKPT_CHECKED enum ckpt_status graph_bind(const struct graph *g,
    const struct schema *s, size_t *map, struct ckpt_error *err);

/* The architectures that are shipped, compiled in. */
size_t graph_shipped_count(void);
const char *graph_shipped_name(size_t i);
const char *graph_shipped_text(size_t i);

/* ---- symmetries ---- */

/* What a group's units admit besides permutation; bits. */
enum {
	SYMMETRY_SCALE = 1, /* multiplication by a positive number */
	SYMMETRY_SIGN = 2   /* multiplication by -1 */
};

struct symmetry_group {
	uint32_t n_units;
	unsigned kinds;        /* SYMMETRY_* */
	/* Block structure: the units fall into blocks of equal size, one a
	 * unit of the parent group, which move with it; or SIZE_MAX. Unit u
	 * lies in the block of unit u / (n_units / parent's n_units). */
	size_t parent;
	bool is_fixed;         /* no permutation (crossing blocks) */
};

/* What a group does to an axis besides permuting it. */
enum symmetry_action {
	SYMMETRY_NONE = 0,  /* permuted only */
	SYMMETRY_OUT = 1,   /* multiplied by the unit's scale and sign */
	SYMMETRY_IN = 2     /* divided by them */
};

/*
 * One line of the table: axis `axis` of a tensor, or from index `start` on
 * as many as the group needs, is acted on by a group.
 *
 * Index x along the axis, counted from `start`, belongs to unit x / block, or,
 * where the axis is sliced (the input axis of a grouped convolution: `slices`
 * = groups > 1), to unit ((r / (dims[0] / slices)) * dims[axis] + x) / block
 * with r the index along axis 0. A tensor of one axis, such as gamma of a
 * batch normalisation, is taken as one of (n, 1): axis 1 with n slices is
 * its diagonal, r the unit of row r. The same where axis 0 is 1 long and
 * axis 1 is what that says of axis 0, as in (1, n, 1, 1).
 */
struct symmetry_axis {
	char *tensor;
	uint32_t axis;
	uint64_t start;        /* SYMMETRY_WHOLE: the line is for all of it */
	size_t group;
	uint64_t block;
	uint64_t slices;       /* 1: not sliced */
	enum symmetry_action action;
	/* Operations with tensors on the longest path from the input up to
	 * and including the one that the tensor belongs to: the topological
	 * order in which scales and orders are taken. */
	uint32_t rank;
};

#define SYMMETRY_WHOLE UINT64_MAX

struct symmetry {
	size_t n_groups;
	struct symmetry_group *groups; /* numbered by first use in axes */
	size_t n_axes;
	struct symmetry_axis *axes;    /* sorted by tensor, axis, start */
};

/* Indices along the axis that a line is for. */
uint64_t symmetry_axis_length(const struct symmetry *s,
    const struct symmetry_axis *a);

CKPT_CHECKED enum ckpt_status symmetry_derive(const struct graph *g,
    struct symmetry **out, struct ckpt_error *err);

/* The table as text: the preimage of the symmetry ID, canonical. */
CKPT_CHECKED enum ckpt_status symmetry_print(const struct symmetry *s,
    struct buf *out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status symmetry_parse(const char *text, size_t n,
    struct symmetry **out, struct ckpt_error *err);
void symmetry_free(struct symmetry *s);
CKPT_CHECKED enum ckpt_status symmetry_id(const struct symmetry *s,
    struct ckpt_id *out, struct ckpt_error *err);

/* log10 of the number of permutations that the table allows, and of those
 * of one group's units within the blocks of its parent. */
double symmetry_log10(const struct symmetry *s);
double symmetry_group_log10(const struct symmetry *s, size_t group);

/* A text for people: each group's size, kind, tensors and axes and log10 of
 * its permutations; the total; why a group is fixed. */
CKPT_CHECKED enum ckpt_status symmetry_explain(const struct symmetry *s,
    struct buf *out, struct ckpt_error *err);

#endif
