/*
 * align_barrier: --barrier, the scores along the lines from models to the
 * reference, before and after alignment.
 */
#ifndef CKPT_TOOLS_ALIGN_BARRIER_H
#define CKPT_TOOLS_ALIGN_BARRIER_H

#include "align.h"
#include "line.h"

/* The lines of a model. */
enum {
	ALIGN_LINE_NONE = 0,  /* from the model as it is */
	ALIGN_LINE_MATCHED,   /* from the model matched to the reference */
	ALIGN_LINE_REPAIRED,  /* the two again, with statistics reset */
	ALIGN_LINE_MATCHED_REPAIRED,
	ALIGN_LINES
};

/* Lines of the models that have passed, [model][line][point]. */
struct align_curves {
	size_t n, n_lines, n_points;
	double *loss, *accuracy;
};

/* Draws them: thin those of the models, if these are few, and their means. */
CKPT_CHECKED enum ckpt_status align_barrier_draw(
    const struct align_curves *c, const char *path, struct ckpt_error *err);

#endif
