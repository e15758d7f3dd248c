#include <math.h>

#include "base/banned.h"
#include "line.h"
#include "score.h"

#define STEP 512 /* weights at a time */

struct line {
	struct line_options o;
	struct nn_plan *nn;
	struct nn_work **works;         /* [thread] */
	float *weights;
	struct stats_example *examples; /* [image]; nll NaN: not scored */
	struct model at;                /* the network on the line */
};

void
line_free(struct line *l)
{
	unsigned i;

	if (l == NULL)
		return;
	for (i = 0; l->works != NULL && i < l->o.n_threads; i++)
		nn_work_free(l->works[i]);
	free(l->works);
	free(l->weights);
	free(l->examples);
	nn_plan_free(l->nn);
	model_release(&l->at);
	free(l);
}

static enum ckpt_status
allocate(struct line *l, struct ckpt_error *err)
{
	const size_t n = (nn_plan_weights(l->nn) + 16) / 16 * 16;
	enum ckpt_status st = CKPT_OK;
	unsigned i;

	l->works = calloc(l->o.n_threads, sizeof(*l->works));
	l->weights = aligned_alloc(64, n * sizeof(*l->weights));
	l->examples = calloc(l->o.images->n, sizeof(*l->examples));
	if (l->works == NULL || l->weights == NULL || l->examples == NULL)
		return (error_nomem(err, n * sizeof(*l->weights)));
	for (i = 0; i < l->o.n_threads && st == CKPT_OK; i++)
		st = nn_work_new(l->nn, &l->works[i], err);
	l->at.head.schema = schema_ref(l->o.schema);
	l->at.head.label = strdup("");
	if (l->at.head.label == NULL)
		return (error_nomem(err, 1));
	return (st == CKPT_OK ? model_alloc(&l->at, err) : st);
}

enum ckpt_status
line_new(const struct line_options *o, struct line **out,
    struct ckpt_error *err)
{
	struct line *l = calloc(1, sizeof(*l));
	enum ckpt_status st;

	if (l == NULL)
		return (error_nomem(err, sizeof(*l)));
	l->o = *o;
	st = nn_plan_new(o->graph, o->schema, NULL, &l->nn, err);
	if (st == CKPT_OK)
		st = dataset_check_labels(o->data, o->graph,
		    nn_plan_classes(l->nn), err);
	if (st == CKPT_OK)
		st = allocate(l, err);
	if (st != CKPT_OK) {
		line_free(l);
		return (st);
	}
	*out = l;
	return (CKPT_OK);
}

/* ---- the network at t ---- */

static bool
same_dims(const struct tensor_desc *a, const struct tensor_desc *b)
{
	return (a->n_dims == b->n_dims && (a->n_dims == 0 ||
	    memcmp(a->dims, b->dims, a->n_dims * sizeof(*a->dims)) == 0));
}

/* The tensor of the same name; it must be one of weights, as `t` is. */
static enum ckpt_status
find(const struct model *m, const struct tensor_desc *t,
    const struct tensor_desc **out, struct ckpt_error *err)
{
	const size_t i = schema_find(m->head.schema, t->name);

	if (i == SIZE_MAX)
		return (error_set(err, CKPT_INVALID, "%.200s has no tensor "
		    "\"%.200s\"", m->head.label, t->name));
	*out = &m->head.schema->tensors[i];
	if (!dtype_is_float((*out)->dtype) || !same_dims(*out, t))
		return (error_set(err, CKPT_INVALID, "the tensor \"%.200s\" "
		    "of %.200s has another shape or dtype", t->name,
		    m->head.label));
	return (CKPT_OK);
}

static const unsigned char *
element(const struct model *m, const struct tensor_desc *t, uint64_t i)
{
	return (m->data + t->offset + i * dtype_bits(t->dtype) / 8);
}

static enum ckpt_status
mix_tensor(const struct model *from, const struct model *to, double t,
    const struct tensor_desc *desc, double *out, struct ckpt_error *err)
{
	const struct tensor_desc *a, *b;
	double y[STEP];
	enum ckpt_status st;
	uint64_t i;
	size_t k, n;

	st = find(from, desc, &a, err);
	if (st == CKPT_OK)
		st = find(to, desc, &b, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < desc->n_elements; i += n) {
		n = desc->n_elements - i < STEP ?
		    (size_t)(desc->n_elements - i) : STEP;
		dtype_to_f64(a->dtype, element(from, a, i), out + i, n);
		dtype_to_f64(b->dtype, element(to, b, i), y, n);
		for (k = 0; k < n; k++)
			out[i + k] = (1 - t) * out[i + k] + t * y[k];
	}
	return (CKPT_OK);
}

