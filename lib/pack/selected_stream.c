/*
 * selected_stream: a large model's kept tensors, some pages at a time.
 */
#include "pack/selected.h"

#define CHUNK (4 * WIRE_MAX_PAGE)

/* A run of pages is one read. Where single tensors are wanted they are
 * fetched in as few as half the budget allows, since a read may be a request
 * to a server; a whole model passes in smaller steps. */
static size_t
chunk_size(const struct selected *s)
{
	uint64_t n = s->x->memory / 2;

	if (s->derived == s->x->group.schema || n < WIRE_MAX_PAGE)
		n = s->x->memory < CHUNK ? WIRE_MAX_PAGE : CHUNK;
	return ((size_t)(s->derived->n_bytes < n ? s->derived->n_bytes : n));
}

static enum ckpt_status
take_page(void *arg, const struct batch_page *p,
    const struct ckpt_error *why, struct ckpt_error *err)
{
	struct selected *s = arg;

	if (p->raw == NULL) { /* it could be read a moment ago */
		if (err != NULL)
			*err = *why;
		return (why->status);
	}
	memcpy(s->chunk + s->chunk_len, p->raw, p->frame.raw);
	s->chunk_len += p->frame.raw;
	return (CKPT_OK);
}

/* The next run of pages of kept tensors that fits into the chunk. */
static uint32_t
next_run(struct selected *s, uint32_t *first)
{
	const struct index_group *g = &s->x->group;
	struct columns_cursor c;
	struct columns_page page;
	uint64_t sum = 0;
	uint32_t n = 0;
	size_t tensor;

	index_group_seek(g, s->next_page, &c);
	while (columns_next(&c, &tensor, &page)) {
		if (s->model_keep[tensor]) {
			sum += page.n_bytes;
			if (sum > s->chunk_size)
				break;
			if (n++ == 0)
				*first = s->next_page;
		} else if (n > 0) {
			break;
		}
		s->next_page++;
	}
	return (n);
}

static enum ckpt_status
refill(struct selected *s, struct ckpt_error *err)
{
	struct index_visitor v = { s, take_page };
	uint32_t first = 0, n;

	if (s->chunk == NULL) {
		s->chunk_size = chunk_size(s);
		s->chunk = malloc(s->chunk_size);
		if (s->chunk == NULL)
			return (error_nomem(err, s->chunk_size));
	}
	s->chunk_len = s->chunk_used = 0;
	n = next_run(s, &first);
	assert(n > 0);
	return (index_pages(s->x, first, n, &v, err));
}

enum ckpt_status
selected_stream(struct selected *s, unsigned char *out, size_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t part;

	while (n > 0) {
		if (s->chunk_used == s->chunk_len) {
			status = refill(s, err);
			if (status != CKPT_OK)
				return (status);
		}
		part = s->chunk_len - s->chunk_used;
		if (part > n)
			part = n;
		memcpy(out, s->chunk + s->chunk_used, part);
		s->chunk_used += part;
		out += part;
		n -= part;
	}
	return (CKPT_OK);
}
