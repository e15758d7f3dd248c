/*
 * The properties that every shipped architecture has, on random weights with
 * dead and duplicated units:
 *
 *  - a random member of the orbit has the orbit's ID and canonical form, which
 *    is its own canonical form, and restores the member bit for bit;
 *  - in double the canonical form computes the model's function;
 *  - the paper's form is its own, and computes the function in f32;
 *  - a permuted copy is matched to its original;
 *  - the least mass is that of every rescaled copy.
 *
 * usage: architectures [DIVISOR [ARCH]...]
 *
 * Widths are divided (default: by eight), so that all can be looked at.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "match/match.h"
#include "match/match_mass.h"
#include "nn/nn.h"
#include "random_net.h"

#define IMAGES 2
#define EXACT 1e-10   /* of the largest logit */
#define SINGLE 2e-3

static struct ckpt_error err;
static const char *arch;

static void
need(enum ckpt_status st)
{
	random_net_need(st, &err);
}

static void
fail(const char *what, double number)
{
	fprintf(stderr, "%s: %s: %g\n", arch, what, number);
	exit(1);
}

/* The text with widths (out=, mid=) of 16 and more divided, images smaller. */
static void
shrink(const char *text, unsigned divisor, struct buf *out)
{
	const char *s = text;
	unsigned long width;
	char *end;

	while (*s != '\0') {
		if (strncmp(s, "out=", 4) != 0 && strncmp(s, "mid=", 4) != 0) {
			if (strncmp(s, "224x224", 7) == 0 && divisor > 1) {
				need(buf_printf(out, &err, "64x64"));
				s += 7;
			} else
				need(buf_append(out, s++, 1, &err));
			continue;
		}
		need(buf_append(out, s, 4, &err));
		s += 4;
		if (!isdigit((unsigned char)*s))
			continue;
		width = strtoul(s, &end, 10);
		s = end;
		if (width >= 16)
			width /= divisor;
		need(buf_printf(out, &err, "%lu", width));
	}
}

/* ---- weights ---- */

/* Of mean 0 and variance 1, nearly normal: a sum of twelve. */
static double
normal(struct random *r)
{
	double sum = -6;
	int i;

	for (i = 0; i < 12; i++)
		sum += (random_below(r, 1 << 24) + 0.5) / (1 << 24);
	return (sum);
}

/* A number of the tensor of a parameter, as training may leave it. */
static double
draw(struct random *r, const struct graph *g, size_t param)
{
	const struct graph_param *p = &g->params[param];
	const struct graph_node *n = &g->nodes[p->node];
	double fan_in = 1;
	unsigned i;

	if (!graph_op_is_norm(n->op) && param == n->weight) {
		for (i = 1; i < p->n_dims; i++)
			fan_in *= (double)p->dims[i];
		return (normal(r) * sqrt(2 / fan_in));
	}
	if (param == n->var)
		return (0.5 + fabs(normal(r)));
	if (param == n->weight) /* gains, of both signs */
		return ((1 + 0.3 * normal(r)) *
		    (random_below(r, 8) == 0 ? -1 : 1));
	return (0.1 * normal(r));
}

static void
draw_weights(struct random *r, const struct random_net *net,
    struct model *out)
{
	const struct graph *g = net->graph;
	const struct tensor_desc *t;
	double *x;
	size_t i, k;

	*out = (struct model){ .data = NULL };
	out->head.schema = schema_ref(net->schema);
	out->head.label = strdup("random");
	need(model_alloc(out, &err));
	for (i = 0; i < g->n_params; i++) {
		t = &net->schema->tensors[schema_find(net->schema,
		    g->params[i].name)];
		x = calloc(t->n_elements + 1, sizeof(*x));
		for (k = 0; k < t->n_elements; k++)
			x[k] = draw(r, g, i);
		(void)dtype_from_f64(t->dtype, x, out->data + t->offset,
		    (size_t)t->n_elements);
		free(x);
	}
}

/* ---- the function ---- */

static void
make_images(struct random *r, const struct graph *g, struct nn_images *out)
{
	const struct graph_node *in = &g->nodes[0];
	size_t n = IMAGES * (size_t)in->c * in->h * in->w, i;
	unsigned char *x = malloc(n);

	for (i = 0; i < n; i++)
		x[i] = (unsigned char)random_below(r, 256);
	need(nn_images_make(g, CKPT_U8, x, IMAGES, out, &err));
	free(x);
}

/* The largest change of a logit between two models, against the largest. */
static double
change(const struct graph *g, const struct nn_images *images,
    const struct model *a, const struct model *b)
{
	size_t n = IMAGES * (size_t)g->nodes[g->n_nodes - 1].c, i;
	double *p = calloc(2 * n, sizeof(*p)), *q = p + n, most = 0, d = 0;

	need(nn_exact_run(g, a->head.schema, a->data, images, 0, IMAGES, p,
	    &err));
	need(nn_exact_run(g, b->head.schema, b->data, images, 0, IMAGES, q,
	    &err));
	for (i = 0; i < n; i++) {
		most = fmax(most, fabs(p[i]));
		d = isfinite(p[i] - q[i]) ? fmax(d, fabs(p[i] - q[i])) :
		    INFINITY;
	}
	free(p);
	return (most > 0 ? d / most : d);
}

