#include <math.h>

#include "match/lap.h"

#define NONE UINT32_MAX

/* Reassignments by augmenting row reduction, a row and sweep, before the
 * rest is left to shortest paths: rounding may otherwise lower a dual by
 * next to nothing without end. */
#define MAX_REASSIGNED 16

struct lap {
	size_t max_n, n;
	const double *cost;
	uint32_t *x;       /* column of each row */
	uint32_t *y;       /* row of each column */
	double *v;         /* column duals */
	double *d;         /* length of the shortest path to each column */
	uint32_t *pred;    /* the row before each column on that path */
	uint32_t *columns; /* [0, low) done, [low, up) at the minimum, rest */
	uint32_t *rows;    /* those that have no column yet */
	size_t n_rows;
};

enum ckpt_status
lap_new(size_t max_n, struct lap **out, struct ckpt_error *err)
{
	struct lap *l;
	size_t n = max_n > 0 ? max_n : 1;

	if (max_n > LAP_MAX)
		return (error_set(err, CKPT_LIMIT,
		    "an assignment of %zu units; at most %d are allowed",
		    max_n, LAP_MAX));
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return (error_nomem(err, sizeof(*l)));
	l->max_n = n;
	l->x = malloc(5 * n * sizeof(*l->x));
	l->v = calloc(2 * n, sizeof(*l->v));
	if (l->x == NULL || l->v == NULL) {
		lap_free(l);
		return (error_nomem(err, n * 36));
	}
	l->y = l->x + n;
	l->pred = l->y + n;
	l->columns = l->pred + n;
	l->rows = l->columns + n;
	l->d = l->v + n;
	*out = l;
	return (CKPT_OK);
}

void
lap_free(struct lap *l)
{
	if (l == NULL)
		return;
	free(l->x);
	free(l->v);
	free(l);
}

/* Each column's dual becomes its least cost, and its row takes it if it has
 * no column yet. */
static void
reduce_columns(struct lap *l)
{
	size_t i, j, n = l->n;
	const double *c;

	for (j = 0; j < n; j++) {
		l->v[j] = l->cost[j];
		l->pred[j] = 0;
	}
	for (i = 1; i < n; i++) {
		c = l->cost + i * n;
		for (j = 0; j < n; j++)
			if (c[j] < l->v[j]) {
				l->v[j] = c[j];
				l->pred[j] = (uint32_t)i;
			}
	}
	for (j = n; j-- > 0;) {
		i = l->pred[j];
		if (l->x[i] == NONE) {
			l->x[i] = (uint32_t)j;
			l->y[j] = (uint32_t)i;
		}
	}
}

/* The two least reduced costs of a row, and where they are. n >= 2. */
static void
two_least(const struct lap *l, size_t i, double u[2], uint32_t at[2])
{
	const double *c = l->cost + i * l->n;
	size_t j;
	double h;

	u[0] = u[1] = INFINITY;
	at[0] = at[1] = 0;
	for (j = 0; j < l->n; j++) {
		h = c[j] - l->v[j];
		if (h >= u[1])
			continue;
		if (h < u[0]) {
			u[1] = u[0];
			at[1] = at[0];
			u[0] = h;
			at[0] = (uint32_t)j;
		} else {
			u[1] = h;
			at[1] = (uint32_t)j;
		}
	}
}

/* A row that holds its best column lowers that column's dual as far as its
 * second best allows, so that other rows look elsewhere. */
static void
transfer_reduction(struct lap *l)
{
	size_t i;
	double u[2];
	uint32_t at[2];

	l->n_rows = 0;
	for (i = 0; i < l->n; i++) {
		if (l->x[i] == NONE) {
			l->rows[l->n_rows++] = (uint32_t)i;
			continue;
		}
		two_least(l, i, u, at);
		l->v[l->x[i]] -= (at[0] == l->x[i] ? u[1] : u[0]) -
		    (l->cost[i * l->n + l->x[i]] - l->v[l->x[i]]);
	}
}

/* Each row without a column takes its best one, whose former row looks
 * again at once if the dual has sunk by it, else in the next sweep. */
