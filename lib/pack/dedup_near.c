/*
 * dedup_near: tensors of which an earlier or another state is stored.
 */
#include "id/id.h"
#include "pack/dedup.h"

#define MIN_BYTES 512     /* of a tensor; less is not worth a head */
#define N_CANDIDATES 3    /* that are sampled */
#define N_SEARCHED 64     /* of one name, for the model that is near */
/* A copy of what is stored as differences refers to it: a chain of these leaves
 * room for that. */
#define MAX_BELOW (WIRE_MAX_DEPTH - 2)
/* Above these parts of their width differences gain nothing. */
#define FAR_NUM 13
#define FAR_DEN 16
/* From that size on a tensor tells which model its own is near. */
#define TELLING 4096      /* bytes */

/* Whether all of the base is in memory. */
static bool
is_kept(const struct dedup *a, const struct dedup_base *base)
{
	return (!base->is_outside && base->t.model == a->kept_model &&
	    base->t.n_places > 0);
}

/* The base's first bytes, as many as both have; *n is 0 if it has none. */
static enum ckpt_status
first_page(struct dedup *a, const struct dedup_query *q,
    const struct dedup_base *base, const unsigned char **page, uint32_t *n,
    struct ckpt_error *err)
{
	struct wire_disk_difference head;
	uint64_t least = q->t->n_bytes < base->t.n_bytes ? q->t->n_bytes :
	    base->t.n_bytes;
	enum ckpt_status status;
	unsigned depth;
	bool found;

	*n = least < WIRE_MAX_PAGE ? (uint32_t)least : WIRE_MAX_PAGE;
	if (is_kept(a, base) &&
	    dedup_places(a)[base->t.place].depth <= MAX_BELOW) {
		*page = a->kept + base->t.offset;
		return (CKPT_OK);
	}
	if (a->sampled == NULL)
		a->sampled = malloc(WIRE_MAX_PAGE);
	if (a->sampled == NULL)
		return (error_nomem(err, WIRE_MAX_PAGE));
	*page = a->sampled;
	status = dedup_near_page(a, base, 0, *n, a->sampled, &head, &depth,
	    &found, err);
	if (!found)
		*n = 0;
	return (status);
}

/* The distance to a candidate; *distance stays if it is farther. */
static enum ckpt_status
sample(struct dedup *a, const struct dedup_query *q,
    const struct dedup_base *base, uint32_t *distance, bool *is_nearer,
    struct ckpt_error *err)
{
	const unsigned char *page = NULL;
	enum ckpt_status status;
	uint32_t n, d;

	*is_nearer = false;
	status = first_page(a, q, base, &page, &n, err);
	if (status == CKPT_OK && n > 0) {
		d = codec_distance(q->t->dtype, q->data, page, n);
		*is_nearer = d < *distance;
		if (*is_nearer)
			*distance = d;
	}
	return (status);
}

/* The one of the model that others of this model's tensors are near. */
static bool
of_near_model(const struct dedup *a, uint64_t last, struct dedup_tensor *out)
{
	const struct dedup_tensor *all = (const void *)a->tensors.data;
	unsigned i;

	for (i = 0; i < N_SEARCHED && a->near_model != UINT32_MAX; i++) {
		if (all[last].model == a->near_model) {
			*out = all[last];
			return (true);
		}
		if (all[last].before == 0)
			break;
		last = all[last].before - 1;
	}
	return (false);
}

static enum ckpt_status
find_here(struct dedup *a, const struct dedup_query *q,
    struct dedup_base *base, uint32_t *distance, bool *found,
    struct ckpt_error *err)
{
	const struct dedup_tensor *all = (const void *)a->tensors.data;
	struct dedup_base one = { .is_outside = false };
	enum ckpt_status status = CKPT_OK;
	uint64_t at;
	unsigned i;
	bool is_nearer;

	*found = false;
	if (!lookup_get(&a->named, pack_base_key(q->t), &at))
		return (CKPT_OK);
	if (of_near_model(a, at, &base->t)) {
		base->is_outside = false;
		return (sample(a, q, base, distance, found, err));
	}
	for (i = 0; i < N_CANDIDATES && status == CKPT_OK; i++) {
		one.t = all[at];
		status = sample(a, q, &one, distance, &is_nearer, err);
		if (status == CKPT_OK && is_nearer) {
			*base = one;
			*found = true;
		}
		if (all[at].before == 0)
			break;
		at = all[at].before - 1;
	}
	if (*found && q->t->n_bytes >= TELLING)
		a->near_model = base->t.model;
	return (status);
}

