/* Units that are dead, or equal to others, in all tensors at once. */
#include "random_net.h"

struct plant {
	const struct random_net *net;
	struct model *m;
	bool is_dead;     /* zeros, not copies */
	bool keeps_reads; /* what reads a dead unit stays */
};

/* One unit's rows or columns of one tensor. */
static void
plant_use(const struct plant *p, const struct sym_use *use, uint64_t from,
    uint64_t to)
{
	size_t n, k;
	const struct sym_tensor *t = sym_plan_tensors(p->net->plan, &n) +
	    use->tensor;
	const struct tensor_desc *desc = &p->net->schema->tensors[t->index];
	const struct sym_side *side = use->is_col ? &t->col : &t->row;
	unsigned char *data = p->m->data + desc->offset;
	uint64_t i, j, length = use->is_col ? t->rows : t->cols, a, b;
	double *x;

	if ((use->is_col && t->slices > 1) || (p->keeps_reads &&
	    side->action == SYMMETRY_IN))
		return;
	if (p->is_dead && side->action == SYMMETRY_NONE)
		return; /* variances */
	x = malloc(t->rows * t->cols * t->inner * sizeof(*x));
	sym_tensor_load(t, desc->dtype, data, x);
	for (i = 0; i < side->block; i++)
		for (j = 0; j < length; j++) {
			a = from * side->block + i;
			b = to * side->block + i;
			a = use->is_col ? j * t->cols + a : a * t->cols + j;
			b = use->is_col ? j * t->cols + b : b * t->cols + j;
			for (k = 0; k < t->inner; k++)
				x[b * t->inner + k] = p->is_dead ? 0 :
				    x[a * t->inner + k];
		}
	sym_tensor_store(t, desc->dtype, x, data);
	free(x);
}

/* A unit, and all units of blocks that move with it. */
static void
plant_unit(const struct plant *p, size_t group, uint32_t from, uint32_t to)
{
	const struct symmetry *s = p->net->table;
	const struct sym_use *uses;
	size_t n, i;
	uint32_t size, u;

	uses = sym_plan_uses(p->net->plan, group, &n);
	for (i = 0; i < n; i++)
		plant_use(p, &uses[i], from, to);
	for (i = 0; i < s->n_groups; i++) {
		if (s->groups[i].parent != group)
			continue;
		size = s->groups[i].n_units / s->groups[group].n_units;
		for (u = 0; u < size; u++)
			plant_unit(p, i, from * size + u, to * size + u);
	}
}

void
random_net_plant(struct random *r, const struct random_net *net,
    struct model *m)
{
	const struct symmetry *s = net->table;
	struct plant p = { .net = net, .m = m };
	size_t g;
	uint32_t size, first, to;

	if (s->n_groups == 0)
		return;
	g = random_below(r, (uint32_t)s->n_groups);
	while (s->groups[g].parent != SIZE_MAX &&
	    s->groups[s->groups[g].parent].n_units == s->groups[g].n_units)
		g = s->groups[g].parent;
	size = s->groups[g].n_units;
	first = 0;
	if (s->groups[g].parent != SIZE_MAX) {
		size /= s->groups[s->groups[g].parent].n_units;
		first = size * random_below(r, s->groups[g].n_units / size);
	}
	p.is_dead = random_below(r, 2);
	p.keeps_reads = random_below(r, 2);
	to = first + random_below(r, size);
	plant_unit(&p, g, first + random_below(r, size), to);
}
