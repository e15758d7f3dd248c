#include <archive_entry.h>
#include <locale.h>

#include "foreign/foreign.h"
#include "foreign/input.h"

struct archive_source {
	struct model_source source;
	struct archive_options options;
	char *name;
	struct archive *a;
	struct input *input;
	locale_t locale;           /* of this object, for zip, or 0 */
	char *path;                /* of the current member */
	struct model_source *member;
};

/* ---- the bytes of the current member ---- */

static enum ckpt_status
member_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	struct archive_source *s = ctx;
	la_ssize_t r = archive_read_data(s->a, out, n);

	*got = 0;
	if (r < 0)
		return (input_error(s->input, s->a, err));
	*got = (size_t)r;
	return (CKPT_OK);
}

static const struct bytes_ops member_ops = { member_read, NULL, NULL };

/* Names the archive, and the member if one is open. */
static enum ckpt_status
located(const struct archive_source *s, struct ckpt_error *err,
    enum ckpt_status st)
{
	char where[sizeof(err->where)];
	const char *name = s->name == NULL ? "" : s->name;

	if (err == NULL || s->path == NULL) {
		if (err != NULL && s->name != NULL)
			(void)error_where(err, s->name);
		return (st);
	}
	(void)snprintf(where, sizeof(where), "%.250s%s%.250s", name,
	    s->name == NULL ? "" : "!", s->path);
	(void)error_where(err, where);
	return (st);
}

static bool
looks_like_model(const char *path)
{
	const char *suffixes[] = { ".safetensors", ".ckpk" };
	size_t n = strlen(path), i, len;

	for (i = 0; i < 2; i++) {
		len = strlen(suffixes[i]);
		if (n >= len && strcmp(path + n - len, suffixes[i]) == 0)
			return (true);
	}
	return (false);
}

/* Takes the path of an entry over, as bytes; NUL cannot be in it. */
static enum ckpt_status
take_path(struct archive_source *s, struct archive_entry *entry,
    struct ckpt_error *err)
{
	const char *path = archive_entry_pathname(entry);

	free(s->path);
	s->path = NULL;
	if (path == NULL)
		path = archive_entry_pathname_utf8(entry);
	if (path == NULL)
		return (error_set(err, CKPT_CORRUPT,
		    "a member's name cannot be decoded"));
	if (strlen(path) > CKPT_MAX_LABEL)
		return (error_set(err, CKPT_LIMIT,
		    "a member's name has %zu bytes; at most %d are allowed",
		    strlen(path), CKPT_MAX_LABEL));
	s->path = strdup(path);
	if (s->path == NULL)
		return (error_nomem(err, strlen(path)));
	return (CKPT_OK);
}

/* Opens the member that the archive stands at, if it is a regular file. */
static enum ckpt_status
open_member(struct archive_source *s, struct archive_entry *entry,
    struct ckpt_error *err)
{
	struct bytes *in;
	enum ckpt_status st = take_path(s, entry, err);
	const char *method;
	bool is_link;

	if (st != CKPT_OK)
		return (st);
	is_link = archive_entry_hardlink(entry) != NULL ||
	    archive_entry_filetype(entry) == AE_IFLNK;
	if (is_link && looks_like_model(s->path))
		return (error_set(err, CKPT_INVALID,
		    "the member is a link, which a stream cannot follow"));
	if (is_link || archive_entry_filetype(entry) != AE_IFREG)
		return (CKPT_OK);
	/* "ZIP 2.0 (deflation)": decoders of these allocate what a member
	 * claims to need, up to gigabytes */
	method = archive_format_name(s->a);
	method = method == NULL ? NULL : strchr(method, '(');
	if (method != NULL && (strcmp(method, "(lzma)") == 0 ||
	    strcmp(method, "(xz)") == 0 || strncmp(method, "(ppmd", 5) == 0))
		return (error_set(err, CKPT_INVALID, "the member is "
		    "compressed by a method that is not read %.20s",
		    method));
	if (archive_entry_is_encrypted(entry))
		return (error_set(err, CKPT_INVALID,
		    "the member is encrypted"));
	st = bytes_new(&member_ops, s, 0, &in, err);
	if (st != CKPT_OK)
		return (st);
	st = s->options.open_member(s->options.arg, in, s->path, &s->member,
	    err);
	if (st == CKPT_END)
		s->member = NULL;
	return (st == CKPT_END ? CKPT_OK : st);
}

/* The archive's end: a tar file must have its end mark, a zip file its end
 * record, without which members may be missing. */
static enum ckpt_status
check_end(struct archive_source *s, struct ckpt_error *err)
{
	int format = archive_format(s->a) & ARCHIVE_FORMAT_BASE_MASK;
	bool has_end = true;
	uint64_t end = (uint64_t)archive_filter_bytes(s->a, 0);
	enum ckpt_status st;

	free(s->path);
	s->path = NULL;
	if (format == ARCHIVE_FORMAT_TAR)
		has_end = archive_filter_bytes(s->a, 0) !=
		    archive_read_header_position(s->a);
	st = input_drain(s->input, err);
	if (st == CKPT_OK && format == ARCHIVE_FORMAT_ZIP)
		st = input_has_zip_end(s->input, &has_end, err);
	if (st == CKPT_OK && !has_end)
		st = error_at(err, CKPT_TRUNCATED, end, NULL, "the archive "
		    "is truncated: its end mark is missing, and members may "
		    "be");
	return (st);
}

