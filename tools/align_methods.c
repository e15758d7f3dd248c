#include <math.h>

#include "base/banned.h"
#include "align_activations.h"

uint64_t
align_count_not_finite(const struct model *m, const char **first,
    uint64_t *element)
{
	const struct tensor_desc *t;
	double x[512];
	uint64_t count = 0, at;
	size_t i, j, n;

	*first = NULL;
	for (i = 0; i < m->head.schema->n_tensors; i++) {
		t = &m->head.schema->tensors[i];
		if (!dtype_is_float(t->dtype))
			continue;
		for (at = 0; at < t->n_elements; at += n) {
			n = t->n_elements - at < 512 ?
			    (size_t)(t->n_elements - at) : 512;
			dtype_to_f64(t->dtype, m->data + t->offset +
			    at * dtype_bits(t->dtype) / 8, x, n);
			for (j = 0; j < n; j++) {
				if (isfinite(x[j]) || count++ > 0)
					continue;
				*first = t->name;
				*element = at + j;
			}
		}
	}
	return (count);
}

enum ckpt_status
align_refuse_not_finite(const struct model *m, struct ckpt_error *err)
{
	const char *first;
	uint64_t at, n = align_count_not_finite(m, &first, &at);

	if (n == 0)
		return (CKPT_OK);
	return (error_set(err, CKPT_INVALID,
	    "element %llu of the tensor \"%.200s\" is NaN or infinite, one of "
	    "%llu", (unsigned long long)at, first, (unsigned long long)n));
}

enum ckpt_status
align_mass(const struct align_item *item, const struct sym_plan *plan,
    const struct model *m, double *out, struct ckpt_error *err)
{
	const struct match_shape *s = item->plan->shape;
	double *w = malloc((s->total + 1) * sizeof(*w));
	size_t i;

	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	(void)match_load(s, plan, m, w);
	*out = 0;
	for (i = 0; i < s->total; i++)
		*out += w[i] * w[i];
	free(w);
	return (CKPT_OK);
}

enum ckpt_status
align_note_order(const struct align *a, struct align_item *item,
    const struct sym_element *e, const struct match_map *m,
    struct ckpt_error *err)
{
	struct sym_element *order = &item->order;
	enum ckpt_status st;
	size_t g;
	uint32_t u;

	if (a->report_file == NULL)
		return (CKPT_OK);
	st = sym_element_identity(item->plan->plan->sym, order, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < order->n_groups; g++)
		for (u = 0; u < order->n_units[g]; u++)
			order->units[g][u].source = e != NULL ?
			    e->units[g][u].source : m->units[g][u].source;
	return (CKPT_OK);
}

enum ckpt_status
align_put_rounded(const struct align *a, struct align_item *item,
    const struct sym_plan *plan, const struct model *from,
    const struct match_map *map, struct ckpt_error *err)
{
	enum ckpt_status st;

	item->moved = match_map_moved(map);
	st = align_note_order(a, item, NULL, map, err);
	if (st == CKPT_OK)
		st = match_write(plan, map, from, item->plan->as_f32,
		    &item->out, err);
	if (st == CKPT_OK && a->is_f64_check)
		st = match_write(plan, map, from, item->plan->as_f64,
		    &item->unrounded, err);
	return (st == CKPT_OK ? align_sign(a, item, NULL, err) : st);
}

/* ---- the exact form ---- */

/* The representative of the orbit; the element that leads there is a way
 * back only if no -0 and no NaN was levelled. */
