/*
 * eval: what the parts of ckpt-eval share. Models go through a pipeline in
 * items: a few models of one schema, for which each block of images is read
 * once.
 */
#ifndef CKPT_TOOLS_EVAL_H
#define CKPT_TOOLS_EVAL_H

#include "arch.h"
#include "cli.h"
#include "dataset.h"
#include "match/match.h"
#include "nn/nn.h"
#include "plans.h"
#include "stats/stats.h"

#define EVAL_BINS 48      /* of histograms, without --bins */

#define EVAL_MAX_BATCH 16 /* models of an item */

/* What was asked for. */
struct eval_options {
	enum eval_mode {
		EVAL_SCORES = 0, /* of predictions */
		/* statistics of the symmetries */
		EVAL_ORDER,
		EVAL_EXCHANGEABLE,
		EVAL_MARGINALS,
		EVAL_MASS
	} mode;
	const char *images, *labels; /* --data; labels NULL: none */
	const char *ood;             /* --ood, or NULL */
	const char *arch;            /* --arch, or NULL */
	const char *normalize;       /* --normalize, or NULL */
	const char *logits;          /* --logits, or NULL */
	const char *output;          /* -o, or NULL: standard output */
	const char *exchangeable;    /* TENSOR or TENSOR:AXIS */
	const char *marginals;       /* weights, joined by commas */
	const char *titles;          /* of collections, or NULL */
	const char *plot;            /* --plot, or NULL */
	bool is_json, has_ensemble;
	bool with_bias, by_layer;    /* of --mass */
	unsigned n_bins;             /* of the ECE, or of a histogram */
	uint64_t limit;              /* --limit; UINT64_MAX: all */
	enum stats_fpr_rule fpr_rule;
};

/* Reads the command line, and sets the tool's table of options. Usage errors
 * end the program. */
void eval_options_parse(struct cli *c, struct eval_options *o, int argc,
    char **argv);

/* ---- eval_plans: what is made once a schema ---- */

struct eval_plan {
	struct schema *schema;
	char *arch;                    /* metadata key, or NULL */
	struct graph *graph;
	struct nn_plan *nn;
	const struct nn_images *in, *ood; /* ood is NULL without --ood */
	size_t n_models;               /* of an item */
};

struct eval_plans;
CKPT_CHECKED enum ckpt_status eval_plans_new(const struct cli *c,
    const struct eval_options *o, const struct dataset *in,
    const struct dataset *ood, struct eval_plans **out,
    struct ckpt_error *err);
void eval_plans_free(struct eval_plans *p); /* NULL does nothing */
CKPT_CHECKED enum ckpt_status eval_plans_get(struct eval_plans *p,
    const struct model_head *head, const struct eval_plan **out,
    struct ckpt_error *err);

/* ---- eval_item: the work ---- */

/* The scores of a model, or of the ensemble. */
struct eval_row {
	struct stats_result scores;
	struct stats_detection msp, entropy;
};

/* What is kept of a model's predictions for the ensemble and --logits. */
struct eval_set {
	float *p;        /* [image][class], or NULL */
	float *log_p;    /* of the label, [image], or NULL */
	float *logits;   /* [image][class], or NULL */
	/* OOD scores, [image]; NULL without --ood. Higher is further out. */
	double *msp;     /* (1 - p) / p of the top class: ordered as -p is,
	                    without ties near p = 1 */
	double *entropy;
	size_t n_nan;    /* images with NaN or infinite logits */
};

struct eval_model {
	struct model model; /* its data is freed when it is packed */
	size_t n_not_finite;
	struct stats_scores scores;
	struct eval_set in, ood;
	struct eval_row row;
};

struct eval_item {
	const struct eval_plan *plan;
	size_t n;
	struct eval_model models[EVAL_MAX_BATCH];
};

/* Computes all of an item's models. Safe to be called by several threads
 * for different items. */
CKPT_CHECKED enum ckpt_status eval_item_run(const struct eval_options *o,
    const struct dataset *in, struct eval_item *item,
    struct ckpt_error *err);
void eval_item_free(struct eval_item *item); /* NULL does nothing */

/* Bytes of results that a model of `classes` classes keeps. */
size_t eval_item_bytes(const struct eval_options *o, size_t n_in,
    size_t n_ood, size_t n_classes);

/* ---- eval_ensemble: the mean prediction ---- */

struct eval_ensemble;
CKPT_CHECKED enum ckpt_status eval_ensemble_add(struct eval_ensemble **e,
    const struct eval_plan *plan, const struct eval_model *m,
    struct ckpt_error *err); /* *e is NULL at first */
