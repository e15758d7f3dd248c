/*
 * eval_exchange: whether units are exchangeable over a collection: then the
 * one that holds the largest weight is any with the same chance (Laurent,
 * Aldea, Franchi, ICLR 2024).
 */
#include "eval_exchange.h"

#include <math.h>

enum { TIED = -1, NOT_FINITE = -2 };

/* ---- the first model ---- */

/* TENSOR or TENSOR:AXIS; a tensor of the whole name comes first. */
static enum ckpt_status
parse(struct exchange *x, const struct schema *schema,
    struct ckpt_error *err)
{
	const char *text = x->options->exchangeable;
	const char *colon = strrchr(text, ':');
	size_t n = strlen(text);

	x->wanted = -1;
	if (schema_find(schema, text) == SIZE_MAX && colon != NULL &&
	    colon[1] >= '0' && colon[1] <= '9' && colon[2] == '\0') {
		n = (size_t)(colon - text);
		x->wanted = colon[1] - '0';
	}
	x->tensor = strndup(text, n);
	if (x->tensor == NULL)
		return (error_nomem(err, n));
	if (schema_find(schema, x->tensor) == SIZE_MAX)
		return (error_set(err, CKPT_INVALID, "it has no tensor "
		    "\"%.200s\"", x->tensor));
	return (CKPT_OK);
}

/* Units that exchange places: all, or where blocks keep theirs those of a
 * block. */
static size_t
cells_of(const struct symmetry *table, size_t group)
{
	const struct symmetry_group *g = &table->groups[group];
	size_t parent = g->parent, outer = 1;

	for (; parent != SIZE_MAX; parent = table->groups[parent].parent)
		if (table->groups[parent].is_fixed) {
			outer = table->groups[parent].n_units;
			break;
		}
	return (g->n_units / outer);
}

/* Whether a part of the tensor has the group on its rows, or columns. */
static bool
has_side(const struct exchange *x, size_t group, bool is_col)
{
	const struct schema *schema = sym_plan_schema(x->shape->plan);
	const struct sym_tensor *t = x->shape->tensors;

	for (size_t i = 0; i < x->shape->n_tensors; i++)
		if (strcmp(schema->tensors[t[i].index].name, x->tensor) ==
		    0 && (is_col ? t[i].col.group : t[i].row.group) == group)
			return (true);
	return (false);
}

static enum ckpt_status
add_axis(struct exchange *x, const struct symmetry_axis *line,
    struct ckpt_error *err)
{
	struct axis *axes = realloc(x->axes, (x->n_axes + 1) *
	    sizeof(*axes));
	struct axis *a;

	if (axes == NULL)
		return (error_nomem(err, sizeof(*axes)));
	x->axes = axes;
	a = &axes[x->n_axes];
	*a = (struct axis){ .number = line->axis, .group = line->group,
	    .n_cells = cells_of(x->shape->table, line->group) };
	x->n_axes++;
	a->is_col = !has_side(x, line->group, false) || (line->axis > 0 &&
	    has_side(x, line->group, true));
	a->counts = calloc(a->n_cells + 1, sizeof(*a->counts));
	if (a->counts == NULL)
		return (error_nomem(err, a->n_cells * sizeof(*a->counts)));
	return (eval_group_name(x->shape, line->group, &a->group_name, err));
}

/* Whether a line says of an axis that is not there, or is 1 long, what another
 * says of a longer one: the gain of a normalisation, a depthwise filter. */
static bool
is_diagonal(const struct exchange *x, const struct symmetry_axis *line)
{
	const struct schema *schema = sym_plan_schema(x->shape->plan);
	const struct tensor_desc *d = &schema->tensors[schema_find(schema,
	    x->tensor)];
	const struct symmetry *table = x->shape->table;
	const size_t *family = x->shape->family;

	if (line->axis < d->n_dims && d->dims[line->axis] > 1)
		return (false);
	for (size_t i = 0; i < table->n_axes; i++)
		if (strcmp(table->axes[i].tensor, x->tensor) == 0 &&
		    table->axes[i].axis != line->axis &&
		    family[table->axes[i].group] == family[line->group])
			return (true);
	return (false);
}

static bool
is_known(const struct exchange *x, const struct symmetry_axis *line)
{
	for (size_t i = 0; i < x->n_axes; i++)
		if (x->axes[i].number == line->axis &&
		    x->axes[i].group == line->group)
			return (true);
	return (false);
}

/* The lines of the table of symmetries that are about the tensor. */
static enum ckpt_status
find_axes(struct exchange *x, struct ckpt_error *err)
{
	const struct symmetry *table = x->shape->table;
	enum ckpt_status st = CKPT_OK;

	for (size_t i = 0; i < table->n_axes && st == CKPT_OK; i++) {
		const struct symmetry_axis *line = &table->axes[i];

		if (strcmp(line->tensor, x->tensor) == 0 &&
		    (x->wanted < 0 || line->axis == x->wanted) &&
		    !table->groups[line->group].is_fixed &&
		    !is_known(x, line) && !is_diagonal(x, line))
			st = add_axis(x, line, err);
	}
	if (st != CKPT_OK || x->n_axes > 0)
		return (st);
	if (x->wanted < 0)
		return (error_set(err, CKPT_INVALID, "no axis of "
		    "\"%.200s\" is permuted by its symmetries", x->tensor));
	return (error_set(err, CKPT_INVALID, "axis %d of \"%.200s\" is not "
	    "permuted by its symmetries", (int)x->wanted, x->tensor));
}

static enum ckpt_status
begin(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct exchange *x = arg;
	enum ckpt_status st = parse(x, one->model.head.schema, err);

	if (st == CKPT_OK)
		st = match_shape_new(one->plan->sym, &x->shape, err);
	if (st == CKPT_OK)
		st = find_axes(x, err);
	return (st);
}

