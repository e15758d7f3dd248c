#include "sym/sym_prune.h"
#include "sym/sym_search.h"

struct search {
	struct sym_refine refine;
	struct sym_prune prune;
	struct sym_cells **levels;  /* partitions; [0] is the root's */
	size_t n_levels;
	/* points that were individualised on the way, numbers among all */
	size_t path[SYM_SEARCH_MAX_DEPTH];
	/* the first leaf and the best one, and the ways to them */
	struct search_leaf {
		struct sym_leaf leaf;
		size_t *path;
		size_t depth;
	} first, best, now;
	size_t n_leaves;
	uint64_t max_seen;
	struct ckpt_error *err;
};

/* Leaves all of one form: the level where the ways part. */
static size_t
parting(const struct search *s, const struct search_leaf *l)
{
	size_t i = 0;

	while (i < l->depth && l->path[i] == s->path[i])
		i++;
	return (i);
}

/* Leaf `now` is what an automorphism makes of `l`. */
static size_t
repeats(struct search *s, const struct search_leaf *l)
{
	size_t level = parting(s, l);

	sym_prune_learn(&s->prune, level, &l->leaf, &s->now.leaf);
	return (level);
}

static enum ckpt_status
keep(struct search *s, struct search_leaf *to, size_t depth)
{
	struct search_leaf swap = *to;
	size_t *p = realloc(s->now.path, (depth + 1) * sizeof(*p));

	if (p == NULL)
		return (error_nomem(s->err, depth * sizeof(*p)));
	s->now.path = p;
	memcpy(p, s->path, depth * sizeof(*p));
	s->now.depth = depth;
	*to = s->now;
	s->now = swap;
	return (CKPT_OK);
}

/* A partition into single points. *jump is the level to go back to: where
 * an automorphism shows that all that is left below is a repetition. */
static enum ckpt_status
visit_leaf(struct search *s, struct sym_cells *cells, size_t depth,
    size_t *jump)
{
	struct sym_leaf *now = &s->now.leaf;
	enum ckpt_status st = CKPT_OK;
	int c;

	*jump = depth;
	if (++s->n_leaves > SYM_SEARCH_MAX_LEAVES)
		return (error_set(s->err, CKPT_LIMIT,
		    "the canonical order needs a search of more than %d "
		    "leaves", SYM_SEARCH_MAX_LEAVES));
	sym_leaf_read(now, s->refine.values, cells);
	if (depth == 0) /* the only one */
		return (keep(s, &s->best, depth));
	if (s->n_leaves == 1) {
		st = keep(s, &s->first, depth);
		if (st != CKPT_OK)
			return (st);
		sym_leaf_read(now, s->refine.values, cells);
		return (keep(s, &s->best, depth));
	}
	c = sym_leaf_cmp(now, &s->best.leaf);
	if (c == 0 && sym_leaf_is_parallel(now, &s->best.leaf))
		*jump = repeats(s, &s->best);
	else if (sym_leaf_is_parallel(now, &s->first.leaf) &&
	    sym_leaf_cmp(now, &s->first.leaf) == 0)
		*jump = repeats(s, &s->first);
	if (c > 0)
		st = keep(s, &s->best, depth);
	return (st);
}

/* The first cell of more than one point, of the group of lowest number. */
static bool
find_cell(const struct sym_cells *c, size_t *group, uint32_t *start)
{
	size_t g;
	uint32_t i;

	for (g = 0; g < sym_n_groups(c->p); g++) {
		if (sym_cells_is_discrete(c, g))
			continue;
		for (i = 0; c->end[c->p->first_point[g] + i] == i + 1;)
			i++;
		*group = g;
		*start = i;
		return (true);
	}
	return (false);
}

static int
sign_cmp(void *arg, uint32_t a, uint32_t b)
{
	unsigned doubled = *(const unsigned *)arg;

	/* + before -, then by unit: any order will do */
	if (doubled && ((a ^ b) & 1))
		return (a & 1 ? -1 : 1);
	return (a < b ? 1 : a > b ? -1 : 0);
}

/* Makes single points of a cell of twins. */
static void
split_twins(struct search *s, struct sym_cells *c, size_t group,
    uint32_t start)
{
	size_t first = c->p->first_point[group];
	uint32_t end = c->end[first + start], i;
	unsigned doubled = sym_cells_doubled(c->p, group);

	sym_key_sort(c->order + first + start, end - start, s->refine.lists,
	    sign_cmp, &doubled);
	for (i = start; i < end; i++)
		c->place[first + c->order[first + i]] = i;
	for (i = start + 1; i < end; i++)
		sym_cells_cut(c, group, i);
}

