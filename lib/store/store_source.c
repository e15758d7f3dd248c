/*
 * store_source: models of one pack, with what it refers to.
 */
#include <errno.h>
#include <fcntl.h>

#include "store/inner.h"

struct source {
	struct model_source base;
	struct model_source *from;
	struct store_bases *bases; /* which `from` reads by */
};

static struct source *
of_source(struct model_source *src)
{
	return ((struct source *)src);
}

static enum ckpt_status
source_next(struct model_source *src, struct model_head *head,
    struct ckpt_error *err)
{
	return (model_next(of_source(src)->from, head, err));
}

static enum ckpt_status
source_read(struct model_source *src, void *out, size_t n,
    struct ckpt_error *err)
{
	return (model_read(of_source(src)->from, out, n, err));
}

static enum ckpt_status
source_confirm(struct model_source *src, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	return (model_confirm(of_source(src)->from, tensor_ids, err));
}

static void
source_close(struct model_source *src)
{
	struct source *p = of_source(src);

	model_source_close(p->from);
	store_bases_free(p->bases);
	free(p);
}

static const struct model_source_ops ops = {
	.next = source_next,
	.read = source_read,
	.confirm = source_confirm,
	.close = source_close
};

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

static bool
is_chosen(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	const struct store_chosen *c = arg;

	(void)head;
	(void)tensor_ids;
	return (bsearch(&ordinal, c->ordinals, c->n, sizeof(ordinal),
	    compare) != NULL);
}

static enum ckpt_status
open_index(struct store *s, const struct pack_bases *bases, int fd,
    const struct pack_selection *selection, struct model_source **out,
    struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = s->options.n_threads,
		.memory = s->options.memory,
		.bases = bases
	};
	struct pack_index *x;
	struct bytes *in;
	enum ckpt_status st = bytes_fd(fd, &in, err);

	if (st == CKPT_OK)
		st = pack_index_open(in, &o, &x, err);
	return (st == CKPT_OK ? pack_index_source(x, selection, out, err) :
	    st);
}

/* Everything that can be found, front to back. */
static enum ckpt_status
open_damaged(struct store *s, const struct pack_bases *bases, int fd,
    const struct store_damage *damage, struct model_source **out,
    struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = s->options.n_threads,
		.memory = s->options.memory,
		.bases = bases,
		.arg = damage->arg, .lost = damage->lost
	};
	struct bytes *in;
	enum ckpt_status st = bytes_fd(fd, &in, err);

	return (st == CKPT_OK ? pack_source_open(in, &o, out, err) : st);
}

static enum ckpt_status
open_from(struct store *s, const struct ckpt_id *pack, struct source *p,
    const struct pack_selection *selection,
    const struct store_damage *damage, struct ckpt_error *err)
{
	const struct pack_bases *bases;
	char name[STORE_NAME_SIZE];
	enum ckpt_status st;
	int fd;

	st = store_bases_new(s, &p->bases, err);
	if (st == CKPT_OK)
		st = store_bases_open(p->bases, pack, &bases, err);
	if (st != CKPT_OK)
		return (st);
	store_pack_name(pack, name);
	/* one that is read front to back moves its place in the file */
	fd = damage == NULL ? store_bases_fd(p->bases, pack) : -1;
	if (fd < 0)
		st = store_open_file(s, name, &fd, err);
	if (st == CKPT_OK)
		st = damage == NULL ? open_index(s, bases, fd, selection,
		    &p->from, err) : open_damaged(s, bases, fd, damage,
		    &p->from, err);
	return (st == CKPT_OK ? CKPT_OK : error_where(err, name));
}

static enum ckpt_status
open_source(struct store *s, const struct ckpt_id *pack,
    const struct pack_selection *selection,
    const struct store_damage *damage, struct model_source **out,
    struct ckpt_error *err)
{
	struct source *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->base.ops = &ops;
	st = open_from(s, pack, p, selection, damage, err);
	if (st != CKPT_OK) {
		source_close(&p->base);
		return (st);
	}
	*out = &p->base;
	return (CKPT_OK);
}

enum ckpt_status
store_pack_source(struct store *s, const struct ckpt_id *pack,
    const struct store_chosen *chosen, const char *label,
    struct model_source **out, struct ckpt_error *err)
{
	struct pack_selection selection = { .label = label };

	if (chosen != NULL) {
		selection.arg = (void *)(uintptr_t)chosen;
		selection.keep_model = is_chosen;
		selection.max_models = chosen->n;
	}
	return (open_source(s, pack, &selection, NULL, out, err));
}

enum ckpt_status
store_damaged_source(struct store *s, const struct ckpt_id *pack,
    const struct store_damage *damage, struct model_source **out,
    struct ckpt_error *err)
{
	return (open_source(s, pack, NULL, damage, out, err));
}
