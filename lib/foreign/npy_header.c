#include "foreign/npy.h"

#define MAGIC "\x93NUMPY"
#define PREFIX 10 /* bytes of magic, version and length of version 1 */

static const struct {
	char name[4];
	enum ckpt_dtype dtype;
} kinds[] = {
	{ "b1", CKPT_BOOL }, { "u1", CKPT_U8 }, { "u2", CKPT_U16 },
	{ "u4", CKPT_U32 }, { "u8", CKPT_U64 }, { "i1", CKPT_I8 },
	{ "i2", CKPT_I16 }, { "i4", CKPT_I32 }, { "i8", CKPT_I64 },
	{ "f2", CKPT_F16 }, { "f4", CKPT_F32 }, { "f8", CKPT_F64 },
	{ "c8", CKPT_C64 },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The text of the header, a Python dictionary, as it is read. */
struct reader {
	const char *text;
	size_t n, pos;
	uint64_t base; /* offset of the text in the file */
};

static enum ckpt_status
bad(const struct reader *r, struct ckpt_error *err, const char *what)
{
	return (error_at(err, CKPT_INVALID, r->base + r->pos, NULL,
	    "the .npy header: %s", what));
}

static void
skip_space(struct reader *r)
{
	while (r->pos < r->n && (r->text[r->pos] == ' ' ||
	    r->text[r->pos] == '\n' || r->text[r->pos] == '\t'))
		r->pos++;
}

static bool
try(struct reader *r, const char *token)
{
	size_t n = strlen(token);

	skip_space(r);
	if (r->n - r->pos < n || memcmp(r->text + r->pos, token, n) != 0)
		return (false);
	r->pos += n;
	return (true);
}

/* A string in either kind of quotes, without escapes. */
static enum ckpt_status
read_string(struct reader *r, char *out, size_t size, struct ckpt_error *err)
{
	const char *start, *end;
	char quote;
	size_t n;

	skip_space(r);
	if (r->pos == r->n || (r->text[r->pos] != '\'' &&
	    r->text[r->pos] != '"'))
		return (bad(r, err, "expected a string"));
	quote = r->text[r->pos];
	start = r->text + r->pos + 1;
	end = memchr(start, quote, r->n - r->pos - 1);
	if (end == NULL)
		return (bad(r, err, "a string does not end"));
	n = (size_t)(end - start);
	if (n >= size || memchr(start, '\\', n) != NULL ||
	    memchr(start, '\0', n) != NULL)
		return (bad(r, err, "a string is not one of those expected"));
	memcpy(out, start, n);
	out[n] = '\0';
	r->pos += n + 2;
	return (CKPT_OK);
}

static enum ckpt_status
read_descr(struct reader *r, struct npy_header *h, struct ckpt_error *err)
{
	char descr[16];
	size_t i;
	enum ckpt_status st;

	if (try(r, "["))
		return (bad(r, err, "structured arrays are not read"));
	st = read_string(r, descr, sizeof(descr), err);
	if (st != CKPT_OK)
		return (st);
	if (strchr(descr, 'O') != NULL)
		return (bad(r, err, "arrays of Python objects are not read"));
	for (i = 0; i < N_KINDS; i++)
		if (descr[0] != '\0' && strcmp(descr + 1, kinds[i].name) == 0)
			break;
	if (i == N_KINDS || strchr("<>|", descr[0]) == NULL ||
	    (descr[0] == '|' && dtype_bits(kinds[i].dtype) != 8))
		return (error_at(err, CKPT_INVALID, r->base + r->pos, NULL,
		    "the .npy header: elements of type '%s' are not read",
		    descr));
	h->dtype = kinds[i].dtype;
	h->is_swapped = descr[0] == '>';
	return (CKPT_OK);
}

static enum ckpt_status
read_order(struct reader *r, struct npy_header *h, struct ckpt_error *err)
{
	h->is_fortran = try(r, "True");
	if (!h->is_fortran && !try(r, "False"))
		return (bad(r, err, "expected True or False"));
	return (CKPT_OK);
}

static enum ckpt_status
read_number(struct reader *r, uint64_t *out, struct ckpt_error *err)
{
	size_t start;
	uint64_t x = 0;

	skip_space(r);
	for (start = r->pos; r->pos < r->n && r->text[r->pos] >= '0' &&
	    r->text[r->pos] <= '9'; r->pos++)
		if (__builtin_mul_overflow(x, (uint64_t)10, &x) ||
		    __builtin_add_overflow(x,
		    (uint64_t)(r->text[r->pos] - '0'), &x))
			return (bad(r, err, "a dimension overflows"));
	if (r->pos == start)
		return (bad(r, err, "expected a dimension"));
	*out = x;
	return (CKPT_OK);
}

static enum ckpt_status
read_shape(struct reader *r, struct npy_header *h, struct ckpt_error *err)
{
	enum ckpt_status st;
	bool has_comma = false;

	h->n_dims = 0;
	if (!try(r, "("))
		return (bad(r, err, "expected '(' of a shape"));
	while (!try(r, ")")) {
		if (h->n_dims > 0 && !has_comma)
			return (bad(r, err, "expected ',' in a shape"));
		if (h->n_dims == NPY_MAX_DIMS)
			return (bad(r, err,
			    "more than 8 dimensions are not read"));
		st = read_number(r, &h->dims[h->n_dims], err);
		if (st != CKPT_OK)
			return (st);
		h->n_dims++;
		has_comma = try(r, ",");
	}
	if (h->n_dims == 1 && !has_comma)
		return (bad(r, err, "expected ',' after the one dimension"));
	return (CKPT_OK);
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } */
static enum ckpt_status
parse(struct reader *r, struct npy_header *h, struct ckpt_error *err)
{
	static const struct {
		const char *key;
		enum ckpt_status (*read)(struct reader *, struct npy_header *,
		    struct ckpt_error *);
	} fields[] = {
		{ "descr", read_descr },
		{ "fortran_order", read_order },
		{ "shape", read_shape },
	};
	unsigned seen = 0, i;
	char key[16];
	enum ckpt_status st;

	if (!try(r, "{"))
		return (bad(r, err, "expected '{'"));
	while (!try(r, "}")) {
		st = read_string(r, key, sizeof(key), err);
		if (st != CKPT_OK)
			return (st);
		for (i = 0; i < 3 && strcmp(key, fields[i].key) != 0; i++)
			;
		if (i == 3 || (seen & 1U << i) != 0)
			return (bad(r, err, "an unknown or repeated key"));
		seen |= 1U << i;
		if (!try(r, ":"))
			return (bad(r, err, "expected ':'"));
		st = fields[i].read(r, h, err);
		if (st != CKPT_OK)
			return (st);
		if (!try(r, ",")) {
			if (!try(r, "}"))
				return (bad(r, err, "expected ',' or '}'"));
			break;
		}
	}
	if (seen != 7)
		return (bad(r, err, "expected the keys descr, fortran_order "
		    "and shape"));
	skip_space(r);
	if (r->pos != r->n)
		return (bad(r, err, "expected its end behind '}'"));
	return (CKPT_OK);
}

enum ckpt_status
npy_header_read(struct bytes *in, struct npy_header *out,
    struct ckpt_error *err)
{
	unsigned char prefix[PREFIX + 2];
	struct npy_header h = { 0 };
	struct reader r = { 0 };
	struct buf text = BUF_INIT(NPY_MAX_HEADER);
	enum ckpt_status st = bytes_read_all(in, prefix, PREFIX, err);

	if (st != CKPT_OK)
		return (st);
	if (memcmp(prefix, MAGIC, 6) != 0)
		return (error_at(err, CKPT_NOT_OURS, 0, NULL,
		    "not a .npy file"));
	if (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0)
		return (error_at(err, CKPT_NEWER, 6, NULL, "version %u.%u of "
		    "the .npy format is not known", prefix[6], prefix[7]));
	r.n = le16_load(prefix + 8);
	if (prefix[6] > 1) {
		st = bytes_read_all(in, prefix + PREFIX, 2, err);
		if (st != CKPT_OK)
			return (st);
		r.n = le32_load(prefix + 8);
	}
	if (r.n > NPY_MAX_HEADER)
		return (error_at(err, CKPT_LIMIT, 8, NULL, "the .npy header "
		    "has %zu bytes; at most %d are read", r.n,
		    NPY_MAX_HEADER));
	r.base = bytes_offset(in);
	st = buf_reserve(&text, r.n + 1, err);
	if (st == CKPT_OK)
		st = bytes_read_all(in, text.data, r.n, err);
	if (st == CKPT_OK) {
		r.text = (const char *)text.data;
		st = parse(&r, &h, err);
	}
	buf_release(&text);
	if (st == CKPT_OK)
		*out = h;
	return (st);
}

enum ckpt_status
npy_header_print(const struct npy_header *h, size_t min_size,
    struct buf *out, struct ckpt_error *err)
{
	static const char prefix[PREFIX] = MAGIC "\x01\0\0";
	size_t start = out->len, i;
	enum ckpt_status st;

	for (i = 0; i < N_KINDS && kinds[i].dtype != h->dtype; i++)
		;
	if (i == N_KINDS)
		return (error_set(err, CKPT_USAGE,
		    "NumPy has no elements of type %s",
		    dtype_name(h->dtype)));
	st = buf_append(out, prefix, sizeof(prefix), err);
	if (st == CKPT_OK)
		st = buf_printf(out, err, "{'descr': '%c%s', 'fortran_order':"
		    " False, 'shape': (", dtype_bits(h->dtype) == 8 ? '|' :
		    '<', kinds[i].name);
	for (i = 0; i < h->n_dims && st == CKPT_OK; i++)
		st = buf_printf(out, err, "%s%llu%s", i == 0 ? "" : " ",
		    (unsigned long long)h->dims[i],
		    h->n_dims == 1 || i + 1 < h->n_dims ? "," : "");
	if (st == CKPT_OK)
		st = buf_printf(out, err, "), }");
	while (st == CKPT_OK && (out->len - start + 1 < min_size ||
	    (out->len - start + 1) % 64 != 0))
		st = buf_append(out, " ", 1, err);
	if (st == CKPT_OK)
		st = buf_append(out, "\n", 1, err);
	if (st == CKPT_OK)
		le16_store(out->data + start + 8,
		    (uint16_t)(out->len - start - PREFIX));
	return (st);
}
