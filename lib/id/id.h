/*
 * id: the IDs of tensors, models, records, releases and symmetries, as
 * format-spec/ckpt-ids.md defines them, and the checksum of pages.
 */
#ifndef CKPT_ID_ID_H
#define CKPT_ID_ID_H

#include "base/base.h"

#define ID_HEX_SIZE 65 /* 64 hex digits and a NUL */

/* SHA-256 in steps. */
struct sha256;
CKPT_CHECKED enum ckpt_status sha256_new(struct sha256 **out,
    struct ckpt_error *err);
void sha256_reset(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *data, size_t n);
void sha256_final(struct sha256 *h, struct ckpt_id *out); /* then reset */
void sha256_free(struct sha256 *h);

/* Resets `h` and feeds it the head of a tensor's preimage; the elements'
 * bytes follow with sha256_update, the ID comes from sha256_final. */
CKPT_CHECKED enum ckpt_status id_tensor_begin(struct sha256 *h,
    const struct tensor_desc *t, struct ckpt_error *err);

/* Model ID from the tensor IDs in the schema's order. */
CKPT_CHECKED enum ckpt_status id_model(struct sha256 *h,
    const struct schema *s, const struct ckpt_id *tensor_ids,
    struct ckpt_id *out, struct ckpt_error *err);

/* Tensor IDs (n_tensors of them, or NULL) and model ID of a model in
 * memory. */
CKPT_CHECKED enum ckpt_status id_of_model(const struct model *m,
    struct ckpt_id *tensor_ids, struct ckpt_id *out, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status id_record(struct sha256 *h,
    const struct ckpt_id *model, const char *label, const struct meta *meta,
    struct ckpt_id *out, struct ckpt_error *err);

/* Release ID from record IDs in order. */
CKPT_CHECKED enum ckpt_status id_release(const struct ckpt_id *records,
    size_t n, struct ckpt_id *out, struct ckpt_error *err);

/* Of the tensors of a schema, whatever their order: SHA-256 of the lines
 * "dtype dims name\n" sorted by name, dims in decimal joined by ','. Listings
 * show its first 12 digits. */
CKPT_CHECKED enum ckpt_status id_schema(struct sha256 *h,
    const struct schema *s, struct ckpt_id *out, struct ckpt_error *err);

/* Of all that schema_equal compares: the tensors in their order, the layout,
 * the table of symmetries. It is not shown: two models of one ID and one
 * form have the same bytes in the same file. */
CKPT_CHECKED enum ckpt_status id_form(struct sha256 *h,
    const struct schema *s, struct ckpt_id *out, struct ckpt_error *err);

/* Of the bytes of a table of symmetries (its text is the preimage). */
CKPT_CHECKED enum ckpt_status id_text(const void *text, size_t n,
    struct ckpt_id *out, struct ckpt_error *err);

void id_hex(const struct ckpt_id *id, char out[ID_HEX_SIZE]);

/* Exactly 64 lower-case hex digits at `s`; further bytes are not read. */
bool id_parse(const char *s, struct ckpt_id *out);
bool id_equal(const struct ckpt_id *a, const struct ckpt_id *b);

/* Tensor IDs of a model while its bytes pass by in pieces of any size. */
struct id_stream;
CKPT_CHECKED enum ckpt_status id_stream_new(struct id_stream **out,
    struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status id_stream_begin(struct id_stream *s,
    struct schema *schema, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status id_stream_update(struct id_stream *s,
    const void *data, size_t n, struct ckpt_error *err);
/* The tensor IDs, valid until the next begin; *model may be NULL. */
CKPT_CHECKED enum ckpt_status id_stream_end(struct id_stream *s,
    const struct ckpt_id **tensor_ids, struct ckpt_id *model,
    struct ckpt_error *err);
void id_stream_free(struct id_stream *s);

/* XXH3-64 with seed 0. */
uint64_t xxh3_64(const void *data, size_t n);

#endif
