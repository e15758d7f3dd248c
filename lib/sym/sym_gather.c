#include "sym/sym_gather.h"
#include "sym/sym_bits.h"

#define PLAIN_ROW 4096 /* elements of a row of a tensor not acted on */

enum ckpt_status
sym_gather_new(const struct sym_plan *p, const struct sym_element *e,
    const struct model *m, struct sym_gather *out, struct ckpt_error *err)
{
	uint64_t n_row = p->max_row > PLAIN_ROW ? p->max_row : PLAIN_ROW;
	size_t n_bytes = n_row * sizeof(*out->row) +
	    p->max_cols * sizeof(*out->cols);

	memset(out, 0, sizeof(*out));
	out->p = p;
	out->e = e;
	out->m = m;
	out->row = malloc(n_bytes);
	if (out->row == NULL)
		return (error_nomem(err, n_bytes));
	out->cols = (struct sym_gather_col *)(out->row + n_row);
	return (CKPT_OK);
}

void
sym_gather_release(struct sym_gather *g)
{
	free(g->row);
}

/* What a unit of the result does to the elements of its side. */
static struct sym_gather_col
unit_of(const struct sym_gather *g, const struct sym_side *side,
    uint64_t index)
{
	struct sym_gather_col c = { (uint32_t)index, 0, 0 };
	const struct sym_unit *u;

	if (side->group == SIZE_MAX || g->e == NULL)
		return (c);
	u = &g->e->units[side->group][index / side->block];
	c.source = (uint32_t)(u->source * side->block + index % side->block);
	if (side->action == SYMMETRY_NONE)
		return (c);
	c.exponent = side->action == SYMMETRY_OUT ? u->exponent :
	    -u->exponent;
	c.sign = u->sign < 0 ? SYM_BITS_SIGN : 0;
	return (c);
}

/* The columns of row `r`; its source row is `source`. */
static void
set_cols(struct sym_gather *g, uint64_t r, uint64_t source)
{
	const struct sym_tensor *t = g->t;
	uint64_t slice_rows = t->rows / t->slices, c;
	uint64_t to = r / slice_rows * t->cols;
	uint64_t from = source / slice_rows * t->cols;

	for (c = 0; c < t->cols; c++) {
		g->cols[c] = unit_of(g, &t->col, to + c);
		g->cols[c].source -= (uint32_t)from;
	}
}

void
sym_gather_tensor(struct sym_gather *g, size_t index)
{
	const struct schema *s = g->m->head.schema;
	const struct tensor_desc *desc = &s->tensors[index];
	const struct sym_plan *p = g->p;
	size_t i = p->tensor_of[index];

	g->src = g->m->data + desc->offset;
	g->dtype = desc->dtype;
	g->n_elements = desc->n_elements;
	g->n_parts = 0;
	if (i == SIZE_MAX) {
		g->rows = (desc->n_elements + PLAIN_ROW - 1) / PLAIN_ROW;
		return;
	}
	g->parts = g->t = &p->tensors[i];
	for (; i < p->n_tensors && p->tensors[i].index == index; i++)
		g->n_parts++;
	g->rows = desc->n_elements / g->t->pitch;
	if (g->n_parts == 1 && g->t->slices == 1)
		set_cols(g, 0, 0);
}

/* For each format: a run of `n` elements, scaled and signed. */
#define DEFINE_RUN(name, bits, n_exp, n_man)				\
static void								\
name(const unsigned char *src, uint64_t *dst, size_t n, int shift,	\
    uint64_t sign, bool *inexact)					\
{									\
	size_t i;							\
									\
	for (i = 0; i < n; i++)						\
		dst[i] = sign ^ sym_bits_scale(sym_bits_widen(n_exp,	\
		    n_man, le##bits##_load(src + i * (bits / 8))),	\
		    shift, inexact);					\
}

DEFINE_RUN(run_f16, 16, 5, 10)
DEFINE_RUN(run_bf16, 16, 8, 7)
DEFINE_RUN(run_f32, 32, 8, 23)
DEFINE_RUN(run_f64, 64, 11, 52)

typedef void run_func(const unsigned char *, uint64_t *, size_t, int,
    uint64_t, bool *);

static run_func *
run_of(enum ckpt_dtype dtype)
{
	switch (dtype) {
	case CKPT_F16:
		return (run_f16);
	case CKPT_BF16:
		return (run_bf16);
	case CKPT_F32:
		return (run_f32);
	default:
		return (run_f64);
	}
}

/* Row `r` of the part g->t to `dst`. */
static void
part_row(struct sym_gather *g, uint64_t r, uint64_t *dst)
{
	const struct sym_tensor *t = g->t;
	size_t width = dtype_bits(g->dtype) / 8, c;
	run_func *run = run_of(g->dtype);
	struct sym_gather_col row = unit_of(g, &t->row, r);
	const unsigned char *src;

	if (g->n_parts > 1 || t->slices > 1)
		set_cols(g, r, row.source);
	src = g->src + (t->first + (uint64_t)row.source * t->pitch) * width;
	if (t->col.group == SIZE_MAX || g->e == NULL) {
		run(src, dst, t->cols * t->inner, row.exponent, row.sign,
		    &g->inexact);
		return;
	}
	for (c = 0; c < t->cols; c++)
		run(src + (uint64_t)g->cols[c].source * t->inner * width,
		    dst + c * t->inner, t->inner,
		    row.exponent + g->cols[c].exponent,
		    row.sign ^ g->cols[c].sign, &g->inexact);
}

size_t
sym_gather_row(struct sym_gather *g, uint64_t r)
{
	size_t width = dtype_bits(g->dtype) / 8, n, i;
	uint64_t first;

	if (g->n_parts == 0) {
		n = g->n_elements - r * PLAIN_ROW;
		if (n > PLAIN_ROW)
			n = PLAIN_ROW;
		run_of(g->dtype)(g->src + r * PLAIN_ROW * width, g->row, n, 0,
		    0, &g->inexact);
		return (n);
	}
	for (i = 0; i < g->n_parts; i++) {
		g->t = &g->parts[i];
		first = g->t->first / g->t->pitch;
		if (r >= first && r - first < g->t->rows)
			part_row(g, r - first,
			    g->row + g->t->first % g->t->pitch);
	}
	return (g->parts->pitch);
}

#define DEFINE_STORE(name, bits, n_exp, n_man)				\
static void								\
name(const uint64_t *src, unsigned char *dst, size_t n, bool *inexact)	\
{									\
	size_t i;							\
									\
	for (i = 0; i < n; i++)						\
		le##bits##_store(dst + i * (bits / 8),			\
		    (uint##bits##_t)sym_bits_narrow(n_exp, n_man,	\
		    src[i], inexact));					\
}

DEFINE_STORE(store_f16, 16, 5, 10)
DEFINE_STORE(store_bf16, 16, 8, 7)
DEFINE_STORE(store_f32, 32, 8, 23)
DEFINE_STORE(store_f64, 64, 11, 52)

void
sym_gather_store(enum ckpt_dtype dtype, const uint64_t *bits,
    unsigned char *dst, size_t n, bool *inexact)
{
	switch (dtype) {
	case CKPT_F16:
		store_f16(bits, dst, n, inexact);
		break;
	case CKPT_BF16:
		store_bf16(bits, dst, n, inexact);
		break;
	case CKPT_F32:
		store_f32(bits, dst, n, inexact);
		break;
	default:
		store_f64(bits, dst, n, inexact);
		break;
	}
}
