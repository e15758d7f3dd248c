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
	/* normalisations */
	{ HEAD "batchnorm\n", CKPT_INVALID, 3, "needs a name" },
	{ HEAD "batchnorm b eps=-1\n", CKPT_INVALID, 3, "negative" },
	{ HEAD "frn b eps=x\n", CKPT_INVALID, 3, "decimal" },
	{ HEAD "batchnorm b affine=maybe\n", CKPT_INVALID, 3, "yes or no" },
	{ HEAD "batchnorm b tau=no\n", CKPT_INVALID, 3, "does not take" },
	{ HEAD "layernorm b groups=3\n", CKPT_INVALID, 3, "does not take" },
	{ HEAD "groupnorm b\n", CKPT_INVALID, 3, "needs groups" },
	{ HEAD "groupnorm b groups=2\n", CKPT_INVALID, 3,
	    "does not divide 3 channels" },
	{ HEAD "batchnorm a\nlayernorm b weight=a.weight\n", CKPT_INVALID,
	    4, "used in line 3 in another way" },
	{ HEAD "dropout q=1\n", CKPT_INVALID, 3, "does not take" },
	/* concat */
	{ HEAD "concat from=input\n", CKPT_INVALID, 3, "two inputs" },
	{ HEAD "maxpool p kernel=2\nconcat from=p,input\n", CKPT_INVALID, 4,
	    "other sizes: 4x4 and 8x8" },
	{ HEAD "flatten v\nconcat from=v,input\n", CKPT_INVALID, 4,
	    "other sizes" },
	/* transposed convolutions */
	{ HEAD "convtranspose c out=3 kernel=2 padding=5\n", CKPT_INVALID, 3,
	    "no size" },
	{ HEAD "convtranspose c out=3 kernel=2 output_padding=1\n",
	    CKPT_INVALID, 3, "smaller than stride" },
	{ HEAD "convtranspose c out=4 kernel=1 groups=3\n", CKPT_INVALID, 3,
	    "does not divide" },
	{ HEAD "flatten\nconvtranspose c out=3 kernel=1\n", CKPT_INVALID, 4,
	    "needs an image" },
	{ HEAD "convtranspose c out=1 kernel=1 stride=9999\n", CKPT_INVALID,
	    3, "more than 65536" },
	/* blocks */
	{ HEAD "block\n", CKPT_INVALID, 3, "needs a name" },
	{ HEAD "block b c\nend\n", CKPT_INVALID, 3, "too many" },
	{ HEAD "block b\nrelu\nend\nblock b\nend\n", CKPT_INVALID, 6,
	    "second block \"b\"" },
	{ HEAD "block b\nrelu\n", CKPT_INVALID, 3, "no end line" },
	{ HEAD "block b\n\nblock c\nend\nend\n", CKPT_INVALID, 5,
	    "within a block" },
	{ HEAD "end\n", CKPT_INVALID, 3, "unknown operation \"end\"" },
	{ HEAD "use\n", CKPT_INVALID, 3, "needs a block" },
	{ HEAD "block b\nrelu\nend\nuse b\n", CKPT_INVALID, 6,
	    "names that it is used under" },
	{ HEAD "use b x\n", CKPT_INVALID, 3, "no block above" },
	{ HEAD "use b x\nblock b\nrelu\nend\n", CKPT_INVALID, 3,
	    "no block above" },
	{ "ckpt-arch 1\nblock b\nrelu\nend\nuse b x\n", CKPT_INVALID, 5,
	    "before the input" },
	{ HEAD "block b\n# none\n\nend\nuse b x\n", CKPT_INVALID, 7,
	    "has no lines" },
	{ HEAD "block b\nrelu\nend\nuse b x from=y\n", CKPT_INVALID, 6,
	    "no line above is named \"y\"" },
	{ HEAD "block b\nrelu\nend\nuse b x k=2\n", CKPT_INVALID, 6,
	    "has no use for \"k\"" },
	{ HEAD "block b\nrelu\nend\nuse b x k=two\n", CKPT_INVALID, 6,
	    "whole number" },
	{ HEAD "block b\nrelu\nend\nuse b a/b\n", CKPT_INVALID, 4, "A-Z" },
	{ HEAD "block b\n\nmish\nend\nuse b x\n", CKPT_INVALID, 5,
	    "unknown operation \"mish\"" },
	{ HEAD "block b\ncarry *\nend\nuse b x\n", CKPT_INVALID, 4,
	    "carry stands in a block" },
	{ HEAD "block b\nlet a=1\nend\nuse b x\n", CKPT_INVALID, 4,
	    "let stands in a block" },
	{ HEAD "block b\nrelu from=a\nend\nrelu a\nuse b x\n",
	    CKPT_INVALID, 4, "no line above is named \"x.a\"" },
	{ HEAD "block b\nrelu a\nrelu\nend\nuse b x x\n", CKPT_INVALID, 4,
	    "\"x.a\" is taken by line 4" },
	{ HEAD "block b\nuse b y\nend\nuse b x\n", CKPT_LIMIT, 4,
	    "8 deep" },
	{ HEAD "block b\nconv c out=3 kernel=1 colour=1\nend\nuse b x\n",
	    CKPT_INVALID, 4, "does not take \"colour\"" },
	/* numbers with names */
	{ HEAD "let\n", CKPT_INVALID, 3, "NAME=NUMBER" },
	{ HEAD "let of=a\n", CKPT_INVALID, 3, "NAME=NUMBER" },
	{ HEAD "let a=0\n", CKPT_INVALID, 3, "from 1" },
	{ HEAD "let a=x\n", CKPT_INVALID, 3, "whole number" },
	{ HEAD "let a=1 b=2\n", CKPT_INVALID, 3, "does not take \"b\"" },
	{ HEAD "let a=1\nlet a=2\n", CKPT_INVALID, 4, "a number already" },
	{ HEAD "let b=2\nlet a=$b\n", CKPT_INVALID, 4, "whole number" },
	{ HEAD "conv c out=$n kernel=1\n", CKPT_INVALID, 3,
	    "out=$n: no let line" },
	{ HEAD "conv c out=$ kernel=1\n", CKPT_INVALID, 3, "no let line" },
	{ HEAD "block b\nconv c out=$n kernel=1\nend\nuse b x\n",
	    CKPT_INVALID, 4, "out=$n: no let line" },
	{ HEAD "block b\nconv c out=$n kernel=1\nend\nuse b x n=3\n"
	    "conv d out=$n kernel=1\n", CKPT_INVALID, 7, "no let line" },
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

