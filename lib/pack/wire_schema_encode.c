/*
 * wire_schema_encode: schemas to bytes.
 */
#include "pack/wire.h"

static enum ckpt_status
append_u32(struct buf *out, uint64_t x, struct ckpt_error *err)
{
	unsigned char b[4];

	if (x > UINT32_MAX)
		return (error_set(err, CKPT_LIMIT,
		    "a part of the schema exceeds 4 GiB"));
	le32_store(b, (uint32_t)x);
	return (buf_append(out, b, sizeof(b), err));
}

static enum ckpt_status
append_text(struct buf *out, const void *text, size_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	status = append_u32(out, n, err);
	if (status == CKPT_OK)
		status = buf_append(out, text, n, err);
	return (status);
}

static enum ckpt_status
append_tensor(struct buf *out, const struct tensor_desc *t,
    struct ckpt_error *err)
{
	struct wire_disk_tensor d;
	unsigned char dim[8];
	enum ckpt_status status;
	size_t n_name = strlen(t->name);
	unsigned i;

	if (n_name == 0 || n_name > CKPT_MAX_NAME ||
	    t->n_dims > CKPT_MAX_DIMS)
		return (error_set(err, CKPT_LIMIT,
		    "tensor with a name of %zu bytes and %u dimensions",
		    n_name, t->n_dims));
	d.dtype[0] = (unsigned char)t->dtype;
	d.n_dims[0] = (unsigned char)t->n_dims;
	le16_store(d.n_name, (uint16_t)n_name);
	status = buf_append(out, &d, sizeof(d), err);
	for (i = 0; i < t->n_dims && status == CKPT_OK; i++) {
		le64_store(dim, t->dims[i]);
		status = buf_append(out, dim, sizeof(dim), err);
	}
	if (status == CKPT_OK)
		status = buf_append(out, t->name, n_name, err);
	return (status);
}

enum ckpt_status
wire_schema_encode(const struct schema *s, struct buf *out,
    struct ckpt_error *err)
{
	const struct schema_layout *l = &s->layout;
	uint32_t presence = 0;
	enum ckpt_status status;
	size_t i;

	if (s->has_layout)
		presence |= WIRE_SCHEMA_LAYOUT;
	if (s->symmetry != NULL)
		presence |= WIRE_SCHEMA_SYMMETRY;
	status = append_u32(out, presence, err);
	if (status == CKPT_OK)
		status = append_u32(out, s->n_tensors, err);
	for (i = 0; i < s->n_tensors && status == CKPT_OK; i++)
		status = append_tensor(out, &s->tensors[i], err);
	if (status == CKPT_OK && s->has_layout)
		status = append_text(out, l->before, l->n_before, err);
	if (status == CKPT_OK && s->has_layout)
		status = append_text(out, l->after, l->n_after, err);
	if (status == CKPT_OK && s->symmetry != NULL)
		status = append_text(out, s->symmetry, strlen(s->symmetry),
		    err);
	return (status);
}
