#include "foreign/header.h"

/* The reference writer sorts tensors by dtype, the last of these first. */
static const enum ckpt_dtype ascending[] = {
	CKPT_BOOL, CKPT_F4, CKPT_F6_E2M3, CKPT_F6_E3M2, CKPT_U8, CKPT_I8,
	CKPT_F8_E5M2, CKPT_F8_E4M3, CKPT_F8_E8M0, CKPT_F8_E4M3FNUZ,
	CKPT_F8_E5M2FNUZ, CKPT_I16, CKPT_U16, CKPT_F16, CKPT_BF16, CKPT_I32,
	CKPT_U32, CKPT_F32, CKPT_C64, CKPT_F64, CKPT_I64, CKPT_U64
};

static size_t
rank_of(enum ckpt_dtype dtype)
{
	size_t i, n = sizeof(ascending) / sizeof(ascending[0]);

	for (i = 0; i < n && ascending[i] != dtype; i++)
		;
	return (i);
}

static int
file_order_cmp(const void *x, const void *y, void *arg)
{
	const struct tensor_desc *tensors = arg;
	const struct tensor_desc *a = &tensors[*(const size_t *)x];
	const struct tensor_desc *b = &tensors[*(const size_t *)y];

	if (a->dtype != b->dtype)
		return (rank_of(a->dtype) > rank_of(b->dtype) ? -1 : 1);
	return (strcmp(a->name, b->name));
}

/* A JSON string as the reference writer spells it. */
static enum ckpt_status
print_string(struct buf *out, const char *s, struct ckpt_error *err)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *p;
	enum ckpt_status st;

	st = buf_append(out, "\"", 1, err);
	for (; st == CKPT_OK && *s != '\0'; s++) {
		p = strchr(escaped, *s);
		if (p != NULL)
			st = buf_printf(out, err, "\\%c", names[p - escaped]);
		else if ((unsigned char)*s < 0x20)
			st = buf_printf(out, err, "\\u%04x",
			    (unsigned char)*s);
		else
			st = buf_append(out, s, 1, err);
	}
	if (st != CKPT_OK)
		return (st);
	return (buf_append(out, "\"", 1, err));
}

static enum ckpt_status
print_tensor(struct buf *out, const struct tensor_desc *t, uint64_t begin,
    struct ckpt_error *err)
{
	unsigned i;
	enum ckpt_status st;

	st = print_string(out, t->name, err);
	if (st == CKPT_OK)
		st = buf_printf(out, err, ":{\"dtype\":\"%s\",\"shape\":[",
		    dtype_upper_name(t->dtype));
	for (i = 0; i < t->n_dims && st == CKPT_OK; i++)
		st = buf_printf(out, err, "%s%llu", i == 0 ? "" : ",",
		    (unsigned long long)t->dims[i]);
	if (st != CKPT_OK)
		return (st);
	return (buf_printf(out, err, "],\"data_offsets\":[%llu,%llu]}",
	    (unsigned long long)begin,
	    (unsigned long long)(begin + t->n_bytes)));
}

enum ckpt_status
header_print(const struct schema *s, const unsigned char *meta,
    size_t n_meta, size_t *order, struct buf *out, struct ckpt_error *err)
{
	const struct tensor_desc *t;
	uint64_t begin = 0;
	size_t i, start = out->len;
	enum ckpt_status st;

	for (i = 0; i < s->n_tensors; i++)
		order[i] = i;
	if (s->n_tensors > 1)
		qsort_r(order, s->n_tensors, sizeof(*order), file_order_cmp,
		    s->tensors);
	st = buf_append(out, "{", 1, err);
	if (st == CKPT_OK && meta != NULL) {
		st = buf_printf(out, err, "\"__metadata__\":");
		if (st == CKPT_OK)
			st = buf_append(out, meta, n_meta, err);
	}
	for (i = 0; i < s->n_tensors && st == CKPT_OK; i++) {
		t = &s->tensors[order[i]];
		if (i > 0 || meta != NULL)
			st = buf_append(out, ",", 1, err);
		if (st == CKPT_OK)
			st = print_tensor(out, t, begin, err);
		begin += t->n_bytes;
	}
	if (st == CKPT_OK)
		st = buf_append(out, "}", 1, err);
	while (st == CKPT_OK && (out->len - start) % 8 != 0)
		st = buf_append(out, " ", 1, err);
	return (st);
}
