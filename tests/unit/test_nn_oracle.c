/*
 * The forward pass of a graph of all operations against PyTorch's: the
 * outputs are stored, tensors and images are made of their names as
 * fixtures/train/operations.py makes them.
 */
#include "unit.h"

#include "nn/nn.h"

#include <math.h>

#define N_IMAGES 5
#define N_CLASSES 7
#define N_ELEMENTS (3 * 11 * 9)

struct numbers {
	uint64_t state;
};

static void
numbers_seed(struct numbers *n, const char *name)
{
	n->state = UINT64_C(0xcbf29ce484222325);
	for (; *name != '\0'; name++)
		n->state = (n->state ^ (unsigned char)*name) *
		    UINT64_C(0x100000001b3);
}

static double
numbers_next(struct numbers *n)
{
	n->state = n->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (((double)((n->state >> 33) % 2001) - 1000) / 1024);
}

static char *
read_file(const char *name, size_t *n)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], *text = malloc(1 << 16);
	FILE *f;

	assert_non_null(srcdir);
	snprintf(path, sizeof(path), "%s/fixtures/oracle/%s", srcdir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s is missing", path);
	*n = fread(text, 1, (1 << 16) - 1, f);
	text[*n] = '\0';
	fclose(f);
	return (text);
}

/* One tensor: numbers scaled to the fan-in, variances positive. */
static void
fill(const struct tensor_desc *t, unsigned char *data)
{
	const bool is_var = strstr(t->name, "running_var") != NULL;
	struct numbers n;
	double scale = 1;

	while (t->dims[0] > 1 && (double)t->n_elements /
	    (double)t->dims[0] * scale * scale > 1)
		scale /= 2;
	numbers_seed(&n, t->name);
	for (uint64_t i = 0; i < t->n_elements; i++) {
		double x = numbers_next(&n) * scale;

		if (is_var)
			x = fabs(x) + 0.25;
		dtype_from_f64(t->dtype, &x, data + t->offset + i *
		    dtype_bits(t->dtype) / 8, 1);
	}
}

static void
make_model(const struct graph *g, enum ckpt_dtype dtype, struct model *out)
{
	struct ckpt_error err = { 0 };
	struct schema *s;

	must(schema_new(&s, &err), &err);
	for (size_t i = 0; i < g->n_params; i++) {
		const struct graph_param *p = &g->params[i];

		must(schema_add(s, p->name, strlen(p->name), dtype, p->n_dims,
		    p->dims, &err), &err);
	}
	must(schema_finish(s, &err), &err);
	*out = (struct model){ .head = { .schema = s,
	    .label = strdup("operations") } };
	must(model_alloc(out, &err), &err);
	for (size_t i = 0; i < s->n_tensors; i++)
		fill(&s->tensors[i], out->data);
}

static void
read_expected(double out[N_IMAGES * N_CLASSES])
{
	size_t n;
	char *text = read_file("operations.tsv", &n), *s = strchr(text, '\n');

	for (size_t i = 0; i < N_IMAGES; i++) {
		assert_int_equal(strtoul(s, &s, 10), i);
		for (size_t c = 0; c < N_CLASSES; c++)
			out[i * N_CLASSES + c] = strtod(s, &s);
	}
	assert_string_equal(s, "\n");
	free(text);
}

static void
check_float(const struct graph *g, const struct model *m,
    const struct nn_images *images, const double *want, enum nn_path path)
{
	const struct nn_options options = { .path = path, .block = 16 };
	struct ckpt_error err = { 0 };
	struct nn_plan *p;
	struct nn_work *w;
	const float *z;
	float *weights;
	size_t n_bad;

	must(nn_plan_new(g, m->head.schema, &options, &p, &err), &err);
	must(nn_work_new(p, &w, &err), &err);
	weights = aligned_alloc(64, (nn_plan_weights(p) / 16 + 1) * 64);
	nn_weights_pack(p, m->data, weights, &n_bad);
	assert_int_equal(n_bad, 0);
	z = nn_run(p, weights, w, images, 0);
	for (size_t i = 0; i < N_IMAGES * N_CLASSES; i++) {
		const double got = (double)z[i % N_CLASSES * 16 +
		    i / N_CLASSES];

		if (!(fabs(got - want[i]) < 2e-6))
			fail_msg("%s: output %zu is %.9g, not %.9g",
			    nn_path_name(path), i, got, want[i]);
	}
	free(weights);
	nn_work_free(w);
	nn_plan_free(p);
}

static void
operations(void **state)
{
	static double pixels[N_IMAGES * N_ELEMENTS];
	static const enum ckpt_dtype dtypes[] = { CKPT_F32, CKPT_F64 };
	double want[N_IMAGES * N_CLASSES], got[N_IMAGES * N_CLASSES];
	struct ckpt_error err = { 0 };
	struct nn_images images;
	struct numbers numbers;
	struct graph *g;
	size_t n;
	char *text = read_file("operations.arch", &n);

	(void)state;
	must(graph_parse(text, n, &g, &err), &err);
	numbers_seed(&numbers, "images");
	for (size_t i = 0; i < N_IMAGES * N_ELEMENTS; i++)
		pixels[i] = numbers_next(&numbers);
	must(nn_images_make(g, CKPT_F64, pixels, N_IMAGES, &images, &err),
	    &err);
	read_expected(want);
	for (size_t k = 0; k < 2; k++) {
		struct model m;

		make_model(g, dtypes[k], &m);
		must(nn_exact_run(g, m.head.schema, m.data, &images, 0,
		    N_IMAGES, got, &err), &err);
		for (size_t i = 0; i < N_IMAGES * N_CLASSES; i++)
			if (!(fabs(got[i] - want[i]) < 1e-13))
				fail_msg("output %zu is %.17g, not %.17g", i,
				    got[i], want[i]);
		for (int path = NN_PATH_GENERIC; path <= NN_PATH_AVX512;
		    path++)
			if (nn_path_available(path))
				check_float(g, &m, &images, want, path);
		model_release(&m);
	}
	nn_images_release(&images);
	graph_free(g);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
