#include "match/match.h"

enum ckpt_status
match_orbit_of(const struct sym_plan *p, const struct model *m,
    struct match_orbit *out, struct ckpt_error *err)
{
	struct match_orbit o;
	enum ckpt_status st;

	st = sym_canonical(p, m, true, &o.canonical, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_orbit_id_of(p, &o.canonical, m, &o.id, err);
	if (st != CKPT_OK) {
		sym_element_release(&o.canonical);
		return (st);
	}
	*out = o;
	return (CKPT_OK);
}

void
match_orbit_release(struct match_orbit *o)
{
	sym_element_release(&o->canonical);
}

enum ckpt_status
match_orbit_path(const struct match_orbit *from, const struct match_orbit *to,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_element back;
	enum ckpt_status st;

	st = sym_element_invert(&to->canonical, &back, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_element_compose(&from->canonical, &back, out, err);
	sym_element_release(&back);
	return (st);
}
