/*
 * match_work: what the parts of the matching share. Private to match/.
 *
 * The model stays as it was loaded; a map says which of its units takes which
 * place, and by what factor. Costs are numbered by places (of the reference)
 * and units of the model as loaded, so that a step of one family changes
 * nothing in its own costs, and of its neighbours' only what has moved.
 */
#ifndef CKPT_MATCH_WORK_H
#define CKPT_MATCH_WORK_H

#include "match/gemm.h"
#include "match/lap.h"
#include "match/match.h"

/* A step counts as a gain if it adds more than this part of the score. */
#define MATCH_GAIN 1e-12

/* ---- the layout: where groups act, and which of them move together ---- */

/* What a group's units may take besides a place. */
enum {
	MATCH_SIGN = 1,
	MATCH_POW2 = 2
};

/* How the products along an axis depend on the unit's own sign s and scale
 * k, and on the sign s' of a unit that moves along with it. */
enum match_part {
	MATCH_NONE, /* not at all */
	MATCH_OUT,  /* times s k */
	MATCH_IN,   /* times s / k */
	MATCH_DEP   /* times s', and s k if the unit takes them */
};

/*
 * A group along one axis of a tensor. The tensor is [rows][row_block][cols]
 * [run]: units of axis 0, indices of each, units of axis 1 (of a slice),
 * contiguous elements of each.
 *
 * The units of the other axis are the terms of the products. In a sliced
 * tensor those of one slice meet only the units of this axis in that slice.
 */
struct match_use {
	size_t tensor;       /* in shape->tensors */
	bool is_col;
	size_t rows, row_block, cols, run, slices;
	size_t n_units;      /* along this axis */
	size_t other;        /* group of the other axis; SIZE_MAX: fixed */
	size_t n_other;      /* its units a slice */
	enum symmetry_action other_action;
	enum match_part part;
	size_t owner;        /* group whose costs the products go to */
	/* The other axis moves in the same step, place by place: its signs
	 * are left to that step. */
	bool is_joint;
	/* What the row axis of the tensor says already: not in the costs of
	 * a family, but in those of blocks that move alone. */
	bool is_covered;
	enum match_part own; /* what the unit's own sign and scale do to it */
};

/* Groups that move together: a root and those in its blocks. */
struct match_family {
	size_t root;
	size_t n_members;    /* parents before children */
	size_t *members;
	/* All blocks are of one unit and no unit takes a scale: the members
	 * share one assignment. */
	bool is_alike;
	/* A tensor joins units of the family to one another. */
	bool is_coupled;
	size_t n_with_sign;  /* members that take signs, of a family that is */
	size_t *with_sign;   /* alike: each before its partner (see below) */
	size_t n_neighbours; /* families that share a tensor with it */
	size_t *neighbours;
};

struct match_layout {
	const struct match_shape *shape;
	size_t n_families;
	struct match_family *families; /* in the order of the roots */
	size_t *family_of;   /* group -> its family */
	size_t *numbers;     /* what members and neighbours point into */
	unsigned *flags;     /* [group]: MATCH_SIGN, MATCH_POW2 */
	size_t *block;       /* [group]: units a block; of a root all */
	/* In a family that is alike: the group whose sign the part DEP hangs
	 * on besides the group's own; SIZE_MAX: none. */
	size_t *partner;
	size_t *first_use;   /* [n_groups + 1] */
	struct match_use *uses;
	size_t max_other;    /* terms of a use, at most */
	size_t panel;        /* numbers of a panel */
};

CKPT_CHECKED enum ckpt_status match_layout_new(const struct match_shape *s,
    enum match_scale scale, struct match_layout *out,
    struct ckpt_error *err);
void match_layout_release(struct match_layout *l);

/* ---- weights in float ---- */

/* Numbers divided by a power of two, so that no product of them overflows. */
struct match_weights {
	float *w;
	int exponent;
};

