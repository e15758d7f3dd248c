#include <ctype.h>
#include <strings.h>

#include "foreign/foreign.h"
#include "foreign/header.h"

#define PEEK 512 /* a tar header's size */

struct head {
	const unsigned char *p;
	size_t n;
};

static bool
begins(const struct head *h, const char *magic, size_t n)
{
	return (h->n >= n && memcmp(h->p, magic, n) == 0);
}

static bool
is_safetensors(const struct head *h)
{
	uint64_t n;

	if (h->n < HEADER_PREFIX)
		return (false);
	n = le64_load(h->p);
	return (n >= 2 && n <= HEADER_MAX &&
	    (h->n == HEADER_PREFIX || h->p[HEADER_PREFIX] == '{'));
}

/* A pack, also one that is cut within its first bytes. */
static bool
is_pack(const struct head *h)
{
	return (h->n > 0 && memcmp(h->p, "\x89" "CKP", h->n < 4 ? h->n : 4) ==
	    0);
}

static bool
is_compressed(const struct head *h)
{
	return (begins(h, "\x1F\x8B\x08", 3) ||
	    begins(h, "\xFD" "7zXZ\0", 6) || begins(h, "BZh", 3) ||
	    begins(h, "\x28\xB5\x2F\xFD", 4) ||
	    begins(h, "\x04\x22\x4D\x18", 4) || begins(h, "LZIP", 4) ||
	    begins(h, "\x1F\x9D", 2));
}

/* The checksum of a tar header is right (or the archive is empty). */
static bool
is_tar(const struct head *h)
{
	unsigned sum = 0, stated = 0, i;

	if (h->n >= 263 && memcmp(h->p + 257, "ustar", 5) == 0)
		return (true);
	if (h->n < 512)
		return (false);
	for (i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : h->p[i];
	for (i = 148; i < 156 && h->p[i] == ' '; i++)
		;
	for (; i < 156 && h->p[i] >= '0' && h->p[i] <= '7'; i++)
		stated = stated * 8 + (h->p[i] - '0');
	return (sum == stated || sum == 8 * ' ');
}

static bool
ends(const unsigned char *name, size_t n, const char *suffix)
{
	size_t len = strlen(suffix);

	return (n >= len && memcmp(name + n - len, suffix, len) == 0);
}

/* PyTorch's and NumPy's zip files are told by their first member's name. */
static enum foreign_kind
kind_of_zip(const struct head *h)
{
	const unsigned char *name = h->p + 30;
	size_t n;

	if (h->n < 30)
		return (FOREIGN_ARCHIVE);
	n = le16_load(h->p + 26);
	if (n > h->n - 30)
		n = h->n - 30;
	if (ends(name, n, ".npy"))
		return (FOREIGN_NPZ);
	if (ends(name, n, "/data.pkl") || ends(name, n, "/.format_version") ||
	    (n == 8 && memcmp(name, "data.pkl", 8) == 0))
		return (FOREIGN_TORCH_ZIP);
	return (FOREIGN_ARCHIVE);
}

/* The old format of torch.save: a pickle of a magic number of ten bytes. */
static bool
is_torch_pickle(const struct head *h)
{
	return (h->n >= 8 && h->p[0] == 0x80 &&
	    memmem(h->p, h->n < 24 ? h->n : 24,
	    "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 12) != NULL);
}

/* An ONNX ModelProto: field 1 (IR version, a small number), then the name
 * of the producer in printable ASCII, or the graph. */
static bool
is_onnx(const struct head *h)
{
	size_t i;

	if (h->n < 8 || h->p[0] != 0x08 || h->p[1] == 0 || h->p[1] > 32)
		return (false);
	if (h->p[2] == 0x3A)
		return (true);
	if (h->p[2] != 0x12 || h->p[3] > 64 || h->n < 5u + h->p[3])
		return (false);
	for (i = 0; i < h->p[3]; i++)
		if (h->p[4 + i] < 0x20 || h->p[4 + i] > 0x7E)
			return (false);
	return (true);
}

static bool
is_html(const struct head *h)
{
	size_t i = begins(h, "\xEF\xBB\xBF", 3) ? 3 : 0;

	while (i < h->n && isspace(h->p[i]))
		i++;
	return ((h->n - i >= 14 && strncasecmp((const char *)h->p + i,
	    "<!DOCTYPE html", 14) == 0) || (h->n - i >= 5 &&
	    strncasecmp((const char *)h->p + i, "<html", 5) == 0));
}

static enum foreign_kind
kind_of(const struct head *h)
{
	if (h->n == 0)
		return (FOREIGN_EMPTY);
	if (is_pack(h))
		return (FOREIGN_PACK);
	if (is_safetensors(h))
		return (FOREIGN_SAFETENSORS);
	if (is_compressed(h))
		return (FOREIGN_COMPRESSED);
	if (begins(h, "PK\x03\x04", 4) || begins(h, "PK\x05\x06", 4) ||
	    begins(h, "PK\x07\x08", 4))
		return (kind_of_zip(h));
	if (begins(h, "\x93NUMPY", 6))
		return (FOREIGN_NUMPY);
	if (begins(h, "GGUF", 4))
		return (FOREIGN_GGUF);
	if (begins(h, "\x89HDF\r\n\x1A\n", 8))
		return (FOREIGN_HDF5);
	if (is_torch_pickle(h))
		return (FOREIGN_TORCH_PICKLE);
	if (is_tar(h))
		return (FOREIGN_ARCHIVE);
	if (is_html(h))
		return (FOREIGN_HTML);
	if (is_onnx(h))
		return (FOREIGN_ONNX);
	return (FOREIGN_UNKNOWN);
}

enum ckpt_status
foreign_detect(struct bytes *in, enum foreign_kind *out,
    struct ckpt_error *err)
{
	struct head h;
	enum ckpt_status st = bytes_peek(in, PEEK, &h.p, &h.n, err);

	if (st == CKPT_OK)
		*out = kind_of(&h);
	return (st);
}

const char *
foreign_kind_name(enum foreign_kind kind)
{
	switch (kind) {
	case FOREIGN_UNKNOWN:
		return ("a file of unknown format");
	case FOREIGN_EMPTY:
		return ("an empty file");
	case FOREIGN_SAFETENSORS:
		return ("a safetensors file");
	case FOREIGN_ARCHIVE:
		return ("an archive");
	case FOREIGN_PACK:
		return ("a pack");
	case FOREIGN_TORCH_ZIP:
		return ("a PyTorch checkpoint (.pt)");
	case FOREIGN_TORCH_PICKLE:
		return ("an old PyTorch checkpoint (.pt, a pickle)");
	case FOREIGN_NUMPY:
		return ("a NumPy array (.npy)");
	case FOREIGN_NPZ:
		return ("a NumPy archive (.npz)");
	case FOREIGN_GGUF:
		return ("a GGUF model");
	case FOREIGN_ONNX:
		return ("an ONNX model");
	case FOREIGN_HDF5:
		return ("an HDF5 file (.h5)");
	case FOREIGN_HTML:
		return ("an HTML page");
	case FOREIGN_COMPRESSED:
		return ("a compressed file");
	}
	return ("a file of unknown format");
}
