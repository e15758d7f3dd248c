/*
 * .arch files and tables of symmetries: what is read has a table, whose text
 * is read again to the same text; a model of small shapes, filled with the
 * file's bytes, has a canonical form, whose witness is read again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sym/sym.h"

#define MAX_ELEMENTS 4096 /* of a model made from a graph */

static void
need(bool is_good)
{
	if (!is_good)
		abort();
}

static void
reprint(const struct symmetry *s)
{
	struct ckpt_error err = { 0 };
	struct buf a = BUF_INIT(1 << 26), b = BUF_INIT(1 << 26);
	struct symmetry *again;

	need(symmetry_print(s, &a, &err) == CKPT_OK);
	if (symmetry_parse((const char *)a.data, a.len, &again, &err) ==
	    CKPT_OK) {
		need(symmetry_print(again, &b, &err) == CKPT_OK);
		need(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
		symmetry_free(again);
	} else
		need(err.status == CKPT_LIMIT || err.status ==
		    CKPT_NO_MEMORY);
	need(symmetry_log10(s) >= 0);
	buf_release(&a);
	buf_release(&b);
}

/* Canonical form and orbit of a model whose bytes are the file's. */
static void
canonical(const struct symmetry *s, struct schema *schema,
    const uint8_t *data, size_t n)
{
	struct ckpt_error err = { 0 };
	struct buf text = BUF_INIT(1 << 24);
	struct sym_element e, again;
	struct sym_plan *plan;
	struct model m = { 0 }, c;
	size_t i;

	need(sym_plan_new(s, schema, &plan, &err) == CKPT_OK);
	m.head.schema = schema_ref(schema);
	m.head.label = strdup("x");
	need(model_alloc(&m, &err) == CKPT_OK);
	for (i = 0; i < schema->n_bytes && n > 0; i++)
		m.data[i] = data[(i * 7) % n];
	if (sym_canonical(plan, &m, true, &e, &err) == CKPT_OK) {
		if (sym_apply(plan, &e, &m, 0, &c, &err) == CKPT_OK)
			model_release(&c);
		need(sym_element_print(&e, &text, &err) == CKPT_OK);
		need(buf_append(&text, "", 1, &err) == CKPT_OK);
		need(sym_element_parse(plan, (const char *)text.data, &again,
		    &err) == CKPT_OK);
		sym_element_release(&again);
		sym_element_release(&e);
	} else
		need(err.status == CKPT_LIMIT);
	buf_release(&text);
	model_release(&m);
	sym_plan_free(plan);
}

static void
make_model(const struct graph *g, const struct symmetry *s,
    const uint8_t *data, size_t n)
{
	struct ckpt_error err = { 0 };
	struct schema *schema;
	uint64_t total = 0, elements;
	size_t i;
	unsigned k;

	need(schema_new(&schema, &err) == CKPT_OK);
	for (i = 0; i < g->n_params && total <= MAX_ELEMENTS; i++) {
		for (elements = 1, k = 0; k < g->params[i].n_dims; k++)
			elements *= g->params[i].dims[k] < MAX_ELEMENTS ?
			    g->params[i].dims[k] : MAX_ELEMENTS;
		total += elements < MAX_ELEMENTS ? elements : MAX_ELEMENTS + 1;
		if (total <= MAX_ELEMENTS)
			need(schema_add(schema, g->params[i].name,
			    strlen(g->params[i].name), CKPT_F16,
			    g->params[i].n_dims, g->params[i].dims, &err) ==
			    CKPT_OK);
	}
	need(schema_finish(schema, &err) == CKPT_OK);
	if (total <= MAX_ELEMENTS)
		canonical(s, schema, data, n);
	schema_unref(schema);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ckpt_error err = { 0 };
	struct symmetry *s;
	struct graph *g;

	if (symmetry_parse((const char *)data, n, &s, &err) == CKPT_OK) {
		reprint(s);
		symmetry_free(s);
		return (0);
	}
	need(err.text[0] != '\0');
	if (graph_parse((const char *)data, n, &g, &err) != CKPT_OK) {
		need(err.text[0] != '\0');
		return (0);
	}
	if (symmetry_derive(g, &s, &err) == CKPT_OK) {
		reprint(s);
		make_model(g, s, data, n);
		symmetry_free(s);
	} else
		need(err.status == CKPT_LIMIT);
	graph_free(g);
	return (0);
}
