/*
 * align: the parts of ckpt-align: what is kept for each schema, the methods,
 * the metadata that undoes them, the report.
 */
#ifndef CKPT_TOOLS_ALIGN_H
#define CKPT_TOOLS_ALIGN_H

#include <pthread.h>

#include "cli.h"
#include "id/id.h"
#include "mass.h"
#include "match/match.h"
#include "match/match_filters.h"
#include "plans.h"

enum align_method {
	ALIGN_NONE = 0,
	ALIGN_EXACT,   /* --canonical=exact */
	ALIGN_PAPER,   /* --canonical=paper */
	ALIGN_TO,      /* --to=REF */
	ALIGN_MEAN,    /* --to=mean */
	ALIGN_SCALE,   /* --scale=unit, min-mass or --softmax=center alone */
	ALIGN_RESTORE
};

struct align_check;
struct align_barrier;
struct align_activations;
struct align_mean;

/* What --to=mean is asked for. */
struct align_mean_options {
	const char *path;    /* --mean, or NULL */
	const char *cycles;  /* or NULL */
	uint64_t n_triples;  /* 0: not given */
	unsigned n_passes;   /* 0: not given */
	uint64_t window;     /* 0: not given */
};

/* What --barrier is asked for. */
struct align_barrier_options {
	bool is_wanted;
	const char *labels;  /* --data=IMAGES,LABELS */
	uint64_t limit;      /* --limit; UINT64_MAX: all images */
	size_t n_points;
	bool is_repaired;    /* --repair */
	const char *repair;  /* its images; NULL: those of the data */
	const char *plot;    /* or NULL */
};

/* What a schema needs, worked out at its first model. */
struct align_plan {
	const struct plan *plan;
	struct match_shape *shape; /* NULL for --restore */
	struct schema *same;       /* the schema with its symmetries */
	struct schema *as_f32;     /* the same with weights of f32 or f64 */
	struct schema *as_f64;
	struct align_check *check; /* for the report, or NULL */
	struct mass_plan *mass;    /* for --scale=min-mass, or NULL */
	/* for forms that round: filters before batch norms, and the plan of
	 * as_f64 */
	size_t n_filters;
	struct sym_plan *wide;
};

struct align {
	struct cli cli;
	enum align_method method;
	enum match_scale scale;
	bool has_scale, with_bias;
	enum ckpt_dtype dtype;  /* CKPT_F64: the orbit's representative */
	bool has_method, by_activations; /* --method */
	unsigned n_restarts;
	uint64_t seed;
	const char *reference;  /* --to, --barrier */
	const char *arch, *output, *report, *data;
	bool is_centered;       /* --softmax=center */
	bool is_explain;
	bool is_table;
	bool is_f64_check;      /* --check=f64 */
	struct align_barrier_options barrier_options;

	struct align_mean_options mean_options;

	struct plans *plans;
	size_t n_plans;
	struct align_plan **per_plan;

	/* --to and --barrier: the reference */
	struct model ref;
	struct align_plan *ref_plan;
	struct ckpt_id ref_id;
	struct match_problem *problem;
	struct match_orbit ref_orbit;
	bool has_ref_orbit;
	struct align_activations *activations; /* NULL: match by weights */

	struct model_source *source;
	struct model_sink *sink;
	FILE *report_file;
	struct align_barrier *barrier; /* takes the sink's place, or NULL */
	bool has_nan;                  /* a score is NaN */
	struct align_mean *mean;       /* of --to=mean, or NULL */

	/* bytes of models on their way, and whether one has failed */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t in_flight;
	bool is_failed;
};

