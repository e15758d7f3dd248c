/*
 * Pieces without an anchor (ckpt-orbits 3.3): units that feed each other and
 * nothing that has a scale. Shifting all their exponents by one number
 * changes no value, so one unit, the root, may have exponent 0, and the rest
 * follows by the passes. What follows may depend on the root; the root whose
 * sorted exponents of values are least is taken, and where several are, all
 * their different outcomes are choices.
 */
#include "sym/sym_scale.h"

#define MAX_WORK (UINT64_C(1) << 30) /* elements looked at, in all */

struct piece_find {
	struct sym_scale *s;
	size_t *up;            /* union-find over all units */
	int32_t *seen, *best;  /* exponents of values: tensor by tensor */
	size_t n_values, capacity;
	uint64_t work;
};

static size_t
top(const struct piece_find *f, size_t u)
{
	while (f->up[u] != u) {
		f->up[u] = f->up[f->up[u]];
		u = f->up[u];
	}
	return (u);
}

/* Units at both sides of an element, if they are scaled. */
static bool
ends(const struct sym_plan *p, const struct sym_tensor *t, uint64_t r,
    uint64_t c, size_t *u, size_t *w)
{
	if (t->row.action == SYMMETRY_NONE ||
	    t->col.action == SYMMETRY_NONE ||
	    !sym_is_scaled(p, t->row.group) ||
	    !sym_is_scaled(p, t->col.group))
		return (false);
	*u = p->first_unit[t->row.group] + sym_row_unit(t, r);
	*w = p->first_unit[t->col.group] + sym_col_unit(t, r, c);
	return (true);
}

/* Calls `visit` for each cell that joins two units of the piece `root`
 * (SIZE_MAX: any two unknown units). */
static void
for_cells(struct piece_find *f, size_t root, size_t tensor,
    void (*visit)(struct piece_find *f, const struct sym_tensor *t,
    const double *x, uint64_t r, uint64_t c, size_t u, size_t w))
{
	const struct sym_plan *p = f->s->values->p;
	const struct sym_tensor *t = &p->tensors[tensor];
	const double *x;
	uint64_t r, c;
	size_t u, w;

	for (r = 0; r < t->rows; r++) {
		if (!ends(p, t, r, 0, &u, &w) ||
		    (root == SIZE_MAX ? f->s->is_known[u] != 0 :
		    top(f, u) != root))
			continue;
		x = sym_values_row(f->s->values, tensor, r);
		f->work += t->cols * t->inner;
		for (c = 0; c < t->cols; c++, x += t->inner)
			if (ends(p, t, r, c, &u, &w) &&
			    (root == SIZE_MAX ? !f->s->is_known[w] :
			    top(f, w) == root))
				visit(f, t, x, r, c, u, w);
	}
}

static void
join(struct piece_find *f, const struct sym_tensor *t, const double *x,
    uint64_t r, uint64_t c, size_t u, size_t w)
{
	(void)r;
	(void)c;
	if (sym_scale_exponent(x, t->inner) != INT32_MIN)
		f->up[top(f, u)] = top(f, w);
}

/* Appends the exponents of one cell's values as they would be scaled. */
static void
collect(struct piece_find *f, const struct sym_tensor *t, const double *x,
    uint64_t r, uint64_t c, size_t u, size_t w)
{
	const int32_t *e = f->s->exponents;
	int32_t shift, exponent;
	uint64_t k;

	(void)r;
	(void)c;
	shift = (t->row.action == SYMMETRY_OUT ? e[u] : -e[u]) +
	    (t->col.action == SYMMETRY_OUT ? e[w] : -e[w]);
	for (k = 0; k < t->inner; k++) {
		exponent = sym_scale_exponent(x + k, 1);
		if (exponent != INT32_MIN && f->n_values < f->capacity)
			f->seen[f->n_values++] = exponent + shift;
	}
}

static int
int_cmp(const void *a, const void *b)
{
	int32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x < y ? -1 : x > y);
}

/* Gives the root exponent 0, the rest what follows, and lists the values'
 * exponents, sorted within each tensor. */
static void
try_root(struct piece_find *f, const struct sym_piece *piece, size_t root)
{
	const struct sym_plan *p = f->s->values->p;
	size_t i, first, name = top(f, root);

	for (i = 0; i < piece->n_units; i++)
		f->s->is_known[piece->units[i]] = 0;
	f->s->exponents[root] = 0;
	f->s->is_known[root] = 1;
	sym_scale_passes(f->s);
	f->n_values = 0;
	for (i = 0; i < p->n_tensors; i++) {
		first = f->n_values;
		for_cells(f, name, i, collect);
		qsort(f->seen + first, f->n_values - first,
		    sizeof(*f->seen), int_cmp);
	}
	f->work += p->n_elements;
}

/* Keeps the outcome that the units have now, unless it is there already:
 * equal but for a shift of all. */
