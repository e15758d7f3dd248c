/*
 * refs_decode: pages from what they refer to.
 */
#include "id/id.h"
#include "pack/batch.h"
#include "pack/refs_private.h"

enum ckpt_status
refs_new(refs_read_fn *read, void *arg, const struct pack_bases *bases,
    struct page_cache *cache, struct refs **out, struct ckpt_error *err)
{
	struct refs *r = calloc(1, sizeof(*r));
	enum ckpt_status status;

	if (r == NULL)
		return (error_nomem(err, sizeof(*r)));
	r->read = read;
	r->arg = arg;
	r->bases = bases;
	r->cache = cache;
	refs_part(r, 0, true);
	status = codec_new(&r->codec, err);
	if (status != CKPT_OK) {
		free(r);
		return (status);
	}
	*out = r;
	return (CKPT_OK);
}

void
refs_free(struct refs *r)
{
	if (r == NULL)
		return;
	codec_free(r->codec);
	page_cache_leave(r->cache, r->page);
	free(r->tensor);
	free(r->orbit);
	free(r);
}

void
refs_part(struct refs *r, uint64_t part_start, bool may_be_thin)
{
	r->part_start = part_start;
	r->may_be_thin = may_be_thin;
	r->tensor_offset = r->orbit_offset = UINT64_MAX;
	r->depth = r->floor;
}

void
refs_limit(struct refs *r, unsigned limit)
{
	r->floor = r->depth = WIRE_MAX_DEPTH - limit;
	r->highest = 0;
}

unsigned
refs_height(const struct refs *r)
{
	return (r->highest);
}

enum ckpt_status
refs_bad(const struct wire_frame *f, const char *section, const char *what,
    struct ckpt_error *err)
{
	return (error_at(err, CKPT_CORRUPT, f->offset, section,
	    "page that refers to others: %s", what));
}

static bool
points_back(const struct refs *r, const struct wire_frame *f,
    uint64_t offset, uint64_t n)
{
	uint64_t end = f->offset - r->part_start;

	return (offset >= WIRE_FRAME_SIZE && offset <= end &&
	    n <= end - offset);
}

enum ckpt_status
refs_before(struct refs *r, const struct wire_frame *f, uint64_t offset,
    uint64_t n, unsigned char **out, struct ckpt_error *err)
{
	enum ckpt_status status;

	if (!points_back(r, f, offset, n))
		return (refs_bad(f, "15", "it does not point backwards in its "
		    "part: a cycle, or damage", err));
	*out = malloc((size_t)n + 1);
	if (*out == NULL)
		return (error_nomem(err, (size_t)n));
	status = r->read(r->arg, *out, (size_t)n, r->part_start + offset,
	    err);
	if (status != CKPT_OK) {
		free(*out);
		*out = NULL;
	}
	return (status);
}

enum ckpt_status
refs_frame(const struct wire_frame *from, const unsigned char *bytes,
    uint64_t n, uint64_t offset, struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status = CKPT_CORRUPT;

	if (n >= WIRE_FRAME_SIZE)
		status = wire_frame_decode(bytes, offset, f, err);
	if (status == CKPT_NEWER)
		return (status);
	if (status != CKPT_OK || f->kind != WIRE_PAGE ||
	    f->stored > n - WIRE_FRAME_SIZE)
		return (error_at(err, CKPT_CORRUPT, offset, "15", "no page "
		    "where the one at %llu refers to: a damaged or a wrong "
		    "base", (unsigned long long)from->offset));
	return (wire_check(f, bytes + WIRE_FRAME_SIZE, err));
}

static enum ckpt_status
decode_page(struct refs *r, const struct wire_frame *f,
    const unsigned char *stored, unsigned char *raw, struct ckpt_error *err)
{
	if (r->depth > 0 && ++r->work > WIRE_MAX_WORK)
		return (refs_bad(f, "15", "too many pages are needed for one",
		    err));
	if (wire_is_reference(f->codec))
		return (refs_decode(r, f, stored, raw, err));
	return (codec_decode(r->codec, batch_codec(f->codec), stored,
	    f->stored, raw, f->raw, err));
}

void
refs_raise(struct refs *r, unsigned height)
{
	r->height = r->height > height ? r->height : height;
}

