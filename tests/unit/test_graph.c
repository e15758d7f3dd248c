/* .arch files: what is read, and the line of every mistake. */
#include "unit.h"

#include "graph/graph.h"

static struct ckpt_error err;

static struct graph *
parse(const char *text)
{
	struct graph *g = NULL;

	must(graph_parse(text, strlen(text), &g, &err), &err);
	return (g);
}

#define HEAD "ckpt-arch 1\ninput 3x8x8\n"
#define TAIL "flatten\nlinear z out=2\noutput\n"

static const struct {
	const char *text;
	enum ckpt_status status;
	uint64_t line;
	const char *says;
} mistakes[] = {
	{ "", CKPT_NOT_OURS, 0, "ckpt-arch 1" },
	{ "# nothing\n", CKPT_NOT_OURS, 1, "ckpt-arch 1" },
	{ "input 3\n", CKPT_NOT_OURS, 1, "ckpt-arch 1" },
	{ "\x7f\x45LF\n", CKPT_NOT_OURS, 1, "ckpt-arch 1" },
	{ "ckpt-arch 2\n", CKPT_NEWER, 1, "newer" },
	{ "ckpt-arch one\n", CKPT_INVALID, 1, "version" },
	{ "ckpt-arch 1 x\n", CKPT_INVALID, 1, "too many" },
	{ "ckpt-arch 1\nrelu\n", CKPT_INVALID, 2, "before the input" },
	{ "ckpt-arch 1\ninput\n", CKPT_INVALID, 2, "shape" },
	{ "ckpt-arch 1\ninput 3x4\n", CKPT_INVALID, 2, "CxHxW" },
	{ "ckpt-arch 1\ninput 3x4x5x6\n", CKPT_INVALID, 2, "CxHxW" },
	{ "ckpt-arch 1\ninput 0x4x5\n", CKPT_INVALID, 2, "CxHxW" },
	{ "ckpt-arch 1\ninput 4294967297\n", CKPT_INVALID, 2, "CxHxW" },
	{ "ckpt-arch 1\ninput 65x65536x65536\n", CKPT_LIMIT, 2, "too many" },
	{ HEAD "input 3\n", CKPT_INVALID, 3, "second input" },
	{ HEAD "relu\nnormalize mean=1\n", CKPT_INVALID, 4, "right after" },
	{ HEAD "normalize mean=1,2\n", CKPT_INVALID, 3, "3 channels" },
	{ HEAD "normalize std=0\n", CKPT_INVALID, 3, "positive" },
	{ HEAD "normalize scale=1/0\n", CKPT_INVALID, 3, "fraction" },
	{ HEAD "normalize scale=0x10\n", CKPT_INVALID, 3, "decimal" },
	{ HEAD "normalize scale=nan\n", CKPT_INVALID, 3, "decimal" },
	{ HEAD "normalize mean=1,\n", CKPT_INVALID, 3, "decimal" },
	{ HEAD "mish\n", CKPT_INVALID, 3, "unknown operation \"mish\"" },
	{ HEAD "out=3\n", CKPT_INVALID, 3, "begins with" },
	{ HEAD "relu =3\n", CKPT_INVALID, 3, "around \"=\"" },
	{ HEAD "relu x= \n", CKPT_INVALID, 3, "around \"=\"" },
	{ HEAD "conv c kernel=3\n", CKPT_INVALID, 3, "needs out" },
	{ HEAD "conv c out=3\n", CKPT_INVALID, 3, "needs kernel" },
	{ HEAD "conv c out=0 kernel=3\n", CKPT_INVALID, 3, "from 1" },
	{ HEAD "conv c out=+3 kernel=3\n", CKPT_INVALID, 3, "whole" },
	{ HEAD "conv c out=3 out=3 kernel=1\n", CKPT_INVALID, 3, "twice" },
	{ HEAD "conv c out=3 kernel=3 colour=1\n", CKPT_INVALID, 3,
	    "does not take \"colour\"" },
	{ HEAD "conv c out=3 kernel=3x\n", CKPT_INVALID, 3, "HxW" },
	{ HEAD "conv c out=3 kernel=9\n", CKPT_INVALID, 3, "does not fit" },
	{ HEAD "conv c out=4 kernel=1 groups=2\n", CKPT_INVALID, 3,
	    "does not divide" },
	{ HEAD "conv out=3 kernel=1\n", CKPT_INVALID, 3, "needs a name" },
	{ HEAD "conv a/b out=3 kernel=1\n", CKPT_INVALID, 3, "A-Z" },
	{ HEAD "relu a b\n", CKPT_INVALID, 3, "too many" },
	{ HEAD "relu out=1 a\n", CKPT_INVALID, 3, "names come first" },
	{ HEAD "linear f out=3\n", CKPT_INVALID, 3, "flatten" },
	{ HEAD "flatten\nconv c out=3 kernel=1\n", CKPT_INVALID, 4,
	    "needs an image" },
	{ HEAD "flatten\nmaxpool kernel=2\n", CKPT_INVALID, 4, "image" },
	{ HEAD "flatten\nglobalavgpool\n", CKPT_INVALID, 4, "image" },
	{ HEAD "maxpool kernel=2 padding=2\n", CKPT_INVALID, 3, "half" },
	{ HEAD "avgpool kernel=2 dilation=2\n", CKPT_INVALID, 3,
	    "does not take" },
	{ HEAD "relu a\nrelu a\n", CKPT_INVALID, 4, "taken by line 3" },
	{ HEAD "relu from=b\n", CKPT_INVALID, 3, "no line above" },
	{ HEAD "relu a\nrelu from=a,a\n", CKPT_INVALID, 4, "one input" },
	{ HEAD "relu a\nadd from=a\n", CKPT_INVALID, 4, "two inputs" },
	{ HEAD "relu a\nadd from=a,a,a,a,a,a,a,a,a\n", CKPT_LIMIT, 4,
	    "8 inputs" },
	{ HEAD "relu a\nconv b out=2 kernel=1\nadd from=a,b\n", CKPT_INVALID,
	    5, "differ: 3x8x8 and 2x8x8" },
	{ HEAD "conv a out=3 kernel=1\nconv b out=3 kernel=3 "
	    "weight=a.weight\n", CKPT_INVALID, 4, "in another way" },
	{ HEAD TAIL "relu\n", CKPT_INVALID, 6, "after the output" },
	{ HEAD TAIL "output\n", CKPT_INVALID, 6, "after the output" },
	{ HEAD "relu\n", CKPT_INVALID, 3, "without an output" },
	{ HEAD "relu a\nrelu from=input\n" TAIL, CKPT_INVALID, 3,
	    "never used" },
	{ HEAD "relu \x01\n", CKPT_INVALID, 3, "control" },
	{ HEAD "relu \xff\n", CKPT_INVALID, 3, "UTF-8" },
	{ HEAD "carry\n", CKPT_INVALID, 3, "glob" },
	{ HEAD "name a\nname b\n", CKPT_INVALID, 4, "second name" },
	{ HEAD "leakyrelu slope=x\n", CKPT_INVALID, 3, "decimal" },
	{ HEAD "conv c out=1048576 kernel=1 padding=32\nflatten\n",
	    CKPT_LIMIT, 3, "too many" },
};

