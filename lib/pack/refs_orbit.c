/*
 * refs_orbit: pages of tensors whose rows and columns have moved (15.3).
 */
#include "pack/refs_private.h"

/* The payload of the orbit page that an array is shared with. */
static enum ckpt_status
orbit_before(struct refs *r, const struct wire_frame *from, uint64_t offset,
    uint32_t n_stored, struct ckpt_error *err)
{
	uint64_t n = (uint64_t)n_stored + WIRE_FRAME_SIZE;
	unsigned char *bytes;
	struct wire_frame f;
	enum ckpt_status status;

	if (r->orbit_offset == offset)
		return (CKPT_OK);
	if (n_stored > WIRE_MAX_PAGE)
		return (refs_bad(from, "15.3", "to a page of more than 1 MiB",
		    err));
	status = refs_before(r, from, offset, n, &bytes, err);
	if (status != CKPT_OK)
		return (status);
	status = refs_frame(from, bytes, n, r->part_start + offset, &f, err);
	if (status == CKPT_OK && (f.codec != WIRE_CODEC_ORBIT ||
	    f.stored < sizeof(struct wire_disk_orbit)))
		status = refs_bad(from, "15.3", "an array of a page that has "
		    "none", err);
	if (status != CKPT_OK) {
		free(bytes);
		return (status);
	}
	memmove(bytes, bytes + WIRE_FRAME_SIZE, f.stored);
	free(r->orbit);
	r->orbit = bytes;
	r->n_orbit = f.stored;
	r->orbit_offset = offset;
	return (CKPT_OK);
}

/* The arrays of an orbit page. Of a page that shares them (`which` is not
 * REFS_N_ARRAYS) only that one, which must be its own. */
struct arrays {
	const unsigned char *at;
	size_t left;
	uint32_t rows, cols;
	struct moved *m;
};

static bool
take_inline(struct arrays *a, unsigned i)
{
	uint32_t n = i < REFS_COL_SOURCE ? a->rows : a->cols;
	struct moved_axis *axis = i < REFS_COL_SOURCE ? &a->m->row :
	    &a->m->col;

	return (i % 2 == 0 ? moved_get_source(&a->at, &a->left, n,
	    &axis->source) : moved_get_scale(&a->at, &a->left, n,
	    &axis->scale));
}

static bool
is_there(const struct arrays *a, unsigned i)
{
	const struct moved_axis *axis = i < REFS_COL_SOURCE ? &a->m->row :
	    &a->m->col;

	return (i % 2 == 0 ? axis->source != NULL : axis->scale != NULL);
}

static void
give_array(struct moved *from, unsigned i, struct moved *to, unsigned j)
{
	struct moved_axis *a = i < REFS_COL_SOURCE ? &from->row : &from->col;
	struct moved_axis *b = j < REFS_COL_SOURCE ? &to->row : &to->col;

	if (i % 2 == 0) {
		b->source = a->source;
		a->source = NULL;
	} else {
		b->scale = a->scale;
		a->scale = NULL;
	}
}

/* Array `which` of the payload in r->orbit. */
static bool
take_shared(struct refs *r, struct arrays *to, unsigned j, unsigned which)
{
	const struct wire_disk_orbit *d = (const void *)r->orbit;
	struct moved m = { 0 };
	struct arrays a = { r->orbit + sizeof(*d), r->n_orbit - sizeof(*d),
	    le32_load(d->rows), le32_load(d->cols), &m };
	uint32_t n = j < REFS_COL_SOURCE ? to->rows : to->cols;
	bool good = false;
	unsigned i, kind;

	if (which >= REFS_N_ARRAYS || which % 2 != j % 2 || n !=
	    (which < REFS_COL_SOURCE ? a.rows : a.cols))
		return (false);
	for (i = 0; i <= which; i++) {
		if (a.left == 0)
			break;
		kind = *a.at++;
		a.left--;
		good = kind == MOVED_INLINE && take_inline(&a, i);
		if (kind == MOVED_SHARED && a.left >=
		    sizeof(struct wire_disk_shared)) {
			a.at += sizeof(struct wire_disk_shared);
			a.left -= sizeof(struct wire_disk_shared);
		} else if (kind != MOVED_NOTHING && !good) {
			break;
		}
	}
	good = good && i == which + 1 && is_there(&a, which);
	if (good)
		give_array(&m, which, to->m, j);
	moved_release(&m);
	return (good);
}

