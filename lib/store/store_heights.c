/*
 * store_heights: how many references the tensors of a pack take, which gives
 * way to another one: there they must not take more. Then whatever refers to
 * them, directly or not, keeps to the limit.
 */
#include <fcntl.h>
#include <search.h>
#include <unistd.h>

#include "store/inner.h"

#define PAGE ((uint64_t)1 << 20) /* bytes of a tensor in a page */
#define MAX_HEIGHT 8             /* references that one page may take (15) */

/* A page that was asked for, of the model that asked first. */
struct height {
	struct height *next;
	struct ckpt_id id;
	uint64_t begin, ordinal;
	size_t tensor;
	unsigned height;
};

struct store_heights {
	struct store *store;
	struct store_bases *bases;
	struct pack_index *index;  /* or NULL: the pack cannot be read */
	int64_t pack;              /* its number; 0: it is not known */
	unsigned char *page;
	struct height *pages;      /* all of them */
	void *tree;                /* by ID and begin */
};

static enum ckpt_status
open_index(struct store_heights *h, int fd, const struct pack_bases *bases,
    struct pack_index **out, struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = 1, .memory = h->store->options.memory,
		.bases = bases
	};
	struct bytes *in;
	enum ckpt_status st;

	if (fd < 0)
		return (error_sys(err, "cannot read a pack"));
	st = bytes_fd(fd, &in, err);
	return (st == CKPT_OK ? pack_index_open(in, &o, out, err) : st);
}

/* The page of the first tensor of that ID, to which others refer, by at most
 * `limit` references. CKPT_END: there is none. */
static enum ckpt_status
read_page(struct store_heights *h, struct pack_index *x,
    const struct store_tensor *t, uint64_t begin, unsigned limit,
    struct ckpt_error *err)
{
	uint64_t n = t->n_bytes - begin;
	unsigned height;

	return (begin > t->n_bytes ? CKPT_END : pack_index_base(x,
	    t->ordinal, t->tensor, begin, h->page, (uint32_t)(n < PAGE ? n :
	    PAGE), limit, &height, err));
}

/* The least number of references; none where it cannot be read. */
static unsigned
height_of(struct store_heights *h, const struct ckpt_id *id, uint64_t begin)
{
	struct store_catalog *c = h->store->catalog;
	struct store_tensor t;
	struct ckpt_error why;
	unsigned i;
	enum ckpt_status st;

	if (h->index == NULL || h->pack == 0)
		return (0);
	st = store_catalog_first(c, h->pack, id, &t, &why);
	if (st == CKPT_END)
		return (MAX_HEIGHT); /* nothing can refer to it */
	for (i = 0; st == CKPT_OK && i <= MAX_HEIGHT; i++)
		if (read_page(h, h->index, &t, begin, i, &why) == CKPT_OK)
			return (i);
	return (0);
}

static int
compare(const void *a, const void *b)
{
	const struct height *x = a, *y = b;
	int c = memcmp(&x->id, &y->id, sizeof(x->id));

	return (c != 0 ? c : x->begin < y->begin ? -1 : x->begin > y->begin);
}

static void
keep_node(void *node)
{
	(void)node;
}

unsigned
store_heights_limit(struct store_heights *h, const struct ckpt_id *id,
    uint64_t begin, uint64_t ordinal, size_t tensor)
{
	struct height want = {
		.id = *id, .begin = begin, .ordinal = ordinal,
		.tensor = tensor
	}, *p, **at = tfind(&want, &h->tree, compare);

	if (at != NULL) {
		p = *at;
		/* others refer to the first of the pack only */
		return (p->ordinal == ordinal && p->tensor == tensor ?
		    p->height : MAX_HEIGHT);
	}
	p = malloc(sizeof(*p));
	if (p == NULL)
		return (0);
	*p = want;
	if (tsearch(p, &h->tree, compare) == NULL) {
		free(p);
		return (0);
	}
	p->height = height_of(h, id, begin);
	p->next = h->pages;
	h->pages = p;
	return (p->height);
}

/* All models come back as their IDs say. */
static enum ckpt_status
read_all(struct pack_index *x, struct ckpt_error *err)
{
	unsigned char *chunk = malloc(STORE_CHUNK);
	struct model_source *src = NULL;
	struct id_stream *ids = NULL;
	struct model_head head;
	struct ckpt_id id;
	enum ckpt_status st = pack_index_source(x, NULL, &src, err);

	if (st == CKPT_OK)
		st = chunk == NULL ? error_nomem(err, STORE_CHUNK) :
		    id_stream_new(&ids, err);
	while (st == CKPT_OK && (st = model_next(src, &head, err)) ==
	    CKPT_OK) {
		st = store_index_read(src, ids, &head, chunk, &id, err);
		model_head_release(&head);
	}
	model_source_close(src);
	id_stream_free(ids);
	free(chunk);
	return (st == CKPT_END ? CKPT_OK : st);
}

enum ckpt_status
store_heights_check(struct store_heights *h, int fd,
    const struct pack_bases *bases, struct store_catalog *rows,
    struct ckpt_error *err)
{
	const struct height *p;
	struct pack_index *x = NULL;
	struct store_tensor t;
	enum ckpt_status st;

	st = open_index(h, fcntl(fd, F_DUPFD_CLOEXEC, 0), bases, &x, err);
	for (p = h->pages; p != NULL && st == CKPT_OK; p = p->next) {
		st = store_catalog_first(rows, 1, &p->id, &t, err);
		if (st == CKPT_OK)
			st = read_page(h, x, &t, p->begin, p->height, err);
		if (st == CKPT_END)
			st = CKPT_OK;
	}
	pack_index_free(x);
	if (st == CKPT_OK)
		st = open_index(h, fcntl(fd, F_DUPFD_CLOEXEC, 0), bases, &x,
		    err);
	return (st == CKPT_OK ? read_all(x, err) : st);
}

enum ckpt_status
store_heights_new(struct store *s, const struct ckpt_id *pack,
    struct store_heights **out, struct ckpt_error *err)
{
	struct store_heights *h = calloc(1, sizeof(*h));
	const struct pack_bases *bases;
	struct ckpt_error why;
	enum ckpt_status st;

	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	h->store = s;
	h->page = malloc(PAGE);
	st = h->page == NULL ? error_nomem(err, PAGE) :
	    store_bases_new(s, &h->bases, err);
	if (st == CKPT_OK)
		st = store_catalog_pack_number(s->catalog, pack, &h->pack,
		    err);
	if (st != CKPT_OK) {
		store_heights_free(h);
		return (st);
	}
	if (store_bases_open(h->bases, pack, &bases, &why) == CKPT_OK &&
	    open_index(h, store_bases_fd(h->bases, pack), bases, &h->index,
	    &why) != CKPT_OK)
		h->index = NULL;
	*out = h;
	return (CKPT_OK);
}

void
store_heights_free(struct store_heights *h)
{
	struct height *p, *next;

	if (h == NULL)
		return;
	tdestroy(h->tree, keep_node);
	for (p = h->pages; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	pack_index_free(h->index);
	store_bases_free(h->bases);
	free(h->page);
	free(h);
}
