/*
 * one_time: the time to get one tensor out of a pack, for bench_one.sh.
 *
 * usage: one_time PACK LABEL TENSOR
 *
 * Opens the pack by its index, finds the model and reads the tensor, nine
 * times; checksums of pages are verified, IDs are not. Prints the median in
 * milliseconds.
 */
#include <fcntl.h>
#include <stdio.h>

#include "pack/pack.h"

#include "cpu_time.h"

#define RUNS 9

static enum ckpt_status
get(char **argv, struct ckpt_error *err)
{
	struct pack_reader_options options = { .n_threads = 1 };
	struct model_head head = { .schema = NULL };
	struct pack_index *x = NULL;
	struct bytes *in;
	uint64_t ordinal;
	size_t i;
	void *out;
	enum ckpt_status st;

	st = bytes_fd(open(argv[1], O_RDONLY), &in, err);
	if (st == CKPT_OK)
		st = pack_index_open(in, &options, &x, err);
	if (st != CKPT_OK)
		return (st);
	st = pack_index_find(x, argv[2], &ordinal, err);
	if (st == CKPT_OK)
		st = pack_index_head(x, ordinal, &head, err);
	if (st == CKPT_OK) {
		i = schema_find(head.schema, argv[3]);
		if (i == SIZE_MAX)
			st = CKPT_END;
	}
	if (st == CKPT_OK) {
		out = malloc(head.schema->tensors[i].n_bytes + 1);
		st = out == NULL ? CKPT_NO_MEMORY : pack_index_read(x,
		    ordinal, i, out, err);
		free(out);
	}
	model_head_release(&head);
	pack_index_free(x);
	return (st);
}

int
main(int argc, char **argv)
{
	struct ckpt_error err = { .text = "no such model or tensor" };
	struct timespec a, b;
	double ms[RUNS];
	int i;

	if (argc != 4)
		return (2);
	for (i = 0; i < RUNS; i++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &a);
		if (get(argv, &err) != CKPT_OK) {
			fprintf(stderr, "one_time: %s\n", err.text);
			return (2);
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &b);
		ms[i] = 1e3 * (double)(b.tv_sec - a.tv_sec) +
		    1e-6 * (double)(b.tv_nsec - a.tv_nsec);
	}
	printf("%.2f\n", median(ms, RUNS));
	return (0);
}
