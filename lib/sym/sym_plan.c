#include "sym/sym_plan.h"

void
sym_plan_free(struct sym_plan *p)
{
	if (p == NULL)
		return;
	symmetry_free(p->table);
	schema_unref(p->schema);
	free(p->tensors);
	free(p->tensor_of);
	free(p->first_element);
	free(p->uses);
	free(p->first_use);
	free(p->steps);
	free(p->first_unit);
	free(p->first_point);
	free(p->relations);
	free(p->family);
	free(p->has_blocks);
	free(p->parents_first);
	free(p->signed_groups);
	free(p);
}

static enum ckpt_status
copy_table(const struct symmetry *table, struct symmetry **out,
    struct ckpt_error *err)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	enum ckpt_status st = symmetry_print(table, &text, err);

	/* through its text, which also checks it */
	if (st == CKPT_OK)
		st = symmetry_parse((const char *)text.data, text.len, out,
		    err);
	buf_release(&text);
	return (st);
}

static int
tensor_cmp(const void *a, const void *b, void *arg)
{
	const struct sym_tensor *x = a, *y = b;
	const struct schema *s = arg;
	const struct tensor_desc *d = &s->tensors[x->index];
	const struct tensor_desc *e = &s->tensors[y->index];

	if (x->rank != y->rank)
		return (x->rank < y->rank ? -1 : 1);
	if (d->n_dims != e->n_dims)
		return (d->n_dims > e->n_dims ? -1 : 1);
	if (x->index == y->index) /* parts, as they are stored */
		return (x->first < y->first ? -1 : x->first > y->first);
	return (strcmp(d->name, e->name));
}

static enum ckpt_status
make_tensors(struct sym_plan *p, struct ckpt_error *err)
{
	const struct symmetry *s = p->table;
	const struct sym_tensor *t;
	size_t i, n, capacity = 0;
	enum ckpt_status st;

	for (i = 0; i < s->n_axes; i += n) {
		for (n = 1; i + n < s->n_axes; n++)
			if (strcmp(s->axes[i].tensor,
			    s->axes[i + n].tensor) != 0)
				break;
		st = sym_part_add(p, &s->axes[i], n, &capacity, err);
		if (st != CKPT_OK)
			return (st);
	}
	p->tensor_of = calloc(p->schema->n_tensors + 1,
	    sizeof(*p->tensor_of));
	p->first_element = calloc(p->n_tensors + 1,
	    sizeof(*p->first_element));
	if (p->tensor_of == NULL || p->first_element == NULL)
		return (error_nomem(err, s->n_axes * sizeof(*p->tensors)));
	if (p->n_tensors > 1)
		qsort_r(p->tensors, p->n_tensors, sizeof(*p->tensors),
		    tensor_cmp, p->schema);
	for (i = 0; i < p->schema->n_tensors; i++)
		p->tensor_of[i] = SIZE_MAX;
	for (i = 0; i < p->n_tensors; i++) {
		t = &p->tensors[i];
		if (p->tensor_of[t->index] == SIZE_MAX)
			p->tensor_of[t->index] = i;
		p->first_element[i] = p->n_elements;
		if (t->inner > p->max_inner)
			p->max_inner = t->inner;
		if (t->pitch > p->max_row)
			p->max_row = t->pitch;
		if (t->cols > p->max_cols)
			p->max_cols = t->cols;
		p->n_elements += t->rows * t->cols * t->inner;
	}
	return (CKPT_OK);
}

static enum ckpt_status
make_uses(struct sym_plan *p, struct ckpt_error *err)
{
	size_t n = sym_n_groups(p), g, i, k = 0;

	p->uses = calloc(2 * p->n_tensors + 1, sizeof(*p->uses));
	p->first_use = calloc(n + 1, sizeof(*p->first_use));
	p->first_unit = calloc(n + 1, sizeof(*p->first_unit));
	if (p->uses == NULL || p->first_use == NULL || p->first_unit == NULL)
		return (error_nomem(err, n * sizeof(*p->first_use)));
	/* count, then sum, then place */
	for (i = 0; i < p->n_tensors; i++) {
		if (p->tensors[i].row.group != SIZE_MAX)
			p->first_use[p->tensors[i].row.group]++;
		if (p->tensors[i].col.group != SIZE_MAX)
			p->first_use[p->tensors[i].col.group]++;
	}
	for (g = 0; g < n; g++) {
		p->first_unit[g + 1] = p->first_unit[g] +
		    p->table->groups[g].n_units;
		k += p->first_use[g];
		p->first_use[g] = k;
	}
	p->first_use[n] = k;
	for (i = p->n_tensors; i-- > 0;) {
		if (p->tensors[i].col.group != SIZE_MAX)
			p->uses[--p->first_use[p->tensors[i].col.group]] =
			    (struct sym_use){ i, true };
		if (p->tensors[i].row.group != SIZE_MAX)
			p->uses[--p->first_use[p->tensors[i].row.group]] =
			    (struct sym_use){ i, false };
	}
	return (CKPT_OK);
}