/*
 * libarchive loses a zip member's name that is flagged as UTF-8 and cannot be
 * written in the locale's charset (a tar member's name it hands out as it
 * is). So this thread, for this call, is in a locale of UTF-8.
 */
static int
next_header(struct archive_source *s, struct archive_entry **entry)
{
	locale_t old = (locale_t)0;
	int r;

	if (s->locale != (locale_t)0)
		old = uselocale(s->locale);
	r = archive_read_next_header(s->a, entry);
	if (s->locale != (locale_t)0)
		(void)uselocale(old);
	return (r);
}

/* Moves on to the next member that is a model. */
static enum ckpt_status
next_member(struct archive_source *s, struct ckpt_error *err)
{
	struct archive_entry *entry;
	enum ckpt_status st = CKPT_OK;
	int r;

	while (s->member == NULL && st == CKPT_OK) {
		r = next_header(s, &entry);
		if (r == ARCHIVE_EOF) {
			st = check_end(s, err);
			return (st == CKPT_OK ? CKPT_END : st);
		}
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return (input_error(s->input, s->a, err));
		st = open_member(s, entry, err);
	}
	return (st);
}

static enum ckpt_status
next(struct model_source *source, struct model_head *head,
    struct ckpt_error *err)
{
	struct archive_source *s = (struct archive_source *)source;
	enum ckpt_status st;

	for (;;) {
		if (s->member == NULL) {
			st = next_member(s, err);
			if (st == CKPT_END)
				return (st);
			if (st != CKPT_OK)
				return (located(s, err, st));
		}
		st = model_next(s->member, head, err);
		if (st != CKPT_END)
			return (st == CKPT_OK ? st : located(s, err, st));
		model_source_close(s->member);
		s->member = NULL;
	}
}

static enum ckpt_status
read_data(struct model_source *source, void *out, size_t n,
    struct ckpt_error *err)
{
	struct archive_source *s = (struct archive_source *)source;
	enum ckpt_status st;

	if (s->member == NULL)
		return (error_set(err, CKPT_USAGE, "no model is open"));
	st = model_read(s->member, out, n, err);
	return (st == CKPT_OK ? st : located(s, err, st));
}

static enum ckpt_status
confirm(struct model_source *source, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct archive_source *s = (struct archive_source *)source;
	enum ckpt_status st;

	if (s->member == NULL)
		return (error_set(err, CKPT_USAGE, "no model is open"));
	st = model_confirm(s->member, tensor_ids, err);
	return (st == CKPT_OK ? st : located(s, err, st));
}

static void
close_source(struct model_source *source)
{
	struct archive_source *s = (struct archive_source *)source;

	model_source_close(s->member);
	if (s->a != NULL)
		(void)archive_read_free(s->a);
	input_free(s->input);
	if (s->locale != (locale_t)0)
		freelocale(s->locale);
	free(s->path);
	free(s->name);
	free(s);
}

static const struct model_source_ops archive_ops = {
	.next = next,
	.read = read_data,
	.confirm = confirm,
	.close = close_source
};

enum ckpt_status
archive_open(struct bytes *in, const struct archive_options *options,
    struct model_source **out, struct ckpt_error *err)
{
	struct archive_source *s = calloc(1, sizeof(*s));
	const unsigned char *magic;
	size_t got;
	bool is_zip;
	enum ckpt_status st;

	if (s == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*s)));
	}
	s->source.ops = &archive_ops;
	s->options = *options;
	st = bytes_peek(in, 2, &magic, &got, err);
	is_zip = st == CKPT_OK && got == 2 && memcmp(magic, "PK", 2) == 0;
	if (st != CKPT_OK)
		bytes_close(in);
	else
		st = input_new(in, &s->input, err);
	if (st == CKPT_OK && is_zip) {
		s->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
		st = input_keep_tail(s->input, err);
	}
	if (st != CKPT_OK)
		goto err0;
	s->a = archive_read_new();
	if (options->name != NULL)
		s->name = strdup(options->name);
	if (s->a == NULL || (options->name != NULL && s->name == NULL)) {
		st = error_nomem(err, sizeof(*s));
		goto err0;
	}
	if (archive_read_support_format_tar(s->a) != ARCHIVE_OK ||
	    archive_read_support_format_zip(s->a) != ARCHIVE_OK) {
		st = input_error(s->input, s->a, err);
		goto err0;
	}
	st = input_open(s->input, s->a, err);
	if (st != CKPT_OK) {
		st = located(s, err, st);
		goto err0;
	}
	*out = &s->source;
	return (CKPT_OK);

err0:
	close_source(&s->source);
	return (st);
}
