/*
 * .npy files: an array has the bytes that its shape says, and the header
 * that is written for it is read as the same.
 */
#include "foreign/foreign.h"
#include "foreign/npy.h"
#include "fuzz.h"

#define MAX ((uint64_t)1 << 20)

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
compare_header(const struct array *a)
{
	struct npy_header h = { .dtype = a->dtype, .n_dims = a->n_dims }, g;
	struct buf text = BUF_INIT(4096);
	struct bytes *in;

	memcpy(h.dims, a->dims, sizeof(h.dims));
	check(npy_header_print(&h, 0, &text, NULL) == CKPT_OK);
	check(text.len % 64 == 0);
	check(bytes_memory(text.data, text.len, &in, NULL) == CKPT_OK);
	check(npy_header_read(in, &g, NULL) == CKPT_OK);
	check(bytes_offset(in) == text.len);
	check(g.dtype == h.dtype && g.n_dims == h.n_dims && !g.is_swapped &&
	    !g.is_fortran &&
	    memcmp(g.dims, h.dims, h.n_dims * sizeof(*h.dims)) == 0);
	bytes_close(in);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct array a;
	struct bytes *in;
	uint64_t size;
	unsigned i;

	if (bytes_memory(data, n, &in, &err) != CKPT_OK)
		return (0);
	if (array_read_bytes(in, MAX, &a, &err) != CKPT_OK) {
		check(err.text[0] != '\0');
		return (0);
	}
	size = dtype_bits(a.dtype) / 8;
	for (i = 0; i < a.n_dims; i++)
		size *= a.dims[i];
	check(size == a.n_bytes && size <= MAX);
	compare_header(&a);
	array_release(&a);
	return (0);
}
