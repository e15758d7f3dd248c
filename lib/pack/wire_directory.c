/*
 * wire_directory: the directory of a part's groups, which writers and
 * readers build in the same way, and its decoder.
 */
#include "id/id.h"
#include "pack/wire.h"

void
wire_directory_init(struct wire_directory *d)
{
	memset(d, 0, sizeof(*d));
	buf_init(&d->entries, WIRE_MAX_DIRECTORY);
	buf_init(&d->prints, WIRE_MAX_DIRECTORY);
}

void
wire_directory_release(struct wire_directory *d)
{
	buf_release(&d->entries);
	buf_release(&d->prints);
	d->n_groups = 0;
	d->n_models = 0;
}

bool
wire_directory_fits(const struct wire_directory *d, uint64_t n_models)
{
	return (sizeof(struct wire_disk_directory) + d->entries.len +
	    sizeof(struct wire_disk_entry) + d->prints.len +
	    n_models * WIRE_PRINT_SIZE <= WIRE_MAX_DIRECTORY);
}

uint32_t
wire_print(const char *label)
{
	return ((uint32_t)xxh3_64(label, strlen(label)));
}

enum ckpt_status
wire_directory_add(struct wire_directory *d, const struct wire_entry *e,
    const uint32_t *prints, struct ckpt_error *err)
{
	struct wire_disk_entry disk;
	unsigned char print[WIRE_PRINT_SIZE];
	enum ckpt_status status;
	uint32_t i;

	if (!wire_directory_fits(d, e->n_models))
		return (error_set(err, CKPT_LIMIT,
		    "directory exceeds %d bytes", WIRE_MAX_DIRECTORY));
	le64_store(disk.index_offset, e->index_offset);
	le32_store(disk.index_stored, e->index_stored);
	le32_store(disk.index_number, e->index_number);
	le32_store(disk.n_models, e->n_models);
	le32_store(disk.schema, e->schema);
	status = buf_append(&d->entries, &disk, sizeof(disk), err);
	for (i = 0; i < e->n_models && status == CKPT_OK; i++) {
		le32_store(print, prints[i]);
		status = buf_append(&d->prints, print, sizeof(print), err);
	}
	if (status != CKPT_OK)
		return (status);
	d->n_groups++;
	d->n_models += e->n_models;
	return (CKPT_OK);
}

enum ckpt_status
wire_directory_encode(const struct wire_directory *d, struct buf *out,
    struct ckpt_error *err)
{
	struct wire_disk_directory disk;
	enum ckpt_status status;

	memset(&disk, 0, sizeof(disk));
	le32_store(disk.n_groups, d->n_groups);
	le64_store(disk.n_models, d->n_models);
	status = buf_append(out, &disk, sizeof(disk), err);
	if (status == CKPT_OK)
		status = buf_append(out, d->entries.data, d->entries.len,
		    err);
	if (status == CKPT_OK)
		status = buf_append(out, d->prints.data, d->prints.len, err);
	return (status);
}

void
wire_entry_decode(const unsigned char *in, struct wire_entry *out)
{
	const struct wire_disk_entry *d = (const void *)in;

	out->index_offset = le64_load(d->index_offset);
	out->index_stored = le32_load(d->index_stored);
	out->index_number = le32_load(d->index_number);
	out->n_models = le32_load(d->n_models);
	out->schema = le32_load(d->schema);
}

/* The sum over the entries must be the number of models. */
static bool
counts_agree(const struct wire_directory_view *v)
{
	struct wire_entry e;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < v->n_groups; i++) {
		wire_entry_decode(v->entries +
		    i * sizeof(struct wire_disk_entry), &e);
		if (e.n_models == 0 || e.n_models > WIRE_MAX_GROUP_MODELS)
			return (false);
		sum += e.n_models;
	}
	return (sum == v->n_models);
}

enum ckpt_status
wire_directory_decode(const unsigned char *in, size_t n, uint64_t offset,
    struct wire_directory_view *out, struct ckpt_error *err)
{
	const struct wire_disk_directory *d = (const void *)in;
	struct wire_directory_view v;
	uint64_t rest;

	if (n < sizeof(*d))
		return (error_at(err, CKPT_CORRUPT, offset, "9",
		    "directory of %zu bytes, expected at least %zu", n,
		    sizeof(*d)));
	if (le32_load(d->reserved) != 0)
		return (error_at(err, CKPT_NEWER, offset, "9.2",
		    "reserved bytes of a directory are not 0"));
	rest = n - sizeof(*d);
	v.n_groups = le32_load(d->n_groups);
	v.n_models = le64_load(d->n_models);
	if (v.n_groups > rest / sizeof(struct wire_disk_entry) ||
	    v.n_models > rest / WIRE_PRINT_SIZE ||
	    v.n_groups * sizeof(struct wire_disk_entry) +
	    v.n_models * WIRE_PRINT_SIZE != rest)
		return (error_at(err, CKPT_CORRUPT, offset, "9",
		    "directory of %zu bytes does not hold %u groups and "
		    "%llu models", n, v.n_groups,
		    (unsigned long long)v.n_models));
	v.entries = in + sizeof(*d);
	v.prints = v.entries + v.n_groups * sizeof(struct wire_disk_entry);
	if (!counts_agree(&v))
		return (error_at(err, CKPT_CORRUPT, offset, "9.7",
		    "models of the groups do not add up to %llu",
		    (unsigned long long)v.n_models));
	*out = v;
	return (CKPT_OK);
}
