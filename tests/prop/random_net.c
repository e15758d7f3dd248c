#include "random_net.h"

uint32_t
random_below(struct random *r, uint32_t n)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return ((uint32_t)((z >> 32) * n >> 32));
}

void
random_net_need(enum ckpt_status st, const struct ckpt_error *err)
{
	if (st == CKPT_OK)
		return;
	fprintf(stderr, "status %d, line %llu: %s\n", (int)st,
	    (unsigned long long)err->line, err->text);
	abort();
}

void
random_net_read(const char *path, struct buf *out)
{
	struct ckpt_error err = { 0 };
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		exit(99);
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		random_net_need(buf_append(out, chunk, n, &err), &err);
	fclose(f);
}

void
random_net_open(const char *text, size_t n, enum ckpt_dtype dtype,
    struct random_net *out)
{
	struct ckpt_error err = { 0 };
	const struct graph_param *p;
	size_t i;

	if (graph_parse(text, n, &out->graph, &err) != CKPT_OK)
		fprintf(stderr, "%.*s", (int)n, text);
	random_net_need(err.status, &err);
	random_net_need(symmetry_derive(out->graph, &out->table, &err), &err);
	random_net_need(schema_new(&out->schema, &err), &err);
	for (i = 0; i < out->graph->n_params; i++) {
		p = &out->graph->params[i];
		random_net_need(schema_add(out->schema, p->name,
		    strlen(p->name), dtype, p->n_dims, p->dims, &err), &err);
	}
	random_net_need(schema_finish(out->schema, &err), &err);
	random_net_need(sym_plan_new(out->table, out->schema, &out->plan,
	    &err), &err);
}

void
random_net_close(struct random_net *net)
{
	sym_plan_free(net->plan);
	schema_unref(net->schema);
	symmetry_free(net->table);
	graph_free(net->graph);
}

static double
draw(struct random *r, bool few, bool odd)
{
	static const double small[] = { 0, 0, 1, -1, 0.5, 3 };
	static const double strange[] = { -0.0, 0x1p-24, -0x1p-20,
	    __builtin_inf(), -__builtin_inf(), __builtin_nan("") };

	if (odd && random_below(r, 16) == 0)
		return (strange[random_below(r, 6)]);
	if (few)
		return (small[random_below(r, 6)]);
	return (((int)random_below(r, 2001) - 1000) / 1024.0);
}

/* Zeros or copies rows of one tensor. */
static void
plant(struct random *r, double *x, uint64_t rows, uint64_t length)
{
	uint64_t from, to, k;

	if (rows == 0 || random_below(r, 2))
		return;
	from = random_below(r, (uint32_t)rows);
	to = random_below(r, (uint32_t)rows);
	for (k = 0; k < length; k++)
		x[to * length + k] = from == to ? 0 : x[from * length + k];
	if (random_below(r, 4) == 0)
		for (k = 0; k < rows * length; k++)
			x[k] = x[k % length]; /* all rows equal */
	if (random_below(r, 6) == 0)
		memset(x, 0, rows * length * sizeof(*x));
}

static void
alloc_model(const struct random_net *net, struct model *out)
{
	struct ckpt_error err = { 0 };

	memset(out, 0, sizeof(*out));
	out->head.schema = schema_ref(net->schema);
	out->head.label = strdup("random");
	random_net_need(model_alloc(out, &err), &err);
}

/* Nothing goes in or out: what is between has no anchor. */
static void
cut_off(const struct random_net *net, struct model *m)
{
	const struct sym_tensor *t;
	const struct tensor_desc *desc;
	size_t n, i;

	t = sym_plan_tensors(net->plan, &n);
	for (i = 0; i < n; i++) {
		desc = &net->schema->tensors[t[i].index];
		if (t[i].row.group == SIZE_MAX || t[i].col.group == SIZE_MAX)
			memset(m->data + desc->offset, 0, desc->n_bytes);
	}
}

void
random_net_cycles(struct random *r, const struct random_net *net,
    struct model *out)
{
	const struct schema *s = net->schema;
	const struct tensor_desc *t;
	uint32_t next[64], n, i, j, k;
	double x[4096];

