/*
 * nn_images: pictures of a data set, normalised and laid side by side.
 */
#include "nn/nn.h"

/* Elements [first, first + n) of the data to double. */
static void
load(enum ckpt_dtype dtype, const unsigned char *data, size_t first,
    size_t n, double *out)
{
	if (dtype == CKPT_U8) {
		for (size_t i = 0; i < n; i++)
			out[i] = data[first + i];
		return;
	}
	dtype_to_f64(dtype, data + first * (dtype_bits(dtype) / 8), out, n);
}

static void
fill(const struct graph *g, enum ckpt_dtype dtype, const unsigned char *data,
    size_t image, const struct nn_images *out)
{
	const size_t n_plane = (size_t)out->h * out->w;
	float *dst = out->data + image / NN_BLOCK * out->n_elements *
	    NN_BLOCK + image % NN_BLOCK;
	double row[256];

	for (size_t c = 0; c < out->c; c++) {
		const size_t i = g->n_mean == 1 ? 0 : c;

		for (size_t k = 0; k < n_plane;) {
			const size_t n = n_plane - k < 256 ? n_plane - k :
			    256;

			load(dtype, data, image * out->n_elements +
			    c * n_plane + k, n, row);
			for (size_t j = 0; j < n; j++, dst += NN_BLOCK)
				*dst = (float)((row[j] * g->input_scale -
				    g->mean[i]) / g->std[i]);
			k += n;
		}
	}
}

enum ckpt_status
nn_images_make(const struct graph *g, enum ckpt_dtype dtype,
    const void *data, size_t n, struct nn_images *out,
    struct ckpt_error *err)
{
	const struct graph_node *in = &g->nodes[0];
	struct nn_images r = { .n = n, .c = in->c, .h = in->h, .w = in->w };
	size_t n_bytes;

	if (dtype != CKPT_U8 && dtype != CKPT_F32 && dtype != CKPT_F64)
		return (error_set(err, CKPT_INVALID,
		    "images of dtype %s; u8, f32 and f64 are read",
		    dtype_name(dtype)));
	if (g->n_mean != 1 && g->n_mean != in->c)
		return (error_set(err, CKPT_USAGE, "%zu means for %u channels",
		    g->n_mean, in->c));
	r.n_elements = (size_t)in->c * in->h * in->w;
	r.n_blocks = n / NN_BLOCK + (n % NN_BLOCK != 0);
	if (r.n_elements == 0 || r.n_blocks > SIZE_MAX / 2 / NN_BLOCK /
	    sizeof(float) / r.n_elements)
		return (error_set(err, CKPT_LIMIT,
		    "%zu images of %zu elements do not fit the memory", n,
		    r.n_elements));
	n_bytes = r.n_blocks * r.n_elements * NN_BLOCK * sizeof(float);
	r.data = aligned_alloc(64, n_bytes + 64);
	if (r.data == NULL)
		return (error_nomem(err, n_bytes));
	if (n % NN_BLOCK != 0)
		memset(r.data + (r.n_blocks - 1) * r.n_elements * NN_BLOCK, 0,
		    r.n_elements * NN_BLOCK * sizeof(float));
	for (size_t i = 0; i < n; i++)
		fill(g, dtype, data, i, &r);
	*out = r;
	return (CKPT_OK);
}

void
nn_images_release(struct nn_images *images)
{
	free(images->data);
	*images = (struct nn_images){ 0 };
}