/* ---- exact ---- */

static bool
same_bytes(const struct model *a, const struct model *b)
{
	return (a->head.schema->n_bytes == b->head.schema->n_bytes &&
	    memcmp(a->data, b->data, (size_t)a->head.schema->n_bytes) == 0);
}

/* The orbit's representative (the canonical form in double, but for -0), its
 * ID, and the way back. */
static void
canonical(const struct random_net *net, const struct model *m,
    struct model *out, struct ckpt_id *id)
{
	struct sym_element e, back;
	struct model form, restored;

	need(sym_canonical(net->plan, m, true, &e, &err));
	need(sym_representative(net->plan, &e, m, out, &err));
	need(sym_orbit_id_of(net->plan, &e, m, id, &err));
	need(sym_apply(net->plan, &e, m, CKPT_F64, &form, &err));
	need(sym_element_invert(&e, &back, &err));
	need(sym_apply(net->plan, &back, &form, CKPT_F64, &restored, &err));
	if (!same_bytes(m, &restored))
		fail("the canonical form does not restore", 0);
	model_release(&restored);
	model_release(&form);
	sym_element_release(&back);
	sym_element_release(&e);
}

static void
check_exact(struct random *r, const struct random_net *net,
    const struct nn_images *images, const struct model *m)
{
	struct ckpt_id id, other;
	struct sym_element e;
	struct model form, member, again;
	double d;

	canonical(net, m, &form, &id);
	d = change(net->graph, images, m, &form);
	if (d > EXACT)
		fail("the canonical form computes another function", d);
	canonical(net, &form, &again, &other);
	if (!same_bytes(&form, &again) || !id_equal(&id, &other))
		fail("the canonical form has another", 0);
	model_release(&again);
	random_net_element(r, net, 3, &e);
	need(sym_apply(net->plan, &e, m, CKPT_F64, &member, &err));
	canonical(net, &member, &again, &other);
	if (!id_equal(&id, &other))
		fail("a member of the orbit has another ID", 0);
	if (!same_bytes(&form, &again))
		fail("a member of the orbit has another canonical form", 0);
	model_release(&again);
	model_release(&member);
	model_release(&form);
	sym_element_release(&e);
}

/* ---- numerical ---- */

/* A rescaled, permuted and turned copy has the same form, but for rounding. */
static void
check_paper_member(struct random *r, const struct random_net *net,
    const struct match_shape *s, const struct model *m, const double *form)
{
	struct match_map map;
	struct sym_element e;
	struct model member;
	double *w = malloc((s->total + 1) * sizeof(*w)), d;
	size_t i;

	random_net_element(r, net, 3, &e);
	need(sym_apply(net->plan, &e, m, CKPT_F64, &member, &err));
	need(match_map_new(s, &map, &err));
	(void)match_load(s, net->plan, &member, w);
	need(match_paper(s, MATCH_SCALE_UNIT, true, w, &map, &err));
	for (i = 0; i < s->total; i++) {
		d = fabs(w[i] - form[i]);
		if (d > 1e-9 * fmax(1e-3, fabs(form[i])))
			fail("a member of the orbit has another paper's form",
			    d);
	}
	match_map_release(&map);
	model_release(&member);
	sym_element_release(&e);
	free(w);
}

static void
check_paper(struct random *r, const struct random_net *net,
    const struct match_shape *s, const struct nn_images *images,
    const struct model *m)
{
	struct match_map map, again;
	struct model form;
	struct schema *f32;
	double *w = malloc((s->total + 1) * sizeof(*w)), d;

	need(schema_derive(net->schema, NULL, CKPT_F32, &f32, &err));
	need(match_map_new(s, &map, &err));
	need(match_map_new(s, &again, &err));
	(void)match_load(s, net->plan, m, w);
	need(match_paper(s, MATCH_SCALE_UNIT, true, w, &map, &err));
	need(match_write(net->plan, &map, m, f32, &form, &err));
	d = change(net->graph, images, m, &form);
	if (d > SINGLE)
		fail("the paper's form computes another function", d);
	need(match_paper(s, MATCH_SCALE_NONE, true, w, &again, &err));
	if (match_map_moved(&again) != 0)
		fail("the paper's form has another order",
		    (double)match_map_moved(&again));
	check_paper_member(r, net, s, m, w);
	model_release(&form);
	match_map_release(&map);
	match_map_release(&again);
	schema_unref(f32);
	free(w);
}

/* An element without scales. */
static void
unscale(struct sym_element *e)
{
	size_t g;
	uint32_t u;

	for (g = 0; g < e->n_groups; g++)
		for (u = 0; u < e->n_units[g]; u++)
			e->units[g][u].exponent = 0;
}

