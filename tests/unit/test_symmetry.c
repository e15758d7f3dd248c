/* Tables of symmetries: derived, printed, parsed. */
#include <math.h>

#include "tables.h"
#include "unit.h"

static struct ckpt_error err;

static const char optunet[] = "ckpt-arch 1\ninput 1x28x28\n"
    "conv conv1 out=2 kernel=4 bias=no\nrelu\nmaxpool kernel=3\n"
    "conv conv2 out=10 kernel=5 groups=2 bias=no\nrelu\nglobalavgpool\n"
    "linear fc1 out=10\noutput\n";

static void
test_optunet(void **state)
{
	struct symmetry *s = table_of(optunet);

	(void)state;
	assert_true(fabs(symmetry_log10(s) - log10(28800)) < 1e-12);
	symmetry_free(s);
	table_is(optunet,
	    "axis 0 0 1 1 out 1 conv1.weight\n"
	    "axis 0 1 1 1 out 2 conv2.weight\n"
	    "axis 1 0 1 2 in 2 conv2.weight\n"
	    "axis 1 1 1 1 in 3 fc1.weight\n"
	    "group 0 2 permuted scale -\n"
	    "group 1 10 permuted scale 0\n");
}

static void
test_kinds(void **state)
{
	(void)state;
	/* tanh, average, flatten in blocks: sign; then leaky: scale; then
	 * nothing: both; sigmoid: neither */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=3 kernel=1\ntanh\n"
	    "avgpool kernel=2\nflatten\nlinear b out=4 bias=no\nleakyrelu\n"
	    "linear c out=5 bias=no\nlinear d out=6 bias=no\nsigmoid\n"
	    "linear e out=2\noutput\n",
	    "axis 0 0 1 1 out 1 a.bias\n"
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 4 1 in 2 b.weight\n"
	    "axis 0 2 1 1 out 3 c.weight\n"
	    "axis 1 1 1 1 in 3 c.weight\n"
	    "axis 0 3 1 1 out 4 d.weight\n"
	    "axis 1 2 1 1 in 4 d.weight\n"
	    "axis 1 3 1 1 in 5 e.weight\n"
	    "group 0 3 permuted sign -\n"
	    "group 1 4 permuted scale -\n"
	    "group 2 5 permuted scale,sign -\n"
	    "group 3 6 permuted none -\n");
	/* max pooling leaves no sign, tanh no scale */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=3 kernel=1 bias=no\n"
	    "tanh\nmaxpool kernel=2\nconv b out=2 kernel=2 bias=no\n"
	    "flatten\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 1 0 1 1 in 2 b.weight\n"
	    "group 0 3 permuted none -\n");
}

static void
test_residual(void **state)
{
	(void)state;
	/* the stream is one group, also where it reads itself */
	table_is("ckpt-arch 1\ninput 3\nlinear a out=4 bias=no\nrelu s\n"
	    "linear b out=5 bias=no\nrelu\nlinear c out=4 bias=no\nrelu t\n"
	    "linear d out=4 bias=no from=s\nrelu u\nadd from=s,t,u\n"
	    "linear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 1 1 in 2 b.weight\n"
	    "axis 0 0 1 1 out 3 c.weight\n"
	    "axis 1 1 1 1 in 3 c.weight\n"
	    "axis 0 0 1 1 out 2 d.weight\n"
	    "axis 1 0 1 1 in 2 d.weight\n"
	    "axis 1 0 1 1 in 4 e.weight\n"
	    "group 0 4 permuted scale -\n"
	    "group 1 5 permuted scale -\n");
	/* added to the input: fixed, hence no group */
	table_is("ckpt-arch 1\ninput 3\nlinear a out=3 bias=no\n"
	    "relu t\nadd from=input,t\nlinear e out=2 bias=no\noutput\n",
	    "");
	/* an image in blocks added to a vector ties blocks */
	table_is("ckpt-arch 1\ninput 1x2x2\nconv a out=3 kernel=1 bias=no\n"
	    "relu\nflatten f\nflatten v from=input\nlinear b out=12 bias=no\n"
	    "relu g\nadd from=f,g\nlinear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 0 4 1 out 1 b.weight\n"
	    "axis 1 0 4 1 in 2 e.weight\n"
	    "group 0 3 permuted scale -\n");
}

