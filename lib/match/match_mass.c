#include "match/mass.h"
#include "match/mass_filters.h"

void
match_mass_free(struct match_mass *p)
{
	if (p == NULL)
		return;
	free(p->parts);
	free(p->first_unit);
	free(p->norms);
	free(p->order);
	free(p->uses);
	free(p->first_use);
	free(p->is_joined);
	free(p);
}

/* What the graph says of a tensor of the schema. */
struct role {
	bool counts, is_acted;
	bool is_col;   /* axis 1 is what it writes, not axis 0 */
	uint32_t slices; /* of that axis */
	size_t class;  /* of filters that it writes, or GRAPH_NONE */
};

static void
set_role(struct role *r, const struct mass_filters *f,
    const struct graph_node *node, size_t i, bool is_weight)
{
	r->counts = true;
	r->is_col = is_weight && node->op == GRAPH_CONV_TRANSPOSE;
	r->slices = r->is_col ? node->groups : 1;
	r->class = f->class_of[i];
}

static enum ckpt_status
find_roles(const struct graph *g, const struct schema *s, bool with_bias,
    const struct mass_filters *f, struct role *roles,
    struct ckpt_error *err)
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
			set_role(&roles[map[node->weight]], f, node, i, true);
		if (with_bias && node->bias != GRAPH_NONE)
			set_role(&roles[map[node->bias]], f, node, i, false);
	}
	free(map);
	return (st);
}

static struct mass_side
side_of(const struct match_mass *p, const struct sym_side *from)
{
	const struct symmetry *table = p->shape->table;
	struct mass_side side = { SIZE_MAX, 0, 1, 0, 0 };

	if (from->group == SIZE_MAX || from->action == SYMMETRY_NONE ||
	    !(table->groups[from->group].kinds & SYMMETRY_SCALE))
		return (side);
	side.group = from->group;
	side.sign = from->action == SYMMETRY_OUT ? 1 : -1;
	side.n = table->groups[from->group].n_units;
	side.first = p->first_unit[from->group];
	return (side);
}

/* The side of a tensor that writes filters before a normalisation: units are
 * the sets of filters that are normalised together. */
static void
set_filters(struct match_mass *p, const struct sym_tensor *t, bool is_col,
    size_t class, struct mass_side *side)
{
	const size_t g = p->shape->n_groups + class;
	const size_t sets = p->first_unit[g + 1] - p->first_unit[g];
	const struct sym_side *from = is_col ? &t->col : &t->row;
	const uint64_t n = (is_col ? t->cols * t->slices : t->rows) /
	    from->block;

	if (side->sign == 0 && n % sets == 0)
		*side = (struct mass_side){ g, 1, (size_t)(n / sets), sets,
		    p->first_unit[g] };
}

static enum ckpt_status
add_acted(struct match_mass *p, size_t i, const struct role *role,
    struct ckpt_error *err)
{
	const struct sym_tensor *t = &p->shape->tensors[i];
	const struct tensor_desc *desc =
	    &sym_plan_schema(p->shape->plan)->tensors[t->index];
	struct mass_part *part = &p->parts[p->n_parts++];
	/* axis 1 is the row where axis 0 is 1 long and without a line */
	const bool is_col = role->is_col && !(desc->dims[0] == 1 &&
	    t->cols == 1 && t->rows == desc->dims[1]);
	uint64_t slices;

	*part = (struct mass_part){ .index = t->index, .tensor = i,
	    .view = *t, .row = side_of(p, &t->row), .col = side_of(p, &t->col),
	    .end = p->n_ends };
	if (role->class != GRAPH_NONE)
		set_filters(p, t, is_col, role->class,
		    is_col ? &part->col : &part->row);
	p->n_ends += part->row.n + part->col.n;
	if (part->row.sign == 0 || part->col.sign == 0)
		return (CKPT_OK);
	if (part->row.sign == part->col.sign)
		return (error_set(err, CKPT_INVALID, "both axes of the "
		    "tensor \"%.200s\" are %s: it has no minimum mass",
		    desc->name, part->row.sign > 0 ? "written" : "read"));
	/* units that several indices share may lie across slices */
	slices = part->row.n == t->rows &&
	    part->col.n == t->cols * t->slices ? t->slices : 1;
	part->is_matrix = true;
	part->height = (size_t)(part->row.n / slices);
	part->width = (size_t)(part->col.n / slices);
	part->cell = p->n_cells;
	p->n_cells += part->row.n * part->width;
	return (CKPT_OK);
}

