/*
 * match_work: what the parts of the matching share: the products of units of
 * a reference and a model, and the space that one thread works in. Private
 * to match/.
 */
#ifndef CKPT_MATCH_WORK_H
#define CKPT_MATCH_WORK_H

#include "match/lap.h"
#include "match/match.h"

struct match_problem {
	const struct match_shape *shape;
	enum match_scale scale;
	double *ref;              /* shape->total */
	struct match_map map;     /* from the reference to `ref` */
	struct match_problem *unit; /* with POW2: of scale UNIT, else NULL */
};

/* A step counts as a gain if it adds more than this part of the score. */
#define MATCH_GAIN 1e-12

/*
 * The gain of taking unit b of the model for unit a of the reference, in
 * parts that a sign s and a scale k of the unit act on differently:
 *
 *	k s out[a][b] + s / k in[a][b] + none[a][b] + s' dep[a][b]
 *	    - (k^2 norm_out[b] + norm_in[b] / k^2) / 2
 *
 * where s' is the sign that the parent's unit takes. Matrices are n x n, or
 * n long (a = b) if diagonal; a part that is NULL is 0.
 */
struct match_cost {
	size_t n;
	bool is_diagonal;
	double *out, *in, *none, *dep;
	double *norm_out, *norm_in;
};

/* How a group's costs are asked for. */
enum {
	MATCH_SIGN = 1,     /* units may take a sign */
	MATCH_POW2 = 2,     /* and a power of two */
	MATCH_DIAGONAL = 4, /* units in their places only */
	MATCH_SLICED = 8    /* with the input axes of grouped convolutions
	                       whose rows are matched in the same step */
};

/* Products of the units of group `g` in `ref` and in `w`; panels of the
 * columns are gathered in `panel`, of MATCH_PANEL x max_units x 2 doubles. */
#define MATCH_PANEL 256
CKPT_CHECKED enum ckpt_status match_cost_new(const struct match_shape *s,
    size_t g, unsigned flags, const double *ref, const double *w,
    double *panel, struct match_cost *out, struct ckpt_error *err);
void match_cost_release(struct match_cost *c);

/* The gain of the pair (a, b) with the best sign and scale that `flags`
 * allow, which go into *factor; `parent` is the sign s'. */
double match_cost_pair(const struct match_cost *c, size_t a, size_t b,
    unsigned flags, double parent, double *factor);

/* What a thread needs for one model. */
struct match_work {
	const struct match_problem *problem;
	double *w;                /* the model as matched so far */
	double *temp;             /* of the largest tensor */
	double *panel;
	struct lap *lap;
	struct match_cost *costs; /* [group] */
	float **gains;            /* [group]: units of a block, squared */
	uint32_t **columns;       /* [group]: units of a block */
	struct match_map delta;   /* the step that is tried */
	struct match_map total;   /* all steps taken */
	bool *touched;            /* groups of the step */
	bool *is_settled;         /* [root]: no gain since the last change */
};

CKPT_CHECKED enum ckpt_status match_work_new(const struct match_problem *p,
    struct match_work *k, struct ckpt_error *err);
void match_work_release(struct match_work *k);

/* Takes steps from where k->w is until none gains; the score is k->problem's
 * and rises with every step. */
CKPT_CHECKED enum ckpt_status match_descend(struct match_work *k,
    double *score, unsigned *n_sweeps, struct ckpt_error *err);

/* Which sign and scale the units of a group may take in this problem. */
unsigned match_flags(const struct match_problem *p, size_t group);

/* Sum of the products with the reference; with POW2 less half the model's
 * squared norm, so that it measures the distance to the reference. */
double match_score(const struct match_problem *p, const double *w,
    bool with_norm);

/* Fills delta with the best assignment of a root group and all that moves
 * with it, everything else staying where it is; touched is set. */
CKPT_CHECKED enum ckpt_status match_family(struct match_work *k, size_t root,
    struct ckpt_error *err);

/* The same for the units of one group within its parent's blocks, which
 * stay, seen through all its axes. */
CKPT_CHECKED enum ckpt_status match_blocks(struct match_work *k, size_t group,
    struct ckpt_error *err);

/* Signs and scales only. */
CKPT_CHECKED enum ckpt_status match_signs(struct match_work *k, size_t group,
    struct ckpt_error *err);

/* Whether part of a group's input axes is left out of match_family. */
bool match_has_sliced(const struct match_shape *s, size_t group);

#endif