/* Where weights come from: a model, whose schema's plan is `plan`, or (NULL)
 * w[shape->total], as match_load gives them. */
struct match_given {
	const struct sym_plan *plan;
	const struct model *model;
	const double *w;
};

/* The acted weights of a model; running variances and what is not finite are
 * 0. *n_bad: how many of those weighed are not finite. */
CKPT_CHECKED enum ckpt_status match_weights_load(const struct match_shape *s,
    const struct match_given *m, struct match_weights *out, size_t *n_bad,
    struct ckpt_error *err);

/* The same, with units scaled to unit norm; the way there is appended to
 * `map`. */
CKPT_CHECKED enum ckpt_status match_weights_unit(const struct match_shape *s,
    const struct match_given *m, struct match_weights *out,
    struct match_map *map, struct ckpt_error *err);

/* What is permuted with the units and never multiplied: running variances,
 * whose sizes say nothing of the weights'. */
bool match_is_left_out(const struct sym_tensor *t);

struct match_problem {
	const struct match_shape *shape;
	enum match_scale scale;
	struct match_layout layout;
	struct match_weights ref;
	double ref_squares;       /* of ref.w */
	double *spread;           /* [tensor]: variance of ref.w */
	struct match_map map;     /* from the reference to `ref` */
	struct match_problem *unit; /* with POW2: of scale UNIT, else NULL */
	bool is_near;             /* of another all is borrowed but `ref` */
};

/* Another reference for steps from a start, like `p` otherwise, which must
 * outlive it. Starts are not found with it. */
CKPT_CHECKED enum ckpt_status match_problem_near(
    const struct match_problem *p, const double *reference,
    struct match_problem **out, struct ckpt_error *err);

/* ---- costs ---- */

/* The gain of taking unit b of the model for place a, in parts that the
 * unit's sign s and scale k, and the sign s' of its parent's unit, act on:
 *
 *	k s out + s / k in + none + s' dep
 *	    - (k^2 norm_out + norm_in / k^2) / 2
 */
struct match_terms {
	double out, in, none, dep, norm_out, norm_in;
};

/* The gain with the best sign and scale that `flags` allow, which go into
 * *factor; `parent` is the sign s'. */
double match_terms_best(const struct match_terms *t, unsigned flags,
    double parent, double *factor);

/* The parts of a group, n x n: [place][unit]; NULL is 0. */
struct match_parts {
	float *of[4];      /* enum match_part */
	double *norm_out;  /* [unit]; only with MATCH_POW2 */
	double *norm_in;
};

/* A unit's place among those of its slice, seen from a product. */
struct match_term {
	uint32_t source;
	float factor;
};

/* What a thread needs for one model. */
struct match_work {
	const struct match_problem *problem;
	struct match_weights model; /* borrowed */
	struct match_map map;      /* where the model's units are */
	struct match_map next;     /* the step that is tried */
	double *score;             /* [tensor], as the map is */
	double *new_score;
	struct match_parts *parts; /* [group]: costs */
	struct match_parts *hints; /* [group]: of match_place */
	struct match_term **seen;  /* [use]: the other axis, as the parts have
	                              it; NULL: not counted yet */
	struct match_term *terms;  /* [max_other] */
	uint32_t *changed;         /* [max_other] */
	float *panel[2];           /* layout.panel numbers each */
	gemm_add *gemm;
	float *product;            /* max_units squared */
	float *gains;              /* the same */
	double **duals;            /* [family]; NULL: none yet */
	uint32_t *column;          /* [max_units] */
	struct lap *lap;
	float **block_gains;       /* [group]: of a block, squared */
	uint32_t **block_columns;  /* [group] */
	bool *is_touched;          /* [group]: by the step that is tried */
	bool *is_placed;           /* [family]: by match_place */
	bool *is_settled;          /* [family]: no gain since the last change */
};

