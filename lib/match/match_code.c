/*
 * match_code: maps in few bytes.
 */
#include <math.h>

#include "match/match.h"

/* Exponents of doubles and their products fit between -ZERO and ZERO. */
#define ZERO 8192

static bool
has_factors(const struct match_shape *s, unsigned scale, size_t group)
{
	const unsigned kinds = s->table->groups[group].kinds;

	return ((kinds & SYMMETRY_SIGN) || (scale == MATCH_SCALE_POW2 &&
	    (kinds & SYMMETRY_SCALE)));
}

static size_t
place_size(const struct match_shape *s)
{
	return (s->max_units <= UINT16_MAX + 1 ? 2 : 4);
}

size_t
match_code_size(const struct match_shape *s, unsigned scale)
{
	size_t g, n = 0;

	for (g = 0; g < s->n_groups; g++)
		n += s->table->groups[g].n_units * (place_size(s) +
		    (has_factors(s, scale, g) ? 2 : 0));
	return (n);
}

static unsigned char *
put(unsigned char *out, uint32_t x, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		*out++ = (unsigned char)(x >> (8 * i));
	return (out);
}

static const unsigned char *
get(const unsigned char *in, uint32_t *x, size_t size)
{
	size_t i;

	*x = 0;
	for (i = 0; i < size; i++)
		*x |= (uint32_t)*in++ << (8 * i);
	return (in);
}

void
match_code_put(const struct match_shape *s, unsigned scale,
    const struct match_map *m, unsigned char *out)
{
	size_t g, size = place_size(s);
	const struct match_unit *p;
	uint32_t u, code;

	for (g = 0; g < s->n_groups; g++)
		for (u = 0; u < m->n_units[g]; u++) {
			p = &m->units[g][u];
			out = put(out, p->source, size);
			if (!has_factors(s, scale, g))
				continue;
			code = (uint32_t)(ZERO + ilogb(p->factor)) << 1;
			out = put(out, code | (p->factor < 0), 2);
		}
}

void
match_code_get(const struct match_shape *s, unsigned scale,
    const unsigned char *in, struct match_map *out)
{
	size_t g, size = place_size(s);
	struct match_unit *p;
	uint32_t u, code;

	for (g = 0; g < s->n_groups; g++)
		for (u = 0; u < out->n_units[g]; u++) {
			p = &out->units[g][u];
			in = get(in, &p->source, size);
			p->factor = 1;
			if (!has_factors(s, scale, g))
				continue;
			in = get(in, &code, 2);
			p->factor = ldexp(code & 1 ? -1 : 1,
			    (int)(code >> 1) - ZERO);
		}
}
