/*
 * pack_index: the directories of a pack's parts, from its end backwards.
 */
#include "id/id.h"
#include "pack/index.h"
#include "pack/salvage.h"

/* The end frame of the part that ends at `end`, in the tail read from
 * `offset` on. */
static enum ckpt_status
read_end(struct pack_index *x, const unsigned char *tail, uint64_t offset,
    uint64_t end, struct index_part *p, struct ckpt_error *err)
{
	uint64_t at = end - WIRE_END_SIZE;
	struct wire_end e;
	struct wire_frame f;
	enum ckpt_status status;

	if (memcmp(tail + (at - offset), WIRE_TAG_END, 4) != 0)
		return (error_at(err, CKPT_TRUNCATED, end, "10",
		    "no end frame before this place: cut off or damaged"));
	status = index_decode(x, tail + (at - offset), WIRE_END_SIZE, at,
	    WIRE_END, &f, err);
	if (status != CKPT_OK)
		return (status);
	wire_end_decode(x->raw.data, &e);
	if (e.part_length > end || e.part_length < WIRE_END_SIZE +
	    2 * WIRE_FRAME_SIZE)
		return (error_at(err, CKPT_CORRUPT, at, "10.2",
		    "end frame states a part of %llu bytes, %llu are there",
		    (unsigned long long)e.part_length,
		    (unsigned long long)end));
	p->end = end;
	p->start = end - e.part_length;
	p->n_models = e.n_models;
	p->directory_offset = p->start + e.directory_offset;
	if (e.directory_offset > e.part_length - WIRE_END_SIZE ||
	    p->directory_offset < offset)
		return (error_at(err, CKPT_CORRUPT, at, "10.1",
		    "end frame points to a directory elsewhere"));
	return (CKPT_OK);
}

/* Keeps the directory that x->raw holds. */
static enum ckpt_status
keep_directory(struct pack_index *x, struct index_part *p,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	p->directory = malloc(x->raw.len + 1);
	if (p->directory == NULL)
		return (error_nomem(err, x->raw.len));
	memcpy(p->directory, x->raw.data, x->raw.len);
	status = wire_directory_decode(p->directory, x->raw.len,
	    p->directory_offset, &p->view, err);
	if (status != CKPT_OK) {
		free(p->directory);
		p->directory = NULL;
		return (status);
	}
	p->n_directory = x->raw.len;
	x->kept += x->raw.len;
	return (CKPT_OK);
}

static void
drop_directory(struct pack_index *x, struct index_part *p)
{
	free(p->directory);
	p->directory = NULL;
	x->kept -= p->n_directory;
	p->n_directory = 0;
}

/* The part that ends at `end`, by one read. */
static enum ckpt_status
read_part(struct pack_index *x, uint64_t end, struct index_part *p,
    struct ckpt_error *err)
{
	size_t n = (size_t)(end < WIRE_TAIL ? end : WIRE_TAIL);
	uint64_t offset = end - n, at;
	struct wire_frame f;
	enum ckpt_status status;

	if (n < WIRE_END_SIZE + 2 * WIRE_FRAME_SIZE)
		return (error_at(err, CKPT_TRUNCATED, end, "2.2",
		    "%zu bytes are no part of a pack", n));
	x->stored.len = 0;
	status = buf_reserve(&x->stored, n, err);
	if (status == CKPT_OK)
		status = index_pread(x, x->stored.data, n, offset, err);
	if (status == CKPT_OK)
		status = read_end(x, x->stored.data, offset, end, p, err);
	if (status != CKPT_OK)
		return (status);
	at = p->directory_offset;
	status = index_decode(x, x->stored.data + (at - offset),
	    (size_t)(end - WIRE_END_SIZE - at), at, WIRE_DIRECTORY, &f, err);
	if (status == CKPT_OK)
		status = keep_directory(x, p, err);
	if (status != CKPT_OK)
		return (status);
	if (p->view.n_models != p->n_models)
		return (error_at(err, CKPT_CORRUPT, end - WIRE_END_SIZE,
		    "10.3", "end frame states %llu models, directory %llu",
		    (unsigned long long)p->n_models,
		    (unsigned long long)p->view.n_models));
	p->n_groups = p->view.n_groups;
	if (x->tail == NULL) {
		x->tail = malloc(n);
		if (x->tail == NULL)
			return (error_nomem(err, n));
		memcpy(x->tail, x->stored.data, n);
		x->tail_offset = offset;
	}
	if (x->kept > x->memory && x->n_parts > 0)
		drop_directory(x, p);
	return (CKPT_OK);
}

/* Parts were found last to first. */
static void
turn_parts(struct pack_index *x)
{
	struct index_part tmp;
	uint64_t first = 0;
	size_t i, j;

	for (i = 0, j = x->n_parts; i + 1 < j; i++) {
		tmp = x->parts[i];
		x->parts[i] = x->parts[--j];
		x->parts[j] = tmp;
	}
	for (i = 0; i < x->n_parts; i++) {
		x->parts[i].first = first;
		first += x->parts[i].n_models;
	}
}

