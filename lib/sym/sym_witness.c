/* Elements as text: ckpt-orbits 6. */
#include "sym/sym_witness.h"

static bool
is_identity(const struct sym_element *e, size_t g)
{
	const struct sym_unit *x;
	uint32_t u;

	for (u = 0; u < e->n_units[g]; u++) {
		x = &e->units[g][u];
		if (x->source != u || x->exponent != 0 || x->sign != 1)
			return (false);
	}
	return (true);
}

/* A number in decimal at `s`; returns its length. */
static size_t
put_number(char *s, uint32_t x)
{
	char digits[10];
	size_t n = 0, i;

	do
		digits[n++] = (char)('0' + x % 10);
	while ((x /= 10) != 0);
	for (i = 0; i < n; i++)
		s[i] = digits[n - 1 - i];
	return (n);
}

static enum ckpt_status
print_unit(const struct sym_unit *x, bool is_first, struct buf *out,
    struct ckpt_error *err)
{
	char text[32];
	size_t n = 0;

	if (!is_first)
		text[n++] = ',';
	if (x->sign < 0)
		text[n++] = '-';
	n += put_number(text + n, x->source);
	if (x->exponent != 0) {
		text[n++] = x->exponent < 0 ? '-' : '+';
		n += put_number(text + n, x->exponent < 0 ?
		    0 - (uint32_t)x->exponent : (uint32_t)x->exponent);
	}
	return (buf_append(out, text, n, err));
}

enum ckpt_status
sym_element_print(const struct sym_element *e, struct buf *out,
    struct ckpt_error *err)
{
	size_t g;
	uint32_t u;
	enum ckpt_status st = buf_append(out, "1", 1, err);

	for (g = 0; g < e->n_groups && st == CKPT_OK; g++) {
		st = buf_append(out, "|=", is_identity(e, g) ? 2 : 1, err);
		if (is_identity(e, g))
			continue;
		for (u = 0; u < e->n_units[g] && st == CKPT_OK; u++)
			st = print_unit(&e->units[g][u], u == 0, out, err);
	}
	return (st);
}

enum ckpt_status
sym_witness_print(const struct sym_element *e, const struct schema *original,
    const struct schema *result, struct buf *out, struct ckpt_error *err)
{
	enum ckpt_dtype dtype, first = 0;
	bool is_changed = false, is_mixed = false;
	size_t i;
	enum ckpt_status st;

	if (original->n_tensors != result->n_tensors)
		return (error_set(err, CKPT_USAGE,
		    "a witness joins schemas of the same tensors"));
	st = sym_element_print(e, out, err);
	for (i = 0; i < original->n_tensors; i++) {
		dtype = original->tensors[i].dtype;
		is_changed |= dtype != result->tensors[i].dtype;
		if (!dtype_is_weight(dtype))
			continue;
		is_mixed |= first != 0 && dtype != first;
		first = dtype;
	}
	if (st != CKPT_OK || !is_changed)
		return (st);
	if (!is_mixed)
		return (buf_printf(out, err, ";%s", dtype_name(first)));
	for (i = 0; i < original->n_tensors && st == CKPT_OK; i++)
		st = buf_printf(out, err, "%c%s", i == 0 ? ';' : ',',
		    dtype_name(original->tensors[i].dtype));
	return (st);
}

/* ---- reading ---- */

static bool
get_number(const char **s, uint32_t max, uint32_t *out)
{
	uint64_t x = 0;
	const char *start = *s;

	while (**s >= '0' && **s <= '9' && *s - start < 8)
		x = 10 * x + (uint64_t)(*(*s)++ - '0');
	*out = (uint32_t)x;
	return (*s > start && x <= max &&
	    (*start != '0' || *s == start + 1));
}

static bool
get_unit(const char **s, const struct symmetry_group *g,
    struct sym_unit *out)
{
	uint32_t exponent;
	bool is_down;

	out->sign = 1;
	out->exponent = 0;
	if (**s == '-') {
		if ((g->kinds & SYMMETRY_SIGN) == 0)
			return (false);
		out->sign = -1;
		++*s;
	}
	if (!get_number(s, g->n_units - 1, &out->source))
		return (false);
	if (**s != '+' && **s != '-')
		return (true);
	is_down = *(*s)++ == '-';
	if ((g->kinds & SYMMETRY_SCALE) == 0 ||
	    !get_number(s, SYM_MAX_EXPONENT, &exponent) || exponent == 0)
		return (false);
	out->exponent = is_down ? -(int32_t)exponent : (int32_t)exponent;
	return (true);
}

static bool
get_group(const char **s, const struct symmetry_group *g,
    struct sym_unit *units)
{
	uint32_t u;

	if (*(*s)++ != '|')
		return (false);
	if (**s == '=') {
		++*s;
		return (true); /* it holds the identity already */
	}
	for (u = 0; u < g->n_units; u++) {
		if (u > 0 && *(*s)++ != ',')
			return (false);
		if (!get_unit(s, g, &units[u]))
			return (false);
	}
	return (true);
}

/* A permutation of the group's units that keeps its blocks. */
static bool
is_permutation(const struct symmetry *table, const struct sym_element *e,
    size_t g, unsigned char *seen)
{
	const struct symmetry_group *group = &table->groups[g];
	const struct sym_unit *units = e->units[g];
	uint32_t u, size;

	memset(seen, 0, group->n_units);
	for (u = 0; u < group->n_units; u++) {
		if (seen[units[u].source] ||
		    (group->is_fixed && units[u].source != u))
			return (false);
		seen[units[u].source] = 1;
	}
	if (group->parent == SIZE_MAX)
		return (true);
	size = group->n_units / table->groups[group->parent].n_units;
	for (u = 0; u < group->n_units; u++)
		if (e->units[group->parent][u / size].source !=
		    units[u].source / size)
			return (false);
	return (true);
}

enum ckpt_status
sym_witness_element(const struct sym_plan *p, const char **text,
    struct sym_element *out, struct ckpt_error *err)
{
	const struct symmetry *table = p->table;
	struct sym_element e;
	unsigned char *seen;
	const char *s = *text;
	bool is_good;
	size_t g, n = sym_n_groups(p);
	enum ckpt_status st;

	st = sym_element_identity(p, &e, err);
	if (st != CKPT_OK)
		return (st);
	seen = malloc(p->first_unit[n] + 1);
	if (seen == NULL) {
		st = error_nomem(err, p->first_unit[n]);
		goto err1;
	}
	is_good = *s == '1' && (s[1] == '|' || s[1] == ';' || s[1] == '\0');
	if (is_good)
		s++;
	for (g = 0; g < n && is_good; g++)
		is_good = get_group(&s, &table->groups[g], e.units[g]);
	for (g = 0; g < n && is_good; g++)
		is_good = is_permutation(table, &e, g, seen);
	free(seen);
	if (!is_good) {
		st = error_set(err, CKPT_INVALID,
		    "the witness does not fit the model's symmetries");
		goto err1;
	}
	*text = s;
	*out = e;
	return (CKPT_OK);

err1:
	sym_element_release(&e);
	return (st);
}

enum ckpt_status
sym_element_parse(const struct sym_plan *p, const char *text,
    struct sym_element *out, struct ckpt_error *err)
{
	struct sym_element e;
	enum ckpt_status st = sym_witness_element(p, &text, &e, err);

	if (st != CKPT_OK)
		return (st);
	if (*text != '\0') {
		sym_element_release(&e);
		return (error_set(err, CKPT_INVALID,
		    "bytes after the end of a witness's element"));
	}
	*out = e;
	return (CKPT_OK);
}
