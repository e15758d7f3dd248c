/*
 * match_writers: what writes the units of groups, in the order in which it
 * is asked for their norm, sign or place.
 */
#include "match/match_shape.h"

static bool
is_vector(const struct sym_tensor *t)
{
	return (t->cols == 1 && t->inner == 1 && t->col.group == SIZE_MAX);
}

static int
use_cmp(const void *a, const void *b, void *arg)
{
	const struct sym_use *x = a, *y = b;
	const struct match_shape *s = arg;
	const struct sym_tensor *t = &s->tensors[x->tensor];
	const struct sym_tensor *u = &s->tensors[y->tensor];
	bool is_descending = is_vector(t) && is_vector(u);

	if (t->rank != u->rank)
		return (t->rank < u->rank ? -1 : 1);
	if (is_vector(t) != is_vector(u))
		return (is_vector(t) ? 1 : -1);
	if (x->tensor != y->tensor)
		return ((x->tensor < y->tensor) != is_descending ? -1 : 1);
	return ((int)x->is_col - (int)y->is_col);
}

/* Appends what writes a group's units to s->writers[*n]. */
static void
add_group(struct match_shape *s, size_t group, size_t *n)
{
	const struct sym_use *uses;
	const struct sym_tensor *t;
	size_t i, n_uses;

	uses = sym_plan_uses(s->plan, group, &n_uses);
	for (i = 0; i < n_uses; i++) {
		t = &s->tensors[uses[i].tensor];
		if ((uses[i].is_col ? t->col : t->row).action == SYMMETRY_OUT)
			s->writers[(*n)++] = uses[i];
	}
}

static void
sort_from(struct match_shape *s, size_t first, size_t n)
{
	if (n - first > 1)
		qsort_r(s->writers + first, n - first, sizeof(*s->writers),
		    use_cmp, s);
}

enum ckpt_status
match_writers_list(struct match_shape *s, struct ckpt_error *err)
{
	size_t g, h, n = 0, max = 4 * s->n_tensors + 1;

	s->writers = calloc(max, sizeof(*s->writers));
	s->first_writer = calloc(2 * s->n_groups + 1,
	    sizeof(*s->first_writer));
	if (s->writers == NULL || s->first_writer == NULL)
		return (error_nomem(err, max * sizeof(*s->writers)));
	for (g = 0; g < s->n_groups; g++) {
		s->first_writer[g] = n;
		add_group(s, g, &n);
		sort_from(s, s->first_writer[g], n);
	}
	for (g = 0; g < s->n_groups; g++) {
		s->first_writer[s->n_groups + g] = n;
		for (h = 0; h < s->n_groups; h++)
			if (s->family[g] == g && s->family[h] == g)
				add_group(s, h, &n);
		sort_from(s, s->first_writer[s->n_groups + g], n);
	}
	s->first_writer[2 * s->n_groups] = n;
	return (CKPT_OK);
}

const struct sym_use *
match_writers(const struct match_shape *s, size_t group, size_t *n)
{
	*n = s->first_writer[group + 1] - s->first_writer[group];
	return (s->writers + s->first_writer[group]);
}

const struct sym_use *
match_family_writers(const struct match_shape *s, size_t group, size_t *n)
{
	if (s->family[group] != group)
		return (match_writers(s, group, n));
	return (match_writers(s, s->n_groups + group, n));
}