static enum ckpt_status
take_arrays(struct refs *r, const struct wire_frame *f, struct arrays *a,
    struct ckpt_error *err)
{
	const struct wire_disk_shared *d;
	enum ckpt_status status;
	unsigned i, kind;
	bool good = true;

	for (i = 0; i < REFS_N_ARRAYS && good; i++) {
		if (a->left == 0)
			return (refs_bad(f, "15.3", "missing array", err));
		kind = *a->at++;
		a->left--;
		if (kind == MOVED_INLINE) {
			good = take_inline(a, i);
		} else if (kind == MOVED_SHARED) {
			if (a->left < sizeof(*d))
				return (refs_bad(f, "15.3", "missing array",
				    err));
			d = (const void *)a->at;
			a->at += sizeof(*d);
			a->left -= sizeof(*d);
			status = orbit_before(r, f, le64_load(d->offset),
			    le32_load(d->stored), err);
			if (status != CKPT_OK)
				return (status);
			good = take_shared(r, a, i, d->which[0]);
		} else if (kind != MOVED_NOTHING) {
			return (error_at(err, CKPT_NEWER, f->offset, "15.3",
			    "unknown kind of array %u", kind));
		}
	}
	return (good && a->left == 0 ? CKPT_OK : refs_bad(f, "15.3",
	    "an array of it is wrong", err));
}

enum ckpt_status
refs_orbit(struct refs *r, const struct wire_frame *f,
    const unsigned char *stored, unsigned char *raw, struct ckpt_error *err)
{
	const struct wire_disk_orbit *d = (const void *)stored;
	struct moved m = { 0 };
	struct moved_shape s;
	struct arrays a;
	struct ckpt_id base;
	enum ckpt_status status;
	uint64_t begin, n, width, offset;

	if (f->stored < sizeof(*d))
		return (refs_bad(f, "15.3", "wrong size", err));
	s.dtype = (enum ckpt_dtype)d->dtype[0];
	s.rows = le32_load(d->rows);
	s.cols = le32_load(d->cols);
	s.inner = le32_load(d->inner);
	if (!dtype_is_weight(s.dtype) || (d->reserved[0] | d->reserved[1] |
	    d->reserved[2]) != 0)
		return (error_at(err, CKPT_NEWER, f->offset, "15.3",
		    "unknown dtype or reserved bytes"));
	width = dtype_bits(s.dtype) / 8;
	if (s.rows == 0 || s.cols == 0 || s.inner == 0 ||
	    s.rows > WIRE_MAX_ORBIT / width ||
	    s.cols > WIRE_MAX_ORBIT / width / s.rows ||
	    s.inner > WIRE_MAX_ORBIT / width / s.rows / s.cols)
		return (refs_bad(f, "15.3", "a tensor of no or too many bytes",
		    err));
	begin = le64_load(d->begin);
	n = moved_n_bytes(&s);
	if (begin > n || f->raw > n - begin || (begin | f->raw) % width != 0)
		return (refs_bad(f, "15.3", "beyond the tensor's end", err));
	a = (struct arrays){ stored + sizeof(*d), f->stored - sizeof(*d),
	    s.rows, s.cols, &m };
	m.row.n = s.rows;
	m.col.n = s.cols;
	status = take_arrays(r, f, &a, err);
	offset = le64_load(d->offset);
	memcpy(base.bytes, d->base, sizeof(base.bytes));
	if (status == CKPT_OK)
		status = offset == 0 ? refs_tensor_outside(r, f, &base, n,
		    err) : refs_tensor_before(r, f, offset,
		    le64_load(d->length), n, err);
	if (status == CKPT_OK && !moved_apply(&s, &m, r->tensor, begin,
	    f->raw, raw))
		status = refs_bad(f, "15.3", "a value is not exact: wrong base",
		    err);
	moved_release(&m);
	return (status);
}
