/*
 * align_form: the forms that round: the paper's, and the least mass.
 */
#include "base/banned.h"
#include "align.h"

/* A model on its way to a form. */
struct form {
	const struct align *a;
	struct align_item *item;
	const struct model *from;    /* the item's, or `scaled` */
	const struct sym_plan *plan; /* of its schema */
	struct model scaled;         /* with filters at other scales */
	struct sym_plan *own;        /* of that */
	struct match_map map;
};

/* Whether eps shows the scale of filters in the function: that of a batch
 * norm does not, since its running variance takes it up. */
static bool
shows_scales(const struct graph *g)
{
	size_t i;

	for (i = 0; i < g->n_nodes; i++)
		if (graph_op_is_norm(g->nodes[i].op) &&
		    g->nodes[i].op != GRAPH_BATCH_NORM)
			return (true);
	return (false);
}

/* Filters before normalisations are scaled in a copy. */
static enum ckpt_status
scale_filters(struct form *f, const struct match_mass_result *r,
    struct ckpt_error *err)
{
	const struct align_plan *p = f->item->plan;
	size_t n_kept = 0;
	enum ckpt_status st;

	if (p->mass->n_filters == 0)
		return (CKPT_OK);
	f->item->is_near = shows_scales(p->plan->graph);
	st = match_mass_scale_filters(p->mass->mass, p->plan->graph, r,
	    f->from, &f->scaled, &n_kept, err);
	if (st == CKPT_OK)
		st = sym_plan_new(p->plan->table, f->scaled.head.schema,
		    &f->own, err);
	if (st == CKPT_OK && n_kept > 0)
		st = mass_note(&f->item->note, err, "%zu filters keep their "
		    "norms: their running variances are too small", n_kept);
	f->from = &f->scaled;
	f->plan = f->own;
	return (st);
}

/* The scales of the least mass. */
static enum ckpt_status
scale_to_mass(struct form *f, struct ckpt_error *err)
{
	struct align_item *item = f->item;
	struct match_mass_result r;
	enum ckpt_status st;
	size_t g;
	uint32_t u;

	st = mass_solve(item->plan->mass, &item->in, &r, &item->note, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < f->map.n_groups; g++)
		for (u = 0; u < f->map.n_units[g]; u++)
			f->map.units[g][u].factor = r.factors[g][u];
	item->before = r.mass;
	item->after = r.least;
	st = scale_filters(f, &r, err);
	match_mass_result_release(&r);
	return (st);
}

/* The paper's order, and its scales unless others are there already. */
static enum ckpt_status
order(struct form *f, enum match_scale scale, struct ckpt_error *err)
{
	const struct match_shape *s = f->item->plan->shape;
	const size_t n = s->total + s->max_tensor + 1;
	double *w = malloc(n * sizeof(*w));
	enum ckpt_status st;

	if (w == NULL)
		return (error_nomem(err, n * sizeof(*w)));
	(void)match_load(s, f->plan, f->from, w);
	if (f->a->scale == MATCH_SCALE_MASS)
		match_apply(s, &f->map, NULL, w, w + s->total);
	st = match_paper(s, scale, true, w, &f->map, err);
	free(w);
	return (st);
}

static enum ckpt_status
run(struct form *f, struct ckpt_error *err)
{
	const bool is_mass = f->a->scale == MATCH_SCALE_MASS;
	enum ckpt_status st = CKPT_OK;

	if (is_mass)
		st = scale_to_mass(f, err);
	if (st == CKPT_OK && f->a->method == ALIGN_PAPER)
		st = order(f, is_mass ? MATCH_SCALE_NONE : f->a->scale, err);
	if (st != CKPT_OK)
		return (st);
	return (align_put_rounded(f->a, f->item, f->plan, f->from, &f->map,
	    err));
}

static enum ckpt_status
put_form(const struct align *a, struct align_item *item, const char *stage,
    struct ckpt_error *err)
{
	struct form f = { .a = a, .item = item, .from = &item->in,
	    .plan = item->plan->plan->sym };
	enum ckpt_status st = match_map_new(item->plan->shape, &f.map, err);

	if (st != CKPT_OK)
		return (st);
	item->stage = stage;
	st = run(&f, err);
	match_map_release(&f.map);
	sym_plan_free(f.own);
	model_release(&f.scaled);
	return (st);
}

enum ckpt_status
align_paper(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	return (put_form(a, item, "paper", err));
}

enum ckpt_status
align_scale(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	return (put_form(a, item, "min-mass", err));
}
