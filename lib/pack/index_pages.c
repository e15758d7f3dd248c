/*
 * index_pages: pages by their places in the page table.
 */
#include "pack/index.h"

enum ckpt_status
index_pread(struct pack_index *x, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	if (offset > x->size || n > x->size - offset)
		return (error_at(err, CKPT_TRUNCATED, x->size, "2.2",
		    "the pack ends before the %zu bytes at %llu", n,
		    (unsigned long long)offset));
	if (x->tail != NULL && offset >= x->tail_offset) {
		memcpy(out, x->tail + (offset - x->tail_offset), n);
		return (CKPT_OK);
	}
	return (bytes_pread(x->in, out, n, offset, err));
}

enum ckpt_status
index_pages_read(void *arg, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	return (index_pread(arg, out, n, offset, err));
}

/* Pages of one read. */
struct run {
	struct pack_index *x;
	const struct index_visitor *v;
	struct columns_cursor cursor; /* at page `next` */
	uint32_t next;                /* page of the table */
	const struct ckpt_error *unread; /* why nothing could be read */
};

static uint64_t
frame_bytes(const struct index_group *g, uint32_t page)
{
	return ((uint64_t)g->pages[page].stored + WIRE_FRAME_SIZE);
}

/* The next page, as the table states it; its frame lies at `frame`. False
 * if the batch is full. */
static bool
add_page(struct run *r, const unsigned char *frame)
{
	struct index_group *g = &r->x->group;
	struct columns_cursor before = r->cursor;
	struct columns_page c;
	struct batch_page *p;
	size_t tensor;

	if (!columns_next(&r->cursor, &tensor, &c))
		return (false);
	p = batch_add(r->x->batch, c.n_bytes, 1);
	if (p == NULL) {
		r->cursor = before;
		return (false);
	}
	p->frame.codec = g->pages[r->next].codec;
	p->frame.stored = g->pages[r->next].stored;
	p->frame.check = g->pages[r->next].check;
	p->frame.number = g->first_number + r->next;
	p->frame.offset = g->offsets[r->next];
	/* the bytes stay where they were read; they are not written to */
	p->stored = (unsigned char *)(uintptr_t)(frame + WIRE_FRAME_SIZE);
	p->tensor = tensor;
	p->row = c.row;
	p->n_rows = c.n_rows;
	p->begin = c.begin;
	r->next++;
	return (true);
}

/* The frame's header must say what the table says. */
static enum ckpt_status
check_header(const struct batch_page *p, struct ckpt_error *err)
{
	struct wire_frame f;
	enum ckpt_status status;

	status = wire_frame_decode(p->stored - WIRE_FRAME_SIZE,
	    p->frame.offset, &f, err);
	if (status != CKPT_OK)
		return (status);
	if (f.kind != WIRE_PAGE || f.codec != p->frame.codec ||
	    f.stored != p->frame.stored || f.raw != p->frame.raw ||
	    f.check != p->frame.check || f.number != p->frame.number)
		return (error_at(err, CKPT_CORRUPT, f.offset, "8.10",
		    "page differs from its entry in the group index"));
	return (CKPT_OK);
}

static enum ckpt_status
give(const struct run *r, struct ckpt_error *err)
{
	struct batch *b = r->x->batch;
	enum ckpt_status status = CKPT_OK;
	size_t i;

	for (i = 0; i < b->n_pages && status == CKPT_OK; i++)
		status = check_header(&b->pages[i], err);
	if (status == CKPT_OK)
		status = batch_decode(b, err);
	for (i = 0; i < b->n_pages && status == CKPT_OK; i++)
		status = r->v->page(r->v->arg, &b->pages[i], NULL, err);
	batch_clear(b);
	return (status);
}

/* One by one, where damage is borne: the table vouches for the payload, so
 * a damaged header costs nothing. */
