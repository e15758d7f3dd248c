/*
 * writer_part: frames, schemas, and the directory of the writer's part.
 */
#include "id/id.h"
#include "pack/writer.h"

static enum ckpt_status
put(struct writer *w, struct wire_frame *f, const void *stored,
    struct ckpt_error *err)
{
	unsigned char header[WIRE_FRAME_SIZE];
	enum ckpt_status status;

	f->number = w->number;
	f->check = xxh3_64(stored, f->stored);
	wire_frame_encode(f, header);
	status = outfile_write(w->out, header, sizeof(header), err);
	if (status == CKPT_OK && f->stored > 0)
		status = outfile_write(w->out, stored, f->stored, err);
	if (status != CKPT_OK)
		return (status);
	w->number++;
	return (CKPT_OK);
}

/* Directory and end stay plain: the tail is read by ranges, and
 * fingerprints do not shrink. */
static bool
may_shrink(enum wire_kind kind)
{
	return (kind == WIRE_SCHEMA || kind == WIRE_GROUP ||
	    kind == WIRE_INDEX);
}

enum ckpt_status
writer_frame(struct writer *w, enum wire_kind kind, const void *raw,
    size_t n, struct ckpt_error *err)
{
	struct wire_frame f = { .kind = kind };
	enum codec_kind codec = CODEC_NONE;
	enum ckpt_status status;
	size_t n_stored = n;

	if (n > WIRE_MAX_PAYLOAD)
		return (error_set(err, CKPT_LIMIT, "%s frame of %zu bytes, "
		    "at most %d are allowed", wire_kind_name(kind), n,
		    WIRE_MAX_PAYLOAD));
	f.raw = (uint32_t)n;
	if (kind == WIRE_PART && w->dedup != NULL)
		f.flags = w->options.bases == NULL ? WIRE_PART_ARCHIVE :
		    WIRE_PART_ARCHIVE | WIRE_PART_THIN;
	if (may_shrink(kind) && w->options.codec != PACK_CODEC_NONE) {
		w->frame.len = 0;
		status = buf_reserve(&w->frame, codec_bound(n), err);
		if (status == CKPT_OK)
			status = codec_encode(w->batch->codecs[0],
			    CODEC_ZSTD, 0, w->options.level, raw, n,
			    w->frame.data, &n_stored, &codec, err);
		if (status != CKPT_OK)
			return (status);
	}
	f.stored = (uint32_t)n_stored;
	f.codec = codec == CODEC_ZSTD ? WIRE_CODEC_ZSTD : WIRE_CODEC_NONE;
	return (put(w, &f, codec == CODEC_ZSTD ? w->frame.data : raw, err));
}

enum ckpt_status
writer_part_begin(struct writer *w, struct ckpt_error *err)
{
	w->has_part = true;
	w->part_start = outfile_offset(w->out);
	w->number = 0;
	if (w->dedup != NULL)
		dedup_part(w->dedup, w->part_start);
	return (writer_frame(w, WIRE_PART, "", 0, err));
}

void
writer_part_release(struct writer *w)
{
	uint32_t i;

	for (i = 0; i < w->n_schemas; i++)
		schema_unref(w->schemas[i]);
	w->n_schemas = 0;
	w->schema_sum = 0;
	wire_directory_release(&w->directory);
	w->has_part = false;
}

enum ckpt_status
writer_part_end(struct writer *w, struct ckpt_error *err)
{
	unsigned char disk[sizeof(struct wire_disk_end)];
	struct wire_end end;
	struct buf b = BUF_INIT(WIRE_MAX_DIRECTORY);
	enum ckpt_status status;

	end.directory_offset = outfile_offset(w->out) - w->part_start;
	end.n_models = w->directory.n_models;
	status = wire_directory_encode(&w->directory, &b, err);
	if (status == CKPT_OK)
		status = writer_frame(w, WIRE_DIRECTORY, b.data, b.len, err);
	buf_release(&b);
	if (status != CKPT_OK)
		return (status);
	end.part_length = outfile_offset(w->out) - w->part_start +
	    WIRE_END_SIZE;
	wire_end_encode(&end, disk);
	status = writer_frame(w, WIRE_END, disk, sizeof(disk), err);
	if (status != CKPT_OK)
		return (status);
	writer_part_release(w);
	return (CKPT_OK);
}

static uint32_t
find_schema(const struct writer *w, const struct schema *schema)
{
	uint32_t i;

	for (i = 0; i < w->n_schemas; i++)
		if (w->schemas[i] == schema ||
		    schema_equal(w->schemas[i], schema))
			break;
	return (i);
}

/* Whether the open part has room; a part's limits keep the memory of its
 * readers and the size of its tail bounded. */
static bool
has_room(const struct writer *w, uint64_t n_models, uint32_t n_pages,
    bool is_new, size_t n_schema)
{
	if (!wire_directory_fits(&w->directory, n_models) ||
	    (uint64_t)w->number + n_pages > UINT32_MAX - 16)
		return (false);
	if (!is_new || w->n_schemas == 0)
		return (true);
	return (w->n_schemas < WIRE_MAX_SCHEMAS &&
	    w->schema_sum + n_schema <= WIRE_MAX_SCHEMA_SUM);
}

static enum ckpt_status
add_schema(struct writer *w, struct schema *schema, struct buf *b,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	le32_store(b->data, w->n_schemas);
	status = writer_frame(w, WIRE_SCHEMA, b->data, b->len, err);
	if (status != CKPT_OK)
		return (status);
	w->schemas[w->n_schemas++] = schema_ref(schema);
	w->schema_sum += b->len;
	return (CKPT_OK);
}

enum ckpt_status
writer_part_for(struct writer *w, struct schema *schema, uint64_t n_models,
    uint32_t n_pages, uint32_t *number, struct ckpt_error *err)
{
	struct buf b = BUF_INIT(WIRE_MAX_PAYLOAD);
	enum ckpt_status status = CKPT_OK;
	uint32_t i = find_schema(w, schema);

	if (n_pages > UINT32_MAX - 32)
		return (error_set(err, CKPT_LIMIT,
		    "group of more than 2^32 - 33 pages"));
	if (i == w->n_schemas) {
		status = buf_append(&b, "\0\0\0", 4, err);
		if (status == CKPT_OK)
			status = wire_schema_encode(schema, &b, err);
	}
	if (status == CKPT_OK && w->has_part &&
	    !has_room(w, n_models, n_pages, b.len > 0, b.len)) {
		status = writer_part_end(w, err);
		if (status == CKPT_OK) {
			buf_release(&b);
			return (writer_part_for(w, schema, n_models, n_pages,
			    number, err));
		}
	}
	if (status == CKPT_OK && !w->has_part)
		status = writer_part_begin(w, err);
	if (status == CKPT_OK && b.len > 0)
		status = add_schema(w, schema, &b, err);
	buf_release(&b);
	if (status == CKPT_OK)
		*number = i;
	return (status);
}