static enum ckpt_status
find_outside(struct dedup *a, const struct dedup_query *q,
    struct dedup_base *base, uint32_t *distance, bool *found,
    struct ckpt_error *err)
{
	enum ckpt_status status;

	*found = false;
	if (a->bases == NULL)
		return (CKPT_OK);
	memset(base, 0, sizeof(*base));
	base->is_outside = true;
	status = a->bases->near(a->bases->arg, q->schema, q->tensor,
	    &base->t.id, &base->t.n_bytes, found, err);
	if (status == CKPT_OK && *found)
		status = sample(a, q, base, distance, found, err);
	return (status);
}

enum ckpt_status
dedup_near_find(struct dedup *a, const struct dedup_query *q,
    struct dedup_base *base, bool *found, struct ckpt_error *err)
{
	uint32_t distance = 16 * dtype_bits(q->t->dtype) * FAR_NUM / FAR_DEN;
	enum ckpt_status status;

	*found = false;
	memset(base, 0, sizeof(*base));
	if (q->t->n_bytes < MIN_BYTES)
		return (CKPT_OK);
	status = find_here(a, q, base, &distance, found, err);
	if (status == CKPT_OK && !*found)
		status = find_outside(a, q, base, &distance, found, err);
	return (status);
}

/* A base outside that cannot be read is none: what is added must not depend
 * on it. */
static enum ckpt_status
read_outside(struct dedup *a, const struct dedup_base *base, uint64_t begin,
    uint32_t n, unsigned char *out, unsigned *depth, bool *found,
    struct ckpt_error *err)
{
	struct ckpt_error why;
	enum ckpt_status status;

	status = a->bases->read(a->bases->arg, &base->t.id, begin, out, n,
	    base->is_same ? WIRE_MAX_DEPTH - 1 : MAX_BELOW, depth, &why);
	*found = status == CKPT_OK;
	if (status != CKPT_NO_MEMORY)
		return (CKPT_OK);
	if (err != NULL)
		*err = why;
	return (status);
}

static enum ckpt_status
read_here(struct dedup *a, const struct dedup_base *base, uint64_t begin,
    uint32_t n, unsigned char *out, const struct dedup_place *p,
    struct ckpt_error *err)
{
	const unsigned char *raw;
	enum ckpt_status status;
	uint32_t n_raw;

	if (is_kept(a, base)) {
		memcpy(out, a->kept + base->t.offset + begin, n);
		return (CKPT_OK);
	}
	status = refs_page(a->refs, p->offset, p->stored, &raw, &n_raw, err);
	if (status == CKPT_OK) {
		assert(n_raw >= n);
		memcpy(out, raw, n);
	}
	return (status);
}

enum ckpt_status
dedup_near_page(struct dedup *a, const struct dedup_base *base,
    uint64_t begin, uint32_t n, unsigned char *out,
    struct wire_disk_difference *head, unsigned *depth, bool *found,
    struct ckpt_error *err)
{
	const struct dedup_place *p;
	uint64_t k = begin / WIRE_MAX_PAGE;
	enum ckpt_status status;

	*found = false;
	*depth = 0;
	if (begin > base->t.n_bytes || n > base->t.n_bytes - begin ||
	    k > UINT32_MAX)
		return (CKPT_OK);
	memset(head, 0, sizeof(*head));
	le32_store(head->page, (uint32_t)k);
	memcpy(head->base, base->t.id.bytes, sizeof(head->base));
	if (base->is_outside) {
		status = read_outside(a, base, begin, n, out, depth, found,
		    err);
	} else {
		p = dedup_places(a) + base->t.place + k;
		if (k >= base->t.n_places || p->depth > MAX_BELOW)
			return (CKPT_OK);
		le64_store(head->offset, p->offset);
		le32_store(head->stored, p->stored);
		*depth = p->depth;
		status = read_here(a, base, begin, n, out, p, err);
		*found = status == CKPT_OK;
	}
	++*depth;
	return (status);
}