static enum ckpt_status
give_bearing(const struct run *r, struct ckpt_error *err)
{
	struct batch *b = r->x->batch;
	struct ckpt_error why;
	enum ckpt_status status = CKPT_OK, st;
	struct batch_page *p;
	size_t i;

	for (i = 0; i < b->n_pages && status == CKPT_OK; i++) {
		p = &b->pages[i];
		memset(&why, 0, sizeof(why));
		if (r->unread != NULL) {
			why = *r->unread;
			st = why.status;
		} else if (p->frame.stored == 0) {
			st = error_at(&why, CKPT_CORRUPT, CKPT_NO_OFFSET,
			    "3", "the page's header is damaged");
		} else {
			st = batch_decode_page(b, p, &why);
		}
		if (st != CKPT_OK)
			p->raw = NULL;
		status = r->v->page(r->v->arg, p, &why, err);
	}
	batch_clear(b);
	return (status);
}

/* The next `n` pages, whose frames lie one after another at `frames`. */
static enum ckpt_status
run_pages(struct run *r, uint32_t n, const unsigned char *frames,
    struct ckpt_error *err)
{
	uint32_t end = r->next + n, page;
	enum ckpt_status status = CKPT_OK;
	bool is_added;

	while (r->next < end && status == CKPT_OK) {
		page = r->next;
		is_added = add_page(r, frames);
		if (is_added)
			frames += frame_bytes(&r->x->group, page);
		if (!is_added || r->next == end)
			status = r->x->lost == NULL ? give(r, err) :
			    give_bearing(r, err);
	}
	return (status);
}

/* How many of the next `n` pages one read may fetch; at least one. */
static uint32_t
fitting(const struct run *r, uint32_t n, uint64_t *n_bytes)
{
	const struct index_group *g = &r->x->group;
	uint64_t sum = 0, more;
	uint32_t i;

	for (i = 0; i < n; i++) {
		more = frame_bytes(g, r->next + i);
		if (i > 0 && (g->is_scattered || sum + more > r->x->memory))
			break;
		sum += more;
	}
	*n_bytes = sum;
	return (i);
}

static enum ckpt_status
read_pages(struct pack_index *x, uint32_t first, uint32_t n,
    const struct index_visitor *v, struct ckpt_error *err)
{
	struct run r = { .x = x, .v = v, .next = first };
	struct ckpt_error why;
	enum ckpt_status status;
	uint32_t part;
	uint64_t n_bytes;

	index_group_seek(&x->group, first, &r.cursor);
	batch_part(x->batch, x->group.part_start, true);
	for (part = first; part < first + n && !x->has_references; part++)
		x->has_references = wire_is_reference(
		    x->group.pages[part].codec);
	batch_model(x->batch, x->is_source && x->has_references ?
	    x->group.schema->n_bytes : UINT64_MAX);
	for (; n > 0; n -= part) {
		part = fitting(&r, n, &n_bytes);
		x->stored.len = 0;
		status = buf_reserve(&x->stored, (size_t)n_bytes, err);
		if (status != CKPT_OK)
			return (status);
		memset(&why, 0, sizeof(why));
		status = index_pread(x, x->stored.data, (size_t)n_bytes,
		    x->group.offsets[r.next], &why);
		if (status != CKPT_OK && x->lost == NULL) {
			if (err != NULL)
				*err = why;
			return (status);
		}
		r.unread = status == CKPT_OK ? NULL : &why;
		status = run_pages(&r, part, x->stored.data, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (CKPT_OK);
}

enum ckpt_status
index_pages(struct pack_index *x, uint32_t first, uint32_t n,
    const struct index_visitor *v, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (x->is_reading)
		return (error_set(err, CKPT_USAGE, "an index is asked for a "
		    "base while it reads pages"));
	x->is_reading = true;
	status = read_pages(x, first, n, v, err);
	x->is_reading = false;
	return (status);
}

void
index_pages_of_row(const struct index_group *g, size_t tensor, uint64_t row,
    uint32_t *first, uint32_t *n)
{
	uint64_t bytes = g->schema->tensors[tensor].n_bytes;
	uint64_t pieces;

	*first = g->first_page[tensor];
	*n = 0;
	if (bytes > WIRE_MAX_PAGE) {
		pieces = (bytes - 1) / WIRE_MAX_PAGE + 1;
		*first += (uint32_t)(row * pieces);
		*n = (uint32_t)pieces;
	} else if (bytes > 0) {
		*first += (uint32_t)(row / (WIRE_MAX_PAGE / bytes));
		*n = 1;
	}
}
