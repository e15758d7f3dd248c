/*
 * Filters before normalisations at other scales, with what a batch norm knows
 * of them: the running mean is multiplied by the filter's factor f, and the
 * running variance becomes f^2 (var + eps) - eps, so that the normalisation
 * keeps its eps.
 */
#include "match/mass.h"
#include "match/mass_filters.h"

/* A channel that is normalised, by its filter. */
struct channel {
	size_t class; /* or GRAPH_NONE */
	size_t set;
};

struct rescale {
	const struct graph *g;
	const double *const *given; /* [class][set]: the factors */
	struct mass_filters filters;
	size_t *map;                /* [param]: index in the schema */
	bool *is_done;              /* [param]: scaled already */
	double **factors;           /* [class][set], and where kept 1 */
	struct channel *channels;   /* of a normalisation */
	struct model m;             /* all weights in f64 */
};

static double *
weights_of(const struct rescale *w, size_t param)
{
	const size_t i = w->map[param];

	return ((double *)(void *)(w->m.data +
	    w->m.head.schema->tensors[i].offset));
}

static size_t
set_of(const struct rescale *w, size_t class, size_t channel)
{
	const struct mass_class *c = &w->filters.classes[class];

	return (channel / (c->n_channels / c->n_sets));
}

/* The n channels, or features, that leave a node. */
static void
find_channels(const struct rescale *w, size_t node, struct channel *out,
    size_t n)
{
	const struct graph_node *t = &w->g->nodes[node];
	size_t i, per, m, class;

	while (!mass_filters_is_source(t) && t->op != GRAPH_CONCAT) {
		node = t->inputs[0];
		t = &w->g->nodes[node];
	}
	per = n / t->c; /* features a channel: a flattening lies between */
	for (i = 0; t->op == GRAPH_CONCAT && i < t->n_inputs; i++) {
		m = w->g->nodes[t->inputs[i]].c * per;
		find_channels(w, t->inputs[i], out, m);
		out += m;
	}
	if (t->op == GRAPH_CONCAT)
		return;
	class = w->filters.class_of[node];
	for (i = 0; i < n; i++)
		out[i] = (struct channel){ class, class == GRAPH_NONE ? 0 :
		    set_of(w, class, i / per) };
}

/* Filters whose variance would become negative keep their norms. */
static size_t
keep_small(struct rescale *w)
{
	const struct graph_node *t;
	const struct channel *c;
	const double *var;
	double *f;
	size_t i, k, n_kept = 0;

	for (i = 0; i < w->g->n_nodes; i++) {
		t = &w->g->nodes[i];
		if (t->op != GRAPH_BATCH_NORM)
			continue;
		find_channels(w, t->inputs[0], w->channels, t->c);
		var = weights_of(w, t->var);
		for (k = 0; k < t->c; k++) {
			c = &w->channels[k];
			if (c->class == GRAPH_NONE)
				continue;
			f = &w->factors[c->class][c->set];
			if (*f * *f * (var[k] + t->eps) < t->eps && *f < 1) {
				*f = 1;
				n_kept++;
			}
		}
	}
	return (n_kept);
}

static void
scale_statistics(const struct rescale *w, const struct graph_node *t)
{
	double *mean = weights_of(w, t->mean), *var = weights_of(w, t->var), f;
	const struct channel *c;
	size_t k;

	find_channels(w, t->inputs[0], w->channels, t->c);
	for (k = 0; k < t->c; k++) {
		c = &w->channels[k];
		if (c->class == GRAPH_NONE)
			continue;
		f = w->factors[c->class][c->set];
		if (f < 1 || f > 1) { /* else not a bit changes */
			mean[k] *= f;
			var[k] = f * f * (var[k] + t->eps) - t->eps;
		}
	}
}

/* One tensor that writes filters, once. */
static void
scale_weights(const struct rescale *w, size_t class, size_t param,
    const struct graph_node *t, bool is_transposed)
{
	const struct tensor_desc *d;
	double *x = weights_of(w, param);
	size_t i, n, inner, channel;

	if (w->is_done[param])
		return;
	w->is_done[param] = true;
	d = &w->m.head.schema->tensors[w->map[param]];
	n = (size_t)d->n_elements;
	if (!is_transposed) { /* channel by channel */
		inner = n / t->c;
		for (i = 0; i < n; i++)
			x[i] *= w->factors[class][set_of(w, class,
			    i / inner)];
		return;
	}
	/* (in, out / groups, kh, kw) */
	inner = n / (size_t)(d->dims[0] * d->dims[1]);
	for (i = 0; i < n; i++) {
		channel = i / inner / (size_t)d->dims[1] /
		    (size_t)(d->dims[0] / t->groups) * (size_t)d->dims[1] +
		    i / inner % (size_t)d->dims[1];
		x[i] *= w->factors[class][set_of(w, class, channel)];
	}
}

