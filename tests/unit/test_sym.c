/* Elements, witnesses and canonical forms worked out by hand. */
#include <math.h>

#include "unit.h"

#include "sym/sym.h"

static struct ckpt_error err;

/* A network, and a model of it with the given weights. */
struct net {
	struct symmetry *table;
	struct schema *schema;
	struct sym_plan *plan;
	struct model m;
};

static void
net_open(struct net *n, const char *arch, enum ckpt_dtype dtype)
{
	struct graph *g;
	size_t i;

	must(graph_parse(arch, strlen(arch), &g, &err), &err);
	must(symmetry_derive(g, &n->table, &err), &err);
	must(schema_new(&n->schema, &err), &err);
	for (i = 0; i < g->n_params; i++)
		must(schema_add(n->schema, g->params[i].name,
		    strlen(g->params[i].name), dtype, g->params[i].n_dims,
		    g->params[i].dims, &err), &err);
	must(schema_finish(n->schema, &err), &err);
	must(sym_plan_new(n->table, n->schema, &n->plan, &err), &err);
	memset(&n->m, 0, sizeof(n->m));
	n->m.head.schema = schema_ref(n->schema);
	n->m.head.label = strdup("x");
	must(model_alloc(&n->m, &err), &err);
	graph_free(g);
}

static void
net_close(struct net *n)
{
	model_release(&n->m);
	sym_plan_free(n->plan);
	schema_unref(n->schema);
	symmetry_free(n->table);
}

static void
set(struct net *n, const char *name, const double *x)
{
	const struct tensor_desc *t =
	    &n->schema->tensors[schema_find(n->schema, name)];

	assert_int_equal(dtype_from_f64(t->dtype, x, n->m.data + t->offset,
	    t->n_elements), 0);
}

static void
expect(const struct model *m, const char *name, const double *x)
{
	const struct tensor_desc *t =
	    &m->head.schema->tensors[schema_find(m->head.schema, name)];
	double *y = calloc(t->n_elements, sizeof(*y));
	size_t i;

	dtype_to_f64(t->dtype, m->data + t->offset, y, t->n_elements);
	for (i = 0; i < t->n_elements; i++)
		if (y[i] != x[i])
			fail_msg("%s[%zu] is %g, not %g", name, i, y[i],
			    x[i]);
	free(y);
}

/* The canonical form, made and checked to be stable and restorable. */
static void
canonical(struct net *n, struct model *out)
{
	struct buf text = BUF_INIT(1 << 16);
	struct sym_element e;
	struct sym_plan *plan;
	struct model back;

	must(sym_canonical(n->plan, &n->m, true, &e, &err), &err);
	must(sym_apply(n->plan, &e, &n->m, 0, out, &err), &err);
	must(sym_witness_print(&e, n->schema, out->head.schema, &text, &err),
	    &err);
	must(buf_append(&text, "", 1, &err), &err);
	sym_element_release(&e);
	must(sym_plan_new(n->table, out->head.schema, &plan, &err), &err);
	must(sym_canonical(plan, out, true, &e, &err), &err);
	sym_element_release(&e);
	must(sym_restore(plan, (char *)text.data, out, &back, &err), &err);
	assert_memory_equal(back.data, n->m.data, n->schema->n_bytes);
	assert_true(schema_equal(back.head.schema, n->schema));
	model_release(&back);
	sym_plan_free(plan);
	buf_release(&text);
}

static void
test_by_hand(void **state)
{
	struct net n;
	struct model c;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 2\nlinear a out=2 bias=no\nrelu\n"
	    "linear z out=1\noutput\n", CKPT_F16);
	set(&n, "a.weight", (double[]){ 1.5, -6, 0.25, 0.75 });
	set(&n, "z.weight", (double[]){ 2, 8 });
	set(&n, "z.bias", (double[]){ 3 });
	canonical(&n, &c);
	/* exponents 2 and -1 become 0; then the greater row first */
	expect(&c, "a.weight", (double[]){ 0.5, 1.5, 0.375, -1.5 });
	expect(&c, "z.weight", (double[]){ 4, 8 });
	expect(&c, "z.bias", (double[]){ 3 });
	assert_ptr_equal(c.head.schema, n.schema);
	model_release(&c);
	net_close(&n);
}