/* Room for the partitions of a level. */
static enum ckpt_status
need_level(struct search *s, size_t depth, const struct sym_cells *from)
{
	struct sym_cells **p, *cells;
	enum ckpt_status st;

	if (depth < s->n_levels) {
		sym_cells_assign(s->levels[depth], from);
		return (CKPT_OK);
	}
	if (depth == SYM_SEARCH_MAX_DEPTH)
		return (error_set(s->err, CKPT_LIMIT,
		    "the canonical order needs a search of more than %d "
		    "levels", SYM_SEARCH_MAX_DEPTH));
	p = realloc(s->levels, (depth + 1) * sizeof(*p));
	if (p == NULL)
		return (error_nomem(s->err, (depth + 1) * sizeof(*p)));
	s->levels = p;
	cells = malloc(sizeof(*cells));
	if (cells == NULL)
		return (error_nomem(s->err, sizeof(*cells)));
	st = sym_cells_copy(from, cells, s->err);
	if (st != CKPT_OK) {
		free(cells);
		return (st);
	}
	s->levels[s->n_levels++] = cells;
	return (CKPT_OK);
}

static enum ckpt_status descend(struct search *s, size_t depth,
    size_t *jump);

/* Tries each point of a cell first. */
static enum ckpt_status
branch(struct search *s, size_t depth, size_t group, uint32_t start,
    size_t *jump)
{
	const struct sym_cells *c = s->levels[depth];
	size_t first = c->p->first_point[group];
	uint32_t i, point, end = c->end[first + start];
	enum ckpt_status st;

	st = sym_prune_enter(&s->prune, depth, s->err);
	if (st != CKPT_OK)
		return (st);
	for (i = start; i < end; i++) {
		point = c->order[first + i];
		if (!sym_prune_take(&s->prune, depth, first + point))
			continue;
		st = need_level(s, depth + 1, c);
		if (st != CKPT_OK)
			return (st);
		sym_cells_individualise(s->levels[depth + 1], group, point);
		s->path[depth] = first + point;
		st = descend(s, depth + 1, jump);
		if (st != CKPT_OK || *jump < depth)
			return (st);
	}
	*jump = depth;
	return (CKPT_OK);
}

static enum ckpt_status
descend(struct search *s, size_t depth, size_t *jump)
{
	struct sym_cells *c = s->levels[depth];
	size_t group;
	uint32_t start;

	sym_refine_run(&s->refine, c);
	if (s->max_seen == 0)
		s->max_seen = SYM_SEARCH_MAX_SEEN +
		    SYM_SEARCH_SEEN_FACTOR * s->refine.n_seen;
	if (s->refine.n_seen > s->max_seen)
		return (error_set(s->err, CKPT_LIMIT,
		    "the canonical order needs a search of more than %llu "
		    "comparisons", (unsigned long long)s->max_seen));
	while (find_cell(c, &group, &start)) {
		if (!sym_twin_cell(s->refine.values, c, group, start,
		    s->refine.by_group))
			return (branch(s, depth, group, start, jump));
		split_twins(s, c, group, start);
		sym_refine_twins(&s->refine, c);
	}
	return (visit_leaf(s, c, depth, jump));
}

enum ckpt_status
sym_search_run(struct sym_values *v, struct sym_leaf *out,
    struct ckpt_error *err)
{
	const struct sym_plan *p = v->p;
	struct search *s = calloc(1, sizeof(*s));
	struct sym_cells root;
	size_t jump, i;
	enum ckpt_status st;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->err = err;
	sym_prune_init(&s->prune, p);
	st = sym_refine_new(v, &s->refine, err);
	if (st == CKPT_OK)
		st = sym_leaf_new(p, &s->now.leaf, err);
	if (st == CKPT_OK)
		st = sym_leaf_new(p, &s->best.leaf, err);
	if (st == CKPT_OK)
		st = sym_leaf_new(p, &s->first.leaf, err);
	if (st == CKPT_OK)
		st = sym_cells_new(p, &root, err);
	if (st == CKPT_OK) {
		st = need_level(s, 0, &root);
		sym_cells_release(&root);
	}
	if (st == CKPT_OK)
		st = descend(s, 0, &jump);
	if (st == CKPT_OK) {
		*out = s->best.leaf;
		s->best.leaf.source = NULL;
	}
	for (i = 0; i < s->n_levels; i++) {
		sym_cells_release(s->levels[i]);
		free(s->levels[i]);
	}
	free(s->levels);
	sym_leaf_release(&s->now.leaf);
	sym_leaf_release(&s->best.leaf);
	sym_leaf_release(&s->first.leaf);
	free(s->now.path);
	free(s->best.path);
	free(s->first.path);
	sym_refine_release(&s->refine);
	sym_prune_release(&s->prune);
	free(s);
	return (st);
}
