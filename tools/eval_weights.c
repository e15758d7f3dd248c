/*
 * eval_weights: single weights by name and index.
 */
#include "eval_marginals.h"

#include <errno.h>

void
eval_weights_free(struct eval_weight *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(w[i].name);
		free(w[i].tensor);
	}
	free(w);
}

static enum ckpt_status
bad_weight(const char *text, size_t n, struct ckpt_error *err)
{
	return (error_set(err, CKPT_USAGE, "\"%.*s\": expected "
	    "TENSOR[I,J,...], with up to %d indices", (int)(n < 200 ? n :
	    200), text, MARGINALS_MAX_DIMS));
}

/* The end of the entry that begins at s: a comma that is not in brackets, or
 * the end. */
static const char *
end_of(const char *s)
{
	bool is_inside = false;

	for (; *s != '\0' && (is_inside || *s != ','); s++)
		is_inside = *s == '[' || (is_inside && *s != ']');
	return (s);
}

/* Numbers joined by commas, up to the bracket at `end`. */
static bool
parse_indices(const char *s, const char *end, struct eval_weight *w)
{
	char *next;

	while (s < end && *s >= '0' && *s <= '9' &&
	    w->n_dims < MARGINALS_MAX_DIMS) {
		errno = 0;
		w->index[w->n_dims++] = strtoull(s, &next, 10);
		if (errno != 0)
			return (false);
		if (next == end)
			return (true);
		if (*next != ',')
			return (false);
		s = next + 1;
	}
	return (false);
}

static enum ckpt_status
parse_one(const char *s, const char *end, struct eval_weight *w,
    struct ckpt_error *err)
{
	const size_t n = (size_t)(end - s);
	const char *open = memchr(s, '[', n);

	*w = (struct eval_weight){ .n_dims = 0 };
	w->name = strndup(s, n);
	w->tensor = strndup(s, open == NULL ? n : (size_t)(open - s));
	if (w->name == NULL || w->tensor == NULL)
		return (error_nomem(err, n));
	if (w->tensor[0] == '\0' || (open != NULL && (end[-1] != ']' ||
	    !parse_indices(open + 1, end - 1, w))))
		return (bad_weight(s, n, err));
	return (CKPT_OK);
}

enum ckpt_status
eval_weights_parse(const char *list, struct eval_weight **out, size_t *n,
    struct ckpt_error *err)
{
	struct eval_weight *w = calloc(MARGINALS_MAX_WEIGHTS, sizeof(*w));
	const char *end, *s = list;
	enum ckpt_status st = CKPT_OK;

	*n = 0;
	*out = w;
	if (w == NULL)
		return (error_nomem(err, MARGINALS_MAX_WEIGHTS *
		    sizeof(*w)));
	do {
		if (*n == MARGINALS_MAX_WEIGHTS)
			return (error_set(err, CKPT_USAGE, "at most %d "
			    "weights", MARGINALS_MAX_WEIGHTS));
		end = end_of(s);
		st = parse_one(s, end, &w[(*n)++], err);
		s = end + 1;
	} while (st == CKPT_OK && *end != '\0');
	return (st);
}

enum ckpt_status
eval_weights_read(const struct eval_weight *w, const struct model *m,
    double *out, struct ckpt_error *err)
{
	const struct schema *s = m->head.schema;
	const size_t i = schema_find(s, w->tensor);
	const struct tensor_desc *t;
	uint64_t at = 0;

	if (i == SIZE_MAX)
		return (error_set(err, CKPT_INVALID, "it has no tensor "
		    "\"%.200s\"", w->tensor));
	t = &s->tensors[i];
	if (t->n_dims != w->n_dims)
		return (error_set(err, CKPT_INVALID, "\"%.200s\" needs %u "
		    "indices; %.200s has %u", w->tensor, t->n_dims, w->name,
		    w->n_dims));
	for (unsigned d = 0; d < w->n_dims; d++) {
		if (w->index[d] >= t->dims[d])
			return (error_set(err, CKPT_INVALID, "%.200s: axis "
			    "%u has the indices 0 to %lld", w->name, d,
			    (long long)t->dims[d] - 1));
		at = at * t->dims[d] + w->index[d];
	}
	if (!dtype_is_float(t->dtype))
		return (error_set(err, CKPT_INVALID, "\"%.200s\" is %s; "
		    "weights are expected", w->tensor,
		    dtype_name(t->dtype)));
	dtype_to_f64(t->dtype, m->data + t->offset + at *
	    (dtype_bits(t->dtype) / 8), out, 1);
	return (CKPT_OK);
}