/* Reads and decodes the page into r->page. */
static enum ckpt_status
load_page(struct refs *r, const struct wire_frame *from, uint64_t offset,
    uint64_t n, struct ckpt_error *err)
{
	unsigned char *bytes;
	struct cached_page *p = NULL;
	struct wire_frame f;
	enum ckpt_status status;

	status = refs_before(r, from, offset, n, &bytes, err);
	if (status != CKPT_OK)
		return (status);
	status = refs_frame(from, bytes, n, r->part_start + offset, &f, err);
	if (status == CKPT_OK) {
		p = page_cache_make(f.raw);
		status = p == NULL ? error_nomem(err, f.raw) :
		    decode_page(r, &f, bytes + WIRE_FRAME_SIZE, p->raw, err);
	}
	free(bytes);
	if (status != CKPT_OK) {
		page_cache_leave(NULL, p);
		return (status);
	}
	p->offset = r->part_start + offset;
	p->stored = f.stored;
	p->height = r->height;
	page_cache_put(r->cache, p);
	page_cache_leave(r->cache, r->page);
	r->page = p;
	return (CKPT_OK);
}

/* Whether the page is at hand, as r->page from now on. What took too many
 * references may be had by fewer, where tensors outside stand twice. */
static bool
is_at_hand(struct refs *r, uint64_t offset, uint32_t n_stored)
{
	struct cached_page *p = r->page;

	if (p != NULL && p->offset == offset && p->stored == n_stored)
		return (p->height <= WIRE_MAX_DEPTH - r->depth);
	p = page_cache_get(r->cache, offset, n_stored);
	if (p == NULL)
		return (false);
	if (p->height > WIRE_MAX_DEPTH - r->depth) {
		page_cache_leave(r->cache, p);
		return (false);
	}
	page_cache_leave(r->cache, r->page);
	r->page = p;
	return (true);
}

enum ckpt_status
refs_page_before(struct refs *r, const struct wire_frame *from,
    uint64_t offset, uint32_t n_stored, struct ckpt_error *err)
{
	uint64_t n = (uint64_t)n_stored + WIRE_FRAME_SIZE;
	unsigned height = r->height;
	enum ckpt_status status;

	if (n_stored > WIRE_MAX_PAGE)
		return (refs_bad(from, "15", "to a page over 1 MiB", err));
	if (points_back(r, from, offset, n) &&
	    is_at_hand(r, r->part_start + offset, n_stored)) {
		refs_raise(r, r->page->height);
		return (CKPT_OK);
	}
	r->height = 0;
	status = load_page(r, from, offset, n, err);
	refs_raise(r, height);
	return (status);
}

void
refs_keep(struct refs *r, const struct wire_frame *f, const void *raw)
{
	struct cached_page *p = page_cache_make(f->raw);

	if (p == NULL) /* then it is decoded again */
		return;
	memcpy(p->raw, raw, f->raw);
	p->offset = f->offset;
	p->stored = f->stored;
	p->height = wire_is_reference(f->codec) ? r->height : 0;
	page_cache_put(r->cache, p);
	page_cache_leave(r->cache, p);
}

/* The pages of `bytes` to their tensor. */
static enum ckpt_status
join_pages(struct refs *r, const struct wire_frame *from, uint64_t offset,
    const unsigned char *bytes, uint64_t length, unsigned char *raw,
    uint64_t n_raw, struct ckpt_error *err)
{
	uint64_t at = 0, done = 0;
	struct wire_frame f;
	enum ckpt_status status;

	while (at < length) {
		status = refs_frame(from, bytes + at, length - at,
		    r->part_start + offset + at, &f, err);
		if (status != CKPT_OK)
			return (status);
		if (f.raw > n_raw - done)
			break;
		status = decode_page(r, &f, bytes + at + WIRE_FRAME_SIZE,
		    raw + done, err);
		if (status != CKPT_OK)
			return (status);
		done += f.raw;
		at += (uint64_t)f.stored + WIRE_FRAME_SIZE;
	}
	return (at == length && done == n_raw ? CKPT_OK : refs_bad(from, "15.3",
	    "its base has another size: a wrong base", err));
}

void
refs_take_tensor(struct refs *r, bool is_good, unsigned char *raw,
    uint64_t n_raw, uint64_t offset, unsigned height)
{
	if (!is_good) {
		free(raw);
		return;
	}
	r->tensor_height = r->height;
	refs_raise(r, height);
	free(r->tensor);
	r->tensor = raw;
	r->n_tensor = n_raw;
	r->tensor_offset = offset;
}