static void
test_signs_by_hand(void **state)
{
	struct net n;
	struct model c;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 2\nlinear a out=3\ntanh\n"
	    "linear z out=2 bias=no\noutput\n", CKPT_F32);
	/* the third is dead: its sign comes from what reads it */
	set(&n, "a.weight", (double[]){ 0, -6, 0.25, 0.75, 0, 0 });
	set(&n, "a.bias", (double[]){ 1, 5, 0 });
	set(&n, "z.weight", (double[]){ 2, 8, 0, 1, 1, -3 });
	canonical(&n, &c);
	expect(&c, "a.weight", (double[]){ 0.25, 0.75, 0, 6, 0, 0 });
	expect(&c, "a.bias", (double[]){ 5, -1, 0 });
	expect(&c, "z.weight", (double[]){ 8, -2, 0, 1, -1, 3 });
	model_release(&c);
	net_close(&n);
}

static void
test_dead_chain(void **state)
{
	struct net n;
	struct model c;

	(void)state;
	/* unit 0 of a is dead and feeds unit 0 of b only, which nothing else
	 * feeds: b is scaled by what reads it, then a by b */
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=2 bias=no\nrelu\n"
	    "linear b out=2 bias=no\nrelu\nlinear z out=1 bias=no\noutput\n",
	    CKPT_F32);
	set(&n, "a.weight", (double[]){ 0, 1 });
	set(&n, "b.weight", (double[]){ 6, 0, 0, 2 });
	set(&n, "z.weight", (double[]){ 12, 5 });
	canonical(&n, &c);
	expect(&c, "a.weight", (double[]){ 1, 0 });
	expect(&c, "b.weight", (double[]){ 1, 0, 0, 1.5 });
	expect(&c, "z.weight", (double[]){ 10, 1.5 });
	model_release(&c);
	/* nothing reads b: a piece without an anchor */
	set(&n, "z.weight", (double[]){ 0, 5 });
	canonical(&n, &c);
	expect(&c, "b.weight", (double[]){ 1, 0, 0, 1.5 });
	expect(&c, "z.weight", (double[]){ 10, 0 });
	model_release(&c);
	net_close(&n);
}

/* Weights a to b are a permutation's: units are told apart by the lengths
 * of cycles only, which refinement does not see. */
static void
cycles(struct net *n, const unsigned *next, struct ckpt_id *out)
{
	double a[12] = { 0 }, w[144] = { 0 };
	unsigned i;

	for (i = 0; i < 12; i++) {
		a[i] = 1;
		w[12 * next[i] + i] = 1;
		w[12 * i + i] = 1;
	}
	set(n, "a.weight", a);
	set(n, "b.weight", w);
	set(n, "z.weight", a);
	must(sym_orbit_id(n->plan, &n->m, out, &err), &err);
}

