#include "match/match_work.h"

void
match_product(size_t m, size_t n, size_t k, const float *a, size_t lda,
    const float *b, size_t ldb, float *c)
{
	const struct gemm_matrix x = { a, lda, 1 }, y = { b, ldb, 1 };

	gemm_best()(m, n, k, &x, &y, c, n);
}

/* The gains of a family's groups become its costs. Returns whether there are
 * any. */
static enum ckpt_status
take_gains(struct match_work *k, const struct match_family *f,
    float *const *gains, bool *any, struct ckpt_error *err)
{
	const struct match_layout *l = &k->problem->layout;
	size_t i, j, g, owner, n2;
	enum match_part part;
	enum ckpt_status st;
	float *c;

	*any = false;
	for (i = 0; i < f->n_members; i++) {
		g = f->members[i];
		if (gains[g] == NULL)
			continue;
		*any = true;
		part = l->flags[g] & MATCH_SIGN ? MATCH_OUT : MATCH_NONE;
		owner = part == MATCH_NONE && f->is_alike ? f->root : g;
		st = match_parts_claim(k, &k->parts[owner], owner, part, &c,
		    err);
		if (st != CKPT_OK)
			return (st);
		n2 = (size_t)k->map.n_units[g] * k->map.n_units[g];
		for (j = 0; j < n2; j++)
			c[j] += gains[g][j];
	}
	return (CKPT_OK);
}

enum ckpt_status
match_assign(const struct match_problem *p, float *const *gains,
    struct match_map *out, struct ckpt_error *err)
{
	const struct match_weights nothing = { NULL, 0 };
	const struct match_family *f;
	struct match_work k;
	enum ckpt_status st;
	size_t i, j, g;
	bool any;

	st = match_work_new(p, &k, err);
	if (st != CKPT_OK)
		return (st);
	match_work_reset(&k, p, &nothing);
	for (i = 0; i < p->layout.n_families && st == CKPT_OK; i++) {
		f = &p->layout.families[i];
		st = take_gains(&k, f, gains, &any, err);
		if (st != CKPT_OK || !any)
			continue;
		st = match_family_assign(&k, f, k.parts, NULL, err);
		for (j = 0; j < f->n_members && st == CKPT_OK; j++) {
			g = f->members[j];
			memcpy(k.map.units[g], k.next.units[g],
			    k.map.n_units[g] * sizeof(**k.map.units));
		}
	}
	if (st == CKPT_OK)
		match_map_copy(&k.map, out);
	match_work_release(&k);
	return (st);
}
