/*
 * align_form: the forms that round: the paper's, unit norms, the least mass,
 * with or without the softmax's translation.
 *
 * What the table of symmetries has no part in (filters before normalisations,
 * the translation) is done to copies of the model in double, between the
 * scales and the order, which looks at the filters.
 */
#include "base/banned.h"
#include "align.h"

/* A model on its way to a form. */
struct form {
	const struct align *a;
	struct align_item *item;
	const struct graph *graph;
	const struct model *from;    /* the item's, or `copy` */
	const struct sym_plan *plan; /* of its schema */
	struct model copy;           /* in double */
	struct match_map map;        /* from there to the form */
	uint64_t moved;              /* units, on the way to the copy */
};

/* The copy takes the place of what it was made of, its plan that of double. */
static void
take_copy(struct form *f, struct model *copy)
{
	model_release(&f->copy);
	f->copy = *copy;
	f->from = &f->copy;
	f->plan = f->item->plan->wide;
}

/* The model under the map, in double. */
static enum ckpt_status
widen(struct form *f, struct ckpt_error *err)
{
	struct model copy;
	enum ckpt_status st;

	st = match_write(f->plan, &f->map, f->from, f->item->plan->as_f64,
	    &copy, err);
	if (st != CKPT_OK)
		return (st);
	f->moved = match_map_moved(&f->map);
	match_map_reset(&f->map);
	take_copy(f, &copy);
	return (CKPT_OK);
}

/* ---- the least mass ---- */

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

static enum ckpt_status
note_kept(struct form *f, size_t n_kept, struct ckpt_error *err)
{
	if (n_kept == 0)
		return (CKPT_OK);
	return (mass_note(&f->item->note, err, "%zu filters keep their "
	    "norms: their running variances are too small", n_kept));
}

/* Filters before normalisations, in a copy. */
static enum ckpt_status
scale_mass_filters(struct form *f, const struct match_mass_result *r,
    struct ckpt_error *err)
{
	const struct align_plan *p = f->item->plan;
	struct model copy;
	size_t n_kept = 0;
	enum ckpt_status st;

	if (p->mass->n_filters == 0)
		return (CKPT_OK);
	f->item->is_near = shows_scales(f->graph);
	st = match_mass_scale_filters(p->mass->mass, f->graph, r, f->from,
	    &copy, &n_kept, err);
	if (st != CKPT_OK)
		return (st);
	take_copy(f, &copy);
	return (note_kept(f, n_kept, err));
}

static enum ckpt_status
scale_to_mass(struct form *f, struct ckpt_error *err)
{
	struct align_item *item = f->item;
	struct match_mass_result r;
	enum ckpt_status st;
	size_t g;
	uint32_t u;

	st = mass_solve(item->plan->mass, f->plan, f->from, &r, &item->note,
	    err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < f->map.n_groups; g++)
		for (u = 0; u < f->map.n_units[g]; u++)
			f->map.units[g][u].factor = r.factors[g][u];
	item->before = r.mass;
	item->after = r.least;
	st = scale_mass_filters(f, &r, err);
	match_mass_result_release(&r);
	return (st);
}

/* ---- unit norms and order ---- */

/* Scales and order by match_paper, behind the map so far. */
static enum ckpt_status
order(struct form *f, enum match_scale scale, bool is_sorted,
    struct ckpt_error *err)
{
	const struct match_shape *s = f->item->plan->shape;
	const size_t n = s->total + s->max_tensor + 1;
	double *w = malloc(n * sizeof(*w));
	enum ckpt_status st;

	if (w == NULL)
		return (error_nomem(err, n * sizeof(*w)));
	(void)match_load(s, f->plan, f->from, w);
	match_apply(s, &f->map, NULL, w, w + s->total);
	st = match_paper(s, scale, is_sorted, w, &f->map, err);
	free(w);
	return (st);
}

/* Units to unit norm, and then the filters before batch norms, in a copy. */
static enum ckpt_status
scale_to_unit(struct form *f, struct ckpt_error *err)
{
	struct model copy;
	size_t n_kept = 0;
	enum ckpt_status st = order(f, MATCH_SCALE_UNIT, false, err);

	if (st == CKPT_OK)
		st = widen(f, err);
	if (st == CKPT_OK)
		st = match_filters_unit(f->graph, f->from, &copy, &n_kept,
		    err);
	if (st != CKPT_OK)
		return (st);
	take_copy(f, &copy);
	return (note_kept(f, n_kept, err));
}

static enum ckpt_status
run(struct form *f, struct ckpt_error *err)
{
	enum match_scale scale = f->a->scale;
	bool is_sorted = f->a->method == ALIGN_PAPER;
	enum ckpt_status st = CKPT_OK;

	if (f->a->is_centered) {
		st = widen(f, err);
		if (st == CKPT_OK)
			st = match_filters_center(f->graph, &f->copy, err);
	}
	if (st == CKPT_OK && scale == MATCH_SCALE_MASS)
		st = scale_to_mass(f, err);
	else if (st == CKPT_OK && scale == MATCH_SCALE_UNIT &&
	    f->item->plan->n_filters > 0)
		st = scale_to_unit(f, err);
	else if (st == CKPT_OK)
		return (order(f, scale, is_sorted, err));
	if (st == CKPT_OK && is_sorted)
		st = order(f, MATCH_SCALE_NONE, true, err);
	return (st);
}

enum ckpt_status
align_form(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	struct form f = { .a = a, .item = item, .from = &item->in,
	    .plan = item->plan->plan->sym,
	    .graph = item->plan->plan->graph };
	enum ckpt_status st = match_map_new(item->plan->shape, &f.map, err);

	if (st != CKPT_OK)
		return (st);
	item->stage = a->method == ALIGN_PAPER ? "paper" :
	    a->scale == MATCH_SCALE_MASS ? "min-mass" :
	    a->scale == MATCH_SCALE_UNIT ? "unit" : "softmax";
	item->is_centered = a->is_centered;
	st = run(&f, err);
	if (st == CKPT_OK)
		st = align_put_rounded(a, item, f.plan, f.from, &f.map, err);
	if (item->moved < f.moved)
		item->moved = f.moved;
	match_map_release(&f.map);
	model_release(&f.copy);
	return (st);
}