/* Tensors of weights. */
static size_t
count_weights(const struct schema *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n_tensors; i++)
		n += dtype_is_float(s->tensors[i].dtype);
	return (n);
}

static enum ckpt_status
mix(struct line *l, const struct model *from, const struct model *to,
    double t, struct ckpt_error *err)
{
	const struct schema *s = l->at.head.schema;
	const struct tensor_desc *desc;
	enum ckpt_status st = CKPT_OK;
	size_t i, k;

	if (count_weights(from->head.schema) !=
	    count_weights(to->head.schema))
		return (error_set(err, CKPT_INVALID, "%.200s and %.200s have "
		    "not the same tensors", from->head.label,
		    to->head.label));
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++) {
		unsigned char *out;

		desc = &s->tensors[i];
		out = l->at.data + desc->offset;
		if (dtype_is_float(desc->dtype)) {
			st = mix_tensor(from, to, t, desc,
			    (double *)(void *)out, err);
			continue;
		}
		k = schema_find(to->head.schema, desc->name);
		if (k != SIZE_MAX && to->head.schema->tensors[k].n_bytes ==
		    desc->n_bytes)
			memcpy(out, to->data + to->head.schema->
			    tensors[k].offset, (size_t)desc->n_bytes);
	}
	return (st);
}

/* ---- its score ---- */

static enum ckpt_status
score_block(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	struct line *l = arg;
	const size_t block = nn_plan_block(l->nn), first = i * block;
	const float *logits;
	struct nn_softmax s;
	size_t k;

	(void)err;
	logits = nn_run(l->nn, l->weights, l->works[thread], l->o.images,
	    first / NN_BLOCK);
	nn_softmax(l->nn, l->works[thread], &s);
	for (k = 0; k < block && first + k < l->o.images->n; k++)
		if (isnan(s.rest[k]))
			l->examples[first + k].nll = NAN;
		else
			l->examples[first + k] = score_example(&s, logits,
			    block, k, l->o.data->labels[first + k]);
	return (CKPT_OK);
}

/* In the order of the images. */
static struct line_score
sum_up(const struct line *l)
{
	const size_t n = l->o.images->n;
	struct line_score score = { 0, 0, 0 };
	size_t i, n_right = 0;

	for (i = 0; i < n; i++) {
		if (isnan(l->examples[i].nll))
			score.n_nan++;
		score.loss += l->examples[i].nll;
		n_right += l->examples[i].is_right;
	}
	score.loss = score.n_nan > 0 ? NAN : score.loss / (double)n;
	score.accuracy = score.n_nan > 0 ? NAN :
	    (double)n_right / (double)n;
	return (score);
}

enum ckpt_status
line_at(struct line *l, const struct model *from, const struct model *to,
    double t, bool is_repaired, struct line_score *out,
    struct ckpt_error *err)
{
	const size_t block = nn_plan_block(l->nn);
	struct model repaired = { .data = NULL };
	size_t n_not_finite;
	enum ckpt_status st;

	st = mix(l, from, to, t, err);
	if (st == CKPT_OK && is_repaired)
		st = nn_batch_statistics(l->o.graph, &l->at, l->o.repair,
		    NULL, 0, l->o.n_threads, &repaired, err);
	if (st != CKPT_OK)
		return (st);
	nn_weights_pack(l->nn, is_repaired ? repaired.data : l->at.data,
	    l->weights, &n_not_finite);
	model_release(&repaired);
	st = threads_for(l->o.n_threads, (l->o.images->n + block - 1) / block,
	    score_block, l, err);
	if (st == CKPT_OK)
		*out = sum_up(l);
	return (st);
}

double
line_barrier(const double *y, size_t n)
{
	double most = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		/* exact where both ends are equal; the ends lie on it */
		d = i == 0 || i == n - 1 ? y[i] - y[i] : y[i] - (y[0] +
		    (double)i / (double)(n - 1) * (y[n - 1] - y[0]));
		if (isnan(d))
			return (NAN);
		if (d > most)
			most = d;
	}
	return (most);
}