static void
test_grouped(void **state)
{
	(void)state;
	/* several channels a slice: the slices are a group of their own */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=4 kernel=1 bias=no\n"
	    "relu\nconv b out=6 kernel=1 groups=2 bias=no\nrelu\nflatten\n"
	    "linear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 1 2 in 2 b.weight\n"
	    "axis 1 1 16 1 in 3 e.weight\n"
	    "group 0 4 permuted scale 2\n"
	    "group 1 6 permuted scale 2\n"
	    "group 2 2 permuted none -\n");
	/* depthwise: permuted alike, scaled apart */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=4 kernel=1 bias=no\n"
	    "relu\nconv b out=4 kernel=3 groups=4 bias=no\nrelu\nflatten\n"
	    "linear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 1 4 in 2 b.weight\n"
	    "axis 1 1 4 1 in 3 e.weight\n"
	    "group 0 4 permuted scale -\n"
	    "group 1 4 permuted scale 0\n");
	/* nested: 8 channels in 4 blocks in 2 blocks */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=8 kernel=1 bias=no\n"
	    "relu\nconv b out=8 kernel=1 groups=4 bias=no\nrelu\n"
	    "conv c out=8 kernel=1 groups=2 bias=no\nrelu\nflatten\n"
	    "linear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 1 4 in 2 b.weight\n"
	    "axis 0 2 1 1 out 3 c.weight\n"
	    "axis 1 1 1 2 in 3 c.weight\n"
	    "axis 1 2 16 1 in 4 e.weight\n"
	    "group 0 8 permuted scale 3\n"
	    "group 1 8 permuted scale 3\n"
	    "group 2 8 permuted scale 4\n"
	    "group 3 4 permuted none 4\n"
	    "group 4 2 permuted none -\n");
	/* crossing: 4 blocks of 3 and 6 of 2 */
	table_is("ckpt-arch 1\ninput 1x4x4\nconv a out=12 kernel=1 bias=no\n"
	    "relu\nconv b out=12 kernel=1 groups=4 bias=no\nrelu\n"
	    "conv c out=12 kernel=1 groups=6 bias=no\nrelu\nflatten\n"
	    "linear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.weight\n"
	    "axis 1 0 1 4 in 2 b.weight\n"
	    "axis 0 2 1 1 out 3 c.weight\n"
	    "axis 1 1 1 6 in 3 c.weight\n"
	    "axis 1 2 16 1 in 4 e.weight\n"
	    "group 0 12 permuted scale 3\n"
	    "group 1 12 fixed scale -\n"
	    "group 2 12 permuted scale 4\n"
	    "group 3 4 fixed none -\n"
	    "group 4 6 fixed none -\n");
	/* slices of the input do not move */
	table_is("ckpt-arch 1\ninput 2x4x4\nconv a out=4 kernel=1 groups=2 "
	    "bias=no\nrelu\nflatten\nlinear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 1 0 16 1 in 2 e.weight\n"
	    "group 0 4 permuted scale 1\n"
	    "group 1 2 fixed none -\n");
}

static void
test_shared(void **state)
{
	(void)state;
	/* one tensor in two places ties both its sides */
	table_is("ckpt-arch 1\ninput 3\nlinear a out=4 bias=no\nrelu\n"
	    "linear b out=4 bias=no\nrelu\nlinear c out=4 weight=b.weight "
	    "bias=no\nrelu\nlinear e out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 0 1 1 out 2 b.weight\n"
	    "axis 1 0 1 1 in 2 b.weight\n"
	    "axis 1 0 1 1 in 4 e.weight\n"
	    "group 0 4 permuted scale -\n");
}

/* The ID depends on what follows from the text, not on the text. */
static void
test_id(void **state)
{
	struct symmetry *a = table_of(optunet);
	struct symmetry *b = table_of("# c\nckpt-arch 1\n"
	    "name other\ninput 1x28x28\nnormalize scale=2\nconv conv1 "
	    "bias=no kernel=4x4 out=2\nleakyrelu slope=0.1\nmaxpool "
	    "kernel=2\nconv conv2 out=10 kernel=5 groups=2 bias=no\nrelu r\n"
	    "globalavgpool from=r\nlinear fc1 out=10 bias=no\noutput\n");
	struct ckpt_id x, y;

	(void)state;
	must(symmetry_id(a, &x, &err), &err);
	must(symmetry_id(b, &y, &err), &err);
	assert_true(id_equal(&x, &y));
	symmetry_free(a);
	symmetry_free(b);
}

