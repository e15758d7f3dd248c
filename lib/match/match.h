/*
 * match: the numerical side of symmetries: matching the units of a model to
 * those of a reference, scaling by real numbers, and the canonical form of
 * the ICLR 2024 paper. Whatever is written as a weight is computed in double,
 * in fixed order; what decides which unit goes where are products in float,
 * whose last bits hang on the CPU.
 *
 * Weights that are not finite take no part: they count as 0 in every norm,
 * order and objective, and are carried along.
 */
#ifndef CKPT_MATCH_MATCH_H
#define CKPT_MATCH_MATCH_H

#include "match/match_mass.h"
#include "match/match_mean.h"
#include "sym/sym.h"

enum match_scale {
	MATCH_SCALE_NONE = 0, /* units keep their scales */
	MATCH_SCALE_POW2 = 1, /* multiplied by powers of two */
	MATCH_SCALE_UNIT = 2, /* to unit norm of the incoming weights */
	MATCH_SCALE_MASS = 3  /* to the least mass; match_mass_solve() alone */
};

/* ---- the layout of what is matched ---- */

/* A plan seen by what works on units in double: the acted tensors of a model
 * one after another in an array of `total` elements, and the groups in
 * topological order. Immutable; shared by threads. Borrows the plan. */
struct match_shape {
	const struct sym_plan *plan;
	const struct symmetry *table;
	const struct sym_tensor *tensors;
	size_t n_tensors;
	size_t *offset;      /* of tensor i; [n_tensors] is the total */
	size_t total;        /* elements */
	size_t max_tensor;   /* elements of the largest tensor */
	size_t max_units;    /* of the largest group */
	size_t n_groups;
	size_t *order;       /* groups from the inputs to the outputs; where
	                        two are level, blocks after what they hold */
	size_t *root;        /* group -> the outermost parent, or itself */
	/* group -> the outermost of the groups permuted alike, or itself */
	size_t *family;
	/* see match_writers: of group g from [g] on, of families behind */
	struct sym_use *writers;
	size_t *first_writer; /* 2 * n_groups + 1 entries */
};

/*
 * What writes the units of a group, in the order in which it is asked for a
 * unit's norm, sign or place: operations from the inputs on; of one operation
 * weights (matrices, and what multiplies channels of another group) before
 * vectors, these in descending order of their names (gamma before beta).
 * Of a group that others are permuted alike with, match_family_writers gives
 * what writes any of them: a filter before the gain that follows it.
 */
const struct sym_use *match_writers(const struct match_shape *s,
    size_t group, size_t *n);
const struct sym_use *match_family_writers(const struct match_shape *s,
    size_t group, size_t *n);

CKPT_CHECKED enum ckpt_status match_shape_new(const struct sym_plan *p,
    struct match_shape **out, struct ckpt_error *err);
void match_shape_free(struct match_shape *s); /* NULL does nothing */

/* The acted weights of a model into w[total]; returns how many were not
 * finite and became 0. `p` is a plan of the model's schema with the shape's
 * table; dtypes may differ from the shape's. */
size_t match_load(const struct match_shape *s, const struct sym_plan *p,
    const struct model *m, double *w);

/* Whether a second plan has the shape's table and tensors. */
bool match_fits(const struct match_shape *s, const struct sym_plan *p);

/* ---- maps: group elements with real scales ---- */

/* Unit u of the result is unit `source` of the input, times `factor`. */
struct match_unit {
	uint32_t source;
	double factor;
};

struct match_map {
	size_t n_groups;
	uint32_t *n_units;
	struct match_unit **units; /* [group][unit] */
	struct match_unit *spare;  /* room for the largest group */
};

CKPT_CHECKED enum ckpt_status match_map_new(const struct match_shape *s,
    struct match_map *out, struct ckpt_error *err); /* the identity */
void match_map_release(struct match_map *m);
void match_map_reset(struct match_map *m);          /* to the identity */
void match_map_copy(const struct match_map *from, struct match_map *to);

/* total becomes: total, then `then`. */
void match_map_append(struct match_map *total, const struct match_map *then);

