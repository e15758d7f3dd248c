#include "sym/sym_refine.h"

enum ckpt_status
sym_refine_new(struct sym_values *v, struct sym_refine *out,
    struct ckpt_error *err)
{
	size_t n = v->p->max_points;

	out->values = v;
	out->n_seen = 0;
	out->by_group = NULL;
	out->lists = calloc(n + 1, 5 * sizeof(*out->lists) + 1);
	if (out->lists == NULL)
		return (error_nomem(err, n * 5 * sizeof(*out->lists)));
	out->by_group = calloc(sym_n_groups(v->p) + 1, 1);
	if (out->by_group == NULL) {
		free(out->lists);
		out->lists = NULL;
		return (error_nomem(err, sym_n_groups(v->p)));
	}
	out->is_cut = (unsigned char *)(out->lists + 5 * n);
	return (CKPT_OK);
}

void
sym_refine_release(struct sym_refine *r)
{
	free(r->lists);
	free(r->by_group);
}

static int
cmp(void *arg, uint32_t a, uint32_t b)
{
	return (sym_key_cmp(arg, a, b));
}

/* Bits of a number. */
static uint64_t
length(uint64_t x)
{
	return (64 - (uint64_t)__builtin_clzll(x | 1));
}

/* Elements that belong to one point, of what a relation looks at. */
static uint64_t
n_elements(const struct sym_plan *p, const struct sym_relation *r)
{
	const struct sym_tensor *t;
	const struct sym_side *own;

	if (r->kind != SYM_RELATION_TENSOR)
		return (1);
	t = &p->tensors[r->index];
	own = r->is_col ? &t->col : &t->row;
	return ((r->is_col ? t->rows / t->slices : t->cols) * own->block *
	    t->inner);
}

/* Splits all cells of a relation's group at once: the keys are those that
 * the points have before the first cell is split. */
static bool
split(struct sym_refine *r, struct sym_cells *c, struct sym_key *key)
{
	size_t group = key->relation->group;
	size_t first = c->p->first_point[group];
	uint32_t n = sym_cells_n_points(c->p, group), start, end, i;
	uint32_t *order = c->order + first;
	uint64_t n_own = n_elements(c->p, key->relation);
	bool is_split = false;

	for (start = 0; start < n; start = end) {
		end = c->end[first + start];
		if (end - start == 1)
			continue;
		r->n_seen += (end - start) * length(end - start) * n_own *
		    length(n_own);
		/* in a copy: the key may look at this very cell */
		memcpy(key->lists[4], order + start,
		    (end - start) * sizeof(*order));
		sym_key_sort(key->lists[4], end - start, key->lists[3], cmp,
		    key);
		memcpy(order + start, key->lists[4],
		    (end - start) * sizeof(*order));
		for (i = start; i < end; i++) {
			c->place[first + order[i]] = i;
			r->is_cut[i] = i > start &&
			    sym_key_cmp(key, order[i - 1], order[i]) != 0;
			is_split |= r->is_cut[i];
		}
	}
	if (!is_split)
		return (false);
	for (start = 0; start < n; start = end) {
		end = c->end[first + start];
		for (i = start + 1; i < end; i++)
			if (r->is_cut[i])
				sym_cells_cut(c, group, i);
	}
	return (true);
}

/* Applies all relations, or those that look at no tensor, until none divides
 * a cell. */
static void
run(struct sym_refine *r, struct sym_cells *cells, bool with_tensors)
{
	const struct sym_plan *p = cells->p;
	struct sym_key key = { .values = r->values, .cells = cells };
	bool is_split;
	size_t i;

	for (i = 0; i < 5; i++)
		key.lists[i] = r->lists + i * p->max_points;
	do {
		is_split = false;
		for (i = 0; i < p->n_relations; i++) {
			key.relation = &p->relations[i];
			if (!with_tensors && key.relation->kind ==
			    SYM_RELATION_TENSOR)
				continue;
			if (!sym_cells_is_discrete(cells,
			    key.relation->group))
				is_split |= split(r, cells, &key);
		}
	} while (is_split);
}

void
sym_refine_run(struct sym_refine *r, struct sym_cells *cells)
{
	run(r, cells, true);
}

void
sym_refine_twins(struct sym_refine *r, struct sym_cells *cells)
{
	run(r, cells, false);
}
