/*
 * Planted permutations are found: random networks, moved by a random element
 * of their group, with and without noise of half the weights' standard
 * deviation; and residual streams, where a descent from the identity alone
 * finds few.
 *
 * usage: match_planted [TRIALS]
 */
#include <math.h>
#include <stdlib.h>

#include "unit.h"

#include "nets.h"

static unsigned long n_trials = 100;

static double *
array(size_t n)
{
	double *w = malloc((n + 1) * sizeof(*w));

	assert_non_null(w);
	return (w);
}

/* w with noise of a part of each tensor's standard deviation, moved. */
static void
plant(const struct nets *n, uint64_t *seed, double noise, double *w,
    struct match_map *map)
{
	const struct match_shape *s = n->shape;
	double *temp = array(s->max_tensor), sum, squares, len, spread;
	size_t t, i;

	for (t = 0; t < s->n_tensors; t++) {
		sum = squares = 0;
		for (i = s->offset[t]; i < s->offset[t + 1]; i++) {
			sum += w[i];
			squares += w[i] * w[i];
		}
		len = (double)(s->offset[t + 1] - s->offset[t]);
		spread = sqrt(squares / len - sum / len * (sum / len));
		for (i = s->offset[t]; i < s->offset[t + 1]; i++)
			w[i] += noise * spread * nets_normal(seed);
	}
	nets_map(n, seed, true, false, map);
	match_apply(s, map, NULL, w, temp);
	free(temp);
}

/* Units that do not return to their place, or not with their sign. */
static size_t
misplaced(const struct match_map *planted, const struct match_map *found)
{
	const struct match_unit *a, *b;
	size_t g, n = 0;
	uint32_t u;

	for (g = 0; g < found->n_groups; g++)
		for (u = 0; u < found->n_units[g]; u++) {
			b = &found->units[g][u];
			a = &planted->units[g][b->source];
			n += a->source != u || a->factor * b->factor < 0;
		}
	return (n);
}

static bool
find(const char *text, uint64_t seed, double noise)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct match_problem *problem;
	struct match_result r;
	struct match_map map;
	struct model ref, m;
	struct nets n;
	size_t wrong;
	double *w;

	nets_open(&n, text, CKPT_F32);
	nets_model(&n, seed, &ref);
	w = array(n.shape->total);
	(void)match_load(n.shape, n.plan, &ref, w);
	plant(&n, &seed, noise, w, &map);
	nets_from_weights(&n, &ref, w, &m);
	must(match_problem_new(n.shape, &ref, MATCH_SCALE_NONE, &problem,
	    &err), &err);
	must(match_solve(problem, n.plan, &m, 0, seed, &r, &err), &err);
	wrong = misplaced(&map, &r.map);
	match_map_release(&map);
	match_map_release(&r.map);
	match_problem_free(problem);
	model_release(&m);
	model_release(&ref);
	nets_close(&n);
	free(w);
	return (wrong == 0);
}

static void
find_all(const char *what, const char *text, double noise)
{
	unsigned long seed, n = 0;

	for (seed = 0; seed < n_trials; seed++)
		n += find(text, seed, noise);
	(void)printf("%s, noise %g: %lu of %lu\n", what, noise, n, n_trials);
	if (n < n_trials)
		fail_msg("%s", text);
}

/*
 * A stream of `width` that `depth` blocks of `inner` units add to: h <- h + B
 * relu(A h), without biases. Its ends are as narrow as can be, so that next to
 * nothing says from outside which unit is which; a descent from the identity
 * finds the permutation in few cases.
 */
static void
residual(unsigned width, unsigned inner, unsigned depth, struct buf *out)
{
	struct ckpt_error err = { .status = CKPT_OK };
	unsigned i;

	must(buf_printf(out, &err, "ckpt-arch 1\ninput 1\n"
	    "linear stem out=%u bias=no\nrelu r0\n", width), &err);
	for (i = 0; i < depth; i++)
		must(buf_printf(out, &err,
		    "linear a%u out=%u bias=no from=r%u\nrelu\n"
		    "linear b%u out=%u bias=no\nadd r%u from=r%u,b%u\n",
		    i, inner, i, i, width, i + 1, i, i), &err);
	must(buf_printf(out, &err, "linear z out=1 bias=no\noutput\n%c", 0),
	    &err);
}

