/*
 * wire_encode: frames, group heads, group indexes, directories and ends to
 * bytes.
 */
#include "id/id.h"
#include "pack/wire.h"

static const char *const tags[] = {
	[WIRE_PART] = WIRE_TAG_PART,
	[WIRE_SCHEMA] = WIRE_TAG_SCHEMA,
	[WIRE_GROUP] = WIRE_TAG_GROUP,
	[WIRE_PAGE] = WIRE_TAG_PAGE,
	[WIRE_INDEX] = WIRE_TAG_INDEX,
	[WIRE_DIRECTORY] = WIRE_TAG_DIRECTORY,
	[WIRE_END] = WIRE_TAG_END
};

void
wire_frame_encode(const struct wire_frame *f,
    unsigned char out[WIRE_FRAME_SIZE])
{
	struct wire_disk_frame d;

	assert(f->kind < WIRE_EXTRA);
	memset(&d, 0, sizeof(d));
	memcpy(d.tag, tags[f->kind], sizeof(d.tag));
	d.codec[0] = (unsigned char)f->codec;
	d.refuse[0] = (unsigned char)f->flags;
	le32_store(d.number, f->number);
	le32_store(d.stored, f->stored);
	le32_store(d.raw, f->raw);
	le64_store(d.payload_check, f->check);
	le32_store(d.header_check, (uint32_t)xxh3_64(&d,
	    offsetof(struct wire_disk_frame, header_check)));
	memcpy(out, &d, sizeof(d));
}

void
wire_group_encode(const struct wire_group *g,
    unsigned char out[sizeof(struct wire_disk_group)])
{
	struct wire_disk_group d;

	le32_store(d.schema, g->schema);
	le32_store(d.n_models, g->n_models);
	le64_store(d.first, g->first);
	memcpy(out, &d, sizeof(d));
}

void
wire_page_encode(const struct wire_page *p,
    unsigned char out[sizeof(struct wire_disk_page)])
{
	struct wire_disk_page d;

	memset(&d, 0, sizeof(d));
	d.kind[0] = WIRE_PAGE_STORED;
	d.codec[0] = (unsigned char)p->codec;
	le32_store(d.stored, p->stored);
	le64_store(d.check, p->check);
	memcpy(out, &d, sizeof(d));
}

enum ckpt_status
wire_index_encode(const struct wire_index *x, struct buf *out,
    struct ckpt_error *err)
{
	struct wire_disk_index d;
	enum ckpt_status status;

	memset(&d, 0, sizeof(d));
	le64_store(d.group_offset, x->group_offset);
	le32_store(d.group_number, x->group_number);
	le32_store(d.n_schema, x->n_schema);
	le32_store(d.n_group, x->n_group);
	le32_store(d.n_pages, x->n_pages);
	le32_store(d.ids, x->ids);
	status = buf_append(out, &d, sizeof(d), err);
	if (status == CKPT_OK)
		status = buf_append(out, x->schema, x->n_schema, err);
	if (status == CKPT_OK)
		status = buf_append(out, x->group, x->n_group, err);
	if (status == CKPT_OK)
		status = buf_append(out, x->pages, (size_t)x->n_pages *
		    sizeof(struct wire_disk_page), err);
	if (status == CKPT_OK)
		status = buf_append(out, x->id, x->n_ids * WIRE_ID_SIZE,
		    err);
	return (status);
}

void
wire_end_encode(const struct wire_end *e,
    unsigned char out[sizeof(struct wire_disk_end)])
{
	struct wire_disk_end d;

	le64_store(d.directory_offset, e->directory_offset);
	le64_store(d.part_length, e->part_length);
	le64_store(d.n_models, e->n_models);
	memcpy(out, &d, sizeof(d));
}
