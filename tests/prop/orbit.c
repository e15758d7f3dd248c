/*
 * Properties of the exact canonical form, on random small networks: every
 * member of an orbit has the same orbit ID and the same form; the form of
 * the form is itself; the witness restores every bit; and, where the group
 * is small, two models have one ID only if some element joins them, which is
 * tried by going through all permutations and signs.
 *
 * usage: orbit [SEED [NETS]]
 *        orbit SEED FILE.arch...
 */
#include <stdlib.h>

#include "random_net.h"

static struct ckpt_error err;
static unsigned long seed;
static const char *arch;

static void
fail(const char *what)
{
	fprintf(stderr, "seed %lu: %s\n%s", seed, what, arch);
	exit(1);
}

static bool
same_bytes(const struct model *a, const struct model *b)
{
	return (a->head.schema->n_bytes == b->head.schema->n_bytes &&
	    memcmp(a->data, b->data, a->head.schema->n_bytes) == 0);
}

/* The canonical form as f64, and the ID; false where there is none. */
static bool
represent(const struct random_net *net, const struct model *m,
    struct model *out, struct ckpt_id *id)
{
	struct sym_element e;
	enum ckpt_status st;

	st = sym_canonical(net->plan, m, true, &e, &err);
	if (st == CKPT_LIMIT)
		return (false);
	random_net_need(st, &err);
	random_net_need(sym_representative(net->plan, &e, m, out, &err),
	    &err);
	random_net_need(sym_orbit_id_of(net->plan, &e, m, id, &err), &err);
	sym_element_release(&e);
	return (true);
}

/* canonical, then back. */
static void
check_restore(const struct random_net *net, const struct model *m,
    const struct ckpt_id *id)
{
	struct buf text = BUF_INIT(1 << 20);
	struct model c, back;
	struct sym_element e;
	struct sym_plan *plan;
	struct ckpt_id other;

	random_net_need(sym_canonical(net->plan, m, true, &e, &err), &err);
	random_net_need(sym_apply(net->plan, &e, m, 0, &c, &err), &err);
	random_net_need(sym_witness_print(&e, m->head.schema, c.head.schema,
	    &text, &err), &err);
	random_net_need(buf_append(&text, "", 1, &err), &err);
	random_net_need(sym_plan_new(net->table, c.head.schema, &plan, &err),
	    &err);
	random_net_need(sym_orbit_id(plan, &c, &other, &err), &err);
	if (!id_equal(id, &other))
		fail("the canonical form is in another orbit");
	random_net_need(sym_restore(plan, (const char *)text.data, &c, &back,
	    &err), &err);
	if (!same_bytes(m, &back))
		fail("the witness does not restore");
	sym_element_release(&e);
	sym_plan_free(plan);
	model_release(&c);
	model_release(&back);
	buf_release(&text);
}

static void
check_members(struct random *r, const struct random_net *net,
    const struct model *m, unsigned n)
{
	struct sym_element e;
	struct sym_plan *plan;
	struct model member, form, other;
	struct ckpt_id id, id2;
	unsigned i;
	bool is_good;

	if (!represent(net, m, &form, &id))
		return;
	check_restore(net, m, &id);
	for (i = 0; i < n; i++) {
		random_net_element(r, net, i % 4 == 0 ? 0 : 3 * (i % 4), &e);
		random_net_need(sym_apply(net->plan, &e, m, 0, &member, &err),
		    &err);
		sym_element_release(&e);
		random_net_need(sym_plan_new(net->table, member.head.schema,
		    &plan, &err), &err);
		struct random_net net2 = *net;
		net2.plan = plan;
		is_good = represent(&net2, &member, &other, &id2);
		if (!is_good)
			fail("a member is refused");
		if (!id_equal(&id, &id2) || !same_bytes(&form, &other))
			fail("a member has another form");
		check_restore(&net2, &member, &id);
		sym_plan_free(plan);
		model_release(&member);
		model_release(&other);
	}
	model_release(&form);
}

/* Properties of one network, with `n` members. */
static void
check_net(struct random *r, const struct buf *text, bool is_cycles,
    unsigned n)
{
	struct random_net net;
	struct model m;

	arch = (const char *)text->data;
	random_net_open(arch, text->len - 1, CKPT_F32, &net);
	if (is_cycles)
		random_net_cycles(r, &net, &m);
	else
		random_net_weights(r, &net, random_below(r, 3) > 0,
		    random_below(r, 4) == 0, &m);
	check_members(r, &net, &m, n);
	model_release(&m);
	random_net_close(&net);
}

int
main(int argc, char **argv)
{
	unsigned long n = 400, first = 1;
	char *end = NULL;
	struct buf text;
	struct random r;
	bool has_files;
	int i;

	if (argc > 1)
		first = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n = strtoul(argv[2], &end, 10);
	has_files = argc > 2 && *end != '\0';
	seed = first;
	for (i = 2; has_files && i < argc; i++) {
		r.state = first * 31337 + (unsigned long)i;
		buf_init(&text, 1 << 20);
		random_net_read(argv[i], &text);
		random_net_need(buf_append(&text, "", 1, &err), &err);
		check_net(&r, &text, false, 2);
		buf_release(&text);
	}
	for (; !has_files && seed < first + n; seed++) {
		r.state = seed;
		buf_init(&text, 1 << 20);
		if (seed % 8 == 0)
			random_net_cycles_arch(&r, 3 + random_below(&r, 8),
			    &text);
		else
			random_net_arch(&r, 5, &text);
		random_net_need(buf_append(&text, "", 1, &err), &err);
		check_net(&r, &text, seed % 8 == 0, 8);
		buf_release(&text);
	}
	return (0);
}
