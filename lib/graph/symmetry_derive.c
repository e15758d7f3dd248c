/* From a graph to its table of symmetries. */
#include "graph/symmetry_table.h"
#include "graph/symmetry_units.h"

struct derive {
	const struct graph *g;
	struct symmetry_units units;
	struct symmetry_view *views; /* of each node's result */
	uint32_t *ranks;             /* of each node */
	struct derive_param {
		bool is_used;
		struct symmetry_view row, col;
		bool has_col;
		uint64_t slices;
		uint32_t rank;
	} *params;
};

/* Notes how a weighted node acts on one of its tensors; what shares a
 * tensor is tied. */
static enum ckpt_status
use_param(struct derive *d, size_t param, size_t node,
    const struct symmetry_view *col, struct ckpt_error *err)
{
	struct derive_param *p;
	enum ckpt_status st;

	if (param == GRAPH_NONE)
		return (CKPT_OK);
	p = &d->params[param];
	if (p->is_used) {
		if (d->ranks[node] < p->rank)
			p->rank = d->ranks[node];
		st = symmetry_units_join(&d->units, p->row, d->views[node],
		    err);
		if (st == CKPT_OK && p->has_col)
			st = symmetry_units_join(&d->units, p->col, *col,
			    err);
		return (st);
	}
	p->is_used = true;
	p->row = d->views[node];
	p->rank = d->ranks[node];
	p->has_col = col != NULL;
	if (col != NULL)
		p->col = *col;
	p->slices = col != NULL ? d->g->nodes[node].groups : 1;
	return (CKPT_OK);
}

static enum ckpt_status
weighted(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *node = &d->g->nodes[i];
	struct symmetry_view in = d->views[node->inputs[0]], parent;
	enum ckpt_status st;

	d->ranks[i]++;
	st = symmetry_units_new(&d->units, node->c, &d->views[i], err);
	if (st == CKPT_OK)
		st = use_param(d, node->weight, i, &in, err);
	if (st == CKPT_OK)
		st = use_param(d, node->bias, i, NULL, err);
	if (st != CKPT_OK || node->groups == 1)
		return (st);
	/* groups of channels: they move as wholes, inputs with outputs */
	st = symmetry_units_new(&d->units, node->groups, &parent, err);
	if (st == CKPT_OK)
		st = symmetry_units_block(&d->units, in, parent, err);
	if (st == CKPT_OK)
		st = symmetry_units_block(&d->units, d->views[i], parent,
		    err);
	return (st);
}

/* What an operation without weights lets pass; see ckpt-orbits 1.3. */
static unsigned
kinds_of(enum graph_op op)
{
	switch (op) {
	case GRAPH_RELU:
	case GRAPH_LEAKY_RELU:
	case GRAPH_MAX_POOL:
		return (SYMMETRY_SCALE);
	case GRAPH_TANH:
		return (SYMMETRY_SIGN);
	case GRAPH_SIGMOID:
		return (0);
	case GRAPH_INPUT:
	case GRAPH_CONV:
	case GRAPH_LINEAR:
	case GRAPH_AVG_POOL:
	case GRAPH_GLOBAL_AVG:
	case GRAPH_FLATTEN:
	case GRAPH_ADD:
	case GRAPH_OUTPUT:
		break;
	}
	return (SYMMETRY_SCALE | SYMMETRY_SIGN);
}

static enum ckpt_status
visit(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *node = &d->g->nodes[i], *in;
	size_t k;
	enum ckpt_status st = CKPT_OK;

	d->ranks[i] = 0;
	for (k = 0; k < node->n_inputs; k++)
		if (d->ranks[node->inputs[k]] > d->ranks[i])
			d->ranks[i] = d->ranks[node->inputs[k]];
	if (node->op == GRAPH_CONV || node->op == GRAPH_LINEAR)
		return (weighted(d, i, err));
	if (node->op == GRAPH_INPUT) {
		st = symmetry_units_new(&d->units, node->c, &d->views[i],
		    err);
		if (st == CKPT_OK)
			symmetry_units_anchor(&d->units, d->views[i]);
		return (st);
	}
	in = &d->g->nodes[node->inputs[0]];
	d->views[i] = d->views[node->inputs[0]];
	symmetry_units_mask(&d->units, d->views[i], kinds_of(node->op));
	if (node->op == GRAPH_FLATTEN)
		d->views[i].block *= (uint64_t)in->h * in->w;
	for (k = 1; k < node->n_inputs && st == CKPT_OK; k++)
		st = symmetry_units_join(&d->units, d->views[i],
		    d->views[node->inputs[k]], err);
	if (node->op == GRAPH_OUTPUT)
		symmetry_units_anchor(&d->units, d->views[i]);
	return (st);
}

/* One line of the table, unless the axis is fixed. The group is the class
 * for now. */
static enum ckpt_status
add_axis(struct derive *d, struct symmetry *s, size_t param, uint32_t axis,
    struct ckpt_error *err)
{
	const struct derive_param *p = &d->params[param];
	struct symmetry_view v;
	struct symmetry_axis *a = &s->axes[s->n_axes];

