#include "id/id.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

/* Feeds "dtype dims name\n". */
static enum ckpt_status
update(struct sha256 *h, const struct tensor_desc *t, struct buf *line,
    struct ckpt_error *err)
{
	enum ckpt_status st;
	unsigned i;

	line->len = 0;
	st = buf_printf(line, err, "%s ", dtype_name(t->dtype));
	for (i = 0; i < t->n_dims && st == CKPT_OK; i++)
		st = buf_printf(line, err, "%s%llu", i == 0 ? "" : ",",
		    (unsigned long long)t->dims[i]);
	if (st == CKPT_OK)
		st = buf_printf(line, err, " %s\n", t->name);
	if (st == CKPT_OK)
		sha256_update(h, line->data, line->len);
	return (st);
}

enum ckpt_status
id_schema(struct sha256 *h, const struct schema *s, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	enum ckpt_status st = CKPT_OK;
	size_t i;

	sha256_reset(h);
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++)
		st = update(h, &s->tensors[s->by_name[i]], &line, err);
	if (st == CKPT_OK)
		sha256_final(h, out);
	buf_release(&line);
	return (st);
}

/* A text with its length before it. */
static void
update_text(struct sha256 *h, const void *text, size_t n)
{
	unsigned char size[8];

	le64_store(size, n);
	sha256_update(h, size, sizeof(size));
	if (n > 0)
		sha256_update(h, text, n);
}

enum ckpt_status
id_form(struct sha256 *h, const struct schema *s, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	enum ckpt_status st = CKPT_OK;
	size_t i;

	sha256_reset(h);
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++)
		st = update(h, &s->tensors[i], &line, err);
	buf_release(&line);
	if (st != CKPT_OK)
		return (st);
	sha256_update(h, s->has_layout ? "\nlayout\n" : "\n\n",
	    s->has_layout ? 8 : 2);
	if (s->has_layout) {
		update_text(h, s->layout.before, s->layout.n_before);
		update_text(h, s->layout.after, s->layout.n_after);
	}
	if (s->symmetry != NULL)
		update_text(h, s->symmetry, strlen(s->symmetry));
	sha256_final(h, out);
	return (CKPT_OK);
}