static void
test_search(void **state)
{
	struct net n;
	struct ckpt_id one, again, two;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=12 bias=no\n"
	    "sigmoid\nlinear b out=12 bias=no\nsigmoid\nlinear z out=1 "
	    "bias=no\noutput\n", CKPT_F32);
	cycles(&n, (unsigned[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0 },
	    &one);
	cycles(&n, (unsigned[]){ 5, 0, 7, 1, 2, 9, 10, 11, 4, 3, 8, 6 },
	    &again);
	cycles(&n, (unsigned[]){ 1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11, 6 },
	    &two);
	assert_false(id_equal(&one, &two));
	/* 0 5 9 3 1 and 2 7 11 6 10 8 4: 5 + 7 */
	assert_false(id_equal(&one, &again));
	cycles(&n, (unsigned[]){ 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
	    &again);
	assert_true(id_equal(&one, &again));
	cycles(&n, (unsigned[]){ 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1 },
	    &again);
	assert_true(id_equal(&two, &again));
	net_close(&n);
}

/* The ID is that of the real numbers, not of the dtype. */
static void
test_dtypes(void **state)
{
	static const char arch[] = "ckpt-arch 1\ninput 2\nlinear a out=2\n"
	    "relu\nlinear z out=1\noutput\n";
	const enum ckpt_dtype dtypes[] = { CKPT_F16, CKPT_BF16, CKPT_F32,
	    CKPT_F64 };
	struct ckpt_id id, first = { { 0 } };
	struct net n;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		net_open(&n, arch, dtypes[i]);
		set(&n, "a.weight", (double[]){ 1, -0.0, NAN, INFINITY });
		set(&n, "a.bias", (double[]){ -3, 0x1p-14 });
		set(&n, "z.weight", (double[]){ 5, 0 });
		set(&n, "z.bias", (double[]){ i % 2 ? 0.0 : -0.0 });
		must(sym_orbit_id(n.plan, &n.m, &id, &err), &err);
		if (i == 0)
			first = id;
		assert_true(id_equal(&id, &first));
		net_close(&n);
	}
}

static void
test_limits(void **state)
{
	struct net n;
	struct model c;
	struct sym_element e;
	struct ckpt_id id;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=1 bias=no\nrelu\n"
	    "linear z out=1 bias=no\noutput\n", CKPT_F64);
	set(&n, "a.weight", (double[]){ 0x1p1000 });
	set(&n, "z.weight", (double[]){ 0x1p1000 });
	assert_int_equal(sym_orbit_id(n.plan, &n.m, &id, &err), CKPT_LIMIT);
	must(sym_canonical(n.plan, &n.m, true, &e, &err), &err);
	assert_int_equal(sym_apply(n.plan, &e, &n.m, 0, &c, &err),
	    CKPT_LIMIT);
	sym_element_release(&e);
	net_close(&n);

	/* scaled down by 2^24, z needs more bits than f16 has there */
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=1 bias=no\nrelu\n"
	    "linear z out=1 bias=no\noutput\n", CKPT_F16);
	set(&n, "a.weight", (double[]){ 0x1p-24 });
	set(&n, "z.weight", (double[]){ 0x1.004p0 });
	canonical(&n, &c);
	assert_int_equal(c.head.schema->tensors[0].dtype, CKPT_F32);
	model_release(&c);
	must(sym_canonical(n.plan, &n.m, true, &e, &err), &err);
	assert_int_equal(sym_apply(n.plan, &e, &n.m, CKPT_F16, &c, &err),
	    CKPT_LIMIT);
	sym_element_release(&e);
	net_close(&n);
}

static void
test_elements(void **state)
{
	struct sym_element e, inverse, product;
	struct buf b = BUF_INIT(1 << 16);
	struct net n;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=3 bias=no\nrelu\n"
	    "linear b out=2 bias=no\ntanh\nlinear z out=1\noutput\n",
	    CKPT_F32);
	must(sym_element_parse(n.plan, "1|2,0+3,1-1|-1,0", &e, &err), &err);
	assert_int_equal(sym_element_moved(&e), 5);
	assert_true(e.units[0][1].source == 0 &&
	    e.units[0][1].exponent == 3 && e.units[1][0].sign == -1);
	must(sym_element_print(&e, &b, &err), &err);
	assert_memory_equal(b.data, "1|2,0+3,1-1|-1,0", b.len);
	must(sym_element_invert(&e, &inverse, &err), &err);
	must(sym_element_compose(&e, &inverse, &product, &err), &err);
	assert_int_equal(sym_element_moved(&product), 0);
	b.len = 0;
	must(sym_element_print(&product, &b, &err), &err);
	assert_memory_equal(b.data, "1|=|=", b.len);
	sym_element_release(&e);
	sym_element_release(&inverse);
	sym_element_release(&product);
	buf_release(&b);
	net_close(&n);
}

