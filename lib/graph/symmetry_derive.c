/* From a graph to its table of symmetries: the classes of channels. */
#include "graph/symmetry_derive.h"
#include "graph/symmetry_table.h"

/* How an operation acts on one axis of one of its tensors. */
struct derive_side {
	const struct symmetry_view *view;    /* NULL: not at all */
	enum symmetry_action action;
};

/* Notes what node `i` does to a tensor; what shares a tensor is tied. */
static enum ckpt_status
use_param(struct symmetry_derive *d, size_t param, size_t i,
    struct derive_side zero, struct derive_side one, struct ckpt_error *err)
{
	struct derive_side sides[2] = { zero, one };
	struct symmetry_derive_param *p;
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
visit_product(struct symmetry_derive *d, size_t i, struct ckpt_error *err)
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
visit_norm(struct symmetry_derive *d, size_t i, struct ckpt_error *err)
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
visit_plain(struct symmetry_derive *d, size_t i, struct ckpt_error *err)
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
	return (n->weight != GRAPH_NONE || n->bias != GRAPH_NONE ||
	    n->mean != GRAPH_NONE || n->tau != GRAPH_NONE);
}

static enum ckpt_status
visit(struct symmetry_derive *d, size_t i, struct ckpt_error *err)
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

static enum ckpt_status
derive(struct symmetry_derive *d, struct symmetry *s, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < d->g->n_nodes && st == CKPT_OK; i++)
		st = visit(d, i, err);
	if (st == CKPT_OK)
		st = symmetry_alike(d, err);
	return (st == CKPT_OK ? symmetry_lines(d, s, err) : st);
}

enum ckpt_status
symmetry_derive(const struct graph *g, struct symmetry **out,
    struct ckpt_error *err)
{
	struct symmetry_derive d = { .g = g };
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
