/*
 * eval_marginals: what the parts of --marginals share. Not for others.
 */
#ifndef CKPT_TOOLS_EVAL_MARGINALS_H
#define CKPT_TOOLS_EVAL_MARGINALS_H

#include "eval.h"

#define MARGINALS_MAX_DIMS 8
#define MARGINALS_MAX_WEIGHTS 16

/* ---- eval_weights: single weights by name ---- */

struct eval_weight {
	char *name;      /* "fc1.weight[0,1]" */
	char *tensor;    /* "fc1.weight" */
	unsigned n_dims;
	uint64_t index[MARGINALS_MAX_DIMS];
};

/* A list as "a[0,1],b[2],c": tensors without axes have no brackets.
 * CKPT_USAGE says what is wrong. */
CKPT_CHECKED enum ckpt_status eval_weights_parse(const char *list,
    struct eval_weight **out, size_t *n, struct ckpt_error *err);
void eval_weights_free(struct eval_weight *w, size_t n);

/* The value in a model; CKPT_INVALID where it has no such weight. */
CKPT_CHECKED enum ckpt_status eval_weights_read(const struct eval_weight *w,
    const struct model *m, double *out, struct ckpt_error *err);

/* ---- eval_marginals: the collections ---- */

/* The weights of all models of one input. */
struct collection {
	char *title;
	size_t n, capacity;      /* models whose weights are all finite */
	size_t n_not_finite;     /* others */
	double **values;         /* [weight][model] */
	double (*range)[2];      /* [weight] low and high */
};

struct marginals {
	const struct cli *cli;
	const struct eval_options *options;
	struct outfile *out;
	struct eval_weight *weights;
	size_t n_weights;
	unsigned n_bins, n_across;
	size_t n_collections;
	struct collection *collections;
};

/* ---- eval_marginals_put, eval_marginals_draw ---- */

CKPT_CHECKED enum ckpt_status eval_marginals_put(const struct marginals *m,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_marginals_draw(const struct marginals *m,
    struct ckpt_error *err);

#endif