static void
test_mistakes(void **state)
{
	struct graph *g;
	size_t i;
	enum ckpt_status st;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		memset(&err, 0, sizeof(err));
		g = NULL;
		st = graph_parse(mistakes[i].text, strlen(mistakes[i].text),
		    &g, &err);
		if (st != mistakes[i].status ||
		    err.line != mistakes[i].line ||
		    strstr(err.text, mistakes[i].says) == NULL || g != NULL)
			fail_msg("%s: status %d, line %llu: %s",
			    mistakes[i].text, (int)st,
			    (unsigned long long)err.line, err.text);
	}
}

static void
test_long_files(void **state)
{
	char *text = malloc(1048577);
	struct graph *g;
	size_t n = 0;

	(void)state;
	memset(text, '#', 1048577);
	assert_int_equal(graph_parse(text, 1048577, &g, &err), CKPT_LIMIT);
	n = (size_t)snprintf(text, 64, "ckpt-arch 1\ninput 3\n");
	for (; n < 1048570; n += 5)
		memcpy(text + n, "relu\n", 5);
	assert_int_equal(graph_parse(text, n, &g, &err), CKPT_LIMIT);
	assert_int_equal(err.line, 65538);
	free(text);
}

static void
test_shapes(void **state)
{
	struct graph *g = parse("# comment\r\n\n ckpt-arch\t1 # c\nname n\n"
	    "input 3x9x7\nnormalize scale=1/255 mean=0.5,0.25,1 std=2\n"
	    "conv a out=4 kernel=3x2 stride=2x1 padding=1x0 dilation=1x2 "
	    "bias=b\nmaxpool kernel=2 stride=1 padding=1\nconv c out=8 "
	    "kernel=1 groups=4 weight=w bias=no\nglobalavgpool\n"
	    "linear f out=5\noutput\ncarry *.num\n");
	const struct graph_node *n = g->nodes;

	(void)state;
	assert_string_equal(g->name, "n");
	assert_int_equal(g->n_nodes, 7);
	assert_int_equal(g->n_mean, 3);
	assert_true(g->input_scale == 1 / 255.0 && g->mean[1] == 0.25 &&
	    g->std[2] == 2);
	assert_true(n[1].c == 4 && n[1].h == 5 && n[1].w == 5);
	assert_true(n[2].c == 4 && n[2].h == 6 && n[2].w == 6);
	assert_true(n[3].c == 8 && n[3].h == 6 && n[3].w == 6);
	assert_true(n[4].c == 8 && n[4].h == 1 && n[4].w == 1);
	assert_true(n[5].c == 5 && n[5].is_vector);
	assert_int_equal(n[6].op, GRAPH_OUTPUT);
	assert_int_equal(g->n_params, 5);
	assert_string_equal(g->params[1].name, "b");
	assert_string_equal(g->params[2].name, "w");
	assert_true(g->params[2].dims[0] == 8 && g->params[2].dims[1] == 1);
	assert_string_equal(g->carried[0], "*.num");
	graph_free(g);
}