static enum ckpt_status
put_representative(const struct align *a, struct align_item *item,
    const struct sym_element *e, struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct model plain;
	enum ckpt_status st;
	bool is_same;

	st = sym_representative(plan, e, &item->in, &item->out, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_apply(plan, e, &item->in, CKPT_F64, &plain, err);
	if (st != CKPT_OK)
		return (st);
	is_same = memcmp(plain.data, item->out.data,
	    (size_t)plain.head.schema->n_bytes) == 0;
	model_release(&plain);
	return (align_sign(a, item, is_same ? e : NULL, err));
}

enum ckpt_status
align_exact(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct sym_element e;
	enum ckpt_status st;

	st = sym_canonical(plan, &item->in, a->scale == MATCH_SCALE_POW2, &e,
	    err);
	if (st != CKPT_OK)
		return (st);
	item->stage = "exact";
	item->moved = sym_element_moved(&e);
	st = align_note_order(a, item, &e, NULL, err);
	if (st == CKPT_OK && a->dtype != 0) {
		st = put_representative(a, item, &e, err);
	} else if (st == CKPT_OK) {
		st = sym_apply(plan, &e, &item->in, 0, &item->out, err);
		if (st == CKPT_OK)
			st = align_sign(a, item, &e, err);
	}
	sym_element_release(&e);
	return (st);
}

/* ---- to a reference ---- */

/* The way to the reference, if the model is in its orbit. With scale `none`
 * only the reference's places and signs are taken. */
static enum ckpt_status
find_exact(const struct align *a, struct align_item *item,
    struct sym_element *out, bool *found, struct ckpt_error *err)
{
	struct match_orbit o;
	enum ckpt_status st;
	size_t g;
	uint32_t u;

	*found = false;
	st = match_orbit_of(item->plan->plan->sym, &item->in, &o, err);
	if (st == CKPT_LIMIT)
		return (CKPT_OK); /* the matching will do */
	if (st != CKPT_OK)
		return (st);
	*found = id_equal(&o.id, &a->ref_orbit.id);
	if (*found)
		st = match_orbit_path(&o, &a->ref_orbit, out, err);
	match_orbit_release(&o);
	if (!*found || st != CKPT_OK || a->scale == MATCH_SCALE_POW2)
		return (st);
	for (g = 0; g < out->n_groups; g++)
		for (u = 0; u < out->n_units[g]; u++)
			out->units[g][u].exponent = 0;
	return (CKPT_OK);
}

/* Applies an element, and fills the report's columns of it. */
static enum ckpt_status
apply_to(const struct align *a, struct align_item *item,
    const struct sym_element *e, struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	enum ckpt_status st;

	item->moved = sym_element_moved(e);
	st = align_note_order(a, item, e, NULL, err);
	if (st == CKPT_OK)
		st = sym_apply(plan, e, &item->in, 0, &item->out, err);
	if (st != CKPT_OK)
		return (st);
	return (align_sign(a, item, e, err));
}

/* The objective, before and after an exact step. */
static enum ckpt_status
measure(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	struct sym_plan *p;
	enum ckpt_status st;

	st = match_objective(a->problem, item->plan->plan->sym, &item->in,
	    &item->before, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_plan_new(item->plan->plan->table, item->out.head.schema, &p,
	    err);
	if (st != CKPT_OK)
		return (st);
	st = match_objective(a->problem, p, &item->out, &item->after, err);
	sym_plan_free(p);
	return (st);
}

enum ckpt_status
align_put_map(const struct align *a, struct align_item *item,
    const struct match_map *map, struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct sym_element e;
	enum ckpt_status st;

	if (a->scale == MATCH_SCALE_UNIT)
		return (align_put_rounded(a, item, plan, &item->in, map,
		    err));
	st = match_map_element(map, plan, &e, err);
	if (st != CKPT_OK)
		return (st);
	st = apply_to(a, item, &e, err);
	sym_element_release(&e);
	return (st);
}

static enum ckpt_status
match_to(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct match_result r;
	enum ckpt_status st;

	st = match_solve(a->problem, plan, &item->in, a->n_restarts, a->seed,
	    &r, err);
	if (st != CKPT_OK)
		return (st);
	item->stage = "match";
	item->before = r.before;
	item->after = r.after;
	st = align_put_map(a, item, &r.map, err);
	match_map_release(&r.map);
	return (st);
}

static enum ckpt_status
match_activations(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	const struct sym_plan *plan = item->plan->plan->sym;
	struct match_map map;
	struct sym_element e;
	enum ckpt_status st;

	st = match_map_new(a->ref_plan->shape, &map, err);
	if (st != CKPT_OK)
		return (st);
	st = align_activations_match(a, item, &map, err);
	if (st != CKPT_OK)
		goto err0;
	item->stage = "activations";
	st = match_map_element(&map, plan, &e, err);
	if (st != CKPT_OK)
		goto err0;
	st = apply_to(a, item, &e, err);
	sym_element_release(&e);
	if (st == CKPT_OK && a->report_file != NULL)
		st = measure(a, item, err);
err0:
	match_map_release(&map);
	return (st);
}

enum ckpt_status
align_to(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	struct sym_element e;
	enum ckpt_status st;
	bool found = false;

	if (!match_fits(a->ref_plan->shape, item->plan->plan->sym))
		return (error_set(err, CKPT_INVALID, "its tensors or "
		    "symmetries are not those of the reference %.200s",
		    a->ref.head.label));
	if (a->has_ref_orbit) {
		st = find_exact(a, item, &e, &found, err);
		if (st != CKPT_OK)
			return (st);
	}
	if (!found)
		return (a->by_activations ? match_activations(a, item, err) :
		    match_to(a, item, err));
	item->stage = "isomorphism";
	st = apply_to(a, item, &e, err);
	sym_element_release(&e);
	if (st == CKPT_OK && a->report_file != NULL)
		st = measure(a, item, err);
	return (st);
}
