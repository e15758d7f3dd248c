#include "graph/symmetry_units.h"

enum ckpt_status
symmetry_units_new(struct symmetry_units *u, uint64_t n_units,
    struct symmetry_view *out, struct ckpt_error *err)
{
	size_t capacity = u->capacity == 0 ? 32 : 2 * u->capacity;
	struct symmetry_class *p;

	if (u->n == u->capacity) {
		p = realloc(u->classes, capacity * sizeof(*p));
		if (p == NULL)
			return (error_nomem(err, capacity * sizeof(*p)));
		u->classes = p;
		u->capacity = capacity;
	}
	u->classes[u->n] = (struct symmetry_class){ .up = u->n, .factor = 1,
	    .n_units = n_units, .kinds = SYMMETRY_SCALE | SYMMETRY_SIGN };
	out->class = u->n++;
	out->block = 1;
	return (CKPT_OK);
}

struct symmetry_view
symmetry_units_find(struct symmetry_units *u, struct symmetry_view v)
{
	struct symmetry_view root = v;
	struct symmetry_class *c;
	uint64_t factor;
	size_t next;

	while (u->classes[root.class].up != root.class) {
		root.block *= u->classes[root.class].factor;
		root.class = u->classes[root.class].up;
	}
	/* shorten the path */
	factor = root.block / v.block;
	while (v.class != root.class) {
		c = &u->classes[v.class];
		next = c->up;
		c->up = root.class;
		v.class = next;
		v.block = c->factor;
		c->factor = factor;
		factor /= v.block;
	}
	return (root);
}

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	uint64_t t;

	while (b != 0) {
		t = a % b;
		a = b;
		b = t;
	}
	return (a);
}

enum ckpt_status
symmetry_units_join(struct symmetry_units *u, struct symmetry_view a,
    struct symmetry_view b, struct ckpt_error *err)
{
	struct symmetry_view z;
	struct symmetry_class *x, *y;
	uint64_t block;
	enum ckpt_status st;

	a = symmetry_units_find(u, a);
	b = symmetry_units_find(u, b);
	if (a.class == b.class)
		return (CKPT_OK); /* as many channels: equal blocks */
	/* aligned blocks of a and b that overlap make blocks of the lcm */
	block = a.block / gcd(a.block, b.block) * b.block;
	st = symmetry_units_new(u,
	    u->classes[a.class].n_units * a.block / block, &z, err);
	if (st != CKPT_OK)
		return (st);
	x = &u->classes[a.class];
	y = &u->classes[b.class];
	x->up = y->up = z.class;
	x->factor = block / a.block;
	y->factor = block / b.block;
	u->classes[z.class].kinds = x->kinds & y->kinds;
	u->classes[z.class].is_anchored = x->is_anchored || y->is_anchored;
	u->classes[z.class].is_fixed = x->is_fixed || y->is_fixed;
	return (CKPT_OK);
}

void
symmetry_units_mask(struct symmetry_units *u, struct symmetry_view v,
    unsigned kinds)
{
	u->classes[symmetry_units_find(u, v).class].kinds &= kinds;
}

void
symmetry_units_anchor(struct symmetry_units *u, struct symmetry_view v)
{
	u->classes[symmetry_units_find(u, v).class].is_anchored = true;
}

enum ckpt_status
symmetry_units_block(struct symmetry_units *u, struct symmetry_view v,
    struct symmetry_view parent, struct ckpt_error *err)
{
	size_t capacity = u->block_capacity == 0 ? 16 : 2 * u->block_capacity;
	struct symmetry_blocks *p;

	if (u->n_blocks == u->block_capacity) {
		p = realloc(u->blocks, capacity * sizeof(*p));
		if (p == NULL)
			return (error_nomem(err, capacity * sizeof(*p)));
		u->blocks = p;
		u->block_capacity = capacity;
	}
	u->blocks[u->n_blocks].child = v.class;
	u->blocks[u->n_blocks++].parent = parent.class;
	return (CKPT_OK);
}

void
symmetry_units_release(struct symmetry_units *u)
{
	free(u->classes);
	free(u->blocks);
	memset(u, 0, sizeof(*u));
}