	alloc_model(net, out);
	n = (uint32_t)s->tensors[schema_find(s, "a.weight")].dims[0];
	for (i = 0; i < n; i++)
		next[i] = i;
	for (i = n; i-- > 1;) {
		j = random_below(r, i + 1);
		k = next[i];
		next[i] = next[j];
		next[j] = k;
	}
	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		for (k = 0; k < t->n_elements; k++)
			x[k] = 1;
		if (strcmp(t->name, "b.weight") == 0)
			for (j = 0; j < n; j++)
				for (k = 0; k < n; k++)
					x[j * n + k] = j == k ? 1 :
					    next[j] == k ? 0.5 : 0;
		(void)dtype_from_f64(t->dtype, x, out->data + t->offset,
		    t->n_elements);
	}
	if (random_below(r, 4) == 0)
		cut_off(net, out);
}

/* Variances are not negative, and what divides by them is not 0. */
static void
set_variances(const struct random_net *net, struct model *m)
{
	const struct tensor_desc *t;
	double x[256];
	size_t i, k, var;

	for (i = 0; i < net->graph->n_nodes; i++) {
		var = net->graph->nodes[i].var;
		if (var == GRAPH_NONE)
			continue;
		t = &net->schema->tensors[schema_find(net->schema,
		    net->graph->params[var].name)];
		if (t->n_elements > 256)
			abort();
		dtype_to_f64(t->dtype, m->data + t->offset, x,
		    t->n_elements);
		for (k = 0; k < t->n_elements; k++)
			x[k] = x[k] < 0 ? -x[k] : x[k] > 0 ? x[k] : 0.25;
		(void)dtype_from_f64(t->dtype, x, m->data + t->offset,
		    t->n_elements);
	}
}

void
random_net_weights(struct random *r, const struct random_net *net, bool few,
    bool odd, struct model *out)
{
	const struct tensor_desc *t;
	double *x;
	size_t i, k;

	alloc_model(net, out);
	for (i = 0; i < net->schema->n_tensors; i++) {
		t = &net->schema->tensors[i];
		x = calloc(t->n_elements + 1, sizeof(*x));
		for (k = 0; k < t->n_elements; k++)
			x[k] = draw(r, few, odd);
		plant(r, x, t->dims[0], t->n_elements / t->dims[0]);
		(void)dtype_from_f64(t->dtype, x, out->data + t->offset,
		    t->n_elements);
		free(x);
	}
	/* what has no anchor takes the slow implementation long */
	if (random_below(r, 6) == 0 && net->schema->n_bytes < 65536)
		cut_off(net, out);
	while (random_below(r, 2))
		random_net_plant(r, net, out);
	set_variances(net, out);
}

/* Permutes a group after its parent. */
static void
permute(struct random *r, const struct symmetry *s, size_t g, bool *done,
    struct sym_element *e)
{
	const struct symmetry_group *group = &s->groups[g];
	struct sym_unit *units = e->units[g];
	uint32_t n_blocks = 1, size, b, i, j, from, source;

	if (done[g])
		return;
	done[g] = true;
	if (group->is_fixed)
		return;
	if (group->parent != SIZE_MAX) {
		permute(r, s, group->parent, done, e);
		n_blocks = s->groups[group->parent].n_units;
	}
	size = group->n_units / n_blocks;
	for (b = 0; b < n_blocks; b++) {
		from = group->parent == SIZE_MAX ? 0 :
		    e->units[group->parent][b].source;
		for (i = 0; i < size; i++)
			units[b * size + i].source = from * size + i;
		for (i = size; i-- > 1;) {
			j = random_below(r, i + 1);
			source = units[b * size + i].source;
			units[b * size + i].source =
			    units[b * size + j].source;
			units[b * size + j].source = source;
		}
	}
}

void
random_net_element(struct random *r, const struct random_net *net,
    uint32_t range, struct sym_element *out)
{
	const struct symmetry *s = net->table;
	struct ckpt_error err = { 0 };
	bool *done = calloc(s->n_groups + 1, sizeof(*done));
	struct sym_unit *unit;
	size_t g;
	uint32_t u;

	random_net_need(sym_element_identity(net->plan, out, &err), &err);
	for (g = 0; g < s->n_groups; g++) {
		permute(r, s, g, done, out);
		for (u = 0; u < s->groups[g].n_units; u++) {
			unit = &out->units[g][u];
			if (s->groups[g].kinds & SYMMETRY_SCALE)
				unit->exponent = (int32_t)random_below(r,
				    2 * range + 1) - (int32_t)range;
			if ((s->groups[g].kinds & SYMMETRY_SIGN) &&
			    random_below(r, 2))
				unit->sign = -1;
		}
	}
	free(done);
}