static void
test_bad_witnesses(void **state)
{
	static const char *const bad[] = {
		"", "2|=|=", "1", "1|=", "1|=|=|=", "1|=|= ", "1|0,1|=",
		"1|0,1,2,3|=", "1|0,1,3|=", "1|0,1,1|=", "1|0,1,2+|=",
		"1|0,1,2+0|=", "1|0,1,2+1000001|=", "1|0,1,02|=",
		"1|-0,1,2|=", "1|=|0+1,1", "1|0,1,99999999999|=", "1|0,,2|=",
		"1|=|=;f32", "1|=|=;", "1|=|=;f16,f16", "1|=|=;u8",
	};
	struct sym_element e;
	struct model out;
	struct net n;
	size_t i;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 1\nlinear a out=3 bias=no\nrelu\n"
	    "linear b out=2 bias=no\ntanh\nlinear z out=1\noutput\n",
	    CKPT_F32);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (sym_element_parse(n.plan, bad[i], &e, &err) == CKPT_OK)
			fail_msg("accepted: %s", bad[i]);
	/* a restore also takes dtypes, but good ones */
	assert_int_equal(sym_restore(n.plan, "1|=|=;u8", &n.m, &out, &err),
	    CKPT_INVALID);
	assert_int_equal(sym_restore(n.plan, "1|=|=;f16,f16", &n.m, &out,
	    &err), CKPT_INVALID);
	must(sym_restore(n.plan, "1|=|=;f16,f32,f64,bf16", &n.m, &out, &err),
	    &err);
	assert_int_equal(out.head.schema->tensors[3].dtype, CKPT_BF16);
	model_release(&out);
	set(&n, "z.bias", (double[]){ 1 + 0x1p-20 });
	assert_int_equal(sym_restore(n.plan, "1|=|=;f16", &n.m, &out, &err),
	    CKPT_MISMATCH);
	net_close(&n);

	/* blocks stay blocks */
	net_open(&n, "ckpt-arch 1\ninput 1x2x2\nconv a out=2 kernel=1 "
	    "bias=no\nrelu\nconv b out=4 kernel=1 groups=2 bias=no\nrelu\n"
	    "globalavgpool\nlinear z out=1\noutput\n", CKPT_F32);
	must(sym_element_parse(n.plan, "1|1,0|3,2,0,1", &e, &err), &err);
	sym_element_release(&e);
	assert_int_equal(sym_element_parse(n.plan, "1|=|3,2,0,1", &e, &err),
	    CKPT_INVALID);
	assert_int_equal(sym_element_parse(n.plan, "1|=|0,2,1,3", &e, &err),
	    CKPT_INVALID);
	net_close(&n);
}

/* Tables that do not fit a model are refused before anything is moved. */
static void
test_bad_plans(void **state)
{
	static const char *const bad[] = {
		"axis 0 0 1 1 out 1 none\ngroup 0 2 permuted none -\n",
		"axis 0 0 1 1 out 1 a.weight\ngroup 0 2 permuted none -\n",
		"axis 1 0 2 1 in 1 a.weight\ngroup 0 2 permuted none -\n",
		"axis 1 0 1 1 in 1 a.bias\ngroup 0 2 permuted none -\n",
		/* slices that do not move with the rows */
		("axis 0 0 1 1 out 1 a.weight\naxis 1 1 1 3 in 1 a.weight\n"
		    "group 0 3 permuted none -\ngroup 1 6 permuted none -\n"),
	};
	struct symmetry *table;
	struct sym_plan *plan;
	char text[512];
	struct net n;
	size_t i;

	(void)state;
	net_open(&n, "ckpt-arch 1\ninput 2\nlinear a out=3\nrelu\n"
	    "linear z out=1\noutput\n", CKPT_F32);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "ckpt symmetry 1\n%s", bad[i]);
		must(symmetry_parse(text, strlen(text), &table, &err), &err);
		assert_int_equal(sym_plan_new(table, n.schema, &plan, &err),
		    CKPT_INVALID);
		symmetry_free(table);
	}
	net_close(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_signs_by_hand),
		cmocka_unit_test(test_dead_chain),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_dtypes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_bad_witnesses),
		cmocka_unit_test(test_bad_plans),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
