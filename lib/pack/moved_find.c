/*
 * moved_find: how one tensor comes from another by moving, from the two
 * alone.
 *
 * Moving rows, flipping signs and scaling by powers of two leave the
 * significands in each row as they are. So a hash over a row's significands,
 * whatever their order, finds the row again in the base, and a column's the
 * column. What the scales are follows from any element of each; and the
 * result is taken only if it is the tensor bit for bit.
 */
#include "pack/moved.h"
#include "pack/moved_bits.h"

/* Adds the hash of each cell to its row and its column. Inlined once for each
 * dtype, whose fields are then constants. */
static inline __attribute__((always_inline)) void
add_cells(const struct moved_bits *b, const struct moved_shape *s,
    const unsigned char *data, const struct moved_print *out)
{
	uint64_t *restrict col = out->col, sum, h;
	uint32_t r, c, k, inner = s->inner;

	for (r = 0; r < s->rows; r++) {
		sum = 0;
		for (c = 0; c < s->cols; c++) {
			h = 0;
			for (k = 0; k < inner; k++, data += b->n_bytes)
				h = (h ^ moved_significant(b, moved_load(b,
				    data))) * 0xff51afd7ed558ccdu + 1;
			h = moved_mix(h);
			sum += h;
			col[c] += h;
		}
		out->row[r] = sum;
	}
}

static void
add_all(const struct moved_shape *s, const unsigned char *data,
    const struct moved_print *out)
{
	static const struct moved_bits f32 = {
		4, 23, 0x7fffff, 0x80000000, 0xff
	}, bf16 = {
		2, 7, 0x7f, 0x8000, 0xff
	}, f16 = {
		2, 10, 0x3ff, 0x8000, 0x1f
	};
	struct moved_bits b = moved_bits_of(s->dtype);

	if (s->dtype == CKPT_F32)
		add_cells(&f32, s, data, out);
	else if (s->dtype == CKPT_BF16)
		add_cells(&bf16, s, data, out);
	else if (s->dtype == CKPT_F16)
		add_cells(&f16, s, data, out);
	else
		add_cells(&b, s, data, out);
}

enum ckpt_status
moved_print_of(const struct moved_shape *s, const unsigned char *data,
    struct moved_print *out, struct ckpt_error *err)
{
	out->row = calloc(s->rows, sizeof(*out->row));
	out->col = calloc(s->cols, sizeof(*out->col));
	if (out->row == NULL || out->col == NULL) {
		moved_print_release(out);
		return (error_nomem(err, ((size_t)s->rows + s->cols) *
		    sizeof(*out->row)));
	}
	add_all(s, data, out);
	return (CKPT_OK);
}

void
moved_print_release(struct moved_print *p)
{
	free(p->row);
	free(p->col);
	memset(p, 0, sizeof(*p));
}

struct numbered {
	uint64_t hash;
	uint32_t index;
};

static int
numbered_cmp(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->hash != y->hash)
		return (x->hash < y->hash ? -1 : 1);
	return (x->index < y->index ? -1 : x->index > y->index);
}

static struct numbered *
sorted(const uint64_t *hash, uint32_t n)
{
	struct numbered *x = malloc((size_t)n * sizeof(*x));
	uint32_t i;

	for (i = 0; x != NULL && i < n; i++) {
		x[i].hash = hash[i];
		x[i].index = i;
	}
	if (x != NULL)
		qsort(x, n, sizeof(*x), numbered_cmp);
	return (x);
}

static bool
fits(const uint64_t *from, const uint64_t *to, const uint32_t *source,
    uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (from[source != NULL ? source[i] : i] != to[i])
			return (false);
	return (true);
}

/* The order of one axis: none, a known one, or that of equal hashes. */
static enum ckpt_status
find_source(const uint64_t *from, const uint64_t *to, uint32_t n,
    const struct moved_known *known, uint32_t **out, bool *found,
    struct ckpt_error *err)
{
	struct numbered *x, *y;
	uint32_t *source;
	uint32_t j;
	size_t i;

