/*
 * dataset: a data file and its labels, for all tools that compute outputs.
 */
#ifndef CKPT_TOOLS_DATASET_H
#define CKPT_TOOLS_DATASET_H

#include "foreign/foreign.h"
#include "nn/nn.h"

/* A data file larger than this (unpacked) is refused. */
#define DATASET_MAX_BYTES ((uint64_t)1 << 36)

struct dataset {
	const char *path;
	struct array images;
	size_t n;            /* images that are used */
	uint32_t *labels;    /* n of them, or NULL */
	uint32_t max_label;
	const char *labels_path;
};

/* Splits IMAGES,LABELS at the last comma, in place; *labels is NULL where
 * there is none. False if a part is empty. */
bool dataset_split(char *images, const char **labels);

/* `labels` may be NULL. At most `limit` images are used. Both paths are
 * borrowed. */
CKPT_CHECKED enum ckpt_status dataset_read(const char *images,
    const char *labels, uint64_t limit, struct dataset *out,
    struct ckpt_error *err);
void dataset_release(struct dataset *d);

/* The images as the graph's input; CKPT_INVALID if the shapes differ. */
CKPT_CHECKED enum ckpt_status dataset_images(const struct dataset *d,
    const struct graph *g, struct nn_images *out, struct ckpt_error *err);

/* CKPT_INVALID if a label is not one of the graph's `n_classes`. */
CKPT_CHECKED enum ckpt_status dataset_check_labels(const struct dataset *d,
    const struct graph *g, size_t n_classes, struct ckpt_error *err);

#endif
