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

#define NN_MAX_BLOCK 256 /* images of a run */

/* Where a node's output lies. */
struct nn_value {
	size_t root;         /* the node whose storage this is */
	size_t n_uses;       /* nodes that read it */
	bool is_shared;      /* it or what it is a view of has several uses */
	bool is_fused;       /* made by its input's step: a ReLU at the end,
	                        a batch norm multiplied into the weights */
	size_t step_node;    /* the node whose step makes it */
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
	NN_STEP_WINOGRAD,
	NN_STEP_MAX_POOL,
	NN_STEP_AVG_POOL,    /* global average too */
	NN_STEP_ADD,
	NN_STEP_CONCAT,
	NN_STEP_MAP,
	NN_STEP_AFFINE,      /* batch norm, where it is not multiplied into
	                        weights */
	NN_STEP_NORM,        /* over h, w and channels: FRN, group norm */
	NN_STEP_LAYER_NORM
};

/* A tensor of a model. */
struct nn_source {
	bool is_present;
	size_t offset;       /* in the model's bytes */
	enum ckpt_dtype dtype;
};

/* A normalisation and its tensors; op is 0 if there is none. */
struct nn_norm {
	enum graph_op op;
	double eps;
	struct nn_source weight, bias, mean, var, tau;
};

/* A view of a value: floats from one row, channel to the next. */
struct nn_view {
	bool is_images;
	size_t origin, row, channel;
	uint32_t c, h, w;    /* what is to be computed or read */
};

struct nn_step {
	enum nn_step_kind kind;
	size_t node;
	struct nn_view out;
	struct nn_view in[GRAPH_MAX_INPUTS];
	size_t n_inputs;
	/* Products. Taps of transposed convolutions lie scattered in the
	 * tensor: tap_at[k] (owned; NULL: k) + group * weight_group + output
	 * of the group * weight_out, in weights. */
	size_t n_groups, n_out, n_taps; /* outputs, taps: of one group */
	size_t n_packed;     /* floats that an output's weights are packed in */
	size_t n_tiles;      /* that the outputs of a group fall into */
	size_t group;        /* floats between the groups' inputs */
	size_t in_row;       /* floats between the inputs of output rows */
	size_t out_column;   /* between outputs of a row; p->block, or more:
	                        then through a row of their own */
	size_t n_vecs;       /* vectors of an output row */
	uint32_t *off, *x;   /* see struct kernel_taps; owned */
	uint32_t *tap_at;
	size_t weight_group, weight_out;
	struct nn_source weight, bias;
	/* Where the packed weights lie. Products: as nn_weights.c says.
	 * Normalisations: what the output is multiplied by, n_channels, and
	 * what is added, then FRN's thresholds. */
	size_t packed, packed_bias;
	enum kernel_end end;
	float slope;
	/* A step of its own; or a batch norm that follows a product. */
	struct nn_norm norm;
	size_t n_channels;   /* of one group: group norm */
	/* Pooling */
	uint32_t kernel[2], stride[2], padding[2], dilation[2];
	uint32_t in_h, in_w;
	/* Maps */
	void (*map)(float *out, const float *in, size_t n, float slope);
};

/* A node to be seen, when n_steps steps are done. */
struct nn_watch {
	size_t node, n_steps;
	struct nn_view view;
};

struct nn_plan {
	const struct kernel *kernel;
	enum nn_path path;
	size_t block;
	size_t n_elements;   /* of an image */
	size_t n_classes;
	size_t n_weights;    /* floats */
	size_t arena;        /* floats */
	size_t scratch;      /* floats that a step needs for itself */
	size_t output;       /* where the outputs begin in the arena */
	size_t n_steps;
	struct nn_step *steps;
	size_t n_watches;
	struct nn_watch *watches;
};

struct nn_work {
	float *arena;
	float *scratch; /* see struct nn_plan */
	float *softmax; /* 6 + n_classes arrays of `block` floats */
};

/* What steps are made from. */
struct nn_build {
	struct nn_plan *plan;
	const struct graph *graph;
	const struct schema *schema;
	size_t *map;           /* of graph params to tensors */
	struct nn_value *values;
	bool *is_watched;      /* by node */
	size_t max_steps;      /* room in plan->steps */
};

/* Sizes and places of all values; `values` holds g->n_nodes entries.
 * is_watched[node]: its value is to be seen, whole. *n_elements: of the
 * whole arena. */
enum ckpt_status nn_layout(const struct graph *g, struct nn_value *values,
    bool copy_input, const bool *is_watched, size_t *n_elements,
    struct ckpt_error *err);

/* Elements that the largest step reads and writes. */
size_t nn_layout_working_set(const struct graph *g,
    const struct nn_value *values);

/* A step of the node at the end of the plan, with its views. Valid until
 * the next one is made. */
enum ckpt_status nn_step_new(struct nn_build *b, size_t node,
    struct nn_step **out, struct ckpt_error *err);

/* The steps of a node, if it has any; appended to the plan. */
enum ckpt_status nn_step_make(struct nn_build *b, size_t node,
    struct ckpt_error *err);

/* What other nodes add to the step of this one. */
void nn_step_fuse(const struct nn_build *b, size_t node,
    struct nn_step *step);

/* The tensor of a param; not present if it is GRAPH_NONE. */
struct nn_source nn_source_of(const struct nn_build *b, size_t param);

/* The convolution or linear layer of a node. */
enum ckpt_status nn_taps_make(struct nn_build *b, size_t node,
    struct nn_step *step, struct ckpt_error *err);

/* What all steps of products have in common, when their taps are known.
 * n_packed: floats that an output's weights take. */
void nn_taps_finish(struct nn_build *b, size_t node, struct nn_step *step,
    size_t n_packed);

/* Whether a convolution is one of 3x3 that is best done with fewer
 * products; its step; the 9 weights of an output and input channel c as 16
 * of the packed ones of the output, which lie `step` apart; its run. */
bool nn_winograd_fits(const struct graph_node *n, const struct nn_view *in,
    const struct nn_view *out);
void nn_winograd_make(struct nn_build *b, size_t node, struct nn_step *step);
void nn_winograd_pack(const double weights[9], size_t n_in, size_t c,
    float *dst, size_t step);
void nn_winograd_run(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out, float *scratch);

/* The transposed convolution of a node: a step for each remainder of the
 * output's place divided by the stride. */
enum ckpt_status nn_transposed_make(struct nn_build *b, size_t node,
    struct ckpt_error *err);

/* Step i for the block of images that begins at `first` / NN_BLOCK. */
void nn_step_run(const struct nn_plan *p, size_t i, const float *weights,
    struct nn_work *w, const struct nn_images *images, size_t first);

/* What is seen at a watch. */
struct nn_seen nn_watch_see(const struct nn_plan *p,
    const struct nn_watch *watch, const struct nn_work *w,
    const struct nn_images *images, size_t first);

/* The weights of one step. Returns how many are not finite. */
size_t nn_weights_pack_step(const struct nn_step *s,
    const unsigned char *data, float *weights);

/* A row of pooled outputs. */
void nn_pool_row(const struct nn_plan *p, const struct nn_step *s, size_t y,
    const float *in, float *out);

/* NN_STEP_AFFINE, NN_STEP_NORM and NN_STEP_LAYER_NORM. */
void nn_norm_run(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *in, float *out);

/* Floats from the origin of a value to the position (c, h, w). */
struct nn_view nn_view_of(const struct nn_plan *p,
    const struct nn_value *values, size_t node);

/* The kernels of a path, or NULL. */
const struct kernel *nn_path_kernel(enum nn_path path);

#endif
