#include "match/lap_work.h"

/* Columns on trial: one of them is its reduced cost, made unsigned, above
 * its number. */
#define MAX_TRIAL ((size_t)(3 * LAP_LIST + LAP_DENSE_BLOCK))

static uint64_t
pack(int32_t reduced, uint32_t column)
{
	return ((uint64_t)((uint32_t)reduced ^ 0x80000000) << 32 | column);
}

static int32_t
reduced_of(uint64_t packed)
{
	return ((int32_t)((uint32_t)(packed >> 32) ^ 0x80000000));
}

/* Brings the k + 1 least of n different numbers to the front, the largest of
 * them to p[k] (Hoare, algorithm 65: Find). k < n. */
static void
select_least(uint64_t *p, size_t n, size_t k)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, i, j;
	uint64_t pivot, swap;

	while (low < high) {
		pivot = p[k];
		i = low;
		j = high;
		do {
			while (p[i] < pivot)
				i++;
			while (p[j] > pivot)
				j--;
			if (i <= j) {
				swap = p[i];
				p[i++] = p[j];
				p[j--] = swap;
			}
		} while (i <= j);
		if (j < (ptrdiff_t)k)
			low = i;
		if ((ptrdiff_t)k < i)
			high = j;
	}
}

/* The least columns below a limit, at most LAP_LIST of them, to p; what is
 * not among them has a reduced cost of at least the limit, which sinks. */
static size_t
gather(const struct lap *l, const int32_t *c, int32_t *limit, uint64_t *p)
{
	uint32_t at[MAX_TRIAL];
	size_t from = 0, n = 0, k, n_new;

	while (from < l->n) {
		n_new = l->dense->below(c, l->v, l->n, *limit, &from, at,
		    MAX_TRIAL - n);
		for (k = 0; k < n_new; k++)
			p[n++] = pack(c[at[k]] - l->v[at[k]], at[k]);
		if (n <= LAP_LIST || (from < l->n &&
		    MAX_TRIAL - n >= LAP_DENSE_BLOCK))
			continue;
		select_least(p, n, LAP_LIST - 1);
		n = LAP_LIST;
		*limit = reduced_of(p[LAP_LIST - 1]);
	}
	return (n);
}

void
lap_list_make(struct lap *l, uint32_t row)
{
	const int32_t *c = l->cost + (size_t)row * l->n;
	struct lap_list *list = &l->lists[row];
	uint64_t p[MAX_TRIAL];
	size_t n, k;

	list->bound = l->guess;
	n = gather(l, c, &list->bound, p);
	if (n < LAP_LIST / 2 && l->guess != INT32_MAX) {
		list->bound = INT32_MAX;
		n = gather(l, c, &list->bound, p);
	}
	list->n = (uint32_t)n;
	for (k = 0; k < n; k++) {
		list->entries[k].column = (uint32_t)p[k];
		list->entries[k].cost = c[(uint32_t)p[k]];
	}
	l->guess = list->bound < LAP_STEPS ?
	    list->bound + (list->bound < 0 ? -list->bound :
	    list->bound) / 8 : INT32_MAX;
}

static uint32_t
scan(const struct lap *l, const struct lap_list *list, int32_t u[2])
{
	const struct lap_entry *e = list->entries, *end = e + list->n;
	uint32_t at = LAP_NONE;
	int32_t t;

	u[0] = u[1] = INT32_MAX;
	for (; e < end; e++) {
		t = e->cost - l->v[e->column];
		if (t >= u[1])
			continue;
		if (t < u[0]) {
			u[1] = u[0];
			u[0] = t;
			at = e->column;
		} else
			u[1] = t;
	}
	return (at);
}

uint32_t
lap_list_two_least(struct lap *l, uint32_t row, int32_t u[2])
{
	const struct lap_list *list = &l->lists[row];
	uint32_t at, k;

	at = scan(l, list, u);
	if (u[1] > list->bound) {
		lap_list_make(l, row);
		at = scan(l, list, u);
	}
	if (u[0] < u[1] || l->y[at] == LAP_NONE)
		return (at);
	for (k = 0; k < list->n; k++)
		if (list->entries[k].cost - l->v[list->entries[k].column] ==
		    u[0] && l->y[list->entries[k].column] == LAP_NONE)
			return (list->entries[k].column);
	return (at);
}
