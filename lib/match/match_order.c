/*
 * match_order: where the units of a model stand in the paper's form.
 */
#include "match/match.h"

static enum ckpt_status
order_new(const struct match_shape *s, struct match_order *out,
    struct ckpt_error *err)
{
	size_t n = 0;

	*out = (struct match_order){ .n_groups = s->n_groups };
	out->begin = calloc(s->n_groups + 1, sizeof(*out->begin));
	if (out->begin == NULL)
		return (error_nomem(err, s->n_groups * sizeof(n)));
	for (size_t g = 0; g < s->n_groups; g++) {
		out->begin[g] = n;
		n += s->table->groups[g].n_units;
	}
	out->begin[s->n_groups] = n;
	out->first = calloc(n + 1, sizeof(*out->first));
	out->rank = calloc(n + 1, sizeof(*out->rank));
	if (out->first != NULL && out->rank != NULL)
		return (CKPT_OK);
	match_order_release(out);
	return (error_nomem(err, n * sizeof(*out->first)));
}

void
match_order_release(struct match_order *o)
{
	free(o->begin);
	free(o->first);
	free(o->rank);
	memset(o, 0, sizeof(*o));
}

uint32_t
match_order_block(const struct match_shape *s, size_t group)
{
	const struct symmetry_group *g = &s->table->groups[group];

	return (g->parent == SIZE_MAX ? g->n_units :
	    g->n_units / s->table->groups[g->parent].n_units);
}

size_t
match_order_writer(const struct match_shape *s, size_t group, size_t *units)
{
	const struct sym_use *uses;
	size_t n, tensor;

	*units = 1;
	uses = match_family_writers(s, group, &n);
	for (size_t i = 0; i < n; i++)
		if (!uses[i].is_col)
			return (uses[i].tensor);
	for (size_t c = 0; c < s->n_groups; c++) {
		if (s->table->groups[c].parent != group)
			continue;
		tensor = match_order_writer(s, c, units);
		*units *= match_order_block(s, c);
		if (tensor != SIZE_MAX)
			return (tensor);
	}
	return (SIZE_MAX);
}

/* Reads the order off the form w, which m leads to. */
static void
read_group(const struct match_shape *s, const double *w,
    const struct match_map *m, size_t g, struct match_order *out)
{
	const uint32_t n_block = match_order_block(s, g);
	const struct sym_tensor *t = NULL;
	size_t units, tensor = match_order_writer(s, g, &units), at;

	if (tensor != SIZE_MAX)
		t = &s->tensors[tensor];
	for (uint32_t p = 0; p < m->n_units[g]; p++) {
		at = out->begin[g] + m->units[g][p].source;
		out->rank[at] = p % n_block;
		if (t != NULL)
			out->first[at] = w[s->offset[tensor] + p * units *
			    (size_t)(t->row.block * t->cols * t->inner)];
	}
}

enum ckpt_status
match_order_of(const struct match_shape *s, const struct sym_plan *p,
    const struct model *m, struct match_order *out, size_t *n_not_finite,
    struct ckpt_error *err)
{
	double *w = malloc((s->total + 1) * sizeof(*w));
	struct match_map map;
	enum ckpt_status st;

	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	st = match_map_new(s, &map, err);
	if (st != CKPT_OK)
		goto err0;
	st = order_new(s, out, err);
	if (st != CKPT_OK)
		goto err1;
	*n_not_finite = match_load(s, p, m, w);
	st = match_paper(s, MATCH_SCALE_UNIT, true, w, &map, err);
	if (st != CKPT_OK)
		match_order_release(out);
	for (size_t g = 0; st == CKPT_OK && g < s->n_groups; g++)
		read_group(s, w, &map, g, out);
err1:
	match_map_release(&map);
err0:
	free(w);
	return (st);
}