static void
scale_filters(const struct rescale *w)
{
	const struct graph_node *t;
	size_t i, class;

	for (i = 0; i < w->g->n_nodes; i++) {
		t = &w->g->nodes[i];
		class = w->filters.class_of[i];
		if (t->op == GRAPH_BATCH_NORM)
			scale_statistics(w, t);
		if (class == GRAPH_NONE)
			continue;
		scale_weights(w, class, t->weight, t,
		    t->op == GRAPH_CONV_TRANSPOSE);
		if (t->bias != GRAPH_NONE)
			scale_weights(w, class, t->bias, t, false);
		if (t->tau != GRAPH_NONE)
			scale_weights(w, class, t->tau, t, false);
	}
}

static void
rescale_release(struct rescale *w)
{
	size_t i;

	for (i = 0; w->factors != NULL && i < w->filters.n; i++)
		free(w->factors[i]);
	free(w->factors);
	free(w->map);
	free(w->is_done);
	free(w->channels);
	mass_filters_release(&w->filters);
	model_release(&w->m);
}

static enum ckpt_status
copy_factors(struct rescale *w, struct ckpt_error *err)
{
	size_t i, k, n, most = 1;

	w->factors = calloc(w->filters.n + 1, sizeof(*w->factors));
	if (w->factors == NULL)
		return (error_nomem(err, w->filters.n));
	for (i = 0; i < w->filters.n; i++) {
		n = w->filters.classes[i].n_sets;
		w->factors[i] = calloc(n, sizeof(**w->factors));
		if (w->factors[i] == NULL)
			return (error_nomem(err, n * sizeof(**w->factors)));
		for (k = 0; k < n; k++)
			w->factors[i][k] = w->given[i][k];
	}
	for (i = 0; i < w->g->n_nodes; i++)
		most = w->g->nodes[i].c > most ? w->g->nodes[i].c : most;
	w->channels = calloc(most, sizeof(*w->channels));
	if (w->channels == NULL)
		return (error_nomem(err, most * sizeof(*w->channels)));
	return (CKPT_OK);
}

/* The model in f64. */
static enum ckpt_status
widen(struct rescale *w, const struct model *in, struct ckpt_error *err)
{
	const struct tensor_desc *from, *to;
	struct schema *schema;
	enum ckpt_status st;
	size_t i;

	st = schema_derive(in->head.schema, NULL, CKPT_F64, &schema, err);
	if (st != CKPT_OK)
		return (st);
	st = model_head_copy(&in->head, &w->m.head, err);
	if (st != CKPT_OK) {
		schema_unref(schema);
		return (st);
	}
	schema_unref(w->m.head.schema);
	w->m.head.schema = schema;
	st = model_alloc(&w->m, err);
	for (i = 0; st == CKPT_OK && i < schema->n_tensors; i++) {
		from = &in->head.schema->tensors[i];
		to = &schema->tensors[i];
		if (dtype_is_float(from->dtype))
			dtype_to_f64(from->dtype, in->data + from->offset,
			    (double *)(void *)(w->m.data + to->offset),
			    (size_t)from->n_elements);
		else
			memcpy(w->m.data + to->offset, in->data +
			    from->offset, (size_t)from->n_bytes);
	}
	return (st);
}

static enum ckpt_status
prepare(struct rescale *w, const struct model *in, struct ckpt_error *err)
{
	enum ckpt_status st;

	w->map = calloc(w->g->n_params + 1, sizeof(*w->map));
	w->is_done = calloc(w->g->n_params + 1, sizeof(*w->is_done));
	if (w->map == NULL || w->is_done == NULL)
		return (error_nomem(err, w->g->n_params * sizeof(*w->map)));
	st = graph_bind(w->g, in->head.schema, w->map, err);
	if (st == CKPT_OK)
		st = mass_filters_find(w->g, &w->filters, err);
	if (st == CKPT_OK)
		st = copy_factors(w, err);
	if (st == CKPT_OK)
		st = widen(w, in, err);
	return (st);
}

enum ckpt_status
mass_filters_scale(const struct graph *g, const double *const *factors,
    const struct model *in, struct model *out, size_t *n_kept,
    struct ckpt_error *err)
{
	struct rescale w = { .g = g, .given = factors };
	enum ckpt_status st = prepare(&w, in, err);

	if (st == CKPT_OK) {
		*n_kept = keep_small(&w);
		scale_filters(&w);
		*out = w.m;
		w.m = (struct model){ .data = NULL };
	}
	rescale_release(&w);
	return (st);
}

enum ckpt_status
match_mass_scale_filters(const struct match_mass *p, const struct graph *g,
    const struct match_mass_result *r, const struct model *in,
    struct model *out, size_t *n_kept, struct ckpt_error *err)
{
	return (mass_filters_scale(g, (const double *const *)
	    (r->factors + p->shape->n_groups), in, out, n_kept, err));
}
