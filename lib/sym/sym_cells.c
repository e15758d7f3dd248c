#include "sym/sym_cells.h"

static enum ckpt_status
cells_alloc(const struct sym_plan *p, struct sym_cells *out,
    struct ckpt_error *err)
{
	size_t n = p->first_point[sym_n_groups(p)];

	out->p = p;
	out->n_bytes = (4 * n + sym_n_groups(p) + 1) * sizeof(*out->order);
	out->order = malloc(out->n_bytes);
	if (out->order == NULL)
		return (error_nomem(err, out->n_bytes));
	out->place = out->order + n;
	out->cell = out->place + n;
	out->end = out->cell + n;
	out->n_cells = out->end + n;
	return (CKPT_OK);
}

enum ckpt_status
sym_cells_new(const struct sym_plan *p, struct sym_cells *out,
    struct ckpt_error *err)
{
	size_t g, first;
	uint32_t i, n, size;
	enum ckpt_status st = cells_alloc(p, out, err);

	if (st != CKPT_OK)
		return (st);
	for (g = 0; g < sym_n_groups(p); g++) {
		first = p->first_point[g];
		n = sym_cells_n_points(p, g);
		size = n;
		if (p->table->groups[g].is_fixed)
			size = 1 + sym_cells_doubled(p, g);
		out->n_cells[g] = n / size;
		for (i = 0; i < n; i++) {
			out->order[first + i] = out->place[first + i] = i;
			out->cell[first + i] = i - i % size;
			out->end[first + i] = i - i % size + size;
		}
	}
	return (CKPT_OK);
}

enum ckpt_status
sym_cells_copy(const struct sym_cells *from, struct sym_cells *out,
    struct ckpt_error *err)
{
	enum ckpt_status st = cells_alloc(from->p, out, err);

	if (st == CKPT_OK)
		sym_cells_assign(out, from);
	return (st);
}

void
sym_cells_assign(struct sym_cells *to, const struct sym_cells *from)
{
	memcpy(to->order, from->order, from->n_bytes);
}

void
sym_cells_release(struct sym_cells *c)
{
	free(c->order);
}

void
sym_cells_individualise(struct sym_cells *c, size_t group, uint32_t point)
{
	size_t first = c->p->first_point[group];
	uint32_t *order = c->order + first, *place = c->place + first;
	uint32_t start = c->cell[first + point], at = place[point];

	order[at] = order[start];
	place[order[at]] = at;
	order[start] = point;
	place[point] = start;
	if (c->end[first + start] > start + 1)
		sym_cells_cut(c, group, start + 1);
}

void
sym_cells_cut(struct sym_cells *c, size_t group, uint32_t place)
{
	size_t first = c->p->first_point[group];
	uint32_t start = c->cell[first + c->order[first + place]], i;
	uint32_t end = c->end[first + start];

	for (i = place; i < end; i++)
		c->cell[first + c->order[first + i]] = place;
	c->end[first + start] = place;
	c->end[first + place] = end;
	c->n_cells[group]++;
}