/* A model on its way from the source to the sink. */
struct align_item {
	struct align_plan *plan;
	struct model in, out;
	struct ckpt_id id;           /* of in */
	struct ckpt_id *tensor_ids;  /* of out, in its schema's order */
	uint64_t n_bytes;            /* counted in in_flight */
	/* for the report */
	uint64_t moved, n_not_finite;
	const char *not_finite;      /* the first tensor that has some */
	uint64_t not_finite_at;      /* the first element there */
	double before, after;
	const char *stage;           /* "exact", "match", ... */
	char *note;                  /* a warning, or NULL */
	struct sym_element order;    /* the permutation alone, if asked for */
	/* Where weights are rounded: the result before that, for
	 * --check=f64; data NULL otherwise. */
	struct model unrounded;
	bool is_near;                /* nearly the same function, not more */
	bool is_centered;            /* the same but for a translation */
	/* --to=mean: the number among the models; the map to the mean, if
	 * there is one; the weights before (or under the map of the pass
	 * before) and after it */
	uint64_t number;
	bool is_kept, is_moved;      /* is_kept: not freed after a pass */
	struct match_map map;
	double *w, *x;
	struct align_change {
		double output, order, max_logit;
	} change, change_f64;
};

/* ---- the command line ---- */

extern const struct cli_option align_options[];

/* Reads and checks all options; ends the program where they are wrong. */
void align_parse_options(struct align *a, int argc, char **argv);

/* ---- schemas ---- */

CKPT_CHECKED enum ckpt_status align_plan_get(struct align *a,
    const struct model_head *head, struct align_plan **out,
    struct ckpt_error *err);
void align_plan_free(struct align_plan *p);

/* A model's schema becomes the one that states its symmetries. */
void align_state_symmetry(const struct align_plan *p, struct model *m);

/* ---- methods: item->in to item->out ---- */

CKPT_CHECKED enum ckpt_status align_exact(const struct align *a,
    struct align_item *item, struct ckpt_error *err);
