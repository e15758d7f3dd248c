/*
 * refs_difference: pages as differences to a page of a base tensor (15.4).
 */
#include "pack/refs_private.h"

/* The base's bytes, of which the page needs f->raw. */
static enum ckpt_status
get_base(struct refs *r, const struct wire_frame *f,
    const struct wire_disk_difference *d, const unsigned char **base,
    unsigned char **owned, struct ckpt_error *err)
{
	uint64_t offset = le64_load(d->offset);
	struct ckpt_id id;
	enum ckpt_status status;

	*owned = NULL;
	if (offset != 0) {
		status = refs_page_before(r, f, offset, le32_load(d->stored),
		    err);
		if (status == CKPT_OK)
			*base = r->page->raw;
		if (status == CKPT_OK && r->page->n < f->raw)
			status = refs_bad(f, "15.4", "a wrong base: a page of "
			    "fewer bytes", err);
		return (status);
	}
	memcpy(id.bytes, d->base, sizeof(id.bytes));
	*owned = malloc(f->raw);
	if (*owned == NULL)
		return (error_nomem(err, f->raw));
	*base = *owned;
	return (refs_outside(r, f, &id, (uint64_t)le32_load(d->page) *
	    WIRE_MAX_PAGE, *owned, f->raw, err));
}

enum ckpt_status
refs_difference(struct refs *r, const struct wire_frame *f,
    const unsigned char *stored, unsigned char *raw, struct ckpt_error *err)
{
	const struct wire_disk_difference *d = (const void *)stored;
	const unsigned char *base = NULL;
	unsigned char *owned;
	enum ckpt_status status;

	if (f->stored < sizeof(*d))
		return (refs_bad(f, "15.4", "wrong size", err));
	status = get_base(r, f, d, &base, &owned, err);
	if (status == CKPT_OK && f->stored == sizeof(*d)) {
		memcpy(raw, base, f->raw);
	} else if (status == CKPT_OK) {
		status = codec_decode_delta(r->codec, stored + sizeof(*d),
		    f->stored - sizeof(*d), base, raw, f->raw, err);
		if (status == CKPT_CORRUPT)
			status = refs_bad(f, "11.4", "differences that do not "
			    "fit its base", err);
	}
	free(owned);
	return (status);
}
