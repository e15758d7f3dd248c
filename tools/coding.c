#include <fcntl.h>
#include <inttypes.h>

#include "coding.h"
#include "pack/pack.h"

#define MAX_DTYPES 32
#define MAX_CODINGS 256

struct cell {
	uint64_t n_pages, raw, stored;
};

struct coding {
	struct cell cells[MAX_DTYPES][MAX_CODINGS];
	uint64_t size; /* of the packs */
};

static enum ckpt_status
add_page(void *arg, const struct pack_page *p, struct ckpt_error *err)
{
	struct coding *t = arg;
	struct cell *c = &t->cells[(unsigned)p->tensor->dtype % MAX_DTYPES]
	    [p->coding % MAX_CODINGS];

	(void)err;
	c->n_pages++;
	c->raw += p->raw;
	c->stored += p->stored;
	return (CKPT_OK);
}

static enum ckpt_status
add_file(const struct cli *c, struct coding *t, const char *path,
    struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = c->n_threads, .memory = c->memory
	};
	struct pack_index *x;
	struct bytes *in;
	enum ckpt_status st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return (error_sys(err, "cannot open"));
	st = bytes_fd(fd, &in, err);
	if (st == CKPT_OK)
		st = pack_index_open(in, &o, &x, err);
	if (st != CKPT_OK)
		return (st);
	t->size += pack_index_size(x);
	st = pack_index_pages(x, add_page, t, err);
	pack_index_free(x);
	return (st);
}

static void
print_line(const char *dtype, const char *coding, const struct cell *c)
{
	printf("%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64
	    "\n", dtype, coding, c->n_pages, c->raw, c->stored,
	    (int64_t)(c->raw - c->stored));
}

static void
print_table(const struct coding *t)
{
	struct cell sum = { 0 }, rest = { 0 };
	const struct cell *c;
	unsigned d, k;

	printf("dtype\tcoding\tpages\traw_bytes\tstored_bytes\tsaved_bytes"
	    "\n");
	for (d = 0; d < MAX_DTYPES; d++)
		for (k = 0; k < MAX_CODINGS; k++) {
			c = &t->cells[d][k];
			if (c->n_pages == 0)
				continue;
			print_line(dtype_name((enum ckpt_dtype)d),
			    pack_coding_name(k), c);
			sum.n_pages += c->n_pages;
			sum.raw += c->raw;
			sum.stored += c->stored;
		}
	rest.stored = t->size - sum.stored;
	sum.stored = t->size;
	print_line("-", "index", &rest);
	print_line("-", "total", &sum);
}

int
coding_table(const struct cli *c)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct coding *t = calloc(1, sizeof(*t));
	enum ckpt_status st = CKPT_OK;
	int i;

	if (t == NULL)
		st = error_nomem(&err, sizeof(*t));
	for (i = 0; i < c->n_args && st == CKPT_OK; i++) {
		st = add_file(c, t, c->args[i], &err);
		if (st != CKPT_OK)
			(void)error_where(&err, c->args[i]);
	}
	if (st == CKPT_OK)
		print_table(t);
	else
		cli_report(c, &err);
	free(t);
	return (st == CKPT_OK ? CLI_YES : CLI_TROUBLE);
}
