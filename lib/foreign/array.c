#include <fcntl.h>

#include "foreign/foreign.h"
#include "foreign/npy.h"

#define CHUNK ((size_t)1 << 20)

void
array_release(struct array *a)
{
	free(a->data);
	memset(a, 0, sizeof(*a));
}

/* ---- IDX: 0 0 type n_dims, dims, then elements, all big-endian ---- */

static enum ckpt_status
read_idx_header(struct bytes *in, struct npy_header *h,
    struct ckpt_error *err)
{
	static const enum ckpt_dtype dtypes[] = { CKPT_U8, CKPT_I8, 0,
	    CKPT_I16, CKPT_I32, CKPT_F32, CKPT_F64 };
	unsigned char magic[4], dim[4];
	unsigned i;
	enum ckpt_status st = bytes_read_all(in, magic, sizeof(magic), err);

	if (st != CKPT_OK)
		return (st);
	if (magic[0] != 0 || magic[1] != 0)
		return (error_at(err, CKPT_NOT_OURS, 0, NULL,
		    "neither an IDX nor a .npy file"));
	if (magic[2] < 8 || magic[2] > 14 || magic[2] == 10)
		return (error_at(err, CKPT_NOT_OURS, 2, NULL, "not an IDX "
		    "file: its type is 0x%02X, expected 0x08 to 0x0E",
		    magic[2]));
	if (magic[3] == 0 || magic[3] > NPY_MAX_DIMS)
		return (error_at(err, CKPT_INVALID, 3, NULL, "an IDX file of "
		    "%u dimensions, expected 1 to %d", magic[3],
		    NPY_MAX_DIMS));
	h->dtype = dtypes[magic[2] - 8];
	h->is_swapped = true;
	h->n_dims = magic[3];
	for (i = 0; i < h->n_dims && st == CKPT_OK; i++) {
		st = bytes_read_all(in, dim, sizeof(dim), err);
		h->dims[i] = (uint64_t)dim[0] << 24 | dim[1] << 16 |
		    dim[2] << 8 | dim[3];
	}
	return (st);
}

/* ---- both ---- */

static void
swap(unsigned char *p, size_t n_bytes, size_t width)
{
	size_t i, k;
	unsigned char c;

	for (i = 0; width > 1 && i + width <= n_bytes; i += width)
		for (k = 0; k < width / 2; k++) {
			c = p[i + k];
			p[i + k] = p[i + width - 1 - k];
			p[i + width - 1 - k] = c;
		}
}

static enum ckpt_status
measure(const struct npy_header *h, uint64_t max_bytes, uint64_t *out,
    struct ckpt_error *err)
{
	uint64_t n = dtype_bits(h->dtype) / 8;
	unsigned i;

	for (i = 0; i < h->n_dims; i++)
		if (__builtin_mul_overflow(n, h->dims[i], &n))
			return (error_set(err, CKPT_INVALID,
			    "the array's shape overflows 64 bits"));
	if (n > max_bytes || n > SIZE_MAX / 2)
		return (error_set(err, CKPT_LIMIT,
		    "the array has %llu bytes; at most %llu are allowed",
		    (unsigned long long)n, (unsigned long long)max_bytes));
	*out = n;
	return (CKPT_OK);
}

/* Reads exactly `n` bytes to the end of the file. In parts: a false shape
 * costs no more memory than the file has. */
static enum ckpt_status
read_data(struct bytes *in, size_t n, struct buf *b, struct ckpt_error *err)
{
	const unsigned char *byte;
	size_t part;
	enum ckpt_status st = buf_reserve(b, 1, err);

	while (st == CKPT_OK && b->len < n) {
		part = n - b->len < CHUNK ? n - b->len : CHUNK;
		st = buf_reserve(b, part, err);
		if (st == CKPT_OK)
			st = bytes_read_all(in, b->data + b->len, part, err);
		if (st == CKPT_OK)
			b->len += part;
	}
	if (st == CKPT_OK)
		st = bytes_peek(in, 1, &byte, &part, err);
	if (st == CKPT_OK && part > 0)
		st = error_at(err, CKPT_INVALID, bytes_offset(in), NULL,
		    "bytes follow the array's data");
	return (st);
}

static enum ckpt_status
read_array(struct bytes *in, uint64_t max_bytes, struct array *out,
    struct ckpt_error *err)
{
	struct npy_header h = { 0 };
	struct array a = { 0 };
	const unsigned char *magic;
	struct buf b = BUF_INIT(0);
	uint64_t n = 0;
	size_t got;
	enum ckpt_status st = bytes_peek(in, 1, &magic, &got, err);

	if (st != CKPT_OK)
		return (st);
	if (got == 0)
		return (error_at(err, CKPT_TRUNCATED, 0, NULL,
		    "the input is empty"));
	st = magic[0] == 0x93 ? npy_header_read(in, &h, err) :
	    read_idx_header(in, &h, err);
	if (st == CKPT_OK)
		st = measure(&h, max_bytes, &n, err);
	if (st == CKPT_OK && h.is_fortran && h.n_dims > 1)
		st = error_set(err, CKPT_INVALID, "an array in Fortran order "
		    "is not read: save it with numpy.ascontiguousarray");
	if (st != CKPT_OK)
		return (st);
	b.max = (size_t)n + 1;
	st = read_data(in, (size_t)n, &b, err);
	if (st != CKPT_OK) {
		buf_release(&b);
		return (st);
	}
	/* a complex number is two floats */
	if (h.is_swapped)
		swap(b.data, b.len, h.dtype == CKPT_C64 ? 4 :
		    dtype_bits(h.dtype) / 8);
	a.dtype = h.dtype;
	a.n_dims = h.n_dims;
	memcpy(a.dims, h.dims, sizeof(a.dims));
	a.data = b.data;
	a.n_bytes = b.len;
	*out = a;
	return (CKPT_OK);
}

enum ckpt_status
array_read_bytes(struct bytes *in, uint64_t max_bytes, struct array *out,
    struct ckpt_error *err)
{
	enum foreign_kind kind;
	enum ckpt_status st = foreign_detect(in, &kind, err);

	if (st == CKPT_OK && kind == FOREIGN_COMPRESSED) {
		st = decompress_open(in, &in, err);
		if (st != CKPT_OK)
			return (st);
	}
	if (st == CKPT_OK)
		st = read_array(in, max_bytes, out, err);
	bytes_close(in);
	return (st);
}

enum ckpt_status
array_read(const char *path, uint64_t max_bytes, struct array *out,
    struct ckpt_error *err)
{
	struct bytes *in;
	enum ckpt_status st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	st = fd < 0 ? error_sys(err, "cannot open") : bytes_fd(fd, &in, err);
	if (st == CKPT_OK)
		st = array_read_bytes(in, max_bytes, out, err);
	if (st != CKPT_OK)
		(void)error_where(err, path);
	return (st);
}
