#include "unit.h"

#include "tables.h"

static struct ckpt_error err;

struct symmetry *
table_of(const char *arch)
{
	struct symmetry *s;
	struct graph *g;

	must(graph_parse(arch, strlen(arch), &g, &err), &err);
	must(symmetry_derive(g, &s, &err), &err);
	graph_free(g);
	return (s);
}

void
table_is(const char *arch, const char *table)
{
	struct symmetry *s = table_of(arch), *again;
	struct buf b = BUF_INIT(1 << 20);
	const char *body;

	must(symmetry_print(s, &b, &err), &err);
	must(symmetry_parse((char *)b.data, b.len, &again, &err), &err);
	must(buf_append(&b, "", 1, &err), &err);
	body = strchr((char *)b.data, '\n') + 1;
	assert_string_equal(body, table);
	buf_release(&b);
	symmetry_free(s);
	symmetry_free(again);
}
