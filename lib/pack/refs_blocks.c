/*
 * refs_blocks: pages that are another page (15.1), or made of pieces of other
 * pages (15.2).
 */
#include "pack/batch.h"
#include "pack/refs_private.h"

enum ckpt_status
refs_same(struct refs *r, const struct wire_frame *f,
    const unsigned char *stored, unsigned char *raw, struct ckpt_error *err)
{
	const struct wire_disk_same *d = (const void *)stored;
	enum ckpt_status status;

	if (f->stored != sizeof(*d))
		return (refs_bad(f, "15.1", "wrong size", err));
	status = refs_page_before(r, f, le64_load(d->offset),
	    le32_load(d->stored), err);
	if (status != CKPT_OK)
		return (status);
	if (r->page->n != f->raw)
		return (refs_bad(f, "15.1", "a wrong base: a page of another "
		    "size", err));
	memcpy(raw, r->page->raw, f->raw);
	return (CKPT_OK);
}

/* One segment; *used counts the literal bytes. */
static enum ckpt_status
decode_segment(struct refs *r, const struct wire_frame *f,
    const struct wire_disk_segment *d, const unsigned char *literal,
    uint32_t n_literal, uint32_t *used, unsigned char *out,
    struct ckpt_error *err)
{
	uint64_t offset = le64_load(d->offset);
	uint32_t begin = le32_load(d->begin), n = le32_load(d->n_bytes);
	enum ckpt_status status;

	if (offset == 0) {
		if (n > n_literal - *used || begin != 0 ||
		    le32_load(d->stored) != 0)
			return (refs_bad(f, "15.2", "literal bytes are not "
			    "there", err));
		memcpy(out, literal + *used, n);
		*used += n;
		return (CKPT_OK);
	}
	status = refs_page_before(r, f, offset, le32_load(d->stored), err);
	if (status != CKPT_OK)
		return (status);
	if (begin > r->page->n || n > r->page->n - begin)
		return (refs_bad(f, "15.2", "beyond the end of its base", err));
	memcpy(out, r->page->raw + begin, n);
	return (CKPT_OK);
}

static enum ckpt_status
decode_segments(struct refs *r, const struct wire_frame *f,
    const struct wire_disk_segment *d, unsigned n_segments,
    const unsigned char *literal, uint32_t n_literal, unsigned char *raw,
    struct ckpt_error *err)
{
	uint32_t at = 0, used = 0, n;
	enum ckpt_status status;
	unsigned i;

	for (i = 0; i < n_segments; i++, at += n) {
		n = le32_load(d[i].n_bytes);
		if (n == 0 || n > f->raw - at)
			return (refs_bad(f, "15.2", "segments of another sum",
			    err));
		status = decode_segment(r, f, &d[i], literal, n_literal,
		    &used, raw + at, err);
		if (status != CKPT_OK)
			return (status);
	}
	if (at != f->raw || used != n_literal)
		return (refs_bad(f, "15.2", "segments of another sum", err));
	return (CKPT_OK);
}

enum ckpt_status
refs_blocks(struct refs *r, const struct wire_frame *f,
    const unsigned char *stored, unsigned char *raw, struct ckpt_error *err)
{
	const struct wire_disk_blocks *d = (const void *)stored;
	const struct wire_disk_segment *segments;
	unsigned n_segments;
	uint32_t n_literal;
	unsigned char *literal;
	size_t n;
	enum ckpt_status status;

	if (f->stored < sizeof(*d))
		return (refs_bad(f, "15.2", "wrong size", err));
	n_segments = le16_load(d->n_segments);
	n_literal = le32_load(d->n_literal);
	n = sizeof(*d) + n_segments * sizeof(struct wire_disk_segment);
	if (d->codec[0] > WIRE_CODEC_PLANES || d->reserved[0] != 0)
		return (error_at(err, CKPT_NEWER, f->offset, "15.2",
		    "unknown codec or reserved byte"));
	if (n > f->stored || n_literal > f->raw)
		return (refs_bad(f, "15.2", "wrong size", err));
	literal = malloc((size_t)n_literal + 1);
	if (literal == NULL)
		return (error_nomem(err, n_literal));
	segments = (const void *)(stored + sizeof(*d));
	status = codec_decode(r->codec, batch_codec(d->codec[0]), stored + n,
	    f->stored - n, literal, n_literal, err);
	if (status == CKPT_CORRUPT)
		status = refs_bad(f, "15.2", "literals that the codec does "
		    "not make", err);
	if (status == CKPT_OK)
		status = decode_segments(r, f, segments, n_segments, literal,
		    n_literal, raw, err);
	free(literal);
	return (status);
}
