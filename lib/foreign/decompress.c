#include "foreign/foreign.h"
#include "foreign/gunzip.h"
#include "foreign/input.h"

/* All but gzip: libarchive's filters under its "raw" format. */
struct decompress {
	struct archive *a;
	struct input *input;
	bool is_ended;
};

static enum ckpt_status
read_some(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	struct decompress *d = ctx;
	la_ssize_t r;

	*got = 0;
	if (d->is_ended)
		return (CKPT_OK);
	r = archive_read_data(d->a, out, n);
	if (r < 0)
		return (input_error(d->input, d->a, err));
	*got = (size_t)r;
	return (CKPT_OK);
}

static void
close_all(void *ctx)
{
	struct decompress *d = ctx;

	if (d->a != NULL)
		(void)archive_read_free(d->a);
	input_free(d->input);
	free(d);
}

static const struct bytes_ops decompress_ops = {
	read_some, NULL, close_all
};

/* ARCHIVE_WARN would mean that an external program is run. */
static bool
support_filters(struct archive *a)
{
	int (*const filters[])(struct archive *) = {
		archive_read_support_filter_bzip2,
		archive_read_support_filter_compress,
		archive_read_support_filter_lz4,
		archive_read_support_filter_lzip,
		archive_read_support_filter_xz,
		archive_read_support_filter_zstd,
	};
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (filters[i](a) != ARCHIVE_OK)
			return (false);
	return (archive_read_support_format_raw(a) == ARCHIVE_OK &&
	    archive_read_support_format_empty(a) == ARCHIVE_OK);
}

static enum ckpt_status
open_filters(struct bytes *in, struct bytes **out, struct ckpt_error *err)
{
	struct decompress *d = calloc(1, sizeof(*d));
	struct archive_entry *entry;
	enum ckpt_status st;
	int r;

	if (d == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*d)));
	}
	st = input_new(in, &d->input, err);
	if (st != CKPT_OK)
		goto err0;
	d->a = archive_read_new();
	if (d->a == NULL) {
		st = error_nomem(err, sizeof(*d));
		goto err0;
	}
	if (!support_filters(d->a)) {
		st = error_set(err, CKPT_USAGE,
		    "libarchive lacks a decompressor");
		goto err0;
	}
	st = input_open(d->input, d->a, err);
	if (st != CKPT_OK)
		goto err0;
	r = archive_read_next_header(d->a, &entry);
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN && r != ARCHIVE_EOF) {
		st = input_error(d->input, d->a, err);
		goto err0;
	}
	d->is_ended = r == ARCHIVE_EOF;
	return (bytes_new(&decompress_ops, d, 0, out, err));

err0:
	close_all(d);
	return (st);
}

enum ckpt_status
decompress_open(struct bytes *in, struct bytes **out, struct ckpt_error *err)
{
	const unsigned char *magic;
	size_t got;
	enum ckpt_status st = bytes_peek(in, 2, &magic, &got, err);

	if (st != CKPT_OK) {
		bytes_close(in);
		return (st);
	}
	if (got == 2 && magic[0] == 0x1F && magic[1] == 0x8B)
		return (gunzip_open(in, out, err));
	return (open_filters(in, out, err));
}