	v = symmetry_units_find(&d->units, axis == 0 ? p->row : p->col);
	if (d->units.classes[v.class].is_anchored)
		return (CKPT_OK);
	a->tensor = strdup(d->g->params[param].name);
	if (a->tensor == NULL)
		return (error_nomem(err, 1));
	a->axis = axis;
	a->group = v.class;
	a->block = v.block;
	a->slices = axis == 1 ? p->slices : 1;
	a->action = axis == 0 ? SYMMETRY_OUT : SYMMETRY_IN;
	a->rank = p->rank;
	s->n_axes++;
	return (CKPT_OK);
}

static enum ckpt_status
make_axes(struct derive *d, struct symmetry *s, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = CKPT_OK;

	s->axes = calloc(2 * d->g->n_params + 1, sizeof(*s->axes));
	if (s->axes == NULL)
		return (error_nomem(err, d->g->n_params));
	for (i = 0; i < d->g->n_params && st == CKPT_OK; i++) {
		st = add_axis(d, s, i, 0, err);
		if (st == CKPT_OK && d->params[i].has_col)
			st = add_axis(d, s, i, 1, err);
	}
	if (s->n_axes > 1)
		qsort(s->axes, s->n_axes, sizeof(*s->axes),
		    symmetry_axis_cmp);
	return (st);
}

/* Numbers the classes by first use; parents without an axis follow, by
 * their first child. `number` is SIZE_MAX for what is no group. */
static size_t
number_classes(const struct symmetry *s, const size_t *parents,
    size_t *number, size_t *class_of, size_t n)
{
	size_t i, k;

	for (i = k = 0; i < n; i++)
		number[i] = SIZE_MAX;
	for (i = 0; i < s->n_axes; i++)
		if (number[s->axes[i].group] == SIZE_MAX) {
			class_of[k] = s->axes[i].group;
			number[s->axes[i].group] = k++;
		}
	if (parents == NULL)
		return (k);
	for (i = 0; i < k; i++)
		if (parents[class_of[i]] != SIZE_MAX &&
		    number[parents[class_of[i]]] == SIZE_MAX) {
			class_of[k] = parents[class_of[i]];
			number[class_of[k]] = k;
			k++;
		}
	return (k);
}

static enum ckpt_status
make_groups(struct derive *d, struct symmetry *s, size_t *number,
    size_t *class_of, size_t *parents, struct ckpt_error *err)
{
	const struct symmetry_class *c;
	struct symmetry_group *g;
	size_t i, n_acting;
	enum ckpt_status st;

	n_acting = number_classes(s, NULL, number, class_of, d->units.n);
	st = symmetry_units_settle(&d->units, number, parents, err);
	if (st != CKPT_OK)
		return (st);
	s->n_groups = number_classes(s, parents, number, class_of,
	    d->units.n);
	s->groups = calloc(s->n_groups + 1, sizeof(*s->groups));
	if (s->groups == NULL)
		return (error_nomem(err, s->n_groups));
	for (i = 0; i < s->n_groups; i++) {
		c = &d->units.classes[class_of[i]];
		g = &s->groups[i];
		g->n_units = (uint32_t)c->n_units;
		/* what has no axis of its own has nothing to scale */
		g->kinds = i < n_acting ? c->kinds : 0;
		g->is_fixed = c->is_fixed;
		g->parent = parents[class_of[i]] == SIZE_MAX ? SIZE_MAX :
		    number[parents[class_of[i]]];
	}
	for (i = 0; i < s->n_axes; i++)
		s->axes[i].group = number[s->axes[i].group];
	return (CKPT_OK);
}

static enum ckpt_status
derive(struct derive *d, struct symmetry *s, struct ckpt_error *err)
{
	size_t i, n, *work;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < d->g->n_nodes && st == CKPT_OK; i++)
		st = visit(d, i, err);
	if (st == CKPT_OK)
		st = make_axes(d, s, err);
	if (st != CKPT_OK)
		return (st);
	n = d->units.n + 1;
	work = calloc(3 * n, sizeof(*work));
	if (work == NULL)
		return (error_nomem(err, 3 * n * sizeof(*work)));
	st = make_groups(d, s, work, work + n, work + 2 * n, err);
	free(work);
	return (st);
}

enum ckpt_status
symmetry_derive(const struct graph *g, struct symmetry **out,
    struct ckpt_error *err)
{
	struct derive d = { .g = g };
	struct symmetry *s = calloc(1, sizeof(*s));
	enum ckpt_status st;

	d.views = calloc(g->n_nodes + 1, sizeof(*d.views));
	d.ranks = calloc(g->n_nodes + 1, sizeof(*d.ranks));
	d.params = calloc(g->n_params + 1, sizeof(*d.params));
	if (s == NULL || d.views == NULL || d.ranks == NULL ||
	    d.params == NULL)
		st = error_nomem(err, g->n_nodes);
	else
		st = derive(&d, s, err);
	if (st == CKPT_OK)
		st = symmetry_check(s, err);
	symmetry_units_release(&d.units);
	free(d.views);
	free(d.ranks);
	free(d.params);
	if (st != CKPT_OK) {
		symmetry_free(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}
