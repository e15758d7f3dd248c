/* The table for people. */
#include "graph/graph.h"

static enum ckpt_status
explain_group(const struct symmetry *s, size_t g, struct buf *out,
    struct ckpt_error *err)
{
	static const char *const kinds[] = { "permutation",
	    "permutation, scale", "permutation, sign",
	    "permutation, scale, sign" };
	const struct symmetry_group *group = &s->groups[g];
	const char *kind = kinds[group->kinds];
	enum ckpt_status st;

	if (group->is_fixed) /* all but the permutation */
		kind = group->kinds == 0 ? "none" :
		    kind + strlen("permutation, ");
	st = buf_printf(out, err, "group %zu: %u units; %s; ", g,
	    group->n_units, kind);
	if (st != CKPT_OK)
		return (st);
	if (group->is_fixed)
		st = buf_printf(out, err, "not permuted (its blocks cross or "
		    "are tied to inputs or outputs); ");
	else if (group->parent != SIZE_MAX)
		st = buf_printf(out, err, "%u blocks of %u that move with "
		    "group %zu; ", s->groups[group->parent].n_units,
		    group->n_units / s->groups[group->parent].n_units,
		    group->parent);
	if (st != CKPT_OK)
		return (st);
	return (buf_printf(out, err, "log10 of permutations %.6f\n",
	    symmetry_group_log10(s, g)));
}

static enum ckpt_status
explain_axis(const struct symmetry_axis *a, struct buf *out,
    struct ckpt_error *err)
{
	static const char *const actions[] = { "permuted", "written",
	    "read" };
	enum ckpt_status st;

	st = buf_printf(out, err, "  %s axis %u", a->tensor, a->axis);
	if (st == CKPT_OK && a->start != SYMMETRY_WHOLE)
		st = buf_printf(out, err, " from %llu on",
		    (unsigned long long)a->start);
	if (st == CKPT_OK)
		st = buf_printf(out, err, ": %s", actions[a->action]);
	if (st == CKPT_OK && a->block > 1)
		st = buf_printf(out, err, ", %llu indices a unit",
		    (unsigned long long)a->block);
	if (st == CKPT_OK && a->slices > 1)
		st = buf_printf(out, err, ", in %llu slices of axis 0",
		    (unsigned long long)a->slices);
	if (st == CKPT_OK)
		st = buf_printf(out, err, "\n");
	return (st);
}

/* Length of the name of the layer that a tensor belongs to. */
static size_t
layer_length(const char *tensor)
{
	const char *dot = strrchr(tensor, '.');

	return (dot == NULL ? strlen(tensor) : (size_t)(dot - tensor));
}

static bool
same_layer(const char *a, const char *b)
{
	size_t n = layer_length(a);

	return (layer_length(b) == n && memcmp(a, b, n) == 0);
}

/* Whether the layer of a line has statistics of the group, which it reads:
 * those of a batch normalisation are next to one another. */
static bool
is_statistic(const struct symmetry *s, const struct symmetry_axis *a)
{
	const struct symmetry_axis *b;

	for (b = a; b < s->axes + s->n_axes &&
	    same_layer(a->tensor, b->tensor); b++)
		if (b->group == a->group && b->action == SYMMETRY_NONE)
			return (true);
	return (false);
}

/* Whether several layers write the units of a group: a residual stream. */
static bool
is_stream(const struct symmetry *s, size_t g)
{
	const struct symmetry_axis *first = NULL, *a;
	size_t i;

	for (i = 0; i < s->n_axes; i++) {
		a = &s->axes[i];
		if (a->group != g || a->action != SYMMETRY_OUT ||
		    is_statistic(s, a))
			continue;
		if (first == NULL)
			first = a;
		else if (!same_layer(first->tensor, a->tensor))
			return (true);
	}
	return (false);
}

/* The group whose permutation this one's is. */
static size_t
group_like(const struct symmetry *s, size_t g)
{
	const struct symmetry_group *groups = s->groups;

	while (groups[g].parent != SIZE_MAX &&
	    groups[groups[g].parent].n_units == groups[g].n_units)
		g = groups[g].parent;
	return (g);
}

static enum ckpt_status
explain_total(const struct symmetry *s, struct buf *out,
    struct ckpt_error *err)
{
	double streams = 0, all = symmetry_log10(s);
	bool *has_stream = calloc(s->n_groups + 1, sizeof(*has_stream));
	size_t g;
	enum ckpt_status st;

	if (has_stream == NULL)
		return (error_nomem(err, s->n_groups));
	for (g = 0; g < s->n_groups; g++)
		if (is_stream(s, g))
			has_stream[group_like(s, g)] = true;
	for (g = 0; g < s->n_groups; g++)
		if (has_stream[g])
			streams += symmetry_group_log10(s, g);
	free(has_stream);
	st = buf_printf(out, err,
	    "total: log10 of equivalent permutations %.6f\n", all);
	if (st != CKPT_OK || streams == 0)
		return (st);
	return (buf_printf(out, err, "  %.6f of it where one layer writes the "
	    "units, %.6f in residual streams\n", all - streams, streams));
}

enum ckpt_status
symmetry_explain(const struct symmetry *s, struct buf *out,
    struct ckpt_error *err)
{
	size_t g, i;
	enum ckpt_status st = CKPT_OK;

	for (g = 0; g < s->n_groups && st == CKPT_OK; g++) {
		st = explain_group(s, g, out, err);
		for (i = 0; i < s->n_axes && st == CKPT_OK; i++)
			if (s->axes[i].group == g)
				st = explain_axis(&s->axes[i], out, err);
	}
	if (st != CKPT_OK)
		return (st);
	return (explain_total(s, out, err));
}
