#include "match/mass.h"

void
match_mass_free(struct match_mass *p)
{
	if (p == NULL)
		return;
	free(p->parts);
	free(p->first_unit);
	free(p->order);
	free(p->uses);
	free(p->first_use);
	free(p->is_joined);
	free(p);
}

/* Which tensors of the schema count. */
static enum ckpt_status
find_weights(const struct graph *g, const struct schema *s, bool with_bias,
    bool *counts, struct ckpt_error *err)
{
	const struct graph_node *node;
	size_t *map = calloc(g->n_params + 1, sizeof(*map)), i;
	enum ckpt_status st;

	if (map == NULL)
		return (error_nomem(err, g->n_params * sizeof(*map)));
	st = graph_bind(g, s, map, err);
	for (i = 0; i < g->n_nodes && st == CKPT_OK; i++) {
		node = &g->nodes[i];
		if (node->weight != GRAPH_NONE)
			counts[map[node->weight]] = true;
		if (with_bias && node->bias != GRAPH_NONE)
			counts[map[node->bias]] = true;
	}
	free(map);
	return (st);
}

static struct mass_side
side_of(const struct match_mass *p, const struct sym_side *from)
{
	const struct symmetry *table = p->shape->table;
	struct mass_side side = { SIZE_MAX, 0, from->block, 0, 0 };

	if (from->group == SIZE_MAX || from->action == SYMMETRY_NONE ||
	    !(table->groups[from->group].kinds & SYMMETRY_SCALE))
		return (side);
	side.group = from->group;
	side.sign = from->action == SYMMETRY_OUT ? 1 : -1;
	side.n = table->groups[from->group].n_units;
	side.first = p->first_unit[from->group];
	return (side);
}

static enum ckpt_status
add_acted(struct match_mass *p, size_t i, struct ckpt_error *err)
{
	const struct sym_tensor *t = &p->shape->tensors[i];
	struct mass_part *part = &p->parts[p->n_parts++];
	uint64_t slices;

	*part = (struct mass_part){ .index = t->index, .tensor = i,
	    .row = side_of(p, &t->row), .col = side_of(p, &t->col),
	    .end = p->n_ends };
	p->n_ends += part->row.n + part->col.n;
	if (part->row.sign == 0 || part->col.sign == 0)
		return (CKPT_OK);
	if (part->row.sign == part->col.sign)
		return (error_set(err, CKPT_INVALID, "both axes of the "
		    "tensor \"%.200s\" are %s: it has no minimum mass",
		    sym_plan_schema(p->shape->plan)->tensors[t->index].name,
		    part->row.sign > 0 ? "written" : "read"));
	/* units that several rows share may lie across slices */
	slices = t->row.block == 1 && t->col.block == 1 ? t->slices : 1;
	part->is_matrix = true;
	part->height = (size_t)(part->row.n / slices);
	part->width = (size_t)(part->col.n / slices);
	part->cell = p->n_cells;
	p->n_cells += part->row.n * part->width;
	return (CKPT_OK);
}

/* Acted tensors in the plan's order, then those that nothing acts on. */
static enum ckpt_status
make_parts(struct match_mass *p, bool *counts, struct ckpt_error *err)
{
	const struct schema *s = sym_plan_schema(p->shape->plan);
	const struct sym_tensor *t;
	enum ckpt_status st;
	size_t i;

	p->parts = calloc(s->n_tensors + 1, sizeof(*p->parts));
	if (p->parts == NULL)
		return (error_nomem(err, s->n_tensors * sizeof(*p->parts)));
	for (i = 0; i < p->shape->n_tensors; i++) {
		t = &p->shape->tensors[i];
		if (!counts[t->index])
			continue;
		counts[t->index] = false;
		st = add_acted(p, i, err);
		if (st != CKPT_OK)
			return (st);
		if (t->cols * t->inner > p->max_row)
			p->max_row = t->cols * t->inner;
	}
	for (i = 0; i < s->n_tensors; i++)
		if (counts[i])
			p->parts[p->n_parts++] = (struct mass_part){
			    .index = i, .tensor = SIZE_MAX,
			    .row = { .group = SIZE_MAX },
			    .col = { .group = SIZE_MAX }, .end = p->n_ends };
	return (CKPT_OK);
}

