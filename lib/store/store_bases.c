/*
 * store_bases: packs that refer to each other, held open together, so that a
 * collection that replaces some of them meanwhile does not disturb whoever
 * reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/inner.h"

#define MAX_HEIGHT 8   /* references that one page may take (15) */
#define MAX_FAILED 256  /* bases tried in vain for one page */
#define MAX_LAST 256   /* links that are not sorted */

/* Where a tensor that a pack refers to stands. */
struct link {
	struct ckpt_id id;
	struct node *node;
	uint64_t ordinal;
	size_t tensor;
};

struct node {
	struct store_bases *of;
	struct node *next;        /* all of them, the newest first */
	struct ckpt_id hash;      /* zero: a pack that is being written */
	int fd;                   /* or -1: not open yet */
	struct pack_index *index; /* or NULL: not needed yet */
	bool is_filled;           /* links are known */
	bool is_busy;             /* the index is reading */
	struct link *links;       /* by ID, best first, but for the last ones */
	size_t n_links, n_sorted, capacity;
	struct pack_bases bases;  /* its arg is this node */
};

struct store_bases {
	struct store *store;
	struct node *nodes;
	struct node *self;        /* of a pack that is being written */
	/* what is being read for what: the last is wanted by the one before */
	const struct link *steps[MAX_HEIGHT + 1];
	unsigned n_steps, n_failed;
};

/* ---- reading ---- */

static int
compare(const void *a, const void *b)
{
	return (memcmp(&((const struct link *)a)->id,
	    &((const struct link *)b)->id, sizeof(struct ckpt_id)));
}

/* The links of a tensor: the first, and how many. */
static const struct link *
links_of(const struct node *node, const struct ckpt_id *id, size_t *n)
{
	const struct link *l = NULL, *end;
	struct link key = { .id = *id };
	size_t i;

	*n = 0;
	for (i = node->n_sorted; i < node->n_links; i++)
		if (id_equal(&node->links[i].id, id)) {
			*n = 1;
			return (&node->links[i]);
		}
	if (node->n_sorted > 0)
		l = bsearch(&key, node->links, node->n_sorted, sizeof(*l),
		    compare);
	if (l == NULL)
		return (NULL);
	end = node->links + node->n_sorted;
	while (l > node->links && id_equal(&l[-1].id, id))
		l--;
	while (l + *n < end && id_equal(&l[*n].id, id))
		++*n;
	return (l);
}

static enum ckpt_status
open_index(const struct node *node, struct pack_index **out,
    struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = 1, .memory = node->of->store->options.memory,
		.bases = &node->bases
	};
	char name[STORE_NAME_SIZE];
	struct bytes *in;
	int fd;
	enum ckpt_status st;

	store_pack_name(&node->hash, name);
	fd = node->fd >= 0 ? fcntl(node->fd, F_DUPFD_CLOEXEC, 0) :
	    openat(node->of->store->dir, name, O_RDONLY | O_CLOEXEC |
	    O_NONBLOCK);
	if (fd < 0)
		return (error_sys(err, "cannot open %s", name));
	st = bytes_fd(fd, &in, err);
	return (st == CKPT_OK ? pack_index_open(in, &o, out, err) : st);
}

/* By an index of its own where its pack's is in the midst of reading. */
static enum ckpt_status
read_link(const struct link *l, uint64_t begin, void *out, uint32_t n,
    unsigned limit, unsigned *height, struct ckpt_error *err)
{
	struct node *node = l->node;
	struct pack_index *x = NULL;
	char name[STORE_NAME_SIZE];
	bool is_own = node->is_busy;
	enum ckpt_status st = CKPT_OK;

	if (is_own)
		st = open_index(node, &x, err);
	else if (node->index == NULL)
		st = open_index(node, &node->index, err);
	if (st == CKPT_OK) {
		node->is_busy = true;
		st = pack_index_base(is_own ? x : node->index, l->ordinal,
		    l->tensor, begin, out, n, limit, height, err);
		node->is_busy = is_own;
	}
	if (is_own)
		pack_index_free(x);
	if (st == CKPT_OK || st == CKPT_END)
		return (st);
	store_pack_name(&node->hash, name);
	return (error_where(err, name));
}