/* A tensor of the graph by its name. */
static const struct graph_param *
param(const struct graph *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->n_params; i++)
		if (strcmp(g->params[i].name, name) == 0)
			return (&g->params[i]);
	fail_msg("no tensor %s", name);
	return (NULL);
}

static void
test_normalisations(void **state)
{
	struct graph *g = parse("ckpt-arch 1\ninput 6x4x4\n"
	    "batchnorm a\nfrn b tau=no eps=1/8\nfrn c weight=no tau=t\n"
	    "layernorm d bias=no\ngroupnorm e groups=3 affine=no\n"
	    "convtranspose f out=4 kernel=3x2 stride=2x3 padding=1x0 "
	    "output_padding=1x2 groups=2\nsilu\ngelu\ndropout p=0.5\n"
	    "flatten\nlinear z out=2\noutput\n");
	const struct graph_node *n = g->nodes;
	const struct graph_param *p;

	(void)state;
	assert_int_equal(g->n_params, 4 + 2 + 2 + 1 + 2 + 2);
	assert_true(n[1].eps == 1e-5 && n[2].eps == 0.125 &&
	    n[3].eps == 1e-6);
	p = param(g, "a.running_var");
	assert_true(p->n_dims == 1 && p->dims[0] == 6);
	p = param(g, "b.gamma");
	assert_true(p->n_dims == 4 && p->dims[0] == 1 && p->dims[1] == 6 &&
	    p->dims[2] == 1 && p->dims[3] == 1);
	assert_true(n[2].tau == GRAPH_NONE && n[3].weight == GRAPH_NONE);
	assert_string_equal(g->params[n[3].tau].name, "t");
	assert_string_equal(g->params[n[3].bias].name, "c.beta");
	assert_true(n[4].bias == GRAPH_NONE && n[5].weight == GRAPH_NONE &&
	    n[5].groups == 3);
	p = param(g, "f.weight");
	assert_true(p->n_dims == 4 && p->dims[0] == 6 && p->dims[1] == 2 &&
	    p->dims[2] == 3 && p->dims[3] == 2);
	assert_true(n[6].c == 4 && n[6].h == 8 && n[6].w == 13);
	graph_free(g);
}

