#include "graph/graph.h"

void
graph_free(struct graph *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->n_nodes; i++)
		free(g->nodes[i].name);
	for (i = 0; i < g->n_params; i++)
		free(g->params[i].name);
	for (i = 0; i < g->n_carried; i++)
		free(g->carried[i]);
	free(g->nodes);
	free(g->params);
	free(g->carried);
	free(g->prefix);
	free(g->name);
	free(g);
}

static void
print_shape(char *out, size_t size, unsigned n_dims, const uint64_t *dims)
{
	size_t n = 0;
	unsigned i;

	out[0] = '\0';
	for (i = 0; i < n_dims && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%llu",
		    i == 0 ? "" : "x", (unsigned long long)dims[i]);
}

static enum ckpt_status
bind_param(const struct graph *g, const struct graph_param *p,
    const struct schema *s, size_t *out, struct ckpt_error *err)
{
	const struct tensor_desc *t;
	char want[128], have[128];

	*out = schema_find(s, p->name);
	print_shape(want, sizeof(want), p->n_dims, p->dims);
	if (*out == SIZE_MAX)
		return (error_line(err, CKPT_INVALID, g->nodes[p->node].line,
		    "%.80s: the model lacks the tensor \"%.200s\" (%s)",
		    g->name, p->name, want));
	t = &s->tensors[*out];
	if (t->n_dims == p->n_dims && memcmp(t->dims, p->dims,
	    p->n_dims * sizeof(*p->dims)) == 0)
		return (CKPT_OK);
	print_shape(have, sizeof(have), t->n_dims, t->dims);
	return (error_line(err, CKPT_INVALID, g->nodes[p->node].line,
	    "%.80s: the tensor \"%.200s\" is %s, but %s is expected", g->name,
	    p->name, have[0] == '\0' ? "a scalar" : have, want));
}

static bool
is_carried(const struct graph *g, const char *name)
{
	size_t i, n = strlen(g->prefix);

	for (i = 0; i < g->n_carried; i++)
		if (text_glob(g->carried[i], name) ||
		    (strncmp(name, g->prefix, n) == 0 &&
		    text_glob(g->carried[i], name + n)))
			return (true);
	return (false);
}

enum ckpt_status
graph_bind(const struct graph *g, const struct schema *s, size_t *map,
    struct ckpt_error *err)
{
	bool *is_known = calloc(s->n_tensors + 1, sizeof(*is_known));
	size_t i, tensor;
	enum ckpt_status st = CKPT_OK;

	if (is_known == NULL)
		return (error_nomem(err, s->n_tensors));
	for (i = 0; i < g->n_params && st == CKPT_OK; i++) {
		st = bind_param(g, &g->params[i], s, &tensor, err);
		if (st == CKPT_OK) {
			map[i] = tensor;
			is_known[tensor] = true;
		}
	}
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++)
		if (!is_known[i] && !is_carried(g, s->tensors[i].name))
			st = error_set(err, CKPT_INVALID,
			    "%.80s: the tensor \"%.200s\" is not known to "
			    "this architecture (a carry line would let it "
			    "pass)", g->name, s->tensors[i].name);
	free(is_known);
	return (st);
}
