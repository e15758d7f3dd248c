/*
 * match_nested: the step of a family whose members have blocks of several
 * units, or take scales. The best way of taking block j of the model for
 * block i of the reference is an assignment of the units within; its value is
 * the gain of the pair (i, j) in the parent's assignment. So the step is an
 * assignment of assignments, from the innermost blocks outwards.
 */
#include <float.h>
#include <math.h>

#include "match/match_work.h"

struct nested {
	struct match_work *k;
	const struct match_family *f;
	const struct match_layout *layout;
	const struct match_parts *parts;
	const struct symmetry_group *groups;
	double **scale; /* [group][unit of the model]: as it is now */
};

static double take_block(struct nested *s, size_t g, size_t i, size_t j,
    double sign, bool is_final);

/* The gains of what units a and b hold, if a takes b with this sign. */
static double
take_children(struct nested *s, size_t g, size_t a, size_t b, double sign,
    bool is_final)
{
	size_t i, c;
	double sum = 0;

	for (i = 0; i < s->f->n_members; i++) {
		c = s->f->members[i];
		if (s->groups[c].parent == g)
			sum += take_block(s, c, a, b, sign, is_final);
	}
	return (sum);
}

static bool
has_children(const struct nested *s, size_t g)
{
	size_t i;

	for (i = 0; i < s->f->n_members; i++)
		if (s->groups[s->f->members[i]].parent == g)
			return (true);
	return (false);
}

static double
at(const float *part, size_t i)
{
	return (part != NULL ? (double)part[i] : 0);
}

static struct match_terms
terms_of(const struct nested *s, size_t g, size_t a, size_t b)
{
	const struct match_parts *p = &s->parts[g];
	size_t i = a * s->groups[g].n_units + b;

	return ((struct match_terms){ at(p->of[MATCH_OUT], i),
	    at(p->of[MATCH_IN], i), at(p->of[MATCH_NONE], i),
	    at(p->of[MATCH_DEP], i),
	    p->norm_out != NULL ? p->norm_out[b] : 0,
	    p->norm_in != NULL ? p->norm_in[b] : 0 });
}

/* The gain of unit b of the model for unit a of the reference. */
static double
take_unit(struct nested *s, size_t g, size_t a, size_t b, double parent,
    double *factor)
{
	struct match_terms t = terms_of(s, g, a, b);
	double plus, minus, scale;

	if (!has_children(s, g))
		return (match_terms_best(&t, s->layout->flags[g], parent,
		    factor));
	/* the sign acts on the blocks too; the scale stays */
	scale = s->scale[g][b];
	*factor = scale;
	plus = scale * (t.out + parent * t.dep) + t.in / scale;
	if (!(s->layout->flags[g] & MATCH_SIGN))
		return (t.none + plus + take_children(s, g, a, b, 1, false));
	minus = -plus + take_children(s, g, a, b, -1, false);
	plus += take_children(s, g, a, b, 1, false);
	if (minus > plus)
		*factor = -scale;
	return (t.none + (minus > plus ? minus : plus));
}

/* What overflows is as good as any other. */
static float
as_cost(double gain)
{
	if (!isfinite(gain))
		return (0);
	return ((float)fmin(fmax(-gain, -FLT_MAX), FLT_MAX));
}

/* The value of the best assignment of block j of group g in the model to
 * block i of the reference; if final, it goes into next, and so on
 * inwards. */
static double
take_block(struct nested *s, size_t g, size_t i, size_t j, double sign,
    bool is_final)
{
	size_t m = s->layout->block[g], a, b;
	float *gains = s->k->block_gains[g];
	uint32_t *column = s->k->block_columns[g];
	struct match_unit *units = s->k->next.units[g];
	struct ckpt_error err;
	double sum = 0, factor;

	for (a = 0; a < m; a++)
		column[a] = (uint32_t)a;
	if (!s->groups[g].is_fixed && m > 1) {
		for (a = 0; a < m * m; a++)
			gains[a] = as_cost(take_unit(s, g, i * m + a / m,
			    j * m + a % m, sign, &factor));
		if (lap_solve(s->k->lap, m, gains, NULL, false, column,
		    &err) != CKPT_OK) /* as_cost is finite */
			return (0);
	}
	for (a = 0; a < m; a++) {
		b = j * m + column[a];
		sum += take_unit(s, g, i * m + a, b, sign, &factor);
		if (!is_final)
			continue;
		units[i * m + a] = (struct match_unit){ (uint32_t)b, factor };
		(void)take_children(s, g, i * m + a, b,
		    factor < 0 ? -1 : 1, true);
	}
	return (sum);
}

/* Room for the assignments of the blocks of a group. */
static enum ckpt_status
claim(struct match_work *k, size_t g, struct ckpt_error *err)
{
	size_t m = k->problem->layout.block[g];

	if (k->block_gains[g] != NULL)
		return (CKPT_OK);
	k->block_columns[g] = malloc((m + 1) * sizeof(**k->block_columns));
	if (k->block_columns[g] == NULL)
		return (error_nomem(err, m * sizeof(**k->block_columns)));
	k->block_gains[g] = malloc((m * m + 1) * sizeof(**k->block_gains));
	if (k->block_gains[g] == NULL) {
		free(k->block_columns[g]);
		k->block_columns[g] = NULL;
		return (error_nomem(err, m * m * sizeof(**k->block_gains)));
	}
	return (CKPT_OK);
}

static enum ckpt_status
note_scales(struct nested *s, double **memory, struct ckpt_error *err)
{
	const struct match_map *map = &s->k->map;
	size_t i, g, n = 1;
	uint32_t a;
	double *p;

	for (i = 0; i < s->f->n_members; i++)
		n += map->n_units[s->f->members[i]];
	*memory = p = malloc(n * sizeof(*p));
	s->scale = calloc(map->n_groups, sizeof(*s->scale));
	if (p == NULL || s->scale == NULL) {
		free(p);
		free(s->scale);
		return (error_nomem(err, n * sizeof(*p)));
	}
	for (i = 0; i < s->f->n_members; i++) {
		g = s->f->members[i];
		s->scale[g] = p;
		p += map->n_units[g];
		for (a = 0; a < map->n_units[g]; a++)
			s->scale[g][map->units[g][a].source] =
			    fabs(map->units[g][a].factor);
	}
	return (CKPT_OK);
}

enum ckpt_status
match_nested_assign(struct match_work *k, const struct match_family *f,
    const struct match_parts *parts, struct ckpt_error *err)
{
	struct nested s = { .k = k, .f = f, .layout = &k->problem->layout,
	    .parts = parts, .groups = k->problem->shape->table->groups };
	enum ckpt_status st;
	double *memory;
	size_t i;

	st = note_scales(&s, &memory, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < f->n_members && st == CKPT_OK; i++)
		st = claim(k, f->members[i], err);
	if (st == CKPT_OK)
		(void)take_block(&s, f->root, 0, 0, 1, true);
	free(memory);
	free(s.scale);
	return (st);
}