static void
test_blocks(void **state)
{
	struct graph *g = parse("ckpt-arch 1\ninput 4x4x4\nlet classes=3\n"
	    "block inner\nconv c out=$wide kernel=1 bias=no\nbatchnorm n "
	    "mean=m\nend\n"
	    "block outer\nuse inner i wide=$w\nrelu\nconv d out=$out "
	    "kernel=1 bias=shift\nadd from=d,in\nrelu\nend\n"
	    "use outer u v w=5 out=4\nrelu r from=u\nconcat from=v,r\n"
	    "globalavgpool\nlinear z out=$classes\noutput\n");
	const struct graph_node *n = g->nodes;

	(void)state;
	assert_int_equal(g->n_nodes, 1 + 2 * 6 + 5);
	/* the last line of a block has its name, also of an inner one */
	assert_string_equal(n[1].name, "u.i.c");
	assert_string_equal(n[2].name, "u.i.n");
	assert_string_equal(n[4].name, "u.d");
	assert_string_equal(n[6].name, "u");
	assert_string_equal(n[12].name, "v");
	/* the second use reads the first */
	assert_true(n[1].inputs[0] == 0 && n[7].inputs[0] == 6);
	assert_true(n[5].inputs[0] == 4 && n[5].inputs[1] == 0);
	assert_true(n[11].inputs[0] == 10 && n[11].inputs[1] == 6);
	assert_true(n[13].inputs[0] == 6 && n[14].inputs[0] == 12);
	assert_true(n[1].c == 5 && n[4].c == 4 && n[16].c == 3);
	/* the names of tensors are names within the block */
	assert_string_equal(g->params[n[2].mean].name, "u.i.m");
	assert_string_equal(g->params[n[10].bias].name, "v.shift");
	assert_int_equal(n[8].line, 6);
	graph_free(g);
	/* the name of a use is its result's also where that has a name */
	g = parse("ckpt-arch 1\ninput 4\nblock b\nlinear f out=4\nend\n"
	    "use b u v\nadd from=u,v\noutput\n");
	assert_int_equal(g->n_nodes, 5);
	assert_true(g->nodes[3].inputs[0] == 1 && g->nodes[3].inputs[1] == 2);
	graph_free(g);
}

/* Numbers from the tensors, and names behind a prefix. */
static void
test_for_schema(void **state)
{
	static const char text[] = "ckpt-arch 1\ninput 3\n"
	    "let classes=10 of=z.bias\ncarry *.count\nlinear a out=4\n"
	    "linear z out=$classes\noutput\n";
	static const char *const prefixes[] = { "", "module.", "model.",
	    "_orig_mod.", "network.", "module.model.", "model.module." };
	static const struct {
		const char *name;
		unsigned n_dims;
		uint64_t dims[2];
	} tensors[] = { { "a.weight", 2, { 4, 3 } }, { "a.bias", 1, { 4 } },
	    { "z.weight", 2, { 7, 4 } }, { "z.bias", 1, { 7 } },
	    { "a.count", 0, { 0 } } };
	char name[64];
	struct schema *s;
	struct graph *g;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		must(schema_new(&s, &err), &err);
		for (k = 0; k < 5; k++) {
			snprintf(name, sizeof(name), "%s%s", prefixes[i],
			    tensors[k].name);
			must(schema_add(s, name, strlen(name), CKPT_F32,
			    tensors[k].n_dims, tensors[k].dims, &err), &err);
		}
		must(schema_finish(s, &err), &err);
		must(graph_parse_for(text, strlen(text), s, &g, &err), &err);
		assert_int_equal(g->nodes[2].c, 7);
		assert_string_equal(g->prefix, prefixes[i]);
		snprintf(name, sizeof(name), "%sa.weight", prefixes[i]);
		(void)param(g, name);
		graph_free(g);
		schema_unref(s);
	}
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
		cmocka_unit_test(test_normalisations),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_for_schema),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_shipped),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
