/*
 * Blocks within blocks. Classes that are permuted alike (blocks of one unit)
 * form a cluster; a cluster has one parent at most, since of two partitions
 * into blocks one refines the other (then they chain) or they cross (then
 * nothing there is permuted).
 */
#include "graph/symmetry_units.h"

struct settle {
	struct symmetry_units *u;
	size_t *up;    /* cluster of a class, a forest */
	bool is_changed;
};

static size_t
cluster(struct settle *s, size_t c)
{
	while (s->up[c] != c) {
		s->up[c] = s->up[s->up[c]];
		c = s->up[c];
	}
	return (c);
}

static uint64_t
size_of(const struct settle *s, size_t c)
{
	return (s->u->classes[c].n_units);
}

static void
fix(struct settle *s, size_t c)
{
	if (!s->u->classes[c].is_fixed) {
		s->u->classes[c].is_fixed = true;
		s->is_changed = true;
	}
}

static void
merge(struct settle *s, size_t a, size_t b)
{
	size_t low = a < b ? a : b, high = a < b ? b : a;

	if (a == b)
		return;
	s->up[high] = low;
	if (s->u->classes[low].is_fixed || s->u->classes[high].is_fixed)
		fix(s, low);
	s->is_changed = true;
}

/* By child, then larger parents first. */
static int
blocks_cmp(const void *a, const void *b, void *arg)
{
	const struct symmetry_blocks *x = a, *y = b;
	const struct settle *s = arg;
	uint64_t m = size_of(s, x->parent), n = size_of(s, y->parent);

	if (x->child != y->child)
		return (x->child < y->child ? -1 : 1);
	if (m != n)
		return (m > n ? -1 : 1);
	return (x->parent < y->parent ? -1 : x->parent > y->parent);
}

/* Names the clusters in every note, merges those of one size, and drops
 * what says nothing or is said twice. */
static void
tidy(struct settle *s)
{
	struct symmetry_units *u = s->u;
	struct symmetry_blocks *b;
	size_t i, n = 0;

	for (i = 0; i < u->n_blocks; i++) {
		b = &u->blocks[i];
		b->child = cluster(s, b->child);
		b->parent = cluster(s, b->parent);
		if (size_of(s, b->child) == size_of(s, b->parent))
			merge(s, b->child, b->parent);
	}
	for (i = 0; i < u->n_blocks; i++) {
		b = &u->blocks[i];
		b->child = cluster(s, b->child);
		b->parent = cluster(s, b->parent);
		if (s->u->classes[b->child].is_fixed)
			fix(s, b->parent);
		else if (b->child != b->parent)
			u->blocks[n++] = *b;
	}
	u->n_blocks = n;
	if (n == 0)
		return;
	qsort_r(u->blocks, n, sizeof(*u->blocks), blocks_cmp, s);
	n = 1;
	for (i = 1; i < u->n_blocks; i++)
		if (memcmp(&u->blocks[i], &u->blocks[n - 1],
		    sizeof(*u->blocks)) != 0)
			u->blocks[n++] = u->blocks[i];
	u->n_blocks = n;
}

/* Two parents of one child: a is the larger, or they are of one size. */
static void
reconcile(struct settle *s, struct symmetry_blocks *a,
    struct symmetry_blocks *b)
{
	uint64_t m = size_of(s, a->parent), n = size_of(s, b->parent);

	if (m == n)
		merge(s, cluster(s, a->parent), cluster(s, b->parent));
	else if (m % n == 0) {
		b->child = a->parent;
		s->is_changed = true;
	} else {
		fix(s, cluster(s, a->child));
		fix(s, cluster(s, a->parent));
		fix(s, cluster(s, b->parent));
	}
}

static void
settle(struct settle *s)
{
	struct symmetry_blocks *b = s->u->blocks;
	size_t i, first;

	do {
		s->is_changed = false;
		tidy(s);
		for (first = 0, i = 1; i < s->u->n_blocks; i++)
			if (b[i].child == b[first].child)
				reconcile(s, &b[first], &b[i]);
			else
				first = i;
	} while (s->is_changed);
}

/* Whether a class became part of another one, or was divided. */
static bool
is_gone(const struct symmetry_units *u, size_t class)
{
	return (u->classes[class].up != class ||
	    u->classes[class].halves[0] != SIZE_MAX);
}

/* One parent a class from one parent a cluster. */
static void
write_parents(struct settle *s, const size_t *order, size_t *first,
    size_t *parents)
{
	struct symmetry_units *u = s->u;
	size_t i, c;

	for (i = 0; i < u->n; i++)
		first[i] = parents[i] = SIZE_MAX;
	for (i = 0; i < u->n; i++) {
		c = cluster(s, i);
		if (is_gone(u, i))
			continue;
		if (first[c] == SIZE_MAX || order[i] < order[first[c]])
			first[c] = i;
		u->classes[i].is_fixed = u->classes[c].is_fixed;
	}
	for (i = 0; i < u->n_blocks; i++)
		parents[first[u->blocks[i].child]] =
		    first[u->blocks[i].parent];
	for (i = 0; i < u->n; i++) {
		c = cluster(s, i);
		if (!is_gone(u, i) && first[c] != i &&
		    !u->classes[i].is_fixed)
			parents[i] = first[c];
	}
}

enum ckpt_status
symmetry_units_settle(struct symmetry_units *u, const size_t *order,
    size_t *parents, struct ckpt_error *err)
{
	struct settle s = { .u = u };
	size_t i, *first;

	s.up = calloc(u->n + 1, sizeof(*s.up));
	first = calloc(u->n + 1, sizeof(*first));
	if (s.up == NULL || first == NULL) {
		free(s.up);
		free(first);
		return (error_nomem(err, u->n * sizeof(*first)));
	}
	for (i = 0; i < u->n; i++)
		s.up[i] = i;
	for (i = 0; i < u->n_blocks; i++) {
		struct symmetry_blocks *b = &u->blocks[i];

		if (size_of(&s, b->child) % size_of(&s, b->parent) != 0) {
			/* units larger than blocks: nothing may move */
			fix(&s, b->child);
			fix(&s, b->parent);
			b->child = b->parent;
		} else if (u->classes[b->child].is_anchored) {
			fix(&s, b->parent);
			b->child = b->parent; /* says no more: dropped */
		}
	}
	settle(&s);
	write_parents(&s, order, first, parents);
	free(s.up);
	free(first);
	return (CKPT_OK);
}
