#include <limits.h>

#include "base/banned.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/schema.h"
#include "base/text.h"

enum ckpt_status
schema_new(struct schema **out, struct ckpt_error *err)
{
	struct schema *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->refs = 1;
	*out = s;
	return (CKPT_OK);
}

static enum ckpt_status
check_name(const char *name, size_t n, struct ckpt_error *err)
{
	size_t i;

	if (n == 0 || n > CKPT_MAX_NAME)
		return (error_set(err, CKPT_INVALID,
		    "a tensor's name has %zu bytes; 1 to %d are allowed", n,
		    CKPT_MAX_NAME));
	for (i = 0; i < n; i++)
		if (name[i] == '\0' || name[i] == '\n' || name[i] == '\r')
			return (error_set(err, CKPT_INVALID,
			    "the tensor name \"%.*s\" holds a NUL, LF or CR "
			    "byte", i > 80 ? 80 : (int)i, name));
	if (!text_is_utf8(name, n))
		return (error_set(err, CKPT_INVALID,
		    "a tensor's name is not valid UTF-8"));
	return (CKPT_OK);
}

/* Elements and bytes of a shape, with every overflow refused. */
static enum ckpt_status
measure(struct tensor_desc *t, struct ckpt_error *err)
{
	unsigned i, bits = dtype_bits(t->dtype);
	uint64_t n = 1;
	bool is_empty = false;

	if (bits == 0)
		return (error_set(err, CKPT_INVALID,
		    "tensor %.200s: unknown dtype %d", t->name,
		    (int)t->dtype));
	for (i = 0; i < t->n_dims; i++)
		is_empty |= t->dims[i] == 0;
	for (i = 0; i < t->n_dims; i++)
		if (t->dims[i] != 0 &&
		    __builtin_mul_overflow(n, t->dims[i], &n))
			goto overflow;
	if (__builtin_mul_overflow(n, (uint64_t)bits, &n) ||
	    n / 8 > (uint64_t)INT64_MAX)
		goto overflow;
	if (is_empty)
		n = 0;
	if (n % 8 != 0)
		return (error_set(err, CKPT_INVALID,
		    "tensor %.200s: %llu elements of %u bits are not whole "
		    "bytes", t->name, (unsigned long long)(n / bits), bits));
	t->n_elements = n / bits;
	t->n_bytes = n / 8;
	return (CKPT_OK);

overflow:
	return (error_set(err, CKPT_INVALID,
	    "tensor %.200s: its shape overflows 64 bits", t->name));
}

static enum ckpt_status
append(struct schema *s, const struct tensor_desc *t, struct ckpt_error *err)
{
	struct tensor_desc *tensors;
	size_t capacity;

	/* powers of two: room is made when n reaches one */
	if ((s->n_tensors & (s->n_tensors - 1)) == 0) {
		capacity = s->n_tensors == 0 ? 1 : 2 * s->n_tensors;
		tensors = realloc(s->tensors, capacity * sizeof(*tensors));
		if (tensors == NULL)
			return (error_nomem(err, capacity * sizeof(*tensors)));
		s->tensors = tensors;
	}
	s->tensors[s->n_tensors++] = *t;
	return (CKPT_OK);
}

enum ckpt_status
schema_add(struct schema *s, const char *name, size_t n_name,
    enum ckpt_dtype dtype, unsigned n_dims, const uint64_t *dims,
    struct ckpt_error *err)
{
	struct tensor_desc t = { .dtype = dtype, .n_dims = n_dims };
	uint64_t total;
	enum ckpt_status st;

	if (s->n_tensors >= CKPT_MAX_TENSORS)
		return (error_set(err, CKPT_LIMIT,
		    "a model has more than %d tensors", CKPT_MAX_TENSORS));
	st = check_name(name, n_name, err);
	if (st != CKPT_OK)
		return (st);
	if (n_dims > CKPT_MAX_DIMS)
		return (error_set(err, CKPT_LIMIT,
		    "tensor %.*s has %u dimensions; at most %d are allowed",
		    n_name > 200 ? 200 : (int)n_name, name, n_dims,
		    CKPT_MAX_DIMS));
	t.name = strndup(name, n_name);
	t.dims = malloc((n_dims + 1) * sizeof(*t.dims));
	st = CKPT_NO_MEMORY;
	if (t.name == NULL || t.dims == NULL) {
		(void)error_nomem(err, n_name);
		goto err0;
	}
	if (n_dims > 0)
		memcpy(t.dims, dims, n_dims * sizeof(*dims));
	st = measure(&t, err);
	if (st != CKPT_OK)
		goto err0;
	t.offset = s->n_bytes;
	if (__builtin_add_overflow(s->n_bytes, t.n_bytes, &total) ||
	    total > (uint64_t)INT64_MAX) {
		st = error_set(err, CKPT_INVALID,
		    "tensor %.200s: the model overflows 63 bits", t.name);
		goto err0;
	}
	st = append(s, &t, err);
	if (st != CKPT_OK)
		goto err0;
	s->n_bytes = total;
	return (CKPT_OK);

err0:
	free(t.name);
	free(t.dims);
	return (st);
}

static int
name_cmp(const void *a, const void *b, void *arg)
{
	const struct tensor_desc *tensors = arg;

	return (strcmp(tensors[*(const size_t *)a].name,
	    tensors[*(const size_t *)b].name));
}

