#include <math.h>

#include "match/match.h"

/* State of one run. `z` is `w` without the outgoing weights of units that
 * nothing comes into: these have no scale yet and must not decide anything. */
struct form {
	const struct match_shape *s;
	enum match_scale scale;
	bool is_sorted;
	double *w, *z, *temp, *factor;
	/* marks of units, those of a group from first[group] on: has a scale
	 * by what comes in; by either */
	bool *live, *done;
	size_t *first;
	struct match_map delta, *m;
	bool *groups;             /* those that delta acts on */
	uint32_t *rows;           /* of the group being sorted */
};

/* The marks move with the units. */
static void
move_marks(struct form *f, size_t g)
{
	const struct match_unit *units = f->delta.units[g];
	bool *live = f->live + f->first[g], *old = f->done + f->first[g];
	uint32_t u, n = f->delta.n_units[g];

	memcpy(old, live, n * sizeof(*old));
	for (u = 0; u < n; u++)
		live[u] = old[units[u].source];
}

/* Takes the step that lies in delta. */
static void
step(struct form *f)
{
	match_apply(f->s, &f->delta, f->groups, f->w, f->temp);
	match_apply(f->s, &f->delta, f->groups, f->z, f->temp);
	match_map_append(f->m, &f->delta);
	match_map_reset(&f->delta);
	memset(f->groups, 0, f->s->n_groups * sizeof(*f->groups));
}

/* What units without a scale are multiplied with counts as 0 in z. */
static void
forget_outgoing(struct form *f, size_t g)
{
	const bool *live = f->live + f->first[g];
	const struct sym_use *uses;
	const struct sym_tensor *t;
	size_t i, n;
	uint64_t r, c;

	uses = sym_plan_uses(f->s->plan, g, &n);
	for (i = 0; i < n; i++) {
		t = &f->s->tensors[uses[i].tensor];
		if (!uses[i].is_col || t->col.action != SYMMETRY_IN)
			continue;
		for (r = 0; r < t->rows; r++)
			for (c = 0; c < t->cols; c++)
				if (!live[sym_col_unit(t, r, c)])
					memset(f->z +
					    f->s->offset[uses[i].tensor] +
					    (r * t->cols + c) * t->inner, 0,
					    t->inner * sizeof(*f->z));
	}
}

static bool
is_scaled(const struct form *f, size_t g)
{
	return (f->scale != MATCH_SCALE_NONE &&
	    (f->s->table->groups[g].kinds & SYMMETRY_SCALE));
}

static bool
is_signed(const struct form *f, size_t g)
{
	return (f->is_sorted &&
	    (f->s->table->groups[g].kinds & SYMMETRY_SIGN));
}

/* Takes factors, or signs, along one axis of one tensor; units that have got
 * one may let others have one, if the tensor joins the group to itself. */
static void
take_factors(struct form *f, size_t g, const struct sym_use *use, bool signs,
    const double *from, const bool *counts, bool *is_done)
{
	const struct sym_tensor *t = &f->s->tensors[use->tensor];
	uint32_t u, n = f->s->table->groups[g].n_units;
	size_t n_new;

	do {
		n_new = signs ? match_unit_signs(f->s, from, g, use, counts,
		    is_done, f->factor) : match_unit_factors(f->s, from, g,
		    use, f->scale, counts, is_done, f->factor);
		for (u = 0; u < n; u++)
			f->delta.units[g][u].factor = f->factor[u];
		f->groups[g] = true;
		if (n_new > 0)
			step(f);
	} while (n_new > 0 && t->row.group == t->col.group);
	f->groups[g] = false;
}

/* Along all axes by which the group is written, or read, in order. */
static void
take_all(struct form *f, size_t g, enum symmetry_action action, bool signs,
    const double *from, const bool *counts, bool *is_done)
{
	const struct sym_tensor *t;
	const struct sym_use *uses;
	size_t i, n;

	uses = action == SYMMETRY_OUT ? match_writers(f->s, g, &n) :
	    sym_plan_uses(f->s->plan, g, &n);
	for (i = 0; i < n; i++) {
		t = &f->s->tensors[uses[i].tensor];
		if ((uses[i].is_col ? t->col.action : t->row.action) ==
		    action)
			take_factors(f, g, &uses[i], signs, from, counts,
			    is_done);
	}
}

