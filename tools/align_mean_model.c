/*
 * align_mean_model: the mean as a model.
 *
 * It has the tensors of the first model as f32: what symmetries act on is the
 * mean of the aligned models, other floating tensors are the plain mean, and
 * tensors of integers are the first model's.
 */
#include <math.h>

#include "base/banned.h"
#include "align_mean.h"

#define KEY_MODELS "mean.models"
#define KEY_METHOD "mean.method"

/* Which tensors are averaged as they are. */
static enum ckpt_status
find_rest(struct align_mean *m, struct ckpt_error *err)
{
	const struct schema *s = m->out.head.schema;
	size_t i, n = 0;

	m->is_rest = calloc(s->n_tensors + 1, sizeof(*m->is_rest));
	if (m->is_rest == NULL)
		return (error_nomem(err, s->n_tensors));
	for (i = 0; i < s->n_tensors; i++)
		m->is_rest[i] = dtype_is_float(s->tensors[i].dtype);
	for (i = 0; i < m->shape->n_tensors; i++)
		m->is_rest[m->shape->tensors[i].index] = false;
	for (i = 0; i < s->n_tensors; i++)
		if (m->is_rest[i])
			n += (size_t)s->tensors[i].n_elements;
	m->rest = calloc(n + 1, sizeof(*m->rest));
	return (m->rest != NULL ? CKPT_OK :
	    error_nomem(err, n * sizeof(*m->rest)));
}

enum ckpt_status
align_mean_model_new(struct align_mean *m, const struct model *first,
    struct ckpt_error *err)
{
	const struct tensor_desc *t;
	enum ckpt_status st;
	size_t i;

	m->out.head.schema = schema_ref(m->plan->as_f32);
	m->out.head.label = strdup(first->head.label);
	if (m->out.head.label == NULL)
		return (error_nomem(err, strlen(first->head.label)));
	st = model_alloc(&m->out, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < first->head.schema->n_tensors; i++) {
		t = &first->head.schema->tensors[i];
		if (!dtype_is_float(t->dtype))
			memcpy(m->out.data +
			    m->out.head.schema->tensors[i].offset,
			    first->data + t->offset, (size_t)t->n_bytes);
	}
	return (find_rest(m, err));
}

enum ckpt_status
align_mean_model_add(struct align_mean *m, const struct model *in,
    struct ckpt_error *err)
{
	const struct schema *s = m->out.head.schema, *from = in->head.schema;
	const struct tensor_desc *t;
	double *rest = m->rest, *x;
	size_t i, j, k, n;

	for (i = 0; i < s->n_tensors; i++) {
		if (!m->is_rest[i])
			continue;
		n = (size_t)s->tensors[i].n_elements;
		k = schema_find(from, s->tensors[i].name);
		t = k < from->n_tensors ? &from->tensors[k] : NULL;
		if (t == NULL || !dtype_is_float(t->dtype) ||
		    t->n_elements != n) {
			(void)error_set(err, CKPT_INVALID, "its tensor "
			    "\"%.200s\" is not that of the first model",
			    s->tensors[i].name);
			return (error_where(err, in->head.label));
		}
		x = malloc((n + 1) * sizeof(*x));
		if (x == NULL)
			return (error_nomem(err, n * sizeof(*x)));
		dtype_to_f64(t->dtype, in->data + t->offset, x, n);
		for (j = 0; j < n; j++)
			rest[j] += isfinite(x[j]) ? x[j] : 0;
		free(x);
		rest += n;
	}
	return (CKPT_OK);
}

/* The means of the sums of what no symmetry acts on. */
static enum ckpt_status
put_rest(struct align_mean *m, struct ckpt_error *err)
{
	const struct schema *s = m->out.head.schema;
	const double n_models = (double)m->n_averaged;
	const double *rest = m->rest;
	const struct tensor_desc *t;
	size_t i, j, n;
	double *x;

	for (i = 0; i < s->n_tensors; i++) {
		if (!m->is_rest[i])
			continue;
		t = &s->tensors[i];
		n = (size_t)t->n_elements;
		x = malloc((n + 1) * sizeof(*x));
		if (x == NULL)
			return (error_nomem(err, n * sizeof(*x)));
		for (j = 0; j < n; j++)
			x[j] = rest[j] / n_models;
		(void)dtype_from_f64(t->dtype, x, m->out.data + t->offset, n);
		free(x);
		rest += n;
	}
	return (CKPT_OK);
}

static enum ckpt_status
set_meta(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct buf text = BUF_INIT(4096);
	enum ckpt_status st;

	st = align_mean_print(a, &text, err);
	if (st == CKPT_OK)
		st = buf_append(&text, "", 1, err);
	if (st == CKPT_OK)
		st = meta_set(&m->out.head.meta, KEY_METHOD,
		    (const char *)text.data, err);
	text.len = 0;
	if (st == CKPT_OK)
		st = buf_printf(&text, err, "%llu%c",
		    (unsigned long long)m->n_averaged, 0);
	if (st == CKPT_OK)
		st = meta_set(&m->out.head.meta, KEY_MODELS,
		    (const char *)text.data, err);
	buf_release(&text);
	return (st);
}

enum ckpt_status
align_mean_model_make(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	const struct match_shape *s = m->shape;
	const double *w = match_mean_weights(m->mean);
	const struct tensor_desc *t;
	enum ckpt_status st;
	size_t i;

	for (i = 0; i < s->n_tensors; i++) {
		t = &m->out.head.schema->tensors[s->tensors[i].index];
		sym_tensor_store(&s->tensors[i], t->dtype, w + s->offset[i],
		    m->out.data + t->offset);
	}
	m->n_averaged = match_mean_count(m->mean);
	st = put_rest(m, err);
	if (st == CKPT_OK)
		st = id_of_model(&m->out, NULL, &m->id, err);
	return (st == CKPT_OK ? set_meta(a, err) : st);
}

void
align_mean_model_release(struct align_mean *m)
{
	model_release(&m->out);
	free(m->is_rest);
	free(m->rest);
}
