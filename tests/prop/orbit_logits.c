/*
 * The members of an orbit compute one function: in double, the logits of a
 * model and of a random member of its orbit differ by the rounding of sums
 * in another order, and no more.
 *
 * usage: orbit_logits [SEED [NETS]]
 *        orbit_logits SEED FILE.arch...
 */
#include <math.h>
#include <stdlib.h>

#include "nn/nn.h"
#include "random_net.h"

#define IMAGES 4
#define PRECISION 1e-10 /* of the largest logit, or 1 */

static struct ckpt_error err;
static unsigned long seed;
static const char *arch;

static void
fail(const char *what, double difference)
{
	fprintf(stderr, "seed %lu: %s: %g\n%s", seed, what, difference, arch);
	exit(1);
}

static void
make_images(struct random *r, const struct graph *g, struct nn_images *out)
{
	const struct graph_node *in = &g->nodes[0];
	size_t n = IMAGES * (size_t)in->c * in->h * in->w, i;
	double *x = malloc(n * sizeof(*x));

	for (i = 0; i < n; i++)
		x[i] = ((int)random_below(r, 2001) - 1000) / 512.0;
	random_net_need(nn_images_make(g, CKPT_F64, x, IMAGES, out, &err),
	    &err);
	free(x);
}

/* The logits of all images, finite or not. */
static double *
run(const struct random_net *net, const struct model *m,
    const struct nn_images *images)
{
	size_t n = net->graph->nodes[net->graph->n_nodes - 1].c;
	double *logits = calloc(IMAGES * n, sizeof(*logits));

	random_net_need(nn_exact_run(net->graph, m->head.schema, m->data,
	    images, 0, IMAGES, logits, &err), &err);
	return (logits);
}

/* The largest difference, against the largest logit or 1; -1 if the first's
 * are not all finite. */
static double
difference(const double *a, const double *b, size_t n)
{
	double largest = 1, most = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!isfinite(a[i]))
			return (-1);
		largest = fmax(largest, fabs(a[i]));
	}
	for (i = 0; i < n; i++) {
		d = fabs(a[i] - b[i]);
		most = isnan(d) ? INFINITY : fmax(most, d);
	}
	return (most / largest);
}

/* A member in double, so that nothing rounds. */
static void
check_net(struct random *r, const struct random_net *net,
    unsigned long *n_moved)
{
	struct sym_element e;
	struct nn_images images;
	struct model m, member;
	double *a, *b, d;
	size_t n = IMAGES *
	    (size_t)net->graph->nodes[net->graph->n_nodes - 1].c;
	unsigned i;

	random_net_weights(r, net, random_below(r, 3) == 0, false, &m);
	make_images(r, net->graph, &images);
	a = run(net, &m, &images);
	for (i = 0; i < 4; i++) {
		random_net_element(r, net, i, &e);
		*n_moved += sym_element_moved(&e) > 0;
		random_net_need(sym_apply(net->plan, &e, &m, CKPT_F64,
		    &member, &err), &err);
		b = run(net, &member, &images);
		d = difference(a, b, n);
		if (d > PRECISION)
			fail("a member computes another function", d);
		sym_element_release(&e);
		model_release(&member);
		free(b);
	}
	free(a);
	nn_images_release(&images);
	model_release(&m);
}

static void
check_text(struct random *r, struct buf *text, unsigned long *n_moved)
{
	struct random_net net;

	random_net_need(buf_append(text, "", 1, &err), &err);
	arch = (const char *)text->data;
	random_net_open(arch, text->len - 1, CKPT_F64, &net);
	check_net(r, &net, n_moved);
	random_net_close(&net);
}

int
main(int argc, char **argv)
{
	unsigned long n = 400, first = 1, n_moved = 0;
	char *end = NULL;
	struct buf text;
	struct random r;
	bool has_files;
	int i;

	if (argc > 1)
		first = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n = strtoul(argv[2], &end, 10);
	has_files = argc > 2 && *end != '\0';
	seed = first;
	for (i = 2; has_files && i < argc; i++) {
		r.state = first * 31337 + (unsigned long)i;
		buf_init(&text, 1 << 20);
		random_net_read(argv[i], &text);
		check_text(&r, &text, &n_moved);
		buf_release(&text);
	}
	for (; !has_files && seed < first + n; seed++) {
		r.state = seed * 104729;
		buf_init(&text, 1 << 20);
		random_net_arch(&r, 6, &text);
		check_text(&r, &text, &n_moved);
		buf_release(&text);
	}
	if (n_moved < (has_files ? (unsigned long)argc - 2 : n))
		fail("too few elements move anything", (double)n_moved);
	return (0);
}