static void
reduce_rows(struct lap *l)
{
	size_t k = 0, n_rows = l->n_rows, budget = MAX_REASSIGNED * l->n;
	uint32_t i, former, at[2];
	double u[2], v;
	bool sinks;

	l->n_rows = 0;
	while (k < n_rows) {
		i = l->rows[k++];
		two_least(l, i, u, at);
		v = l->v[at[0]] - (u[1] - u[0]);
		sinks = v < l->v[at[0]];
		if (sinks)
			l->v[at[0]] = v;
		else if (l->y[at[0]] != NONE)
			at[0] = at[1];
		former = l->y[at[0]];
		l->x[i] = at[0];
		l->y[at[0]] = i;
		if (former == NONE)
			continue;
		l->x[former] = NONE;
		if (sinks && budget > 0) {
			budget--;
			l->rows[--k] = former;
		} else
			l->rows[l->n_rows++] = former;
	}
}

/* Moves the columns at the least distance to [low, up); returns one of them
 * that has no row, or NONE. */
static uint32_t
collect(struct lap *l, size_t low, size_t *up, double *least)
{
	size_t k, n_up = low;
	uint32_t j;
	double min = INFINITY;

	for (k = low; k < l->n; k++) {
		j = l->columns[k];
		if (l->d[j] > min)
			continue;
		if (l->d[j] < min) {
			n_up = low;
			min = l->d[j];
		}
		l->columns[k] = l->columns[n_up];
		l->columns[n_up++] = j;
	}
	*up = n_up;
	*least = min;
	for (k = low; k < n_up; k++)
		if (l->y[l->columns[k]] == NONE)
			return (l->columns[k]);
	return (NONE);
}

/* Goes on from column `from`, at distance `least`, through its row; returns
 * a column without a row that is reached at no further cost, or NONE. */
static uint32_t
relax(struct lap *l, uint32_t from, size_t *up, double least)
{
	uint32_t i = l->y[from], j;
	const double *c = l->cost + (size_t)i * l->n;
	double h = c[from] - l->v[from] - least, d;
	size_t k;

	for (k = *up; k < l->n; k++) {
		j = l->columns[k];
		d = c[j] - l->v[j] - h;
		if (d >= l->d[j])
			continue;
		l->pred[j] = i;
		l->d[j] = d > least ? d : least;
		if (d > least)
			continue;
		if (l->y[j] == NONE)
			return (j);
		l->columns[k] = l->columns[*up];
		l->columns[(*up)++] = j;
	}
	return (NONE);
}

/* Gives `row` a column by the shortest augmenting path. */
static void
augment(struct lap *l, uint32_t row)
{
	const double *c = l->cost + (size_t)row * l->n;
	size_t j, k, low = 0, up = 0, n_done = 0;
	uint32_t end = NONE, next, i;
	double least = 0;

	for (j = 0; j < l->n; j++) {
		l->columns[j] = (uint32_t)j;
		l->pred[j] = row;
		l->d[j] = c[j] - l->v[j];
	}
	while (end == NONE) {
		if (low == up) {
			n_done = low;
			end = collect(l, low, &up, &least);
			continue;
		}
		end = relax(l, l->columns[low++], &up, least);
	}
	for (k = 0; k < n_done; k++) {
		j = l->columns[k];
		l->v[j] += l->d[j] - least;
	}
	do {
		i = l->pred[end];
		l->y[end] = i;
		next = l->x[i];
		l->x[i] = end;
		end = next;
	} while (i != row);
}

void
lap_solve(struct lap *l, size_t n, const double *cost, bool warm,
    uint32_t *column)
{
	size_t i;

	if (n == 1)
		column[0] = 0;
	if (n < 2)
		return;
	l->cost = cost;
	for (i = 0; i < n; i++) {
		l->x[i] = l->y[i] = NONE;
		l->rows[i] = (uint32_t)i;
	}
	l->n_rows = n;
	warm = warm && l->n == n;
	l->n = n;
	if (!warm) {
		reduce_columns(l);
		transfer_reduction(l);
	}
	reduce_rows(l);
	reduce_rows(l);
	for (i = 0; i < l->n_rows; i++)
		augment(l, l->rows[i]);
	memcpy(column, l->x, n * sizeof(*column));
}
