#include <math.h>

#include "match/match_work.h"

/* Numbers up to 2^30 and down to 2^-30 in size need no factor: the products
 * of as many as a model has stay in the range of a float. */
#define PLAIN_EXPONENT 30

/* Elements at a time. */
#define CHUNK 2048

bool
match_is_left_out(const struct sym_tensor *t)
{
	return (t->row.action == SYMMETRY_NONE &&
	    t->col.action == SYMMETRY_NONE && t->cols == 1);
}

static int
exponent_of(double most)
{
	int e = most > 0 ? ilogb(most) : 0;

	return (e > PLAIN_EXPONENT || e < -PLAIN_EXPONENT ? e : 0);
}

/* What a pass over a model works on. */
struct pass {
	float *out;
	double scale;
	double most;  /* so far */
	size_t n_bad;
};

static void
convert(struct pass *p, const double *x, size_t n)
{
	size_t i;
	double a;

	for (i = 0; i < n; i++) {
		a = fabs(x[i]);
		if (!isfinite(a)) {
			p->n_bad++;
			*p->out++ = 0;
			continue;
		}
		p->most = a > p->most ? a : p->most;
		*p->out++ = (float)(x[i] * p->scale);
	}
}

static void
convert_tensor(struct pass *p, const struct sym_tensor *t,
    enum ckpt_dtype dtype, const unsigned char *data)
{
	size_t size = dtype_bits(dtype) / 8, i, n, row;
	size_t width = (size_t)(t->cols * t->inner);
	size_t rows = (size_t)t->rows;
	double x[CHUNK];

	data += t->first * size;
	if (t->pitch == width) {
		width *= rows;
		rows = 1;
	}
	for (row = 0; row < rows; row++)
		for (i = 0; i < width; i += n) {
			n = width - i < CHUNK ? width - i : CHUNK;
			dtype_to_f64(dtype, data + (row * (size_t)t->pitch +
			    i) * size, x, n);
			convert(p, x, n);
		}
}

static void
convert_given(const struct match_shape *s, const struct match_given *m,
    struct pass *p)
{
	const struct sym_tensor *tensors = s->tensors;
	const struct tensor_desc *t;
	size_t i, n = s->n_tensors, len;

	if (m->model != NULL)
		tensors = sym_plan_tensors(m->plan, &n);
	for (i = 0; i < n; i++) {
		len = s->offset[i + 1] - s->offset[i];
		if (match_is_left_out(&tensors[i])) {
			memset(p->out, 0, len * sizeof(*p->out));
			p->out += len;
		} else if (m->model == NULL) {
			convert(p, m->w + s->offset[i], len);
		} else {
			t = &m->model->head.schema->tensors[tensors[i].index];
			convert_tensor(p, &tensors[i], t->dtype,
			    m->model->data + t->offset);
		}
	}
}

enum ckpt_status
match_weights_load(const struct match_shape *s, const struct match_given *m,
    struct match_weights *out, size_t *n_bad, struct ckpt_error *err)
{
	struct pass p = { .scale = 1 };
	float *w = malloc((s->total + 1) * sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	p.out = w;
	convert_given(s, m, &p);
	*n_bad = p.n_bad;
	out->exponent = exponent_of(p.most);
	if (out->exponent != 0) {
		p.out = w;
		p.scale = ldexp(1, -out->exponent);
		convert_given(s, m, &p);
	}
	out->w = w;
	return (CKPT_OK);
}

enum ckpt_status
match_weights_unit(const struct match_shape *s, const struct match_given *m,
    struct match_weights *out, struct match_map *map, struct ckpt_error *err)
{
	struct match_given scaled = { .w = NULL };
	enum ckpt_status st;
	size_t n_bad;
	double *w;

	w = malloc((s->total + 1) * sizeof(*w));
	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	if (m->model != NULL)
		(void)match_load(s, m->plan, m->model, w);
	else
		memcpy(w, m->w, s->total * sizeof(*w));
	st = match_paper(s, MATCH_SCALE_UNIT, false, w, map, err);
	scaled.w = w;
	if (st == CKPT_OK)
		st = match_weights_load(s, &scaled, out, &n_bad, err);
	free(w);
	return (st);
}
