#include <stdlib.h>
#include <string.h>

#include "safefile.h"

unsigned char *
safefile_make(const char *header, size_t n_header, size_t n_data, size_t *n)
{
	unsigned char *p = malloc(8 + n_header + n_data);
	size_t i;

	assert_non_null(p);
	le64_store(p, n_header);
	memcpy(p + 8, header, n_header);
	for (i = 0; i < n_data; i++)
		p[8 + n_header + i] = (unsigned char)(i * 7 + 1);
	*n = 8 + n_header + n_data;
	return (p);
}

enum ckpt_status
safefile_load(const void *file, size_t n, uint64_t memory, struct model *m,
    struct ckpt_error *err)
{
	struct model_source *src;
	struct model_head head;
	struct bytes *in;
	enum ckpt_status st;

	must(bytes_memory(file, n, &in, err), err);
	must(safetensors_open(in, "x", memory, &src, err), err);
	st = model_load(src, MEMORY, m, err);
	if (st == CKPT_OK) {
		st = model_next(src, &head, err);
		assert_int_equal(st, CKPT_END);
		st = CKPT_OK;
	}
	model_source_close(src);
	return (st);
}
