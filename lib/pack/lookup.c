/*
 * lookup: open addressing with linear probing, doubled at three quarters.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <unistd.h>

#include "pack/lookup.h"

#define FIRST_SLOTS 1024
#define MAX_MEMORY 8388608 /* bytes */

struct lookup_slot {
	uint64_t key;
	uint64_t value; /* plus 1; 0: the slot is free */
};

/* Zeroed slots; many of them in a file that has no name. */
static struct lookup_slot *
slots_new(size_t n, bool *is_mapped)
{
	size_t n_bytes = n * sizeof(struct lookup_slot);
	void *p = MAP_FAILED;
	FILE *f;

	*is_mapped = false;
	if (n_bytes <= MAX_MEMORY)
		return (calloc(n, sizeof(struct lookup_slot)));
	f = spool_open();
	if (f == NULL)
		return (NULL);
	if (ftruncate(fileno(f), (off_t)n_bytes) == 0)
		p = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fileno(f), 0);
	(void)fclose(f);
	*is_mapped = p != MAP_FAILED;
	return (*is_mapped ? p : NULL);
}

static void
slots_free(struct lookup *l)
{
	if (l->is_mapped)
		(void)munmap(l->slots, l->n_slots * sizeof(*l->slots));
	else
		free(l->slots);
}

void
lookup_release(struct lookup *l)
{
	slots_free(l);
	memset(l, 0, sizeof(*l));
}

/* The slot of a key, or the free one where it would be. */
static struct lookup_slot *
find(const struct lookup *l, uint64_t key)
{
	size_t i = (size_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15u >> 20);

	for (;; i++) {
		i &= l->n_slots - 1;
		if (l->slots[i].value == 0 || l->slots[i].key == key)
			return (&l->slots[i]);
	}
}

static enum ckpt_status
grow(struct lookup *l, struct ckpt_error *err)
{
	struct lookup to = { .n = l->n };
	size_t i;

	to.n_slots = l->n_slots == 0 ? FIRST_SLOTS : 2 * l->n_slots;
	to.slots = slots_new(to.n_slots, &to.is_mapped);
	if (to.slots == NULL)
		return (error_nomem(err, to.n_slots * sizeof(*to.slots)));
	for (i = 0; i < l->n_slots; i++)
		if (l->slots[i].value != 0)
			*find(&to, l->slots[i].key) = l->slots[i];
	slots_free(l);
	*l = to;
	return (CKPT_OK);
}

enum ckpt_status
lookup_set(struct lookup *l, uint64_t key, uint64_t value,
    struct ckpt_error *err)
{
	struct lookup_slot *slot;
	enum ckpt_status status;

	if (l->n + 1 > l->n_slots - l->n_slots / 4) {
		status = grow(l, err);
		if (status != CKPT_OK)
			return (status);
	}
	slot = find(l, key);
	l->n += slot->value == 0;
	slot->key = key;
	slot->value = value + 1;
	return (CKPT_OK);
}

bool
lookup_get(const struct lookup *l, uint64_t key, uint64_t *value)
{
	const struct lookup_slot *slot;

	if (l->n_slots == 0)
		return (false);
	slot = find(l, key);
	*value = slot->value - 1;
	return (slot->value != 0);
}
