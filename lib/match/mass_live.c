/*
 * Which units are live: reached by a path of weights other than 0 from what
 * has no scale (inputs), and reaching such (outputs) or filters before
 * normalisations.
 */
#include "match/mass.h"

/* Bits of a unit. */
enum { FROM = 1, TO = 2, LIVE = FROM | TO };

struct reach {
	const struct mass_state *s;
	unsigned char *marks; /* [unit] */
};

/* Spreads one mark through a matrix: along rows where they are what gets
 * it, from rows otherwise. */
static bool
spread(const struct reach *k, const struct mass_part *t, unsigned char mark,
    bool to_rows)
{
	unsigned char *rows = k->marks + t->row.first, *cols;
	const double *cells = k->s->cells + t->cell;
	bool has_changed = false;
	size_t r, c;

	for (r = 0; r < t->row.n; r++, cells += t->width) {
		cols = k->marks + t->col.first + r / t->height * t->width;
		if (to_rows && !(rows[r] & mark)) {
			for (c = 0; c < t->width; c++)
				if ((cols[c] & mark) && cells[c] > 0)
					break;
			if (c < t->width) {
				rows[r] |= mark;
				has_changed = true;
			}
		} else if (!to_rows && (rows[r] & mark)) {
			for (c = 0; c < t->width; c++)
				if (!(cols[c] & mark) && cells[c] > 0) {
					cols[c] |= mark;
					has_changed = true;
				}
		}
	}
	return (has_changed);
}

/* What comes from, or goes to, where there is no scale. */
static void
seed(const struct reach *k, const struct mass_side *side,
    const double *ends)
{
	unsigned char *marks = k->marks + side->first;
	size_t u;

	for (u = 0; u < side->n; u++)
		if (ends[u] > 0)
			marks[u] |= side->sign > 0 ? FROM : TO;
}

static void
find_live(const struct reach *k)
{
	const struct match_mass *p = k->s->p;
	const struct mass_part *t;
	const double *ends;
	bool has_changed;
	size_t i, g;

	for (g = 0; g < p->n_groups; g++)
		if (p->norms[g] > 0)
			memset(k->marks + p->first_unit[g], TO,
			    p->first_unit[g + 1] - p->first_unit[g]);
	for (i = 0; i < p->n_parts; i++) {
		t = &p->parts[i];
		ends = k->s->ends + t->end;
		seed(k, &t->row, ends);
		seed(k, &t->col, ends + t->row.n);
	}
	do {
		has_changed = false;
		for (i = 0; i < p->n_parts; i++) {
			t = &p->parts[i];
			if (t->is_matrix && spread(k, t, FROM,
			    t->row.sign > 0))
				has_changed = true;
		}
		for (i = p->n_parts; i-- > 0;) {
			t = &p->parts[i];
			if (t->is_matrix && spread(k, t, TO,
			    t->row.sign < 0))
				has_changed = true;
		}
	} while (has_changed);
}

/* The cells of dead units become ends and constants. */
static void
move_cells(struct mass_state *s, const struct mass_part *t)
{
	const bool *rows = s->is_live + t->row.first, *cols;
	double *cells = s->cells + t->cell, *row_ends = s->ends + t->end;
	double *col_ends, *constant = &s->constants[t - s->p->parts];
	size_t r, c, skip;

	for (r = 0; r < t->row.n; r++, cells += t->width) {
		skip = r / t->height * t->width;
		cols = s->is_live + t->col.first + skip;
		col_ends = row_ends + t->row.n + skip;
		for (c = 0; c < t->width; c++) {
			if (rows[r] && cols[c])
				continue;
			*(rows[r] ? &row_ends[r] : cols[c] ? &col_ends[c] :
			    constant) += cells[c];
			cells[c] = 0;
		}
	}
}

static void
move_ends(struct mass_state *s, const struct mass_part *t,
    const struct mass_side *side, double *ends)
{
	size_t u;

	for (u = 0; u < side->n; u++)
		if (!s->is_live[side->first + u]) {
			s->constants[t - s->p->parts] += ends[u];
			ends[u] = 0;
		}
}

enum ckpt_status
mass_live(struct mass_state *s, struct ckpt_error *err)
{
	const struct match_mass *p = s->p;
	struct reach k = { .s = s };
	const struct mass_part *t;
	bool has_dead = false;
	size_t i, u;

	k.marks = calloc(p->n_units + 1, sizeof(*k.marks));
	if (k.marks == NULL)
		return (error_nomem(err, p->n_units));
	find_live(&k);
	for (u = 0; u < p->n_units; u++) {
		s->is_live[u] = k.marks[u] == LIVE;
		has_dead |= !s->is_live[u];
	}
	free(k.marks);
	for (i = 0; has_dead && i < p->n_parts; i++) {
		t = &p->parts[i];
		if (t->is_matrix)
			move_cells(s, t);
		move_ends(s, t, &t->row, s->ends + t->end);
		move_ends(s, t, &t->col, s->ends + t->end + t->row.n);
	}
	return (CKPT_OK);
}
