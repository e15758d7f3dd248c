/*
 * reader_part: frames in order, schemas, the directory and the end of a
 * part, and the step to the next one.
 */
#include <unistd.h>

#include "id/id.h"
#include "pack/reader.h"

enum ckpt_status
reader_read(struct reader *r, void *out, size_t n, struct ckpt_error *err)
{
	enum ckpt_status status;
	size_t got;

	status = bytes_read(r->in, out, n, &got, err);
	if (status != CKPT_OK)
		return (status);
	if (got < n)
		return (error_at(err, CKPT_TRUNCATED, bytes_offset(r->in),
		    "2.2", "the pack is cut off here, before its end frame"));
	if (r->spool != NULL && n > 0 && fwrite(out, n, 1, r->spool) != 1)
		return (error_sys(err, "cannot write a temporary file"));
	return (CKPT_OK);
}

enum ckpt_status
reader_again(void *arg, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct reader *r = arg;
	unsigned char *p = out;
	off_t at = (off_t)(offset - r->part_start);
	ssize_t got;

	if (r->spool == NULL)
		return (bytes_pread(r->in, out, n, offset, err));
	if (fflush(r->spool) != 0)
		return (error_sys(err, "cannot write a temporary file"));
	for (; n > 0; n -= (size_t)got, p += got, at += got) {
		got = pread(fileno(r->spool), p, n, at);
		if (got < 0)
			return (error_sys(err,
			    "cannot read a temporary file"));
		if (got == 0)
			return (error_at(err, CKPT_CORRUPT, offset, "15",
			    "reference beyond what has been read"));
	}
	return (CKPT_OK);
}

/* An archive refers to what stood before: of an input that passes by once
 * that is kept in a temporary file. */
static enum ckpt_status
begin_archive(struct reader *r, struct ckpt_error *err)
{
	static const char head[WIRE_FRAME_SIZE];

	batch_part(r->batch, r->part_start, r->is_thin);
	if (bytes_is_random(r->in, NULL))
		return (CKPT_OK);
	r->spool = spool_open();
	if (r->spool == NULL || fwrite(head, sizeof(head), 1, r->spool) != 1)
		return (error_sys(err, "cannot make a temporary file for an "
		    "archive that is read from a pipe"));
	return (CKPT_OK);
}

enum ckpt_status
reader_frame(struct reader *r, struct wire_frame *f, struct ckpt_error *err)
{
	unsigned char header[WIRE_FRAME_SIZE];
	uint64_t offset = bytes_offset(r->in);
	enum ckpt_status status;

	status = reader_read(r, header, sizeof(header), err);
	if (status == CKPT_OK)
		status = wire_frame_decode(header, offset, f, err);
	if (status != CKPT_OK)
		return (status);
	if (f->number != r->number)
		return (error_at(err, CKPT_CORRUPT, offset, "3.6",
		    "frame number %u where %u is due: frames are missing, "
		    "repeated or misplaced", f->number, r->number));
	r->number++;
	return (CKPT_OK);
}

enum ckpt_status
reader_payload(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	if (f->stored > r->memory || f->raw > r->memory)
		return (error_at(err, CKPT_LIMIT, f->offset, "3.8",
		    "%s frame of %u bytes exceeds the memory budget of "
		    "%llu bytes", wire_kind_name(f->kind),
		    f->raw > f->stored ? f->raw : f->stored,
		    (unsigned long long)r->memory));
	r->stored.len = 0;
	r->raw.len = 0;
	status = buf_reserve(&r->stored, (size_t)f->stored + 1, err);
	if (status == CKPT_OK)
		status = reader_read(r, r->stored.data, f->stored, err);
	if (status == CKPT_OK && f->kind == WIRE_EXTRA)
		return (wire_check(f, r->stored.data, err));
	if (status == CKPT_OK)
		status = buf_reserve(&r->raw, (size_t)f->raw + 1, err);
	if (status == CKPT_OK)
		status = batch_decode_one(r->batch->codecs[0], f,
		    r->stored.data, r->raw.data, err);
	if (status != CKPT_OK)
		return (status);
	r->raw.len = f->raw;
	return (CKPT_OK);
}

enum ckpt_status
reader_unexpected(const struct wire_frame *f, const char *expected,
    struct ckpt_error *err)
{
	return (error_at(err, CKPT_CORRUPT, f->offset, "2.2",
	    "%s frame where %s is due", wire_kind_name(f->kind), expected));
}

/* The head of the first or a further part, or CKPT_END. The magic is looked
 * at first: what is no pack at all has no wrong checksums. */
static enum ckpt_status
begin_part(struct reader *r, struct ckpt_error *err)
{
	const unsigned char *magic;
	uint64_t offset = bytes_offset(r->in);
	enum ckpt_status status;
	struct wire_frame f;
	size_t got;

	status = bytes_peek(r->in, PACK_MAGIC_SIZE, &magic, &got, err);
	if (status != CKPT_OK)
		return (status);
	if (got == 0 && r->has_begun)
		return (CKPT_END);
	if (got == 0)
		return (error_at(err, CKPT_TRUNCATED, 0, "2.1",
		    "empty input: a pack has at least a part"));
	if (memcmp(magic, PACK_MAGIC, got) != 0)
		return (r->has_begun ? error_at(err, CKPT_CORRUPT, offset,
		    "2.1", "neither a further part nor the end follows a "
		    "part") : error_at(err, CKPT_NOT_OURS, 0, "2.1",
		    "not a pack: it does not begin with 89 43 4b 50"));
	r->part_start = offset;
	r->number = 0;
	status = reader_frame(r, &f, err);
	if (status != CKPT_OK)
		return (status);
	r->has_part = true;
	r->has_begun = true;
	r->is_archive = (f.flags & WIRE_PART_ARCHIVE) != 0;
	r->is_thin = (f.flags & WIRE_PART_THIN) != 0;
	return (r->is_archive ? begin_archive(r, err) : CKPT_OK);
}

