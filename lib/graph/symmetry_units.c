#include "graph/symmetry_units.h"

/* ---- memory ---- */

static enum ckpt_status
new_view(struct symmetry_units *u, size_t n, struct symmetry_view *out,
    struct ckpt_error *err)
{
	size_t capacity = u->page_capacity == 0 ? 64 : 2 * u->page_capacity;
	void *p;

	if (u->n_pages == u->page_capacity) {
		p = realloc(u->pages, capacity * sizeof(*u->pages));
		if (p == NULL)
			return (error_nomem(err,
			    capacity * sizeof(*u->pages)));
		u->pages = p;
		u->page_capacity = capacity;
	}
	out->n = n;
	out->parts = calloc(n, sizeof(*out->parts));
	if (out->parts == NULL)
		return (error_nomem(err, n * sizeof(*out->parts)));
	u->pages[u->n_pages++] = out->parts;
	return (CKPT_OK);
}

static enum ckpt_status
new_class(struct symmetry_units *u, uint64_t n_units, size_t *out,
    struct ckpt_error *err)
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
	    .halves = { SIZE_MAX, SIZE_MAX }, .n_units = n_units,
	    .kinds = SYMMETRY_SCALE | SYMMETRY_SIGN };
	*out = u->n++;
	return (CKPT_OK);
}

enum ckpt_status
symmetry_units_new(struct symmetry_units *u, uint64_t n_units,
    struct symmetry_view *out, struct ckpt_error *err)
{
	enum ckpt_status st = new_view(u, 1, out, err);

	if (st != CKPT_OK)
		return (st);
	out->parts[0].block = 1;
	return (new_class(u, n_units, &out->parts[0].class, err));
}

void
symmetry_units_release(struct symmetry_units *u)
{
	size_t i;

	for (i = 0; i < u->n_pages; i++)
		free(u->pages[i]);
	free(u->pages);
	free(u->classes);
	free(u->blocks);
	memset(u, 0, sizeof(*u));
}

/* ---- what classes have become ---- */

