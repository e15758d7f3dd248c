#include <errno.h>
#include <unistd.h>

#include "foreign/foreign.h"
#include "foreign/npy.h"
#include "foreign/placed.h"

#define BLOCK 4096           /* elements converted at a time */
#define HEADER_SIZE 192      /* room for any two dims */
#define NOT_TAKEN UINT64_MAX /* the column of a tensor that has none */

struct matrix {
	struct model_sink sink;
	struct outfile *out;
	FILE *spool;            /* where `out` cannot be written at places */
	struct placed placed;
	enum ckpt_dtype dtype;  /* of the elements; 0 before the first row */
	size_t width;           /* bytes of one */
	uint64_t n_rows, n_columns;
	/* The tensors of the first model say what a column is: */
	struct schema *first;
	/* of the present model: */
	struct schema *schema;
	uint64_t *columns;      /* of each tensor's first element */
	bool is_open;
	size_t tensor;
	uint64_t within;        /* bytes of that tensor taken */
	unsigned char part[8];  /* the beginning of an element */
	size_t n_part;
};

/* ---- columns ---- */

static bool
same_tensor(const struct tensor_desc *a, const struct tensor_desc *b)
{
	return (a->n_dims == b->n_dims && strcmp(a->name, b->name) == 0 &&
	    memcmp(a->dims, b->dims, a->n_dims * sizeof(*a->dims)) == 0);
}

/* The next floating tensor by name at or behind `*i`, or NULL. */
static const struct tensor_desc *
next_float(const struct schema *s, size_t *i)
{
	const struct tensor_desc *t;

	for (; *i < s->n_tensors; ++*i) {
		t = &s->tensors[s->by_name[*i]];
		if (dtype_is_float(t->dtype)) {
			++*i;
			return (t);
		}
	}
	return (NULL);
}

static enum ckpt_status
compare(const struct matrix *m, const struct schema *s,
    struct ckpt_error *err)
{
	const struct tensor_desc *a, *b;
	size_t i = 0, k = 0;

	do {
		a = next_float(m->first, &i);
		b = next_float(s, &k);
		if ((a == NULL) != (b == NULL) ||
		    (a != NULL && !same_tensor(a, b)))
			return (error_set(err, CKPT_INVALID, "the models have "
			    "different tensors (%.200s): no matrix can be "
			    "made of them", b != NULL ? b->name : a->name));
		if (b != NULL && b->dtype == CKPT_F64 && m->dtype != CKPT_F64)
			return (error_set(err, CKPT_INVALID, "tensor %.200s "
			    "is f64 and the first model's are not", b->name));
	} while (a != NULL);
	return (CKPT_OK);
}

/* The first model decides on the columns. */
static enum ckpt_status
begin_matrix(struct matrix *m, struct schema *s, struct ckpt_error *err)
{
	const struct tensor_desc *t;
	size_t i = 0;

	m->dtype = CKPT_F32;
	while ((t = next_float(s, &i)) != NULL) {
		if (t->dtype == CKPT_F64)
			m->dtype = CKPT_F64;
		m->n_columns += t->n_elements;
	}
	if (m->n_columns == 0)
		return (error_set(err, CKPT_INVALID,
		    "the model has no floating tensor"));
	m->width = m->dtype == CKPT_F64 ? 8 : 4;
	if (m->n_columns > (uint64_t)INT64_MAX / 8)
		return (error_set(err, CKPT_LIMIT, "too many parameters"));
	m->first = schema_ref(s);
	return (CKPT_OK);
}

static enum ckpt_status
enter_schema(struct matrix *m, struct schema *s, struct ckpt_error *err)
{
	uint64_t column = 0, *columns;
	size_t i;
	enum ckpt_status st;

	st = m->first == NULL ? begin_matrix(m, s, err) : compare(m, s, err);
	if (st != CKPT_OK)
		return (st);
	columns = calloc(s->n_tensors + 1, sizeof(*columns));
	if (columns == NULL)
		return (error_nomem(err, s->n_tensors * sizeof(*columns)));
	for (i = 0; i < s->n_tensors; i++) {
		columns[s->by_name[i]] = NOT_TAKEN;
		if (!dtype_is_float(s->tensors[s->by_name[i]].dtype))
			continue;
		columns[s->by_name[i]] = column;
		column += s->tensors[s->by_name[i]].n_elements;
	}
	free(m->columns);
	m->columns = columns;
	(void)schema_ref(s);
	schema_unref(m->schema);
	m->schema = s;
	return (CKPT_OK);
}

