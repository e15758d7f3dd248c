/*
 * lookup: a table from 64-bit keys to 64-bit values, for an index that may
 * grow beyond memory: beyond 8 MiB it lies in a temporary file.
 */
#ifndef CKPT_PACK_LOOKUP_H
#define CKPT_PACK_LOOKUP_H

#include "base/base.h"

struct lookup_slot;

struct lookup {
	struct lookup_slot *slots; /* n_slots of them, a power of two */
	size_t n_slots;
	size_t n;
	bool is_mapped;
};

/* A zeroed struct is an empty table; so is a released one. */
void lookup_release(struct lookup *l);

/* Sets a key's value, also if it has one. */
CKPT_CHECKED enum ckpt_status lookup_set(struct lookup *l, uint64_t key,
    uint64_t value, struct ckpt_error *err);

/* False if the key has no value. */
bool lookup_get(const struct lookup *l, uint64_t key, uint64_t *value);

#endif