/* By what comes in: weights before biases, the first operation first. */
static void
scale_group(struct form *f, size_t g)
{
	bool *live = f->live + f->first[g], *done = f->done + f->first[g];
	uint32_t n = f->s->table->groups[g].n_units;

	if (is_scaled(f, g))
		take_all(f, g, SYMMETRY_OUT, false, f->z, live, live);
	if (is_signed(f, g)) {
		memset(done, 0, n * sizeof(*done));
		take_all(f, g, SYMMETRY_OUT, true, f->z, done, done);
		memcpy(live, done, n * sizeof(*live));
	}
	if (is_scaled(f, g) || is_signed(f, g))
		forget_outgoing(f, g);
}

/* Units that nothing comes into, at the end: by what goes out. */
static void
scale_rest(struct form *f, size_t g)
{
	bool *live = f->live + f->first[g], *done = f->done + f->first[g];
	uint32_t n = f->s->table->groups[g].n_units;

	memcpy(done, live, n * sizeof(*done));
	if (is_scaled(f, g))
		take_all(f, g, SYMMETRY_IN, false, f->w, live, done);
	memcpy(done, live, n * sizeof(*done));
	if (is_signed(f, g))
		take_all(f, g, SYMMETRY_IN, true, f->w, live, done);
}

/* ---- order ---- */

/* Two units along the columns of a tensor. */
static int
compare_cols(const struct form *f, const double *w, size_t tensor, size_t a,
    size_t b)
{
	const struct sym_tensor *t = &f->s->tensors[tensor];
	const size_t rows = (size_t)(t->rows / t->slices);
	const size_t run = (size_t)(t->col.block * t->inner);
	const size_t x = a * (size_t)t->col.block;
	const size_t y = b * (size_t)t->col.block;
	const double *p, *q;
	size_t r, k;

	w += f->s->offset[tensor];
	for (r = 0; r < rows; r++) {
		p = w + ((x / t->cols * rows + r) * t->cols + x % t->cols) *
		    t->inner;
		q = w + ((y / t->cols * rows + r) * t->cols + y % t->cols) *
		    t->inner;
		for (k = 0; k < run; k++)
			if (p[k] < q[k] || p[k] > q[k])
				return (p[k] < q[k] ? -1 : 1);
	}
	return (0);
}

static int
compare_rows(const struct form *f, const double *w, size_t tensor, size_t a,
    size_t b)
{
	const struct sym_tensor *t = &f->s->tensors[tensor];
	const size_t n = (size_t)(t->row.block * t->cols * t->inner);
	size_t k;

	w += f->s->offset[tensor];
	for (k = 0; k < n; k++)
		if (w[a * n + k] < w[b * n + k] || w[a * n + k] > w[b * n + k])
			return (w[a * n + k] < w[b * n + k] ? -1 : 1);
	return (0);
}

/* Two units by what writes them; where there is nothing or it is equal, by
 * the units of their blocks in turn. */
static int
compare_units(const struct form *f, const double *w, size_t g, size_t a,
    size_t b)
{
	const struct symmetry *table = f->s->table;
	const struct sym_use *uses;
	size_t c, i, m, n;
	int d = 0;

	uses = match_family_writers(f->s, g, &n);
	for (i = 0; i < n && d == 0; i++)
		d = uses[i].is_col ? compare_cols(f, w, uses[i].tensor, a,
		    b) : compare_rows(f, w, uses[i].tensor, a, b);
	for (c = 0; c < table->n_groups && d == 0; c++) {
		if (table->groups[c].parent != g)
			continue;
		m = table->groups[c].n_units / table->groups[g].n_units;
		for (i = 0; i < m && d == 0; i++)
			d = compare_units(f, w, c, a * m + i, b * m + i);
	}
	return (d);
}

/* Two units that nothing tells apart so far, by what they are multiplied
 * with; the units after them have their places. */
static int
compare_out(const struct form *f, size_t g, size_t a, size_t b)
{
	const struct sym_use *uses;
	size_t i, n;
	int d = 0;

	uses = sym_plan_uses(f->s->plan, g, &n);
	for (i = 0; i < n && d == 0; i++)
		if (uses[i].is_col)
			d = compare_cols(f, f->w, uses[i].tensor, a, b);
	return (d);
}

struct sorting {
	const struct form *f;
	size_t group;
	bool by_out;
};

static int
compare(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
	int d = compare_units(s->f, s->f->z, s->group, p, q);

	if (d == 0)
		d = compare_units(s->f, s->f->w, s->group, p, q);
	if (d == 0 && s->by_out)
		d = compare_out(s->f, s->group, p, q);
	return (d != 0 ? d : p < q ? -1 : p > q);
}

