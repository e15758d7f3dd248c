/*
 * nn_plan: the inside of a plan. Private to nn.
 *
 * Sizes and offsets in values are in elements: one element is a position of
 * one channel, of all images of a block. Those in steps are in floats.
 */
#ifndef CKPT_NN_NN_PLAN_H
#define CKPT_NN_NN_PLAN_H

#include "nn/kernel.h"
#include "nn/nn.h"

/* Where a node's output lies. */
struct nn_value {
	size_t root;         /* the node whose storage this is */
	size_t n_uses;       /* nodes that read it */
	bool is_fused;       /* an activation at the end of its input's step */
	/* Of roots only: */
	uint32_t c, h, w;
	uint32_t need_h, need_w; /* what its readers read of it */
	uint32_t pad_h, pad_w;   /* zeros on each side */
	size_t row, channel, size; /* distances; in all */
	size_t origin;       /* of (0, 0, 0), after the padding */
	size_t first, last;  /* nodes between which it lives */
	size_t start;        /* of its storage in the arena */
	bool is_images;      /* read from the images, not from the arena */
};

enum nn_step_kind {
	NN_STEP_LOAD = 1,    /* the images, into wider or padded places */
	NN_STEP_COPY,        /* to a layout without gaps */
	NN_STEP_TAPS,
	NN_STEP_MAX_POOL,
	NN_STEP_AVG_POOL,    /* global average too */
	NN_STEP_ADD,
	NN_STEP_MAP
};

/* A view of a value: floats from one row, channel to the next. */
struct nn_view {
	bool is_images;
	size_t origin, row, channel;
	uint32_t c, h, w;    /* what is to be computed or read */
};

struct nn_step {
	enum nn_step_kind kind;
	struct nn_view out;
	struct nn_view in[GRAPH_MAX_INPUTS];
	size_t n_inputs;
	/* Taps */
	size_t n_groups, n_out, n_taps; /* outputs, taps: of one group */
	size_t n_tiles;      /* that the outputs of a group fall into */
	size_t group;        /* floats between the groups' inputs */
	size_t in_row;       /* floats between the inputs of output rows */
	size_t n_vecs;       /* vectors of an output row */
	uint32_t *off, *x;   /* see struct kernel_taps; owned */
	size_t weights, bias; /* where they lie among the packed weights */
	size_t weight_tensor; /* byte offset among a model's bytes */
	size_t bias_tensor;   /* GRAPH_NONE if it has none */
	enum ckpt_dtype weight_dtype, bias_dtype;
	enum kernel_end end;
	float slope;
	/* Pooling */
	uint32_t kernel[2], stride[2], padding[2], dilation[2];
	uint32_t in_h, in_w;
	/* Maps */
	void (*map)(float *out, const float *in, size_t n, float slope);
};

struct nn_plan {
	const struct kernel *kernel;
	enum nn_path path;
	size_t block;
	size_t n_elements;   /* of an image */
	size_t n_classes;
	size_t n_weights;    /* floats */
	size_t arena;        /* floats */
	size_t output;       /* where the outputs begin in the arena */
	size_t n_steps;
	struct nn_step *steps;
};

/* Sizes and places of all values; `values` holds g->n_nodes entries.
 * *n_elements: of the whole arena. */
enum ckpt_status nn_layout(const struct graph *g, struct nn_value *values,
    bool copy_input, size_t *n_elements, struct ckpt_error *err);

/* Elements that the largest step reads and writes. */
size_t nn_layout_working_set(const struct graph *g,
    const struct nn_value *values);

/* The step of a node, if it has one; appended to the plan. */
enum ckpt_status nn_step_make(struct nn_plan *p, const struct graph *g,
    const struct nn_value *values, size_t node, struct ckpt_error *err);

/* The convolution or linear layer of a node. `weight` and `bias` (or NULL)
 * are its tensors. */
enum ckpt_status nn_taps_make(struct nn_plan *p, const struct graph *g,
    const struct nn_value *values, size_t node, struct nn_step *step,
    struct ckpt_error *err);

/* Floats from the origin of a value to the position (c, h, w). */
struct nn_view nn_view_of(const struct nn_plan *p,
    const struct nn_value *values, size_t node);

/* Outputs of tile i of n_tiles that n_out outputs fall into. */
static inline size_t
nn_tile_width(size_t n_out, size_t n_tiles, size_t i)
{
	return (n_out / n_tiles + (i < n_out % n_tiles));
}

/* The kernels of a path, or NULL. */
const struct kernel *nn_path_kernel(enum nn_path path);

#endif