/* The way back. */
void match_map_invert(const struct match_map *from, struct match_map *to);

/* Units that a map leaves at their place, and with their sign; groups that
 * are permuted along with another are not counted. *n_units: of all. */
uint64_t match_map_home(const struct match_shape *s,
    const struct match_map *m, uint64_t *n_units);

/* How many a random element of the group leaves there on average. */
double match_map_chance(const struct match_shape *s);

/* Any map of powers of two as an exact element. */
CKPT_CHECKED enum ckpt_status match_map_element(const struct match_map *m,
    const struct sym_plan *p, struct sym_element *out,
    struct ckpt_error *err);

/* Units whose place or factor is not the identity's. */
uint64_t match_map_moved(const struct match_map *m);

/* Applies the part of a map that belongs to the flagged groups (NULL: all)
 * to w[total], each element as (w / column's factor) * row's factor; `temp`
 * holds max_tensor elements. */
void match_apply(const struct match_shape *s, const struct match_map *m,
    const bool *groups, double *w, double *temp);

/* The whole model under a map, all weights as f32, rounded once from double.
 * `p` is the plan of in's schema; out's schema is `schema`. */
CKPT_CHECKED enum ckpt_status match_write(const struct sym_plan *p,
    const struct match_map *m, const struct model *in, struct schema *schema,
    struct model *out, struct ckpt_error *err);

/* ---- scaling and the paper's form ---- */

/*
 * The factors that bring the units of a group to unit L2 norm (POW2: by the
 * nearest power of two) along one axis of one tensor: those that are not done
 * and have weights there, which are done then; 1 for all others. Returns how
 * many there are. Of a tensor with both axes in the group, only what joins a
 * unit to those that count is taken. factor[2 * n_units], of which the second
 * half is scratch.
 */
size_t match_unit_factors(const struct match_shape *s, const double *w,
    size_t group, const struct sym_use *use, enum match_scale scale,
    const bool *counts, bool *is_done, double *factor);

/* The signs that make the first weight there that is not 0 positive, for
 * units that are not done; otherwise the same. factor[n_units]. */
size_t match_unit_signs(const struct match_shape *s, const double *w,
    size_t group, const struct sym_use *use, const bool *counts,
    bool *is_done, double *factor);

/*
 * Brings w[total] to the paper's form, in place, and appends the way there to
 * `m`: for each group from the inputs on, its units are scaled as `scale`
 * says; and if `is_sorted`, each unit that admits a sign takes the one that
 * makes its first incoming weight positive, and the units are sorted by
 * their first incoming weight, ascending, then the next and so on, biases
 * last, then the outgoing ones; blocks in the same way. Of a unit that
 * several layers write, the first that has a weight (or else a bias) for it
 * gives the norm. A unit that none gives one, or only from such units, is
 * scaled (and given a sign) by its outgoing weights at the end.
 */
CKPT_CHECKED enum ckpt_status match_paper(const struct match_shape *s,
    enum match_scale scale, bool is_sorted, double *w, struct match_map *m,
    struct ckpt_error *err);

/* The order of a model's units in the paper's form. */
struct match_order {
	size_t n_groups;
	size_t *begin;   /* units of group g: begin[g] .. begin[g + 1] - 1 */
	double *first;   /* of each unit as numbered in the model, the first
	                    weight that comes into it in that form; of a unit
	                    that is a block, of the first unit it holds */
	uint32_t *rank;  /* its place there, within its block */
};

/* Scales units to unit norm and sorts. `p` is the plan of m's schema;
 * *n_not_finite weights counted as 0. */
CKPT_CHECKED enum ckpt_status match_order_of(const struct match_shape *s,
    const struct sym_plan *p, const struct model *m, struct match_order *out,
    size_t *n_not_finite, struct ckpt_error *err);
void match_order_release(struct match_order *o);

/* Units of a group that may change places with one another: those of a block,
 * or all. */
uint32_t match_order_block(const struct match_shape *s, size_t group);

/* The tensor (of s->tensors) by which a group is sorted: the first that
 * writes it; of a group without an axis of its own, that of what it holds,
 * *units of which make one of it. SIZE_MAX if none does. */