/* The blocks of all groups below move with their units. */
static void
carry_blocks(struct form *f, size_t g)
{
	const struct symmetry *table = f->s->table;
	const struct match_unit *parent = f->delta.units[g];
	size_t c, m;
	uint32_t u;

	for (c = 0; c < table->n_groups; c++) {
		if (table->groups[c].parent != g)
			continue;
		m = table->groups[c].n_units / table->groups[g].n_units;
		for (u = 0; u < table->groups[c].n_units; u++)
			f->delta.units[c][u].source =
			    (uint32_t)(parent[u / m].source * m + u % m);
		f->groups[c] = true;
		carry_blocks(f, c);
	}
}

static void
sort_group(struct form *f, size_t g, bool by_out)
{
	const struct symmetry_group *group = &f->s->table->groups[g];
	struct sorting sorting = { f, g, by_out };
	uint32_t u, n = group->n_units, m = n;
	size_t i;

	if (group->is_fixed || n == 0)
		return;
	if (group->parent != SIZE_MAX)
		m = n / f->s->table->groups[group->parent].n_units;
	for (u = 0; u < n; u++)
		f->rows[u] = u;
	for (u = 0; u < n; u += m)
		qsort_r(f->rows + u, m, sizeof(*f->rows), compare, &sorting);
	for (u = 0; u < n; u++)
		f->delta.units[g][u].source = f->rows[u];
	f->groups[g] = true;
	carry_blocks(f, g);
	for (i = 0; i < f->s->n_groups; i++)
		if (f->groups[i])
			move_marks(f, i);
	step(f);
}

static void
form_release(struct form *f)
{
	free(f->z);
	free(f->temp);
	free(f->factor);
	free(f->done);
	free(f->live);
	free(f->first);
	free(f->groups);
	free(f->rows);
	match_map_release(&f->delta);
}

static enum ckpt_status
form_new(struct form *f, struct ckpt_error *err)
{
	const struct match_shape *s = f->s;
	enum ckpt_status st;
	size_t g, n = 0;

	f->first = calloc(s->n_groups + 1, sizeof(*f->first));
	for (g = 0; f->first != NULL && g < s->n_groups; g++) {
		f->first[g] = n;
		n += s->table->groups[g].n_units;
	}
	f->done = calloc(n + 1, sizeof(*f->done));
	f->live = calloc(n + 1, sizeof(*f->live));
	f->z = malloc((s->total + 1) * sizeof(*f->z));
	f->temp = malloc((s->max_tensor + 1) * sizeof(*f->temp));
	f->factor = malloc((s->max_units + 1) * 2 * sizeof(*f->factor));
	f->groups = calloc(s->n_groups + 1, sizeof(*f->groups));
	f->rows = malloc((s->max_units + 1) * sizeof(*f->rows));
	st = CKPT_NO_MEMORY;
	if (f->first == NULL || f->done == NULL || f->live == NULL ||
	    f->z == NULL || f->temp == NULL || f->factor == NULL ||
	    f->groups == NULL || f->rows == NULL) {
		(void)error_nomem(err, s->total * sizeof(*f->z));
		goto err0;
	}
	st = match_map_new(s, &f->delta, err);
	if (st != CKPT_OK)
		goto err0;
	memcpy(f->z, f->w, s->total * sizeof(*f->z));
	return (CKPT_OK);

err0:
	form_release(f);
	return (st);
}

/* Whether no group before number `i` of the order is permuted alike with it. */
static bool
is_first_of_family(const struct match_shape *s, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (s->family[s->order[k]] == s->family[s->order[i]])
			return (false);
	return (true);
}

enum ckpt_status
match_paper(const struct match_shape *s, enum match_scale scale,
    bool is_sorted, double *w, struct match_map *m, struct ckpt_error *err)
{
	struct form f = { .s = s, .scale = scale, .is_sorted = is_sorted,
	    .w = w, .m = m };
	enum ckpt_status st;
	size_t i;

	st = form_new(&f, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->n_groups; i++) {
		scale_group(&f, s->order[i]);
		/* what is permuted alike: by what writes the first of it */
		if (is_sorted && is_first_of_family(s, i))
			sort_group(&f, s->family[s->order[i]], false);
	}
	for (i = s->n_groups; i-- > 0;) /* one may feed another */
		scale_rest(&f, s->order[i]);
	for (i = s->n_groups; is_sorted && i-- > 0;)
		sort_group(&f, s->order[i], true); /* equals only move */
	form_release(&f);
	return (CKPT_OK);
}