void
reader_part_release(struct reader *r)
{
	uint32_t i;

	for (i = 0; i < r->n_schemas; i++)
		schema_unref(r->schemas[i].schema);
	r->n_schemas = 0;
	r->schema_sum = 0;
	r->is_schema_fresh = false;
	wire_directory_release(&r->directory);
	if (r->spool != NULL)
		(void)fclose(r->spool);
	r->spool = NULL;
	r->has_part = false;
}

static enum ckpt_status
read_schema(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	struct reader_schema *s = &r->schemas[r->n_schemas];
	enum ckpt_status status;

	if (r->is_schema_fresh)
		return (reader_unexpected(f, "the group of a schema", err));
	if (r->n_schemas == WIRE_MAX_SCHEMAS || (r->n_schemas > 0 &&
	    r->schema_sum + f->raw > WIRE_MAX_SCHEMA_SUM))
		return (error_at(err, CKPT_CORRUPT, f->offset, "5.1",
		    "more than %d schemas or %d bytes of them in a part",
		    WIRE_MAX_SCHEMAS, WIRE_MAX_SCHEMA_SUM));
	status = reader_payload(r, f, err);
	if (status != CKPT_OK)
		return (status);
	if (r->raw.len < 4 || le32_load(r->raw.data) != r->n_schemas)
		return (error_at(err, CKPT_CORRUPT, f->offset, "5.1",
		    "schema without the number %u", r->n_schemas));
	s->n_bytes = r->raw.len - 4;
	s->check = xxh3_64(r->raw.data + 4, s->n_bytes);
	status = wire_schema_decode(r->raw.data + 4, s->n_bytes, f->offset,
	    &s->schema, err);
	if (status != CKPT_OK)
		return (status);
	r->n_schemas++;
	r->schema_sum += f->raw;
	r->is_schema_fresh = true;
	return (CKPT_OK);
}

/* What the directory says must be what was found. */
static enum ckpt_status
check_directory(struct reader *r, const struct wire_frame *f,
    struct ckpt_error *err)
{
	struct buf b = BUF_INIT(WIRE_MAX_DIRECTORY);
	struct wire_directory_view view;
	enum ckpt_status status;

	if (r->is_schema_fresh)
		return (reader_unexpected(f, "the group of a schema", err));
	status = reader_payload(r, f, err);
	if (status == CKPT_OK)
		status = wire_directory_decode(r->raw.data, r->raw.len,
		    f->offset, &view, err);
	if (status == CKPT_OK)
		status = wire_directory_encode(&r->directory, &b, err);
	if (status == CKPT_OK && (b.len != r->raw.len ||
	    memcmp(b.data, r->raw.data, b.len) != 0))
		status = error_at(err, CKPT_CORRUPT, f->offset, "9",
		    "directory differs from the groups before it");
	buf_release(&b);
	return (status);
}

static enum ckpt_status
end_part(struct reader *r, uint64_t directory_offset, struct ckpt_error *err)
{
	struct wire_frame f;
	struct wire_end end;
	enum ckpt_status status;

	status = reader_frame(r, &f, err);
	if (status != CKPT_OK)
		return (status);
	if (f.kind != WIRE_END)
		return (reader_unexpected(&f, "the end", err));
	status = reader_payload(r, &f, err);
	if (status != CKPT_OK)
		return (status);
	wire_end_decode(r->raw.data, &end);
	if (end.directory_offset != directory_offset - r->part_start)
		return (error_at(err, CKPT_CORRUPT, f.offset, "10.1",
		    "end frame points to a directory elsewhere"));
	if (end.part_length != bytes_offset(r->in) - r->part_start)
		return (error_at(err, CKPT_CORRUPT, f.offset, "10.2",
		    "end frame states a part of %llu bytes, found %llu",
		    (unsigned long long)end.part_length,
		    (unsigned long long)(bytes_offset(r->in) -
		    r->part_start)));
	if (end.n_models != r->directory.n_models)
		return (error_at(err, CKPT_CORRUPT, f.offset, "10.3",
		    "end frame states %llu models, found %llu",
		    (unsigned long long)end.n_models,
		    (unsigned long long)r->directory.n_models));
	reader_part_release(r);
	return (CKPT_OK);
}

/* One frame between groups; *is_group says that it is the next group's. */
static enum ckpt_status
step(struct reader *r, struct wire_frame *f, bool *is_group,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	*is_group = false;
	status = reader_frame(r, f, err);
	if (status != CKPT_OK)
		return (status);
	switch (f->kind) {
	case WIRE_SCHEMA:
		return (read_schema(r, f, err));
	case WIRE_GROUP:
		*is_group = true;
		return (reader_payload(r, f, err));
	case WIRE_DIRECTORY:
		status = check_directory(r, f, err);
		if (status != CKPT_OK)
			return (status);
		return (end_part(r, f->offset, err));
	case WIRE_EXTRA:
		if (r->is_schema_fresh)
			break;
		return (reader_payload(r, f, err));
	case WIRE_PART:
	case WIRE_PAGE:
	case WIRE_INDEX:
	case WIRE_END:
		break;
	}
	return (reader_unexpected(f, "a schema, a group or the directory",
	    err));
}

enum ckpt_status
reader_seek_group(struct reader *r, struct wire_frame *f,
    struct ckpt_error *err)
{
	enum ckpt_status status;
	bool is_group = false;

	while (!is_group) {
		status = r->has_part ? step(r, f, &is_group, err) :
		    begin_part(r, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (CKPT_OK);
}