	*out = NULL;
	*found = true;
	if (fits(from, to, NULL, n))
		return (CKPT_OK);
	source = malloc((size_t)n * sizeof(*source));
	if (source == NULL)
		return (error_nomem(err, (size_t)n * sizeof(*source)));
	*out = source;
	for (i = 0; i < known->n; i++) {
		if (known->axes[i].n != n || known->axes[i].source == NULL ||
		    !fits(from, to, known->axes[i].source, n))
			continue;
		memcpy(source, known->axes[i].source,
		    (size_t)n * sizeof(*source));
		return (CKPT_OK);
	}
	x = sorted(from, n);
	y = sorted(to, n);
	for (j = 0; x != NULL && y != NULL && j < n; j++) {
		*found = *found && x[j].hash == y[j].hash;
		source[y[j].index] = x[j].index;
	}
	*found = *found && x != NULL && y != NULL;
	free(x);
	free(y);
	return (CKPT_OK);
}

#define UNKNOWN INT16_MIN
#define MAX_SCALE 4000

/* The exponent that a number other than 0 has once it is normal. */
static int
exponent_of(const struct moved_bits *b, uint64_t x)
{
	uint64_t m = x & b->mantissa;
	int e = (int)((x & ~b->sign) >> b->n_mantissa);

	if (e != 0)
		return (e);
	for (e = 1; (m >> b->n_mantissa) == 0; m <<= 1)
		e--;
	return (e);
}

/* Scale that takes one cell to another, from its first element that says
 * so; UNKNOWN if none does. */
static int
cell_scale(const struct moved_bits *b, const unsigned char *from,
    const unsigned char *to, uint32_t inner)
{
	uint64_t x, y;
	uint32_t k;

	for (k = 0; k < inner; k++) {
		x = moved_load(b, from + (size_t)k * b->n_bytes);
		y = moved_load(b, to + (size_t)k * b->n_bytes);
		if ((x & ~b->sign) == 0 || (y & ~b->sign) == 0 ||
		    (x & ~b->sign) >> b->n_mantissa == b->max_exponent)
			continue;
		return (2 * (exponent_of(b, y) - exponent_of(b, x)) +
		    (((x ^ y) & b->sign) != 0));
	}
	return (UNKNOWN);
}

/* The scales of the cells, all known ones being row + column. */
struct scales {
	const struct moved_shape *s;
	struct moved_bits b;
	const unsigned char *from, *to;
	struct moved *m;
};

static int
scale_of(const struct scales *x, uint32_t r, uint32_t c)
{
	const struct moved *m = x->m;
	uint64_t sr = m->row.source != NULL ? m->row.source[r] : r;
	uint64_t sc = m->col.source != NULL ? m->col.source[c] : c;
	uint64_t n = (uint64_t)x->s->inner * x->b.n_bytes;

	return (cell_scale(&x->b, x->from + (sr * x->s->cols + sc) * n,
	    x->to + ((uint64_t)r * x->s->cols + c) * n, x->s->inner));
}

/* a without b: exponents subtract, signs cancel. */
static int
without(int a, int b)
{
	return ((a - (a & 1)) - (b - (b & 1)) + ((a ^ b) & 1));
}

/* Scales that follow from known ones of the other axis. */
static bool
spread(const struct scales *x, bool *is_changed)
{
	int16_t *row = x->m->row.scale, *col = x->m->col.scale;
	uint32_t r, c;
	int d;

	*is_changed = false;
	for (r = 0; r < x->s->rows; r++)
		for (c = 0; c < x->s->cols; c++) {
			if ((row[r] == UNKNOWN) == (col[c] == UNKNOWN))
				continue;
			d = scale_of(x, r, c);
			if (d == UNKNOWN)
				continue;
			d = without(d, row[r] != UNKNOWN ? row[r] : col[c]);
			if (d > MAX_SCALE || d < -MAX_SCALE)
				return (false);
			*(row[r] != UNKNOWN ? &col[c] : &row[r]) = (int16_t)d;
			*is_changed = true;
		}
	return (true);
}

#define MAX_ROUNDS 32

/* All scales, where rows and columns hang together; a row that nothing
 * binds to those before it begins anew with 1. */
