/*
 * line: the networks on the straight line between two models, and how they
 * score on a data set.
 */
#ifndef CKPT_TOOLS_LINE_H
#define CKPT_TOOLS_LINE_H

#include "dataset.h"

struct line_options {
	const struct graph *graph;
	/* Of the networks on the line: the tensors of the models at its end
	 * with weights of f64. */
	struct schema *schema;
	const struct dataset *data;      /* with labels */
	const struct nn_images *images;  /* of the data */
	const struct nn_images *repair;  /* for batch norm, or NULL */
	unsigned n_threads;
};

/* How a network scores; NaN if some logit is NaN or infinite. */
struct line_score {
	double loss;     /* mean of -log p(label), nats */
	double accuracy; /* 0 to 1 */
	size_t n_nan;    /* images with logits that are NaN or infinite */
};

/* Borrows what the options point to. One user at a time. */
struct line;
CKPT_CHECKED enum ckpt_status line_new(const struct line_options *o,
    struct line **out, struct ckpt_error *err);
void line_free(struct line *l); /* NULL does nothing */

/*
 * The network at `t`: each weight is (1 - t) a + t b in double, rounded to
 * float only where it is computed with; what is not a weight is that of `to`.
 * So t = 0 is `from` and t = 1 is `to`, exactly. With `is_repaired` its
 * running statistics are replaced by those of batch norm's inputs over the
 * images options.repair (nn_batch_statistics). Tensors are found by name;
 * CKPT_INVALID if the weights of the two are not the same by names and
 * shapes. The same for any number of threads.
 */
CKPT_CHECKED enum ckpt_status line_at(struct line *l,
    const struct model *from, const struct model *to, double t,
    bool is_repaired, struct line_score *out, struct ckpt_error *err);

/*
 * The barrier of n points at t = i / (n - 1): the largest y(t) - ((1 - t)
 * y(0) + t y(1)), where the line is highest above its chord (Entezari et al.,
 * ICLR 2022; Frankle et al., ICML 2020, compare with the mean of the ends
 * instead). Never negative, as both ends count; NaN if a y is.
 */
double line_barrier(const double *y, size_t n);

#endif
