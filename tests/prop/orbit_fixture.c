/*
 * The orbits of real networks: for each model given, and for copies of it
 * with dead and duplicated units planted, random members of its orbit
 * (permutations, signs, powers of two up to the limits of the dtype) have
 * the same orbit ID, the same form, and are restored bit for bit; and all
 * models that differ have different IDs.
 *
 * usage: orbit_fixture ARCH MEMBERS MODEL.safetensors...
 */
#include <fcntl.h>

#include "foreign/foreign.h"
#include "random_net.h"

#define PLANTED 3 /* copies of each model with planted units */

static struct ckpt_error err;

static void
fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static void
load(const char *path, struct model *out)
{
	struct bytes *in;
	struct model_source *src;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(99);
	}
	random_net_need(bytes_fd(fd, &in, &err), &err);
	random_net_need(safetensors_open(in, path, 1 << 30, &src, &err),
	    &err);
	random_net_need(model_load(src, 1 << 30, out, &err), &err);
	model_source_close(src);
}

static struct sym_plan *
plan_for(const struct symmetry *table, const struct model *m)
{
	struct sym_plan *plan;

	random_net_need(sym_plan_new(table, m->head.schema, &plan, &err),
	    &err);
	return (plan);
}

/* Zeros or copies one row or column of one acted tensor. */
static void
plant(struct random *r, const struct sym_plan *p, struct model *m)
{
	size_t n, width, size;
	const struct sym_tensor *t = sym_plan_tensors(p, &n);
	const struct tensor_desc *desc;
	uint64_t i, from, to;

	t += random_below(r, (uint32_t)n);
	desc = &m->head.schema->tensors[t->index];
	width = dtype_bits(desc->dtype) / 8;
	if (random_below(r, 2) || t->cols == 1) { /* a row */
		size = t->cols * t->inner * width;
		from = random_below(r, (uint32_t)t->rows);
		to = random_below(r, (uint32_t)t->rows);
		memmove(m->data + desc->offset + to * size,
		    m->data + desc->offset + from * size, size);
		if (from == to)
			memset(m->data + desc->offset + to * size, 0, size);
		return;
	}
	size = t->inner * width;
	from = random_below(r, (uint32_t)t->cols);
	to = random_below(r, (uint32_t)t->cols);
	for (i = 0; i < t->rows; i++) {
		memmove(m->data + desc->offset + (i * t->cols + to) * size,
		    m->data + desc->offset + (i * t->cols + from) * size,
		    size);
		if (from == to)
			memset(m->data + desc->offset + (i * t->cols + to) *
			    size, 0, size);
	}
}

/* A member: every other time in the model's own dtype, with exponents as
 * large as that allows. */
static void
draw_member(struct random *r, const struct random_net *net,
    const struct model *m, struct model *out)
{
	static const uint32_t ranges[] = { 200, 60, 20, 8, 3, 1, 0 };
	enum ckpt_dtype own = m->head.schema->tensors[0].dtype;
	enum ckpt_dtype dtype = random_below(r, 2) ? own : 0;
	struct sym_element e;
	size_t i;
	enum ckpt_status st = CKPT_LIMIT;

	for (i = random_below(r, 5); st == CKPT_LIMIT && i < 7; i++) {
		random_net_element(r, net, ranges[i], &e);
		st = sym_apply(net->plan, &e, m, dtype, out, &err);
		sym_element_release(&e);
	}
	random_net_need(st, &err);
}

static void
check_restore(const struct sym_plan *p, const struct symmetry *table,
    const struct model *m, const char *path)
{
	struct buf text = BUF_INIT(1 << 26);
	struct sym_plan *plan;
	struct sym_element e;
	struct model c, back;

	random_net_need(sym_canonical(p, m, true, &e, &err), &err);
	random_net_need(sym_apply(p, &e, m, 0, &c, &err), &err);
	random_net_need(sym_witness_print(&e, m->head.schema, c.head.schema,
	    &text, &err), &err);
	random_net_need(buf_append(&text, "", 1, &err), &err);
	plan = plan_for(table, &c);
	random_net_need(sym_restore(plan, (const char *)text.data, &c, &back,
	    &err), &err);
	if (back.head.schema->n_bytes != m->head.schema->n_bytes ||
	    memcmp(back.data, m->data, m->head.schema->n_bytes) != 0)
		fail(path, "not restored");
	sym_plan_free(plan);
	sym_element_release(&e);
	model_release(&c);
	model_release(&back);
	buf_release(&text);
}

static struct ckpt_id
check_model(struct random *r, struct random_net *net, const struct model *m,
    unsigned long n_members, const char *path)
{
	struct ckpt_id id, other;
	struct model member;
	struct sym_plan *plan;
	unsigned long i;

	random_net_need(sym_orbit_id(net->plan, m, &id, &err), &err);
	check_restore(net->plan, net->table, m, path);
	for (i = 0; i < n_members; i++) {
		draw_member(r, net, m, &member);
		plan = plan_for(net->table, &member);
		random_net_need(sym_orbit_id(plan, &member, &other, &err),
		    &err);
		if (!id_equal(&id, &other))
			fail(path, "a member has another orbit ID");
		check_restore(plan, net->table, &member, path);
		sym_plan_free(plan);
		model_release(&member);
	}
	return (id);
}

static int
id_cmp(const void *a, const void *b)
{
	return (memcmp(a, b, sizeof(struct ckpt_id)));
}

static const char *
shipped(const char *name)
{
	size_t i;

	for (i = 0; i < graph_shipped_count(); i++)
		if (strcmp(graph_shipped_name(i), name) == 0)
			return (graph_shipped_text(i));
	fail(name, "no such architecture");
	return (NULL);
}

int
main(int argc, char **argv)
{
	struct random r = { 1 };
	struct random_net net;
	struct ckpt_id *ids;
	struct model m;
	const char *text;
	unsigned long n_members;
	int i, n = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: orbit_fixture ARCH MEMBERS MODEL...\n");
		return (2);
	}
	text = shipped(argv[1]);
	n_members = strtoul(argv[2], NULL, 10);
	random_net_open(text, strlen(text), CKPT_F32, &net);
	ids = calloc((size_t)argc, sizeof(*ids));
	for (i = 3; i < argc; i++) {
		load(argv[i], &m);
		sym_plan_free(net.plan);
		net.plan = plan_for(net.table, &m);
		ids[n++] = check_model(&r, &net, &m, n_members, argv[i]);
		for (int k = 0; k < PLANTED; k++) {
			plant(&r, net.plan, &m);
			(void)check_model(&r, &net, &m, n_members / 4,
			    argv[i]);
		}
		model_release(&m);
	}
	qsort(ids, (size_t)n, sizeof(*ids), id_cmp);
	for (i = 1; i < n; i++)
		if (id_equal(&ids[i - 1], &ids[i]))
			fail(argv[1], "two models have one orbit ID");
	random_net_close(&net);
	free(ids);
	return (0);
}