CKPT_CHECKED enum ckpt_status eval_ensemble_row(
    const struct eval_ensemble *e, const struct eval_options *o,
    const struct dataset *in, struct eval_row *out,
    struct ckpt_error *err);
void eval_ensemble_free(struct eval_ensemble *e); /* NULL does nothing */

/* ---- eval_logits: --logits ---- */

/* Spools beside the output: the number of models is known at the end. */
struct eval_logits;
CKPT_CHECKED enum ckpt_status eval_logits_open(const char *path,
    struct eval_logits **out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_logits_add(struct eval_logits *l,
    const float *logits, size_t n_images, size_t n_classes,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_logits_close(struct eval_logits *l,
    struct ckpt_error *err); /* frees it */
void eval_logits_abort(struct eval_logits *l); /* NULL does nothing */

/* ---- eval_pass: models for the modes that need no data ---- */

/* The next model, its IDs confirmed. */
CKPT_CHECKED enum ckpt_status eval_load(struct model_source *source,
    struct model *m, struct ckpt_error *err);

/* A model on its way. */
struct eval_one {
	struct model model;
	const struct plan *plan; /* its symmetries, or NULL */
	void *result;            /* what work has left, or NULL */
};

struct pack_selection;

struct eval_pass {
	const struct cli *cli;
	struct plans *plans;     /* NULL: no symmetries are wanted */
	const struct pack_selection *selection; /* or NULL: all */
	void *arg;
	/* With the first model before all else; may be NULL. */
	enum ckpt_status (*begin)(void *arg, const struct eval_one *one,
	    struct ckpt_error *err);
	/* By several threads for different models. */
	enum ckpt_status (*work)(void *arg, struct eval_one *one,
	    struct ckpt_error *err);
	/* In the order of the models. */
	enum ckpt_status (*consume)(void *arg, const struct eval_one *one,
	    struct ckpt_error *err);
	/* Frees what a result holds, before it is freed itself; may be
	 * NULL. */
	void (*release)(void *result);
};

/* CKPT_INVALID where the inputs hold no model. */
CKPT_CHECKED enum ckpt_status eval_pass_run(const struct eval_pass *p,
    char **paths, int n_paths, struct ckpt_error *err);

/* ---- the modes that need no data ---- */

/* --order: how the canonical order changes along a trajectory. The table goes
 * to `out`; so for all modes. */
CKPT_CHECKED enum ckpt_status eval_order(const struct cli *c,
    const struct eval_options *o, struct outfile *out,
    struct ckpt_error *err);

/* --mass: the mass and the least mass of each model. Those without one are
 * refused, and their rows say nan. */
CKPT_CHECKED enum ckpt_status eval_mass(const struct cli *c,
    const struct eval_options *o, struct outfile *out, size_t *n_refused,
    struct ckpt_error *err);

/* --exchangeable: where the largest weight lies. */
CKPT_CHECKED enum ckpt_status eval_exchange(const struct cli *c,
    const struct eval_options *o, struct outfile *out,
    struct ckpt_error *err);

/* --marginals: the distributions of single weights. */
CKPT_CHECKED enum ckpt_status eval_marginals(const struct cli *c,
    const struct eval_options *o, struct outfile *out,
    struct ckpt_error *err);

/* A group of units by the tensor that it is sorted by, the first that writes
 * it: "conv1.weight"; *out is the caller's, also on failure. */
CKPT_CHECKED enum ckpt_status eval_group_name(const struct match_shape *s,
    size_t group, char **out, struct ckpt_error *err);

/* ---- eval_histogram: a panel of a plot ---- */

struct eval_histogram {
	const char *title, *label; /* label: of the x axis */
	const double *values;      /* n of them, finite */
	size_t n;
	double low, high;          /* the range */
	unsigned n_bins;
};

struct plot;
CKPT_CHECKED enum ckpt_status eval_histogram_add(
    const struct eval_histogram *h, struct plot *p, struct ckpt_error *err);

/* "1,024 models". */
void eval_histogram_count(char *out, size_t size, size_t n);

/* ---- eval_cells, eval_table: the output ---- */

/* A cell: a text, or where that is NULL a number. */
struct eval_cell {
	const char *name; /* of the column */
	const char *text;
	double number;
};

/* The header line of TSV; rows, as TSV or JSON. */
CKPT_CHECKED enum ckpt_status eval_cells_head(const struct eval_options *o,
    struct outfile *f, const struct eval_cell *cells, size_t n,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_cells_row(const struct eval_options *o,
    struct outfile *f, const struct eval_cell *cells, size_t n,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status eval_table_head(const struct eval_options *o,
    struct outfile *f, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status eval_table_row(const struct eval_options *o,
    struct outfile *f, const char *label, const struct eval_row *row,
    struct ckpt_error *err);

#endif
