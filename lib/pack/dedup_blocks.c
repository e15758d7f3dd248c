/*
 * dedup_blocks: pages of which some blocks stand before.
 */
#include "id/id.h"
#include "pack/batch.h"
#include "pack/dedup.h"

#define MAX_BLOCKS (WIRE_MAX_PAGE / DEDUP_BLOCK)

/* Where a block of a page was found; place UINT32_MAX: nowhere. */
struct block {
	uint32_t place;
	uint32_t begin;
	uint32_t n;
};

/* Nothing is gained by a reference to what is all the same. */
static bool
is_constant(const unsigned char *p, size_t n)
{
	return (n <= 8 || memcmp(p, p + 8, n - 8) == 0);
}

static enum ckpt_status
find_block(struct dedup *a, const unsigned char *data, struct block *b,
    struct ckpt_error *err)
{
	const struct dedup_place *p;
	const unsigned char *raw;
	enum ckpt_status status;
	uint64_t value, key;
	uint32_t n;

	b->place = UINT32_MAX;
	if (is_constant(data, b->n))
		return (CKPT_OK);
	key = xxh3_64(data, b->n);
	if (!lookup_get(&a->blocks, key, &value))
		return (dedup_remember(a, DEDUP_BLOCKS, key,
		    (a->places.len / sizeof(*p)) << 4 |
		    b->begin / DEDUP_BLOCK, err));
	p = dedup_places(a) + (value >> 4);
	if (p->depth >= WIRE_MAX_DEPTH)
		return (CKPT_OK);
	status = refs_page(a->refs, p->offset, p->stored, &raw, &n, err);
	if (status != CKPT_OK)
		return (status);
	value = (value & 15) * DEDUP_BLOCK;
	if (value + b->n > n || memcmp(raw + value, data, b->n) != 0)
		return (CKPT_OK);
	b->place = (uint32_t)(p - dedup_places(a));
	b->begin = (uint32_t)value;
	return (CKPT_OK);
}

/* Blocks that adjoin, here and there, are one. */
static unsigned
merge(struct block *b, unsigned n)
{
	unsigned i, k = 0;

	for (i = 1; i < n; i++) {
		if (b[i].place == b[k].place && (b[i].place == UINT32_MAX ||
		    b[i].begin == b[k].begin + b[k].n))
			b[k].n += b[i].n;
		else
			b[++k] = b[i];
	}
	return (k + 1);
}

/* The payload: head, segments, and the bytes that stand nowhere else. */
static enum ckpt_status
put(struct dedup *a, const unsigned char *data, uint32_t n,
    const struct block *b, unsigned n_blocks,
    const struct dedup_coder *coder, struct ckpt_error *err)
{
	struct wire_disk_blocks d;
	struct wire_disk_segment s;
	const struct dedup_place *p;
	unsigned char *literal, *out;
	uint32_t n_literal = 0, at = 0;
	enum ckpt_status status = CKPT_OK;
	enum codec_kind is;
	size_t n_out;
	unsigned i;

	literal = malloc((size_t)n + 1);
	if (literal == NULL)
		return (error_nomem(err, n));
	memset(&d, 0, sizeof(d));
	a->payload.len = 0;
	status = buf_append(&a->payload, &d, sizeof(d), err);
	for (i = 0; i < n_blocks && status == CKPT_OK; i++) {
		memset(&s, 0, sizeof(s));
		le32_store(s.n_bytes, b[i].n);
		if (b[i].place == UINT32_MAX) {
			memcpy(literal + n_literal, data + at, b[i].n);
			n_literal += b[i].n;
		} else {
			p = dedup_places(a) + b[i].place;
			le64_store(s.offset, p->offset);
			le32_store(s.stored, p->stored);
			le32_store(s.begin, b[i].begin);
		}
		at += b[i].n;
		status = buf_append(&a->payload, &s, sizeof(s), err);
	}
	if (status == CKPT_OK)
		status = buf_reserve(&a->payload, codec_bound(n_literal) + 1,
		    err);
	if (status != CKPT_OK)
		goto err0;
	out = a->payload.data + a->payload.len;
	status = codec_encode(coder->codec, coder->kind, coder->dtype,
	    coder->level, literal, n_literal, out, &n_out, &is, err);
	if (status != CKPT_OK)
		goto err0;
	if (is == CODEC_NONE)
		memcpy(out, literal, n_literal);
	a->payload.len += n_out;
	le64_store(d.check, xxh3_64(data, n));
	le16_store(d.n_segments, (uint16_t)n_blocks);
	d.codec[0] = (unsigned char)batch_wire_codec(is);
	le32_store(d.n_literal, n_literal);
	memcpy(a->payload.data, &d, sizeof(d));
err0:
	free(literal);
	return (status);
}

enum ckpt_status
dedup_blocks_find(struct dedup *a, const unsigned char *data, uint32_t n,
    bool only_whole, const struct dedup_coder *coder, unsigned *depth,
    bool *found, struct ckpt_error *err)
{
	struct block b[MAX_BLOCKS];
	unsigned i, n_blocks = 0, n_found = 0;
	enum ckpt_status status;
	uint32_t at;

	*depth = 0;
	for (at = 0; at < n; at += b[n_blocks++].n) {
		b[n_blocks].begin = at;
		b[n_blocks].n = n - at < DEDUP_BLOCK ? n - at :
		    DEDUP_BLOCK;
		status = find_block(a, data + at, &b[n_blocks], err);
		if (status != CKPT_OK)
			return (status);
		if (b[n_blocks].place == UINT32_MAX)
			continue;
		n_found++;
		if (dedup_places(a)[b[n_blocks].place].depth >= *depth)
			*depth = dedup_places(a)[b[n_blocks].place].depth +
			    1;
	}
	*found = n_found > 0 && (n_found == n_blocks || !only_whole);
	if (!*found)
		return (CKPT_OK);
	for (i = 0; i < n_blocks; i++)
		if (b[i].place == UINT32_MAX)
			b[i].begin = 0;
	n_blocks = merge(b, n_blocks);
	status = put(a, data, n, b, n_blocks, coder, err);
	*found = a->payload.len < n;
	return (status);
}
