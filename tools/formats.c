#include "formats.h"

bool
formats_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), len = strlen(suffix);

	return (n >= len && strcmp(s + n - len, suffix) == 0);
}

enum ckpt_status
formats_refuse(enum foreign_kind kind, bool in_archive, struct ckpt_error *err)
{
	const char *name = foreign_kind_name(kind);

	switch (kind) {
	case FOREIGN_EMPTY:
		return (error_at(err, CKPT_TRUNCATED, 0, NULL,
		    "the input is empty"));
	case FOREIGN_ARCHIVE:
	case FOREIGN_COMPRESSED:
		return (error_set(err, CKPT_NOT_OURS, "%s within %s is not "
		    "read: unpack the outer one first", name,
		    in_archive ? "an archive" : "a compressed file"));
	case FOREIGN_HTML:
		return (error_set(err, CKPT_NOT_OURS, "this is %s, perhaps a "
		    "server's error message, not a checkpoint", name));
	case FOREIGN_UNKNOWN:
		return (error_set(err, CKPT_NOT_OURS, "not a pack, a "
		    "safetensors file or an archive of these"));
	default:
		return (error_set(err, CKPT_NOT_OURS, "this is %s, which is "
		    "not read: convert it to safetensors first", name));
	}
}

bool
formats_may_skip(enum foreign_kind kind, const char *name)
{
	if (formats_has_suffix(name, ".safetensors") ||
	    formats_has_suffix(name, ".ckpk"))
		return (false);
	return (kind == FOREIGN_EMPTY || kind == FOREIGN_UNKNOWN ||
	    kind == FOREIGN_NUMPY || kind == FOREIGN_HTML);
}

char *
formats_label(const char *path, bool is_compressed)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst", ".bz2",
	    ".lz4", ".lz", ".Z" };
	size_t i, n = strlen(path);

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (is_compressed && formats_has_suffix(path, suffixes[i])) {
			n -= strlen(suffixes[i]);
			break;
		}
	return (strndup(path, n));
}
