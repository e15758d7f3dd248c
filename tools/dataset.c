/*
 * dataset: images and labels.
 */
#include "dataset.h"

bool
dataset_split(char *images, const char **labels)
{
	char *comma = strrchr(images, ',');

	*labels = NULL;
	if (comma != NULL) {
		*comma = '\0';
		*labels = comma + 1;
	}
	return (*images != '\0' && (*labels == NULL || **labels != '\0'));
}

static enum ckpt_status
check_images(const struct dataset *d, struct ckpt_error *err)
{
	const struct array *a = &d->images;

	if (a->dtype != CKPT_U8 && a->dtype != CKPT_F32 &&
	    a->dtype != CKPT_F64)
		return (error_set(err, CKPT_INVALID, "images are %s; u8, f32 "
		    "and f64 are read", dtype_name(a->dtype)));
	if (a->n_dims < 2 || a->n_dims > 4)
		return (error_set(err, CKPT_INVALID, "an array of %u "
		    "dimensions; images are (n, h, w) or (n, c, h, w), "
		    "vectors (n, c)", a->n_dims));
	if (a->dims[0] == 0)
		return (error_set(err, CKPT_INVALID, "no images"));
	return (CKPT_OK);
}

/* Label `i`, or -1 if it is not one. */
static int64_t
label(const struct array *a, size_t i)
{
	const unsigned n = dtype_bits(a->dtype) / 8;
	const unsigned char *p = (const unsigned char *)a->data + i * n;
	uint64_t x = 0;

	for (unsigned k = 0; k < n; k++)
		x |= (uint64_t)p[k] << (8 * k);
	/* A negative number's sign bit leaves the range, too. */
	return (x < NN_MAX_CLASSES ? (int64_t)x : -1);
}

static enum ckpt_status
read_labels(const char *path, struct dataset *d, struct ckpt_error *err)
{
	struct array a;
	enum ckpt_status st;

	st = array_read(path, DATASET_MAX_BYTES, &a, err);
	if (st != CKPT_OK)
		return (st);
	if (a.n_dims != 1 || a.dtype < CKPT_U8 || a.dtype > CKPT_I64) {
		st = error_set(err, CKPT_INVALID, "an array of %u dimensions "
		    "of %s; labels are one dimension of integers", a.n_dims,
		    dtype_name(a.dtype));
		goto err0;
	}
	if (a.dims[0] != d->images.dims[0]) {
		st = error_set(err, CKPT_INVALID, "%llu labels for %llu "
		    "images", (unsigned long long)a.dims[0],
		    (unsigned long long)d->images.dims[0]);
		goto err0;
	}
	d->labels = malloc(d->n * sizeof(*d->labels));
	if (d->labels == NULL) {
		st = error_nomem(err, d->n * sizeof(*d->labels));
		goto err0;
	}
	for (size_t i = 0; i < d->n; i++) {
		const int64_t y = label(&a, i);

		if (y < 0) {
			st = error_set(err, CKPT_INVALID, "label %zu is not "
			    "in the range of 0 to %d", i, NN_MAX_CLASSES - 1);
			goto err0;
		}
		d->labels[i] = (uint32_t)y;
		if (d->labels[i] > d->max_label)
			d->max_label = d->labels[i];
	}
	d->labels_path = path;
	array_release(&a);
	return (CKPT_OK);

err0:
	array_release(&a);
	return (error_where(err, path));
}

enum ckpt_status
dataset_read(const char *images, const char *labels, uint64_t limit,
    struct dataset *out, struct ckpt_error *err)
{
	struct dataset d = { .path = images };
	enum ckpt_status st;

	st = array_read(images, DATASET_MAX_BYTES, &d.images, err);
	if (st != CKPT_OK)
		return (error_where(err, images));
	st = check_images(&d, err);
	if (st != CKPT_OK) {
		(void)error_where(err, images);
		goto err0;
	}
	d.n = (size_t)(d.images.dims[0] < limit ? d.images.dims[0] : limit);
	if (labels != NULL) {
		st = read_labels(labels, &d, err);
		if (st != CKPT_OK)
			goto err0;
	}
	*out = d;
	return (CKPT_OK);

err0:
	dataset_release(&d);
	return (error_where(err, labels == NULL ? images : labels));
}

void
dataset_release(struct dataset *d)
{
	array_release(&d->images);
	free(d->labels);
	*d = (struct dataset){ 0 };
}

enum ckpt_status
dataset_images(const struct dataset *d, const struct graph *g,
    struct nn_images *out, struct ckpt_error *err)
{
	const struct graph_node *in = &g->nodes[0];
	const struct array *a = &d->images;
	const uint64_t want[3] = { in->c, in->h, in->w };
	uint64_t have[3] = { 1, 1, 1 };
	enum ckpt_status st;

	if (a->n_dims == 2)
		have[0] = a->dims[1];
	else
		for (unsigned i = 1; i < a->n_dims; i++)
			have[i + 3 - a->n_dims] = a->dims[i];
	if (memcmp(have, want, sizeof(have)) != 0) {
		(void)error_set(err, CKPT_INVALID, "images of %llux%llux%llu;"
		    " the architecture %s takes %ux%ux%u",
		    (unsigned long long)have[0], (unsigned long long)have[1],
		    (unsigned long long)have[2], g->name, in->c, in->h,
		    in->w);
		return (error_where(err, d->path));
	}
	st = nn_images_make(g, a->dtype, a->data, d->n, out, err);
	return (st == CKPT_OK ? st : error_where(err, d->path));
}

enum ckpt_status
dataset_check_labels(const struct dataset *d, const struct graph *g,
    size_t n_classes, struct ckpt_error *err)
{
	if (d->labels == NULL || d->max_label < n_classes)
		return (CKPT_OK);
	(void)error_set(err, CKPT_INVALID, "label %u; the architecture %s has "
	    "%zu classes", d->max_label, g->name, n_classes);
	return (error_where(err, d->labels_path));
}