size_t match_order_writer(const struct match_shape *s, size_t group,
    size_t *units);

/* ---- exact isomorphism ---- */

/* A model's orbit, and the way from the model to its canonical form. */
struct match_orbit {
	struct sym_element canonical;
	struct ckpt_id id;
};

/* CKPT_LIMIT where the search for the canonical order exceeds its limit. */
CKPT_CHECKED enum ckpt_status match_orbit_of(const struct sym_plan *p,
    const struct model *m, struct match_orbit *out, struct ckpt_error *err);
void match_orbit_release(struct match_orbit *o);

/* The element that takes one model to another of the same orbit. */
CKPT_CHECKED enum ckpt_status match_orbit_path(
    const struct match_orbit *from, const struct match_orbit *to,
    struct sym_element *out, struct ckpt_error *err);

/* ---- matching ---- */

/* A reference to which models are matched. Immutable; shared by threads. */
struct match_problem;
CKPT_CHECKED enum ckpt_status match_problem_new(const struct match_shape *s,
    const struct model *reference, enum match_scale scale,
    struct match_problem **out, struct ckpt_error *err);
void match_problem_free(struct match_problem *p); /* NULL does nothing */

/* The same of weights as match_load gives them, reference[s->total]. */
CKPT_CHECKED enum ckpt_status match_problem_of(const struct match_shape *s,
    const double *reference, enum match_scale scale,
    struct match_problem **out, struct ckpt_error *err);

/* The objective: the sum of products of a model's acted weights with the
 * reference's, but for running variances; with POW2 less half the sum of the
 * model's squares, so that it falls with the distance to the reference. */
CKPT_CHECKED enum ckpt_status match_objective(const struct match_problem *p,
    const struct sym_plan *plan, const struct model *m, double *out,
    struct ckpt_error *err);

struct match_result {
	struct match_map map;
	double before; /* the objective */
	double after;  /* never less */
	size_t n_not_finite;
	unsigned n_sweeps;
};

/*
 * Weight matching (Ainsworth, Hayase, Srinivasa, ICLR 2023): groups in turn
 * are given the assignment that is best while the others stay, until none
 * improves. With POW2 each unit also takes the power of two that brings it
 * nearest to its counterpart; with UNIT both sides are scaled first. Starts
 * from the model as it is and from `n_restarts` random places given by
 * `seed`; the best is kept, the first of equals. `plan` is that of the
 * model's schema.
 */
CKPT_CHECKED enum ckpt_status match_solve(const struct match_problem *p,
    const struct sym_plan *plan, const struct model *m, unsigned n_restarts,
    uint64_t seed, struct match_result *out, struct ckpt_error *err);

/* The same of weights as match_load gives them, w[shape->total]. */
CKPT_CHECKED enum ckpt_status match_solve_weights(
    const struct match_problem *p, const double *w, unsigned n_restarts,
    uint64_t seed, struct match_result *out, struct ckpt_error *err);

/* Takes steps from the map `start` until none gains; `before` is the start's
 * objective. Not with UNIT. */
CKPT_CHECKED enum ckpt_status match_improve(const struct match_problem *p,
    const double *w, const struct match_map *start, struct match_result *out,
    struct ckpt_error *err);

/* ---- matching by what is measured elsewhere ---- */

/*
 * The assignment of each family that has the largest sum of gains: gains[g]
 * is the n x n matrix of group g, [place of the reference][unit of the model],
 * or NULL where nothing is known. Units that take signs take them where that
 * makes a gain positive. Families of which nothing is known stay as they are.
 * The problem's scale is NONE. `out` is a map of its shape.
 */
CKPT_CHECKED enum ckpt_status match_assign(const struct match_problem *p,
    float *const *gains, struct match_map *out, struct ckpt_error *err);

/* c[m][n] += a[m][k] * b[n][k]^T in float; lda, ldb: numbers from one row to
 * the next. */
void match_product(size_t m, size_t n, size_t k, const float *a, size_t lda,
    const float *b, size_t ldb, float *c);

#endif
