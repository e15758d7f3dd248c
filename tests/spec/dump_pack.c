/*
 * dump_pack: prints packs as format-spec/decode.py does, by the library.
 *
 * usage: dump_pack [--base FILE]... FILE...
 */
#include <fcntl.h>

#include "pack/pack.h"

static const char *
verdict(enum ckpt_status status)
{
	switch (status) {
	case CKPT_NOT_OURS: return ("not-a-pack");
	case CKPT_NEWER: return ("newer");
	case CKPT_CORRUPT: return ("corrupt");
	case CKPT_TRUNCATED: return ("truncated");
	case CKPT_MISMATCH: return ("mismatch");
	default: return ("failed");
	}
}

/* Texts wait until their group is known to be good, as in decode.py: it
 * shows a group's models only then. */
static void
put_hex(struct buf *out, const void *data, size_t n)
{
	const unsigned char *p = data;
	struct ckpt_error err;
	size_t i;

	for (i = 0; i < n; i++)
		if (buf_printf(out, &err, "%02x", p[i]) != CKPT_OK)
			exit(3);
}

static void
put(struct buf *out, const char *text)
{
	struct ckpt_error err;

	if (buf_append(out, text, strlen(text), &err) != CKPT_OK)
		exit(3);
}

static void
put_tensor(struct buf *out, const struct tensor_desc *t,
    const struct ckpt_id *id)
{
	char hex[ID_HEX_SIZE];
	struct ckpt_error err;
	unsigned i;

	id_hex(id, hex);
	put(out, "tensor ");
	put(out, hex);
	put(out, " ");
	put(out, dtype_name(t->dtype));
	put(out, " [");
	for (i = 0; i < t->n_dims; i++)
		if (buf_printf(out, &err, i ? ",%llu" : "%llu",
		    (unsigned long long)t->dims[i]) != CKPT_OK)
			exit(3);
	put(out, "] ");
	put_hex(out, t->name, strlen(t->name));
	put(out, "\n");
}

static void
put_model(struct buf *out, const struct model_head *h,
    const struct ckpt_id *ids)
{
	const struct schema *s = h->schema;
	size_t i;

	put(out, "model ");
	put_hex(out, h->label, strlen(h->label));
	put(out, "\n");
	for (i = 0; i < h->meta.n; i++) {
		put(out, "meta ");
		put(out, h->meta.entries[i].key);
		put(out, " ");
		put_hex(out, h->meta.entries[i].value,
		    strlen(h->meta.entries[i].value));
		put(out, "\n");
	}
	if (h->source_meta != NULL) {
		put(out, "source ");
		put_hex(out, h->source_meta, h->n_source_meta);
		put(out, "\n");
	}
	if (s->has_layout) {
		put(out, "layout ");
		put_hex(out, s->layout.before, s->layout.n_before);
		put(out, " ");
		put_hex(out, s->layout.after, s->layout.n_after);
		put(out, "\n");
	}
	if (s->symmetry != NULL) {
		put(out, "symmetry ");
		put_hex(out, s->symmetry, strlen(s->symmetry));
		put(out, "\n");
	}
	for (i = 0; i < s->n_tensors; i++)
		put_tensor(out, &s->tensors[i], &ids[i]);
}

static enum ckpt_status
dump(struct model_source *src, struct buf *out, struct ckpt_error *err)
{
	struct model m = { .data = NULL };
	struct ckpt_id *ids, id;
	enum ckpt_status status;

	while ((status = model_load(src, 1 << 28, &m, err)) == CKPT_OK) {
		ids = calloc(m.head.schema->n_tensors + 1, sizeof(*ids));
		if (ids == NULL)
			exit(3);
		status = id_of_model(&m, ids, &id, err);
		if (status == CKPT_OK)
			status = model_confirm(src, ids, err);
		if (status == CKPT_OK)
			put_model(out, &m.head, ids);
		free(ids);
		model_release(&m);
		if (status != CKPT_OK)
			return (status);
	}
	return (status);
}

static int
dump_file(const char *path, const struct pack_bases *bases)
{
	struct pack_reader_options options = {
		.n_threads = 1, .bases = bases
	};
	struct buf out = BUF_INIT(1 << 30);
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	struct bytes *in;
	enum ckpt_status status;

	if (bytes_fd(open(path, O_RDONLY), &in, &err) != CKPT_OK ||
	    pack_source_open(in, &options, &src, &err) != CKPT_OK)
		exit(3);
	status = dump(src, &out, &err);
	model_source_close(src);
	if (status == CKPT_END) {
		if (out.len > 0)
			fwrite(out.data, 1, out.len, stdout);
		puts("good");
	} else {
		printf("%s %llu %s %s\n", verdict(status),
		    (unsigned long long)err.offset, err.section, err.text);
	}
	buf_release(&out);
	return (status != CKPT_END);
}

int
main(int argc, char **argv)
{
	struct pack_reader_options options = { .n_threads = 1 };
	struct ckpt_error err;
	struct pack_base *base;
	struct bytes *in;
	int i, status = 0;

	if (pack_base_new(&base, &err) != CKPT_OK)
		exit(3);
	for (i = 1; i + 1 < argc && strcmp(argv[i], "--base") == 0; i += 2)
		if (bytes_fd(open(argv[i + 1], O_RDONLY), &in, &err) !=
		    CKPT_OK || pack_base_add(base, in, &options, &err) !=
		    CKPT_OK)
			exit(3);
	for (; i < argc; i++)
		status |= dump_file(argv[i], pack_base_bases(base));
	pack_base_free(base);
	return (status);
}