static void
test_bind(void **state)
{
	struct graph *g = parse("ckpt-arch 1\ninput 3\nlinear a out=2\n"
	    "output\ncarry extra*\n");
	struct schema *s;
	size_t map[2];

	(void)state;
	must(schema_new(&s, &err), &err);
	must(schema_add(s, "a.bias", 6, CKPT_F32, 1, (uint64_t[]){ 2 },
	    &err), &err);
	must(schema_add(s, "extra.x", 7, CKPT_I64, 0, NULL, &err), &err);
	must(schema_add(s, "a.weight", 8, CKPT_F32, 2,
	    (uint64_t[]){ 2, 3 }, &err), &err);
	must(schema_finish(s, &err), &err);
	must(graph_bind(g, s, map, &err), &err);
	assert_true(map[0] == 2 && map[1] == 0);
	schema_unref(s);

	must(schema_new(&s, &err), &err);
	must(schema_add(s, "a.bias", 6, CKPT_F32, 1, (uint64_t[]){ 3 },
	    &err), &err);
	must(schema_finish(s, &err), &err);
	assert_int_equal(graph_bind(g, s, map, &err), CKPT_INVALID);
	assert_non_null(strstr(err.text, "lacks the tensor \"a.weight\""));
	schema_unref(s);

	must(schema_new(&s, &err), &err);
	must(schema_add(s, "a.weight", 8, CKPT_F32, 2,
	    (uint64_t[]){ 3, 2 }, &err), &err);
	must(schema_finish(s, &err), &err);
	assert_int_equal(graph_bind(g, s, map, &err), CKPT_INVALID);
	assert_non_null(strstr(err.text, "3x2, but 2x3"));
	schema_unref(s);
	graph_free(g);
}

static void
test_shipped(void **state)
{
	struct graph *g;
	size_t i;

	(void)state;
	assert_true(graph_shipped_count() >= 4);
	for (i = 0; i < graph_shipped_count(); i++) {
		g = parse(graph_shipped_text(i));
		assert_string_equal(g->name, graph_shipped_name(i));
		graph_free(g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_files),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_shipped),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
