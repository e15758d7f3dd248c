#include "arch.h"
#include "plans.h"

struct plans {
	const struct cli *cli;
	const char *arch;
	enum plans_graph want;
	size_t n;
	struct plan **plans; /* plans[0 .. n-1], the latest used first */
};

enum ckpt_status
plans_new(const struct cli *c, const char *arch, enum plans_graph want,
    struct plans **out, struct ckpt_error *err)
{
	struct plans *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->cli = c;
	p->arch = arch;
	p->want = want;
	*out = p;
	return (CKPT_OK);
}

static void
plan_free(struct plan *plan)
{
	sym_plan_free(plan->sym);
	symmetry_free(plan->table);
	graph_free(plan->graph);
	schema_unref(plan->schema);
	free(plan->text);
	free(plan);
}

void
plans_free(struct plans *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++)
		plan_free(p->plans[i]);
	free(p->plans);
	free(p);
}

/* Only statistics of a normalisation are permuted and nothing else. */
static bool
has_norms(const struct symmetry *s)
{
	size_t i;

	for (i = 0; i < s->n_axes; i++)
		if (s->axes[i].action == SYMMETRY_NONE)
			return (true);
	return (false);
}

/* The table: of the schema, or of the architecture that is chosen. */
static enum ckpt_status
find_table(struct plans *p, const struct model_head *head, struct plan *plan,
    struct ckpt_error *err)
{
	const struct schema *s = head->schema;
	enum ckpt_status st;

	if (p->arch == NULL && s->symmetry != NULL) {
		st = symmetry_parse(s->symmetry, strlen(s->symmetry),
		    &plan->table, err);
		if (st != CKPT_OK || p->want == PLANS_TABLE_ALONE ||
		    (p->want == PLANS_GRAPH_OF_NORMS &&
		    !has_norms(plan->table)))
			return (st);
		return (cli_arch_choose(p->cli, NULL, s, &head->meta,
		    &plan->graph, err));
	}
	st = cli_arch_choose(p->cli, p->arch, s, &head->meta, &plan->graph,
	    err);
	if (st != CKPT_OK)
		return (st);
	return (symmetry_derive(plan->graph, &plan->table, err));
}

static enum ckpt_status
plan_new(struct plans *p, const struct model_head *head, struct plan **out,
    struct ckpt_error *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct buf text;
	enum ckpt_status st;

	if (plan == NULL)
		return (error_nomem(err, sizeof(*plan)));
	buf_init(&text, SIZE_MAX / 2);
	plan->schema = schema_ref(head->schema);
	st = find_table(p, head, plan, err);
	if (st != CKPT_OK)
		goto err0;
	st = sym_plan_new(plan->table, plan->schema, &plan->sym, err);
	if (st != CKPT_OK)
		goto err0;
	st = symmetry_print(plan->table, &text, err);
	if (st != CKPT_OK)
		goto err0;
	st = buf_append(&text, "", 1, err);
	if (st != CKPT_OK)
		goto err0;
	plan->text = (char *)text.data;
	*out = plan;
	return (CKPT_OK);

err0:
	buf_release(&text);
	plan_free(plan);
	return (st);
}

/* Says which model it is, also where a line of an .arch file is named. */
static void
name_model(const char *label, struct ckpt_error *err)
{
	size_t n = strlen(err->text);

	if (err->where[0] == '\0')
		(void)error_where(err, label);
	else
		(void)snprintf(err->text + n, sizeof(err->text) - n,
		    " (model %.200s)", label);
}

enum ckpt_status
plans_get(struct plans *p, const struct model_head *head,
    const struct plan **out, struct ckpt_error *err)
{
	struct plan *plan = NULL, **plans;
	enum ckpt_status st;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (schema_equal(p->plans[i]->schema, head->schema))
			break;
	if (i < p->n) {
		plan = p->plans[i];
	} else {
		plans = realloc(p->plans, (p->n + 1) * sizeof(*plans));
		if (plans == NULL)
			return (error_nomem(err, sizeof(*plans)));
		p->plans = plans;
		st = plan_new(p, head, &plan, err);
		if (st != CKPT_OK) {
			name_model(head->label, err);
			return (st);
		}
		p->n++;
	}
	/* move to the front: streams stay with one schema */
	memmove(p->plans + 1, p->plans, i * sizeof(*p->plans));
	p->plans[0] = plan;
	*out = plan;
	return (CKPT_OK);
}
