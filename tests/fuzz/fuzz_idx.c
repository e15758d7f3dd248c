/*
 * IDX files: the array is the file behind its header, with the bytes of
 * each element turned round.
 */
#include "foreign/foreign.h"
#include "fuzz.h"

#define MAX ((uint64_t)1 << 20)

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct array a;
	struct bytes *in;
	const unsigned char *found;
	size_t i, width, begin;

	if (bytes_memory(data, n, &in, &err) != CKPT_OK)
		return (0);
	if (array_read_bytes(in, MAX, &a, &err) != CKPT_OK) {
		check(err.text[0] != '\0');
		return (0);
	}
	if (data[0] == 0) {
		found = a.data;
		width = dtype_bits(a.dtype) / 8;
		begin = 4 + 4 * (size_t)a.n_dims;
		check(begin + a.n_bytes == n);
		for (i = 0; i < a.n_bytes; i++)
			check(found[i] == data[begin + i / width * width +
			    width - 1 - i % width]);
	}
	array_release(&a);
	return (0);
}
