#include "sym/sym_scale.h"

int32_t
sym_scale_exponent(const double *x, uint64_t n)
{
	uint64_t bits, most = 0, i;

	for (i = 0; i < n; i++) {
		memcpy(&bits, &x[i], sizeof(bits));
		bits &= UINT64_MAX >> 1;
		if (bits > most && bits < UINT64_C(0x7ff) << 52)
			most = bits;
	}
	if (most == 0)
		return (INT32_MIN);
	if (most >> 52 != 0)
		return ((int32_t)(most >> 52) - 1023);
	return (63 - __builtin_clzll(most) - 1074); /* subnormal */
}

/* How a side scales its elements, by unit; NULL: not at all. */
static const int32_t *
exponents_of(const struct sym_scale *s, const struct sym_side *side)
{
	if (side->action == SYMMETRY_NONE ||
	    !sym_is_scaled(s->values->p, side->group))
		return (NULL);
	return (s->exponents + s->values->p->first_unit[side->group]);
}

/* For each unit of the side that has no scale: the largest exponent among
 * its elements in tensor `i`, scaled by the other side, where that one's
 * scale is known. */
static void
look_at(struct sym_scale *s, size_t i, bool is_col)
{
	const struct sym_plan *p = s->values->p;
	const struct sym_tensor *t = &p->tensors[i];
	const struct sym_side *side = is_col ? &t->col : &t->row;
	const struct sym_side *other = is_col ? &t->row : &t->col;
	size_t first = p->first_unit[side->group], first_other = 0;
	const int32_t *e = exponents_of(s, other);
	const double *x;
	uint64_t r, c, u, w;
	int32_t exponent;

	if (e != NULL)
		first_other = p->first_unit[other->group];
	for (r = 0; r < t->rows; r++) {
		if (!is_col && s->is_known[first + sym_row_unit(t, r)])
			continue;
		x = sym_values_row(s->values, i, r);
		for (c = 0; c < t->cols; c++, x += t->inner) {
			u = w = sym_col_unit(t, r, c);
			if (is_col)
				w = sym_row_unit(t, r);
			else
				u = sym_row_unit(t, r);
			if (s->is_known[first + u] ||
			    (e != NULL && !s->is_known[first_other + w]))
				continue;
			exponent = sym_scale_exponent(x, t->inner);
			if (exponent == INT32_MIN)
				continue;
			if (e != NULL)
				exponent += other->action == SYMMETRY_OUT ?
				    e[w] : -e[w];
			if (exponent > s->largest[first + u])
				s->largest[first + u] = exponent;
		}
	}
}

static bool
has_unknown(const struct sym_scale *s, size_t group)
{
	const size_t *first = s->values->p->first_unit;

	return (memchr(s->is_known + first[group], 0,
	    first[group + 1] - first[group]) != NULL);
}

/* One step; true if a unit got its scale. */
static bool
make_step(struct sym_scale *s, const struct sym_step *step)
{
	const struct sym_plan *p = s->values->p;
	const struct sym_tensor *t;
	const struct sym_use *use;
	bool is_changed = false;
	size_t i, u;

	if (!has_unknown(s, step->group))
		return (false);
	for (u = p->first_unit[step->group];
	    u < p->first_unit[step->group + 1]; u++)
		s->largest[u] = INT32_MIN;
	for (i = p->first_use[step->group];
	    i < p->first_use[step->group + 1]; i++) {
		use = &p->uses[i];
		t = &p->tensors[use->tensor];
		if (t->rank == step->rank &&
		    (use->is_col ? &t->col : &t->row)->action == step->action)
			look_at(s, use->tensor, use->is_col);
	}
	for (u = p->first_unit[step->group];
	    u < p->first_unit[step->group + 1]; u++)
		if (s->largest[u] != INT32_MIN) {
			s->exponents[u] = step->action == SYMMETRY_OUT ?
			    -s->largest[u] : s->largest[u];
			s->is_known[u] = 1;
			is_changed = true;
		}
	return (is_changed);
}

void
sym_scale_passes(struct sym_scale *s)
{
	const struct sym_plan *p = s->values->p;
	bool is_changed;
	size_t i;

	do {
		is_changed = false;
		for (i = 0; i < p->n_steps; i++)
			is_changed |= make_step(s, &p->steps[i]);
	} while (is_changed);
}

enum ckpt_status
sym_scale_new(struct sym_values *v, struct sym_scale *out,
    struct ckpt_error *err)
{
	const struct sym_plan *p = v->p;
	size_t n_groups = sym_n_groups(p), n = p->first_unit[n_groups], g;
	enum ckpt_status st = CKPT_OK;

	memset(out, 0, sizeof(*out));
	out->values = v;
	out->n_choices = 1;
	out->exponents = calloc(n + 1, 2 * sizeof(*out->exponents) + 1);
	if (out->exponents == NULL)
		return (error_nomem(err, n));
	out->largest = out->exponents + n;
	out->is_known = (unsigned char *)(out->largest + n);
	for (g = 0; g < n_groups; g++)
		if (!sym_is_scaled(p, g))
			memset(out->is_known + p->first_unit[g], 1,
			    p->first_unit[g + 1] - p->first_unit[g]);
	sym_scale_passes(out);
	if (memchr(out->is_known, 0, n) != NULL)
		st = sym_piece_find(out, err);
	if (st != CKPT_OK) {
		sym_scale_release(out);
		return (st);
	}
	sym_scale_choose(out, 0);
	return (CKPT_OK);
}

void
sym_scale_release(struct sym_scale *s)
{
	size_t i;

	for (i = 0; i < s->n_pieces; i++) {
		free(s->pieces[i].units);
		free(s->pieces[i].exponents);
	}
	free(s->pieces);
	free(s->exponents);
}

void
sym_scale_choose(struct sym_scale *s, size_t i)
{
	const struct sym_piece *piece;
	size_t k, u;

	for (k = 0; k < s->n_pieces; k++) {
		piece = &s->pieces[k];
		for (u = 0; u < piece->n_units; u++)
			s->exponents[piece->units[u]] = piece->exponents[
			    i % piece->n_choices * piece->n_units + u];
		i /= piece->n_choices;
	}
}