/* A tensor that nothing in the table acts on; it may write filters still. */
static void
add_plain(struct match_mass *p, size_t i, const struct role *role)
{
	static const struct sym_side fixed = { SIZE_MAX, 1, SYMMETRY_NONE };
	const struct tensor_desc *d =
	    &sym_plan_schema(p->shape->plan)->tensors[i];
	struct mass_part *part = &p->parts[p->n_parts++];
	struct sym_tensor *t = &part->view;
	const struct mass_side none = { SIZE_MAX, 0, 1, 0, 0 };

	*part = (struct mass_part){ .index = i, .tensor = SIZE_MAX,
	    .row = none, .col = none, .end = p->n_ends };
	if (role->class == GRAPH_NONE || d->n_dims == 0 ||
	    d->n_elements == 0)
		return;
	*t = (struct sym_tensor){ .index = i, .row = fixed, .col = fixed,
	    .rows = d->dims[0], .cols = 1, .slices = role->slices };
	if (role->is_col)
		t->cols = d->dims[1];
	else if (t->rows == 1 && d->n_dims > 1 && d->dims[1] > 1)
		t->rows = d->dims[1]; /* gamma of shape (1, n, 1, 1) */
	t->inner = d->n_elements / (t->rows * t->cols);
	t->pitch = t->cols * t->inner;
	set_filters(p, t, role->is_col, role->class,
	    role->is_col ? &part->col : &part->row);
	p->n_ends += part->row.n + part->col.n;
	if (t->pitch > p->max_row)
		p->max_row = t->pitch;
}

