/*
 * match_product: products of all units of a reference with all of a model,
 * over the terms that have changed.
 */
#include "match/match_work.h"

/* Below so many multiplications tiles are not worth their filling. */
#define SMALL_PRODUCT 8192

/* A chunk of the terms: units list[0 .. n) of the other axis. */
struct chunk {
	const struct match_use *u;
	const uint32_t *list;
	size_t n;
	size_t len;         /* numbers a unit: n * row_block * run */
	bool is_transposed; /* panels are [len][unit], not [unit][len] */
};

/* Numbers of one product: those of the model as they are now, less as they
 * were. */
struct cell {
	const float *w, *was;
	float f, f_was;
};

static inline void
put(float *out, const struct cell *c, size_t n)
{
	size_t i;

	if (c->was != NULL)
		for (i = 0; i < n; i++)
			out[i] = c->f * c->w[i] - c->f_was * c->was[i];
	else
		for (i = 0; i < n; i++)
			out[i] = c->f * c->w[i];
}

/* The numbers of unit j of the other axis, in slice s, at term t; `w` is the
 * tensor. NULL terms: as they stand (the reference). */
static inline void
put_term(const struct chunk *k, const float *w, const struct match_term *old,
    const struct match_term *new, size_t s, size_t j, size_t stride,
    size_t offset, float *out, size_t n)
{
	const size_t at = s * k->u->n_other + j;
	struct cell c = { w + j * stride + offset, NULL, 1, 1 };

	if (new != NULL) {
		c.w = w + new[at].source * stride + offset;
		c.f = new[at].factor;
	}
	if (new != NULL && old != NULL) {
		c.was = w + old[at].source * stride + offset;
		c.f_was = old[at].factor;
	}
	/* 3 x 3 kernels: with a constant the compiler writes it out */
	if (c.was == NULL && c.f >= 1 && c.f <= 1) {
		if (n == 9)
			memcpy(out, c.w, 9 * sizeof(*out));
		else
			memcpy(out, c.w, n * sizeof(*out));
	} else if (n == 9)
		put(out, &c, 9);
	else
		put(out, &c, n);
}

/* The panel of the rows of a tensor: each of them has all terms in itself. */
static void
fill_rows(const struct chunk *k, const float *w, const struct match_term *old,
    const struct match_term *new, float *out)
{
	const struct match_use *u = k->u;
	size_t x, r, i, width = u->cols * u->run;
	size_t per_slice = u->rows / u->slices;

	for (x = 0; x < u->rows; x++)
		for (r = 0; r < u->row_block; r++)
			for (i = 0; i < k->n; i++, out += u->run)
				put_term(k, w, old, new, x / per_slice,
				    k->list[i], u->run, (x * u->row_block +
				    r) * width, out, u->run);
}

/* The panel of the columns: each term is in another row. */
static void
fill_columns(const struct chunk *k, const float *w,
    const struct match_term *old, const struct match_term *new, float *out)
{
	const struct match_use *u = k->u;
	size_t s, i, r, q, width = u->cols * u->run, at;
	const float *slice;

	for (s = 0; s < u->slices; s++) {
		slice = w + s * u->n_other * u->row_block * width;
		for (i = 0; i < k->n; i++)
			for (r = 0; r < u->row_block; r++) {
				at = s * u->cols * k->len +
				    (i * u->row_block + r) * u->run;
				for (q = 0; q < u->cols; q++)
					put_term(k, slice, old, new, s,
					    k->list[i], u->row_block * width,
					    r * width + q * u->run,
					    out + at + q * k->len, u->run);
			}
	}
}

/* The same where runs are of one number: rows as they lie. */
static void
fill_transposed(const struct chunk *k, const float *w,
    const struct match_term *old, const struct match_term *new, float *out)
{
	const struct match_use *u = k->u;
	size_t i, r;

	for (i = 0; i < k->n; i++)
		for (r = 0; r < u->row_block; r++, out += u->cols)
			put_term(k, w, old, new, 0, k->list[i],
			    u->row_block * u->cols, r * u->cols, out,
			    u->cols);
}