static enum ckpt_status
read_parts(struct pack_index *x, struct ckpt_error *err)
{
	struct index_part *parts, p;
	enum ckpt_status status;
	uint64_t end = x->size;

	if (end == 0)
		return (error_at(err, CKPT_TRUNCATED, 0, "2.1",
		    "empty input: a pack has at least a part"));
	while (end > 0) {
		memset(&p, 0, sizeof(p));
		status = read_part(x, end, &p, err);
		if (status != CKPT_OK) {
			free(p.directory);
			return (status);
		}
		parts = realloc(x->parts, (x->n_parts + 1) *
		    sizeof(*parts));
		if (parts == NULL) {
			free(p.directory);
			return (error_nomem(err, sizeof(*parts)));
		}
		x->parts = parts;
		x->parts[x->n_parts++] = p;
		end = p.start;
	}
	turn_parts(x);
	return (CKPT_OK);
}

enum ckpt_status
pack_index_directory(struct pack_index *x, size_t part,
    struct wire_directory_view *out, struct ckpt_error *err)
{
	struct index_part *p = &x->parts[part];
	uint64_t n = p->end - WIRE_END_SIZE - p->directory_offset;
	struct wire_frame f;
	enum ckpt_status status;
	size_t i;

	if (p->directory == NULL) {
		x->stored.len = 0;
		status = buf_reserve(&x->stored, (size_t)n, err);
		if (status == CKPT_OK)
			status = index_pread(x, x->stored.data, (size_t)n,
			    p->directory_offset, err);
		if (status == CKPT_OK)
			status = index_decode(x, x->stored.data, (size_t)n,
			    p->directory_offset, WIRE_DIRECTORY, &f, err);
		if (status != CKPT_OK)
			return (status);
		for (i = 0; x->kept + x->raw.len > x->memory &&
		    i < x->n_parts; i++)
			drop_directory(x, &x->parts[i]);
		status = keep_directory(x, p, err);
		if (status != CKPT_OK)
			return (status);
	}
	*out = p->view;
	return (CKPT_OK);
}

void
pack_index_free(struct pack_index *x)
{
	size_t i;

	if (x == NULL)
		return;
	index_group_release(x);
	salvage_free(x->salvage);
	for (i = 0; i < x->n_parts; i++)
		free(x->parts[i].directory);
	free(x->parts);
	free(x->tail);
	buf_release(&x->stored);
	buf_release(&x->raw);
	batch_free(x->batch);
	bytes_close(x->in);
	free(x);
}

/* What is at the end says nothing about the beginning: without an end the
 * first bytes decide between "no pack" and "cut off". */
static enum ckpt_status
blame(struct pack_index *x, enum ckpt_status status, struct ckpt_error *err)
{
	unsigned char magic[PACK_MAGIC_SIZE];
	size_t n = x->size < sizeof(magic) ? (size_t)x->size : sizeof(magic);

	if (status != CKPT_TRUNCATED && status != CKPT_CORRUPT)
		return (status);
	if (bytes_pread(x->in, magic, n, 0, NULL) == CKPT_OK &&
	    memcmp(magic, PACK_MAGIC, n) != 0)
		return (error_at(err, CKPT_NOT_OURS, 0, "2.1",
		    "not a pack: it does not begin with 89 43 4b 50"));
	return (status);
}

enum ckpt_status
pack_index_open(struct bytes *in, const struct pack_reader_options *options,
    struct pack_index **out, struct ckpt_error *err)
{
	struct pack_index *x;
	enum ckpt_status status;

	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*x)));
	}
	x->in = in;
	x->memory = options->memory != 0 ? options->memory : INDEX_MEMORY;
	x->arg = options->arg;
	x->lost = options->lost;
	x->damaged = options->damaged;
	x->group.group = UINT32_MAX;
	buf_init(&x->stored, (size_t)WIRE_MAX_PAYLOAD + WIRE_TAIL);
	buf_init(&x->raw, (size_t)WIRE_MAX_PAYLOAD + 1);
	if (x->memory > WIRE_MAX_PAYLOAD)
		x->memory = WIRE_MAX_PAYLOAD;
	if (!bytes_is_random(in, &x->size)) {
		status = error_set(err, CKPT_USAGE,
		    "an index needs an input with random access");
		goto err0;
	}
	status = batch_new(options->n_threads, &x->batch, err);
	if (status != CKPT_OK)
		goto err0;
	status = batch_follow(x->batch, index_pages_read, x,
	    options->bases, (size_t)x->memory, err);
	if (status != CKPT_OK)
		goto err0;
	if (x->lost != NULL)
		status = salvage_scan(x, err);
	else
		status = blame(x, read_parts(x, err), err);
	if (status != CKPT_OK)
		goto err0;
	*out = x;
	return (CKPT_OK);

err0:
	pack_index_free(x);
	return (status);
}