static void
add_uses(struct match_mass *p, size_t group, size_t *n)
{
	size_t i;

	for (i = 0; i < p->n_parts; i++) {
		if (p->parts[i].row.group == group)
			p->uses[(*n)++] = (struct mass_use){ i, false };
		if (p->parts[i].col.group == group)
			p->uses[(*n)++] = (struct mass_use){ i, true };
		if (p->parts[i].row.group == group &&
		    p->parts[i].col.group == group)
			p->is_joined[p->n_order] = true;
	}
}

static enum ckpt_status
make_uses(struct match_mass *p, struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	size_t i, n = 0, before;

	p->order = calloc(s->n_groups + 1, sizeof(*p->order));
	p->first_use = calloc(s->n_groups + 1, sizeof(*p->first_use));
	p->is_joined = calloc(s->n_groups + 1, sizeof(*p->is_joined));
	p->uses = calloc(2 * p->n_parts + 1, sizeof(*p->uses));
	if (p->order == NULL || p->first_use == NULL ||
	    p->is_joined == NULL || p->uses == NULL)
		return (error_nomem(err, s->n_groups * sizeof(*p->uses)));
	for (i = 0; i < s->n_groups; i++) {
		before = n;
		add_uses(p, s->order[i], &n);
		if (n == before)
			continue;
		p->order[p->n_order++] = s->order[i];
		p->first_use[p->n_order] = n;
	}
	return (CKPT_OK);
}

enum ckpt_status
match_mass_new(const struct match_shape *s, const struct graph *graph,
    bool with_bias, struct match_mass **out, struct ckpt_error *err)
{
	const struct schema *schema = sym_plan_schema(s->plan);
	struct match_mass *p = calloc(1, sizeof(*p));
	bool *counts = calloc(schema->n_tensors + 1, sizeof(*counts));
	enum ckpt_status st;
	size_t g;

	if (p != NULL)
		p->first_unit = calloc(s->n_groups + 1,
		    sizeof(*p->first_unit));
	if (p == NULL || counts == NULL || p->first_unit == NULL) {
		st = error_nomem(err, sizeof(*p));
		goto err0;
	}
	p->shape = s;
	p->max_row = 1024; /* of tensors that nothing acts on: in pieces */
	for (g = 0; g < s->n_groups; g++)
		p->first_unit[g + 1] = p->first_unit[g] +
		    s->table->groups[g].n_units;
	p->n_units = p->first_unit[s->n_groups];
	st = find_weights(graph, schema, with_bias, counts, err);
	if (st == CKPT_OK)
		st = make_parts(p, counts, err);
	if (st == CKPT_OK)
		st = make_uses(p, err);
	if (st != CKPT_OK)
		goto err0;
	free(counts);
	*out = p;
	return (CKPT_OK);

err0:
	free(counts);
	match_mass_free(p);
	return (st);
}

enum ckpt_status
match_mass_unit_name(const struct match_mass *p,
    const struct match_mass_unit *unit, struct buf *out,
    struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	const struct sym_use *uses;
	const struct sym_tensor *t;
	const char *name;
	size_t n, block;

	uses = sym_plan_uses(s->plan, unit->group, &n);
	if (n == 0) /* has no scale */
		return (error_set(err, CKPT_USAGE, "a group without axes"));
	t = &s->tensors[uses[0].tensor];
	name = sym_plan_schema(s->plan)->tensors[t->index].name;
	block = (size_t)(uses[0].is_col ? t->col.block : t->row.block);
	return (buf_printf(out, err, uses[0].is_col ? "%s[:,%zu]" :
	    "%s[%zu]", name, unit->unit * block));
}
