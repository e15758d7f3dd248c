/*
 * dedup: the tables of a writer of archives.
 */
#include "id/id.h"
#include "pack/dedup.h"

enum ckpt_status
dedup_new(refs_read_fn *read, void *arg, struct dedup **out,
    struct ckpt_error *err)
{
	struct dedup *a = calloc(1, sizeof(*a));
	enum ckpt_status status;

	if (a == NULL)
		return (error_nomem(err, sizeof(*a)));
	buf_init(&a->tensors, SIZE_MAX / 2);
	buf_init(&a->places, SIZE_MAX / 2);
	buf_init(&a->fresh, SIZE_MAX / 2);
	buf_init(&a->payload, 2 * WIRE_MAX_PAGE + WIRE_MAX_ORBIT);
	status = refs_new(read, arg, &a->refs, err);
	if (status != CKPT_OK) {
		free(a);
		return (status);
	}
	*out = a;
	return (CKPT_OK);
}

/* The arrays of the model before are not referred to any more. */
static void
forget_known(struct dedup *a)
{
	size_t i;

	for (i = 0; i < a->n_known; i++) {
		free(a->known[i].source);
		free(a->known[i].scale);
	}
	a->n_known = 0;
}

void
dedup_part(struct dedup *a, uint64_t part_start)
{
	forget_known(a);
	refs_part(a->refs, part_start);
	a->tensors.len = a->places.len = a->fresh.len = 0;
	lookup_release(&a->ids);
	lookup_release(&a->moved);
	lookup_release(&a->blocks);
	a->n_written = 0;
	lookup_release(&a->current);
}

void
dedup_free(struct dedup *a)
{
	if (a == NULL)
		return;
	dedup_part(a, 0);
	free(a->known);
	free(a->arrays);
	free(a->held);
	buf_release(&a->tensors);
	buf_release(&a->places);
	buf_release(&a->fresh);
	buf_release(&a->payload);
	refs_free(a->refs);
	free(a);
}

struct dedup_place *
dedup_places(const struct dedup *a)
{
	return ((struct dedup_place *)(void *)a->places.data);
}

enum ckpt_status
dedup_place_add(struct dedup *a, uint32_t depth, struct ckpt_error *err)
{
	struct dedup_place p = { .depth = depth };

	return (buf_append(&a->places, &p, sizeof(p), err));
}

enum ckpt_status
dedup_remember(struct dedup *a, int table, uint64_t key, uint64_t value,
    struct ckpt_error *err)
{
	struct dedup_new f = { .table = table, .key = key, .value = value };

	return (buf_append(&a->fresh, &f, sizeof(f), err));
}

/* The first one of a key stays: so chains do not grow. */
enum ckpt_status
dedup_settle(struct dedup *a, struct ckpt_error *err)
{
	const struct dedup_new *f = (const void *)a->fresh.data;
	size_t n = a->fresh.len / sizeof(*f), i;
	struct lookup *const tables[] = { &a->ids, &a->moved, &a->blocks };
	enum ckpt_status status = CKPT_OK;
	uint64_t value;

	for (i = 0; i < n && status == CKPT_OK; i++)
		if (!lookup_get(tables[f[i].table], f[i].key, &value))
			status = lookup_set(tables[f[i].table], f[i].key,
			    f[i].value, err);
	a->fresh.len = 0;
	lookup_release(&a->current);
	forget_known(a);
	return (status);
}
