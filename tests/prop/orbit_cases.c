/*
 * Writes random small networks for tests/spec/orbit.sh: DIR/N.arch,
 * DIR/N.safetensors and DIR/N-member.safetensors, another model of the same
 * orbit, and prints "ORBIT-ID  PATH" for each model. Or random models of
 * given architectures: DIR/NAME.safetensors and DIR/NAME-member.safetensors
 * for DIR/NAME.arch.
 *
 * usage: orbit_cases DIR SEED N
 *        orbit_cases DIR SEED NAME...
 */
#include "random_net.h"

static struct ckpt_error err;

static FILE *
open_file(const char *dir, const char *name, const char *suffix, char *path,
    size_t size, const char *mode)
{
	FILE *f;

	snprintf(path, size, "%s/%s%s", dir, name, suffix);
	f = fopen(path, mode);
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return (f);
}

static void
write_model(const char *dir, const char *name, const char *suffix,
    const struct model *m)
{
	const struct schema *s = m->head.schema;
	const struct tensor_desc *t;
	struct buf header = BUF_INIT(1 << 20);
	unsigned char size[8];
	char path[4096];
	size_t i;
	unsigned k;
	FILE *f = open_file(dir, name, suffix, path, sizeof(path), "wb");

	for (i = 0; i < s->n_tensors; i++) {
		t = &s->tensors[i];
		random_net_need(buf_printf(&header, &err, "%s\"%s\":{\"dtype"
		    "\":\"%s\",\"shape\":[", i == 0 ? "{" : ",", t->name,
		    dtype_upper_name(t->dtype)), &err);
		for (k = 0; k < t->n_dims; k++)
			random_net_need(buf_printf(&header, &err, "%s%llu",
			    k == 0 ? "" : ",",
			    (unsigned long long)t->dims[k]), &err);
		random_net_need(buf_printf(&header, &err,
		    "],\"data_offsets\":[%llu,%llu]}",
		    (unsigned long long)t->offset,
		    (unsigned long long)(t->offset + t->n_bytes)), &err);
	}
	random_net_need(buf_printf(&header, &err, "}"), &err);
	le64_store(size, header.len);
	fwrite(size, 1, 8, f);
	fwrite(header.data, 1, header.len, f);
	fwrite(m->data, 1, s->n_bytes, f);
	if (fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	buf_release(&header);
}

static void
print_id(const struct random_net *net, const struct model *m,
    const char *dir, const char *name, const char *suffix)
{
	struct sym_plan *plan;
	struct ckpt_id id;
	char hex[ID_HEX_SIZE];

	random_net_need(sym_plan_new(net->table, m->head.schema, &plan, &err),
	    &err);
	random_net_need(sym_orbit_id(plan, m, &id, &err), &err);
	id_hex(&id, hex);
	printf("%s  %s/%s%s\n", hex, dir, name, suffix);
	sym_plan_free(plan);
}

/* A model and a member of its orbit. */
static void
write_both(struct random *r, const struct random_net *net,
    const struct model *m, const char *dir, const char *name)
{
	struct sym_element e;
	struct model member;

	random_net_element(r, net, 5, &e);
	random_net_need(sym_apply(net->plan, &e, m, 0, &member, &err), &err);
	write_model(dir, name, ".safetensors", m);
	print_id(net, m, dir, name, ".safetensors");
	write_model(dir, name, "-member.safetensors", &member);
	print_id(net, &member, dir, name, "-member.safetensors");
	sym_element_release(&e);
	model_release(&member);
}

static const enum ckpt_dtype dtypes[] = { CKPT_F16, CKPT_BF16, CKPT_F32,
    CKPT_F64 };

static void
write_case(struct random *r, const char *dir, unsigned long n)
{
	struct buf text = BUF_INIT(1 << 20);
	struct random_net net;
	struct model m;
	char path[4096], name[32];
	FILE *f;

	snprintf(name, sizeof(name), "%lu", n);
	if (n % 8 == 0)
		random_net_cycles_arch(r, 3 + random_below(r, 5), &text);
	else
		random_net_arch(r, 4, &text);
	f = open_file(dir, name, ".arch", path, sizeof(path), "wb");
	fwrite(text.data, 1, text.len, f);
	fclose(f);
	random_net_open((const char *)text.data, text.len,
	    dtypes[random_below(r, 4)], &net);
	if (n % 8 == 0)
		random_net_cycles(r, &net, &m);
	else
		random_net_weights(r, &net, random_below(r, 4) > 0,
		    random_below(r, 4) == 0, &m);
	write_both(r, &net, &m, dir, name);
	model_release(&m);
	random_net_close(&net);
	buf_release(&text);
}

/* A model of the architecture in DIR/NAME.arch. */
static void
write_named(struct random *r, const char *dir, const char *name)
{
	static char text[1 << 20];
	struct random_net net;
	struct model m;
	char path[4096];
	FILE *f = open_file(dir, name, ".arch", path, sizeof(path), "rb");
	size_t n = fread(text, 1, sizeof(text), f);

	fclose(f);
	random_net_open(text, n, dtypes[random_below(r, 4)], &net);
	random_net_weights(r, &net, random_below(r, 2), random_below(r, 2),
	    &m);
	write_both(r, &net, &m, dir, name);
	model_release(&m);
	random_net_close(&net);
}

int
main(int argc, char **argv)
{
	struct random r;
	unsigned long seed, n, i;
	char *end;

	if (argc < 4) {
		fprintf(stderr, "usage: orbit_cases DIR SEED N\n"
		    "       orbit_cases DIR SEED NAME...\n");
		return (2);
	}
	seed = strtoul(argv[2], NULL, 10);
	n = strtoul(argv[3], &end, 10);
	if (*end != '\0') {
		r.state = seed * 1000003;
		for (i = 3; i < (unsigned long)argc; i++)
			write_named(&r, argv[1], argv[i]);
		return (0);
	}
	for (i = seed; i < seed + n; i++) {
		r.state = i * 1000003;
		write_case(&r, argv[1], i);
	}
	return (0);
}