static bool
is_being_read(const struct store_bases *b, const struct link *l)
{
	unsigned i;

	for (i = 0; i < b->n_steps; i++)
		if (b->steps[i]->node == l->node &&
		    id_equal(&b->steps[i]->id, &l->id))
			return (true);
	return (false);
}

static enum ckpt_status
in_circle(const struct link *l, const struct node *from,
    struct ckpt_error *err)
{
	char id[ID_HEX_SIZE], there[ID_HEX_SIZE], here[ID_HEX_SIZE];

	id_hex(&l->id, id);
	id_hex(&l->node->hash, there);
	id_hex(&from->hash, here);
	return (error_at(err, CKPT_CORRUPT, CKPT_NO_OFFSET, "15", "tensor %s "
	    "of pack %s is made from itself, by way of pack %s: a cycle", id,
	    there, here));
}

/* One step from a pack that refers to a tensor to one that has it. */
static enum ckpt_status
take_step(struct store_bases *b, const struct node *from,
    const struct link *l, uint64_t begin, void *out, uint32_t n,
    unsigned limit, unsigned *height, struct ckpt_error *err)
{
	enum ckpt_status st;

	if (is_being_read(b, l))
		return (in_circle(l, from, err));
	if (b->n_steps > MAX_HEIGHT)
		return (error_at(err, CKPT_CORRUPT, CKPT_NO_OFFSET, "15",
		    "more than %d references", MAX_HEIGHT));
	b->steps[b->n_steps++] = l;
	st = read_link(l, begin, out, n, limit, height, err);
	b->n_steps--;
	return (st);
}

/* By one link after another, until it can be had. */
static enum ckpt_status
node_read(void *arg, const struct ckpt_id *tensor, uint64_t begin, void *out,
    uint32_t n, unsigned limit, unsigned *height, struct ckpt_error *err)
{
	struct node *node = arg;
	struct store_bases *b = node->of;
	struct ckpt_error why, first = { .offset = CKPT_NO_OFFSET };
	enum ckpt_status st, st_first = CKPT_END;
	size_t i, n_links;
	const struct link *l = links_of(node, tensor, &n_links);

	*height = 0;
	if (b->n_steps == 0)
		b->n_failed = 0;
	for (i = 0; i < n_links && b->n_failed < MAX_FAILED; i++) {
		memset(&why, 0, sizeof(why));
		why.offset = CKPT_NO_OFFSET;
		st = take_step(b, node, &l[i], begin, out, n,
		    limit, height, &why);
		if (st == CKPT_OK)
			return (st);
		b->n_failed++;
		if (i == 0 || st == CKPT_NO_MEMORY) {
			first = why;
			st_first = st;
		}
		if (st == CKPT_NO_MEMORY)
			break;
	}
	if (err != NULL && st_first != CKPT_END)
		*err = first;
	return (st_first);
}

/* ---- opening ---- */

static enum ckpt_status
new_node(struct store_bases *b, const struct ckpt_id *hash,
    struct node **out, struct ckpt_error *err)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return (error_nomem(err, sizeof(*node)));
	node->of = b;
	node->fd = -1;
	if (hash != NULL)
		node->hash = *hash;
	node->bases.arg = node;
	node->bases.read = node_read;
	node->next = b->nodes;
	b->nodes = node;
	*out = node;
	return (CKPT_OK);
}

static struct node *
find_node(const struct store_bases *b, const struct ckpt_id *hash)
{
	struct node *node;

	for (node = b->nodes; node != NULL; node = node->next)
		if (id_equal(&node->hash, hash))
			break;
	return (node);
}

static enum ckpt_status
put_link(struct node *node, const struct link *l, struct ckpt_error *err)
{
	size_t n = node->capacity == 0 ? 16 : 2 * node->capacity;
	struct link *more;

	if (node->n_links == node->capacity) {
		more = realloc(node->links, n * sizeof(*more));
		if (more == NULL)
			return (error_nomem(err, n * sizeof(*more)));
		node->links = more;
		node->capacity = n;
	}
	node->links[node->n_links++] = *l;
	return (CKPT_OK);
}

/* The catalog tells them sorted. What is nowhere has no link. */
static enum ckpt_status
note_link(void *arg, const struct store_tensor *t, struct ckpt_error *err)
{
	struct node *node = arg;
	struct link l = {
		.id = t->id, .ordinal = t->ordinal, .tensor = t->tensor
	};
	enum ckpt_status st = CKPT_OK;

	if (t->pack == 0)
		return (CKPT_OK);
	l.node = find_node(node->of, &t->hash);
	if (l.node == NULL)
		st = new_node(node->of, &t->hash, &l.node, err);
	return (st == CKPT_OK ? put_link(node, &l, err) : st);
}

