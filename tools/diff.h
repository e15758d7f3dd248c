/*
 * diff: the parts of ckpt-diff: rows of output, the comparison of two
 * models, of two streams, and of two models modulo symmetry.
 */
#ifndef CKPT_TOOLS_DIFF_H
#define CKPT_TOOLS_DIFF_H

#include "cli.h"
#include "compare.h"
#include "plans.h"

struct diff {
	struct cli cli;
	const char *base;       /* --base */
	const char *arch;       /* --arch */
	bool is_modulo;         /* --modulo=symmetry */
	bool shows_all;         /* --all */
	bool is_brief;
	bool is_json;
	bool has_header;        /* the header line is out */
	uint64_t n_differ;      /* models that differ, or lack a partner */
	struct plans *plans;    /* for --modulo */
};

/* One side of a comparison: the current model of a source, read front to
 * back, or a model in memory. */
struct diff_side {
	const struct model_head *head;
	struct model_source *source; /* or NULL: */
	const unsigned char *data;
	uint64_t at;                 /* bytes of the source that are read */
};

/* ---- output: the table's rows, or objects, or one line a model ---- */

enum diff_result {
	DIFF_EQUAL = 0,
	DIFF_NUMBERS, /* elements differ */
	DIFF_DTYPE,   /* the dtypes differ, the numbers do not */
	DIFF_SHAPE,
	DIFF_ONLY_A,
	DIFF_ONLY_B
};

/* A tensor (NULL `a` or `b`: only on the other side); `c` is NULL where
 * nothing was compared. */
CKPT_CHECKED enum ckpt_status diff_put_tensor(struct diff *d,
    const char *label, const struct tensor_desc *a,
    const struct tensor_desc *b, enum diff_result result,
    const struct compare *c, struct ckpt_error *err);

/* A model that one side lacks. */
CKPT_CHECKED enum ckpt_status diff_put_model(struct diff *d,
    const char *label, bool only_a, struct ckpt_error *err);

/* With --brief: two models, which `label` stands for, differ. */
CKPT_CHECKED enum ckpt_status diff_put_brief(struct diff *d,
    const char *label, const char *a, const char *b, struct ckpt_error *err);

/* Two models in one orbit. */
CKPT_CHECKED enum ckpt_status diff_put_orbit(struct diff *d,
    const char *label, const char *witness, struct ckpt_error *err);

/* ---- comparison ---- */

/* Structure, then tensor by tensor; *differ tells whether anything did. */
CKPT_CHECKED enum ckpt_status diff_models(struct diff *d, const char *label,
    struct diff_side *a, struct diff_side *b, bool *differ,
    struct ckpt_error *err);

/* The same modulo symmetry: both models whole. */
CKPT_CHECKED enum ckpt_status diff_modulo(struct diff *d, const char *label,
    const struct model *a, const struct model *b, bool *differ,
    struct ckpt_error *err);

/* One model of each side by whichever of the two is asked for; counts. */
CKPT_CHECKED enum ckpt_status diff_pair(struct diff *d, const char *label,
    struct diff_side *a, struct diff_side *b, struct ckpt_error *err);

/* All models of two inputs. */
CKPT_CHECKED enum ckpt_status diff_streams(struct diff *d, char *path_a,
    char *path_b, struct ckpt_error *err);

/* All models of the inputs against the first model of --base. */
CKPT_CHECKED enum ckpt_status diff_base(struct diff *d,
    struct ckpt_error *err);

/* Reads the rest of a side into memory. */
CKPT_CHECKED enum ckpt_status diff_load(struct diff_side *s,
    struct model *out, struct ckpt_error *err);

#endif
