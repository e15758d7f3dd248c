#include <fcntl.h>
#include <inttypes.h>
#include <math.h>

#include "coding.h"
#include "pack/pack.h"
#include "stats/stats.h"

#define MAX_DTYPES 32
#define MAX_CODINGS 256
#define PIECE 1048576 /* bytes read at a time */

struct cell {
	uint64_t n_pages, raw, stored;
};

struct coding {
	struct cell cells[MAX_DTYPES][MAX_CODINGS];
	uint64_t size; /* of the packs */
	struct stats_bound *bound;
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

/* The current model's tensors into the bound. */
static enum ckpt_status
add_model(struct coding *t, struct model_source *src,
    const struct schema *schema, unsigned char *piece,
    struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	uint64_t left;
	size_t i, n;

	for (i = 0; i < schema->n_tensors && st == CKPT_OK; i++) {
		left = schema->tensors[i].n_bytes;
		st = stats_bound_tensor(t->bound, schema->tensors[i].dtype,
		    left, err);
		for (; left > 0 && st == CKPT_OK; left -= n) {
			n = left < PIECE ? (size_t)left : PIECE;
			st = model_read(src, piece, n, err);
			if (st == CKPT_OK)
				stats_bound_add(t->bound, piece, n);
		}
	}
	return (st);
}

/* All weights of the packs into the bound. */
static enum ckpt_status
add_weights(const struct cli *c, struct coding *t, char **paths, int n_paths,
    struct ckpt_error *err)
{
	unsigned char *piece = malloc(PIECE);
	struct model_source *src = NULL;
	struct model_head head;
	enum ckpt_status st;

	st = piece == NULL ? error_nomem(err, PIECE) :
	    cli_open_inputs(c, paths, n_paths, &src, err);
	while (st == CKPT_OK) {
		st = model_next(src, &head, err);
		if (st != CKPT_OK)
			break;
		st = add_model(t, src, head.schema, piece, err);
		model_head_release(&head);
	}
	model_source_close(src);
	free(piece);
	return (st == CKPT_END ? CKPT_OK : st);
}

static void
print_line(const char *dtype, const char *coding, const struct cell *c)
{
	printf("%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64,
	    dtype, coding, c->n_pages, c->raw, c->stored,
	    (int64_t)(c->raw - c->stored));
	if (c->raw > 0)
		printf("\t%.2f\n", 100. * (double)c->stored / (double)c->raw);
	else
		printf("\t-\n");
}

/* The lines of one dtype, all added to *sum, and its bound to *bound. */
static void
print_dtype(const struct coding *t, enum ckpt_dtype dtype, struct cell *sum,
    struct cell *bound)
{
	struct cell b = { 0 };
	const struct cell *c;
	double bytes;
	unsigned k;

	for (k = 0; k < MAX_CODINGS; k++) {
		c = &t->cells[dtype][k];
		if (c->n_pages == 0)
			continue;
		print_line(dtype_name(dtype), pack_coding_name(k), c);
		b.n_pages += c->n_pages;
		sum->raw += c->raw;
		sum->stored += c->stored;
	}
	if (b.n_pages == 0)
		return;
	stats_bound_result(t->bound, dtype, &b.raw, &bytes);
	b.stored = (uint64_t)llround(bytes);
	print_line(dtype_name(dtype), "bound", &b);
	sum->n_pages += b.n_pages;
	bound->raw += b.raw;
	bound->stored += b.stored;
}

static void
print_table(const struct coding *t)
{
	struct cell sum = { 0 }, bound = { 0 }, rest = { 0 };
	unsigned d;

	printf("dtype\tcoding\tpages\traw_bytes\tstored_bytes\tsaved_bytes"
	    "\tpercent\n");
	for (d = 0; d < MAX_DTYPES; d++)
		print_dtype(t, (enum ckpt_dtype)d, &sum, &bound);
	rest.stored = t->size - sum.stored;
	sum.stored = t->size;
	bound.n_pages = sum.n_pages;
	print_line("-", "index", &rest);
	print_line("-", "bound", &bound);
	print_line("-", "total", &sum);
}

int
coding_table(const struct cli *c, char **paths, int n_paths)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct coding *t = calloc(1, sizeof(*t));
	enum ckpt_status st;
	int i;

	st = t == NULL ? error_nomem(&err, sizeof(*t)) :
	    stats_bound_new(&t->bound, &err);
	for (i = 0; i < n_paths && st == CKPT_OK; i++) {
		st = add_file(c, t, paths[i], &err);
		if (st != CKPT_OK)
			(void)error_where(&err, paths[i]);
	}
	if (st == CKPT_OK)
		st = add_weights(c, t, paths, n_paths, &err);
	if (st == CKPT_OK)
		print_table(t);
	else
		cli_report(c, &err);
	if (t != NULL)
		stats_bound_free(t->bound);
	free(t);
	return (st == CKPT_OK ? CLI_YES : CLI_TROUBLE);
}
