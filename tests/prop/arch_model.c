/*
 * Models of an architecture with weights at random, on the scale that
 * training gives them: a directory of safetensors files 0, 1, ... The
 * odd ones are f16, and have dead and duplicated units; variances are
 * positive, half of all gammas negative.
 *
 * usage: arch_model FILE.arch SEED MODELS DIR
 */
#include <math.h>

#include "foreign/foreign.h"
#include "random_net.h"

static struct ckpt_error err;

static double
uniform(struct random *r, double low, double high)
{
	return (low + (high - low) * (random_below(r, 1 << 24) + 0.5) /
	    (1 << 24));
}

static double
normal(struct random *r)
{
	return (sqrt(-2 * log(uniform(r, 0, 1))) *
	    cos(6.283185307179586 * uniform(r, 0, 1)));
}

/* A number of a tensor by what its layer takes it for. */
static double
draw(struct random *r, const struct graph *g, size_t param)
{
	const struct graph_param *p = &g->params[param];
	const struct graph_node *n = &g->nodes[p->node];
	double fan_in;

	if (param == n->var)
		return (uniform(r, 0.3, 3));
	if (param != n->weight)
		return (0.2 * normal(r));
	if (graph_op_is_norm(n->op))
		return (uniform(r, 0.5, 1.5) * (random_below(r, 2) ? 1 : -1));
	fan_in = (double)g->nodes[n->inputs[0]].c / n->groups;
	if (n->op != GRAPH_LINEAR)
		fan_in *= n->kernel[0] * n->kernel[1];
	return (normal(r) * sqrt(2 / fan_in));
}

static void
draw_model(struct random *r, const struct random_net *net, unsigned long i,
    struct model *out)
{
	const struct tensor_desc *t;
	char label[32];
	size_t k, p;
	double x;

	memset(out, 0, sizeof(*out));
	(void)snprintf(label, sizeof(label), "%lu", i);
	out->head.label = strdup(label);
	out->head.schema = schema_ref(net->schema);
	random_net_need(model_alloc(out, &err), &err);
	for (p = 0; p < net->graph->n_params; p++) {
		t = &net->schema->tensors[schema_find(net->schema,
		    net->graph->params[p].name)];
		for (k = 0; k < t->n_elements; k++) {
			x = draw(r, net->graph, p);
			(void)dtype_from_f64(t->dtype, &x, out->data +
			    t->offset + k * (dtype_bits(t->dtype) / 8), 1);
		}
	}
	if (i % 2 == 1)
		for (k = 0; k < 3; k++)
			random_net_plant(r, net, out);
}

static char *
read_text(const char *path, size_t *n)
{
	char *text = malloc(1 << 20);
	FILE *f = fopen(path, "re");

	if (f == NULL || text == NULL) {
		perror(path);
		exit(99);
	}
	*n = fread(text, 1, 1 << 20, f);
	(void)fclose(f);
	return (text);
}

int
main(int argc, char **argv)
{
	struct random r = { argc > 2 ? strtoul(argv[2], NULL, 10) : 0 };
	struct random_net nets[2];
	struct model_sink *sink;
	unsigned long i;
	char *text;
	size_t n;

	if (argc != 5) {
		(void)fputs("usage: arch_model FILE.arch SEED MODELS DIR\n",
		    stderr);
		return (2);
	}
	text = read_text(argv[1], &n);
	random_net_open(text, n, CKPT_F32, &nets[0]);
	random_net_open(text, n, CKPT_F16, &nets[1]);
	random_net_need(safetensors_dir_open(argv[4], &sink, &err), &err);
	for (i = 0; i < strtoul(argv[3], NULL, 10); i++) {
		struct model m;

		draw_model(&r, &nets[i % 2], i, &m);
		random_net_need(model_put(sink, &m, &err), &err);
		model_release(&m);
	}
	random_net_need(model_sink_close(sink, &err), &err);
	random_net_close(&nets[0]);
	random_net_close(&nets[1]);
	free(text);
	return (0);
}