/* ---- rows ---- */

static enum ckpt_status
matrix_begin(struct model_sink *sink, const struct model_head *head,
    struct ckpt_error *err)
{
	struct matrix *m = (struct matrix *)sink;
	uint64_t size;
	enum ckpt_status st = CKPT_OK;

	if (m->is_open)
		return (error_set(err, CKPT_USAGE, "a model is open"));
	if (head->schema != m->schema)
		st = enter_schema(m, head->schema, err);
	if (st != CKPT_OK) {
		(void)error_where(err, head->label);
		return (st);
	}
	if (__builtin_mul_overflow(m->n_columns * m->width, m->n_rows + 2,
	    &size) || size > INT64_MAX)
		return (error_set(err, CKPT_LIMIT, "the matrix is too large"));
	m->is_open = true;
	m->tensor = 0;
	m->within = 0;
	m->n_part = 0;
	return (CKPT_OK);
}

static void
store_swapped(unsigned char *p, size_t n, size_t width)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	size_t i, k;
	unsigned char c;

	for (i = 0; i < n; i++, p += width)
		for (k = 0; k < width / 2; k++) {
			c = p[k];
			p[k] = p[width - 1 - k];
			p[width - 1 - k] = c;
		}
#else
	(void)p;
	(void)n;
	(void)width;
#endif
}

/* Converts `n` (at most BLOCK) elements and puts them into their place,
 * `first` elements behind the present tensor's beginning. */
static enum ckpt_status
put_elements(struct matrix *m, const unsigned char *src, size_t n,
    uint64_t first, struct ckpt_error *err)
{
	const struct tensor_desc *t = &m->schema->tensors[m->tensor];
	uint64_t place = HEADER_SIZE + m->width * (m->n_rows * m->n_columns +
	    m->columns[m->tensor] + first);
	double wide[BLOCK];
	float narrow[BLOCK];
	void *data = wide;
	size_t i;

	if (t->dtype == (m->width == 8 ? CKPT_F64 : CKPT_F32))
		return (placed_put(&m->placed, src, n * m->width, place, err));
	/* exact: every other floating dtype is narrower than the target */
	dtype_to_f64(t->dtype, src, wide, n);
	if (m->width == 4) {
		for (i = 0; i < n; i++)
			narrow[i] = (float)wide[i];
		data = narrow;
	}
	store_swapped(data, n, m->width);
	return (placed_put(&m->placed, data, n * m->width, place, err));
}

/* Takes bytes of the present tensor, whole elements as far as possible. */
static enum ckpt_status
take(struct matrix *m, const unsigned char *p, size_t n,
    struct ckpt_error *err)
{
	const struct tensor_desc *t = &m->schema->tensors[m->tensor];
	size_t size = dtype_bits(t->dtype) / 8, count, part;
	uint64_t first;
	enum ckpt_status st = CKPT_OK;

	/* these may have elements of less than a byte */
	if (m->columns[m->tensor] == NOT_TAKEN)
		return (CKPT_OK);
	first = m->within / size;
	if (m->n_part > 0) {
		part = size - m->n_part < n ? size - m->n_part : n;
		memcpy(m->part + m->n_part, p, part);
		m->n_part += part;
		p += part;
		n -= part;
		if (m->n_part < size)
			return (CKPT_OK);
		st = put_elements(m, m->part, 1, first++, err);
		m->n_part = 0;
	}
	while (st == CKPT_OK && n >= size) {
		count = n / size < BLOCK ? n / size : BLOCK;
		st = put_elements(m, p, count, first, err);
		first += count;
		p += count * size;
		n -= count * size;
	}
	if (st == CKPT_OK && n > 0) {
		memcpy(m->part, p, n);
		m->n_part = n;
	}
	return (st);
}

static enum ckpt_status
matrix_write(struct model_sink *sink, const void *data, size_t n,
    struct ckpt_error *err)
{
	struct matrix *m = (struct matrix *)sink;
	const unsigned char *p = data;
	uint64_t left;
	size_t part;
	enum ckpt_status st = CKPT_OK;

