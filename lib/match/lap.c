#include <math.h>

#include "match/lap_work.h"

/* Reassignments by augmenting row reduction, a row and sweep, before the
 * rest is left to shortest paths. */
#define MAX_REASSIGNED 4

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
	l->dense = lap_dense_best();
	l->x = calloc(10 * n, sizeof(*l->x));
	l->v = calloc(5 * n, sizeof(*l->v));
	l->lists = malloc(n * sizeof(*l->lists));
	if (l->x == NULL || l->v == NULL || l->lists == NULL) {
		lap_free(l);
		return (error_nomem(err, n * sizeof(*l->lists)));
	}
	l->y = l->x + n;
	l->pred = l->y + n;
	l->rows = l->pred + n;
	l->touched = l->rows + n;
	l->done = l->touched + n;
	l->heap = l->done + n;
	l->place = l->heap + 2 * n;
	l->d = l->v + n;
	l->potential = l->d + n;
	l->key = l->potential + n;
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
	free(l->lists);
	free(l);
}

/* ---- costs as integers, and the first duals ---- */

static enum ckpt_status
find_range(const struct lap *l, const float *c, double *least, double *most,
    struct ckpt_error *err)
{
	size_t i, j, n = l->n;
	float low, high;

	*least = INFINITY;
	*most = -INFINITY;
	for (i = 0; i < n; i++, c += n) {
		l->dense->range(c, n, &low, &high);
		if (!isfinite(low) || !isfinite(high)) {
			for (j = 0; isfinite(c[j]);)
				j++;
			return (error_set(err, CKPT_INVALID, "the cost of "
			    "row %zu, column %zu is not finite", i, j));
		}
		*least = low < *least ? low : *least;
		*most = high > *most ? high : *most;
	}
	return (CKPT_OK);
}

/* Each column's dual becomes its least cost, and its row takes it if it has
 * no column yet. */
static void
reduce_columns(struct lap *l)
{
	size_t i, j, n = l->n;

	for (j = 0; j < n; j++)
		l->v[j] = INT32_MAX;
	for (i = 0; i < n; i++)
		l->dense->lower(l->cost + i * n, n, (uint32_t)i, l->v,
		    l->pred);
	for (j = n; j-- > 0;) {
		i = l->pred[j];
		if (l->x[i] == LAP_NONE) {
			l->x[i] = (uint32_t)j;
			l->y[j] = (uint32_t)i;
		}
	}
}

/* Former duals, in steps of these costs; the largest becomes 0. */
static void
take_duals(struct lap *l, const double *duals, double scale)
{
	double most = -INFINITY, v;
	size_t j;

	for (j = 0; j < l->n; j++)
		if (duals[j] > most)
			most = duals[j];
	for (j = 0; j < l->n; j++) {
		v = (duals[j] - most) * scale;
		l->v[j] = v > -LAP_STEPS ? (int32_t)v : -LAP_STEPS;
	}
}

static void
keep_duals(const struct lap *l, double scale, double *duals)
{
	size_t j;

	for (j = 0; j < l->n; j++)
		duals[j] = l->v[j] / scale;
}

/* ---- rows ---- */

/* A row that holds its best column lowers that column's dual as far as its
 * second best allows, so that other rows look elsewhere. */
static void
transfer_reduction(struct lap *l)
{
	int32_t u[2], own;
	uint32_t i, j;

	l->n_rows = 0;
	for (i = 0; i < l->n; i++) {
		lap_list_make(l, i);
		if (l->x[i] == LAP_NONE) {
			l->rows[l->n_rows++] = i;
			continue;
		}
		j = l->x[i];
		own = l->cost[i * l->n + j] - l->v[j];
		if (lap_list_two_least(l, i, u) == j)
			l->v[j] -= u[1] - own;
	}
}

/* Each row without a column takes its best one, whose former row looks
 * again at once if the dual has sunk by it, else in the next sweep. */
static void
reduce_rows(struct lap *l)
{
	size_t k = 0, n_rows = l->n_rows, budget = MAX_REASSIGNED * l->n;
	uint32_t i, former, at;
	int32_t u[2];

	l->n_rows = 0;
	while (k < n_rows) {
		i = l->rows[k++];
		at = lap_list_two_least(l, i, u);
		former = l->y[at];
		if (u[0] == u[1] && former != LAP_NONE) {
			l->rows[l->n_rows++] = i;
			continue;
		}
		l->v[at] -= u[1] - u[0];
		l->x[i] = at;
		l->y[at] = i;
		if (former == LAP_NONE)
			continue;
		l->x[former] = LAP_NONE;
		if (budget > 0) {
			budget--;
			l->rows[--k] = former;
		} else
			l->rows[l->n_rows++] = former;
	}
}

static void
assign(struct lap *l, bool warm)
{
	uint32_t i;

	for (i = 0; i < l->n; i++) {
		l->x[i] = l->y[i] = LAP_NONE;
		l->d[i] = INT32_MAX;
		l->rows[i] = i;
	}
	l->n_rows = l->n;
	l->guess = INT32_MAX;
	if (!warm) {
		reduce_columns(l);
		transfer_reduction(l);
	} else
		for (i = 0; i < l->n; i++)
			lap_list_make(l, i);
	reduce_rows(l);
	reduce_rows(l);
	for (i = 0; i < l->n_rows; i++)
		lap_path_augment(l, l->rows[i]);
}

enum ckpt_status
lap_solve(struct lap *l, size_t n, float *cost, double *duals, bool warm,
    uint32_t *column, struct ckpt_error *err)
{
	double least, most, scale;
	enum ckpt_status st;
	size_t i;

	if (n == 0)
		return (CKPT_OK);
	l->n = n;
	st = find_range(l, cost, &least, &most, err);
	if (st != CKPT_OK)
		return (st);
	if (n == 1) {
		column[0] = 0;
		return (CKPT_OK);
	}
	scale = most > least ? LAP_STEPS / (most - least) : 1;
	for (i = 0; i < n; i++)
		l->dense->quantize(cost + i * n, n, least, scale);
	l->cost = (const int32_t *)cost;
	warm = warm && duals != NULL;
	if (warm)
		take_duals(l, duals, scale);
	assign(l, warm);
	if (duals != NULL)
		keep_duals(l, scale, duals);
	memcpy(column, l->x, n * sizeof(*column));
	return (CKPT_OK);
}
