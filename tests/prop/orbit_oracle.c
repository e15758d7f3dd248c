/*
 * Two models have one orbit ID if and only if some element joins them: tried
 * by going through all permutations and signs of tiny networks, and solving
 * for the exponents. One model is drawn, the other is a member of its orbit
 * with, mostly, one weight changed.
 *
 * usage: orbit_oracle [SEED [NETS]]
 */
#include "random_net.h"

#define MAX_UNITS 64

static struct ckpt_error err;

struct oracle {
	const struct random_net *net;
	const struct model *from, *to;
	struct sym_element e;
	size_t n_order, order[16];   /* groups, parents first */
	unsigned long n_tried;
};

/* Potentials: e[u] - e[root] of scaled units, by union-find. */
struct potentials {
	size_t up[MAX_UNITS + 1];
	int d[MAX_UNITS + 1];
};

static size_t
find(struct potentials *p, size_t u, int *d)
{
	for (*d = 0; p->up[u] != u; u = p->up[u])
		*d += p->d[u];
	return (u);
}

/* e[a] - e[b] = x; false if that contradicts what is known. */
static bool
relate(struct potentials *p, size_t a, size_t b, int x)
{
	int da, db;
	size_t ra = find(p, a, &da), rb = find(p, b, &db);

	if (ra == rb)
		return (da - db == x);
	p->up[ra] = rb;
	p->d[ra] = x + db - da;
	return (true);
}

/* Number of a scaled unit, or 0, whose exponent is 0. */
static size_t
number(const struct oracle *o, const struct sym_side *side, uint64_t unit)
{
	size_t g, n = 1;

	if (side->group == SIZE_MAX || (o->net->table->groups[side->group]
	    .kinds & SYMMETRY_SCALE) == 0)
		return (0);
	for (g = 0; g < side->group; g++)
		n += o->net->table->groups[g].n_units;
	return (n + unit);
}

/* The scaled units that multiply and that divide an element. */
static void
number_both(const struct oracle *o, const struct sym_tensor *t, uint64_t r,
    uint64_t c, size_t *out, size_t *in)
{
	const struct sym_side *sides[2] = { &t->row, &t->col };
	uint64_t units[2] = { sym_row_unit(t, r), sym_col_unit(t, r, c) };
	int i;

	*out = *in = 0;
	for (i = 0; i < 2; i++)
		if (sides[i]->action == SYMMETRY_OUT)
			*out = number(o, sides[i], units[i]);
		else if (sides[i]->action == SYMMETRY_IN)
			*in = number(o, sides[i], units[i]);
}

/* Whether exponents take `m` to o->to. */
static bool
solve(const struct oracle *o, const struct model *m)
{
	const struct sym_tensor *tensors, *t;
	const struct tensor_desc *desc;
	struct potentials p;
	float x, y;
	int ex, ey;
	size_t n, i, a, b;
	uint64_t r, c, k, at;

	for (i = 0; i <= MAX_UNITS; i++) {
		p.up[i] = i;
		p.d[i] = 0;
	}
	tensors = sym_plan_tensors(o->net->plan, &n);
	for (i = 0; i < n; i++) {
		t = &tensors[i];
		desc = &o->net->schema->tensors[t->index];
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++)
				for (k = 0; k < t->inner; k++) {
					at = desc->offset + 4 * (t->first +
					    r * t->pitch + c * t->inner + k);
					memcpy(&x, m->data + at, 4);
					memcpy(&y, o->to->data + at, 4);
					if (x == 0 && y == 0)
						continue;
					if (__builtin_frexpf(x, &ex) !=
					    __builtin_frexpf(y, &ey))
						return (false);
					number_both(o, t, r, c, &a, &b);
					if (!relate(&p, a, b, ey - ex))
						return (false);
				}
	}
	/* what is not acted on */
	for (i = 0; i < o->net->schema->n_tensors; i++) {
		desc = &o->net->schema->tensors[i];
		for (k = 0; k < n && tensors[k].index != i; k++)
			;
		if (k == n && memcmp(m->data + desc->offset,
		    o->to->data + desc->offset, desc->n_bytes) != 0)
			return (false);
	}
	return (true);
}

static bool place(struct oracle *o, size_t k, uint32_t unit);

