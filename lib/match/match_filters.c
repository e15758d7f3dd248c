#include <math.h>

#include "match/mass_filters.h"
#include "match/match_filters.h"

/* The filters of a graph, and what they are multiplied by. */
struct units {
	const struct graph *g;
	struct mass_filters found;
	bool *is_scaled;   /* [class]: batch norms alone read it */
	double **factors;  /* [class][set] */
};

/* Classes that the channels of node `i` come from are not scaled. */
static void
exclude(struct units *u, size_t i)
{
	const struct graph_node *n = &u->g->nodes[i];
	size_t k;

	if (mass_filters_is_source(n)) {
		if (u->found.class_of[i] != GRAPH_NONE)
			u->is_scaled[u->found.class_of[i]] = false;
		return;
	}
	for (k = 0; k < n->n_inputs; k++)
		exclude(u, n->inputs[k]);
}

static void
units_release(struct units *u)
{
	size_t i;

	for (i = 0; u->factors != NULL && i < u->found.n; i++)
		free(u->factors[i]);
	free(u->factors);
	free(u->is_scaled);
	mass_filters_release(&u->found);
}

static enum ckpt_status
units_new(const struct graph *g, struct units *u, struct ckpt_error *err)
{
	const struct graph_node *n;
	size_t i, m;
	enum ckpt_status st;

	*u = (struct units){ .g = g };
	st = mass_filters_find(g, &u->found, err);
	if (st != CKPT_OK)
		return (st);
	u->is_scaled = calloc(u->found.n + 1, sizeof(*u->is_scaled));
	u->factors = calloc(u->found.n + 1, sizeof(*u->factors));
	if (u->is_scaled == NULL || u->factors == NULL)
		goto nomem;
	for (i = 0; i < u->found.n; i++) {
		m = u->found.classes[i].n_sets;
		u->is_scaled[i] = m == u->found.classes[i].n_channels;
		u->factors[i] = calloc(m + 1, sizeof(**u->factors));
		if (u->factors[i] == NULL)
			goto nomem;
	}
	for (i = 1; i < g->n_nodes; i++) {
		n = &g->nodes[i];
		if (graph_op_is_norm(n->op) && n->op != GRAPH_BATCH_NORM)
			exclude(u, n->inputs[0]);
	}
	return (CKPT_OK);

nomem:
	units_release(u);
	return (error_nomem(err, g->n_nodes * sizeof(double)));
}

enum ckpt_status
match_filters_count(const struct graph *g, size_t *out,
    struct ckpt_error *err)
{
	struct units u;
	size_t i;
	enum ckpt_status st = units_new(g, &u, err);

	if (st != CKPT_OK)
		return (st);
	*out = 0;
	for (i = 0; i < u.found.n; i++)
		if (u.is_scaled[i])
			*out += u.found.classes[i].n_sets;
	units_release(&u);
	return (CKPT_OK);
}

/* The channel of element `i` of a weight with `n` elements in all. */
static size_t
channel_of(const struct graph_node *node, const struct graph_param *p,
    size_t n, size_t i)
{
	size_t per, inner;

	if (node->op != GRAPH_CONV_TRANSPOSE)
		return (i / (n / node->c));
	/* (in, out / groups, kh, kw) */
	per = (size_t)p->dims[1];
	inner = n / ((size_t)p->dims[0] * per);
	return (i / inner / per / ((size_t)p->dims[0] / node->groups) * per +
	    i / inner % per);
}

/* Adds the squares of what node `i` writes to its class's channels. */
static enum ckpt_status
add_squares(struct units *u, const struct model *m, size_t i,
    struct ckpt_error *err)
{
	const struct graph_node *node = &u->g->nodes[i];
	const struct graph_param *p = &u->g->params[node->weight];
	const struct tensor_desc *t = &m->head.schema->tensors[
	    schema_find(m->head.schema, p->name)];
	size_t n = (size_t)t->n_elements, k;
	double *sums = u->factors[u->found.class_of[i]];
	double *x = malloc((n + 1) * sizeof(*x));

	if (x == NULL)
		return (error_nomem(err, n * sizeof(*x)));
	dtype_to_f64(t->dtype, m->data + t->offset, x, n);
	for (k = 0; k < n; k++)
		sums[channel_of(node, p, n, k)] += x[k] * x[k];
	free(x);
	return (CKPT_OK);
}

/* 1 / norm of each filter; what is shared by several nodes counts once. */
static enum ckpt_status
find_factors(struct units *u, const struct model *m, struct ckpt_error *err)
{
	const struct graph_node *n;
	size_t i, k, class;
	double *f;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < u->g->n_nodes && st == CKPT_OK; i++) {
		n = &u->g->nodes[i];
		class = u->found.class_of[i];
		if (class != GRAPH_NONE && u->is_scaled[class] &&
		    u->g->params[n->weight].node == i)
			st = add_squares(u, m, i, err);
	}
	for (i = 0; i < u->found.n; i++)
		for (k = 0; k < u->found.classes[i].n_sets; k++) {
			f = &u->factors[i][k];
			*f = *f > 0 && isfinite(*f) ? 1 / sqrt(*f) : 1;
		}
	return (st);
}

enum ckpt_status
match_filters_unit(const struct graph *g, const struct model *in,
    struct model *out, size_t *n_kept, struct ckpt_error *err)
{
	struct units u;
	enum ckpt_status st = units_new(g, &u, err);

	if (st != CKPT_OK)
		return (st);
	st = find_factors(&u, in, err);
	if (st == CKPT_OK)
		st = mass_filters_scale(g, (const double *const *)u.factors,
		    in, out, n_kept, err);
	units_release(&u);
	return (st);
}

/* ---- the softmax ---- */

/* Takes off their mean `n` numbers that lie `step` apart. */
static void
center(double *x, size_t n, size_t step)
{
	double mean = 0;
	size_t i;

	for (i = 0; i < n; i++)
		mean += x[i * step];
	mean /= (double)n;
	for (i = 0; i < n; i++)
		x[i * step] -= mean;
}

static double *
tensor_of(const struct graph *g, struct model *m, size_t param)
{
	const struct schema *s = m->head.schema;

	return ((double *)(void *)(m->data +
	    s->tensors[schema_find(s, g->params[param].name)].offset));
}

enum ckpt_status
match_filters_center(const struct graph *g, struct model *m,
    struct ckpt_error *err)
{
	const struct graph_node *n = &g->nodes[g->n_nodes - 1];
	size_t k, n_in = 1;
	unsigned d;

	while (n->op == GRAPH_OUTPUT || n->op == GRAPH_FLATTEN ||
	    n->op == GRAPH_DROPOUT || n->op == GRAPH_GLOBAL_AVG)
		n = &g->nodes[n->inputs[0]];
	if ((n->op != GRAPH_LINEAR && n->op != GRAPH_CONV) || n->h != 1 ||
	    n->w != 1)
		return (error_line(err, CKPT_INVALID, n->line,
		    "%.80s: its last layer is no linear layer: the softmax's "
		    "translation cannot be taken off", g->name));
	for (d = 1; d < g->params[n->weight].n_dims; d++)
		n_in *= (size_t)g->params[n->weight].dims[d];
	for (k = 0; k < n_in; k++)
		center(tensor_of(g, m, n->weight) + k, n->c, n_in);
	if (n->bias != GRAPH_NONE)
		center(tensor_of(g, m, n->bias), n->c, 1);
	return (CKPT_OK);
}