/* ---- each model ---- */

struct largest {
	double value;
	int64_t cell; /* or TIED, NOT_FINITE */
};

static void
look(struct largest *l, double v, int64_t cell)
{
	if (!isfinite(v))
		l->cell = NOT_FINITE;
	if (l->cell == NOT_FINITE)
		return;
	if (v > l->value) {
		l->value = v;
		l->cell = cell;
	} else if (!(v < l->value) && l->cell != cell) {
		l->cell = TIED;
	}
}

/* The part `t` of the tensor, whose elements are w. */
static void
look_at_part(const struct axis *a, const struct sym_tensor *t,
    const double *w, struct largest *l)
{
	for (uint64_t r = 0; r < t->rows; r++)
		for (uint64_t c = 0; c < t->cols; c++) {
			const uint64_t unit = a->is_col ?
			    sym_col_unit(t, r, c) : sym_row_unit(t, r);

			for (uint64_t k = 0; k < t->inner; k++)
				look(l, *w++, (int64_t)(unit % a->n_cells));
		}
}

static enum ckpt_status
look_at_axis(const struct exchange *x, const struct eval_one *one,
    const struct axis *a, int64_t *out, struct ckpt_error *err)
{
	const struct schema *schema = one->model.head.schema;
	struct largest l = { -INFINITY, TIED };
	size_t n;
	const struct sym_tensor *t = sym_plan_tensors(one->plan->sym, &n);

	for (size_t i = 0; i < n; i++) {
		const struct tensor_desc *d = &schema->tensors[t[i].index];
		double *w;

		if (strcmp(d->name, x->tensor) != 0 || (a->is_col ?
		    t[i].col.group : t[i].row.group) != a->group)
			continue;
		w = malloc((size_t)(t[i].rows * t[i].cols * t[i].inner) *
		    sizeof(*w));
		if (w == NULL)
			return (error_nomem(err, d->n_elements *
			    sizeof(*w)));
		sym_tensor_load(&t[i], d->dtype, one->model.data + d->offset,
		    w);
		look_at_part(a, &t[i], w, &l);
		free(w);
	}
	*out = l.cell;
	return (CKPT_OK);
}

static enum ckpt_status
work(void *arg, struct eval_one *one, struct ckpt_error *err)
{
	const struct exchange *x = arg;
	int64_t *cells;
	enum ckpt_status st = CKPT_OK;

	if (!match_fits(x->shape, one->plan->sym))
		return (error_set(err, CKPT_INVALID, "its tensors or "
		    "symmetries are not those of the first model"));
	cells = calloc(x->n_axes, sizeof(*cells));
	if (cells == NULL)
		return (error_nomem(err, x->n_axes * sizeof(*cells)));
	one->result = cells;
	for (size_t i = 0; i < x->n_axes && st == CKPT_OK; i++)
		st = look_at_axis(x, one, &x->axes[i], &cells[i], err);
	return (st);
}

static enum ckpt_status
consume(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct exchange *x = arg;
	const int64_t *cells = one->result;

	(void)err;
	x->n_models++;
	for (size_t i = 0; i < x->n_axes; i++)
		if (cells[i] == TIED)
			x->axes[i].n_tied++;
		else if (cells[i] == NOT_FINITE)
			x->axes[i].n_not_finite++;
		else
			x->axes[i].counts[cells[i]]++;
	return (CKPT_OK);
}

/* ---- the whole ---- */

static void
warn(const struct exchange *x, const struct axis *a)
{
	if (a->n_tied > 0)
		cli_warn(x->cli, "%s, axis %u: left out of %zu models: %llu "
		    "whose largest weight is in several units", x->tensor,
		    a->number, x->n_models, (unsigned long long)a->n_tied);
	if (a->n_not_finite > 0)
		cli_warn(x->cli, "%s, axis %u: left out of %zu models: %llu "
		    "with NaN or infinite weights", x->tensor, a->number,
		    x->n_models, (unsigned long long)a->n_not_finite);
}

static enum ckpt_status
run(struct exchange *x, struct plans *plans, struct ckpt_error *err)
{
	const struct eval_pass pass = { .cli = x->cli, .plans = plans,
	    .arg = x, .begin = begin, .work = work, .consume = consume };
	enum ckpt_status st;

	st = eval_pass_run(&pass, x->cli->args, x->cli->n_args, err);
	if (st == CKPT_OK && x->n_models < 2)
		st = error_set(err, CKPT_INVALID, "--exchangeable is about "
		    "a collection: one model is not enough");
	for (size_t i = 0; i < x->n_axes && st == CKPT_OK; i++)
		warn(x, &x->axes[i]);
	if (st == CKPT_OK)
		st = eval_exchange_put(x, err);
	if (st == CKPT_OK && x->options->plot != NULL)
		st = eval_exchange_draw(x, err);
	return (st);
}

enum ckpt_status
eval_exchange(const struct cli *c, const struct eval_options *o,
    struct outfile *out, struct ckpt_error *err)
{
	struct exchange x = { .cli = c, .options = o, .out = out };
	struct plans *plans = NULL;
	enum ckpt_status st = plans_new(c, o->arch, PLANS_TABLE_ALONE,
	    &plans, err);

	if (st == CKPT_OK)
		st = run(&x, plans, err);
	for (size_t i = 0; i < x.n_axes; i++) {
		free(x.axes[i].group_name);
		free(x.axes[i].counts);
	}
	free(x.axes);
	free(x.tensor);
	match_shape_free(x.shape);
	plans_free(plans);
	return (st);
}
