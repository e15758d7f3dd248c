/*
 * Gets one tensor of one model out of a pack: its bytes on standard output.
 * cc select.c $(pkg-config --cflags --libs libckpt)
 */
#include <ckpt.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static enum ckpt_status
get(struct ckpt_index *x, const char *label, const char *name,
    struct ckpt_error *err)
{
	struct ckpt_tensor t;
	enum ckpt_status st;
	uint64_t model;
	unsigned char *data;
	size_t i;

	st = ckpt_index_find(x, label, &model, err);
	if (st == CKPT_OK)
		st = ckpt_index_go(x, model, err);
	if (st != CKPT_OK)
		return (st);
	i = ckpt_index_tensor_named(x, name);
	if (i == ckpt_index_n_tensors(x))
		return (CKPT_END);
	ckpt_index_tensor(x, i, &t);
	data = malloc(t.n_bytes + 1);
	if (data == NULL)
		return (CKPT_NO_MEMORY);
	st = ckpt_index_read(x, i, data, err);
	if (st == CKPT_OK && fwrite(data, 1, t.n_bytes, stdout) != t.n_bytes)
		st = CKPT_SYSTEM;
	free(data);
	return (st);
}

int
main(int argc, char **argv)
{
	struct ckpt_error err = { CKPT_OK };
	struct ckpt_index *x = NULL;
	enum ckpt_status st;

	if (argc != 4) {
		fprintf(stderr, "usage: select PACK LABEL TENSOR\n");
		return (2);
	}
	st = ckpt_index_open(open(argv[1], O_RDONLY), 0, &x, &err);
	if (st == CKPT_OK)
		st = get(x, argv[2], argv[3], &err);
	ckpt_index_close(x);
	if (st != CKPT_OK)
		fprintf(stderr, "select: %s\n", st == CKPT_END ?
		    "no such model or tensor" : err.text);
	return (st == CKPT_OK ? 0 : 1);
}
