/*
 * wire_schema_decode: bytes to schemas.
 */
#include "pack/wire.h"

struct reader {
	const unsigned char *p;
	size_t left;
	uint64_t offset; /* of the frame, for errors */
};

/* The next `n` bytes, or NULL with *err filled. */
static const unsigned char *
take(struct reader *r, size_t n, const char *section, struct ckpt_error *err)
{
	const unsigned char *p = r->p;

	if (n > r->left) {
		error_at(err, CKPT_CORRUPT, r->offset, section,
		    "schema ends within a field of %zu bytes", n);
		return (NULL);
	}
	r->p += n;
	r->left -= n;
	return (p);
}

static enum ckpt_status
take_text(struct reader *r, const char *section, const unsigned char **text,
    size_t *n, struct ckpt_error *err)
{
	const unsigned char *p;

	p = take(r, 4, section, err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	*n = le32_load(p);
	*text = take(r, *n, section, err);
	return (*text == NULL ? CKPT_CORRUPT : CKPT_OK);
}

/* A complaint of the schema about its content is corruption here. */
static enum ckpt_status
at_frame(struct ckpt_error *err, enum ckpt_status status, uint64_t offset,
    const char *section)
{
	char text[sizeof(err->text)];

	if (status != CKPT_INVALID && status != CKPT_LIMIT &&
	    status != CKPT_USAGE)
		return (status);
	if (err != NULL) {
		memcpy(text, err->text, sizeof(text));
		text[sizeof(text) - 1] = '\0';
	} else {
		text[0] = '\0';
	}
	return (error_at(err, CKPT_CORRUPT, offset, section, "schema: %s",
	    text));
}

static bool
is_name(const unsigned char *name, size_t n)
{
	return (n > 0 && text_is_utf8(name, n) && memchr(name, 0, n) == NULL &&
	    memchr(name, '\n', n) == NULL && memchr(name, '\r', n) == NULL);
}

static enum ckpt_status
decode_tensor(struct reader *r, struct schema *s, struct ckpt_error *err)
{
	const struct wire_disk_tensor *d;
	const unsigned char *p, *name;
	uint64_t dims[CKPT_MAX_DIMS];
	unsigned i, n_dims;

	p = take(r, sizeof(*d), "5.4", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	d = (const void *)p;
	if (dtype_bits((enum ckpt_dtype)d->dtype[0]) == 0)
		return (error_at(err, CKPT_NEWER, r->offset, "5.4",
		    "unknown dtype %u", d->dtype[0]));
	n_dims = d->n_dims[0];
	if (n_dims > CKPT_MAX_DIMS)
		return (error_at(err, CKPT_CORRUPT, r->offset, "5.5",
		    "tensor of %u dimensions, expected at most %d", n_dims,
		    CKPT_MAX_DIMS));
	p = take(r, n_dims * sizeof(uint64_t), "5.7", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	for (i = 0; i < n_dims; i++)
		dims[i] = le64_load(p + i * sizeof(uint64_t));
	name = take(r, le16_load(d->n_name), "5.8", err);
	if (name == NULL)
		return (CKPT_CORRUPT);
	if (le16_load(d->n_name) == 0)
		return (error_at(err, CKPT_CORRUPT, r->offset, "5.6",
		    "tensor without a name"));
	return (at_frame(err, schema_add(s, (const char *)name,
	    le16_load(d->n_name), (enum ckpt_dtype)d->dtype[0], n_dims, dims,
	    err), r->offset, is_name(name, le16_load(d->n_name)) ? "5.7" :
	    "5.8"));
}

static enum ckpt_status
decode_layout(struct reader *r, struct schema *s, struct ckpt_error *err)
{
	const unsigned char *before, *after;
	size_t n_before, n_after;
	enum ckpt_status status;

	status = take_text(r, "5.9", &before, &n_before, err);
	if (status == CKPT_OK)
		status = take_text(r, "5.10", &after, &n_after, err);
	if (status != CKPT_OK)
		return (status);
	return (schema_set_layout(s, before, n_before, after, n_after, err));
}

static enum ckpt_status
decode_symmetry(struct reader *r, struct schema *s, struct ckpt_error *err)
{
	const unsigned char *text;
	enum ckpt_status status;
	char *copy;
	size_t n;

	status = take_text(r, "5.11", &text, &n, err);
	if (status != CKPT_OK)
		return (status);
	if (memchr(text, 0, n) != NULL)
		return (error_at(err, CKPT_CORRUPT, r->offset, "5.11",
		    "table of symmetries with a NUL"));
	copy = malloc(n + 1);
	if (copy == NULL)
		return (error_nomem(err, n + 1));
	memcpy(copy, text, n);
	copy[n] = '\0';
	status = schema_set_symmetry(s, copy, err);
	free(copy);
	return (at_frame(err, status, r->offset, "5.11"));
}

static enum ckpt_status
decode_content(struct reader *r, struct schema *s, struct ckpt_error *err)
{
	const unsigned char *p;
	enum ckpt_status status = CKPT_OK;
	uint32_t presence, n_tensors, i;

	p = take(r, 8, "5.2", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	presence = le32_load(p);
	n_tensors = le32_load(p + 4);
	if (presence & ~(uint32_t)(WIRE_SCHEMA_LAYOUT | WIRE_SCHEMA_SYMMETRY))
		return (error_at(err, CKPT_NEWER, r->offset, "5.2",
		    "unknown parts %#x of a schema", presence));
	if (n_tensors > CKPT_MAX_TENSORS)
		return (error_at(err, CKPT_CORRUPT, r->offset, "5.3",
		    "%u tensors, expected at most %d", n_tensors,
		    CKPT_MAX_TENSORS));
	for (i = 0; i < n_tensors && status == CKPT_OK; i++)
		status = decode_tensor(r, s, err);
	if (status == CKPT_OK && (presence & WIRE_SCHEMA_LAYOUT))
		status = decode_layout(r, s, err);
	if (status == CKPT_OK && (presence & WIRE_SCHEMA_SYMMETRY))
		status = decode_symmetry(r, s, err);
	if (status == CKPT_OK && r->left != 0)
		status = error_at(err, CKPT_CORRUPT, r->offset, "5",
		    "%zu bytes after the schema", r->left);
	if (status == CKPT_OK)
		status = at_frame(err, schema_finish(s, err), r->offset,
		    "5.8");
	return (status);
}

enum ckpt_status
wire_schema_decode(const unsigned char *in, size_t n, uint64_t offset,
    struct schema **out, struct ckpt_error *err)
{
	struct reader r = { in, n, offset };
	struct schema *s;
	enum ckpt_status status;

	status = schema_new(&s, err);
	if (status != CKPT_OK)
		return (status);
	status = decode_content(&r, s, err);
	if (status != CKPT_OK) {
		schema_unref(s);
		return (status);
	}
	*out = s;
	return (CKPT_OK);
}
