/*
 * Properties of the numerical side, on random small networks: it moves
 * weights as the exact side does; the objective never falls, is what the
 * result has, and every result is an element of the group; the paper's form
 * of itself is itself.
 *
 * usage: match [SEED [NETS]]
 */
#include <math.h>
#include <stdlib.h>

#include "match/match.h"
#include "random_net.h"

static struct ckpt_error err;
static unsigned long seed;
static const char *arch;

static void
fail(const char *what)
{
	fprintf(stderr, "seed %lu: %s\n%s", seed, what, arch);
	exit(1);
}

static double *
weights(const struct match_shape *s)
{
	double *w = malloc((s->total + s->max_tensor + 1) * sizeof(*w));

	if (w == NULL)
		fail("out of memory");
	return (w);
}

static bool
near(double a, double b)
{
	return (fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b)));
}

static struct sym_plan *
plan_of(const struct random_net *net, const struct model *m)
{
	struct sym_plan *p;

	random_net_need(sym_plan_new(net->table, m->head.schema, &p, &err),
	    &err);
	return (p);
}

/* An element applied by both sides. */
static void
check_apply(struct random *r, const struct random_net *net,
    const struct match_shape *s, const struct model *m)
{
	double *w = weights(s), *x = weights(s);
	struct sym_element e;
	struct sym_plan *plan;
	struct match_map map;
	struct model moved;
	size_t g, i;
	uint32_t u;

	random_net_element(r, net, 3, &e);
	random_net_need(match_map_new(s, &map, &err), &err);
	for (g = 0; g < map.n_groups; g++)
		for (u = 0; u < map.n_units[g]; u++)
			map.units[g][u] = (struct match_unit){
			    e.units[g][u].source, ldexp(e.units[g][u].sign,
			    e.units[g][u].exponent) };
	if (match_map_moved(&map) != sym_element_moved(&e))
		fail("another number of moved units");
	random_net_need(sym_apply(net->plan, &e, m, 0, &moved, &err), &err);
	plan = plan_of(net, &moved);
	(void)match_load(s, net->plan, m, w);
	match_apply(s, &map, NULL, w, w + s->total);
	(void)match_load(s, plan, &moved, x);
	for (i = 0; i < s->total; i++)
		if (w[i] < x[i] || w[i] > x[i])
			fail("both sides differ");
	sym_plan_free(plan);
	model_release(&moved);
	match_map_release(&map);
	sym_element_release(&e);
	free(x);
	free(w);
}

/* m to ref; the objective of what comes out. */
static void
check_solve(const struct random_net *net, const struct match_shape *s,
    const struct model *ref, const struct model *m, enum match_scale scale)
{
	struct match_problem *problem;
	struct match_result r;
	struct sym_element e, parsed;
	struct sym_plan *plan;
	struct buf text = BUF_INIT(1 << 20);
	struct model moved;
	double after;

	random_net_need(match_problem_new(s, ref, scale, &problem, &err),
	    &err);
	random_net_need(match_solve(problem, net->plan, m, 1, seed, &r,
	    &err), &err);
	if (r.after < r.before)
		fail("the objective falls");
	random_net_need(match_map_element(&r.map, net->plan, &e, &err), &err);
	random_net_need(sym_element_print(&e, &text, &err), &err);
	random_net_need(buf_append(&text, "", 1, &err), &err);
	random_net_need(sym_element_parse(net->plan,
	    (const char *)text.data, &parsed, &err), &err);
	random_net_need(sym_apply(net->plan, &e, m, 0, &moved, &err), &err);
	plan = plan_of(net, &moved);
	random_net_need(match_objective(problem, plan, &moved, &after, &err),
	    &err);
	if (!near(after, r.after))
		fail("the result has another objective");
	sym_plan_free(plan);
	model_release(&moved);
	sym_element_release(&parsed);
	sym_element_release(&e);
	buf_release(&text);
	match_map_release(&r.map);
	match_problem_free(problem);
}

static void
check_paper(const struct random_net *net, const struct match_shape *s,
    const struct model *m, enum match_scale scale)
{
	struct match_map map, again;
	double *w = weights(s);
	size_t g, i;
	uint32_t u;

	random_net_need(match_map_new(s, &map, &err), &err);
	random_net_need(match_map_new(s, &again, &err), &err);
	(void)match_load(s, net->plan, m, w);
	random_net_need(match_paper(s, scale, true, w, &map, &err), &err);
	for (i = 0; i < s->total; i++)
		if (!isfinite(w[i]))
			fail("the paper's form is not finite");
	random_net_need(match_paper(s, scale, true, w, &again, &err), &err);
	for (g = 0; g < again.n_groups; g++)
		for (u = 0; u < again.n_units[g]; u++)
			/* the sign of a unit that nothing comes into may
			 * hang on the order of equal units after it */
			if (!near(fabs(again.units[g][u].factor), 1))
				fail("the paper's form is scaled again");
	match_map_release(&again);
	match_map_release(&map);
	free(w);
}

static void
check_net(struct random *r, const struct random_net *net, bool is_plain)
{
	struct match_shape *s;
	struct model m, ref;
	bool few = random_below(r, 2) == 0, odd = random_below(r, 4) == 0;

	random_net_weights(r, net, few, odd, &m);
	random_net_weights(r, net, few, odd, &ref);
	random_net_need(match_shape_new(net->plan, &s, &err), &err);
	if (!match_fits(s, net->plan))
		fail("a plan does not fit itself");
	check_apply(r, net, s, &m);
	check_solve(net, s, &ref, &m, MATCH_SCALE_NONE);
	check_solve(net, s, &ref, &m, MATCH_SCALE_POW2);
	if (is_plain) {
		check_paper(net, s, &m, MATCH_SCALE_UNIT);
		check_paper(net, s, &m, MATCH_SCALE_POW2);
	}
	match_shape_free(s);
	model_release(&ref);
	model_release(&m);
}

int
main(int argc, char **argv)
{
	unsigned long n = 300, first = 1;
	struct random_net net;
	struct buf text;
	struct random r;

	if (argc > 1)
		first = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n = strtoul(argv[2], NULL, 10);
	for (seed = first; seed < first + n; seed++) {
		r.state = seed;
		buf_init(&text, 1 << 20);
		if (seed % 2)
			random_net_arch(&r, 6, &text);
		else
			random_net_plain_arch(&r, 6, &text);
		random_net_need(buf_append(&text, "", 1, &err), &err);
		arch = (const char *)text.data;
		random_net_open(arch, text.len - 1, CKPT_F32, &net);
		check_net(&r, &net, seed % 2 == 0);
		random_net_close(&net);
		buf_release(&text);
	}
	return (0);
}