static void
check_match(struct random *r, const struct random_net *net,
    const struct match_shape *s, const struct model *m)
{
	struct match_problem *problem;
	struct match_result found;
	struct sym_element e;
	struct model moved;
	double best;

	random_net_element(r, net, 0, &e);
	unscale(&e);
	need(sym_apply(net->plan, &e, m, CKPT_F64, &moved, &err));
	need(match_problem_new(s, m, MATCH_SCALE_NONE, &problem, &err));
	need(match_objective(problem, net->plan, m, &best, &err));
	need(match_solve(problem, net->plan, &moved, 0, 0, &found, &err));
	if (found.after < best * (1 - 1e-6))
		fail("a permuted copy is not found", found.after / best);
	match_map_release(&found.map);
	match_problem_free(problem);
	model_release(&moved);
	sym_element_release(&e);
}

static void
check_mass(struct random *r, const struct random_net *net,
    const struct match_shape *s, const struct model *m)
{
	struct match_mass *problem;
	struct match_mass_result a, b;
	struct sym_element e;
	struct model moved;

	random_net_element(r, net, 4, &e);
	need(sym_apply(net->plan, &e, m, CKPT_F64, &moved, &err));
	need(match_mass_new(s, net->graph, false, &problem, &err));
	need(match_mass_solve(problem, net->plan, m, &a, &err));
	need(match_mass_solve(problem, net->plan, &moved, &b, &err));
	if (a.certificate > MATCH_MASS_PRECISION)
		fail("the certificate of the least mass", a.certificate);
	if (fabs(a.least - b.least) > 1e-9 * a.least)
		fail("a rescaled copy has another least mass",
		    b.least / a.least);
	match_mass_result_release(&a);
	match_mass_result_release(&b);
	match_mass_free(problem);
	model_release(&moved);
	sym_element_release(&e);
}

static void
check_architecture(const char *name, const char *text, unsigned divisor)
{
	struct random r = { .state = 20240507 };
	struct random_net net;
	struct nn_images images;
	struct match_shape *s;
	struct model m;
	struct buf b = BUF_INIT(1 << 20);
	unsigned i;

	arch = name;
	shrink(text, divisor, &b);
	random_net_open((const char *)b.data, b.len, CKPT_F64, &net);
	draw_weights(&r, &net, &m);
	make_images(&r, net.graph, &images);
	need(match_shape_new(net.plan, &s, &err));
	check_paper(&r, &net, s, &images, &m);
	check_match(&r, &net, s, &m);
	check_mass(&r, &net, s, &m);
	for (i = 0; i < 3; i++)
		random_net_plant(&r, &net, &m);
	check_exact(&r, &net, &images, &m);
	match_shape_free(s);
	nn_images_release(&images);
	model_release(&m);
	random_net_close(&net);
	buf_release(&b);
	printf("%s: all properties hold\n", name);
}

/* Networks whose tensors sort otherwise by name than by depth, and whose
 * units stand along other axes than usual. */
static const struct {
	const char *name, *text;
} others[] = {
	{ "names against depth, depthwise", "ckpt-arch 1\ninput 2x6x6\n"
	    "conv z out=3 kernel=3 bias=no\nbatchnorm y\nrelu\n"
	    "conv m out=3 kernel=3 groups=3\nglobalavgpool\n"
	    "linear a out=4\noutput\n" },
	{ "names against depth, two norms", "ckpt-arch 1\ninput 2x6x6\n"
	    "conv z out=4 kernel=3 bias=no\nbatchnorm y\nbatchnorm n\n"
	    "globalavgpool\nlinear fc out=3\noutput\n" },
	{ "names against depth, group norm", "ckpt-arch 1\ninput 2x6x6\n"
	    "conv z out=4 kernel=3\ngroupnorm y groups=2\nbatchnorm n\n"
	    "globalavgpool\nlinear fc out=3\noutput\n" },
	{ "transposed and concatenated", "ckpt-arch 1\ninput 2x6x6\n"
	    "conv c out=4 kernel=3 padding=1\nrelu r\n"
	    "convtranspose u out=3 kernel=2 stride=2\nrelu\n"
	    "maxpool p kernel=2\nconcat from=r,p\n"
	    "conv b out=5 kernel=1\nrelu\nglobalavgpool\n"
	    "linear a out=3\noutput\n" },
};

int
main(int argc, char **argv)
{
	unsigned divisor = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 8;
	size_t i;
	int k;

	for (i = 0; i < graph_shipped_count(); i++) {
		for (k = 2; k < argc; k++)
			if (strcmp(argv[k], graph_shipped_name(i)) == 0)
				break;
		if (argc <= 2 || k < argc)
			check_architecture(graph_shipped_name(i),
			    graph_shipped_text(i), divisor);
	}
	for (i = 0; argc <= 2 && i < sizeof(others) / sizeof(*others); i++)
		check_architecture(others[i].name, others[i].text, 1);
	return (0);
}