static void
test_residual(void **unused)
{
	static const unsigned sizes[][3] = {
		{ 3, 5, 1 }, { 3, 5, 2 }, { 3, 5, 8 }, { 3, 5, 50 },
		{ 30, 50, 1 }, { 30, 50, 2 }, { 30, 50, 8 }
	};
	struct buf text;
	char what[80];
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		buf_init(&text, 1 << 20);
		residual(sizes[i][0], sizes[i][1], sizes[i][2], &text);
		(void)snprintf(what, sizeof(what),
		    "stream of %u, %u blocks of %u", sizes[i][0],
		    sizes[i][2], sizes[i][1]);
		find_all(what, (const char *)text.data, 0);
		if (sizes[i][0] == 30 && sizes[i][2] > 1)
			find_all(what, (const char *)text.data, 0.5);
		buf_release(&text);
	}
}

static const char mlp[] =
    "ckpt-arch 1\ninput 20\nlinear a out=40\nrelu\nlinear b out=60\nrelu\n"
    "linear c out=30\nrelu\nlinear z out=5\noutput\n";
static const char signs[] =
    "ckpt-arch 1\ninput 20\nlinear a out=40\ntanh\nlinear b out=60\ntanh\n"
    "linear z out=5\noutput\n";
static const char convolutions[] =
    "ckpt-arch 1\ninput 3x8x8\nconv a out=16 kernel=3 padding=1\nrelu\n"
    "conv b out=24 kernel=3 groups=1\nrelu\nmaxpool kernel=2\n"
    "conv c out=32 kernel=2\nrelu\nflatten\nlinear z out=5\noutput\n";
static const char normalised[] =
    "ckpt-arch 1\ninput 3x8x8\nconv s out=24 kernel=3 padding=1 bias=no\n"
    "batchnorm sn\nrelu r0\n"
    "conv a out=24 kernel=3 padding=1 bias=no\nbatchnorm an\nrelu\n"
    "conv b out=24 kernel=3 padding=1 bias=no\nbatchnorm bn\n"
    "add t0 from=r0,bn\nrelu r1\n"
    "conv c out=32 kernel=3 padding=1 stride=2 bias=no\nbatchnorm cn\nrelu\n"
    "conv d out=32 kernel=3 padding=1 bias=no\nbatchnorm dn\n"
    "conv e out=32 kernel=1 stride=2 bias=no from=r1\nbatchnorm en\n"
    "add t1 from=dn,en\nrelu\nglobalavgpool\nlinear z out=5\noutput\n";
static const char grouped[] =
    "ckpt-arch 1\ninput 3x8x8\nconv a out=16 kernel=3 padding=1\nrelu\n"
    "conv b out=32 kernel=3 groups=4\nrelu\nconv c out=24 kernel=3\nrelu\n"
    "globalavgpool\nlinear z out=5\noutput\n";
static const char depthwise[] =
    "ckpt-arch 1\ninput 3x8x8\nconv a out=16 kernel=3 padding=1 bias=no\n"
    "batchnorm an\nrelu\nconv b out=16 kernel=3 groups=16 bias=no\n"
    "batchnorm bn\ntanh\nconv c out=24 kernel=3\nrelu\n"
    "globalavgpool\nlinear z out=5\noutput\n";

static void
test_random(void **unused)
{
	static const struct {
		const char *what, *text;
	} nets[] = {
		{ "MLP", mlp }, { "tanh MLP", signs },
		{ "convolutions", convolutions },
		{ "residual, normalised", normalised },
		{ "grouped convolution", grouped },
		{ "depthwise convolution", depthwise },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(nets) / sizeof(*nets); i++) {
		find_all(nets[i].what, nets[i].text, 0);
		find_all(nets[i].what, nets[i].text, 0.5);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_residual),
		cmocka_unit_test(test_random),
	};

	if (argc > 1)
		n_trials = strtoul(argv[1], NULL, 10);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