/* Forward: rank, then group, ascending; backward: both descending. */
static int
step_cmp(const void *a, const void *b)
{
	const struct sym_step *x = a, *y = b;
	int c;

	if (x->action != y->action)
		return (x->action == SYMMETRY_OUT ? -1 : 1);
	if (x->rank != y->rank)
		c = x->rank < y->rank ? -1 : 1;
	else
		c = x->group < y->group ? -1 : x->group > y->group;
	return (x->action == SYMMETRY_OUT ? c : -c);
}

static void
add_step(struct sym_plan *p, const struct sym_tensor *t,
    const struct sym_side *side)
{
	if (sym_is_scaled(p, side->group) && side->action != SYMMETRY_NONE)
		p->steps[p->n_steps++] = (struct sym_step){ side->group,
		    t->rank, side->action };
}

static enum ckpt_status
make_steps(struct sym_plan *p, struct ckpt_error *err)
{
	size_t i, n;

	p->steps = calloc(2 * p->n_tensors + 1, sizeof(*p->steps));
	if (p->steps == NULL)
		return (error_nomem(err, p->n_tensors * sizeof(*p->steps)));
	for (i = 0; i < p->n_tensors; i++) {
		add_step(p, &p->tensors[i], &p->tensors[i].row);
		add_step(p, &p->tensors[i], &p->tensors[i].col);
	}
	if (p->n_steps == 0)
		return (CKPT_OK);
	qsort(p->steps, p->n_steps, sizeof(*p->steps), step_cmp);
	for (i = n = 1; i < p->n_steps; i++)
		if (step_cmp(&p->steps[i], &p->steps[n - 1]) != 0)
			p->steps[n++] = p->steps[i];
	p->n_steps = n;
	return (CKPT_OK);
}

enum ckpt_status
sym_plan_new(const struct symmetry *table, struct schema *schema,
    struct sym_plan **out, struct ckpt_error *err)
{
	struct sym_plan *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->schema = schema_ref(schema);
	st = copy_table(table, &p->table, err);
	if (st == CKPT_OK)
		st = symmetry_id(p->table, &p->id, err);
	if (st == CKPT_OK)
		st = make_tensors(p, err);
	if (st == CKPT_OK)
		st = make_uses(p, err);
	if (st == CKPT_OK)
		st = make_steps(p, err);
	if (st == CKPT_OK)
		st = sym_plan_relate(p, err);
	if (st != CKPT_OK) {
		sym_plan_free(p);
		return (st);
	}
	*out = p;
	return (CKPT_OK);
}

const struct symmetry *
sym_plan_table(const struct sym_plan *p)
{
	return (p->table);
}

struct schema *
sym_plan_schema(const struct sym_plan *p)
{
	return (p->schema);
}

const struct sym_tensor *
sym_plan_tensors(const struct sym_plan *p, size_t *n)
{
	*n = p->n_tensors;
	return (p->tensors);
}

const struct sym_use *
sym_plan_uses(const struct sym_plan *p, size_t group, size_t *n)
{
	*n = p->first_use[group + 1] - p->first_use[group];
	return (p->uses + p->first_use[group]);
}

enum ckpt_status
sym_plan_check(const struct sym_plan *p, const struct schema *s,
    struct ckpt_error *err)
{
	const struct tensor_desc *a, *b;
	size_t i;

	if (s == p->schema)
		return (CKPT_OK);
	if (s->n_tensors != p->schema->n_tensors)
		goto bad;
	for (i = 0; i < s->n_tensors; i++) {
		a = &s->tensors[i];
		b = &p->schema->tensors[i];
		if (strcmp(a->name, b->name) != 0 || a->dtype != b->dtype ||
		    a->n_dims != b->n_dims || memcmp(a->dims, b->dims,
		    a->n_dims * sizeof(*a->dims)) != 0)
			goto bad;
	}
	return (CKPT_OK);

bad:
	return (error_set(err, CKPT_USAGE,
	    "the model is of another schema than its symmetries"));
}