/* Opens the file and finds what it refers to. */
static enum ckpt_status
fill_node(struct node *node, struct ckpt_error *err)
{
	struct store *s = node->of->store;
	char name[STORE_NAME_SIZE];
	enum ckpt_status st;
	int64_t number;

	store_pack_name(&node->hash, name);
	node->fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* of very many packs the last ones are opened when they are read */
	if (node->fd < 0 && errno != EMFILE && errno != ENFILE)
		return (error_sys(err, "cannot open %s", name));
	node->n_links = 0;
	st = store_catalog_pack_number(s->catalog, &node->hash, &number, err);
	if (st == CKPT_OK && number != 0)
		st = store_catalog_tensors(s->catalog, STORE_TENSORS_BASES,
		    number, note_link, node, err);
	node->n_sorted = node->n_links;
	node->is_filled = st == CKPT_OK;
	return (st);
}

enum ckpt_status
store_bases_open(struct store_bases *b, const struct ckpt_id *pack,
    const struct pack_bases **out, struct ckpt_error *err)
{
	struct node *node = find_node(b, pack), *n;
	enum ckpt_status st = CKPT_OK;
	bool is_done;

	if (node == NULL)
		st = new_node(b, pack, &node, err);
	/* each may bring more of them, in front */
	do {
		is_done = true;
		for (n = b->nodes; st == CKPT_OK && n != NULL; n = n->next)
			if (!n->is_filled) {
				st = fill_node(n, err);
				is_done = false;
			}
	} while (st == CKPT_OK && !is_done);
	if (st == CKPT_OK)
		*out = &node->bases;
	return (st);
}

int
store_bases_fd(const struct store_bases *b, const struct ckpt_id *pack)
{
	const struct node *node = find_node(b, pack);

	return (node == NULL || node->fd < 0 ? -1 :
	    fcntl(node->fd, F_DUPFD_CLOEXEC, 0));
}

/* ---- for writers ---- */

enum ckpt_status
store_bases_write(struct store_bases *b, const struct pack_bases **out,
    struct ckpt_error *err)
{
	enum ckpt_status st = new_node(b, NULL, &b->self, err);

	if (st != CKPT_OK)
		return (st);
	b->self->is_filled = true;
	*out = &b->self->bases;
	return (CKPT_OK);
}

bool
store_bases_is_open(const struct store_bases *b, const struct ckpt_id *pack)
{
	const struct node *node = find_node(b, pack);

	return (node != NULL && node->is_filled);
}

enum ckpt_status
store_bases_link(struct store_bases *b, const struct store_tensor *t,
    struct ckpt_error *err)
{
	struct link l = {
		.id = t->id, .ordinal = t->ordinal, .tensor = t->tensor
	};
	struct node *self = b->self;
	const struct pack_bases *bases;
	enum ckpt_status st = store_bases_open(b, &t->hash, &bases, err);

	if (st != CKPT_OK)
		return (st);
	l.node = bases->arg;
	st = put_link(self, &l, err);
	if (st == CKPT_OK && self->n_links - self->n_sorted > MAX_LAST) {
		qsort(self->links, self->n_links, sizeof(l), compare);
		self->n_sorted = self->n_links;
	}
	return (st);
}

const struct ckpt_id *
store_bases_linked(const struct store_bases *b, const struct ckpt_id *tensor)
{
	size_t n;
	const struct link *l = links_of(b->self, tensor, &n);

	return (l == NULL ? NULL : &l->node->hash);
}

enum ckpt_status
store_bases_new(struct store *s, struct store_bases **out,
    struct ckpt_error *err)
{
	struct store_bases *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return (error_nomem(err, sizeof(*b)));
	b->store = s;
	*out = b;
	return (CKPT_OK);
}

void
store_bases_free(struct store_bases *b)
{
	struct node *node, *next;

	if (b == NULL)
		return;
	for (node = b->nodes; node != NULL; node = next) {
		next = node->next;
		pack_index_free(node->index);
		if (node->fd >= 0)
			(void)close(node->fd);
		free(node->links);
		free(node);
	}
	free(b);
}
