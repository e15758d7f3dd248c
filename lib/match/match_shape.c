#include <math.h>

#include "match/match_shape.h"

/* The rank at which a group's units are first written: that of the first
 * use, or of the first that it holds in its blocks. */
static uint32_t
rank_of(const struct match_shape *s, size_t group)
{
	const struct sym_use *uses;
	size_t i, n;
	uint32_t rank = UINT32_MAX, r;

	uses = sym_plan_uses(s->plan, group, &n);
	for (i = 0; i < n; i++)
		if (s->tensors[uses[i].tensor].rank < rank)
			rank = s->tensors[uses[i].tensor].rank;
	for (i = 0; n == 0 && i < s->n_groups; i++)
		if (s->table->groups[i].parent == group) {
			r = rank_of(s, i);
			rank = r < rank ? r : rank;
		}
	return (rank);
}

/* Whether group a comes before b: by rank; those without a use of their own
 * after what they hold; by number. */
static bool
precedes(const struct match_shape *s, size_t a, size_t b)
{
	uint32_t p = rank_of(s, a), q = rank_of(s, b);
	size_t n, m;

	if (p != q)
		return (p < q);
	(void)sym_plan_uses(s->plan, a, &n);
	(void)sym_plan_uses(s->plan, b, &m);
	if ((n == 0) != (m == 0))
		return (m == 0);
	return (n == 0 ? a > b : a < b);
}

/* The outermost parent of each group, and the outermost that is permuted
 * alike with it. */
static void
find_parents(struct match_shape *s)
{
	const struct symmetry_group *groups = s->table->groups;
	size_t i, g;

	for (i = 0; i < s->n_groups; i++) {
		for (g = i; groups[g].parent != SIZE_MAX;)
			g = groups[g].parent;
		s->root[i] = g;
		g = i;
		while (groups[g].parent != SIZE_MAX &&
		    groups[groups[g].parent].n_units == groups[g].n_units)
			g = groups[g].parent;
		s->family[i] = g;
		if (groups[i].n_units > s->max_units)
			s->max_units = groups[i].n_units;
	}
}

static void
order_groups(struct match_shape *s)
{
	size_t i, j;

	for (i = 0; i < s->n_groups; i++) {
		for (j = i; j > 0 && precedes(s, i, s->order[j - 1]); j--)
			s->order[j] = s->order[j - 1];
		s->order[j] = i;
	}
}

enum ckpt_status
match_shape_new(const struct sym_plan *p, struct match_shape **out,
    struct ckpt_error *err)
{
	struct match_shape *s = calloc(1, sizeof(*s));
	const struct sym_tensor *t;
	size_t i, n;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->plan = p;
	s->table = sym_plan_table(p);
	s->tensors = sym_plan_tensors(p, &s->n_tensors);
	s->n_groups = s->table->n_groups;
	s->offset = calloc(s->n_tensors + 1, sizeof(*s->offset));
	s->order = calloc(s->n_groups + 1, sizeof(*s->order));
	s->root = calloc(s->n_groups + 1, sizeof(*s->root));
	s->family = calloc(s->n_groups + 1, sizeof(*s->family));
	if (s->offset == NULL || s->order == NULL || s->root == NULL ||
	    s->family == NULL) {
		match_shape_free(s);
		return (error_nomem(err, sizeof(*s)));
	}
	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		n = (size_t)(t->rows * t->cols * t->inner);
		s->offset[i + 1] = s->offset[i] + n;
		if (n > s->max_tensor)
			s->max_tensor = n;
	}
	s->total = s->offset[s->n_tensors];
	find_parents(s);
	order_groups(s);
	if (match_writers_list(s, err) != CKPT_OK) {
		match_shape_free(s);
		return (CKPT_NO_MEMORY);
	}
	*out = s;
	return (CKPT_OK);
}

void
match_shape_free(struct match_shape *s)
{
	if (s == NULL)
		return;
	free(s->offset);
	free(s->order);
	free(s->root);
	free(s->family);
	free(s->writers);
	free(s->first_writer);
	free(s);
}

size_t
match_load(const struct match_shape *s, const struct sym_plan *p,
    const struct model *m, double *w)
{
	const struct schema *schema = m->head.schema;
	const struct sym_tensor *tensors;
	const struct tensor_desc *t;
	size_t i, n, n_bad = 0;

	tensors = sym_plan_tensors(p, &n);
	for (i = 0; i < n; i++) {
		t = &schema->tensors[tensors[i].index];
		sym_tensor_load(&tensors[i], t->dtype, m->data + t->offset,
		    w + s->offset[i]);
	}
	for (i = 0; i < s->total; i++)
		if (!isfinite(w[i])) {
			w[i] = 0;
			n_bad++;
		}
	return (n_bad);
}

static bool
same_side(const struct sym_side *a, const struct sym_side *b)
{
	return (a->group == b->group && a->block == b->block &&
	    a->action == b->action);
}

bool
match_fits(const struct match_shape *s, const struct sym_plan *p)
{
	const struct symmetry *table = sym_plan_table(p);
	const struct sym_tensor *t, *u;
	size_t i, n;

	t = sym_plan_tensors(p, &n);
	if (n != s->n_tensors || table->n_groups != s->n_groups)
		return (false);
	for (i = 0; i < s->n_groups; i++)
		if (table->groups[i].n_units != s->table->groups[i].n_units ||
		    table->groups[i].kinds != s->table->groups[i].kinds ||
		    table->groups[i].parent != s->table->groups[i].parent)
			return (false);
	for (i = 0; i < n; i++) {
		u = &s->tensors[i];
		if (t[i].rows != u->rows || t[i].cols != u->cols ||
		    t[i].inner != u->inner || t[i].slices != u->slices ||
		    !same_side(&t[i].row, &u->row) ||
		    !same_side(&t[i].col, &u->col) ||
		    strcmp(sym_plan_schema(p)->tensors[t[i].index].name,
		    sym_plan_schema(s->plan)->tensors[u->index].name) != 0)
			return (false);
	}
	return (true);
}