static bool
try_sources(struct oracle *o, size_t k, uint32_t unit)
{
	size_t g = o->order[k];
	const struct symmetry_group *group = &o->net->table->groups[g];
	struct sym_unit *units = o->e.units[g];
	uint32_t size = group->n_units, first = 0, s, i;

	if (group->parent != SIZE_MAX) {
		size /= o->net->table->groups[group->parent].n_units;
		first = size * o->e.units[group->parent][unit / size].source;
	}
	for (s = first; s < first + size; s++) {
		for (i = 0; i < unit && units[i].source != s; i++)
			;
		if (i < unit || (group->is_fixed && s != unit))
			continue;
		units[unit].source = s;
		units[unit].sign = 1;
		if (place(o, k, unit + 1))
			return (true);
		if ((group->kinds & SYMMETRY_SIGN) == 0)
			continue;
		units[unit].sign = -1;
		if (place(o, k, unit + 1))
			return (true);
	}
	return (false);
}

static bool
place(struct oracle *o, size_t k, uint32_t unit)
{
	struct model m;
	bool is_found;

	if (k < o->n_order && unit <
	    o->net->table->groups[o->order[k]].n_units)
		return (try_sources(o, k, unit));
	if (k + 1 < o->n_order)
		return (place(o, k + 1, 0));
	o->n_tried++;
	random_net_need(sym_apply(o->net->plan, &o->e, o->from, CKPT_F32, &m,
	    &err), &err);
	is_found = solve(o, &m);
	model_release(&m);
	return (is_found);
}

/* Elements to go through; 0 if too many. */
static bool
is_small(struct oracle *o)
{
	const struct symmetry *s = o->net->table;
	double n = __builtin_pow(10, symmetry_log10(s));
	size_t g, total = 0;
	bool done[16] = { false };

	if (s->n_groups > 16)
		return (false);
	for (g = 0; g < s->n_groups; g++) {
		total += s->groups[g].n_units;
		if (s->groups[g].kinds & SYMMETRY_SIGN)
			n *= __builtin_pow(2, s->groups[g].n_units);
	}
	if (n > 3000 || total > MAX_UNITS)
		return (false);
	while (o->n_order < s->n_groups)
		for (g = 0; g < s->n_groups; g++)
			if (!done[g] && (s->groups[g].parent == SIZE_MAX ||
			    done[s->groups[g].parent])) {
				done[g] = true;
				o->order[o->n_order++] = g;
			}
	return (true);
}

/* Changes one weight, so that the zeros are as many or not. */
static void
change(struct random *r, struct model *m)
{
	static const float values[] = { 0, 1, -1, 0.5f, 3, 2 };
	uint64_t n = m->head.schema->n_bytes / 4;

	if (random_below(r, 3) > 0)
		memcpy(m->data + 4 * random_below(r, (uint32_t)n),
		    &values[random_below(r, 6)], 4);
}

static bool
run_case(struct random *r, const struct random_net *net,
    unsigned long counts[2])
{
	struct oracle o = { .net = net };
	struct sym_element e;
	struct model a, b;
	struct ckpt_id x, y;
	bool same, found;

	if (!is_small(&o))
		return (true);
	random_net_weights(r, net, true, false, &a);
	random_net_element(r, net, 2, &e);
	random_net_need(sym_apply(net->plan, &e, &a, CKPT_F32, &b, &err),
	    &err);
	sym_element_release(&e);
	change(r, &b);
	o.from = &a;
	o.to = &b;
	random_net_need(sym_element_identity(net->plan, &o.e, &err), &err);
	random_net_need(sym_orbit_id(net->plan, &a, &x, &err), &err);
	random_net_need(sym_orbit_id(net->plan, &b, &y, &err), &err);
	same = id_equal(&x, &y);
	found = place(&o, 0, 0);
	counts[same]++;
	sym_element_release(&o.e);
	model_release(&a);
	model_release(&b);
	return (same == found);
}

int
main(int argc, char **argv)
{
	unsigned long n = 300, seed = 1, i, counts[2] = { 0, 0 };
	struct random_net net;
	struct random r;
	struct buf text;
	int status = 0;

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n = strtoul(argv[2], NULL, 10);
	for (i = seed; i < seed + n && status == 0; i++) {
		r.state = i * 7919;
		buf_init(&text, 1 << 20);
		random_net_arch(&r, 3, &text);
		random_net_open((const char *)text.data, text.len, CKPT_F32,
		    &net);
		if (!run_case(&r, &net, counts)) {
			fprintf(stderr, "seed %lu: the IDs say otherwise than "
			    "the elements\n%.*s", i, (int)text.len,
			    (const char *)text.data);
			status = 1;
		}
		random_net_close(&net);
		buf_release(&text);
	}
	printf("%lu pairs in one orbit, %lu not\n", counts[1], counts[0]);
	if (status == 0 && n >= 300 && (counts[0] < n / 20 ||
	    counts[1] < n / 20)) {
		fprintf(stderr, "too few pairs of one kind\n");
		status = 1;
	}
	return (status);
}
