#include "sym/sym_plan.h"

/* One allocation: pointers, sizes, units. The sizes are to be filled in,
 * and then the pointers by lay_out. */
static enum ckpt_status
element_alloc(size_t n_groups, size_t n_units, struct sym_element *out,
    struct ckpt_error *err)
{
	size_t n_bytes = (n_groups + 1) * (sizeof(*out->units) +
	    2 * sizeof(*out->n_units)) + n_units * sizeof(**out->units);

	out->units = malloc(n_bytes);
	if (out->units == NULL)
		return (error_nomem(err, n_bytes));
	out->n_groups = n_groups;
	out->n_units = (uint32_t *)(out->units + n_groups + 1);
	return (CKPT_OK);
}

static void
lay_out(struct sym_element *e)
{
	struct sym_unit *units =
	    (struct sym_unit *)(e->n_units + 2 * (e->n_groups + 1));
	size_t g;

	for (g = 0; g < e->n_groups; g++) {
		e->units[g] = units;
		units += e->n_units[g];
	}
}

static enum ckpt_status
alloc_like(const struct sym_element *e, struct sym_element *out,
    struct ckpt_error *err)
{
	size_t g, total = 0;
	enum ckpt_status st;

	for (g = 0; g < e->n_groups; g++)
		total += e->n_units[g];
	st = element_alloc(e->n_groups, total, out, err);
	if (st != CKPT_OK)
		return (st);
	memcpy(out->n_units, e->n_units, e->n_groups * sizeof(*e->n_units));
	lay_out(out);
	return (CKPT_OK);
}

enum ckpt_status
sym_element_identity(const struct sym_plan *p, struct sym_element *out,
    struct ckpt_error *err)
{
	size_t g, n = sym_n_groups(p);
	uint32_t u;
	enum ckpt_status st;

	st = element_alloc(n, p->first_unit[n], out, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < n; g++)
		out->n_units[g] = p->table->groups[g].n_units;
	lay_out(out);
	for (g = 0; g < n; g++)
		for (u = 0; u < out->n_units[g]; u++)
			out->units[g][u] = (struct sym_unit){ u, 0, 1 };
	return (CKPT_OK);
}

void
sym_element_release(struct sym_element *e)
{
	free(e->units);
	memset(e, 0, sizeof(*e));
}

enum ckpt_status
sym_element_compose(const struct sym_element *a, const struct sym_element *b,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_element r;
	const struct sym_unit *x, *y;
	size_t g;
	uint32_t u;
	enum ckpt_status st;

	if (a->n_groups != b->n_groups || memcmp(a->n_units, b->n_units,
	    a->n_groups * sizeof(*a->n_units)) != 0)
		return (error_set(err, CKPT_USAGE,
		    "elements of different groups cannot be composed"));
	st = alloc_like(a, &r, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < a->n_groups; g++)
		for (u = 0; u < a->n_units[g]; u++) {
			y = &b->units[g][u];
			x = &a->units[g][y->source];
			r.units[g][u] = (struct sym_unit){ x->source,
			    x->exponent + y->exponent, x->sign * y->sign };
		}
	*out = r;
	return (CKPT_OK);
}

enum ckpt_status
sym_element_invert(const struct sym_element *e, struct sym_element *out,
    struct ckpt_error *err)
{
	struct sym_element r;
	const struct sym_unit *x;
	size_t g;
	uint32_t u;
	enum ckpt_status st;

	st = alloc_like(e, &r, err);
	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < e->n_groups; g++)
		for (u = 0; u < e->n_units[g]; u++) {
			x = &e->units[g][u];
			r.units[g][x->source] = (struct sym_unit){ u,
			    -x->exponent, x->sign };
		}
	*out = r;
	return (CKPT_OK);
}

uint64_t
sym_element_moved(const struct sym_element *e)
{
	const struct sym_unit *x;
	uint64_t n = 0;
	size_t g;
	uint32_t u;

	for (g = 0; g < e->n_groups; g++)
		for (u = 0; u < e->n_units[g]; u++) {
			x = &e->units[g][u];
			n += x->source != u || x->exponent != 0 ||
			    x->sign != 1;
		}
	return (n);
}
