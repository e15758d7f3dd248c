/*
 * Shortest augmenting paths (Dijkstra's algorithm), over the lists of the
 * rows. The heap holds columns by their distance, and rows by the least
 * distance at which a column that is not in their list could be reached: a
 * row that comes first is gone through as a whole.
 */
#include "match/lap_work.h"

/* ---- the heap: of rows (0 to n - 1) and columns (n and up) ---- */

/* Rows come before columns at the same distance: they may end the path. */
static bool
comes_first(const struct lap *l, uint32_t a, uint32_t b)
{
	return (l->key[a] < l->key[b] || (l->key[a] == l->key[b] && a < b));
}

static void
put(struct lap *l, size_t i, uint32_t what)
{
	l->heap[i] = what;
	l->place[what] = (uint32_t)i + 1;
}

static void
heap_rise(struct lap *l, uint32_t what, int32_t key)
{
	size_t i = l->place[what], up;

	i = i > 0 ? i - 1 : l->n_heap++;
	l->key[what] = key;
	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!comes_first(l, what, l->heap[up]))
			break;
		put(l, i, l->heap[up]);
	}
	put(l, i, what);
}

static uint32_t
heap_take(struct lap *l)
{
	uint32_t first = l->heap[0], last = l->heap[--l->n_heap];
	size_t i = 0, down;

	l->place[first] = 0;
	if (l->n_heap == 0)
		return (first);
	for (;; i = down) {
		down = 2 * i + 1;
		if (down >= l->n_heap)
			break;
		if (down + 1 < l->n_heap &&
		    comes_first(l, l->heap[down + 1], l->heap[down]))
			down++;
		if (!comes_first(l, l->heap[down], last))
			break;
		put(l, i, l->heap[down]);
	}
	put(l, i, last);
	return (first);
}

/* ---- paths ---- */

/* The end of the shortest path so far to a column without a row. */
struct end {
	uint32_t column;
	int32_t d;
};

static void
reach(struct lap *l, uint32_t row, uint32_t j, int32_t d, struct end *end)
{
	if (d >= end->d || d >= l->d[j])
		return;
	if (l->d[j] == INT32_MAX)
		l->touched[l->n_touched++] = j;
	l->d[j] = d;
	l->pred[j] = row;
	if (l->y[j] == LAP_NONE)
		*end = (struct end){ j, d };
	else
		heap_rise(l, (uint32_t)l->n + j, d);
}

/* Goes on from a row: a column of reduced cost r is at distance r - h. */
static void
relax(struct lap *l, uint32_t row, int32_t h, struct end *end)
{
	const struct lap_list *list = &l->lists[row];
	const struct lap_entry *e = list->entries, *last = e + list->n;

	for (; e < last; e++)
		reach(l, row, e->column, e->cost - l->v[e->column] - h, end);
	if (list->bound == INT32_MAX || list->bound - h >= end->d)
		return;
	l->potential[row] = h;
	heap_rise(l, row, list->bound - h);
}

/* The same by all columns. A list most of which has risen above its bound is
 * made anew. */
static void
relax_all(struct lap *l, uint32_t row, struct end *end)
{
	const int32_t *c = l->cost + (size_t)row * l->n;
	const struct lap_list *list = &l->lists[row];
	int32_t h = l->potential[row], limit;
	uint32_t at[256], n_low = 0;
	size_t from = 0, k, n;

	while (from < l->n) {
		limit = end->d == INT32_MAX ? INT32_MAX : end->d + h;
		n = l->dense->below(c, l->v, l->n, limit, &from, at, 256);
		for (k = 0; k < n; k++)
			reach(l, row, at[k], c[at[k]] - l->v[at[k]] - h, end);
	}
	for (k = 0; k < list->n; k++)
		n_low += list->entries[k].cost -
		    l->v[list->entries[k].column] <= list->bound;
	if (n_low < LAP_LIST / 2)
		lap_list_make(l, row);
}

/* Duals of the columns passed by sink; the distances are forgotten. */
static void
settle(struct lap *l, int32_t d)
{
	uint32_t j;
	size_t k;

	for (k = 0; k < l->n_done; k++) {
		j = l->done[k];
		l->v[j] -= d - l->d[j];
	}
	for (k = 0; k < l->n_touched; k++)
		l->d[l->touched[k]] = INT32_MAX;
	for (k = 0; k < l->n_heap; k++)
		l->place[l->heap[k]] = 0;
	l->n_done = l->n_touched = l->n_heap = 0;
}

void
lap_path_augment(struct lap *l, uint32_t row)
{
	struct end end = { LAP_NONE, INT32_MAX };
	uint32_t what, j, i, next;
	int32_t least;

	relax(l, row, 0, &end);
	while (l->n_heap > 0 && l->key[l->heap[0]] < end.d) {
		what = heap_take(l);
		if (what < l->n) {
			relax_all(l, what, &end);
			continue;
		}
		j = what - (uint32_t)l->n;
		l->done[l->n_done++] = j;
		i = l->y[j];
		least = l->d[j];
		relax(l, i, l->cost[(size_t)i * l->n + j] - l->v[j] - least,
		    &end);
	}
	settle(l, end.d);
	j = end.column;
	do {
		i = l->pred[j];
		l->y[j] = i;
		next = l->x[i];
		l->x[i] = j;
		j = next;
	} while (i != row);
}
