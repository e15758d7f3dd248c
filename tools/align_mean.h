/*
 * align_mean: --to=mean. What its parts share.
 *
 * The models of the universe are in memory, or read again in each pass; then
 * only a record of each is kept: its ID and its map. In a stream they are the
 * first window; what follows is matched to the running mean as it passes.
 */
#ifndef CKPT_TOOLS_ALIGN_MEAN_H
#define CKPT_TOOLS_ALIGN_MEAN_H

#include "align.h"
#include "hold.h"

struct align_mean {
	struct cli cli;             /* for reading again: with no warnings */
	unsigned scale;             /* enum match_scale */
	struct align_plan *plan;    /* of the first model */
	const struct match_shape *shape;
	/* raw: sums of models as they came, until all have come; then
	 * `before` is their objective */
	struct match_mean *mean, *raw;
	double before;

	/* the models of the universe */
	bool is_in_memory, is_stream;
	struct align_item **kept;
	size_t n_kept, capacity;
	struct align_item *next_item; /* read, and not used yet */
	uint64_t n;                 /* so far, in the first pass */
	uint64_t window;            /* of a stream, else 0 */
	off_t stdin_at;             /* where standard input began, or -1 */

	/* the pass */
	uint64_t at, end;           /* of the next model, of the batch */
	bool is_first, is_ended;
	uint64_t n_moved;
	unsigned n_passes;          /* that are done */

	struct hold *records;       /* ID and code of each model */
	size_t code_size;

	/* the mean as a model, and sums of what no symmetry acts on */
	struct model out;
	uint64_t n_averaged;        /* models it is the mean of */
	struct ckpt_id id;
	bool *is_rest;              /* [tensor of out] */
	double *rest;               /* theirs one after another */
	struct model_sink *sink;    /* of --mean, or NULL */

	struct align_cycles *cycles; /* of --cycles, or NULL */
	double home_pairwise, home_universe, chance; /* parts of all units */
};

/* ---- the models ---- */

/* Reads what fits into memory, and decides how the rest is read. */
CKPT_CHECKED enum ckpt_status align_mean_gather(struct align *a,
    struct ckpt_error *err);

/* The universe's next pass begins at its first model. */
CKPT_CHECKED enum ckpt_status align_mean_rewind(struct align *a,
    struct ckpt_error *err);

/* The next model of the pass up to `end`, checked against its record. */
CKPT_CHECKED enum ckpt_status align_mean_next(struct align *a,
    struct align_item **out, struct ckpt_error *err);

/* Refuses what has not the tensors and symmetries of the first model. */
CKPT_CHECKED enum ckpt_status align_mean_admit(const struct align *a,
    const struct align_item *item, struct ckpt_error *err);

/* ---- records ---- */

CKPT_CHECKED enum ckpt_status align_record_add(struct align_mean *m,
    const struct align_item *item, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_record_set_map(struct align_mean *m,
    const struct align_item *item, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_record_map(const struct align_mean *m,
    uint64_t number, struct match_map *out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_record_check(const struct align_mean *m,
    const struct align_item *item, struct ckpt_error *err);

/* ---- the mean as a model ---- */

CKPT_CHECKED enum ckpt_status align_mean_model_new(struct align_mean *m,
    const struct model *first, struct ckpt_error *err);
/* Adds what no symmetry acts on. */
CKPT_CHECKED enum ckpt_status align_mean_model_add(struct align_mean *m,
    const struct model *in, struct ckpt_error *err);
/* The present mean into m->out, and its ID. */
CKPT_CHECKED enum ckpt_status align_mean_model_make(struct align *a,
    struct ckpt_error *err);
void align_mean_model_release(struct align_mean *m);

/* ---- cycles ---- */

CKPT_CHECKED enum ckpt_status align_cycles_open(struct align *a,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_cycles_run(struct align *a,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status align_cycles_close(struct align *a,
    struct ckpt_error *err);
void align_cycles_free(struct align_cycles *c); /* NULL does nothing */

#endif
