#include "base/banned.h"
#include "align.h"

/* A copy of a schema, with weights of `dtype` where that is not 0, that
 * states the symmetries. */
static enum ckpt_status
derive(const struct plan *plan, enum ckpt_dtype dtype, struct schema **out,
    struct ckpt_error *err)
{
	struct schema *s;
	enum ckpt_status st;

	st = schema_derive(plan->schema, NULL, dtype, &s, err);
	if (st != CKPT_OK)
		return (st);
	st = schema_set_symmetry(s, plan->text, err);
	if (st != CKPT_OK) {
		schema_unref(s);
		return (st);
	}
	*out = s;
	return (CKPT_OK);
}

void
align_plan_free(struct align_plan *p)
{
	if (p == NULL)
		return;
	align_check_free(p->check);
	mass_plan_free(p->mass);
	sym_plan_free(p->wide);
	match_shape_free(p->shape);
	schema_unref(p->same);
	schema_unref(p->as_f32);
	schema_unref(p->as_f64);
	free(p);
}

/* What forms that round work with. */
static enum ckpt_status
prepare_form(struct align_plan *p, struct ckpt_error *err)
{
	enum ckpt_status st = sym_plan_new(p->plan->table, p->as_f64,
	    &p->wide, err);

	if (st == CKPT_OK && p->plan->graph != NULL)
		st = match_filters_count(p->plan->graph, &p->n_filters, err);
	return (st);
}

static enum ckpt_status
plan_new(const struct align *a, const struct plan *plan,
    struct align_plan **out, struct ckpt_error *err)
{
	struct align_plan *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->plan = plan;
	st = derive(plan, 0, &p->same, err);
	if (st == CKPT_OK)
		st = derive(plan, CKPT_F32, &p->as_f32, err);
	if (st == CKPT_OK)
		st = derive(plan, CKPT_F64, &p->as_f64, err);
	if (st == CKPT_OK && a->method != ALIGN_RESTORE)
		st = match_shape_new(plan->sym, &p->shape, err);
	if (st == CKPT_OK && a->scale == MATCH_SCALE_MASS)
		st = mass_plan_new(&a->cli, plan, a->with_bias, &p->mass, err);
	if (st == CKPT_OK && (a->method == ALIGN_PAPER ||
	    a->method == ALIGN_SCALE))
		st = prepare_form(p, err);
	if (st == CKPT_OK && a->report != NULL)
		st = align_check_new(a, p, &p->check, err);
	if (st != CKPT_OK) {
		align_plan_free(p);
		return (st);
	}
	*out = p;
	return (CKPT_OK);
}

enum ckpt_status
align_plan_get(struct align *a, const struct model_head *head,
    struct align_plan **out, struct ckpt_error *err)
{
	const struct plan *plan;
	struct align_plan *p = NULL, **per_plan;
	enum ckpt_status st;
	size_t i;

	st = plans_get(a->plans, head, &plan, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < a->n_plans; i++)
		if (a->per_plan[i]->plan == plan) {
			*out = a->per_plan[i];
			return (CKPT_OK);
		}
	per_plan = realloc(a->per_plan, (i + 1) * sizeof(*per_plan));
	if (per_plan == NULL)
		return (error_nomem(err, (i + 1) * sizeof(*per_plan)));
	a->per_plan = per_plan;
	st = plan_new(a, plan, &p, err);
	if (st != CKPT_OK)
		return (st);
	a->per_plan[a->n_plans++] = p;
	*out = p;
	return (CKPT_OK);
}

/* Same tensors: dtypes alone can tell the schemas of a plan apart. */
static bool
same_dtypes(const struct schema *a, const struct schema *b)
{
	size_t i;

	for (i = 0; i < a->n_tensors; i++)
		if (a->tensors[i].dtype != b->tensors[i].dtype)
			return (false);
	return (true);
}

void
align_state_symmetry(const struct align_plan *p, struct model *m)
{
	struct schema *s = m->head.schema, *known[3];
	size_t i;

	known[0] = p->same;
	known[1] = p->as_f32;
	known[2] = p->as_f64;
	for (i = 0; i < 3; i++)
		if (s == p->plan->schema || same_dtypes(s, known[i]))
			break;
	if (i == 3 || s == known[i])
		return;
	m->head.schema = schema_ref(known[i]);
	schema_unref(s);
}
