#include "base/banned.h"
#include "diff.h"
#include "match/match.h"

/* Names and shapes. */
static bool
same_structure(const struct schema *a, const struct schema *b)
{
	const struct tensor_desc *t, *u;
	size_t i;

	if (a->n_tensors != b->n_tensors)
		return (false);
	for (i = 0; i < a->n_tensors; i++) {
		t = &a->tensors[a->by_name[i]];
		u = &b->tensors[b->by_name[i]];
		if (strcmp(t->name, u->name) != 0 ||
		    t->n_dims != u->n_dims || memcmp(t->dims, u->dims,
		    t->n_dims * sizeof(*t->dims)) != 0)
			return (false);
	}
	return (true);
}

static enum ckpt_status
diff_whole(struct diff *d, const char *label, const struct model *a,
    const struct model *b, bool *differ, struct ckpt_error *err)
{
	struct diff_side p = { .head = &a->head, .data = a->data };
	struct diff_side q = { .head = &b->head, .data = b->data };

	return (diff_models(d, label, &p, &q, differ, err));
}

static enum ckpt_status
put_witness(struct diff *d, const char *label, const struct match_orbit *a,
    const struct match_orbit *b, struct ckpt_error *err)
{
	struct buf text = BUF_INIT(CKPT_MAX_VALUE);
	struct sym_element e;
	enum ckpt_status st;

	st = match_orbit_path(a, b, &e, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_element_print(&e, &text, err);
	if (st == CKPT_OK)
		st = buf_append(&text, "", 1, err);
	if (st == CKPT_OK)
		st = diff_put_orbit(d, label, (const char *)text.data, err);
	buf_release(&text);
	sym_element_release(&e);
	return (st);
}

/* Whether both are in one orbit, which is then said with the witness. */
static enum ckpt_status
diff_orbits(struct diff *d, const char *label, const struct sym_plan *p,
    const struct sym_plan *q, const struct model *a, const struct model *b,
    bool *is_same, struct ckpt_error *err)
{
	struct match_orbit o, r;
	enum ckpt_status st;

	*is_same = false;
	st = match_orbit_of(p, a, &o, err);
	if (st != CKPT_OK)
		return (st);
	st = match_orbit_of(q, b, &r, err);
	if (st != CKPT_OK)
		goto err0;
	*is_same = id_equal(&o.id, &r.id);
	if (*is_same)
		st = put_witness(d, label, &o, &r, err);
	match_orbit_release(&r);
err0:
	match_orbit_release(&o);
	return (st);
}

/* b with its units where they fit those of a best, by permutations, signs
 * and powers of two. */
static enum ckpt_status
align(const struct sym_plan *p, const struct sym_plan *q,
    const struct model *a, const struct model *b, struct model *out,
    struct ckpt_error *err)
{
	struct match_shape *shape;
	struct match_problem *problem;
	struct match_result r;
	struct sym_element e;
	enum ckpt_status st;

	st = match_shape_new(p, &shape, err);
	if (st != CKPT_OK)
		return (st);
	st = match_problem_new(shape, a, MATCH_SCALE_POW2, &problem, err);
	if (st != CKPT_OK)
		goto err0;
	st = match_solve(problem, q, b, 0, 0, &r, err);
	if (st != CKPT_OK)
		goto err1;
	st = match_map_element(&r.map, q, &e, err);
	match_map_release(&r.map);
	if (st != CKPT_OK)
		goto err1;
	st = sym_apply(q, &e, b, 0, out, err);
	sym_element_release(&e);
err1:
	match_problem_free(problem);
err0:
	match_shape_free(shape);
	return (st);
}

enum ckpt_status
diff_modulo(struct diff *d, const char *label, const struct model *a,
    const struct model *b, bool *differ, struct ckpt_error *err)
{
	const struct plan *p, *q;
	struct model aligned;
	enum ckpt_status st;
	bool is_same = false;

	*differ = false;
	if (!same_structure(a->head.schema, b->head.schema))
		return (diff_whole(d, label, a, b, differ, err));
	st = plans_get(d->plans, &a->head, &p, err);
	if (st != CKPT_OK)
		return (st);
	st = plans_get(d->plans, &b->head, &q, err);
	if (st != CKPT_OK)
		return (st);
	if (strcmp(p->text, q->text) != 0)
		return (error_set(err, CKPT_INVALID, "%.200s and %.200s have "
		    "different symmetries", a->head.label, b->head.label));
	st = diff_orbits(d, label, p->sym, q->sym, a, b, &is_same, err);
	if (st == CKPT_LIMIT)
		cli_warn(&d->cli, "%s: %s", label, err->text);
	else if (st != CKPT_OK || is_same)
		return (st);
	st = align(p->sym, q->sym, a, b, &aligned, err);
	if (st != CKPT_OK)
		return (st);
	st = diff_whole(d, label, a, &aligned, differ, err);
	model_release(&aligned);
	return (st);
}
