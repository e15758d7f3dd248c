/*
 * wire_decode: bytes to frames, group indexes, directories and ends.
 *
 * The order of the checks tells corrupt from newer: what stands under a
 * wrong checksum says nothing, what stands under a good one was meant.
 */
#include "id/id.h"
#include "pack/wire.h"

static const struct {
	const char *tag;
	const char *name;
	uint32_t max_raw;
} kinds[] = {
	[WIRE_PART] = { WIRE_TAG_PART, "part head", 0 },
	[WIRE_SCHEMA] = { WIRE_TAG_SCHEMA, "schema", WIRE_MAX_PAYLOAD },
	[WIRE_GROUP] = { WIRE_TAG_GROUP, "group head", WIRE_MAX_PAYLOAD },
	[WIRE_PAGE] = { WIRE_TAG_PAGE, "page", WIRE_MAX_PAGE },
	[WIRE_INDEX] = { WIRE_TAG_INDEX, "group index", WIRE_MAX_PAYLOAD },
	[WIRE_DIRECTORY] = { WIRE_TAG_DIRECTORY, "directory",
	    WIRE_MAX_DIRECTORY },
	[WIRE_END] = { WIRE_TAG_END, "end", sizeof(struct wire_disk_end) },
	[WIRE_EXTRA] = { "", "additional", WIRE_MAX_PAGE }
};

const char *
wire_kind_name(enum wire_kind kind)
{
	return (kinds[kind].name);
}

/* Unknown tags that begin with a small letter may be ignored (3.1). */
static enum ckpt_status
decode_tag(const unsigned char tag[4], uint64_t offset, enum wire_kind *kind,
    struct ckpt_error *err)
{
	int k;

	for (k = WIRE_PART; k < WIRE_EXTRA; k++) {
		if (memcmp(tag, kinds[k].tag, 4) == 0) {
			*kind = (enum wire_kind)k;
			return (CKPT_OK);
		}
	}
	if (tag[0] >= 'a' && tag[0] <= 'z') {
		*kind = WIRE_EXTRA;
		return (CKPT_OK);
	}
	return (error_at(err, CKPT_NEWER, offset, "3.1",
	    "frame with the unknown tag %02x %02x %02x %02x", tag[0], tag[1],
	    tag[2], tag[3]));
}

static bool
is_known(enum wire_kind kind, unsigned flags)
{
	return (flags == 0 || (kind == WIRE_PART &&
	    (flags == WIRE_PART_ARCHIVE ||
	    flags == (WIRE_PART_ARCHIVE | WIRE_PART_THIN))));
}

/* Codec and sizes against each other and the kind's limits. */
static enum ckpt_status
check_sizes(const struct wire_frame *f, struct ckpt_error *err)
{
	uint32_t max = kinds[f->kind].max_raw;
	bool fixed = f->kind == WIRE_PART || f->kind == WIRE_END;

	if (f->kind != WIRE_EXTRA && f->codec > WIRE_CODEC_ZSTD &&
	    (f->kind != WIRE_PAGE || (f->codec != WIRE_CODEC_PLANES &&
	    !wire_is_reference(f->codec))))
		return (error_at(err, CKPT_NEWER, f->offset, "3.2",
		    "unknown codec %u", f->codec));
	if (fixed && f->codec != WIRE_CODEC_NONE)
		return (error_at(err, CKPT_CORRUPT, f->offset, "3.2",
		    "%s frame with a codec", wire_kind_name(f->kind)));
	if (f->kind == WIRE_EXTRA)
		return (f->stored <= max ? CKPT_OK : error_at(err,
		    CKPT_CORRUPT, f->offset, "3.7", "additional frame of %u "
		    "bytes, expected at most %u", f->stored, max));
	if (f->codec == WIRE_CODEC_NONE && f->stored != f->raw)
		return (error_at(err, CKPT_CORRUPT, f->offset, "3.7",
		    "%u bytes stored without a codec, raw size %u",
		    f->stored, f->raw));
	if (f->codec != WIRE_CODEC_NONE &&
	    (f->stored >= f->raw || f->stored == 0))
		return (error_at(err, CKPT_CORRUPT, f->offset, "3.7",
		    "%u bytes stored for %u raw bytes: a codec must shrink",
		    f->stored, f->raw));
	if (fixed && f->raw != max)
		return (error_at(err, CKPT_NEWER, f->offset, "3.8",
		    "%s frame of %u bytes, expected %u",
		    wire_kind_name(f->kind), f->raw, max));
	if (f->raw > max || (f->kind == WIRE_PAGE && f->raw == 0))
		return (error_at(err, CKPT_CORRUPT, f->offset, "3.8",
		    "%s frame of %u raw bytes, expected at most %u",
		    wire_kind_name(f->kind), f->raw, max));
	return (CKPT_OK);
}

enum ckpt_status
wire_frame_decode(const unsigned char in[WIRE_FRAME_SIZE], uint64_t offset,
    struct wire_frame *out, struct ckpt_error *err)
{
	const struct wire_disk_frame *d = (const void *)in;
	struct wire_frame f;
	enum ckpt_status status;

