/*
 * The calls of ckpt.h that make IDs of what a caller holds in memory.
 */
#include "config.h"
#include "id/id.h"

const char *
ckpt_version(void)
{
	return (PACKAGE_VERSION);
}

const char *
ckpt_dtype_name(enum ckpt_dtype dtype)
{
	return (dtype_name(dtype));
}

void
ckpt_id_hex(const struct ckpt_id *id, char out[CKPT_ID_HEX_SIZE])
{
	id_hex(id, out);
}

enum ckpt_status
ckpt_id_parse(const char *hex, struct ckpt_id *out, struct ckpt_error *err)
{
	struct ckpt_id id;

	if (!id_parse(hex, &id) || hex[CKPT_ID_HEX_SIZE - 1] != '\0')
		return (error_set(err, CKPT_INVALID,
		    "\"%.80s\": expected 64 lower-case hex digits", hex));
	*out = id;
	return (CKPT_OK);
}

enum ckpt_status
ckpt_tensor_id(enum ckpt_dtype dtype, unsigned n_dims, const uint64_t *dims,
    const void *data, size_t n_bytes, struct ckpt_id *out,
    struct ckpt_error *err)
{
	struct schema *s;
	struct sha256 *h;
	enum ckpt_status st;

	/* a schema of one tensor checks dtype and shape */
	st = schema_new(&s, err);
	if (st != CKPT_OK)
		return (st);
	st = schema_add(s, "tensor", 6, dtype, n_dims, dims, err);
	if (st != CKPT_OK)
		goto err0;
	if (n_bytes != s->n_bytes) {
		st = error_set(err, CKPT_USAGE,
		    "%zu bytes are given for a shape of %llu", n_bytes,
		    (unsigned long long)s->n_bytes);
		goto err0;
	}
	st = sha256_new(&h, err);
	if (st != CKPT_OK)
		goto err0;
	st = id_tensor_begin(h, &s->tensors[0], err);
	if (st == CKPT_OK) {
		sha256_update(h, data, n_bytes);
		sha256_final(h, out);
	}
	sha256_free(h);
err0:
	schema_unref(s);
	return (st);
}

enum ckpt_status
ckpt_model_id(const char *const *names, const struct ckpt_id *tensor_ids,
    size_t n, struct ckpt_id *out, struct ckpt_error *err)
{
	struct schema *s;
	struct sha256 *h;
	enum ckpt_status st;
	size_t i;

	/* a schema of empty tensors checks names and sorts them */
	st = schema_new(&s, err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; st == CKPT_OK && i < n; i++)
		st = schema_add(s, names[i], strlen(names[i]), CKPT_U8, 0,
		    NULL, err);
	if (st == CKPT_OK)
		st = schema_finish(s, err);
	if (st != CKPT_OK)
		goto err0;
	st = sha256_new(&h, err);
	if (st != CKPT_OK)
		goto err0;
	st = id_model(h, s, tensor_ids, out, err);
	sha256_free(h);
err0:
	schema_unref(s);
	return (st);
}

enum ckpt_status
ckpt_record_id(const struct ckpt_id *model, const char *label,
    const char *const *keys, const char *const *values, size_t n,
    struct ckpt_id *out, struct ckpt_error *err)
{
	struct meta meta = { 0, NULL };
	struct sha256 *h;
	enum ckpt_status st = CKPT_OK;
	size_t i;

	if (strlen(label) > CKPT_MAX_LABEL)
		return (error_set(err, CKPT_LIMIT,
		    "a label of %zu bytes; at most %d are allowed",
		    strlen(label), CKPT_MAX_LABEL));
	for (i = 0; st == CKPT_OK && i < n; i++) {
		if (meta_get(&meta, keys[i]) != NULL)
			st = error_set(err, CKPT_USAGE,
			    "the metadata key %s stands twice", keys[i]);
		else
			st = meta_set(&meta, keys[i], values[i], err);
	}
	if (st != CKPT_OK)
		goto err0;
	st = sha256_new(&h, err);
	if (st != CKPT_OK)
		goto err0;
	st = id_record(h, model, label, &meta, out, err);
	sha256_free(h);
err0:
	meta_release(&meta);
	return (st);
}

enum ckpt_status
ckpt_release_id(const struct ckpt_id *records, size_t n, struct ckpt_id *out,
    struct ckpt_error *err)
{
	return (id_release(records, n, out, err));
}
