/* From classes of channels to the lines and groups of the table. */
#include "graph/symmetry_derive.h"
#include "graph/symmetry_table.h"

/* One line of the table. The group is the class for now. */
static enum ckpt_status
add_axis(struct symmetry_derive *d, struct symmetry *s, size_t param,
    uint32_t axis, struct symmetry_part v, uint64_t start,
    struct ckpt_error *err)
{
	const struct symmetry_derive_param *p = &d->params[param];
	struct symmetry_axis *a;
	void *more;

	if ((s->n_axes & (s->n_axes - 1)) == 0) {
		more = realloc(s->axes, (2 * s->n_axes + 1) *
		    sizeof(*s->axes));
		if (more == NULL)
			return (error_nomem(err, s->n_axes * sizeof(*a)));
		s->axes = more;
	}
	a = &s->axes[s->n_axes];
	a->tensor = strdup(d->g->params[param].name);
	if (a->tensor == NULL)
		return (error_nomem(err, 1));
	a->axis = axis;
	a->start = start;
	a->group = v.class;
	a->block = v.block;
	a->slices = axis == 1 ? p->slices : 1;
	a->action = p->actions[axis];
	a->rank = p->rank;
	/* of a part, as many channels as it has go through one by one */
	if ((p->is_diagonal && a->action == SYMMETRY_IN) ||
	    (a->slices > 1 && start != SYMMETRY_WHOLE))
		a->slices = d->units.classes[v.class].n_units;
	s->n_axes++;
	return (CKPT_OK);
}

/* The lines of one axis: parts that are not fixed. */
static enum ckpt_status
add_axes(struct symmetry_derive *d, struct symmetry *s, size_t param,
    uint32_t axis, struct ckpt_error *err)
{
	const struct symmetry_derive_param *p = &d->params[param];
	const struct symmetry_class *c;
	struct symmetry_view v;
	uint64_t start = 0;
	size_t i;
	enum ckpt_status st;

	st = symmetry_units_find(&d->units, &p->views[axis], &v, err);
	for (i = 0; st == CKPT_OK && i < v.n; i++) {
		c = &d->units.classes[v.parts[i].class];
		/* a diagonal is for signs: what has none shows elsewhere */
		if (!c->is_anchored && !(p->is_diagonal && c->kinds == 0 &&
		    p->actions[axis] == SYMMETRY_IN))
			st = add_axis(d, s, param, axis, v.parts[i],
			    v.n == 1 ? SYMMETRY_WHOLE : start, err);
		start += d->units.classes[v.parts[i].class].n_units *
		    v.parts[i].block;
	}
	return (st);
}

static enum ckpt_status
make_axes(struct symmetry_derive *d, struct symmetry *s, struct ckpt_error *err)
{
	size_t i;
	uint32_t axis;
	enum ckpt_status st = CKPT_OK;

	for (i = 0; i < d->g->n_params && st == CKPT_OK; i++)
		for (axis = 0; axis < 2 && st == CKPT_OK; axis++)
			if (d->params[i].views[axis].n > 0)
				st = add_axes(d, s, i, axis, err);
	if (s->n_axes > 1)
		qsort(s->axes, s->n_axes, sizeof(*s->axes),
		    symmetry_axis_cmp);
	return (st);
}

/* Numbers the classes by first use; parents without an axis follow, by
 * their first child. `number` is SIZE_MAX for what is no group. */
static size_t
number_classes(const struct symmetry *s, const size_t *parents,
    size_t *number, size_t *class_of, size_t n)
{
	size_t i, k;

	for (i = k = 0; i < n; i++)
		number[i] = SIZE_MAX;
	for (i = 0; i < s->n_axes; i++)
		if (number[s->axes[i].group] == SIZE_MAX) {
			class_of[k] = s->axes[i].group;
			number[s->axes[i].group] = k++;
		}
	if (parents == NULL)
		return (k);
	for (i = 0; i < k; i++)
		if (parents[class_of[i]] != SIZE_MAX &&
		    number[parents[class_of[i]]] == SIZE_MAX) {
			class_of[k] = parents[class_of[i]];
			number[class_of[k]] = k;
			k++;
		}
	return (k);
}

static enum ckpt_status
make_groups(struct symmetry_derive *d, struct symmetry *s, size_t *number,
    size_t *class_of, size_t *parents, struct ckpt_error *err)
{
	const struct symmetry_class *c;
	struct symmetry_group *g;
	size_t i, n_acting;
	enum ckpt_status st;

	n_acting = number_classes(s, NULL, number, class_of, d->units.n);
	st = symmetry_units_settle(&d->units, number, parents, err);
	if (st != CKPT_OK)
		return (st);
	s->n_groups = number_classes(s, parents, number, class_of,
	    d->units.n);
	s->groups = calloc(s->n_groups + 1, sizeof(*s->groups));
	if (s->groups == NULL)
		return (error_nomem(err, s->n_groups));
	for (i = 0; i < s->n_groups; i++) {
		c = &d->units.classes[class_of[i]];
		g = &s->groups[i];
		g->n_units = (uint32_t)c->n_units;
		/* what has no axis of its own has nothing to scale */
		g->kinds = i < n_acting ? c->kinds : 0;
		g->is_fixed = c->is_fixed;
		g->parent = parents[class_of[i]] == SIZE_MAX ? SIZE_MAX :
		    number[parents[class_of[i]]];
	}
	for (i = 0; i < s->n_axes; i++)
		s->axes[i].group = number[s->axes[i].group];
	return (CKPT_OK);
}

enum ckpt_status
symmetry_lines(struct symmetry_derive *d, struct symmetry *s,
    struct ckpt_error *err)
{
	size_t n = d->units.n + 1, *work;
	enum ckpt_status st = make_axes(d, s, err);

	if (st != CKPT_OK)
		return (st);
	work = calloc(3 * n, sizeof(*work));
	if (work == NULL)
		return (error_nomem(err, 3 * n * sizeof(*work)));
	st = make_groups(d, s, work, work + n, work + 2 * n, err);
	free(work);
	return (st);
}