static enum ckpt_status
keep(struct piece_find *f, struct sym_piece *piece, struct ckpt_error *err)
{
	const int32_t *now = f->s->exponents;
	int32_t *e = piece->exponents;
	size_t i, k, n = piece->n_units;

	for (k = 0; k < piece->n_choices; k++, e += n) {
		for (i = 0; i < n; i++)
			if (now[piece->units[i]] - now[piece->units[0]] !=
			    e[i] - e[0])
				break;
		if (i == n)
			return (CKPT_OK);
	}
	if (k == SYM_SCALE_MAX_CHOICES)
		return (error_set(err, CKPT_LIMIT,
		    "units that nothing anchors have more than %d equally "
		    "good scales", SYM_SCALE_MAX_CHOICES));
	for (i = 0; i < n; i++)
		e[i] = now[piece->units[i]];
	piece->n_choices++;
	return (CKPT_OK);
}

/* All roots of a piece: the units of its group of the lowest number. */
static enum ckpt_status
choose_root(struct piece_find *f, struct sym_piece *piece,
    struct ckpt_error *err)
{
	const struct sym_plan *p = f->s->values->p;
	int32_t *swap;
	size_t i, g = 0, n_best = 0;
	int c;
	enum ckpt_status st = CKPT_OK;

	while (p->first_unit[g + 1] <= piece->units[0])
		g++;
	for (i = 0; i < piece->n_units && st == CKPT_OK &&
	    piece->units[i] < p->first_unit[g + 1]; i++) {
		try_root(f, piece, piece->units[i]);
		if (f->work > MAX_WORK)
			return (error_set(err, CKPT_LIMIT,
			    "too many units that nothing anchors"));
		c = -1;
		if (i > 0) { /* the first difference decides */
			size_t k = 0;

			while (k < n_best && f->seen[k] == f->best[k])
				k++;
			c = k == n_best ? 0 : f->seen[k] < f->best[k] ? -1 : 1;
		}
		if (c > 0)
			continue;
		if (c < 0) {
			piece->n_choices = 0;
			swap = f->best;
			f->best = f->seen;
			f->seen = swap;
			n_best = f->n_values;
		}
		st = keep(f, piece, err);
	}
	return (st);
}

static enum ckpt_status
add_piece(struct piece_find *f, size_t root, size_t n_units,
    struct ckpt_error *err)
{
	struct sym_scale *s = f->s;
	struct sym_piece *piece = &s->pieces[s->n_pieces++];
	size_t u, n = s->values->p->first_unit[sym_n_groups(s->values->p)];

	memset(piece, 0, sizeof(*piece));
	piece->units = calloc(n_units, sizeof(*piece->units));
	piece->exponents = calloc(n_units,
	    SYM_SCALE_MAX_CHOICES * sizeof(*piece->exponents));
	if (piece->units == NULL || piece->exponents == NULL)
		return (error_nomem(err, n_units * sizeof(*piece->units)));
	for (u = 0; u < n; u++)
		if (top(f, u) == root)
			piece->units[piece->n_units++] = u;
	return (choose_root(f, piece, err));
}

/* Pieces of one unit need no scale: nothing of theirs is not zero. */
static enum ckpt_status
find_all(struct piece_find *f, size_t n, size_t *sizes,
    struct ckpt_error *err)
{
	struct sym_scale *s = f->s;
	size_t u, n_pieces = 0;
	enum ckpt_status st;

	for (u = 0; u < n; u++)
		sizes[top(f, u)]++;
	for (u = 0; u < n; u++)
		n_pieces += sizes[u] > 1;
	if (n_pieces == 0)
		return (CKPT_OK);
	s->pieces = calloc(n_pieces, sizeof(*s->pieces));
	if (s->pieces == NULL)
		return (error_nomem(err, n_pieces * sizeof(*s->pieces)));
	for (u = 0; u < n; u++) {
		if (sizes[u] <= 1)
			continue;
		st = add_piece(f, u, sizes[u], err);
		if (st != CKPT_OK)
			return (st);
		s->n_choices *= s->pieces[s->n_pieces - 1].n_choices;
		if (s->n_choices > SYM_SCALE_MAX_CHOICES)
			return (error_set(err, CKPT_LIMIT, "units that "
			    "nothing anchors have more than %d equally good "
			    "scales", SYM_SCALE_MAX_CHOICES));
	}
	return (CKPT_OK);
}

enum ckpt_status
sym_piece_find(struct sym_scale *s, struct ckpt_error *err)
{
	const struct sym_plan *p = s->values->p;
	size_t n = p->first_unit[sym_n_groups(p)], i;
	struct piece_find f = { .s = s };
	enum ckpt_status st;

	f.capacity = p->n_elements;
	f.up = calloc(2 * n + 1, sizeof(*f.up));
	f.seen = calloc(f.capacity + 1, sizeof(*f.seen));
	f.best = calloc(f.capacity + 1, sizeof(*f.best));
	if (f.up == NULL || f.seen == NULL || f.best == NULL)
		st = error_nomem(err, p->n_elements * sizeof(*f.seen));
	else {
		for (i = 0; i < n; i++)
			f.up[i] = i;
		for (i = 0; i < p->n_tensors; i++)
			for_cells(&f, SIZE_MAX, i, join);
		st = find_all(&f, n, f.up + n, err);
	}
	free(f.up);
	free(f.seen);
	free(f.best);
	return (st);
}
