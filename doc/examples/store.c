/*
 * Adds one model to a store, and prints what the store holds:
 * cc store.c $(pkg-config --cflags --libs libckpt)
 */
#include <ckpt.h>
#include <stdio.h>

static int
show(void *arg, uint64_t n_bytes)
{
	*(uint64_t *)arg = n_bytes;
	return (0); /* go on */
}

static enum ckpt_status
add(struct ckpt_store *s, struct ckpt_error *err)
{
	const uint64_t dims[2] = { 2, 2 };
	const float data[4] = { 1, 2, 3, 4 };
	const struct ckpt_tensor t = { "fc.weight", CKPT_F32, 2, dims, 0 };
	struct ckpt_writer *w;
	uint64_t n = 0;

	if (ckpt_store_add(s, &w, err) != CKPT_OK)
		return (err->status);
	ckpt_writer_watch(w, show, &n);
	if (ckpt_writer_begin(w, "one", &t, 1, NULL, NULL, 0, err) ||
	    ckpt_writer_write(w, data, sizeof(data), err) ||
	    ckpt_writer_end(w, err)) {
		ckpt_writer_abort(w);
		return (err->status);
	}
	return (ckpt_writer_close(w, err)); /* now it is on the disk */
}

int
main(int argc, char **argv)
{
	struct ckpt_error err = { CKPT_OK };
	struct ckpt_store *s = NULL;
	struct ckpt_reader *r = NULL;
	enum ckpt_status st;

	st = ckpt_store_init(argc > 1 ? argv[1] : "store", &err);
	if (st == CKPT_OK)
		st = ckpt_store_open(argc > 1 ? argv[1] : "store", 0, 1, 0,
		    &s, &err);
	if (st == CKPT_OK && (st = add(s, &err)) == CKPT_OK)
		st = ckpt_store_get(s, NULL, &r, &err);
	while (st == CKPT_OK && (st = ckpt_reader_next(r, &err)) == CKPT_OK)
		printf("%s: %zu tensors\n", ckpt_reader_label(r),
		    ckpt_reader_n_tensors(r));
	ckpt_reader_close(r);
	ckpt_store_close(s);
	if (st != CKPT_END)
		fprintf(stderr, "%s\n", err.text);
	return (st == CKPT_END ? 0 : 1);
}