/* Acted tensors in the plan's order, then the others. */
static enum ckpt_status
make_parts(struct match_mass *p, struct role *roles, struct ckpt_error *err)
{
	const struct schema *s = sym_plan_schema(p->shape->plan);
	const struct sym_tensor *t;
	enum ckpt_status st;
	size_t i, n = p->shape->n_tensors + s->n_tensors + 1;

	p->parts = calloc(n, sizeof(*p->parts));
	if (p->parts == NULL)
		return (error_nomem(err, n * sizeof(*p->parts)));
	for (i = 0; i < p->shape->n_tensors; i++) {
		t = &p->shape->tensors[i];
		if (!roles[t->index].counts)
			continue;
		roles[t->index].is_acted = true;
		st = add_acted(p, i, &roles[t->index], err);
		if (st != CKPT_OK)
			return (st);
		if (t->cols * t->inner > p->max_row)
			p->max_row = t->cols * t->inner;
	}
	for (i = 0; i < s->n_tensors; i++)
		if (roles[i].counts && !roles[i].is_acted)
			add_plain(p, i, &roles[i]);
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

/* The groups of the table, from the inputs on; then the filters. */
static enum ckpt_status
make_uses(struct match_mass *p, struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	size_t i, n = 0, before;

	p->order = calloc(p->n_groups + 1, sizeof(*p->order));
	p->first_use = calloc(p->n_groups + 1, sizeof(*p->first_use));
	p->is_joined = calloc(p->n_groups + 1, sizeof(*p->is_joined));
	p->uses = calloc(2 * p->n_parts + 1, sizeof(*p->uses));
	if (p->order == NULL || p->first_use == NULL ||
	    p->is_joined == NULL || p->uses == NULL)
		return (error_nomem(err, p->n_groups * sizeof(*p->uses)));
	for (i = 0; i < p->n_groups; i++) {
		before = n;
		p->order[p->n_order] = i < s->n_groups ? s->order[i] : i;
		add_uses(p, p->order[p->n_order], &n);
		if (n > before)
			p->first_use[++p->n_order] = n;
	}
	return (CKPT_OK);
}

static enum ckpt_status
make_groups(struct match_mass *p, const struct mass_filters *f,
    struct ckpt_error *err)
{
	const struct match_shape *s = p->shape;
	const struct mass_class *c;
	size_t g, n;

	p->n_groups = s->n_groups + f->n;
	p->first_unit = calloc(p->n_groups + 1, sizeof(*p->first_unit));
	p->norms = calloc(p->n_groups + 1, sizeof(*p->norms));
	if (p->first_unit == NULL || p->norms == NULL)
		return (error_nomem(err, p->n_groups * sizeof(*p->norms)));
	for (g = 0; g < p->n_groups; g++) {
		if (g < s->n_groups)
			n = s->table->groups[g].n_units;
		else {
			c = &f->classes[g - s->n_groups];
			n = c->n_sets;
			p->norms[g] = c->n_channels / c->n_sets;
		}
		p->first_unit[g + 1] = p->first_unit[g] + n;
		p->max_units = n > p->max_units ? n : p->max_units;
	}
	p->n_units = p->first_unit[p->n_groups];
	return (CKPT_OK);
}

enum ckpt_status
match_mass_new(const struct match_shape *s, const struct graph *graph,
    bool with_bias, struct match_mass **out, struct ckpt_error *err)
{
	const struct schema *schema = sym_plan_schema(s->plan);
	struct match_mass *p = calloc(1, sizeof(*p));
	struct role *roles = calloc(schema->n_tensors + 1, sizeof(*roles));
	struct mass_filters filters = { .n = 0 };
	enum ckpt_status st;
	size_t i;

	if (p == NULL || roles == NULL) {
		st = error_nomem(err, sizeof(*p));
		goto err0;
	}
	for (i = 0; i < schema->n_tensors; i++)
		roles[i].class = GRAPH_NONE;
	p->shape = s;
	p->max_row = 1024; /* of tensors that nothing acts on: in pieces */
	st = mass_filters_find(graph, &filters, err);
	if (st == CKPT_OK)
		st = make_groups(p, &filters, err);
	if (st == CKPT_OK)
		st = find_roles(graph, schema, with_bias, &filters, roles,
		    err);
	if (st == CKPT_OK)
		st = make_parts(p, roles, err);
	if (st == CKPT_OK)
		st = make_uses(p, err);
	if (st != CKPT_OK)
		goto err0;
	mass_filters_release(&filters);
	free(roles);
	*out = p;
	return (CKPT_OK);

err0:
	mass_filters_release(&filters);
	free(roles);
	match_mass_free(p);
	return (st);
}

/* The first part that acts on a group. */
static const struct mass_part *
first_part(const struct match_mass *p, size_t group)
{
	size_t i;

	for (i = 0; i < p->n_parts; i++)
		if (p->parts[i].row.group == group ||
		    p->parts[i].col.group == group)
			return (&p->parts[i]);
	return (NULL);
}

enum ckpt_status
match_mass_unit_name(const struct match_mass *p,
    const struct match_mass_unit *unit, struct buf *out,
    struct ckpt_error *err)
{
	const struct mass_part *t = first_part(p, unit->group);
	const char *name;
	bool is_col;
	size_t i;

	if (t == NULL)
		return (error_set(err, CKPT_USAGE, "a group without weights"));
	is_col = t->row.group != unit->group;
	i = (size_t)(unit->unit * (is_col ? t->col.per * t->view.col.block :
	    t->row.per * t->view.row.block));
	name = sym_plan_schema(p->shape->plan)->tensors[t->index].name;
	return (buf_printf(out, err, is_col ? "%s[:,%zu]" : "%s[%zu]", name,
	    i));
}

/* ---- filters ---- */

size_t
match_mass_n_filters(const struct match_mass *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->n_order; i++)
		if (p->norms[p->order[i]] > 0)
			n += p->first_unit[p->order[i] + 1] -
			    p->first_unit[p->order[i]];
	return (n);
}

const char *
match_mass_filter_name(const struct match_mass *p, size_t i)
{
	const struct mass_part *t;
	size_t k;

	for (k = 0; k < p->n_order; k++)
		if (p->norms[p->order[k]] > 0 && i-- == 0) {
			t = first_part(p, p->order[k]);
			return (sym_plan_schema(p->shape->plan)->
			    tensors[t->index].name);
		}
	return (NULL);
}
