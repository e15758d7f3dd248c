/*
 * stats_kendall: Kendall's tau by sorting: the discordant pairs are the
 * exchanges that bring y into order once x is in order.
 */
#include "stats/stats.h"

#include <math.h>

static int
compare(const void *a, const void *b)
{
	const struct stats_pair *p = a, *q = b;

	if (p->x < q->x || p->x > q->x)
		return (p->x < q->x ? -1 : 1);
	return ((p->y > q->y) - (p->y < q->y));
}

/* Pairs within runs of `length`. */
static uint64_t
pairs_of(uint64_t length)
{
	return (length * (length - 1) / 2);
}

/* Merges [0, m) and [m, n), each sorted by y, by way of `to`; returns the
 * pairs of which the later was smaller. */
static uint64_t
merge(struct stats_pair *p, size_t m, size_t n, struct stats_pair *to)
{
	uint64_t exchanges = 0;
	size_t i = 0, j = m, k = 0;

	while (i < m && j < n) {
		if (p[j].y < p[i].y) {
			exchanges += m - i;
			to[k++] = p[j++];
		} else {
			to[k++] = p[i++];
		}
	}
	while (i < m)
		to[k++] = p[i++];
	while (j < n)
		to[k++] = p[j++];
	memcpy(p, to, n * sizeof(*p));
	return (exchanges);
}

static uint64_t
sort_by_y(struct stats_pair *p, size_t n, struct stats_pair *scratch)
{
	uint64_t exchanges = 0;

	for (size_t half = 1; half < n; half *= 2)
		for (size_t i = 0; i + half < n; i += 2 * half)
			exchanges += merge(p + i, half, n - i < 2 * half ?
			    n - i : 2 * half, scratch);
	return (exchanges);
}

void
stats_kendall_add(struct stats_kendall *k, struct stats_pair *pairs,
    size_t n, struct stats_pair *scratch)
{
	size_t x = 0, both = 0, y = 0; /* where the runs of equals began */

	if (n < 2)
		return;
	k->n += pairs_of(n);
	qsort(pairs, n, sizeof(*pairs), compare);
	for (size_t i = 1; i <= n; i++) {
		const bool ends_x = i == n || pairs[i].x > pairs[x].x;

		if (ends_x || pairs[i].y > pairs[both].y) {
			k->tied_both += pairs_of(i - both);
			both = i;
		}
		if (ends_x) {
			k->tied_x += pairs_of(i - x);
			x = i;
		}
	}
	k->discordant += sort_by_y(pairs, n, scratch);
	for (size_t i = 1; i <= n; i++)
		if (i == n || pairs[i].y > pairs[y].y) {
			k->tied_y += pairs_of(i - y);
			y = i;
		}
}

double
stats_kendall_tau(const struct stats_kendall *k)
{
	const double either = (double)k->tied_x + (double)k->tied_y -
	    (double)k->tied_both;
	const double surplus = (double)k->n - either -
	    2 * (double)k->discordant;

	if (k->tied_x == k->n || k->tied_y == k->n)
		return (NAN);
	return (surplus / sqrt((double)(k->n - k->tied_x)) /
	    sqrt((double)(k->n - k->tied_y)));
}
