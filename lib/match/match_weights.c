#include <math.h>

#include "match/match_work.h"

/* Numbers up to 2^30 and down to 2^-30 in size need no factor: the products
 * of as many as a model has stay in the range of a float. */
#define PLAIN_EXPONENT 30

/* Elements at a time. */
#define CHUNK 2048

/* Running variances are permuted with the units and never multiplied; their
 * sizes say nothing of the weights'. */
static bool
is_left_out(const struct sym_tensor *t)
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
convert_model(const struct match_shape *s, const struct sym_plan *plan,
    const struct model *m, struct pass *p)
{
	const struct sym_tensor *tensors;
	const struct tensor_desc *t;
	size_t i, n, len;

	tensors = sym_plan_tensors(plan, &n);
	for (i = 0; i < n; i++) {
		t = &m->head.schema->tensors[tensors[i].index];
		len = s->offset[i + 1] - s->offset[i];
		if (is_left_out(&tensors[i])) {
			memset(p->out, 0, len * sizeof(*p->out));
			p->out += len;
		} else
			convert_tensor(p, &tensors[i], t->dtype,
			    m->data + t->offset);
	}
}

enum ckpt_status
match_weights_load(const struct match_shape *s, const struct sym_plan *plan,
    const struct model *m, struct match_weights *out, size_t *n_bad,
    struct ckpt_error *err)
{
	struct pass p = { .scale = 1 };
	float *w = malloc((s->total + 1) * sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	p.out = w;
	convert_model(s, plan, m, &p);
	*n_bad = p.n_bad;
	out->exponent = exponent_of(p.most);
	if (out->exponent != 0) {
		p.out = w;
		p.scale = ldexp(1, -out->exponent);
		convert_model(s, plan, m, &p);
	}
	out->w = w;
	return (CKPT_OK);
}

enum ckpt_status
match_weights_unit(const struct match_shape *s, const struct sym_plan *plan,
    const struct model *m, struct match_weights *out, struct match_map *map,
    struct ckpt_error *err)
{
	struct pass p = { .scale = 1 };
	enum ckpt_status st;
	double *w;
	float *f;
	size_t i;

	w = malloc((s->total + 1) * sizeof(*w));
	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	f = malloc((s->total + 1) * sizeof(*f));
	st = f == NULL ? error_nomem(err, s->total * sizeof(*f)) : CKPT_OK;
	if (st == CKPT_OK) {
		(void)match_load(s, plan, m, w);
		st = match_paper(s, MATCH_SCALE_UNIT, false, w, map, err);
	}
	if (st != CKPT_OK) {
		free(f);
		free(w);
		return (st);
	}
	for (i = 0; i < s->n_tensors; i++)
		if (is_left_out(&s->tensors[i]))
			memset(w + s->offset[i], 0, sizeof(*w) *
			    (s->offset[i + 1] - s->offset[i]));
	p.out = f;
	convert(&p, w, s->total);
	out->exponent = exponent_of(p.most);
	p.out = f;
	p.scale = ldexp(1, -out->exponent);
	if (out->exponent != 0)
		convert(&p, w, s->total);
	free(w);
	out->w = f;
	return (CKPT_OK);
}