static bool
find_scales(const struct scales *x)
{
	int16_t *row = x->m->row.scale, *col = x->m->col.scale;
	bool is_changed = true;
	uint32_t i;
	int round;

	for (i = 0; i < x->s->rows; i++)
		row[i] = UNKNOWN;
	for (i = 0; i < x->s->cols; i++)
		col[i] = UNKNOWN;
	/* of one column all is the rows' */
	(x->s->cols == 1 ? col : row)[0] = 0;
	for (round = 0; round < MAX_ROUNDS; round++) {
		if (!spread(x, &is_changed))
			return (false);
		if (is_changed)
			continue;
		for (i = 0; i < x->s->rows && row[i] != UNKNOWN; i++)
			;
		if (i == x->s->rows)
			break;
		row[i] = 0;
	}
	for (i = 0; i < x->s->cols; i++)
		col[i] = col[i] == UNKNOWN ? 0 : col[i];
	return (round < MAX_ROUNDS);
}

static void
drop_zeros(struct moved_axis *a)
{
	uint32_t i;

	for (i = 0; i < a->n && a->scale[i] == 0; i++)
		;
	if (i < a->n)
		return;
	free(a->scale);
	a->scale = NULL;
}

/* Whether the whole result is what it must be; a piece at a time. */
static bool
is_exact(const struct scales *x, unsigned char *piece, size_t n_piece)
{
	uint64_t n = moved_n_bytes(x->s), at;
	size_t part;

	for (at = 0; at < n; at += part) {
		part = n - at < n_piece ? (size_t)(n - at) : n_piece;
		if (!moved_apply(x->s, x->m, x->from, at, part, piece) ||
		    memcmp(piece, x->to + at, part) != 0)
			return (false);
	}
	return (true);
}

#define PIECE 65536

/* Known scales of rows alone: those of a vector whose zeros do not tell. */
static bool
try_known(const struct scales *x, const struct moved_known *known,
    unsigned char *piece)
{
	struct moved_axis *row = &x->m->row;
	size_t i;

	if (x->s->cols != 1)
		return (false);
	for (i = 0; i < known->n; i++) {
		if (known->axes[i].n != row->n ||
		    known->axes[i].scale == NULL)
			continue;
		row->scale = known->axes[i].scale;
		if (is_exact(x, piece, PIECE))
			break;
	}
	row->scale = NULL;
	if (i == known->n)
		return (false);
	row->scale = malloc((size_t)row->n * sizeof(*row->scale));
	if (row->scale != NULL)
		memcpy(row->scale, known->axes[i].scale,
		    (size_t)row->n * sizeof(*row->scale));
	return (row->scale != NULL);
}

static enum ckpt_status
scale_both(const struct scales *x, const struct moved_known *known,
    bool *found, struct ckpt_error *err)
{
	struct moved *m = x->m;
	unsigned char *piece = malloc(PIECE);
	enum ckpt_status status = CKPT_OK;

	*found = false;
	if (piece == NULL)
		return (error_nomem(err, PIECE));
	*found = is_exact(x, piece, PIECE) || try_known(x, known, piece);
	if (*found)
		goto out;
	m->row.scale = malloc((size_t)m->row.n * sizeof(*m->row.scale));
	m->col.scale = malloc((size_t)m->col.n * sizeof(*m->col.scale));
	if (m->row.scale == NULL || m->col.scale == NULL) {
		status = error_nomem(err, m->row.n);
		goto out;
	}
	*found = find_scales(x) && is_exact(x, piece, PIECE);
	if (*found) {
		drop_zeros(&m->row);
		drop_zeros(&m->col);
	}
out:
	free(piece);
	return (status);
}

enum ckpt_status
moved_find(const struct moved_shape *s, const unsigned char *from,
    const unsigned char *to, const struct moved_print *p,
    const struct moved_known *known, struct moved *out, bool *found,
    struct ckpt_error *err)
{
	struct scales x = { .s = s, .b = moved_bits_of(s->dtype),
	    .from = from, .to = to, .m = out };
	struct moved_print base;
	enum ckpt_status status;

	memset(out, 0, sizeof(*out));
	out->row.n = s->rows;
	out->col.n = s->cols;
	*found = false;
	status = moved_print_of(s, from, &base, err);
	if (status != CKPT_OK)
		return (status);
	status = find_source(base.row, p->row, s->rows, known,
	    &out->row.source, found, err);
	if (status == CKPT_OK && *found)
		status = find_source(base.col, p->col, s->cols, known,
		    &out->col.source, found, err);
	if (status == CKPT_OK && *found)
		status = scale_both(&x, known, found, err);
	moved_print_release(&base);
	if (status != CKPT_OK || !*found)
		moved_release(out);
	return (status);
}
