/*
 * stats_cells: histograms of one and two dimensions. Both lattices go on
 * beyond the range, so that every value is counted.
 */
#include "stats/stats.h"

#include <math.h>

/* The lattice's numbers of a cell. */
struct key {
	double row, col;
};

void
stats_range(const double *v, size_t n, double *scratch, double *low,
    double *high)
{
	const size_t k = n / 200;
	double *sorted = scratch, margin;

	memcpy(sorted, v, n * sizeof(*v));
	stats_sort(sorted, n, scratch + n);
	margin = 0.06 * (sorted[n - 1 - k] - sorted[k]);
	if (!(margin > fabs(sorted[k]) * 1e-9))
		margin = sorted[k] != 0 ? 0.5 * fabs(sorted[k]) : 0.5;
	*low = sorted[k] - margin;
	*high = sorted[n - 1 - k] + margin;
}

static int
compare(const void *a, const void *b)
{
	const struct key *p = a, *q = b;

	if (p->row < q->row || p->row > q->row)
		return (p->row < q->row ? -1 : 1);
	return ((p->col > q->col) - (p->col < q->col));
}

static enum ckpt_status
cells_new(size_t n, bool has_y, struct stats_cells *out,
    struct ckpt_error *err)
{
	*out = (struct stats_cells){ .n = 0 };
	out->x = malloc((n + 1) * sizeof(*out->x));
	out->y = has_y ? malloc((n + 1) * sizeof(*out->y)) : NULL;
	out->count = malloc((n + 1) * sizeof(*out->count));
	if (out->x != NULL && out->count != NULL &&
	    (out->y != NULL || !has_y))
		return (CKPT_OK);
	stats_cells_release(out);
	return (error_nomem(err, n * sizeof(*out->x)));
}

void
stats_cells_release(struct stats_cells *c)
{
	free(c->x);
	free(c->y);
	free(c->count);
	memset(c, 0, sizeof(*c));
}

/* Sorts keys, of which those that are equal become one with their number in
 * count; returns how many remain. */
static size_t
tally(struct key *keys, size_t n, double *count)
{
	size_t m = 0;

	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++)
		if (m > 0 && compare(&keys[i], &keys[m - 1]) == 0) {
			count[m - 1]++;
		} else {
			keys[m] = keys[i];
			count[m++] = 1;
		}
	return (m);
}

enum ckpt_status
stats_bins(const double *v, size_t n, double low, double high,
    unsigned n_bins, struct stats_cells *out, struct ckpt_error *err)
{
	const double width = (high - low) / n_bins;
	struct key *keys = malloc((n + n_bins + 1) * sizeof(*keys));
	enum ckpt_status st;

	if (keys == NULL)
		return (error_nomem(err, (n + n_bins) * sizeof(*keys)));
	st = cells_new(n + n_bins, false, out, err);
	if (st != CKPT_OK) {
		free(keys);
		return (st);
	}
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct key){ 0, floor((v[i] - low) / width) };
	/* one more in each bin of the range, so that none is missing */
	for (unsigned i = 0; i < n_bins; i++)
		keys[n + i] = (struct key){ 0, i };
	out->n = tally(keys, n + n_bins, out->count);
	out->width = width;
	for (size_t i = 0; i < out->n; i++) {
		out->x[i] = low + (keys[i].col + 0.5) * width;
		if (keys[i].col >= 0 && keys[i].col < n_bins)
			out->count[i]--;
	}
	free(keys);
	return (CKPT_OK);
}

/* The nearest centre of the lattice of points (i, sqrt(3) j) and those in
 * the middle between four of them. */
static struct key
nearest(double u, double v)
{
	const double s = sqrt(3);
	const double i = rint(u), j = rint(v / s);
	const double k = floor(u), l = floor(v / s);
	const double even = (u - i) * (u - i) + (v - s * j) * (v - s * j);
	const double odd = (u - k - 0.5) * (u - k - 0.5) +
	    (v - s * (l + 0.5)) * (v - s * (l + 0.5));

	if (even <= odd)
		return ((struct key){ 2 * j, i });
	return ((struct key){ 2 * l + 1, k + 0.5 });
}

enum ckpt_status
stats_hexbin(const double *x, const double *y, size_t n,
    const double x_range[2], const double y_range[2], unsigned n_across,
    struct stats_cells *out, struct ckpt_error *err)
{
	const double dx = (x_range[1] - x_range[0]) / n_across;
	const double dy = (y_range[1] - y_range[0]) / n_across;
	struct key *keys = malloc((n + 1) * sizeof(*keys));
	enum ckpt_status st;

	if (keys == NULL)
		return (error_nomem(err, n * sizeof(*keys)));
	st = cells_new(n, true, out, err);
	if (st != CKPT_OK) {
		free(keys);
		return (st);
	}
	for (size_t i = 0; i < n; i++)
		keys[i] = nearest((x[i] - x_range[0]) / dx,
		    (y[i] - y_range[0]) / dy);
	out->n = tally(keys, n, out->count);
	out->width = dx;
	out->height = dy * 2 / sqrt(3);
	for (size_t i = 0; i < out->n; i++) {
		out->x[i] = x_range[0] + keys[i].col * dx;
		out->y[i] = y_range[0] + keys[i].row * (sqrt(3) / 2) * dy;
	}
	free(keys);
	return (CKPT_OK);
}
