/*
 * Properties of the minimum mass, on random small networks: at the scales
 * that are found, what comes into each live unit equals what goes out, as
 * summed up here weight by weight; no other scales that are tried give less;
 * members of the orbit have the same least mass; the least is its own; dead
 * units are told and left alone; what is not finite is refused. On networks
 * of all operations, where normalisations stand behind filters: members of
 * the orbit have the same masses at the end, and what is brought there stays.
 *
 * usage: mass [SEED [NETS]]
 */
#include <math.h>
#include <stdlib.h>

#include "match/match.h"
#include "random_net.h"

static struct ckpt_error err;
static unsigned long seed;
static const char *arch;

struct net {
	const struct random_net *net;
	struct match_shape *shape;
	struct match_mass *mass;
	bool with_bias;
	size_t n_units;
	size_t *first;        /* unit of group g */
	bool *is_live;
	double *in, *out;
	double total;
};

static void
fail(const char *what)
{
	fprintf(stderr, "seed %lu: %s\n%s", seed, what, arch);
	exit(1);
}

static void *
room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (p == NULL)
		fail("out of memory");
	return (p);
}

static bool
near(double a, double b, double precision)
{
	return (fabs(a - b) <= precision * (fabs(a) + fabs(b)));
}

/* Whether a tensor counts: these networks' biases are the vectors. */
static bool
counts(const struct net *n, const struct sym_tensor *t)
{
	return (n->with_bias ||
	    n->net->schema->tensors[t->index].n_dims > 1);
}

/* The number of a unit that can be scaled, or -1; whether it is written. */
static long
unit_of(const struct net *n, const struct sym_side *side, uint64_t unit)
{
	if (side->group == SIZE_MAX || side->action == SYMMETRY_NONE ||
	    !(n->net->table->groups[side->group].kinds & SYMMETRY_SCALE))
		return (-1);
	return ((long)(n->first[side->group] + unit));
}

typedef void visit(struct net *n, double square, long from, long to);

/* Calls f for each weight that counts: the squares of w, the unit that it
 * reads and the one that it writes. */
static void
for_weights(struct net *n, const double *w, visit *f)
{
	const struct sym_tensor *t;
	size_t i;
	uint64_t r, c, k;
	long row, col;

	for (i = 0; i < n->shape->n_tensors; i++) {
		t = &n->shape->tensors[i];
		if (!counts(n, t)) {
			w += t->rows * t->cols * t->inner;
			continue;
		}
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++) {
				row = unit_of(n, &t->row, sym_row_unit(t, r));
				col = unit_of(n, &t->col,
				    sym_col_unit(t, r, c));
				for (k = 0; k < t->inner; k++, w++)
					f(n, *w * *w, col, row);
			}
	}
}

static void
add_sums(struct net *n, double square, long from, long to)
{
	n->total += square;
	if (from == to)
		return;
	if (to >= 0)
		n->in[to] += square;
	if (from >= 0)
		n->out[from] += square;
}

static void
sum_up(struct net *n, const double *w)
{
	memset(n->in, 0, n->n_units * sizeof(*n->in));
	memset(n->out, 0, n->n_units * sizeof(*n->out));
	n->total = 0;
	for_weights(n, w, add_sums);
}

/* Here in and out count as marks. */
static void
add_marks(struct net *n, double square, long from, long to)
{
	if (!(square > 0))
		return;
	if (to >= 0 && (from < 0 || n->in[from] > 0))
		n->in[to] = 1;
	if (from >= 0 && (to < 0 || n->out[to] > 0))
		n->out[from] = 1;
}

static void
find_live(struct net *n, const double *w)
{
	size_t i;

	memset(n->in, 0, n->n_units * sizeof(*n->in));
	memset(n->out, 0, n->n_units * sizeof(*n->out));
	for (i = 0; i < n->n_units + 1; i++)
		for_weights(n, w, add_marks);
	for (i = 0; i < n->n_units; i++)
		n->is_live[i] = n->in[i] > 0 && n->out[i] > 0;
}