CKPT_CHECKED enum ckpt_status match_work_new(const struct match_problem *p,
    struct match_work *k, struct ckpt_error *err);
void match_work_release(struct match_work *k);

/* The same work space for another model or problem of the same shape; the
 * costs are forgotten. */
void match_work_reset(struct match_work *k, const struct match_problem *p,
    const struct match_weights *model);

/* ---- seeing a tensor under a map ---- */

/* The units of a use's other axis into t[]: what stands at each place of a
 * slice of the model as it was loaded. Signs that are found jointly are left
 * out, or not. */
void match_see(const struct match_work *k, const struct match_use *u,
    bool with_joint, struct match_term *t);

/* The product of place a of the reference and unit b of the model along a
 * use, under these terms; in double, in fixed order. */
double match_see_pair(const struct match_work *k, const struct match_use *u,
    const struct match_term *t, size_t a, size_t b);

/* The squares of unit b along a use, in the score's units. */
double match_see_squares(const struct match_work *k,
    const struct match_use *u, const struct match_term *t, size_t b);

/* The sum of the products of a tensor under the map; with POW2 less half the
 * sum of the model's squares. In double, in fixed order. */
double match_see_tensor(const struct match_work *k, size_t tensor);

/* ---- costs of a family ---- */

/* Brings a group's part of the costs up to date. */
CKPT_CHECKED enum ckpt_status match_cost_update(struct match_work *k,
    size_t group, struct ckpt_error *err);
void match_parts_clear(struct match_parts *p);

/* Adds a use's products to c[n_units * n_units], less those that were added
 * for it before. */
CKPT_CHECKED enum ckpt_status match_cost_use(struct match_work *k, size_t use,
    float *c, struct ckpt_error *err);

/* An n x n part of a group, zeros at its first use. */
CKPT_CHECKED enum ckpt_status match_parts_claim(const struct match_work *k,
    struct match_parts *p, size_t group, enum match_part part, float **out,
    struct ckpt_error *err);

/* The products of all places and units along a use: added to c[n_units *
 * n_units], less what is there already by `old` (NULL: nothing). */
void match_product_add(struct match_work *k, const struct match_use *u,
    const struct match_term *old, const struct match_term *new, float *c);

/* ---- steps: k->next of the groups concerned ---- */

/* The best assignment of a family by these parts, everything else staying
 * where it is. `duals` are kept there between solutions, or NULL. */
CKPT_CHECKED enum ckpt_status match_family_assign(struct match_work *k,
    const struct match_family *f, const struct match_parts *parts,
    double **duals, struct ckpt_error *err);

/* The same where blocks are of several units or units take scales. */
CKPT_CHECKED enum ckpt_status match_nested_assign(struct match_work *k,
    const struct match_family *f, const struct match_parts *parts,
    struct ckpt_error *err);

/* The units of one group within its parent's blocks, which stay, seen
 * through all its axes. */
CKPT_CHECKED enum ckpt_status match_blocks(struct match_work *k,
    size_t group, struct ckpt_error *err);

/* Signs and scales only. */
CKPT_CHECKED enum ckpt_status match_signs(struct match_work *k, size_t group,
    struct ckpt_error *err);

/* Whether some of a group's axes are left out of its family's costs. */
bool match_has_covered(const struct match_layout *l, size_t group);

/* ---- descents ---- */

/*
 * A first map: families in turn, from the inputs on, are assigned by what is
 * known of their units: products with families that have their place, and
 * where these are few, also moments of their weights, which hang on no order
 * of the other units.
 */
CKPT_CHECKED enum ckpt_status match_place(struct match_work *k,
    struct ckpt_error *err);

/* The whole score: as the objective, in units of the loaded weights. */
double match_score(const struct match_work *k);

/* Takes steps from k->map until none gains. */
CKPT_CHECKED enum ckpt_status match_descend(struct match_work *k,
    double *score, unsigned *n_sweeps, struct ckpt_error *err);

#endif