static void
fill(const struct chunk *k, const float *w, const struct match_term *old,
    const struct match_term *new, float *out)
{
	if (k->is_transposed)
		fill_transposed(k, w, old, new, out);
	else if (k->u->is_col)
		fill_columns(k, w, old, new, out);
	else
		fill_rows(k, w, old, new, out);
}

static double
dot(const float *a, const float *b, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (double)a[i] * (double)b[i];
	return (sum);
}

/* c[n][n] += the products of two panels; lda, ldb: from one row to the
 * next */
static void
multiply(const struct match_work *k, const struct chunk *t, const float *a,
    size_t lda, const float *b, size_t ldb, float *c)
{
	size_t i, j, n = t->u->n_units;
	struct gemm_matrix x = { a, lda, 1 }, y = { b, ldb, 1 };

	if (t->is_transposed) {
		x = (struct gemm_matrix){ a, 1, lda };
		y = (struct gemm_matrix){ b, 1, ldb };
	}
	if (t->is_transposed || n * n * t->len >= SMALL_PRODUCT)
		k->gemm(n, n, t->len, &x, &y, c, n);
	else
		for (i = 0; i < n; i++)
			for (j = 0; j < n; j++)
				c[i * n + j] += (float)dot(a + i * lda,
				    b + j * ldb, t->len);
}

/* Whether a tensor may be read in place, without a panel: the chunk's terms
 * lie side by side. */
static bool
is_in_place(const struct chunk *k, const struct match_term *terms)
{
	size_t i, j;

	if (k->u->slices > 1 || (!k->is_transposed &&
	    (k->u->is_col || k->u->row_block > 1)))
		return (false);
	for (i = 0; i < k->n; i++) {
		j = k->list[i];
		if (j != k->list[0] + i)
			return (false);
		if (terms != NULL && (terms[j].source != j ||
		    terms[j].factor < 1 || terms[j].factor > 1))
			return (false);
	}
	return (true);
}

static void
add_chunk(struct match_work *k, const struct chunk *c,
    const struct match_term *old, const struct match_term *new, float *out)
{
	size_t at = k->problem->shape->offset[c->u->tensor], first, ld;
	const float *ref = k->problem->ref.w + at, *w = k->model.w + at;
	const float *a = k->panel[0], *b = k->panel[1];
	size_t width = c->u->cols * c->u->run, ld_ref;

	ld = ld_ref = c->is_transposed ? c->u->cols : c->len;
	first = c->is_transposed ? c->list[0] * c->u->row_block * width :
	    c->list[0] * c->u->run;
	if (is_in_place(c, NULL)) {
		a = ref + first;
		ld_ref = width;
	} else
		fill(c, ref, NULL, NULL, k->panel[0]);
	if (old == NULL && is_in_place(c, new)) {
		b = w + first;
		ld = width;
	} else
		fill(c, w, old, new, k->panel[1]);
	multiply(k, c, a, ld_ref, b, ld, out);
}

/* The terms that differ in any slice. */
static size_t
list_changed(const struct match_use *u, const struct match_term *old,
    const struct match_term *new, uint32_t *list)
{
	size_t j, s, i, n = 0;
	bool differs;

	for (j = 0; j < u->n_other; j++) {
		differs = old == NULL;
		for (s = 0; s < u->slices && !differs; s++) {
			i = s * u->n_other + j;
			differs = old[i].source != new[i].source ||
			    old[i].factor < new[i].factor ||
			    old[i].factor > new[i].factor;
		}
		if (differs)
			list[n++] = (uint32_t)j;
	}
	return (n);
}

void
match_product_add(struct match_work *k, const struct match_use *u,
    const struct match_term *old, const struct match_term *new, float *c)
{
	size_t per_term = u->row_block * u->run, i, n, step;
	struct chunk chunk = { .u = u };

	n = list_changed(u, old, new, k->changed);
	step = k->problem->layout.panel / (u->n_units * per_term);
	chunk.is_transposed = u->is_col && u->run == 1 && u->slices == 1 &&
	    u->n_units * u->n_units * per_term * n >= SMALL_PRODUCT;
	for (i = 0; i < n; i += chunk.n) {
		chunk.list = k->changed + i;
		chunk.n = n - i < step ? n - i : step;
		chunk.len = chunk.n * per_term;
		add_chunk(k, &chunk, old, new, c);
	}
}
