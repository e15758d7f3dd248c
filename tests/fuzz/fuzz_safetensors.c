/*
 * safetensors files: what is accepted can be put together again byte for
 * byte, and its canonical header says the same.
 */
#include "foreign/foreign.h"
#include "foreign/header.h"
#include "fuzz.h"

#define MEMORY ((uint64_t)1 << 20)

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

/* The header that the model's layout and metadata make. */
static void
compare_header(const struct model_head *h, const uint8_t *data)
{
	const struct schema_layout *l = &h->schema->layout;
	size_t n = le64_load(data);
	const uint8_t *text = data + HEADER_PREFIX;

	check(h->schema->has_layout);
	check((h->source_meta != NULL) == (l->n_after > 0));
	check(l->n_before + h->n_source_meta + l->n_after == n);
	check(memcmp(text, l->before, l->n_before) == 0);
	if (h->source_meta == NULL)
		return;
	check(memcmp(text + l->n_before, h->source_meta, h->n_source_meta) ==
	    0);
	check(memcmp(text + n - l->n_after, l->after, l->n_after) == 0);
	check(header_meta_check(h->source_meta, h->n_source_meta, 0, NULL) ==
	    CKPT_OK);
}

/* A header of our own for the same tensors is a header, of the same. */
static void
compare_canonical(const struct model_head *h)
{
	struct buf text = BUF_INIT(HEADER_MAX);
	size_t i, *order = calloc(h->schema->n_tensors + 1, sizeof(*order));
	const struct tensor_desc *a, *b;
	struct header_meta meta;
	struct schema *s;

	check(order != NULL);
	check(header_print(h->schema, h->source_meta, h->n_source_meta, order,
	    &text, NULL) == CKPT_OK);
	check(text.len % 8 == 0);
	check(header_parse(text.data, text.len, &s, &meta, NULL) == CKPT_OK);
	check(s->n_tensors == h->schema->n_tensors);
	check(meta.n == h->n_source_meta);
	for (i = 0; i < s->n_tensors; i++) {
		a = &s->tensors[s->by_name[i]];
		b = &h->schema->tensors[h->schema->by_name[i]];
		check(strcmp(a->name, b->name) == 0 && a->dtype == b->dtype &&
		    a->n_bytes == b->n_bytes && a->n_dims == b->n_dims);
	}
	schema_unref(s);
	buf_release(&text);
	free(order);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	struct model m;
	struct bytes *in;
	enum ckpt_status st;

	if (bytes_memory(data, n, &in, &err) != CKPT_OK ||
	    safetensors_open(in, "x", MEMORY, &src, &err) != CKPT_OK)
		return (0);
	st = model_load(src, n, &m, &err);
	check(st == err.status);
	if (st != CKPT_OK) {
		check(err.text[0] != '\0');
		check(err.offset == CKPT_NO_OFFSET || err.offset <= n);
	} else {
		compare_header(&m.head, data);
		compare_canonical(&m.head);
		check(m.head.schema->n_bytes + le64_load(data) +
		    HEADER_PREFIX == n);
		check(memcmp(m.data, data + n - m.head.schema->n_bytes,
		    m.head.schema->n_bytes) == 0);
		model_release(&m);
	}
	model_source_close(src);
	return (0);
}
