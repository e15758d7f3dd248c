#include "sym/sym_prune.h"

void
sym_prune_init(struct sym_prune *u, const struct sym_plan *p)
{
	u->p = p;
	u->n_levels = 0;
	u->levels = NULL;
}

void
sym_prune_release(struct sym_prune *u)
{
	size_t i;

	for (i = 0; i < u->n_levels; i++)
		free(u->levels[i].up);
	free(u->levels);
}

enum ckpt_status
sym_prune_enter(struct sym_prune *u, size_t level, struct ckpt_error *err)
{
	size_t n = u->p->first_point[sym_n_groups(u->p)], i;
	struct sym_prune_level *l;

	if (level >= u->n_levels) {
		l = realloc(u->levels, (level + 1) * sizeof(*l));
		if (l == NULL)
			return (error_nomem(err, (level + 1) * sizeof(*l)));
		u->levels = l;
		l[level].up = calloc(n + 1, sizeof(*l->up) + 1);
		if (l[level].up == NULL)
			return (error_nomem(err, n * sizeof(*l->up)));
		l[level].seen = (unsigned char *)(l[level].up + n + 1);
		u->n_levels++;
	}
	l = &u->levels[level];
	for (i = 0; i < n; i++)
		l->up[i] = (uint32_t)i;
	memset(l->seen, 0, n);
	return (CKPT_OK);
}

static uint32_t
find(struct sym_prune_level *l, size_t point)
{
	uint32_t i = (uint32_t)point;

	while (l->up[i] != i) {
		l->up[i] = l->up[l->up[i]];
		i = l->up[i];
	}
	return (i);
}

static void
unite(struct sym_prune_level *l, size_t a, size_t b)
{
	uint32_t x = find(l, a), y = find(l, b);

	if (x == y)
		return;
	l->up[x] = y;
	l->seen[y] |= l->seen[x];
}

bool
sym_prune_take(struct sym_prune *u, size_t level, size_t point)
{
	struct sym_prune_level *l = &u->levels[level];
	uint32_t root = find(l, point);

	if (l->seen[root])
		return (false);
	l->seen[root] = 1;
	return (true);
}

void
sym_prune_learn(struct sym_prune *u, size_t level, const struct sym_leaf *a,
    const struct sym_leaf *b)
{
	const struct sym_plan *p = u->p;
	size_t g, i, k, x, y, first;
	unsigned doubled;

	for (g = 0; g < sym_n_groups(p); g++) {
		doubled = sym_cells_doubled(p, g);
		first = p->first_point[g];
		for (i = p->first_unit[g]; i < p->first_unit[g + 1]; i++) {
			x = ((size_t)a->source[i] << doubled) +
			    (a->sign[i] < 0);
			y = ((size_t)b->source[i] << doubled) +
			    (b->sign[i] < 0);
			if (x == y)
				continue;
			/* what keeps the way to a level keeps those to all
			 * levels above */
			for (k = 0; k <= level; k++) {
				unite(&u->levels[k], first + x, first + y);
				if (doubled)
					unite(&u->levels[k], first + (x ^ 1),
					    first + (y ^ 1));
			}
		}
	}
}
