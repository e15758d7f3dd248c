/*
 * dedup: the tables of a writer of archives.
 */
#include "id/id.h"
#include "pack/dedup.h"

#define MAX_KEPT ((uint64_t)256 << 20) /* bytes of the model before */

enum ckpt_status
dedup_new(refs_read_fn *read, void *arg, const struct pack_bases *bases,
    struct dedup **out, struct ckpt_error *err)
{
	struct dedup *a = calloc(1, sizeof(*a));
	enum ckpt_status status;

	if (a == NULL)
		return (error_nomem(err, sizeof(*a)));
	buf_init(&a->tensors, SIZE_MAX / 2);
	buf_init(&a->places, SIZE_MAX / 2);
	buf_init(&a->fresh, SIZE_MAX / 2);
	buf_init(&a->payload, 2 * WIRE_MAX_PAGE + WIRE_MAX_ORBIT);
	status = refs_new(read, arg, bases, NULL, &a->refs, err);
	if (status != CKPT_OK) {
		free(a);
		return (status);
	}
	a->bases = bases;
	a->kept_model = a->near_model = UINT32_MAX;
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
	refs_part(a->refs, part_start, true);
	a->tensors.len = a->places.len = a->fresh.len = 0;
	lookup_release(&a->ids);
	lookup_release(&a->moved);
	lookup_release(&a->blocks);
	lookup_release(&a->named);
	a->kept_model = a->near_model = UINT32_MAX;
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
	free(a->kept);
	free(a->sampled);
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

/* The last one of a name, the first of other keys: so chains do not grow. */
static enum ckpt_status
settle(struct dedup *a, const struct dedup_new *f, struct ckpt_error *err)
{
	struct lookup *const tables[] = {
		[DEDUP_ID] = &a->ids,
		[DEDUP_MOVED] = &a->moved,
		[DEDUP_BLOCKS] = &a->blocks,
		[DEDUP_NAMED] = &a->named
	};
	struct dedup_tensor *all = (void *)a->tensors.data;
	uint64_t value;

	if (lookup_get(tables[f->table], f->key, &value)) {
		if (f->table != DEDUP_NAMED)
			return (CKPT_OK);
		all[f->value].before = (uint32_t)value + 1;
	}
	return (lookup_set(tables[f->table], f->key, f->value, err));
}

/* The model's bytes serve the next one's differences. */
static enum ckpt_status
keep(struct dedup *a, uint64_t n_bytes, struct ckpt_error *err)
{
	free(a->kept);
	a->kept = NULL;
	if (n_bytes > MAX_KEPT) {
		free(a->held);
	} else if (a->held != NULL) {
		a->kept = a->held;
	} else {
		a->kept = malloc((size_t)n_bytes);
		if (a->kept == NULL)
			return (error_nomem(err, n_bytes));
		memcpy(a->kept, a->model, (size_t)n_bytes);
	}
	a->held = NULL;
	a->model = NULL;
	return (CKPT_OK);
}

enum ckpt_status
dedup_settle(struct dedup *a, uint64_t n_bytes, struct ckpt_error *err)
{
	const struct dedup_new *f = (const void *)a->fresh.data;
	size_t n = a->fresh.len / sizeof(*f), i;
	enum ckpt_status status = CKPT_OK;

	for (i = 0; i < n && status == CKPT_OK; i++)
		status = settle(a, &f[i], err);
	a->fresh.len = 0;
	lookup_release(&a->current);
	forget_known(a);
	if (status == CKPT_OK)
		status = keep(a, n_bytes, err);
	a->kept_model = a->kept != NULL ? a->number : UINT32_MAX;
	a->number++;
	a->near_model = UINT32_MAX;
	return (status);
}
