#include "sym/sym_scale.h"
#include "sym/sym_search.h"
#include "sym/sym_witness.h"

/* One choice of scales and the best order that it has. */
struct attempt {
	struct sym_values values;
	int32_t *exponents;
	struct sym_leaf leaf;
};

static void
attempt_release(struct attempt *a)
{
	sym_leaf_release(&a->leaf);
	free(a->exponents);
	sym_values_release(&a->values);
	memset(a, 0, sizeof(*a));
}

/* `scale` NULL: all exponents are 0. */
static enum ckpt_status
attempt_new(const struct sym_plan *p, const struct model *m,
    struct sym_scale *scale, size_t choice, struct attempt *out,
    struct ckpt_error *err)
{
	size_t n = p->first_unit[sym_n_groups(p)];
	enum ckpt_status st;

	memset(out, 0, sizeof(*out));
	st = sym_values_new(p, m, &out->values, err);
	if (st != CKPT_OK)
		return (st);
	out->exponents = calloc(n + 1, sizeof(*out->exponents));
	if (out->exponents == NULL) {
		attempt_release(out);
		return (error_nomem(err, n * sizeof(*out->exponents)));
	}
	if (scale != NULL) {
		sym_scale_choose(scale, choice);
		memcpy(out->exponents, scale->exponents,
		    n * sizeof(*out->exponents));
	}
	sym_values_scale(&out->values, out->exponents);
	st = sym_search_run(&out->values, &out->leaf, err);
	if (st != CKPT_OK)
		attempt_release(out);
	return (st);
}

/* The best of the attempts; nearly always there is one only. */
static enum ckpt_status
try_choices(const struct sym_plan *p, const struct model *m,
    struct sym_scale *scale, struct attempt *best, struct ckpt_error *err)
{
	struct attempt next, swap;
	size_t i;
	enum ckpt_status st = attempt_new(p, m, scale, 0, best, err);

	if (st != CKPT_OK || scale == NULL)
		return (st);
	for (i = 1; i < scale->n_choices; i++) {
		st = attempt_new(p, m, scale, i, &next, err);
		if (st != CKPT_OK) {
			attempt_release(best);
			return (st);
		}
		/* the leaves point into their attempts */
		next.leaf.values = &next.values;
		best->leaf.values = &best->values;
		if (sym_leaf_cmp(&next.leaf, &best->leaf) > 0) {
			swap = *best;
			*best = next;
			next = swap;
		}
		attempt_release(&next);
	}
	return (CKPT_OK);
}

static enum ckpt_status
make_element(const struct sym_plan *p, const struct attempt *a,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_element e;
	size_t g, first;
	int32_t exponent;
	uint32_t u;
	enum ckpt_status st = sym_element_identity(p, &e, err);

	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < e.n_groups; g++) {
		first = p->first_unit[g];
		for (u = 0; u < e.n_units[g]; u++) {
			exponent = a->exponents[first +
			    a->leaf.source[first + u]];
			if (exponent > SYM_MAX_EXPONENT ||
			    exponent < -SYM_MAX_EXPONENT) {
				sym_element_release(&e);
				return (error_set(err, CKPT_LIMIT,
				    "a unit's scale of 2^%d is out of range",
				    (int)exponent));
			}
			e.units[g][u] = (struct sym_unit){
			    a->leaf.source[first + u], exponent,
			    a->leaf.sign[first + u] };
		}
	}
	*out = e;
	return (CKPT_OK);
}

enum ckpt_status
sym_canonical(const struct sym_plan *p, const struct model *m, bool scale,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_values values;
	struct sym_scale found;
	struct attempt best;
	enum ckpt_status st;

	st = sym_plan_check(p, m->head.schema, err);
	if (st != CKPT_OK)
		return (st);
	if (!scale)
		st = try_choices(p, m, NULL, &best, err);
	else {
		st = sym_values_new(p, m, &values, err);
		if (st != CKPT_OK)
			return (st);
		st = sym_scale_new(&values, &found, err);
		sym_values_release(&values);
		if (st != CKPT_OK)
			return (st);
		st = try_choices(p, m, &found, &best, err);
		sym_scale_release(&found);
	}
	if (st != CKPT_OK)
		return (st);
	st = make_element(p, &best, out, err);
	attempt_release(&best);
	return (st);
}
