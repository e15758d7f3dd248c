#include "graph/graph_names.h"

/* FNV-1a: names are few and short. */
static uint64_t
hash(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3;
	return (h ^ h >> 32);
}

/* The slot that holds the name, or the empty one where it belongs. */
static struct graph_names_slot *
probe(const struct graph_names *t, const char *name, size_t n)
{
	size_t i = (size_t)hash(name, n) & (t->capacity - 1);

	while (t->slots[i].name != NULL &&
	    (strlen(t->slots[i].name) != n ||
	    memcmp(t->slots[i].name, name, n) != 0))
		i = (i + 1) & (t->capacity - 1);
	return (&t->slots[i]);
}

size_t
graph_names_find(const struct graph_names *t, const char *name, size_t n)
{
	const struct graph_names_slot *slot;

	if (t->capacity == 0)
		return (SIZE_MAX);
	slot = probe(t, name, n);
	return (slot->name != NULL ? slot->value : SIZE_MAX);
}

static enum ckpt_status
grow(struct graph_names *t, struct ckpt_error *err)
{
	struct graph_names old = *t;
	size_t i;

	t->capacity = old.capacity == 0 ? 64 : 2 * old.capacity;
	t->slots = calloc(t->capacity, sizeof(*t->slots));
	if (t->slots == NULL) {
		*t = old;
		return (error_nomem(err, 2 * old.capacity * sizeof(*t->slots)));
	}
	for (i = 0; i < old.capacity; i++)
		if (old.slots[i].name != NULL)
			*probe(t, old.slots[i].name,
			    strlen(old.slots[i].name)) = old.slots[i];
	free(old.slots);
	return (CKPT_OK);
}

enum ckpt_status
graph_names_add(struct graph_names *t, const char *name, size_t value,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	if (2 * t->n >= t->capacity) {
		st = grow(t, err);
		if (st != CKPT_OK)
			return (st);
	}
	*probe(t, name, strlen(name)) =
	    (struct graph_names_slot){ name, value };
	t->n++;
	return (CKPT_OK);
}

void
graph_names_release(struct graph_names *t)
{
	free(t->slots);
	memset(t, 0, sizeof(*t));
}
