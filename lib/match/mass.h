/*
 * mass: the parts of the minimum mass problem. Private to match/.
 *
 * Tensors are collapsed first: of all weights that join the same two units,
 * one sum of squares remains, a cell. A cell whose other end has no scale is
 * an end: a sum of squares that belongs to one unit alone.
 */
#ifndef CKPT_MATCH_MASS_H
#define CKPT_MATCH_MASS_H

#include "match/match.h"

/* The certificate that is aimed at; where rounding does not allow it,
 * MATCH_MASS_PRECISION will do. */
#define MASS_WANTED 1e-11

/* One axis of a tensor that counts. */
struct mass_side {
	size_t group;   /* SIZE_MAX: no scale */
	int sign;       /* 1: multiplied by the units' factors, -1: divided;
	                   0: neither */
	size_t per;     /* units of the tensor's side a unit here */
	size_t n;       /* units */
	size_t first;   /* number of the first among all units */
};

struct mass_part {
	size_t index;   /* of the tensor in the schema */
	size_t tensor;  /* among the plan's, or SIZE_MAX: not acted on */
	struct sym_tensor view; /* of the plan's; rows 0: in one piece */
	struct mass_side row, col;
	/* If both axes have scales: the matrix of cells lies from `cell` on,
	 * rows of `width`. Row u of slice u / height holds the columns from
	 * u / height * width on. */
	bool is_matrix;
	size_t cell, height, width;
	size_t end;     /* of the ends: those of rows, then of columns */
};

/* Where a group acts. */
struct mass_use {
	size_t part;
	bool is_col;
};

struct match_mass {
	const struct match_shape *shape;
	size_t n_parts;
	struct mass_part *parts;
	size_t n_cells, n_ends;
	size_t n_groups;     /* of the table, then of filters */
	size_t n_units;
	size_t *first_unit;  /* of group g; [n_groups] is n_units */
	size_t max_units;    /* of a group */
	double *norms;       /* [group]: of filters: what is to come into each
	                        unit; 0 for groups of the table */
	size_t n_order;      /* groups that parts act on */
	size_t *order;
	struct mass_use *uses;
	size_t *first_use;   /* of order[i]: first_use[i] .. [i + 1] */
	bool *is_joined;     /* of order[i]: a matrix joins it to itself */
	uint64_t max_row;    /* elements */
};

/*
 * A model on its way to its least mass. The factor of a unit is
 * exp(ref[group] + z[unit]).
 *
 * For filters before normalisations, of which there is no least, twice the
 * norms times the logarithms of their factors are subtracted from the mass:
 * what remains is convex still, and is least where they have these norms, and
 * all others are in balance.
 */
struct mass_state {
	const struct match_mass *p;
	unsigned n_passes;
	double *cells;         /* sums of squares, divided by exp(unit) */
	double *ends;          /* the same */
	double *constants;     /* of each part: what no scale changes */
	double *units;         /* of each part: log of the unit of its sums */
	double *before;        /* of each part: its mass at first */
	bool *is_live;         /* [unit] */
	double *ref;           /* [group] */
	double *z;             /* [unit] */
	double *up, *down;     /* [unit]: exp(2 z), exp(-2 z) */
	double *sums;          /* of the cells of each row and each column of
	                          each part as they are scaled, where ends
	                          has its ends */
	double *in, *out;      /* [unit]: squared norms */
	double *x, *y;         /* [unit of the largest group]: room */
	double *room;          /* twice as much */
	double *masses;        /* of each part, at the factors */
	double mass;           /* their sum */
	double objective;      /* the mass less the filters' logarithms */
	double *diagonal;      /* [unit]: of the second derivative, over 4 */
	double certificate;
};

/* ---- mass_load ---- */

/* Fills cells, ends, constants, units, before. */
CKPT_CHECKED enum ckpt_status mass_load(struct mass_state *s,
    const struct sym_plan *plan, const struct model *m,
    struct ckpt_error *err);

/* ---- mass_live ---- */

/* Fills is_live; what joins a live unit to a dead one becomes an end of the
 * live one, what joins dead ones a constant. */
CKPT_CHECKED enum ckpt_status mass_live(struct mass_state *s,
    struct ckpt_error *err);

/* ---- mass_sums ---- */

/* out[u] = the sum over cells of u of the scaled cell times v of the other
 * end's unit: one pass. `v` may be NULL: all ones, and then sums[] are
 * filled. Parts add up in order. */
void mass_multiply(struct mass_state *s, const double *v, double *out);

/* in, out, mass and certificate from sums and ends. */
void mass_collect(struct mass_state *s);

/* The units of order[i] take their best scale while others stay (or, joined
 * among themselves, half of the way to it). */
void mass_update(struct mass_state *s, size_t i);

/* up and down from z, for units first .. first + n - 1. */
void mass_exponentials(struct mass_state *s, size_t first, size_t n);

/* Log of the factor of a part's cells that the groups' references make, and
 * of its rows' or columns' ends. */
double mass_log_cells(const struct mass_state *s, const struct mass_part *t);
double mass_log_ends(const struct mass_state *s, const struct mass_part *t,
    bool is_col);

/* ---- mass_coarse: one scale a group ---- */

struct mass_coarse;
CKPT_CHECKED enum ckpt_status mass_coarse_new(const struct mass_state *s,
    struct mass_coarse **out, struct ckpt_error *err);
void mass_coarse_free(struct mass_coarse *c); /* NULL does nothing */

/* The best scales of whole groups go into ref; sums follow, and all that
 * mass_collect makes. `is_first`: from afar. */
void mass_coarse_solve(struct mass_coarse *c, struct mass_state *s,
    bool is_first);

/* ---- mass_deflate ---- */

/* Factors the matrix of one unknown a group for mass_deflate. */
void mass_deflate_factor(struct mass_coarse *c, const struct mass_state *s);

/* v += P A^-1 (P' r - (L P)' v), with P the groups' live units, L the matrix
 * of mass_newton and A = P' L P. `r` may be NULL: 0. */
void mass_deflate(struct mass_coarse *c, const struct mass_state *s,
    const double *r, double *v);

/* ---- mass_newton ---- */

struct mass_newton;
CKPT_CHECKED enum ckpt_status mass_newton_new(const struct mass_state *s,
    struct mass_newton **out, struct ckpt_error *err);
void mass_newton_free(struct mass_newton *n); /* NULL does nothing */

/* One step; never up by more than rounding. False if there was none. */
bool mass_newton_step(struct mass_newton *n, struct mass_coarse *c,
    struct mass_state *s);

#endif
