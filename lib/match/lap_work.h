/*
 * lap_work: what the parts of the assignment solver share. Private to
 * match/.
 *
 * Costs are integers in [0, LAP_STEPS]: with floating numbers rounding would
 * decide between equal paths, and could go round in circles. First duals lie
 * in [-LAP_STEPS, LAP_STEPS]. As long as a column has no row its dual is the
 * first one, which bounds all row duals by 2 LAP_STEPS, and those of columns
 * with a row by -2 LAP_STEPS; so all sums stay below 8 LAP_STEPS = 2^30.
 */
#ifndef CKPT_MATCH_LAP_WORK_H
#define CKPT_MATCH_LAP_WORK_H

#include "match/lap.h"
#include "match/lap_dense.h"

#define LAP_STEPS ((1 << 27) - 1)
#define LAP_NONE UINT32_MAX

/* Of each row, the columns of least reduced cost are kept in a list. Duals
 * only sink, so reduced costs only rise: what was left out of the list stays
 * at or above the bound that it had when the list was made. */
#define LAP_LIST 24

struct lap_entry {
	uint32_t column;
	int32_t cost;
};

struct lap_list {
	uint32_t n;
	int32_t bound; /* of the reduced costs that are not in the list;
	                  INT32_MAX if all are */
	struct lap_entry entries[LAP_LIST];
};

struct lap {
	size_t max_n, n;
	const struct lap_dense *dense;
	const int32_t *cost;
	uint32_t *x;       /* column of each row, or LAP_NONE */
	uint32_t *y;       /* row of each column */
	int32_t *v;        /* column duals */
	struct lap_list *lists;
	int32_t guess;     /* of the next list's bound */
	uint32_t *rows;    /* those that have no column yet */
	size_t n_rows;
	/* shortest paths */
	int32_t *potential; /* of a row that waits in the heap */
	int32_t *d;        /* length of the path to each column */
	uint32_t *pred;    /* the row before each column on that path */
	uint32_t *heap;    /* columns and rows by key; see lap_path.c */
	uint32_t *place;   /* in the heap, plus 1; 0: not there */
	int32_t *key;
	size_t n_heap;
	uint32_t *touched; /* columns reached */
	size_t n_touched;
	uint32_t *done;    /* columns whose rows were gone on from */
	size_t n_done;
};

/* Makes the list of a row anew, by the duals as they are. */
void lap_list_make(struct lap *l, uint32_t row);

/* The two least reduced costs of a row, and the column of the first; of
 * equal ones a column without a row, if there is one. n >= 2. */
uint32_t lap_list_two_least(struct lap *l, uint32_t row, int32_t u[2]);

/* Gives a row a column by the shortest augmenting path. */
void lap_path_augment(struct lap *l, uint32_t row);

#endif