/* The part in terms of the class that it belongs to by now. */
static struct symmetry_part
find_root(struct symmetry_units *u, struct symmetry_part v)
{
	struct symmetry_part root = v;
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

size_t
symmetry_units_root(struct symmetry_units *u, size_t class)
{
	return (find_root(u, (struct symmetry_part){ class, 1 }).class);
}

/* The parts that `v` has by now, to out[*n] and on, or counted only. */
static void
expand(struct symmetry_units *u, struct symmetry_part v,
    struct symmetry_part *out, size_t *n)
{
	const size_t *halves;

	v = find_root(u, v);
	halves = u->classes[v.class].halves;
	if (halves[0] != SIZE_MAX) {
		size_t right = halves[1];

		expand(u, (struct symmetry_part){ halves[0], v.block }, out,
		    n);
		expand(u, (struct symmetry_part){ right, v.block }, out, n);
		return;
	}
	if (out != NULL)
		out[*n] = v;
	++*n;
}

enum ckpt_status
symmetry_units_find(struct symmetry_units *u, const struct symmetry_view *v,
    struct symmetry_view *out, struct ckpt_error *err)
{
	size_t i, n = 0;
	enum ckpt_status st;

	for (i = 0; i < v->n; i++)
		expand(u, v->parts[i], NULL, &n);
	st = new_view(u, n, out, err);
	if (st != CKPT_OK)
		return (st);
	for (i = n = 0; i < v->n; i++)
		expand(u, v->parts[i], out->parts, &n);
	return (CKPT_OK);
}

static uint64_t
length(const struct symmetry_units *u, struct symmetry_part v)
{
	return (u->classes[v.class].n_units * v.block);
}

/* ---- views from views ---- */

enum ckpt_status
symmetry_units_widen(struct symmetry_units *u, const struct symmetry_view *v,
    uint64_t times, struct symmetry_view *out, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = symmetry_units_find(u, v, out, err);

	for (i = 0; st == CKPT_OK && i < out->n; i++)
		out->parts[i].block *= times;
	return (st);
}

enum ckpt_status
symmetry_units_concat(struct symmetry_units *u,
    const struct symmetry_view *a, const struct symmetry_view *b,
    struct symmetry_view *out, struct ckpt_error *err)
{
	enum ckpt_status st = new_view(u, a->n + b->n, out, err);

	if (st != CKPT_OK)
		return (st);
	memcpy(out->parts, a->parts, a->n * sizeof(*a->parts));
	memcpy(out->parts + a->n, b->parts, b->n * sizeof(*b->parts));
	return (CKPT_OK);
}

enum ckpt_status
symmetry_units_like(struct symmetry_units *u, const struct symmetry_view *v,
    struct symmetry_view *out, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = symmetry_units_find(u, v, out, err);

	for (i = 0; st == CKPT_OK && i < out->n; i++)
		st = new_class(u, u->classes[out->parts[i].class].n_units,
		    &out->parts[i].class, err);
	return (st);
}

/* ---- joining and dividing ---- */

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

/* Two parts of one length become one class: aligned blocks of a and b that
 * overlap make blocks of the least common multiple. */
static enum ckpt_status
join_parts(struct symmetry_units *u, struct symmetry_part a,
    struct symmetry_part b, struct ckpt_error *err)
{
	struct symmetry_class *x, *y, *z;
	uint64_t block = a.block / gcd(a.block, b.block) * b.block;
	size_t class;
	enum ckpt_status st;

	if (a.class == b.class)
		return (CKPT_OK); /* as many numbers: equal blocks */
	st = new_class(u, length(u, a) / block, &class, err);
	if (st != CKPT_OK)
		return (st);
	x = &u->classes[a.class];
	y = &u->classes[b.class];
	z = &u->classes[class];
	x->up = y->up = class;
	x->factor = block / a.block;
	y->factor = block / b.block;
	z->kinds = x->kinds & y->kinds;
	z->is_anchored = x->is_anchored || y->is_anchored;
	z->is_fixed = x->is_fixed || y->is_fixed;
	return (CKPT_OK);
}

/* Divides the class of `v` behind `at` of its numbers, into two halves that
 * have all that it has. False if that would divide a unit. */
static enum ckpt_status
divide(struct symmetry_units *u, struct symmetry_part v, uint64_t at,
    bool *is_possible, struct ckpt_error *err)
{
	uint64_t n[2] = { at / v.block, 0 };
	size_t i, half;
	enum ckpt_status st;

	*is_possible = at % v.block == 0;
	if (!*is_possible)
		return (CKPT_OK);
	n[1] = u->classes[v.class].n_units - n[0];
	for (i = 0; i < 2; i++) {
		st = new_class(u, n[i], &half, err);
		if (st != CKPT_OK)
			return (st);
		u->classes[half].kinds = u->classes[v.class].kinds;
		u->classes[half].is_anchored =
		    u->classes[v.class].is_anchored;
		u->classes[half].is_fixed = u->classes[v.class].is_fixed;
		u->classes[v.class].halves[i] = half;
	}
	return (CKPT_OK);
}

/* Where parts of a and b first end at different numbers: divides the longer
 * one. *is_done if there is no such place; if nothing can be divided there,
 * all is anchored, and nothing is left to be done either. */
static enum ckpt_status
divide_once(struct symmetry_units *u, const struct symmetry_view *a,
    const struct symmetry_view *b, bool *is_done, struct ckpt_error *err)
{
	uint64_t la, lb;
	bool is_possible;
	size_t i;
	enum ckpt_status st;

	*is_done = true;
	for (i = 0; i < a->n && i < b->n; i++) {
		la = length(u, a->parts[i]);
		lb = length(u, b->parts[i]);
		if (la == lb)
			continue;
		st = divide(u, la > lb ? a->parts[i] : b->parts[i],
		    la > lb ? lb : la, &is_possible, err);
		*is_done = !is_possible;
		if (st != CKPT_OK || is_possible)
			return (st);
		st = symmetry_units_anchor(u, a, err);
		if (st == CKPT_OK)
			st = symmetry_units_anchor(u, b, err);
		return (st == CKPT_OK ? CKPT_END : st);
	}
	return (CKPT_OK);
}

/* Both views with parts of equal lengths. CKPT_END: all is anchored. */
static enum ckpt_status
align(struct symmetry_units *u, struct symmetry_view *a,
    struct symmetry_view *b, bool *is_changed, struct ckpt_error *err)
{
	struct symmetry_view x = *a, y = *b;
	bool is_done;
	enum ckpt_status st;

	for (;;) {
		st = symmetry_units_find(u, &x, a, err);
		if (st == CKPT_OK)
			st = symmetry_units_find(u, &y, b, err);
		if (st == CKPT_OK)
			st = divide_once(u, a, b, &is_done, err);
		if (st != CKPT_OK || is_done)
			return (st);
		*is_changed = true;
	}
}

enum ckpt_status
symmetry_units_join(struct symmetry_units *u, const struct symmetry_view *a,
    const struct symmetry_view *b, struct ckpt_error *err)
{
	struct symmetry_view x = *a, y = *b;
	bool is_changed;
	size_t i;
	enum ckpt_status st = align(u, &x, &y, &is_changed, err);

	for (i = 0; st == CKPT_OK && i < x.n; i++) {
		/* what was joined before may have joined these, too */
		struct symmetry_part p = find_root(u, x.parts[i]);
		struct symmetry_part q = find_root(u, y.parts[i]);

		st = join_parts(u, p, q, err);
	}
	return (st == CKPT_END ? CKPT_OK : st);
}

/* Units of `block` numbers. */
static enum ckpt_status
coarsen(struct symmetry_units *u, struct symmetry_part v, uint64_t block,
    struct ckpt_error *err)
{
	struct symmetry_part coarse = { 0, block };
	enum ckpt_status st;

	st = new_class(u, length(u, v) / block, &coarse.class, err);
	return (st != CKPT_OK ? st : join_parts(u, v, coarse, err));
}

enum ckpt_status
symmetry_units_match(struct symmetry_units *u, const struct symmetry_view *a,
    const struct symmetry_view *b, bool *is_changed, struct ckpt_error *err)
{
	struct symmetry_view x = *a, y = *b;
	struct symmetry_part p, q;
	uint64_t block;
	size_t i;
	enum ckpt_status st = align(u, &x, &y, is_changed, err);

	for (i = 0; st == CKPT_OK && i < x.n; i++) {
		p = find_root(u, x.parts[i]);
		q = find_root(u, y.parts[i]);
		block = p.block / gcd(p.block, q.block) * q.block;
		if (p.block == q.block)
			continue;
		*is_changed = true;
		if (p.block != block)
			st = coarsen(u, p, block, err);
		if (st == CKPT_OK && q.block != block)
			st = coarsen(u, q, block, err);
	}
	return (st == CKPT_END ? CKPT_OK : st);
}

/* ---- what classes admit ---- */

enum ckpt_status
symmetry_units_mask(struct symmetry_units *u, const struct symmetry_view *v,
    unsigned kinds, struct ckpt_error *err)
{
	struct symmetry_view now;
	size_t i;
	enum ckpt_status st = symmetry_units_find(u, v, &now, err);

	for (i = 0; st == CKPT_OK && i < now.n; i++)
		u->classes[now.parts[i].class].kinds &= kinds;
	return (st);
}

enum ckpt_status
symmetry_units_anchor(struct symmetry_units *u,
    const struct symmetry_view *v, struct ckpt_error *err)
{
	struct symmetry_view now;
	size_t i;
	enum ckpt_status st = symmetry_units_find(u, v, &now, err);

	for (i = 0; st == CKPT_OK && i < now.n; i++)
		u->classes[now.parts[i].class].is_anchored = true;
	return (st);
}

enum ckpt_status
symmetry_units_block(struct symmetry_units *u, size_t child, size_t parent,
    struct ckpt_error *err)
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
	u->blocks[u->n_blocks].child = child;
	u->blocks[u->n_blocks++].parent = parent;
	return (CKPT_OK);
}
