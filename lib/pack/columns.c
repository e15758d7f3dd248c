/*
 * columns: how the bytes of a group's models fall into pages.
 */
#include "pack/columns.h"
#include "pack/wire.h"

uint64_t
columns_n_pages(uint64_t row_bytes, uint64_t n_rows)
{
	uint64_t per_page;

	if (row_bytes == 0 || n_rows == 0)
		return (0);
	if (row_bytes <= WIRE_MAX_PAGE) {
		per_page = WIRE_MAX_PAGE / row_bytes;
		return ((n_rows - 1) / per_page + 1);
	}
	return (((row_bytes - 1) / WIRE_MAX_PAGE + 1) * n_rows);
}

void
columns_page(uint64_t row_bytes, uint64_t n_rows, uint64_t page,
    struct columns_page *out)
{
	uint64_t per_page, pieces, left;

	if (row_bytes <= WIRE_MAX_PAGE) {
		per_page = WIRE_MAX_PAGE / row_bytes;
		out->row = page * per_page;
		left = n_rows - out->row;
		out->n_rows = left < per_page ? left : per_page;
		out->begin = 0;
		out->n_bytes = (uint32_t)(out->n_rows * row_bytes);
		return;
	}
	pieces = (row_bytes - 1) / WIRE_MAX_PAGE + 1;
	out->row = page / pieces;
	out->n_rows = 1;
	out->begin = page % pieces * WIRE_MAX_PAGE;
	left = row_bytes - out->begin;
	out->n_bytes = (uint32_t)(left < WIRE_MAX_PAGE ? left :
	    WIRE_MAX_PAGE);
}

enum ckpt_status
columns_total(const struct schema *s, uint64_t n_rows, uint32_t *out,
    struct ckpt_error *err)
{
	uint64_t total = 0, n;
	size_t i;

	for (i = 0; i < s->n_tensors; i++) {
		/* no product overflows: pieces < 2^44, rows <= 2^16 */
		n = columns_n_pages(s->tensors[i].n_bytes, n_rows);
		if (n > UINT32_MAX || total + n > UINT32_MAX)
			return (error_set(err, CKPT_LIMIT,
			    "group of more than 2^32 - 1 pages"));
		total += n;
	}
	*out = (uint32_t)total;
	return (CKPT_OK);
}

void
columns_begin(struct columns_cursor *c, const struct schema *s,
    uint64_t n_rows)
{
	c->schema = s;
	c->n_rows = n_rows;
	c->tensor = 0;
	c->page = 0;
	c->n_pages = s->n_tensors == 0 ? 0 :
	    columns_n_pages(s->tensors[0].n_bytes, n_rows);
}

void
columns_seek(struct columns_cursor *c, size_t tensor, uint64_t page)
{
	c->tensor = tensor;
	c->page = page;
	c->n_pages = tensor == c->schema->n_tensors ? 0 :
	    columns_n_pages(c->schema->tensors[tensor].n_bytes, c->n_rows);
}

bool
columns_next(struct columns_cursor *c, size_t *tensor,
    struct columns_page *page)
{
	const struct schema *s = c->schema;

	while (c->tensor < s->n_tensors && c->page == c->n_pages) {
		c->page = 0;
		if (++c->tensor < s->n_tensors)
			c->n_pages = columns_n_pages(
			    s->tensors[c->tensor].n_bytes, c->n_rows);
	}
	if (c->tensor >= s->n_tensors)
		return (false);
	*tensor = c->tensor;
	columns_page(s->tensors[c->tensor].n_bytes, c->n_rows, c->page++,
	    page);
	return (true);
}

/* Copies between rows `stride` bytes apart and rows without gaps. */
static void
copy_rows(unsigned char *dst, size_t dst_stride, const unsigned char *src,
    size_t src_stride, size_t n_bytes, uint64_t n_rows)
{
	uint64_t i;

	for (i = 0; i < n_rows; i++)
		memcpy(dst + i * dst_stride, src + i * src_stride, n_bytes);
}

/* Where the page's first byte stands among the models. */
static uint64_t
first_byte(const struct schema *s, size_t tensor,
    const struct columns_page *p)
{
	return (p->row * s->n_bytes + s->tensors[tensor].offset + p->begin);
}

void
columns_gather(const struct schema *s, size_t tensor,
    const struct columns_page *p, const unsigned char *rows,
    unsigned char *page)
{
	size_t n = p->n_bytes / (size_t)p->n_rows;

	copy_rows(page, n, rows + first_byte(s, tensor, p),
	    (size_t)s->n_bytes, n, p->n_rows);
}

void
columns_scatter(const struct schema *s, size_t tensor,
    const struct columns_page *p, unsigned char *rows,
    const unsigned char *page)
{
	size_t n = p->n_bytes / (size_t)p->n_rows;

	copy_rows(rows + first_byte(s, tensor, p), (size_t)s->n_bytes, page,
	    n, n, p->n_rows);
}