static void
test_bad_tables(void **state)
{
	static const char *const bad[] = {
		"axis 0 0 1 1 out 1 a",                       /* no LF */
		"axis 0 0 1 1 out 1 a\n",                     /* no group */
		"axis 0 0 1 1 out 0 a\ngroup 0 2 permuted none -\n",
		"axis 0 1 1 1 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 2 0 1 1 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 0 1 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 01 1 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1  out 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 2 out 1 a\ngroup 0 4 permuted none -\n",
		"axis 0:0 0 1 1 out 1 a\naxis 0:1 0 1 1 out 1 a\n"
		    "group 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\naxis 0:2 0 1 1 out 1 a\n"
		    "group 0 2 permuted none -\n",
		"axis 0:x 0 1 1 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 1 0 1 3 out 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1 up 1 a\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 \ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 \xff\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 0 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 2 permuted none\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 2 permuted none 0\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 2 permuted none 7\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 2 permuted sign,scale -\n",
		"axis 0 0 1 1 out 1 a\ngroup 1 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 9999999 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 2 permuted none -\n"
		    "group 1 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 3 permuted none 1\n"
		    "group 1 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 4 fixed none 1\n"
		    "group 1 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\ngroup 0 4 permuted none 1\n"
		    "group 1 4 permuted none 0\n",
		"axis 0 0 1 1 out 1 b\naxis 0 0 1 1 out 1 a\n"
		    "group 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a\naxis 0 0 1 1 out 1 a\n"
		    "group 0 2 permuted none -\n",
		"group 0 2 permuted none -\naxis 0 0 1 1 out 1 a\n",
	};
	char text[512];
	struct symmetry *s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "ckpt symmetry 1\n%s", bad[i]);
		err.text[0] = '\0';
		if (symmetry_parse(text, strlen(text), &s, &err) == CKPT_OK)
			fail_msg("accepted: %s", text);
		assert_true(err.text[0] != '\0');
	}
	assert_int_equal(symmetry_parse("ckpt symmetry 2\n", 16, &s, &err),
	    CKPT_NOT_OURS);
}

static void
test_explain(void **state)
{
	struct symmetry *s = table_of(optunet);
	struct buf b = BUF_INIT(1 << 16);

	(void)state;
	must(symmetry_explain(s, &b, &err), &err);
	must(buf_append(&b, "", 1, &err), &err);
	assert_non_null(strstr((char *)b.data, "group 1: 10 units; "
	    "permutation, scale; 2 blocks of 5 that move with group 0"));
	assert_non_null(strstr((char *)b.data, "permutations 4.459392\n"));
	buf_release(&b);
	symmetry_free(s);
}

/* What of the permutations is in streams, whichever of the groups that move
 * alike comes first by name, and though statistics are written, too. */
static void
test_explain_streams(void **state)
{
	static const struct {
		const char *arch, *says;
	} cases[] = {
		{ "resnet18", "permutations 5934.492639\n  3956.328426 of it "
		    "where one layer writes the units, 1978.164213 in" },
		{ "resnet20", "permutations 551.376833\n  413.532625 of it "
		    "where one layer writes the units, 137.844208 in" },
		{ "resnet20-frn-silu", "permutations 551.376833\n"
		    "  413.532625 of it" },
		/* streams of 160, 320 and 640 */
		{ "wrn28-10", "9888.552398 of it where one layer writes the "
		    "units, 2468.807945 in residual streams" },
		{ "vgg16-bn-cifar", "permutations 9129.426784\n" },
	};
	struct buf b = BUF_INIT(1 << 20);
	struct symmetry *s;
	const char *text;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (k = 0; strcmp(graph_shipped_name(k), cases[i].arch) != 0;)
			k++;
		s = table_of(graph_shipped_text(k));
		b.len = 0;
		must(symmetry_explain(s, &b, &err), &err);
		must(buf_append(&b, "", 1, &err), &err);
		text = (char *)b.data;
		if (strstr(text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].arch,
			    strstr(text, "total:"));
		assert_true(strncmp(cases[i].arch, "vgg", 3) != 0 ||
		    strstr(text, "streams") == NULL);
		symmetry_free(s);
	}
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_optunet),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_residual),
		cmocka_unit_test(test_grouped),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_streams),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
