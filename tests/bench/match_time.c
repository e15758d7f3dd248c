/*
 * match_time: the time of one matching, for bench_match.sh: a random model of
 * an architecture, to a random one (independent) or to itself with its units
 * permuted and noise of `NOISE` standard deviations added (planted).
 *
 * usage: match_time ARCH independent|planted NOISE SEED DIR
 *
 * Writes both models to DIR/a.safetensors and b.safetensors for a peer, and
 * prints CPU seconds, sweeps, units out of their place, seconds of the matrix
 * products of one sweep alone, objective.
 */
#include <math.h>

#include "unit.h"

#include "match/gemm.h"
#include "nets.h"

#include "cpu_time.h"

static char *
read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1 << 20, 1);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	(void)fclose(f);
	return (text);
}

static double *
array(size_t n)
{
	double *w = malloc((n + 1) * sizeof(*w));

	assert_non_null(w);
	return (w);
}

/* Normal weights, each tensor's of variance 1 / fan-in, vectors' of 0.01. */
static void
draw(const struct nets *n, uint64_t seed, double *w)
{
	const struct match_shape *s = n->shape;
	const struct sym_tensor *t;
	double spread;
	size_t i, j;

	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		spread = t->cols * t->inner == 1 ? 0.1 :
		    1 / sqrt((double)(t->cols * t->inner));
		for (j = s->offset[i]; j < s->offset[i + 1]; j++)
			w[j] = spread * nets_normal(&seed);
	}
}

/* w moved by a random map (which undoes it), with noise. */
static void
plant(const struct nets *n, uint64_t seed, double noise, double *w,
    struct match_map *map)
{
	const struct match_shape *s = n->shape;
	double *extra = array(s->total + s->max_tensor);
	size_t i;

	nets_map(n, &seed, false, false, map);
	draw(n, seed, extra);
	for (i = 0; i < s->total; i++)
		w[i] += noise * extra[i];
	match_apply(s, map, NULL, w, extra + s->total);
	free(extra);
}

/* Units that do not return to their place. */
static uint64_t
misplaced(const struct match_map *planted, const struct match_map *found)
{
	size_t g;
	uint32_t u;
	uint64_t n = 0;

	for (g = 0; g < found->n_groups; g++)
		for (u = 0; u < found->n_units[g]; u++)
			n += planted->units[g][
			    found->units[g][u].source].source != u;
	return (n);
}

/* One product of the units of each axis. */
static double
products_alone(const struct match_shape *s)
{
	const struct sym_tensor *t;
	struct gemm_matrix x;
	size_t i, k, n, len, most = s->max_units * s->max_units;
	float *a = calloc(s->max_tensor + 1, sizeof(*a));
	float *c = calloc(most + 1, sizeof(*c));
	double start = 0;
	unsigned pass;

	assert_non_null(a);
	assert_non_null(c);
	for (pass = 0; pass < 2; pass++) { /* the first warms up */
		start = seconds();
		for (i = 0; i < s->n_tensors; i++)
			for (k = 0; k < 2; k++) {
				t = &s->tensors[i];
				n = (k == 0 ? t->row : t->col).group;
				if (n == SIZE_MAX)
					continue;
				n = s->table->groups[n].n_units;
				len = (s->offset[i + 1] - s->offset[i]) / n;
				x = (struct gemm_matrix){ a, len, 1 };
				gemm_best()(n, n, len, &x, &x, c, n);
			}
	}
	free(a);
	free(c);
	return (seconds() - start);
}

/* As bench_match.py reads it. */
static void
write_model(const struct model *m, const char *dir, const char *name)
{
	const struct schema *schema = m->head.schema;
	struct buf head = BUF_INIT(1 << 20);
	struct ckpt_error err = { .status = CKPT_OK };
	const struct tensor_desc *t;
	char path[4096];
	unsigned char size[8];
	size_t i, j;
	FILE *f;

	for (i = 0; i < schema->n_tensors; i++) {
		t = &schema->tensors[i];
		must(buf_printf(&head, &err, "%s\"%s\":{\"dtype\":\"F32\","
		    "\"shape\":[", i == 0 ? "{" : ",", t->name), &err);
		for (j = 0; j < t->n_dims; j++)
			must(buf_printf(&head, &err, "%s%llu", j == 0 ? "" :
			    ",", (unsigned long long)t->dims[j]), &err);
		must(buf_printf(&head, &err, "],\"data_offsets\":[%llu,%llu]}",
		    (unsigned long long)t->offset,
		    (unsigned long long)(t->offset + t->n_bytes)), &err);
	}
	must(buf_printf(&head, &err, "}"), &err);
	(void)snprintf(path, sizeof(path), "%s/%s.safetensors", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	le64_store(size, head.len);
	assert_true(fwrite(size, 8, 1, f) == 1);
	assert_true(fwrite(head.data, head.len, 1, f) == 1);
	assert_true(fwrite(m->data, (size_t)schema->n_bytes, 1, f) == 1);
	assert_int_equal(fclose(f), 0);
	buf_release(&head);
}

int
main(int argc, char **argv)
{
	struct ckpt_error err = { .status = CKPT_OK };
	bool is_planted = argc == 6 && strcmp(argv[2], "planted") == 0;
	struct match_problem *problem;
	struct match_map map;
	struct match_result r;
	struct model like, ref, m;
	struct nets n;
	uint64_t seed;
	double *w, time;
	char *text;

	if (argc != 6)
		return (2);
	seed = strtoull(argv[4], NULL, 10);
	text = read_text(argv[1]);
	nets_open(&n, text, CKPT_F32);
	nets_model(&n, 1, &like);
	w = array(n.shape->total);
	draw(&n, seed, w);
	nets_from_weights(&n, &like, w, &ref);
	if (is_planted)
		plant(&n, seed + 1, strtod(argv[3], NULL), w, &map);
	else
		draw(&n, seed + 1, w);
	nets_from_weights(&n, &like, w, &m);
	free(w);
	write_model(&ref, argv[5], "a");
	write_model(&m, argv[5], "b");
	must(match_problem_new(n.shape, &ref, MATCH_SCALE_NONE, &problem,
	    &err), &err);
	time = seconds();
	must(match_solve(problem, n.plan, &m, 0, seed, &r, &err), &err);
	time = seconds() - time;
	(void)printf("%.4f %u %llu %.4f %.9g\n", time, r.n_sweeps,
	    (unsigned long long)(is_planted ? misplaced(&map, &r.map) : 0),
	    products_alone(n.shape), r.after);
	return (0);
}