	while (n > 0 && st == CKPT_OK) {
		if (!m->is_open || m->tensor == m->schema->n_tensors)
			return (error_set(err, CKPT_USAGE,
			    "more bytes than the model has"));
		left = m->schema->tensors[m->tensor].n_bytes - m->within;
		if (left == 0) {
			m->tensor++;
			m->within = 0;
			continue;
		}
		part = n < left ? n : (size_t)left;
		st = take(m, p, part, err);
		m->within += part;
		p += part;
		n -= part;
	}
	return (st);
}

static enum ckpt_status
matrix_end(struct model_sink *sink, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct matrix *m = (struct matrix *)sink;

	(void)tensor_ids;
	while (m->is_open && m->tensor < m->schema->n_tensors &&
	    m->within == m->schema->tensors[m->tensor].n_bytes) {
		m->tensor++;
		m->within = 0;
	}
	if (!m->is_open || m->tensor < m->schema->n_tensors)
		return (error_set(err, CKPT_USAGE,
		    "the model's bytes are not complete"));
	m->is_open = false;
	m->n_rows++;
	return (CKPT_OK);
}

/* ---- the file ---- */

static void
matrix_free(struct matrix *m)
{
	if (m->spool != NULL)
		(void)fclose(m->spool);
	placed_release(&m->placed);
	schema_unref(m->first);
	schema_unref(m->schema);
	free(m->columns);
	free(m);
}

static void
matrix_abort(struct model_sink *sink)
{
	struct matrix *m = (struct matrix *)sink;

	outfile_abort(m->out);
	matrix_free(m);
}

static enum ckpt_status
put_header(struct matrix *m, struct ckpt_error *err)
{
	struct npy_header h = {
		.dtype = m->dtype == 0 ? CKPT_F32 : m->dtype,
		.n_dims = 2,
		.dims = { m->n_rows, m->n_columns },
	};
	struct buf text = BUF_INIT(2 * HEADER_SIZE);
	enum ckpt_status st;

	st = npy_header_print(&h, HEADER_SIZE, &text, err);
	if (st == CKPT_OK)
		st = placed_put(&m->placed, text.data, text.len, 0, err);
	if (st == CKPT_OK)
		st = placed_flush(&m->placed, err);
	buf_release(&text);
	return (st);
}

/* Copies the temporary file to the output. */
static enum ckpt_status
copy_spool(struct matrix *m, struct ckpt_error *err)
{
	unsigned char block[65536];
	uint64_t offset = 0, size = HEADER_SIZE +
	    m->width * m->n_columns * m->n_rows;
	ssize_t r;
	enum ckpt_status st = CKPT_OK;

	for (; st == CKPT_OK && offset < size; offset += (uint64_t)r) {
		r = pread(fileno(m->spool), block, sizeof(block),
		    (off_t)offset);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r <= 0)
			st = error_sys(err, "cannot read a temporary file");
		else
			st = outfile_write(m->out, block, (size_t)r, err);
	}
	return (st);
}

static enum ckpt_status
matrix_close(struct model_sink *sink, struct ckpt_error *err)
{
	struct matrix *m = (struct matrix *)sink;
	enum ckpt_status st;

	st = m->is_open ? error_set(err, CKPT_USAGE, "a model is open") :
	    put_header(m, err);
	if (st == CKPT_OK && m->spool != NULL)
		st = copy_spool(m, err);
	if (st == CKPT_OK)
		st = outfile_commit(m->out, err);
	else
		outfile_abort(m->out);
	matrix_free(m);
	return (st);
}

static const struct model_sink_ops matrix_ops = {
	.begin = matrix_begin,
	.write = matrix_write,
	.end = matrix_end,
	.close = matrix_close,
	.abort = matrix_abort
};

enum ckpt_status
npy_matrix_open(const char *path, struct model_sink **out,
    struct ckpt_error *err)
{
	struct matrix *m = calloc(1, sizeof(*m));
	enum ckpt_status st;
	int fd;

	if (m == NULL)
		return (error_nomem(err, sizeof(*m)));
	m->sink.ops = &matrix_ops;
	placed_init(&m->placed);
	st = outfile_open(path, &m->out, err);
	if (st != CKPT_OK)
		goto err0;
	fd = outfile_fd(m->out);
	if (fd < 0) {
		m->spool = spool_open();
		if (m->spool == NULL) {
			st = error_sys(err, "cannot create a temporary file");
			goto err1;
		}
		fd = fileno(m->spool);
	}
	placed_begin(&m->placed, fd);
	*out = &m->sink;
	return (CKPT_OK);

err1:
	outfile_abort(m->out);
err0:
	matrix_free(m);
	return (st);
}