enum ckpt_status
schema_finish(struct schema *s, struct ckpt_error *err)
{
	size_t i, *by_name;

	by_name = malloc((s->n_tensors + 1) * sizeof(*by_name));
	if (by_name == NULL)
		return (error_nomem(err, s->n_tensors * sizeof(*by_name)));
	for (i = 0; i < s->n_tensors; i++)
		by_name[i] = i;
	if (s->n_tensors > 1)
		qsort_r(by_name, s->n_tensors, sizeof(*by_name), name_cmp,
		    s->tensors);
	for (i = 1; i < s->n_tensors; i++)
		if (name_cmp(&by_name[i - 1], &by_name[i], s->tensors) == 0) {
			(void)error_set(err, CKPT_INVALID,
			    "two tensors are named %.200s",
			    s->tensors[by_name[i]].name);
			free(by_name);
			return (CKPT_INVALID);
		}
	free(s->by_name);
	s->by_name = by_name;
	return (CKPT_OK);
}

/* A copy of `n` bytes, never NULL for success. */
static unsigned char *
copy(const void *data, size_t n)
{
	unsigned char *p = malloc(n + 1);

	if (p != NULL && n > 0)
		memcpy(p, data, n);
	return (p);
}

enum ckpt_status
schema_set_layout(struct schema *s, const void *before, size_t n_before,
    const void *after, size_t n_after, struct ckpt_error *err)
{
	unsigned char *b = copy(before, n_before), *a = copy(after, n_after);

	if (b == NULL || a == NULL) {
		free(b);
		free(a);
		return (error_nomem(err, n_before + n_after));
	}
	free(s->layout.before);
	free(s->layout.after);
	s->layout.before = b;
	s->layout.n_before = n_before;
	s->layout.after = a;
	s->layout.n_after = n_after;
	s->has_layout = true;
	return (CKPT_OK);
}

enum ckpt_status
schema_set_symmetry(struct schema *s, const char *table,
    struct ckpt_error *err)
{
	char *p = NULL;

	if (table != NULL && (p = strdup(table)) == NULL)
		return (error_nomem(err, strlen(table)));
	free(s->symmetry);
	s->symmetry = p;
	return (CKPT_OK);
}

enum ckpt_status
schema_derive(const struct schema *s, const bool *keep,
    enum ckpt_dtype weight_dtype, struct schema **out,
    struct ckpt_error *err)
{
	struct schema *d;
	const struct tensor_desc *t;
	enum ckpt_dtype dtype;
	enum ckpt_status st;
	size_t i;
	bool is_same = true;

	st = schema_new(&d, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		if (keep != NULL && !keep[i]) {
			is_same = false;
			continue;
		}
		dtype = t->dtype;
		if (weight_dtype != 0 && dtype_is_float(dtype))
			dtype = weight_dtype;
		is_same &= dtype == t->dtype;
		st = schema_add(d, t->name, strlen(t->name), dtype, t->n_dims,
		    t->dims, err);
		if (st != CKPT_OK)
			goto err0;
	}
	if (is_same && s->has_layout) {
		st = schema_set_layout(d, s->layout.before,
		    s->layout.n_before, s->layout.after, s->layout.n_after,
		    err);
		if (st != CKPT_OK)
			goto err0;
	}
	if (keep == NULL || is_same) {
		st = schema_set_symmetry(d, s->symmetry, err);
		if (st != CKPT_OK)
			goto err0;
	}
	st = schema_finish(d, err);
	if (st != CKPT_OK)
		goto err0;
	*out = d;
	return (CKPT_OK);

err0:
	schema_unref(d);
	return (st);
}

struct schema *
schema_ref(struct schema *s)
{
	s->refs++;
	return (s);
}

void
schema_unref(struct schema *s)
{
	size_t i;

	if (s == NULL || --s->refs > 0)
		return;
	for (i = 0; i < s->n_tensors; i++) {
		free(s->tensors[i].name);
		free(s->tensors[i].dims);
	}
	free(s->tensors);
	free(s->by_name);
	free(s->layout.before);
	free(s->layout.after);
	free(s->symmetry);
	free(s);
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a, b) == 0);
}

static bool
same_layout(const struct schema *a, const struct schema *b)
{
	const struct schema_layout *p = &a->layout, *q = &b->layout;

	if (!a->has_layout || !b->has_layout)
		return (a->has_layout == b->has_layout);
	return (p->n_before == q->n_before && p->n_after == q->n_after &&
	    memcmp(p->before, q->before, p->n_before) == 0 &&
	    memcmp(p->after, q->after, p->n_after) == 0);
}

bool
schema_equal(const struct schema *a, const struct schema *b)
{
	const struct tensor_desc *t, *u;
	size_t i;

	if (a == b)
		return (true);
	if (a->n_tensors != b->n_tensors || a->n_bytes != b->n_bytes ||
	    !same_text(a->symmetry, b->symmetry) || !same_layout(a, b))
		return (false);
	for (i = 0; i < a->n_tensors; i++) {
		t = &a->tensors[i];
		u = &b->tensors[i];
		if (t->dtype != u->dtype || t->n_dims != u->n_dims ||
		    strcmp(t->name, u->name) != 0 ||
		    memcmp(t->dims, u->dims,
		    t->n_dims * sizeof(*t->dims)) != 0)
			return (false);
	}
	return (true);
}

size_t
schema_find(const struct schema *s, const char *name)
{
	size_t low = 0, high = s->n_tensors, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(name, s->tensors[s->by_name[mid]].name);
		if (c == 0)
			return (s->by_name[mid]);
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return (SIZE_MAX);
}

uint64_t
schema_n_elements(const struct schema *s)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s->n_tensors; i++)
		n += s->tensors[i].n_elements;
	return (n);
}

const char *
schema_dtype_name(const struct schema *s)
{
	size_t i;

	for (i = 1; i < s->n_tensors; i++)
		if (s->tensors[i].dtype != s->tensors[0].dtype)
			return ("mixed");
	return (s->n_tensors == 0 ? "none" : dtype_name(s->tensors[0].dtype));
}
