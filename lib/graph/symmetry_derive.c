/* From a graph to its table of symmetries. */
#include "graph/symmetry_table.h"
#include "graph/symmetry_units.h"

struct derive {
	const struct graph *g;
	struct symmetry_units units;
	struct symmetry_view *views; /* of each node's result */
	uint32_t *ranks;             /* of each node */
	struct derive_param {
		uint32_t rank;       /* 0: not used so far */
		struct symmetry_view views[2];   /* by axis; n == 0: none */
		enum symmetry_action actions[2];
		uint64_t slices;     /* of the input axis */
		bool is_diagonal;    /* axis that is not stored: see graph.h */
	} *params;
};

/* How an operation acts on one axis of one of its tensors. */
struct derive_side {
	const struct symmetry_view *view;    /* NULL: not at all */
	enum symmetry_action action;
};

/* Notes what node `i` does to a tensor; what shares a tensor is tied. */
static enum ckpt_status
use_param(struct derive *d, size_t param, size_t i, struct derive_side zero,
    struct derive_side one, struct ckpt_error *err)
{
	struct derive_side sides[2] = { zero, one };
	struct derive_param *p;
	bool is_new;
	size_t k;
	enum ckpt_status st = CKPT_OK;

	if (param == GRAPH_NONE)
		return (CKPT_OK);
	p = &d->params[param];
	is_new = p->rank == 0;
	if (is_new || d->ranks[i] < p->rank)
		p->rank = d->ranks[i];
	for (k = 0; k < 2 && st == CKPT_OK; k++) {
		if (sides[k].view == NULL)
			continue;
		if (is_new) {
			p->views[k] = *sides[k].view;
			p->actions[k] = sides[k].action;
		} else
			st = symmetry_units_join(&d->units, &p->views[k],
			    sides[k].view, err);
	}
	if (is_new)
		p->slices = 1;
	return (st);
}

static const struct derive_side nothing = { NULL, SYMMETRY_NONE };

/* A convolution or linear layer: a new class of outputs. */
static enum ckpt_status
visit_product(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *node = &d->g->nodes[i];
	struct derive_side in = { &d->views[node->inputs[0]], SYMMETRY_IN };
	struct derive_side out = { &d->views[i], SYMMETRY_OUT };
	bool is_turned = node->op == GRAPH_CONV_TRANSPOSE;
	enum ckpt_status st;

	st = symmetry_units_new(&d->units, node->c, &d->views[i], err);
	if (st == CKPT_OK)
		st = use_param(d, node->weight, i, is_turned ? in : out,
		    is_turned ? out : in, err);
	if (st == CKPT_OK)
		d->params[node->weight].slices = node->groups;
	if (st == CKPT_OK)
		st = use_param(d, node->bias, i, out, nothing, err);
	return (st);
}

/* What stands before a normalisation may be multiplied by: -1, if channels
 * are normalised one by one (their sign is undone by the weights behind). */
static unsigned
kinds_before(const struct graph_node *n)
{
	switch (n->op) {
	case GRAPH_BATCH_NORM:
	case GRAPH_FRN:
		return (SYMMETRY_SIGN);
	case GRAPH_GROUP_NORM:
		return (n->groups == n->c ? SYMMETRY_SIGN : 0);
	default:
		return (0);
	}
}

/* A normalisation: its statistics belong to the channels before it, its
 * weights make new ones of them, which are permuted alike. */
static enum ckpt_status
visit_norm(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *n = &d->g->nodes[i];
	const struct symmetry_view *before = &d->views[n->inputs[0]];
	struct derive_side in = { before, SYMMETRY_OUT };
	struct derive_side still = { before, SYMMETRY_NONE };
	struct derive_side gain = { before, SYMMETRY_IN };
	struct derive_side out = { &d->views[i], SYMMETRY_OUT };
	bool is_frn = n->op == GRAPH_FRN;
	enum ckpt_status st;

	st = symmetry_units_mask(&d->units, before, kinds_before(n), err);
	if (st == CKPT_OK && n->weight != GRAPH_NONE)
		st = symmetry_units_like(&d->units, before, &d->views[i],
		    err);
	else
		d->views[i] = *before;
	if (st == CKPT_OK && n->tau != GRAPH_NONE)
		st = symmetry_units_mask(&d->units, &d->views[i],
		    SYMMETRY_SCALE, err);
	if (st == CKPT_OK)
		st = use_param(d, n->mean, i, in, nothing, err);
	if (st == CKPT_OK)
		st = use_param(d, n->var, i, still, nothing, err);
	if (st == CKPT_OK)
		st = use_param(d, n->weight, i, is_frn ? gain : out,
		    is_frn ? out : gain, err);
	if (st == CKPT_OK && n->weight != GRAPH_NONE)
		d->params[n->weight].is_diagonal = true;
	if (st == CKPT_OK)
		st = use_param(d, n->bias, i, is_frn ? nothing : out,
		    is_frn ? out : nothing, err);
	if (st == CKPT_OK)
		st = use_param(d, n->tau, i, nothing, out, err);
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
	case GRAPH_SILU:
	case GRAPH_GELU:
		return (0);
	default:
		return (SYMMETRY_SCALE | SYMMETRY_SIGN);
	}
}