/* The paper's form, unit norms, the least mass, the softmax centred. */
CKPT_CHECKED enum ckpt_status align_form(const struct align *a,
    struct align_item *item, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_to(const struct align *a,
    struct align_item *item, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_restore(const struct align *a,
    struct align_item *item, struct ckpt_error *err);

/* Keeps the permutation of an element, or else of a map, for the report. */
CKPT_CHECKED enum ckpt_status align_note_order(const struct align *a,
    struct align_item *item, const struct sym_element *e,
    const struct match_map *m, struct ckpt_error *err);

/* The result of a map of `from`, whose plan is `plan`, as f32; before it is
 * rounded, too, if that is to be checked. There is no way back. */
CKPT_CHECKED enum ckpt_status align_put_rounded(const struct align *a,
    struct align_item *item, const struct sym_plan *plan,
    const struct model *from, const struct match_map *map,
    struct ckpt_error *err);

/* The result of a map of item->in: as f32 with --scale=unit, else exact, with
 * the way back. */
CKPT_CHECKED enum ckpt_status align_put_map(const struct align *a,
    struct align_item *item, const struct match_map *map,
    struct ckpt_error *err);

/* Reads --to's model and prepares the matching to it. */
CKPT_CHECKED enum ckpt_status align_open_reference(struct align *a,
    struct ckpt_error *err);
void align_close_reference(struct align *a);

/* Keeps the permutation of an element, or else of a map, for the report. */
CKPT_CHECKED enum ckpt_status align_note_order(const struct align *a,
    struct align_item *item, const struct sym_element *e,
    const struct match_map *m, struct ckpt_error *err);

/* ---- metadata ---- */

/* Records in item->out's metadata what was done; `e` is the element that
 * took item->in there, NULL if that cannot be undone. */
CKPT_CHECKED enum ckpt_status align_sign(const struct align *a,
    struct align_item *item, const struct sym_element *e,
    struct ckpt_error *err);

/* ---- report ---- */

/* The change of the function on a few inputs. */
CKPT_CHECKED enum ckpt_status align_check_new(const struct align *a,
    const struct align_plan *p, struct align_check **out,
    struct ckpt_error *err);
void align_check_free(struct align_check *k); /* NULL does nothing */
CKPT_CHECKED enum ckpt_status align_check_item(struct align_item *item,
    unsigned thread, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status align_report_open(struct align *a,
    struct ckpt_error *err);
/* What the method itself has not worked out. */
CKPT_CHECKED enum ckpt_status align_report_measure(const struct align *a,
    struct align_item *item, unsigned thread, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_report_put(struct align *a,
    const struct align_item *item, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_report_close(struct align *a,
    struct ckpt_error *err);

/* ---- --barrier: a table instead of models ---- */

CKPT_CHECKED enum ckpt_status align_barrier_open(struct align *a,
    struct ckpt_error *err);
/* Refuses other architectures than the reference's, and weights that are NaN
 * or infinite. */
CKPT_CHECKED enum ckpt_status align_barrier_admit(const struct align *a,
    const struct model *m, const struct align_plan *p,
    struct ckpt_error *err);
/* The rows of an aligned model. */
CKPT_CHECKED enum ckpt_status align_barrier_put(struct align *a,
    const struct align_item *item, struct ckpt_error *err);
/* Draws the plot and completes the table. */
CKPT_CHECKED enum ckpt_status align_barrier_close(struct align *a,
    struct ckpt_error *err);
void align_barrier_free(struct align_barrier *b); /* NULL does nothing */

/* Numbers of weights that are NaN or infinite; *first is the tensor of the
 * first of them, or NULL, and *element where it stands there. */
uint64_t align_count_not_finite(const struct model *m, const char **first,
    uint64_t *element);

/* CKPT_INVALID, with the tensor, if there are any. */
CKPT_CHECKED enum ckpt_status align_refuse_not_finite(const struct model *m,
    struct ckpt_error *err);

/* Sum of the squares of a model's acted weights; `plan` is of its schema. */
CKPT_CHECKED enum ckpt_status align_mass(const struct align_item *item,
    const struct sym_plan *plan, const struct model *m, double *out,
    struct ckpt_error *err);

/* --explain and --table: the groups of the first model's schema, or of
 * --arch. */
CKPT_CHECKED enum ckpt_status align_explain(struct align *a,
    struct ckpt_error *err);

/* ---- models on their way ---- */

/* The next model of the source, with its plan and ID. */
CKPT_CHECKED enum ckpt_status align_item_read(struct align *a,
    struct align_item **out, struct ckpt_error *err);
void align_item_free(struct align *a, struct align_item *item);

/* Waits until the models on their way leave room for one of these bytes
 * and its result; one is always let in. */
CKPT_CHECKED enum ckpt_status align_item_wait(struct align *a,
    struct align_item *item, uint64_t n_bytes);

/* It stays in memory, and counts no longer as one on its way. */
void align_item_keep(struct align *a, struct align_item *item);

/* The IDs of item->out, and what the report wants. */
CKPT_CHECKED enum ckpt_status align_item_finish(struct align *a,
    struct align_item *item, unsigned thread, struct ckpt_error *err);

/* Warnings, the model, its line of the report. */
CKPT_CHECKED enum ckpt_status align_item_put(struct align *a,
    struct align_item *item, struct ckpt_error *err);

/* A pass over models: `next` makes items (CKPT_END ends it), `work` is called
 * by several threads, `take` in the order of the items. */
struct align_pass {
	struct align *a;
	enum ckpt_status (*next)(struct align *a, struct align_item **out,
	    struct ckpt_error *err);
	enum ckpt_status (*work)(struct align *a, struct align_item *item,
	    unsigned thread, struct ckpt_error *err);
	enum ckpt_status (*take)(struct align *a, struct align_item *item,
	    struct ckpt_error *err);
};
CKPT_CHECKED enum ckpt_status align_pass_run(struct align_pass *p,
    struct ckpt_error *err);

/* ---- --to=mean ---- */

/* Opens what --mean and --cycles name; aligns; completes them. */
CKPT_CHECKED enum ckpt_status align_mean_open(struct align *a,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_mean_run(struct align *a,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_mean_close(struct align *a,
    struct ckpt_error *err);
void align_mean_free(struct align *a);

/* How a model has come to the mean, for its metadata. */
CKPT_CHECKED enum ckpt_status align_mean_print(const struct align *a,
    struct buf *out, struct ckpt_error *err);

/* All models of the source, through the threads, to the sink. */
CKPT_CHECKED enum ckpt_status align_run(struct align *a,
    struct ckpt_error *err);

#endif
