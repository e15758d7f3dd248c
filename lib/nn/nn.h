/*
 * nn: the forward pass of a graph over blocks of images, and the softmax.
 *
 * A plan is made once for a graph and a schema and shared by all threads;
 * each thread has its own work space. Weights of one model are widened (or,
 * f64, narrowed) to float once and brought in the order that the kernels
 * read. All sums are float; for one plan, the same inputs give the same
 * bits whatever the number of threads. Different paths (instruction sets)
 * round differently.
 */
#ifndef CKPT_NN_NN_H
#define CKPT_NN_NN_H

#include "graph/graph.h"

#define NN_BLOCK 16 /* images that lie side by side */

/* Stated maxima. */
#define NN_MAX_WORK ((size_t)1 << 30)   /* bytes of a work space */
#define NN_MAX_CLASSES 65536            /* outputs of a graph */

/* The instruction sets that kernels are compiled for. */
enum nn_path {
	NN_PATH_BEST = 0, /* the best that this processor has */
	NN_PATH_GENERIC,
	NN_PATH_AVX2,     /* AVX2 and FMA */
	NN_PATH_AVX512    /* AVX-512F */
};

/* Whether this build and this processor have it. */
bool nn_path_available(enum nn_path path);
const char *nn_path_name(enum nn_path path);

/* Images as the kernels read them: [block][c][h][w][NN_BLOCK], normalised;
 * lanes beyond the last image are zero. */
struct nn_images {
	size_t n;             /* images */
	size_t n_blocks;
	size_t n_elements;    /* of one image: c * h * w */
	uint32_t c, h, w;
	float *data;          /* 64-byte aligned */
};

/* From `n` images of c * h * w elements, row-major, u8, f32 or f64 at
 * `data`: (x * scale - mean[c]) / std[c] with the graph's constants, computed
 * in double, rounded to float. The shape is that of the graph's input. */
CKPT_CHECKED enum ckpt_status nn_images_make(const struct graph *g,
    enum ckpt_dtype dtype, const void *data, size_t n,
    struct nn_images *out, struct ckpt_error *err);
void nn_images_release(struct nn_images *images);

struct nn_options {
	enum nn_path path;    /* CKPT_USAGE if not available */
	unsigned block;       /* images a run; multiple of NN_BLOCK, up to
	                         256; 0: chosen by the size of the caches */
	const size_t *watch;  /* nodes whose values nn_run_watched shows; */
	size_t n_watch;       /* nothing is fused into what makes them */
};

/* How a graph is computed for models of a schema. Keeps none of them. */
struct nn_plan;
CKPT_CHECKED enum ckpt_status nn_plan_new(const struct graph *g,
    const struct schema *schema, const struct nn_options *options,
    struct nn_plan **out, struct ckpt_error *err);
void nn_plan_free(struct nn_plan *p); /* NULL does nothing */

size_t nn_plan_block(const struct nn_plan *p);   /* images a run */
size_t nn_plan_classes(const struct nn_plan *p); /* outputs an image */
size_t nn_plan_weights(const struct nn_plan *p); /* floats of a model */
enum nn_path nn_plan_path(const struct nn_plan *p);

/* Multiplications of an image in convolutions and linear layers as they are
 * defined; some are computed with fewer. */
uint64_t nn_plan_products(const struct nn_plan *p);

/* The weights of a model of the plan's schema into nn_plan_weights()
 * floats, 64-byte aligned. `data` is struct model's. *n_not_finite counts
 * the weights that are NaN or infinite (f64 beyond float's range too). */
void nn_weights_pack(const struct nn_plan *p, const unsigned char *data,
    float *weights, size_t *n_not_finite);

/* Work space of one thread. */
struct nn_work;
CKPT_CHECKED enum ckpt_status nn_work_new(const struct nn_plan *p,
    struct nn_work **out, struct ckpt_error *err);
void nn_work_free(struct nn_work *w); /* NULL does nothing */

/* Outputs of nn_plan_block() images from block `first` on (a multiple of
 * nn_plan_block() / NN_BLOCK; images beyond the last are computed from
 * zeros): [class][image], valid until the next run in this work space. */
const float *nn_run(const struct nn_plan *p, const float *weights,
    struct nn_work *w, const struct nn_images *images, size_t first);

/* The value of a node during a run: position (c, y, x) of image i of the
 * block is data[c * channel + y * row + x * block + i]. */
struct nn_seen {
	size_t node;
	const float *data;
	uint32_t c, h, w;
	size_t channel, row;  /* floats from one to the next */
	size_t block;
	size_t first;         /* the block's first image */
	size_t n_images;      /* of the block that are not made up of zeros */
};

/* As nn_run; calls see(arg, value) for every watched node as soon as its
 * value is there, in the order of the nodes. The values are valid during
 * the call only: others take their places. */
const float *nn_run_watched(const struct nn_plan *p, const float *weights,
    struct nn_work *w, const struct nn_images *images, size_t first,
    void (*see)(void *arg, const struct nn_seen *value), void *arg);

/* The softmax of the outputs of the last run, in parts from which small
 * probabilities and small distances from 1 follow without cancellation:
 * with e = exp(z - max), exactly 1 for the top class, and rest the sum of
 * the others' e, p = e / (1 + rest), and 1 - p of the top class is
 * rest / (1 + rest). e is 0 where z lies more than 87 below the maximum.
 * Arrays of nn_plan_block() floats, owned by the work space. NaN or
 * infinite logits make `rest` NaN. */
struct nn_softmax {
	const float *top;      /* class of the largest logit, first of ties */
	const float *max;      /* that logit */
	const float *rest;
	const float *rest2;    /* sum of the others' e^2 */
	const float *log1p;    /* log(1 + rest) = -log p of the top class */
	const float *entropy;  /* nats */
	const float *exps;     /* e: [class][image] */
};
void nn_softmax(const struct nn_plan *p, struct nn_work *w,
    struct nn_softmax *out);

/* The forward pass in double, by plain loops in a fixed order without
 * contraction: about a hundred times slower, for checks on a few images. The
 * outputs of images [first, first + n), [image][class], from a model of the
 * schema; `data` is struct model's. Only exp, tanh and erfc depend on the C
 * library. */
CKPT_CHECKED enum ckpt_status nn_exact_run(const struct graph *g,
    const struct schema *schema, const unsigned char *data,
    const struct nn_images *images, size_t first, size_t n, double *logits,
    struct ckpt_error *err);

/* Batch norm's statistics over a data set: `out` becomes a copy of the model
 * `m` in which, for each batch norm in the order of the nodes, the running
 * mean and variance are those of its input over the images, when all batch
 * norms before it use theirs. The variance is the unbiased one, as PyTorch
 * keeps it. The layers are computed for all images of a batch before the
 * next layer is, so that one pass is exact if the batch holds all images:
 * `batch` is its size, 0 for as many as NN_MAX_WORK bytes hold. Otherwise the
 * images are divided into batches of about equal size, each of which is
 * normalised by its own statistics, and the moments of all are joined. Sums
 * are taken in double in a fixed order: the same for any number of threads;
 * but what is summed is float and depends on the path, so the statistics
 * serve scores and are not for keeping. A graph without batch norm gives a
 * copy. CKPT_INVALID names a tensor whose statistics are not finite. */
CKPT_CHECKED enum ckpt_status nn_batch_statistics(const struct graph *g,
    const struct model *m, const struct nn_images *images,
    const struct nn_options *options, size_t batch, unsigned n_threads,
    struct model *out, struct ckpt_error *err);

#endif