/* The inputs of an operation without tensors as its result. */
static enum ckpt_status
visit_plain(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *node = &d->g->nodes[i];
	const struct graph_node *in = &d->g->nodes[node->inputs[0]];
	const struct symmetry_view *other;
	struct symmetry_view joined;
	size_t k;
	enum ckpt_status st;

	d->views[i] = d->views[node->inputs[0]];
	st = symmetry_units_mask(&d->units, &d->views[i],
	    kinds_of(node->op), err);
	if (st == CKPT_OK && node->op == GRAPH_FLATTEN)
		st = symmetry_units_widen(&d->units,
		    &d->views[node->inputs[0]], (uint64_t)in->h * in->w,
		    &d->views[i], err);
	for (k = 1; k < node->n_inputs && st == CKPT_OK; k++) {
		other = &d->views[node->inputs[k]];
		if (node->op != GRAPH_CONCAT) {
			st = symmetry_units_join(&d->units, &d->views[i],
			    other, err);
			continue;
		}
		st = symmetry_units_concat(&d->units, &d->views[i], other,
		    &joined, err);
		if (st == CKPT_OK)
			d->views[i] = joined;
	}
	if (st == CKPT_OK && node->op == GRAPH_OUTPUT)
		st = symmetry_units_anchor(&d->units, &d->views[i], err);
	return (st);
}

static bool
has_tensors(const struct graph_node *n)
{
	return (n->weight != GRAPH_NONE || n->mean != GRAPH_NONE ||
	    n->tau != GRAPH_NONE);
}

static enum ckpt_status
visit(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *node = &d->g->nodes[i];
	size_t k;
	enum ckpt_status st;

	d->ranks[i] = 0;
	for (k = 0; k < node->n_inputs; k++)
		if (d->ranks[node->inputs[k]] > d->ranks[i])
			d->ranks[i] = d->ranks[node->inputs[k]];
	d->ranks[i] += has_tensors(node);
	if (graph_op_is_product(node->op))
		return (visit_product(d, i, err));
	if (graph_op_is_norm(node->op))
		return (visit_norm(d, i, err));
	if (node->op != GRAPH_INPUT)
		return (visit_plain(d, i, err));
	st = symmetry_units_new(&d->units, node->c, &d->views[i], err);
	if (st == CKPT_OK)
		st = symmetry_units_anchor(&d->units, &d->views[i], err);
	return (st);
}

/* ---- what moves together without being one class ---- */

/* Whether a node's channels go through it one by one, so that input and
 * output are permuted alike. */
static bool
is_channelwise(const struct graph_node *n, const struct graph_node *in)
{
	if (graph_op_is_norm(n->op))
		return (n->weight != GRAPH_NONE);
	return (graph_op_is_product(n->op) && n->groups > 1 &&
	    n->groups == in->c && n->groups == n->c);
}

/* Divides classes until all that is permuted alike has like parts. */
static enum ckpt_status
match_alike(struct derive *d, struct ckpt_error *err)
{
	const struct graph_node *n;
	bool is_changed = true;
	size_t i;
	enum ckpt_status st = CKPT_OK;

	while (is_changed && st == CKPT_OK) {
		is_changed = false;
		for (i = 1; i < d->g->n_nodes && st == CKPT_OK; i++) {
			n = &d->g->nodes[i];
			if (is_channelwise(n, &d->g->nodes[n->inputs[0]]))
				st = symmetry_units_match(&d->units,
				    &d->views[n->inputs[0]], &d->views[i],
				    &is_changed, err);
		}
	}
	return (st);
}

/* Notes that part k of two views is permuted alike. */
static enum ckpt_status
note_alike(struct derive *d, const struct symmetry_view *in,
    const struct symmetry_view *out, size_t k, struct ckpt_error *err)
{
	struct symmetry_view both;
	enum ckpt_status st;

	st = symmetry_units_new(&d->units,
	    d->units.classes[in->parts[k].class].n_units, &both, err);
	if (st == CKPT_OK)
		st = symmetry_units_block(&d->units, in->parts[k].class,
		    both.parts[0].class, err);
	if (st == CKPT_OK)
		st = symmetry_units_block(&d->units, out->parts[k].class,
		    both.parts[0].class, err);
	/* a sign shows in a tensor's diagonal only index by index */
	if (in->parts[k].block > 1)
		d->units.classes[in->parts[k].class].kinds = 0;
	return (st);
}