/* A model of the weights w, otherwise like `like`. */
static void
put_weights(const struct net *n, const struct model *like, const double *w,
    struct model *out)
{
	const struct tensor_desc *t;
	size_t i;

	memset(out, 0, sizeof(*out));
	random_net_need(model_head_copy(&like->head, &out->head, &err), &err);
	random_net_need(model_alloc(out, &err), &err);
	memcpy(out->data, like->data, (size_t)like->head.schema->n_bytes);
	for (i = 0; i < n->shape->n_tensors; i++) {
		t = &like->head.schema->tensors[n->shape->tensors[i].index];
		sym_tensor_store(&n->shape->tensors[i], t->dtype,
		    w + n->shape->offset[i], out->data + t->offset);
	}
}

/* w under factors; the units of groups without scale keep theirs. */
static void
scale(const struct net *n, double *const *factors, double *w)
{
	double *temp = room(n->shape->max_tensor, sizeof(*temp));
	struct match_map map;
	size_t g;
	uint32_t u;

	random_net_need(match_map_new(n->shape, &map, &err), &err);
	for (g = 0; g < map.n_groups; g++)
		for (u = 0; u < map.n_units[g]; u++)
			map.units[g][u].factor = factors[g][u];
	match_apply(n->shape, &map, NULL, w, temp);
	match_map_release(&map);
	free(temp);
}

/* Random factors near 1, or far, of the live units. */
static double **
random_factors(struct random *r, const struct net *n, double range)
{
	const struct symmetry *s = n->net->table;
	double **f = room(s->n_groups, sizeof(*f));
	size_t g;
	uint32_t u;

	for (g = 0; g < s->n_groups; g++) {
		f[g] = room(s->groups[g].n_units, sizeof(**f));
		for (u = 0; u < s->groups[g].n_units; u++)
			f[g][u] = (s->groups[g].kinds & SYMMETRY_SCALE) &&
			    n->is_live[n->first[g] + u] ? exp(range *
			    ((double)random_below(r, 2001) / 1000 - 1)) : 1;
	}
	return (f);
}

static void
free_factors(const struct net *n, double **f)
{
	size_t g;

	for (g = 0; g < n->net->table->n_groups; g++)
		free(f[g]);
	free(f);
}

/* What the result says of itself against sums over w, the weights under its
 * factors. */
static void
check_balance(struct net *n, const struct match_mass_result *r,
    const double *w)
{
	size_t g, u, i, n_live = 0;
	double max = 0, x;

	sum_up(n, w);
	for (i = 0; i < n->n_units; i++)
		if (n->is_live[i]) {
			n_live++;
			x = fabs(log(n->in[i] / n->out[i]));
			max = !(x <= max) ? x : max;
		}
	if (n_live != r->n_live)
		fail("another number of live units");
	if (!(max <= MATCH_MASS_PRECISION) || !(r->certificate <= max + 1e-12))
		fail("not in balance");
	for (i = 0; i < r->n_dead; i++)
		if (n->is_live[n->first[r->dead[i].group] + r->dead[i].unit])
			fail("a live unit is said to be dead");
	for (g = 0; g < n->net->table->n_groups; g++)
		for (u = 0; u < n->net->table->groups[g].n_units; u++)
			if (!n->is_live[n->first[g] + u] &&
			    (r->factors[g][u] < 1 || r->factors[g][u] > 1))
				fail("a dead unit is scaled");
}

