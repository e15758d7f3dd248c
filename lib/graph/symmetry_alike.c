/* What moves together without being one class of channels. */
#include "graph/symmetry_derive.h"

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
match_alike(struct symmetry_derive *d, struct ckpt_error *err)
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
note_alike(struct symmetry_derive *d, const struct symmetry_view *in,
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
note_groups(struct symmetry_derive *d, const struct symmetry_view *in,
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
note(struct symmetry_derive *d, size_t i, struct ckpt_error *err)
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
	/* slices are of single channels: larger units stay */
	for (k = 0; graph_op_is_product(n->op) && st == CKPT_OK &&
	    k < in.n; k++)
		if (in.parts[k].block > 1)
			st = symmetry_units_anchor(&d->units, &in, err);
	for (k = 0; is_alike && st == CKPT_OK && k < in.n && k < out.n; k++)
		st = note_alike(d, &in, &out, k, err);
	if (st == CKPT_OK && has_groups)
		st = note_groups(d, &in, &out, n->groups, err);
	return (st);
}

enum ckpt_status
symmetry_alike(struct symmetry_derive *d, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = match_alike(d, err);

	for (i = 1; i < d->g->n_nodes && st == CKPT_OK; i++)
		st = note(d, i, err);
	return (st);
}
