#include "id/id.h"

/* Feeds a NUL-terminated text. */
static void
feed(struct sha256 *h, const char *text)
{
	sha256_update(h, text, strlen(text));
}

/* Feeds a label or value with backslash, LF and CR escaped. */
static void
feed_escaped(struct sha256 *h, const char *s)
{
	size_t n;

	for (;;) {
		n = strcspn(s, "\\\n\r");
		sha256_update(h, s, n);
		s += n;
		if (*s == '\0')
			break;
		feed(h, *s == '\n' ? "\\n" : *s == '\r' ? "\\r" : "\\\\");
		s++;
	}
}

void
id_hex(const struct ckpt_id *id, char out[ID_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < sizeof(id->bytes); i++) {
		out[2 * i] = digits[id->bytes[i] >> 4];
		out[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	out[ID_HEX_SIZE - 1] = '\0';
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (-1);
}

bool
id_parse(const char *s, struct ckpt_id *out)
{
	struct ckpt_id id;
	int high, low;
	size_t i;

	for (i = 0; i < sizeof(id.bytes); i++) {
		high = digit_value(s[2 * i]);
		if (high < 0)
			return (false);
		low = digit_value(s[2 * i + 1]);
		if (low < 0)
			return (false);
		id.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = id;
	return (true);
}

bool
id_equal(const struct ckpt_id *a, const struct ckpt_id *b)
{
	return (memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0);
}

enum ckpt_status
id_tensor_begin(struct sha256 *h, const struct tensor_desc *t,
    struct ckpt_error *err)
{
	const char *dtype = dtype_name(t->dtype);
	char dim[24];
	unsigned i;

	if (dtype == NULL)
		return (error_set(err, CKPT_USAGE, "unknown dtype %d",
		    (int)t->dtype));
	sha256_reset(h);
	feed(h, "ckpt tensor 1\n");
	feed(h, dtype);
	feed(h, "\n");
	for (i = 0; i < t->n_dims; i++) {
		(void)snprintf(dim, sizeof(dim), "%s%llu", i > 0 ? "," : "",
		    (unsigned long long)t->dims[i]);
		feed(h, dim);
	}
	feed(h, "\n");
	return (CKPT_OK);
}

enum ckpt_status
id_model(struct sha256 *h, const struct schema *s,
    const struct ckpt_id *tensor_ids, struct ckpt_id *out,
    struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	size_t i, t;

	if (s->by_name == NULL)
		return (error_set(err, CKPT_USAGE, "an unfinished schema"));
	sha256_reset(h);
	feed(h, "ckpt model 1\n");
	for (i = 0; i < s->n_tensors; i++) {
		t = s->by_name[i];
		id_hex(&tensor_ids[t], hex);
		feed(h, hex);
		feed(h, "  ");
		feed(h, s->tensors[t].name);
		feed(h, "\n");
	}
	sha256_final(h, out);
	return (CKPT_OK);
}

enum ckpt_status
id_record(struct sha256 *h, const struct ckpt_id *model, const char *label,
    const struct meta *meta, struct ckpt_id *out, struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	size_t i;

	(void)err;
	sha256_reset(h);
	id_hex(model, hex);
	feed(h, "ckpt record 1\nmodel ");
	feed(h, hex);
	feed(h, "\nlabel ");
	feed_escaped(h, label);
	feed(h, "\n");
	for (i = 0; i < meta->n; i++) {
		feed(h, "meta ");
		feed(h, meta->entries[i].key);
		feed(h, " ");
		feed_escaped(h, meta->entries[i].value);
		feed(h, "\n");
	}
	sha256_final(h, out);
	return (CKPT_OK);
}

enum ckpt_status
id_release(const struct ckpt_id *records, size_t n, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct sha256 *h;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st = sha256_new(&h, err);
	size_t i;

	if (st != CKPT_OK)
		return (st);
	feed(h, "ckpt release 1\n");
	for (i = 0; i < n; i++) {
		id_hex(&records[i], hex);
		feed(h, hex);
		feed(h, "\n");
	}
	sha256_final(h, out);
	sha256_free(h);
	return (CKPT_OK);
}

enum ckpt_status
id_text(const void *text, size_t n, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct sha256 *h;
	enum ckpt_status st = sha256_new(&h, err);

	if (st != CKPT_OK)
		return (st);
	sha256_update(h, text, n);
	sha256_final(h, out);
	sha256_free(h);
	return (CKPT_OK);
}