	if ((uint32_t)xxh3_64(in, offsetof(struct wire_disk_frame,
	    header_check)) != le32_load(d->header_check))
		return (error_at(err, CKPT_CORRUPT, offset, "3.10",
		    "wrong checksum of a frame's header"));
	memset(&f, 0, sizeof(f));
	f.offset = offset;
	status = decode_tag(d->tag, offset, &f.kind, err);
	if (status != CKPT_OK)
		return (status);
	f.flags = d->refuse[0];
	if (!is_known(f.kind, f.flags))
		return (error_at(err, CKPT_NEWER, offset, "3.3",
		    "unknown flags %02x that must be understood",
		    d->refuse[0]));
	if (d->reserved[0] != 0)
		return (error_at(err, CKPT_NEWER, offset, "3.5",
		    "reserved byte is %u, expected 0", d->reserved[0]));
	f.codec = d->codec[0];
	f.number = le32_load(d->number);
	f.stored = le32_load(d->stored);
	f.raw = le32_load(d->raw);
	f.check = le64_load(d->payload_check);
	status = check_sizes(&f, err);
	if (status != CKPT_OK)
		return (status);
	*out = f;
	return (CKPT_OK);
}

enum ckpt_status
wire_check(const struct wire_frame *f, const void *stored,
    struct ckpt_error *err)
{
	if (xxh3_64(stored, f->stored) != f->check)
		return (error_at(err, CKPT_CORRUPT,
		    f->offset + WIRE_FRAME_SIZE, "3.9",
		    "wrong checksum of a %s frame's payload",
		    wire_kind_name(f->kind)));
	return (CKPT_OK);
}

enum ckpt_status
wire_page_decode(const unsigned char *in, uint64_t offset,
    struct wire_page *out, struct ckpt_error *err)
{
	const struct wire_disk_page *d = (const void *)in;

	if (d->kind[0] != WIRE_PAGE_STORED)
		return (error_at(err, CKPT_NEWER, offset, "8.10",
		    "unknown kind of page %u", d->kind[0]));
	if (d->codec[0] > WIRE_CODEC_PLANES && !wire_is_reference(d->codec[0]))
		return (error_at(err, CKPT_NEWER, offset, "8.11",
		    "unknown codec of a page %u", d->codec[0]));
	if (le16_load(d->reserved) != 0)
		return (error_at(err, CKPT_NEWER, offset, "8.12",
		    "reserved bytes of a page's entry are not 0"));
	out->codec = d->codec[0];
	out->stored = le32_load(d->stored);
	out->check = le64_load(d->check);
	return (CKPT_OK);
}

enum ckpt_status
wire_index_decode(const unsigned char *in, size_t n, uint64_t offset,
    struct wire_index *out, struct ckpt_error *err)
{
	const struct wire_disk_index *d = (const void *)in;
	struct wire_index x;
	uint64_t rest;

	if (n < sizeof(*d))
		return (error_at(err, CKPT_CORRUPT, offset, "8",
		    "group index of %zu bytes, expected at least %zu", n,
		    sizeof(*d)));
	if (le32_load(d->reserved) != 0)
		return (error_at(err, CKPT_NEWER, offset, "8.7",
		    "reserved bytes of a group index are not 0"));
	memset(&x, 0, sizeof(x));
	x.group_offset = le64_load(d->group_offset);
	x.group_number = le32_load(d->group_number);
	x.n_schema = le32_load(d->n_schema);
	x.n_group = le32_load(d->n_group);
	x.n_pages = le32_load(d->n_pages);
	x.ids = le32_load(d->ids);
	if (x.ids != WIRE_IDS_GROUP && x.ids != WIRE_IDS_TENSORS)
		return (error_at(err, CKPT_NEWER, offset, "8.6",
		    "unknown kind of IDs %u", x.ids));
	rest = n - sizeof(*d);
	if (x.n_schema > rest || x.n_group > rest - x.n_schema ||
	    x.n_pages > (rest - x.n_schema - x.n_group) /
	    sizeof(struct wire_disk_page))
		return (error_at(err, CKPT_CORRUPT, offset, "8",
		    "parts of a group index are longer than the whole"));
	rest -= (uint64_t)x.n_schema + x.n_group +
	    x.n_pages * sizeof(struct wire_disk_page);
	if (rest % WIRE_ID_SIZE != 0)
		return (error_at(err, CKPT_CORRUPT, offset, "8.15",
		    "%llu bytes of IDs, expected a multiple of 32",
		    (unsigned long long)rest));
	x.schema = in + sizeof(*d);
	x.group = x.schema + x.n_schema;
	x.pages = x.group + x.n_group;
	x.id = x.pages + x.n_pages * sizeof(struct wire_disk_page);
	x.n_ids = (size_t)(rest / WIRE_ID_SIZE);
	*out = x;
	return (CKPT_OK);
}

enum ckpt_status
wire_ids_check(const struct wire_index *x, const struct schema *s,
    uint32_t n_models, uint64_t offset, struct ckpt_error *err)
{
	bool is_small = s->n_bytes <= WIRE_SMALL_MODEL;

	if (x->ids != (is_small ? WIRE_IDS_GROUP : WIRE_IDS_TENSORS))
		return (error_at(err, CKPT_CORRUPT, offset, "8.6",
		    "IDs of kind %u for models of %llu bytes", x->ids,
		    (unsigned long long)s->n_bytes));
	if (x->n_ids != (is_small ? 1 : (uint64_t)n_models * s->n_tensors))
		return (error_at(err, CKPT_CORRUPT, offset, "8.15",
		    "%zu IDs for %u models of %zu tensors", x->n_ids,
		    n_models, s->n_tensors));
	return (CKPT_OK);
}

void
wire_end_decode(const unsigned char *in, struct wire_end *out)
{
	const struct wire_disk_end *d = (const void *)in;

	out->directory_offset = le64_load(d->directory_offset);
	out->part_length = le64_load(d->part_length);
	out->n_models = le64_load(d->n_models);
}