enum ckpt_status
refs_tensor_before(struct refs *r, const struct wire_frame *from,
    uint64_t offset, uint64_t length, uint64_t n_raw, struct ckpt_error *err)
{
	unsigned char *bytes, *raw;
	unsigned height = r->height;
	enum ckpt_status status;

	if (r->tensor_offset == offset && r->n_tensor == n_raw &&
	    r->tensor_height <= WIRE_MAX_DEPTH - r->depth) {
		refs_raise(r, r->tensor_height);
		return (CKPT_OK);
	}
	if (n_raw > WIRE_MAX_ORBIT || length > n_raw +
	    (n_raw / WIRE_MAX_PAGE + 1) * WIRE_FRAME_SIZE)
		return (refs_bad(from, "15.3", "its base is too large", err));
	status = refs_before(r, from, offset, length, &bytes, err);
	if (status != CKPT_OK)
		return (status);
	raw = malloc((size_t)n_raw + 1);
	r->height = 0;
	status = raw == NULL ? error_nomem(err, (size_t)n_raw) :
	    join_pages(r, from, offset, bytes, length, raw, n_raw, err);
	free(bytes);
	refs_take_tensor(r, status == CKPT_OK, raw, n_raw, offset, height);
	return (status);
}

/* What refers to the end of what has been written so far. */
static const struct wire_frame beyond = {
	.kind = WIRE_PAGE, .offset = UINT64_MAX / 2
};

enum ckpt_status
refs_page(struct refs *r, uint64_t offset, uint32_t stored,
    const unsigned char **raw, uint32_t *n, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = refs_page_before(r, &beyond, offset, stored, err);
	if (status == CKPT_OK) {
		*raw = r->page->raw;
		*n = r->page->n;
	}
	return (status);
}

enum ckpt_status
refs_tensor(struct refs *r, uint64_t offset, uint64_t length,
    uint64_t n_bytes, const unsigned char **raw, struct ckpt_error *err)
{
	enum ckpt_status status;

	status = refs_tensor_before(r, &beyond, offset, length, n_bytes, err);
	*raw = r->tensor;
	return (status);
}

/* The base that a page names, or NULL. */
static const unsigned char *
named_base(const struct wire_frame *f, const void *stored)
{
	if (f->codec == WIRE_CODEC_ORBIT &&
	    f->stored >= sizeof(struct wire_disk_orbit))
		return (((const struct wire_disk_orbit *)stored)->base);
	if (f->codec == WIRE_CODEC_DIFFERENCE &&
	    f->stored >= sizeof(struct wire_disk_difference))
		return (((const struct wire_disk_difference *)stored)->base);
	return (NULL);
}

/* The error tells the base nearest to where it lies. */
static enum ckpt_status
name_base(struct refs *r, const unsigned char *base, struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE], text[sizeof(err->text)];
	struct ckpt_id id;

	if (base == NULL || r->is_named || err == NULL ||
	    strncmp(err->text, "base tensor ", 12) == 0)
		return (CKPT_CORRUPT);
	r->is_named = true;
	memcpy(id.bytes, base, sizeof(id.bytes));
	id_hex(&id, hex);
	memcpy(text, err->text, sizeof(text));
	(void)snprintf(err->text, sizeof(err->text), "base tensor %s: %.150s",
	    hex, text);
	return (CKPT_CORRUPT);
}

static enum ckpt_status
decode_reference(struct refs *r, const struct wire_frame *f,
    const void *stored, void *raw, struct ckpt_error *err)
{
	switch (f->codec) {
	case WIRE_CODEC_SAME:
		return (refs_same(r, f, stored, raw, err));
	case WIRE_CODEC_BLOCKS:
		return (refs_blocks(r, f, stored, raw, err));
	case WIRE_CODEC_ORBIT:
		return (refs_orbit(r, f, stored, raw, err));
	default:
		return (refs_difference(r, f, stored, raw, err));
	}
}

enum ckpt_status
refs_decode(struct refs *r, const struct wire_frame *f, const void *stored,
    void *raw, struct ckpt_error *err)
{
	unsigned height = r->height;
	enum ckpt_status status;

	if (f->stored < sizeof(struct wire_disk_reference))
		return (refs_bad(f, "15", "wrong size", err));
	if (r->depth == r->floor) {
		r->work = 0;
		r->is_named = false;
		height = 0;
	}
	if (r->depth >= WIRE_MAX_DEPTH) {
		(void)refs_bad(f, "15", "chain of more than 8 references", err);
		return (name_base(r, named_base(f, stored), err));
	}
	r->depth++;
	r->height = 0;
	status = decode_reference(r, f, stored, raw, err);
	r->depth--;
	if (status == CKPT_OK && ++r->height > WIRE_MAX_DEPTH - r->depth)
		status = refs_bad(f, "15", "chain of more than 8", err);
	if (status == CKPT_OK && r->height > r->highest)
		r->highest = r->height;
	refs_raise(r, height);
	if (status == CKPT_OK && xxh3_64(raw, f->raw) != le64_load(stored))
		status = refs_bad(f, "15", "its base has other bytes than were "
		    "meant: a wrong base", err);
	return (status == CKPT_CORRUPT ? name_base(r,
	    named_base(f, stored), err) : status);
}
