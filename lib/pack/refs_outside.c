/*
 * refs_outside: bytes of tensors that stand outside of a thin pack.
 */
#include "id/id.h"
#include "pack/refs_private.h"

enum ckpt_status
refs_outside(struct refs *r, const struct wire_frame *from,
    const struct ckpt_id *base, uint64_t begin, void *out, uint32_t n,
    struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_END;
	unsigned height = 0;

	if (!r->may_be_thin)
		return (refs_bad(from, "15", "its base stands outside, but "
		    "this part is not thin", err));
	if (r->bases != NULL)
		status = r->bases->read(r->bases->arg, base, begin, out, n,
		    WIRE_MAX_DEPTH - r->depth, &height, err);
	if (status == CKPT_END)
		return (refs_bad(from, "15", r->bases == NULL ? "a missing "
		    "base: this pack is thin" : "a missing base: it is not "
		    "in what was given", err));
	if (status == CKPT_OK)
		refs_raise(r, height);
	return (status);
}

enum ckpt_status
refs_tensor_outside(struct refs *r, const struct wire_frame *from,
    const struct ckpt_id *base, uint64_t n_raw, struct ckpt_error *err)
{
	unsigned height = r->height;
	enum ckpt_status status = CKPT_OK;
	unsigned char *raw;
	uint64_t at;
	uint32_t n;

	if (r->tensor_offset == 0 && r->n_tensor == n_raw &&
	    r->tensor_height <= WIRE_MAX_DEPTH - r->depth &&
	    id_equal(&r->tensor_id, base)) {
		refs_raise(r, r->tensor_height);
		return (CKPT_OK);
	}
	raw = malloc((size_t)n_raw + 1);
	if (raw == NULL)
		return (error_nomem(err, n_raw));
	r->height = 0;
	for (at = 0; at < n_raw && status == CKPT_OK; at += n) {
		n = n_raw - at < WIRE_MAX_PAGE ? (uint32_t)(n_raw - at) :
		    WIRE_MAX_PAGE;
		status = refs_outside(r, from, base, at, raw + at, n, err);
	}
	refs_take_tensor(r, status == CKPT_OK, raw, n_raw, 0, height);
	if (status == CKPT_OK)
		r->tensor_id = *base;
	return (status);
}
