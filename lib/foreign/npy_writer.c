#include "foreign/foreign.h"
#include "foreign/npy.h"

struct npy_writer {
	struct outfile *out;
	uint64_t left; /* bytes of data that have still to come */
};

/* Bytes of an array; false if they overflow. */
static bool
measure(const struct npy_header *h, uint64_t *out)
{
	uint64_t n = dtype_bits(h->dtype) / 8;
	unsigned i;

	for (i = 0; i < h->n_dims; i++)
		if (__builtin_mul_overflow(n, h->dims[i], &n))
			return (false);
	*out = n;
	return (n <= INT64_MAX);
}

enum ckpt_status
npy_writer_open(const char *path, enum ckpt_dtype dtype, unsigned n_dims,
    const uint64_t *dims, struct npy_writer **out, struct ckpt_error *err)
{
	struct npy_header h = { .dtype = dtype, .n_dims = n_dims };
	struct buf text = BUF_INIT(4096);
	struct npy_writer *w;
	enum ckpt_status st;

	if (n_dims > NPY_MAX_DIMS)
		return (error_set(err, CKPT_USAGE,
		    "%u dimensions; at most %d are written", n_dims,
		    NPY_MAX_DIMS));
	if (n_dims > 0)
		memcpy(h.dims, dims, n_dims * sizeof(*dims));
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return (error_nomem(err, sizeof(*w)));
	st = npy_header_print(&h, 0, &text, err);
	if (st == CKPT_OK && !measure(&h, &w->left))
		st = error_set(err, CKPT_USAGE, "the array is too large");
	if (st != CKPT_OK)
		goto err0;
	st = outfile_open(path, &w->out, err);
	if (st != CKPT_OK)
		goto err0;
	st = outfile_write(w->out, text.data, text.len, err);
	if (st != CKPT_OK)
		goto err0;
	buf_release(&text);
	*out = w;
	return (CKPT_OK);

err0:
	buf_release(&text);
	npy_writer_abort(w);
	return (st);
}

enum ckpt_status
npy_writer_write(struct npy_writer *w, const void *data, size_t n,
    struct ckpt_error *err)
{
	if (n > w->left)
		return (error_set(err, CKPT_USAGE,
		    "more data than the array holds"));
	w->left -= n;
	return (outfile_write(w->out, data, n, err));
}

enum ckpt_status
npy_writer_close(struct npy_writer *w, struct ckpt_error *err)
{
	enum ckpt_status st;

	if (w->left > 0) {
		st = error_set(err, CKPT_USAGE,
		    "the array lacks %llu bytes",
		    (unsigned long long)w->left);
		npy_writer_abort(w);
		return (st);
	}
	st = outfile_commit(w->out, err);
	free(w);
	return (st);
}

void
npy_writer_abort(struct npy_writer *w)
{
	if (w == NULL)
		return;
	outfile_abort(w->out);
	free(w);
}
