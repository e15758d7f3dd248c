/*
 * match_mass: the least mass that a network can be given by rescaling its
 * units (Laurent, Aldea, Franchi, ICLR 2024, "minimum scaled network mass").
 *
 * The mass is the sum of the squares of the weights: of the matrices and
 * kernels of convolutions and linear layers and the gammas of normalisations;
 * with `with_bias`, of everything that is added too. Unit u of a group that
 * admits scale is multiplied by exp(x_u), and
 *
 *	mass(x) = sum over weights of w^2 exp(2 (x_row - x_col))
 *
 * with x = 0 for inputs, outputs and units that admit no scale. This is
 * convex, and strictly so in the units that are live: those that lie on a
 * path of weights other than 0 from what has no scale to what has none. Its
 * minimum is where, for each of them, the sum of squares of the incoming
 * weights equals that of the outgoing ones. A weight of a unit to itself is
 * in neither sum.
 *
 * A unit that is not live (dead) has no least: it keeps its scale, and its
 * weights count as they are.
 *
 * Of a network with normalisations there is no least mass: the filters whose
 * outputs go into normalisations only could shrink to nothing. Each (or each
 * set that is normalised together) is a unit, too, and live where something
 * comes into it, but what is wanted of it is that its squared norm be 1 (be
 * the number of the filters of the set), while all others are in balance.
 * This has one solution: the minimum of mass(x) - 2 sum of norm_f x_f over
 * the filters f.
 */
#ifndef CKPT_MATCH_MATCH_MASS_H
#define CKPT_MATCH_MATCH_MASS_H

#include "sym/sym.h"

struct match_shape;

/* The problem of an architecture. Immutable; shared by threads; borrows the
 * shape. `graph` says which tensors are weights. CKPT_INVALID if a tensor of
 * the table is written along both axes or read along both. */
struct match_mass;
CKPT_CHECKED enum ckpt_status match_mass_new(const struct match_shape *s,
    const struct graph *graph, bool with_bias, struct match_mass **out,
    struct ckpt_error *err);
void match_mass_free(struct match_mass *p); /* NULL does nothing */

/* What holds for a tensor that counts. */
struct match_mass_tensor {
	size_t index;       /* in the schema */
	double mass, least; /* sums of squares, before and after */
	double certificate; /* of the units that its axes belong to */
};

struct match_mass_unit {
	size_t group;
	uint32_t unit;
};

struct match_mass_result {
	size_t n_groups;    /* of the table, then classes of filters */
	double **factors;   /* [group][unit]: exp(x); 1 where none */
	double mass, least; /* least <= mass, but for networks with filters
	                       before normalisations */
	double certificate; /* max |log(in / out)| over the live units of the
	                       squared norms at the minimum (of filters,
	                       |log(in / norm)|); 0 if there are none */
	size_t n_tensors;
	struct match_mass_tensor *tensors; /* in the order of the schema */
	size_t n_live, n_dead;
	struct match_mass_unit *dead;      /* from the inputs on */
	unsigned n_passes;  /* over the weights of all connections */
};

/* The certificate that is reached on any finite model. */
#define MATCH_MASS_PRECISION 1e-9

/* `plan` is that of the model's schema, with the shape's table. CKPT_INVALID
 * names a weight that counts and is NaN or infinite; CKPT_LIMIT if the mass
 * exceeds the range of f64 or the precision cannot be reached. */
CKPT_CHECKED enum ckpt_status match_mass_solve(const struct match_mass *p,
    const struct sym_plan *plan, const struct model *m,
    struct match_mass_result *out, struct ckpt_error *err);
void match_mass_result_release(struct match_mass_result *r);

/*
 * The model with its filters before normalisations at the result's scales,
 * all weights as f64 (of schema_derive(CKPT_F64)); `graph` is that of
 * match_mass_new. Its other units are as in the model: the result's factors
 * are for them, still. Filters before a batch norm take their running
 * statistics with them: mean' = f mean, var' = f^2 (var + eps) - eps; those
 * whose var' would be negative are not scaled and counted in *n_kept. Other
 * normalisations see a scale through their eps.
 */
CKPT_CHECKED enum ckpt_status match_mass_scale_filters(
    const struct match_mass *p, const struct graph *graph,
    const struct match_mass_result *r, const struct model *in,
    struct model *out, size_t *n_kept, struct ckpt_error *err);

/* Filters before normalisations (sets of those that are normalised together),
 * of which there is no least; the first tensor that writes those of class i,
 * or NULL beyond the last. */
size_t match_mass_n_filters(const struct match_mass *p);
const char *match_mass_filter_name(const struct match_mass *p, size_t i);

/* The name of a unit: the tensor that writes or, failing that, reads it, and
 * its number: "conv1.weight[3]". */
CKPT_CHECKED enum ckpt_status match_mass_unit_name(
    const struct match_mass *p, const struct match_mass_unit *unit,
    struct buf *out, struct ckpt_error *err);

#endif
