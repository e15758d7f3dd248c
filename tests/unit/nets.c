#include <math.h>

#include "unit.h"

#include "nets.h"

#define HEAD "ckpt-arch 1\nname net\n"

const char nets_mlp[] = HEAD
    "input 20x1x1\nflatten\nlinear a out=16\nrelu\nlinear b out=24\nrelu\n"
    "linear c out=5\noutput\n";
const char nets_tanh[] = HEAD
    "input 20x1x1\nflatten\nlinear a out=16\ntanh\nlinear b out=24\ntanh\n"
    "linear c out=5\noutput\n";
const char nets_optunet[] = HEAD
    "input 1x28x28\nconv conv1 out=4 kernel=4 bias=no\nrelu\n"
    "maxpool kernel=3\nconv conv2 out=20 kernel=5 groups=4 bias=no\nrelu\n"
    "globalavgpool\nlinear fc1 out=10\noutput\n";
const char nets_grouped[] = HEAD
    "input 3x12x12\nconv a out=12 kernel=3\ntanh\n"
    "conv b out=16 kernel=3 groups=4\ntanh\nglobalavgpool\n"
    "linear c out=10\noutput\n";
const char nets_signed[] = HEAD
    "input 3x12x12\nconv a out=4 kernel=3\ntanh\n"
    "conv b out=16 kernel=3 groups=4\ntanh\nglobalavgpool\n"
    "linear c out=10\noutput\n";
const char nets_residual[] = HEAD
    "input 3x8x8\nconv a out=8 kernel=1\nrelu x\n"
    "conv b out=8 kernel=1\nrelu y\nadd s from=x,y\nglobalavgpool\n"
    "linear c out=10\noutput\n";

void
nets_open(struct nets *n, const char *text, enum ckpt_dtype dtype)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const struct graph_param *p;
	size_t i;

	must(graph_parse(text, strlen(text), &n->graph, &err), &err);
	must(symmetry_derive(n->graph, &n->table, &err), &err);
	must(schema_new(&n->schema, &err), &err);
	for (i = 0; i < n->graph->n_params; i++) {
		p = &n->graph->params[i];
		must(schema_add(n->schema, p->name, strlen(p->name), dtype,
		    p->n_dims, p->dims, &err), &err);
	}
	must(schema_finish(n->schema, &err), &err);
	must(sym_plan_new(n->table, n->schema, &n->plan, &err), &err);
	must(match_shape_new(n->plan, &n->shape, &err), &err);
}

void
nets_close(struct nets *n)
{
	match_shape_free(n->shape);
	sym_plan_free(n->plan);
	schema_unref(n->schema);
	symmetry_free(n->table);
	graph_free(n->graph);
}

static uint64_t
next(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (*state >> 33);
}

double
nets_normal(uint64_t *state)
{
	double u = ((double)next(state) + 1) * 0x1p-31, v;

	v = (double)next(state) * 0x1p-31;
	return (sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

static void
put(const struct tensor_desc *t, const double *w, unsigned char *data)
{
	(void)dtype_from_f64(t->dtype, w, data + t->offset,
	    (size_t)t->n_elements);
}

void
nets_model(const struct nets *n, uint64_t seed, struct model *out)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const struct tensor_desc *t;
	double *w;
	size_t i, j;

	memset(out, 0, sizeof(*out));
	out->head.schema = schema_ref(n->schema);
	out->head.label = strdup("net");
	assert_non_null(out->head.label);
	must(model_alloc(out, &err), &err);
	for (i = 0; i < n->schema->n_tensors; i++) {
		t = &n->schema->tensors[i];
		w = malloc((size_t)t->n_elements * sizeof(*w));
		assert_non_null(w);
		for (j = 0; j < t->n_elements; j++)
			w[j] = nets_normal(&seed);
		put(t, w, out->data);
		free(w);
	}
}

void
nets_from_weights(const struct nets *n, const struct model *like,
    const double *w, struct model *out)
{
	struct ckpt_error err = { .status = CKPT_OK };
	size_t i;

	memset(out, 0, sizeof(*out));
	must(model_head_copy(&like->head, &out->head, &err), &err);
	must(model_alloc(out, &err), &err);
	memcpy(out->data, like->data, (size_t)n->schema->n_bytes);
	for (i = 0; i < n->shape->n_tensors; i++)
		put(&n->schema->tensors[n->shape->tensors[i].index],
		    w + n->shape->offset[i], out->data);
}

/* Units of block `i` from those of block `j` in random order, inwards. */
static void
shuffle(const struct nets *n, size_t g, size_t i, size_t j, uint64_t *state,
    struct match_map *m)
{
	const struct symmetry_group *group = &n->table->groups[g];
	size_t size = group->n_units, a, b, c;
	struct match_unit *units, swap;

	if (group->parent != SIZE_MAX)
		size /= n->table->groups[group->parent].n_units;
	units = m->units[g] + i * size;
	for (a = 0; a < size; a++)
		units[a].source = (uint32_t)(j * size + a);
	for (a = size; a > 1 && !group->is_fixed; a--) {
		b = next(state) % a;
		swap = units[a - 1];
		units[a - 1] = units[b];
		units[b] = swap;
	}
	for (c = 0; c < n->table->n_groups; c++)
		for (a = 0; n->table->groups[c].parent == g && a < size; a++)
			shuffle(n, c, i * size + a, units[a].source, state,
			    m);
}

void
nets_map(const struct nets *n, uint64_t *state, bool signs, bool scales,
    struct match_map *out)
{
	struct ckpt_error err = { .status = CKPT_OK };
	const struct symmetry_group *group;
	struct match_unit *unit;
	size_t g;
	uint32_t u;

	must(match_map_new(n->shape, out, &err), &err);
	for (g = 0; g < n->table->n_groups; g++) {
		group = &n->table->groups[g];
		if (group->parent == SIZE_MAX)
			shuffle(n, g, 0, 0, state, out);
	}
	for (g = 0; g < n->table->n_groups; g++) {
		group = &n->table->groups[g];
		for (u = 0; u < group->n_units; u++) {
			unit = &out->units[g][u];
			if (signs && (group->kinds & SYMMETRY_SIGN) &&
			    next(state) % 2 == 0)
				unit->factor = -unit->factor;
			if (scales && (group->kinds & SYMMETRY_SCALE))
				unit->factor *= ldexp(1,
				    (int)(next(state) % 7) - 3);
		}
	}
}