/* Channels in groups: they move as wholes, inputs with outputs. */
static enum ckpt_status
note_groups(struct derive *d, const struct symmetry_view *in,
    const struct symmetry_view *out, uint32_t n_groups,
    struct ckpt_error *err)
{
	struct symmetry_view groups;
	enum ckpt_status st;

	if (in->n > 1 || out->n > 1) {
		/* groups across parts: nothing may move */
		st = symmetry_units_anchor(&d->units, in, err);
		return (st != CKPT_OK ? st :
		    symmetry_units_anchor(&d->units, out, err));
	}
	st = symmetry_units_new(&d->units, n_groups, &groups, err);
	if (st == CKPT_OK)
		st = symmetry_units_block(&d->units, in->parts[0].class,
		    groups.parts[0].class, err);
	if (st == CKPT_OK && out->parts[0].class != in->parts[0].class)
		st = symmetry_units_block(&d->units, out->parts[0].class,
		    groups.parts[0].class, err);
	return (st);
}

static enum ckpt_status
note(struct derive *d, size_t i, struct ckpt_error *err)
{
	const struct graph_node *n = &d->g->nodes[i];
	bool is_alike = is_channelwise(n, &d->g->nodes[n->inputs[0]]);
	bool has_groups = n->groups > 1 && (n->op == GRAPH_GROUP_NORM ?
	    n->groups < n->c : !is_alike);
	struct symmetry_view in, out;
	size_t k;
	enum ckpt_status st;

	if (!is_alike && !has_groups)
		return (CKPT_OK);
	st = symmetry_units_find(&d->units, &d->views[n->inputs[0]], &in,
	    err);
	if (st == CKPT_OK)
		st = symmetry_units_find(&d->units, &d->views[i], &out, err);
	for (k = 0; is_alike && st == CKPT_OK && k < in.n && k < out.n; k++)
		st = note_alike(d, &in, &out, k, err);
	if (st == CKPT_OK && has_groups)
		st = note_groups(d, &in, &out, n->groups, err);
	return (st);
}

/* ---- the lines ---- */

/* One line of the table. The group is the class for now. */
static enum ckpt_status
add_axis(struct derive *d, struct symmetry *s, size_t param, uint32_t axis,
    struct symmetry_part v, uint64_t start, struct ckpt_error *err)
{
	const struct derive_param *p = &d->params[param];
	struct symmetry_axis *a;
	void *more;

	if ((s->n_axes & (s->n_axes - 1)) == 0) {
		more = realloc(s->axes, (2 * s->n_axes + 1) *
		    sizeof(*s->axes));
		if (more == NULL)
			return (error_nomem(err, s->n_axes * sizeof(*a)));
		s->axes = more;
	}
	a = &s->axes[s->n_axes];
	a->tensor = strdup(d->g->params[param].name);
	if (a->tensor == NULL)
		return (error_nomem(err, 1));
	a->axis = axis;
	a->start = start;
	a->group = v.class;
	a->block = v.block;
	a->slices = axis == 1 ? p->slices : 1;
	a->action = p->actions[axis];
	a->rank = p->rank;
	/* of a part, as many channels as it has go through one by one */
	if ((p->is_diagonal && a->action == SYMMETRY_IN) ||
	    (a->slices > 1 && start != SYMMETRY_WHOLE))
		a->slices = d->units.classes[v.class].n_units;
	s->n_axes++;
	return (CKPT_OK);
}

/* The lines of one axis: parts that are not fixed. */
static enum ckpt_status
add_axes(struct derive *d, struct symmetry *s, size_t param, uint32_t axis,
    struct ckpt_error *err)
{
	const struct derive_param *p = &d->params[param];
	const struct symmetry_class *c;
	struct symmetry_view v;
	uint64_t start = 0;
	size_t i;
	enum ckpt_status st;

	st = symmetry_units_find(&d->units, &p->views[axis], &v, err);
	for (i = 0; st == CKPT_OK && i < v.n; i++) {
		c = &d->units.classes[v.parts[i].class];
		/* a diagonal is for signs: what has none shows elsewhere */
		if (!c->is_anchored && !(p->is_diagonal && c->kinds == 0 &&
		    p->actions[axis] == SYMMETRY_IN))
			st = add_axis(d, s, param, axis, v.parts[i],
			    v.n == 1 ? SYMMETRY_WHOLE : start, err);
		start += d->units.classes[v.parts[i].class].n_units *
		    v.parts[i].block;
	}
	return (st);
}

static enum ckpt_status
make_axes(struct derive *d, struct symmetry *s, struct ckpt_error *err)
{
	size_t i;
	uint32_t axis;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < d->g->n_params && st == CKPT_OK; i++)
		for (axis = 0; axis < 2 && st == CKPT_OK; axis++)
			if (d->params[i].views[axis].n > 0)
				st = add_axes(d, s, i, axis, err);
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
		st = match_alike(d, err);
	for (i = 1; i < d->g->n_nodes && st == CKPT_OK; i++)
		st = note(d, i, err);
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