static void
check_least(struct random *r, struct net *n, const struct model *m)
{
	struct match_mass_result a, b;
	double *w = room(n->shape->total, sizeof(*w)), **f, least, total;
	double *x = room(n->shape->total, sizeof(*w));
	struct model other;
	int i;

	(void)match_load(n->shape, n->net->plan, m, w);
	find_live(n, w);
	sum_up(n, w);
	total = n->total;
	random_net_need(match_mass_solve(n->mass, n->net->plan, m, &a, &err),
	    &err);
	/* weights that nothing acts on are in the mass, but not in w */
	if (!(a.least <= a.mass) || a.mass < total * (1 - 1e-12))
		fail("the least mass is more than the mass");
	least = a.least - (a.mass - total);
	scale(n, a.factors, w);
	check_balance(n, &a, w);
	if (!near(n->total + (a.mass - total), a.least, 1e-9))
		fail("the least mass is not that of the result");

	/* no other has less */
	for (i = 0; i < 8; i++) {
		memcpy(x, w, n->shape->total * sizeof(*x));
		f = random_factors(r, n, i < 4 ? 1e-3 : 1);
		scale(n, f, x);
		free_factors(n, f);
		sum_up(n, x);
		if (n->total < least - 1e-9 * a.least)
			fail("a random scale has less");
	}
	/* members of the orbit have the same, from near and from far */
	for (i = 0; i < 3; i++) {
		memcpy(x, w, n->shape->total * sizeof(*x));
		f = random_factors(r, n, i == 0 ? 0 : i == 1 ? 3 : 70);
		scale(n, f, x);
		free_factors(n, f);
		put_weights(n, m, x, &other);
		random_net_need(match_mass_solve(n->mass, n->net->plan,
		    &other, &b, &err), &err);
		if (!near(a.least, b.least, 1e-9))
			fail("a member of the orbit has another least mass");
		scale(n, b.factors, x);
		check_balance(n, &b, x);
		match_mass_result_release(&b);
		model_release(&other);
	}
	match_mass_result_release(&a);
	free(w);
	free(x);
}

/* Whether a weight that counts is not finite, or any. */
static bool
has_strange(const struct net *n, const struct model *m, bool any)
{
	const struct tensor_desc *t;
	size_t i, k;
	double x;

	for (i = 0; i < n->net->schema->n_tensors; i++) {
		t = &n->net->schema->tensors[i];
		for (k = 0; k < t->n_elements; k++) {
			dtype_to_f64(t->dtype, m->data + t->offset + 8 * k,
			    &x, 1);
			if (!isfinite(x) && (any || n->with_bias ||
			    t->n_dims > 1))
				return (true);
		}
	}
	return (false);
}

/* ---- all operations ---- */

/* Marks what the result does not call dead. */
static void
take_live(struct net *n, const struct match_mass_result *r)
{
	size_t i;

	for (i = 0; i < n->n_units; i++)
		n->is_live[i] = true;
	for (i = 0; i < r->n_dead; i++)
		if (r->dead[i].group < n->net->table->n_groups)
			n->is_live[n->first[r->dead[i].group] +
			    r->dead[i].unit] = false;
}

/* The filters of m and then its units at the scales of r. */
static void
bring(const struct net *n, const struct match_mass_result *r,
    const struct model *m, struct model *out, size_t *n_kept)
{
	double *w = room(n->shape->total, sizeof(*w));
	struct model scaled;

	random_net_need(match_mass_scale_filters(n->mass, n->net->graph, r,
	    m, &scaled, n_kept, &err), &err);
	(void)match_load(n->shape, n->net->plan, &scaled, w);
	scale(n, r->factors, w);
	put_weights(n, &scaled, w, out);
	model_release(&scaled);
	free(w);
}

/* What is there stays there. */
static void
check_stays(const struct net *n, const struct match_mass_result *r,
    const struct model *m)
{
	struct match_mass_result again;
	struct model there;
	size_t g, u, size, n_kept;

	bring(n, r, m, &there, &n_kept);
	random_net_need(match_mass_solve(n->mass, n->net->plan, &there,
	    &again, &err), &err);
	if (!near(again.least, r->least, 1e-9))
		fail("another least mass at the least");
	for (g = 0; g < r->n_groups && n_kept == 0; g++) {
		size = g < n->net->table->n_groups ?
		    n->net->table->groups[g].n_units : 1;
		for (u = 0; u < size; u++)
			if (!near(again.factors[g][u], 1, 1e-6))
				fail("what is at its least is scaled");
	}
	if (n_kept == 0 && !near(again.mass, r->least, 1e-9))
		fail("the mass is not the least");
	match_mass_result_release(&again);
	model_release(&there);
}

