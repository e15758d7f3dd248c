#include <math.h>

#include "match/match.h"

enum ckpt_status
match_map_new(const struct match_shape *s, struct match_map *out,
    struct ckpt_error *err)
{
	struct match_map m = { .n_groups = s->n_groups };
	size_t g, n;

	m.spare = malloc((s->max_units + 1) * sizeof(*m.spare));
	m.n_units = calloc(s->n_groups + 1, sizeof(*m.n_units));
	m.units = calloc(s->n_groups + 1, sizeof(*m.units));
	if (m.spare == NULL || m.n_units == NULL || m.units == NULL)
		goto err0;
	for (g = 0; g < s->n_groups; g++) {
		n = s->table->groups[g].n_units;
		m.n_units[g] = (uint32_t)n;
		m.units[g] = malloc((n + 1) * sizeof(**m.units));
		if (m.units[g] == NULL)
			goto err0;
	}
	match_map_reset(&m);
	*out = m;
	return (CKPT_OK);

err0:
	match_map_release(&m);
	return (error_nomem(err, s->n_groups * sizeof(*m.units)));
}

void
match_map_release(struct match_map *m)
{
	size_t g;

	for (g = 0; m->units != NULL && g < m->n_groups; g++)
		free(m->units[g]);
	free(m->units);
	free(m->n_units);
	free(m->spare);
	memset(m, 0, sizeof(*m));
}

void
match_map_reset(struct match_map *m)
{
	size_t g;
	uint32_t u;

	for (g = 0; g < m->n_groups; g++)
		for (u = 0; u < m->n_units[g]; u++)
			m->units[g][u] = (struct match_unit){ u, 1 };
}

void
match_map_copy(const struct match_map *from, struct match_map *to)
{
	size_t g;

	for (g = 0; g < from->n_groups; g++)
		memcpy(to->units[g], from->units[g],
		    from->n_units[g] * sizeof(**to->units));
}

void
match_map_append(struct match_map *total, const struct match_map *then)
{
	const struct match_unit *b;
	size_t g;
	uint32_t u, n;

	for (g = 0; g < total->n_groups; g++) {
		n = total->n_units[g];
		b = then->units[g];
		memcpy(total->spare, total->units[g], n * sizeof(*b));
		for (u = 0; u < n; u++) {
			total->units[g][u] = total->spare[b[u].source];
			total->units[g][u].factor *= b[u].factor;
		}
	}
}

void
match_map_invert(const struct match_map *from, struct match_map *to)
{
	const struct match_unit *p;
	size_t g;
	uint32_t u;

	for (g = 0; g < from->n_groups; g++)
		for (u = 0; u < from->n_units[g]; u++) {
			p = &from->units[g][u];
			to->units[g][p->source] = (struct match_unit){ u,
			    1 / p->factor };
		}
}

uint64_t
match_map_home(const struct match_shape *s, const struct match_map *m,
    uint64_t *n_units)
{
	const struct match_unit *p;
	uint64_t n = 0;
	size_t g;
	uint32_t u;

	*n_units = 0;
	for (g = 0; g < m->n_groups; g++) {
		if (s->family[g] != g)
			continue;
		*n_units += m->n_units[g];
		for (u = 0; u < m->n_units[g]; u++) {
			p = &m->units[g][u];
			n += p->source == u && p->factor > 0;
		}
	}
	return (n);
}

double
match_map_chance(const struct match_shape *s)
{
	const struct symmetry_group *groups = s->table->groups;
	double sum = 0, part;
	size_t g, h, parent;

	for (g = 0; g < s->n_groups; g++) {
		if (s->family[g] != g)
			continue;
		part = groups[g].kinds & SYMMETRY_SIGN ? 0.5 : 1;
		for (h = g; h != SIZE_MAX; h = parent) {
			parent = groups[h].parent;
			if (!groups[h].is_fixed)
				part /= groups[h].n_units / (parent ==
				    SIZE_MAX ? 1 : groups[parent].n_units);
		}
		sum += part * groups[g].n_units;
	}
	return (sum);
}

enum ckpt_status
match_map_element(const struct match_map *m, const struct sym_plan *p,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_element e;
	enum ckpt_status st;
	size_t g;
	uint32_t u;
	double factor;

	st = sym_element_identity(p, &e, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < m->n_groups; g++)
		for (u = 0; u < m->n_units[g]; u++) {
			factor = m->units[g][u].factor;
			e.units[g][u].source = m->units[g][u].source;
			e.units[g][u].exponent = ilogb(factor);
			e.units[g][u].sign = factor < 0 ? -1 : 1;
		}
	*out = e;
	return (CKPT_OK);
}

uint64_t
match_map_moved(const struct match_map *m)
{
	const struct match_unit *unit;
	size_t g;
	uint32_t u;
	uint64_t n = 0;

	for (g = 0; g < m->n_groups; g++)
		for (u = 0; u < m->n_units[g]; u++) {
			unit = &m->units[g][u];
			if (unit->source != u || unit->factor < 1 ||
			    unit->factor > 1)
				n++;
		}
	return (n);
}
