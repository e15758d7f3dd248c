#include <math.h>

#include "graph/symmetry_table.h"

void
symmetry_free(struct symmetry *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n_axes; i++)
		free(s->axes[i].tensor);
	free(s->axes);
	free(s->groups);
	free(s);
}

int
symmetry_axis_cmp(const void *a, const void *b)
{
	const struct symmetry_axis *x = a, *y = b;
	int c = strcmp(x->tensor, y->tensor);

	if (c != 0)
		return (c);
	if (x->axis != y->axis)
		return (x->axis < y->axis ? -1 : 1);
	if (x->start == SYMMETRY_WHOLE || y->start == SYMMETRY_WHOLE)
		return (0); /* the whole of an axis has one line */
	return (x->start < y->start ? -1 : x->start > y->start);
}

uint64_t
symmetry_axis_length(const struct symmetry *s, const struct symmetry_axis *a)
{
	return (a->block * s->groups[a->group].n_units / a->slices);
}

/* Lines of one axis must not overlap. */
static bool
overlaps(const struct symmetry *s, const struct symmetry_axis *a,
    const struct symmetry_axis *b)
{
	/* a diagonal runs along the other axis */
	uint64_t n = symmetry_axis_length(s, a);

	if (n == 1)
		n = a->slices;
	return (strcmp(a->tensor, b->tensor) == 0 && a->axis == b->axis &&
	    a->start + n > b->start);
}

static enum ckpt_status
check_axis(const struct symmetry *s, size_t i, size_t *n_seen,
    struct ckpt_error *err)
{
	const struct symmetry_axis *a = &s->axes[i];
	uint64_t length;

	if (i > 0 && symmetry_axis_cmp(a - 1, a) >= 0)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: axis lines out of order at "
		    "\"%.200s\"", a->tensor));
	if (a->axis > 1 || a->slices == 0 || a->block == 0 || a->rank == 0 ||
	    (a->start != SYMMETRY_WHOLE && a->start > SYMMETRY_MAX_LENGTH))
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: axis %u of \"%.200s\" has a number "
		    "out of range", a->axis, a->tensor));
	if (a->group > *n_seen || a->group >= s->n_groups)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: groups are not numbered by first "
		    "use at \"%.200s\"", a->tensor));
	if (a->group == *n_seen)
		++*n_seen;
	if (__builtin_mul_overflow(a->block,
	    (uint64_t)s->groups[a->group].n_units, &length) ||
	    length > SYMMETRY_MAX_LENGTH || length % a->slices != 0)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: axis %u of \"%.200s\" has an "
		    "impossible length", a->axis, a->tensor));
	/* axis 0 is sliced in tensors such as (1, n, 1, 1) only */
	if (a->axis == 0 && a->slices != 1 &&
	    symmetry_axis_length(s, a) != 1)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: axis 0 of \"%.200s\" is sliced, but "
		    "longer than 1", a->tensor));
	if (i > 0 && overlaps(s, a - 1, a))
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: lines of axis %u of \"%.200s\" "
		    "overlap", a->axis, a->tensor));
	return (CKPT_OK);
}

static enum ckpt_status
check_group(const struct symmetry *s, size_t i, size_t *n_seen,
    struct ckpt_error *err)
{
	const struct symmetry_group *g = &s->groups[i], *up;
	size_t walk = i, steps;

	if (g->n_units == 0 || g->n_units > SYMMETRY_MAX_UNITS ||
	    g->kinds > (SYMMETRY_SCALE | SYMMETRY_SIGN))
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: group %zu has a number out of "
		    "range", i));
	if (g->parent == SIZE_MAX)
		return (CKPT_OK);
	if (g->parent >= s->n_groups || g->parent > *n_seen || g->is_fixed ||
	    g->n_units % s->groups[g->parent].n_units != 0)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: group %zu has a parent that does "
		    "not fit", i));
	if (g->parent == *n_seen)
		++*n_seen;
	for (steps = 0; s->groups[walk].parent < s->n_groups; steps++) {
		up = &s->groups[s->groups[walk].parent];
		if (steps == 64)
			return (error_set(err, CKPT_LIMIT,
			    "table of symmetries: group %zu lies in more "
			    "than 64 groups of blocks, or in itself", i));
		walk = (size_t)(up - s->groups);
	}
	return (CKPT_OK);
}

enum ckpt_status
symmetry_check(const struct symmetry *s, struct ckpt_error *err)
{
	size_t i, n_seen = 0, n_acting;
	enum ckpt_status st;

	if (s->n_axes > SYMMETRY_MAX_AXES ||
	    s->n_groups > SYMMETRY_MAX_GROUPS)
		return (error_set(err, CKPT_LIMIT,
		    "table of symmetries: %zu axes and %zu groups; at most "
		    "%d of each are allowed", s->n_axes, s->n_groups,
		    SYMMETRY_MAX_AXES));
	for (i = 0; i < s->n_axes; i++) {
		st = check_axis(s, i, &n_seen, err);
		if (st != CKPT_OK)
			return (st);
	}
	n_acting = n_seen;
	for (i = 0; i < s->n_groups; i++) {
		st = check_group(s, i, &n_seen, err);
		if (st != CKPT_OK)
			return (st);
		if (i >= n_acting && s->groups[i].kinds != 0)
			return (error_set(err, CKPT_INVALID,
			    "table of symmetries: group %zu has no axis, but "
			    "a kind", i));
	}
	if (n_seen != s->n_groups)
		return (error_set(err, CKPT_INVALID,
		    "table of symmetries: a group is neither used nor a "
		    "parent"));
	return (CKPT_OK);
}

double
symmetry_group_log10(const struct symmetry *s, size_t group)
{
	const struct symmetry_group *g = &s->groups[group];
	uint64_t n = g->n_units, blocks = 1, i;
	double sum = 0;

	if (g->is_fixed)
		return (0);
	if (g->parent != SIZE_MAX)
		blocks = s->groups[g->parent].n_units;
	n /= blocks;
	for (i = 2; i <= n; i++)
		sum += log10((double)i);
	return (sum * (double)blocks);
}

double
symmetry_log10(const struct symmetry *s)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < s->n_groups; i++)
		sum += symmetry_group_log10(s, i);
	return (sum);
}