static void
check_any(struct random *r, struct net *n, const struct model *m)
{
	struct match_mass_result a, b;
	double *w = room(n->shape->total, sizeof(*w)), **f;
	struct model other;

	random_net_need(match_mass_solve(n->mass, n->net->plan, m, &a, &err),
	    &err);
	if (!(a.certificate <= MATCH_MASS_PRECISION))
		fail("no certificate");
	take_live(n, &a);
	(void)match_load(n->shape, n->net->plan, m, w);
	f = random_factors(r, n, 3);
	scale(n, f, w);
	free_factors(n, f);
	put_weights(n, m, w, &other);
	random_net_need(match_mass_solve(n->mass, n->net->plan, &other, &b,
	    &err), &err);
	if (!near(a.least, b.least, 1e-9))
		fail("a member of the orbit has another mass at the end");
	check_stays(n, &a, m);
	match_mass_result_release(&b);
	match_mass_result_release(&a);
	model_release(&other);
	free(w);
}

static void
check_net(struct random *r, const struct random_net *net, bool is_any)
{
	struct net n = { .net = net, .with_bias = random_below(r, 3) == 0 };
	struct match_mass_result result;
	struct model m;
	size_t g;

	random_net_weights(r, net, random_below(r, 2) == 0,
	    random_below(r, 8) == 0, &m);
	random_net_need(match_shape_new(net->plan, &n.shape, &err), &err);
	random_net_need(match_mass_new(n.shape, net->graph, n.with_bias,
	    &n.mass, &err), &err);
	n.first = room(net->table->n_groups, sizeof(*n.first));
	for (g = 0; g < net->table->n_groups; g++) {
		n.first[g] = n.n_units;
		n.n_units += net->table->groups[g].n_units;
	}
	n.is_live = room(n.n_units, sizeof(*n.is_live));
	n.in = room(n.n_units, sizeof(*n.in));
	n.out = room(n.n_units, sizeof(*n.out));
	if (is_any && !has_strange(&n, &m, is_any))
		check_any(r, &n, &m);
	else if (!has_strange(&n, &m, is_any))
		check_least(r, &n, &m);
	else if (!is_any && match_mass_solve(n.mass, net->plan, &m,
	    &result, &err) != CKPT_INVALID)
		fail("weights that are not finite pass");
	free(n.out);
	free(n.in);
	free(n.is_live);
	free(n.first);
	match_mass_free(n.mass);
	match_shape_free(n.shape);
	model_release(&m);
}

int
main(int argc, char **argv)
{
	unsigned long count = 400, first = 1;
	struct random_net net;
	struct buf text;
	struct random r;
	bool is_any;

	if (argc > 1)
		first = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		count = strtoul(argv[2], NULL, 10);
	for (seed = first; seed < first + count; seed++) {
		r.state = seed;
		buf_init(&text, 1 << 20);
		is_any = random_below(&r, 2) == 0;
		if (is_any)
			random_net_arch(&r, 6, &text);
		else if (random_below(&r, 8) == 0)
			random_net_cycles_arch(&r, 2 + random_below(&r, 9),
			    &text);
		else
			random_net_plain_arch(&r, 6, &text);
		random_net_need(buf_append(&text, "", 1, &err), &err);
		arch = (const char *)text.data;
		random_net_open(arch, text.len - 1, CKPT_F64, &net);
		check_net(&r, &net, is_any);
		random_net_close(&net);
		buf_release(&text);
	}
	return (0);
}
